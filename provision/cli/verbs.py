"""Runs one verb through Typer, and says in our words what Typer finds wrong with its arguments."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import typer

from provision.cli.help import command_help, metavar
from provision.cli.options import verb_app
from provision.messages import console
from provision.messages.errors import ExitCode, UnknownCommandError, UsageError
from provision.messages.i18n import _
from provision.messages.words import closest

if TYPE_CHECKING:
    from collections.abc import Sequence


def load(verb: str) -> Any:
    """Return a verb's command, ready to be run."""
    module = importlib.import_module(f"provision.cli.commands.{verb}")
    app = getattr(module, "app", None)
    if app is None:
        app = verb_app()
        app.command(verb)(module.command)
    return typer.main.get_command(app)


def run(verb: str, arguments: Sequence[str], *, wants_help: bool) -> int:
    """Run a verb with its arguments and return the exit code."""
    command = load(verb)
    path = ["provision", verb]
    if wants_help:
        for argument in arguments:
            if argument in below(command):
                command = below(command)[argument]
                path.append(argument)
        console.result(command_help(command, path))
        return ExitCode.OK
    if commands := below(command):
        name, *arguments = arguments or [""]
        if name not in commands:
            raise _no_command_below(name, path, commands)
        command = commands[name]
        path.append(name)
    return _run(command, path, list(arguments))


def below(command: Any) -> dict[str, Any]:
    """Return the commands below a command by their names; most have none."""
    return getattr(command, "commands", {})


def _run(command: Any, path: Sequence[str], arguments: list[str]) -> int:
    """Run a command that has none below it."""
    name = " ".join(path)
    try:
        with command.make_context(name, arguments, allow_extra_args=True) as context:
            if context.args:
                what = _("There is a word too many: {word}")
                raise UsageError(what.format(word=" ".join(context.args)), next=_usage(path))
            return int(command.invoke(context) or 0)
    except typer.TyperException as error:
        raise _translated(error, command, path) from error


def _no_command_below(name: str, path: Sequence[str], commands: dict[str, Any]) -> UsageError:
    """Return the refusal of what is no command below a verb."""
    typed = " ".join(path)
    if not name:
        what = _("`{command}` needs to know what to do").format(command=typed)
        return UsageError(what, next=f"{typed} --help")
    if name.startswith("-"):
        return UsageError(_("There is no option {option}").format(option=name), next=_usage(path))
    return UnknownCommandError(name, commands, typed)


def _translated(error: Any, command: Any, path: Sequence[str]) -> UsageError:
    """Return a usage error in our words, by what it is about; Typer's own where that is unknown."""
    if option := getattr(error, "option_name", ""):
        return _wrong_option(option, command, path)
    parameter = getattr(error, "param", None)
    if parameter is None:
        return UsageError(error.format_message(), next=_usage(path))
    is_argument = parameter.param_type_name == "argument"
    name = metavar(parameter) if is_argument else parameter.opts[0]
    if not error.message:
        return UsageError(_("{name} is missing").format(name=name), next=_usage(path))
    what = _("The value of {name} does not fit").format(name=name)
    return UsageError(what, error.message, _usage(path))


def _wrong_option(option: str, command: Any, path: Sequence[str]) -> UsageError:
    """Return the refusal of an option that there is not, or that is used in a wrong way."""
    known = {name: item for item in command.params for name in item.opts}
    if option not in known:
        near = closest(option, known)
        return UsageError(
            _("There is no option {option}").format(option=option),
            next=_("did you mean {near}?").format(near=near) if near else _usage(path),
        )
    if known[option].is_flag:
        return UsageError(_("{option} takes no value").format(option=option), next=_usage(path))
    return UsageError(_("{option} needs a value").format(option=option), next=_usage(path))


def _usage(path: Sequence[str]) -> str:
    return _("`{command} --help` shows how it is used").format(command=" ".join(path))
