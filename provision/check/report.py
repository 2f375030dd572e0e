"""Says what `provision check` has found: all of one school, or a table and the problems of many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from provision.check.preflight import GROUPS, Examination
from provision.messages import console
from provision.messages.errors import ExitCode
from provision.messages.i18n import N_, _, ngettext
from provision.messages.result import Level

if TYPE_CHECKING:
    from collections.abc import Mapping

    from provision.messages.result import Result

MARKS = {Level.OK: "✓", Level.NOTE: "·", Level.WARNING: "!", Level.FAILURE: "✗"}
STATES = {
    ExitCode.OK: N_("ready"),
    ExitCode.CHECK_FAILED: N_("to be repaired"),
    ExitCode.UNREACHABLE: N_("not reached"),
    ExitCode.REFUSED: N_("not to be used"),
}


def print_report(found: Mapping[str, Examination]) -> None:
    """Print what was found, for people."""
    if len(found) == 1:
        for key, examination in found.items():
            _one(key, examination)
        return
    console.table(
        [_("school"), _("domain"), _("state"), _("failures"), _("warnings")],
        [
            [
                key,
                one.school.domain,
                state(one),
                str(len(one.level(Level.FAILURE))),
                str(len(one.level(Level.WARNING))),
            ]
            for key, one in found.items()
        ],
    )
    for key, one in found.items():
        if one.code != ExitCode.OK or one.level(Level.WARNING):
            console.result()
            _one(key, one, only_problems=True)


def state(found: Examination) -> str:
    """Return a school's state in a word or two."""
    if found.code == ExitCode.OK and found.level(Level.WARNING):
        return _("ready, with warnings")
    return _(STATES.get(found.code, N_("to be repaired")))


def _one(key: str, found: Examination, *, only_problems: bool = False) -> None:
    """Print one school: its findings by group, the worst last, and the verdict."""
    parts = [found.school.school, found.school.domain, found.school.address, found.system]
    console.result(" · ".join(part for part in parts if part))
    if found.error:
        console.error(found.error)
        return
    for group, title in GROUPS.items():
        shown = [
            one
            for one in found.findings.get(group, [])
            if not only_problems or one.level in {Level.WARNING, Level.FAILURE}
        ]
        if shown:
            console.result(f"  {_(title)}")
        for one in shown:
            console.marked(MARKS[one.level], one.sentence, indent=4)
            for remedy in one.remedy.splitlines():
                console.paragraph(_("Next: {text}").format(text=remedy), 6)
    console.result(verdict(found))
    if found.code == ExitCode.OK:
        console.note(_("Next: provision deploy {key}").format(key=key))
    else:
        console.note(_("Next: repair this, then provision check {key}").format(key=key))


def verdict(found: Examination) -> str:
    """Return what all findings mean, in one sentence."""
    number = len(found.level(Level.FAILURE))
    if found.code == ExitCode.REFUSED:
        return _("This server must not be used as it is; nothing was changed on it.")
    if number:
        return ngettext(
            "One thing has to be repaired before a deployment.",
            "{number} things have to be repaired before a deployment.",
            number,
        ).format(number=number)
    if found.level(Level.WARNING):
        return _("A deployment can begin; read the warnings first.")
    return _("Everything is ready for a deployment.")


def as_data(key: str, found: Examination) -> dict[str, Any]:
    """Return a school's findings for a machine."""
    data: dict[str, Any] = {
        "school": key,
        "domain": found.school.domain,
        "address": found.school.address,
        "exit_code": int(found.code),
        "findings": [
            _finding(group, one) for group, members in found.findings.items() for one in members
        ],
    }
    if found.error:
        rows = {label: text for label, text in found.error.rows() if label}
        data["error"] = {
            "what": found.error.what,
            "exit_code": int(found.error.exit_code),
            "rows": rows,
        }
    return data


def _finding(group: str, one: Result) -> dict[str, Any]:
    return {
        "group": group,
        "level": one.level.value,
        "sentence": one.sentence,
        "remedy": one.remedy,
        "refusal": one.refusal,
    }
