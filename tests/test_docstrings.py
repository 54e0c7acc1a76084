# SPDX-License-Identifier: Apache-2.0
"""Public functions say what they take and what they return; pydoclint compares these words with the signatures.

pydoclint accepts a docstring of one line for any function. Here such a docstring is enough for functions that take at
most one argument and return neither arrays nor several values.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "lessgad"
#: Options of commands are documented by their help.
WITHOUT = PACKAGE / "cli"
FILES = [path for path in sorted(PACKAGE.rglob("*.py")) if not path.is_relative_to(WITHOUT)]
#: Returned values that need more than a summary line: their shape, unit, range, or what each of several is.
RICH = re.compile(r"\b(?:tuple\[|Iterator\[|(?:Float|Bool|Int|UInt8|Int16|Int32|Shaped)\[|Tensor\b)")


def public_functions(body: list[ast.stmt]) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from public_functions(node.body)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
            yield node


def arguments(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    given = function.args
    named = [one.arg for one in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
    return [name for name in named if name not in ("self", "cls")]


def is_property(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any("property" in ast.unparse(decorator) for decorator in function.decorator_list)


def problems(source: str) -> list[str]:
    found = []
    for function in public_functions(ast.parse(source).body):
        words = ast.get_docstring(function)
        if words is None or is_property(function):
            continue
        if len(arguments(function)) > 1 and "Args:\n" not in words:
            found.append(f"{function.name} has no Args")
        returned = ast.unparse(function.returns) if function.returns else "None"
        if (
            RICH.search(returned)
            and not re.search(r"^(?:Returns|Yields):$", words, re.MULTILINE)
            and arguments(function)
        ):
            found.append(f"{function.name} has no Returns")
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_public_functions_document_arguments_and_arrays(path):
    assert problems(path.read_text(encoding="utf-8")) == []


def test_what_is_missing_would_be_found():
    source = '''
def mix(one: Float[np.ndarray, "x"], other: float) -> Float[np.ndarray, "x"]:
    """Mix."""

class Mixer:
    """Mixes."""

    @property
    def both(self) -> tuple[int, int]:
        """Both."""

    def mixed(self, one: int) -> tuple[int, int]:
        """Mix."""

    def _private(self, one: int, other: int) -> tuple[int, int]:
        """Mix."""
'''
    assert problems(source) == ["mix has no Args", "mix has no Returns", "mixed has no Returns"]
    assert len(FILES) > 400
