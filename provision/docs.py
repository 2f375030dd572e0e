"""Writes the documents that follow from the program: `python -m provision.docs`.

docs/settings.md, docs/controls.md, docs/errors.md, docs/sentences.md, docs/way.md with its pictures
and a block of README.md and README.de.md are generated; a test compares them.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from provision.cli import COMMANDS
from provision.controls import MARKS, catalogue, groups, sources
from provision.messages import console
from provision.messages.errors import MEANINGS
from provision.messages.i18n import N_, _, speaking
from provision.paths import PACKAGE
from provision.settings.setting import RENAMED
from provision.settings.table import TABLE, Row
from provision.way.picture import TITLES, picture
from provision.way.questions import load

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from provision.controls import Control

ROOT = PACKAGE.parent
BEGIN, END = "<!-- generated: begin -->", "<!-- generated: end -->"
SETTINGS_INTRODUCTION = (
    "A school is an entry below `schools: hosts:` in `inventory.yml`; what holds for all schools "
    "stands once below `schools: vars:`. `provision new` asks for the first {asked}; the others "
    "have good defaults. Of Ansible's own variables only `ansible_ssh_private_key_file` and "
    "`ansible_ssh_timeout` may stand there: others could run a program on your computer, in an "
    "inventory of somebody else. `deployment_lock_seconds` and `deployment_guard_seconds` may "
    "stand in `group_vars/schools.yml` beside it."
)
ERRORS_INTRODUCTION = (
    "Every error says what happened, why, and what to do next, on the error stream. Results go to "
    "standard output. Scripts may rely on these exit codes:"
)
WAY_INTRODUCTION = (
    "`provision way` asks these questions one after the other and ends with a checklist: whom to "
    "ask, what to require, what to sign. It is guidance, not legal advice. "
    "[Auf Deutsch](way.de.svg)"
)
CONTROLS_INTRODUCTION = (
    "What a school's server must fulfil: {must} musts and {should} shoulds. `provision verify` "
    "says for each whether it does. What only the school or its provider can know is open until "
    "`confirmed` in inventory.yml says what there is, and since when. The texts are ours; this is "
    "no legal advice, the school's data protection officer decides."
)
WORDS = "roles/web/files/usr/local/share/jitsi-provision/words/main-de.json"
SENTENCES_INTRODUCTION = (
    "What Jitsi's German gets wrong, or says to a business where a class reads it. People are "
    "addressed as Jitsi does it, with “Sie”. On the server, `jitsi-provision-words.service` puts "
    "these into the file of the installed package, after a deployment and after each upgrade. What "
    "does not fit a newer Jitsi stays as Jitsi has it, and its journal says which. To look at a "
    "newer file: `python roles/web/files/usr/local/lib/jitsi-provision/merge_words.py "
    "WORDS MAIN-DE.JSON`, or `PROVISION_JITSI_WORDS=MAIN-DE.JSON pytest "
    "tests/unit/roles/test_words.py`."
)
LINKS = N_(
    "All settings: [docs/settings.md](docs/settings.md). "
    "Exit codes: [docs/errors.md](docs/errors.md). "
    "What is checked: [docs/controls.md](docs/controls.md). "
    "Which system suits a school: [docs/way.md](docs/way.md)."
)


def documents(root: Path = ROOT) -> dict[Path, str]:
    """Return every generated document with its content."""
    readme, german = root / "README.md", root / "README.de.md"
    with speaking("de"):
        overview_in_german = overview()
    return {
        root / "docs" / "settings.md": settings(),
        root / "docs" / "controls.md": controls(),
        root / "docs" / "errors.md": errors(),
        root / "docs" / "sentences.md": sentences(),
        root / "docs" / "way.md": way(),
        root / "docs" / "way.svg": picture("en"),
        root / "docs" / "way.de.svg": picture("de"),
        readme: with_block(readme.read_text(encoding="utf-8"), overview()),
        german: with_block(german.read_text(encoding="utf-8"), overview_in_german),
    }


def settings() -> str:
    """Return the reference of all settings."""
    paragraphs = [
        "# Settings",
        "Generated from `provision/settings/table.py` by `python -m provision.docs`.",
        SETTINGS_INTRODUCTION.format(asked=sum(row.asked for row in TABLE.values())),
        table(
            ["Setting", "Meaning", "Default", "Example"],
            [
                [f"`{row.name}`", meaning(row), default(row), f"`{row.setting.example}`"]
                for row in TABLE.values()
            ],
        ),
        "File names are relative to the directory of `inventory.yml`.",
        "## Names that are refused with the right one",
        table(
            ["Written", "Called here"],
            [[f"`{old}`", f"`{new}`"] for old, new in RENAMED.items()],
        ),
    ]
    return "\n\n".join(paragraphs) + "\n"


def controls() -> str:
    """Return the reference of all controls."""
    everything = list(catalogue().values())
    must = sum(control.severity == "must" for control in everything)
    paragraphs = [
        "# Controls",
        "Generated from `provision/controls/catalogue.yml` by `python -m provision.docs`.",
        CONTROLS_INTRODUCTION.format(must=must, should=len(everything) - must),
    ]
    for group, heading in groups().items():
        rows = [row(control) for control in everything if control.group == group]
        paragraphs += [
            f"## {heading.en}",
            table(["", "Requirement", "", "Who", "Measured", "Source"], rows),
        ]
    paragraphs += [
        "## Sources",
        table(["Short", "In full"], [[name, text] for name, text in sources().items()]),
        " · ".join(f"[{mark}] {text.en}" for mark, text in MARKS.items()),
        "Everything else was read. Articles of DSGVO, TDDDG, DDG and KI-VO are always [G].",
    ]
    return "\n\n".join(paragraphs) + "\n"


def row(control: Control) -> list[str]:
    """Return the row of a control: what must hold, who sees to it, how it is measured."""
    by_program = control.unmeasured.en if control.unmeasured else "yes"
    measured = by_program if "tool" in control.responsible else "the school confirms it"
    return [
        control.id,
        f"**{control.title.en}.** {control.requirement.en}",
        control.severity,
        ", ".join(control.responsible),
        measured,
        control.source,
    ]


def errors() -> str:
    """Return the reference of exit codes."""
    paragraphs = [
        "# Errors and exit codes",
        "Generated from `provision/messages/errors.py` by `python -m provision.docs`.",
        ERRORS_INTRODUCTION,
        table(["Code", "Meaning"], [[f"{code:d}", text] for code, text in MEANINGS.items()]),
    ]
    return "\n\n".join(paragraphs) + "\n"


def way() -> str:
    """Return the questions on the way to a system, as a picture and as text."""
    way = load()
    places = {key: f"question {number}" for number, key in enumerate(way.questions, start=1)}
    places |= {key: leaf.title["en"] for key, leaf in way.leaves.items()}
    rows = [
        [f"{number}", question.question["en"], places[question.if_yes], places[question.if_no]]
        for number, question in enumerate(way.questions.values(), start=1)
    ]
    paragraphs = [
        f"# {TITLES['en']}",
        "Generated from `provision/way/questions.yml` by `python -m provision.docs`.",
        WAY_INTRODUCTION,
        "![The questions and where they lead; the table below says the same](way.svg)",
        table(["", "Question", "Yes", "No"], rows),
    ]
    return "\n\n".join(paragraphs) + "\n"


def sentences() -> str:
    """Return the sentences of Jitsi's client that a school reads in other words."""
    words = json.loads((ROOT / WORDS).read_text(encoding="utf-8"))
    rows = [
        [f"`{word['at']}`", word["upstream"] or "-", word["ours"], word["why"]] for word in words
    ]
    paragraphs = [
        "# Sentences",
        f"Generated from `{WORDS}` by `python -m provision.docs`.",
        SENTENCES_INTRODUCTION,
        table(["Where", "Jitsi says", "Schools read", "Why"], rows),
    ]
    return "\n\n".join(paragraphs) + "\n"


def overview() -> str:
    """Return the block of a README: the commands, and the settings that are asked."""
    return "\n\n".join(
        [
            table(
                [_("Command"), ""], [[f"`provision {k}`", _(text)] for k, text in COMMANDS.items()]
            ),
            table(
                [_("Setting"), _("Meaning"), _("Default")],
                [
                    [f"`{row.name}`", _(row.setting.help), default(row)]
                    for row in TABLE.values()
                    if row.asked
                ],
            ),
            _(LINKS),
        ]
    )


def meaning(row: Row) -> str:
    """Return what a setting is for, and when it counts."""
    if row.setting.needs is None:
        return row.setting.help
    return f"{row.setting.help} Only with `{row.setting.needs[0]}: {row.setting.needs[1]}`."


def default(row: Row) -> str:
    """Return what holds when nobody says anything."""
    if row.required:
        return _("must be given")
    return _("none") if row.default in (None, [], {}) else f"`{row.default}`"


def table(headings: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a Markdown table."""
    headings = list(headings)
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in line) + " |"
        for line in lines
    )


def with_block(text: str, block: str) -> str:
    """Return a document whose generated block is the given one."""
    fresh = f"{BEGIN}\n{block}\n{END}"
    if BEGIN not in text:
        return f"{text.rstrip()}\n\n{fresh}\n"
    pattern = re.escape(BEGIN) + ".*?" + re.escape(END)
    return re.sub(pattern, lambda _match: fresh, text, flags=re.DOTALL)


def main() -> None:
    """Write all documents."""
    for path, content in documents().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(content, encoding="utf-8")
        console.note(str(path.relative_to(ROOT)))


if __name__ == "__main__":
    main()
