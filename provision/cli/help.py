"""Writes the help texts: short, in the person's language, the same with every Typer."""

from __future__ import annotations

import inspect
import textwrap
from typing import TYPE_CHECKING, Any

from provision.messages.i18n import N_, _

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

WIDTH = 96
EVERYWHERE = {
    "--lang de|en": N_("Speak German or English; else the language of your terminal."),
    "--help": N_("Show help, also for one command: provision new --help"),
    "--version": N_("Show the version."),
    "--install-completion": N_("Let Tab complete commands, options and schools in this shell."),
}


def overview(commands: Mapping[str, str]) -> str:
    """Return the help that lists all commands."""
    return "\n".join(
        [
            _("A school's own Jitsi Meet on a rented Debian server, closed and private."),
            "",
            _("Usage: provision COMMAND [SCHOOL] [OPTIONS]"),
            "",
            _("Commands"),
            *_columns({verb: _(line) for verb, line in commands.items()}),
            "",
            _("Options"),
            *_columns({option: _(line) for option, line in EVERYWHERE.items()}),
            "",
            _("Begin with: provision new"),
        ]
    )


def command_help(command: Any, path: Sequence[str]) -> str:
    """Return the help of one command: usage, what it does, its options, an example."""
    description, example = split_example(_(inspect.cleandoc(command.help or "")))
    arguments = [item for item in command.params if item.param_type_name == "argument"]
    options = [item for item in command.params if "--help" not in item.opts and item.opts]
    options = [item for item in options if item.param_type_name == "option"]
    usage = [*path, *(_argument(item) for item in arguments)]
    subcommands = getattr(command, "commands", {})
    if subcommands:
        usage.append(_("COMMAND"))
    if options:
        usage.append(_("[OPTIONS]"))
    lines = [_("Usage: {usage}").format(usage=" ".join(usage)), "", description]
    if subcommands:
        first_lines = {name: _first_line(item) for name, item in subcommands.items()}
        lines += ["", _("Commands"), *_columns(first_lines)]
    rows = {_argument(item).strip("[].…"): _(item.help or "") for item in arguments}
    rows |= {_option(item): _(item.help or "") for item in options if not item.hidden}
    if rows:
        lines += ["", _("Options"), *_columns(rows)]
    if example:
        lines += ["", _("For example"), textwrap.indent(example, "  ")]
    return "\n".join(lines)


def split_example(text: str) -> tuple[str, str]:
    """Return a docstring without its example, and the example."""
    for heading in ("\nFor example:\n", "\nZum Beispiel:\n"):
        before, found, after = text.partition(heading)
        if found:
            return before.replace("\b", "").strip(), inspect.cleandoc("\n" + after)
    return text.strip(), ""


def _first_line(command: Any) -> str:
    return _(inspect.cleandoc(command.help or "")).partition("\n")[0]


def _argument(item: Any) -> str:
    name = metavar(item)
    name = f"{name} …" if item.nargs != 1 else name
    return name if item.required else f"[{name}]"


def metavar(item: Any) -> str:
    """Return the word that stands for the value of an option or argument."""
    return _(item.metavar or "VALUE")


def _option(item: Any) -> str:
    names = ", ".join(sorted(item.opts, key=len))
    return names if item.is_flag else f"{names} {metavar(item)}"


def _columns(rows: Mapping[str, str]) -> list[str]:
    """Return names and sentences as two columns."""
    room = max(map(len, rows), default=0) + 4
    lines = []
    for name, sentence in rows.items():
        first, *more = textwrap.wrap(sentence, WIDTH - room) or [""]
        lines.append(f"  {name}".ljust(room) + first)
        lines += [" " * room + line for line in more]
    return lines
