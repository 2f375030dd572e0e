"""provision way."""

from pathlib import Path
from typing import Annotated

import typer

from provision.common.atomic import write_at_once
from provision.messages import console
from provision.messages.errors import RefusedError
from provision.messages.i18n import N_, _
from provision.messages.reasons import reason
from provision.way.dialogue import agreed, asked, given, needs_a_person
from provision.way.questions import checklist


def command(
    answers: Annotated[
        str | None,
        typer.Option(
            "--answers",
            metavar="WORDS",
            help=N_("Answer all questions beforehand: yes or no, with commas between."),
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            metavar="FILE",
            help=N_("Write the checklist to this file (Markdown) instead of the screen."),
        ),
    ] = None,
) -> None:
    """Find out which video-conference system suits your school.

    Eight questions at most. Either they lead to a server of the school's own, and this program goes
    on; or to a checklist: whom to ask, what to require, what to sign. This is guidance, not legal
    advice.

    For example:
      provision way
      provision way --answers no,no,no,no,no,yes,no --output checklist.md
    """
    if output:
        _check(output)
    if answers is None and not console.interactive():
        raise needs_a_person(("no", "no", "yes"))
    answered, leaf = asked() if answers is None else given(answers)
    text = checklist(leaf, answered)
    if output:
        _write(output, text)
    else:
        console.result(text)
    if not leaf.ours:
        return
    if answers is None:
        console.note()
        if agreed(_("Is the server there, and shall `provision new` begin now?")):
            from provision.cli.options import INVENTORY
            from provision.inventory.new_school import add

            console.note()
            add(None, [], INVENTORY)
            return
    console.note(_("Next: provision new"))


def _check(output: Path) -> None:
    """Refuse a file that cannot be written before anything is asked."""
    if output.exists():
        raise _exists(output)
    if not output.resolve().parent.is_dir():
        raise RefusedError(
            _("{path} cannot be written").format(path=output), _("its directory is not there")
        )


def _write(output: Path, text: str) -> None:
    """Write the checklist into a new file."""
    try:
        write_at_once(output.resolve(), f"{text}\n".encode(), 0o644, new=True)
    except FileExistsError as error:
        raise _exists(output) from error
    except OSError as error:
        raise RefusedError(
            _("{path} cannot be written").format(path=output), reason(error)
        ) from error
    console.result(_("The checklist is in {path}.").format(path=output))


def _exists(output: Path) -> RefusedError:
    return RefusedError(
        _("{path} is there already").format(path=output),
        _("nothing was written"),
        _("choose another name, or remove the file first"),
    )
