"""Everything a person can cause or repair, as exceptions: what happened, why, what to do next.

Nothing here prints; only provision/cli turns these into text. Any other exception is a bug of ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from provision.messages.i18n import N_, _, ngettext
from provision.messages.words import closest

if TYPE_CHECKING:
    from collections.abc import Iterable


class ExitCode(IntEnum):
    """The program's exit codes; scripts may rely on them."""

    OK = 0
    CHECK_FAILED = 1
    USAGE = 2
    UNREACHABLE = 3
    DEPLOYMENT_FAILED = 4
    REFUSED = 5
    BUSY = 6
    BUG = 70
    INTERRUPTED = 130


MEANINGS = {
    ExitCode.OK: N_("Everything is fine."),
    ExitCode.CHECK_FAILED: N_("A check failed; the sentence says which and how to repair it."),
    ExitCode.USAGE: N_("The command or the settings are wrong. Nothing was touched."),
    ExitCode.UNREACHABLE: N_("The server cannot be reached, or is not the one it claims to be."),
    ExitCode.DEPLOYMENT_FAILED: N_("The deployment stopped; running it again continues there."),
    ExitCode.REFUSED: N_("Refused for safety: the step would have destroyed or risked something."),
    ExitCode.BUSY: N_("Another deployment is at work on the server; run this again afterwards."),
    ExitCode.BUG: N_("A bug in the program itself. Please report it."),
    ExitCode.INTERRUPTED: N_("Interrupted with Ctrl-C."),
}


class ProvisionError(Exception):
    """Base of all errors that a person can understand and repair."""

    default_exit_code = ExitCode.CHECK_FAILED

    def __init__(
        self,
        what: str,
        why: str = "",
        next: str = "",  # noqa: A002 - the word the reader sees in front of the remedy
        exit_code: ExitCode | None = None,
    ) -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.next = next
        self.exit_code = self.default_exit_code if exit_code is None else exit_code

    def rows(self) -> list[tuple[str, str]]:
        """Return what stands below the first line, as label and text."""
        rows = [(_("Why"), self.why), (_("Next"), self.next)]
        return [(label, text) for label, text in rows if text]


class BugError(Exception):
    """A mistake of the program itself, found by the program: the message is for its authors."""


class CheckFailedError(ProvisionError):
    """A check says no."""

    default_exit_code = ExitCode.CHECK_FAILED


class UsageError(ProvisionError):
    """The command line is wrong."""

    default_exit_code = ExitCode.USAGE


class UnknownCommandError(UsageError):
    """There is no such command, or none below `parent`."""

    def __init__(self, word: str, known: Iterable[str], parent: str = "provision") -> None:
        near = closest(word, known)
        typed = f"{parent} {word}".removeprefix("provision ")
        super().__init__(
            _("There is no command {verb}").format(verb=typed),
            next=_("did you mean {near}?").format(near=f"`{parent} {near}`")
            if near
            else _("`{command} --help` lists all commands").format(command=parent),
        )


class ServerError(ProvisionError):
    """The server cannot be reached or trusted."""

    default_exit_code = ExitCode.UNREACHABLE


class DeploymentError(ProvisionError):
    """Something on the server failed."""

    default_exit_code = ExitCode.DEPLOYMENT_FAILED


class RefusedError(ProvisionError):
    """The step was refused because it would destroy or risk something."""

    default_exit_code = ExitCode.REFUSED


class BusyError(ProvisionError):
    """Somebody else is at work on the server."""

    default_exit_code = ExitCode.BUSY


@dataclass(frozen=True)
class Problem:
    """One thing wrong with the settings."""

    sentence: str
    """What is wrong, and what a right value looks like."""
    setting: str = ""
    value: str = ""
    """The wrong value as it may be shown, or nothing."""
    school: str = ""
    line: int = 0
    """Counted from one; zero where there is no file."""

    def headline(self) -> str:
        """Return whom and what it concerns, for instance `gymnasium-nord · domain: "x"`."""
        place = " · ".join(part for part in (self.school, self.setting) if part)
        return f"{place}: {self.value}" if place and self.value else place or self.value


class SettingsError(ProvisionError):
    """All problems of the settings at once."""

    default_exit_code = ExitCode.USAGE
    line_label = N_("line {number}")

    def __init__(
        self,
        source: str,
        problems: Iterable[Problem],
        next: str = "",  # noqa: A002 - as above
    ) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: problem.line))
        number = len(self.problems)
        what = ngettext("{source}: one problem", "{source}: {number} problems", number)
        super().__init__(what.format(source=source, number=number), next=next)

    def rows(self) -> list[tuple[str, str]]:
        """Return one row per problem, then the next step."""
        rows: list[tuple[str, str]] = []
        for problem in self.problems:
            if problem.line:
                label = _(self.line_label).format(number=problem.line)
            else:
                label = "" if rows else _("Why")
            head = problem.headline()
            rows.append((label, f"{head}\n{problem.sentence}" if head else problem.sentence))
        return [*rows, *super().rows()]
