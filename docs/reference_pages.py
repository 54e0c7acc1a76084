# SPDX-License-Identifier: Apache-2.0
"""Write the reference pages of the site from the code: commands, settings, tables of results. A hook of mkdocs."""

from __future__ import annotations

import inspect
import re
import textwrap
from typing import Any

from pydantic import BaseModel


def on_files(files: Any, config: Any) -> Any:
    """Add the generated pages to those on disk."""
    from mkdocs.structure.files import File

    for name, text in (
        ("reference/commands.md", commands_page()),
        ("reference/settings.md", settings_page()),
        ("reference/tables.md", tables_page()),
        ("reference/api.md", api_page()),
    ):
        files.append(File.generated(config, name, content=text))
    return files


def commands_page() -> str:
    """Describe every command with its arguments and options."""
    from lessgad.cli.main import app
    from lessgad.cli.plain_flags import command_of

    codes = "0 all well, 1 some studies failed (named), 2 unusable input, 3 internal error, 130 interrupted"
    lines = ["# Commands", "", f"Exit codes: {codes}.", ""]
    for name, command in sorted(_commands(command_of(app))):
        lines += [f"## lessgad {name}", "", _plain(command.help), "", "| | |", "|---|---|"]
        for parameter in command.params:
            spelled = ", ".join(f"`{option}`" for option in parameter.opts)
            if parameter.param_type_name == "argument":
                spelled = f"`{parameter.metavar or parameter.name.upper()}`"
            elif parameter.metavar:
                spelled += f" {parameter.metavar}"
            lines.append(f"| {_cell(spelled)} | {_cell(_plain(getattr(parameter, 'help', '') or ''))} |")
        lines += ["", f"{_plain(command.epilog or '')}", ""]
    return "\n".join(lines)


def settings_page() -> str:
    """Describe every setting of experiment.yaml with its default, from the docstrings of the settings classes."""
    from lessgad.experiment.settings import ExperimentSettings

    lines = ["# Settings of experiment.yaml", ""]
    lines += _settings(ExperimentSettings, "")
    return "\n".join(lines)


def tables_page() -> str:
    """Describe the columns of the tables in results/, from the docstrings of their rows."""
    from importlib import import_module
    from pathlib import Path

    import lessgad.evaluation.results

    lines = ["# Tables in results/", ""]
    folder = Path(lessgad.evaluation.results.__file__).parent
    for path in sorted(folder.glob("[a-z]*.py")):
        module = import_module(f"lessgad.evaluation.results.{path.stem}")
        if not hasattr(module, "COLUMNS"):
            continue
        rows = [c for _, c in inspect.getmembers(module, inspect.isclass) if c.__module__ == module.__name__]
        lines += [f"## {path.stem}.csv", "", _plain((module.__doc__ or "").split(": ", 1)[-1]), ""]
        for row in rows:
            lines += ["| column | |", "|---|---|"]
            words = {name: said for base in reversed(row.__mro__) for name, said in documented(base).items()}
            lines += [f"| `{name}` | {_cell(said)} |" for name, said in words.items()] + [""]
    return "\n".join(lines)


def api_page() -> str:
    """Describe every public name of the package: its signature and its docstring."""
    import lessgad

    lines = ["# Python", "", "Import `lessgad`; nothing else is public.", ""]
    for name in sorted(dir(lessgad), key=str.lower):
        if name.startswith("_"):
            continue
        thing = getattr(lessgad, name)
        lines += [f"## lessgad.{name}", "", "```text", f"{name}{_signature(thing)}", "", inspect.getdoc(thing) or ""]
        if inspect.isclass(thing):
            methods = [(n, m) for n, m in vars(thing).items() if not n.startswith("_") and _is_method(m)]
            for method, found in methods:
                own = getattr(found, "__func__", found)
                lines += ["", f".{method}{_signature(own)}", textwrap.indent(inspect.getdoc(own) or "", "    ")]
        lines += ["```", ""]
    return "\n".join(lines)


def _is_method(thing: Any) -> bool:
    return inspect.isfunction(thing) or isinstance(thing, classmethod | staticmethod)


def _signature(thing: Any) -> str:
    try:
        return str(inspect.signature(thing))
    except (TypeError, ValueError):
        return ""


def documented(kind: type) -> dict[str, str]:
    """Read the section ``Attributes`` of a class's docstring: name and words of each."""
    text = inspect.getdoc(kind) or ""
    if "Attributes:" not in text:
        return {}
    found: dict[str, str] = {}
    name = ""
    for line in text.split("Attributes:", 1)[1].splitlines():
        start = re.match(r"    (\w+): (.*)", line)
        if start and not line.startswith("     "):
            name = start[1]
            found[name] = start[2]
        elif line.strip() and name:
            found[name] += " " + line.strip()
    return found


def _settings(kind: type[BaseModel], above: str) -> list[str]:
    words = documented(kind)
    own = {name: field for name, field in kind.model_fields.items() if _group(field.annotation) is None}
    groups = {name: _group(field.annotation) for name, field in kind.model_fields.items()}
    title = above.rstrip(".") or "experiment.yaml"
    lines = [f"## {title}", "", "| setting | default | |", "|---|---|---|"] if own else []
    for name, field in own.items():
        default = "required" if field.is_required() else f"`{field.get_default(call_default_factory=True)!r}`"
        lines.append(f"| `{above}{name}` | {_cell(default)} | {_cell(words.get(name, ''))} |")
    lines.append("")
    for name, group in groups.items():
        if group is not None:
            lines += _settings(group, f"{above}{name}.")
    return lines


def _group(annotation: Any) -> type[BaseModel] | None:
    """The settings class of a field that is a group of settings, also where it may be None."""
    parts = {one for one in getattr(annotation, "__args__", ()) if one is not type(None)} or {annotation}
    candidates = parts if getattr(annotation, "__origin__", None) is None else {annotation}
    alone = next(iter(candidates)) if len(candidates) == 1 else None
    return alone if inspect.isclass(alone) and issubclass(alone, BaseModel) else None


def _commands(command: Any, above: str = "") -> list[tuple[str, Any]]:
    inner = getattr(command, "commands", None)
    if inner is None:
        return [(above.strip(), command)]
    return [found for name, one in inner.items() for found in _commands(one, f"{above} {name}")]


def _plain(words: str) -> str:
    return " ".join(words.split()).replace("<", "&lt;")


def _cell(words: str) -> str:
    return words.replace("|", "\\|")
