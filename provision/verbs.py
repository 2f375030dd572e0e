"""Runs one verb through Typer, and says in our words what Typer finds wrong with its arguments."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import typer

from provision import console
from provision.errors import ExitCode, UsageError
from provision.help import command_help, metavar
from provision.i18n import _

if TYPE_CHECKING:
    from collections.abc import Sequence

_TyperUsageError: type[Exception] = typer.BadParameter.__bases__[0]


def load(verb: str) -> Any:
    """Return a verb's command, ready to be run."""
    module = importlib.import_module(f"provision.commands.{verb}")
    app = getattr(module, "app", None)
    if app is None:
        app = typer.Typer()
        app.command(verb)(module.command)
    app.rich_markup_mode = None
    app.pretty_exceptions_enable = False
    app.pretty_exceptions_show_locals = False
    app._add_completion = False  # noqa: SLF001 - no public way for a Typer of a command's own
    return typer.main.get_command(app)


def run(verb: str, arguments: Sequence[str], *, wants_help: bool) -> int:
    """Run a verb with its arguments and return the exit code."""
    command = load(verb)
    path = ["provision", verb]
    if wants_help:
        for argument in arguments:
            if argument in getattr(command, "commands", {}):
                command = command.commands[argument]
                path.append(argument)
        console.result(command_help(command, path))
        return ExitCode.OK
    if getattr(command, "commands", None) and not arguments:
        raise UsageError(
            _("`{command}` needs to know what to do").format(command=" ".join(path)),
            next=f"{' '.join(path)} --help",
        )
    try:
        code = command.main(list(arguments), prog_name=" ".join(path), standalone_mode=False)
    except typer.Abort as error:
        raise KeyboardInterrupt from error
    except SystemExit as error:  # Typer's own answer when nobody reads our output any more
        raise BrokenPipeError from error
    except _TyperUsageError as error:
        raise _translated(error, path) from error
    return int(code or 0)


def _translated(error: Any, path: Sequence[str]) -> UsageError:
    """Return a usage error in our words; Typer's own where it is none of the usual ones."""
    next_step = _("`{command} --help` shows how it is used").format(command=" ".join(path))
    kind = type(error).__name__
    if kind == "NoSuchOption":
        what = _("There is no option {option}").format(option=error.option_name)
        near = error.possibilities
        if near:
            next_step = _("did you mean {near}?").format(near=", ".join(near))
        return UsageError(what, next=next_step)
    if kind == "MissingParameter" and error.param is not None:
        is_argument = error.param.param_type_name == "argument"
        name = metavar(error.param) if is_argument else error.param.opts[0]
        return UsageError(_("{name} is missing").format(name=name), next=next_step)
    if kind == "BadOptionUsage":
        what = _("{option} needs a value").format(option=error.option_name)
        return UsageError(what, next=next_step)
    if "extra argument" in error.message:
        word = error.message.partition("(s) ")[2].strip("()")
        what = _("There is a word too many: {word}").format(word=word)
        return UsageError(what, next=next_step)
    return UsageError(error.format_message(), next=next_step)
