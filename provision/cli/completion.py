"""Tab in bash, zsh and fish, by Typer's own completion: commands, options, schools, controls.

`provision --install-completion` writes a small script into the shell's own folder; at each Tab it
runs the program with the line so far in the environment, and takes what is printed. zsh evaluates
that, so nothing of others is ever printed but names in their narrow form (`completers.py`).
"""

from __future__ import annotations

import contextlib
import io
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from provision.cli import COMMANDS, COMPLETION
from provision.cli.completers import languages
from provision.cli.help import EVERYWHERE
from provision.cli.verbs import below, load
from provision.common.atomic import write_at_once
from provision.messages import console
from provision.messages.errors import ExitCode, RefusedError, UsageError
from provision.messages.i18n import _
from provision.messages.reasons import reason

if TYPE_CHECKING:
    from collections.abc import Mapping

INSTALL, SHOW = COMPLETION
OF_ZSH, ZSH_PLACE = "#compdef", ".zfunc/_provision"
AT_ONCE = """
# zsh loads this file at the first Tab, which would find nothing but what is defined above.
if [[ $funcstack[1] = _provision ]]; then _provision_completion "$@"; fi
"""
WIDE = "9999"
"""Columns: a sentence that is broken into two lines would be two candidates."""


class Verbs(TyperGroup):
    """All verbs, each loaded when the line so far asks for it."""

    def list_commands(self, _context: Any) -> list[str]:
        """Return the verbs in the order of the overview."""
        return list(COMMANDS)

    def get_command(self, _context: Any, name: str) -> Any:
        """Return a verb that knows the options that are allowed everywhere, too."""
        if name not in COMMANDS:
            return None
        command = load(name)
        everywhere = [item for item in self.params if {"--lang", "--help"} & {*item.opts}]
        _speak(command, everywhere)
        return command


def answer() -> int:
    """Answer what a shell asks in the environment; silent about everything that goes wrong."""
    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = WIDE
    try:
        with contextlib.redirect_stderr(io.StringIO()):
            _program().main([], prog_name="provision")
    except SystemExit as end:
        return int(end.code or 0)
    except Exception:  # noqa: BLE001 - a traceback would stand in the middle of somebody's line
        return ExitCode.CHECK_FAILED
    finally:
        os.environ.pop("COLUMNS") if before is None else os.environ.update(COLUMNS=before)
    return ExitCode.OK


def show() -> int:
    """Print the script for the shell that asks."""
    console.result(_script().rstrip("\n"))
    return ExitCode.OK


def install() -> int:
    """Put the script where the shell that asks will find it, and say so."""
    script = _script()
    try:
        _ask_typer(INSTALL)
        if script.startswith(OF_ZSH):
            write_at_once(Path.home() / ZSH_PLACE, script.encode(), 0o644, new=False)
    except OSError as error:
        raise RefusedError(_("The completion cannot be written"), reason(error)) from error
    except UnicodeError as error:  # in the shell's own settings, which Typer reads as text
        raise RefusedError(_("The completion cannot be written"), str(error)) from error
    console.result(
        _("In every new terminal, Tab now completes commands, options and schools' short names.")
    )
    return ExitCode.OK


def _script() -> str:
    """Return the script for the shell that asks; raises UsageError where Typer knows none."""
    script = _ask_typer(SHOW)
    return script + AT_ONCE if script.startswith(OF_ZSH) else script


def _ask_typer(option: str) -> str:
    """Return what Typer says to an option; raises UsageError where it knows no shell above us."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(io.StringIO()):
        try:
            _program().main([option], prog_name="provision")
        except SystemExit as end:
            if end.code:
                raise UsageError(
                    _("The completion knows bash, zsh and fish; this is called from none of them."),
                    next=_("call it in the terminal of one of these shells"),
                ) from end
    return said.getvalue()


def _program() -> Any:
    """Return the whole program as Typer knows it."""
    app = typer.Typer(cls=Verbs, add_help_option=False, rich_markup_mode=None)

    @app.callback()
    def everywhere(
        lang: Annotated[str, typer.Option("--lang", autocompletion=languages)] = "",
        help_: Annotated[bool, typer.Option("--help", "-h")] = False,
        version: Annotated[bool, typer.Option("--version")] = False,
    ) -> None:
        """Stand for what provision/cli does itself."""

    command: Any = typer.main.get_command(app)
    helps = {names.partition(" ")[0]: sentence for names, sentence in EVERYWHERE.items()}
    for item in command.params:
        item.help = _(helps.get(item.opts[0], ""))
    return command


def _speak(command: Any, everywhere: list[Any]) -> None:
    """Let a command, and those below it, speak the person's language and take common options."""
    command.short_help = _(command.short_help or (command.help or "").partition("\n")[0])
    command.add_help_option = False
    for item in command.params:
        item.help = _(item.help or "")
    command.params += everywhere
    under: Mapping[str, Any] = below(command)
    for one in under.values():
        _speak(one, everywhere)
