# SPDX-License-Identifier: Apache-2.0
"""Draw which package imports which, from the code itself, into CONTRIBUTING.md.

python docs/imports_picture.py    # after a package was added, or imports another one
"""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "CONTRIBUTING.md"
SOURCES = ROOT / "src" / "lessgad"
BEGIN, END = "```mermaid\n", "```\n"


def imports_of_packages() -> dict[str, set[str]]:
    """Find the packages of lessgad that each package imports, imports inside functions included."""
    packages = {path.name for path in SOURCES.iterdir() if (path / "__init__.py").is_file()} - {"pretrained"}
    found: dict[str, set[str]] = {name: set() for name in packages}
    for path in SOURCES.rglob("*.py"):
        own = path.relative_to(SOURCES).parts[0]
        if own not in packages:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module]
            found[own] |= {
                parts[1] for parts in (name.split(".") for name in names) if parts[0] == "lessgad" and parts[1:]
            }
    return {name: (seen & packages) - {name} for name, seen in found.items()}


def direct(imports: dict[str, set[str]]) -> list[tuple[str, str]]:
    """Leave out an import that follows from others, so that the picture can be read."""

    def reach(name: str) -> set[str]:
        return imports[name] | {far for near in imports[name] for far in reach(near)}

    return sorted(
        (name, seen)
        for name, all_seen in imports.items()
        for seen in all_seen
        if not any(seen in reach(other) for other in all_seen - {seen})
    )


def picture() -> str:
    """Spell the picture as Mermaid."""
    return "flowchart TD\n" + "".join(f"    {one} --> {other}\n" for one, other in direct(imports_of_packages()))


def with_picture(page: str) -> str:
    """Put the picture into the page."""
    start = page.index(BEGIN) + len(BEGIN)
    return page[:start] + picture() + page[page.index(END, start) :]


if __name__ == "__main__":
    PAGE.write_text(with_picture(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
