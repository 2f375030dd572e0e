"""The command line: knows the verbs, and turns errors into text and exit codes.

A verb is one line in COMMANDS and one module `commands/<verb>.py`, which brings either a function
`command` or, for a verb with verbs of its own, a Typer called `app`. Only the module of the verb
that was typed is imported, so the program starts at once.
"""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from provision.messages import console, i18n
from provision.messages.errors import (
    BugError,
    ExitCode,
    ProvisionError,
    UnknownCommandError,
    UsageError,
)
from provision.messages.i18n import N_, _
from provision.paths import PACKAGE

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS = {
    "way": N_("Find out which video-conference system suits your school."),
    "new": N_("Add a school: asks what it needs and writes inventory.yml."),
    "connect": N_("Make the first contact with a server: compare its key, install yours."),
    "check": N_("Find what would go wrong in a deployment; changes nothing on the server."),
    "plan": N_("Say what a deployment would change, and change nothing."),
    "deploy": N_("Install and configure a school's server; a second run changes nothing."),
    "verify": N_("Measure a server and say of each control whether it is fulfilled."),
    "audit": N_("Say what an outsider can see of any Jitsi server."),
    "teachers": N_("Add, list and remove the accounts of teachers."),
    "list": N_("List the schools of inventory.yml, and what is wrong with the file."),
    "schema": N_("Print the JSON schema of inventory.yml, for editors."),
}
"""Every verb in the order of a server's life, and its line in the overview."""

HELP = {"--help", "-h"}
COMPLETION = {"--install-completion": "install", "--show-completion": "show"}
QUESTION = "_PROVISION_COMPLETE"
"""Set where a shell asks what the Tab key should offer."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program and return its exit code."""
    console.prepare()
    try:
        code = _run(list(sys.argv[1:] if arguments is None else arguments))
        sys.stdout.flush()  # here, where it can still be said that nobody reads
        return int(code)
    except ProvisionError as error:
        console.error(error)
        return int(error.exit_code)
    except (KeyboardInterrupt, EOFError):
        console.note()
        console.bad(_("Interrupted"))
        return int(ExitCode.INTERRUPTED)
    except BrokenPipeError:
        # The reader of our output went away, as `head` does; nothing more can be written there.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return int(ExitCode.OK)
    except Exception as bug:  # noqa: BLE001 - whatever else there is must not end in a traceback
        return _report(bug)


def _run(arguments: list[str]) -> int:
    """Do what the arguments say."""
    if os.environ.get(QUESTION):
        i18n.activate(i18n.from_environment())
        return _completion("answer")
    arguments = _take_language(arguments)
    if not arguments or arguments[0] in HELP:
        from provision.cli.help import overview  # noqa: PLC0415 - not needed by any verb

        console.result(overview(COMMANDS))
        return ExitCode.OK
    verb = arguments.pop(0)
    if verb == "--version":
        from importlib.metadata import version  # noqa: PLC0415 - slow, and seldom wanted

        console.result(f"jitsi-provision {version('jitsi-provision')}")
        return ExitCode.OK
    if verb in COMPLETION:
        return _completion(COMPLETION[verb])
    if verb not in COMMANDS:
        raise UnknownCommandError(verb, COMMANDS)
    runner = importlib.import_module("provision.cli.verbs")
    return int(runner.run(verb, arguments, wants_help=bool(HELP.intersection(arguments))))


def _completion(what: str) -> int:
    return int(getattr(importlib.import_module("provision.cli.completion"), what)())


def _take_language(arguments: list[str]) -> list[str]:
    """Return the arguments without --lang, wherever it stands, and speak that language."""
    rest: list[str] = []
    wanted = ""
    waiting = iter(arguments)
    for argument in waiting:
        name, equals, value = argument.partition("=")
        if name != "--lang":
            rest.append(argument)
        else:
            wanted = value if equals else next(waiting, "")
            if wanted not in i18n.LANGUAGES:
                i18n.activate(i18n.from_environment())
                raise UsageError(
                    _("--lang needs one of: {languages}").format(
                        languages=", ".join(i18n.LANGUAGES)
                    )
                )
    i18n.activate(wanted or i18n.from_environment())
    return rest


def _report(bug: Exception) -> int:
    """Report a mistake of ours: where it is, but no values, which may be confidential."""
    if os.environ.get("PROVISION_DEBUG"):
        console.note("".join(traceback.format_exception(bug)))
    frames: list[Any] = [
        frame
        for frame in traceback.extract_tb(bug.__traceback__)
        if Path(frame.filename).is_relative_to(PACKAGE)
    ]
    where = ", ".join(
        f"{Path(frame.filename).relative_to(PACKAGE)}:{frame.lineno}" for frame in frames[-3:]
    )
    console.error(
        ProvisionError(
            _("This is a bug in provision itself: {kind}").format(kind=type(bug).__name__),
            f"{bug} ({where})" if isinstance(bug, BugError) else where,
            _("run it again with PROVISION_DEBUG=1 in front and report what it writes"),
        )
    )
    return int(ExitCode.BUG)
