# SPDX-License-Identifier: Apache-2.0
"""Files whose content is elsewhere: links that lead nowhere, and the pointers of git-annex and Git LFS."""

from __future__ import annotations

from pathlib import Path

_POINTERS = {b"/annex/objects/": "git-annex", b"version https://git-lfs": "Git LFS"}
_LONGEST_POINTER = 2048

GET_IT = "Fetch it (datalad get, git annex get, git lfs pull), or mend the link"


def not_fetched(path: Path) -> str | None:
    """Say why the content of a file is not on this disk; None where it is, or where there is no such file."""
    if path.is_symlink() and not path.exists():
        return "a link to a file that is not here"
    try:
        if not path.is_file() or path.stat().st_size > _LONGEST_POINTER:
            return None
        with path.open("rb") as file:
            beginning = file.read(_LONGEST_POINTER)
    except OSError:
        return None
    tool = next((tool for start, tool in _POINTERS.items() if beginning.startswith(start)), None)
    return None if tool is None else f"a pointer of {tool}, the image itself was not fetched"
