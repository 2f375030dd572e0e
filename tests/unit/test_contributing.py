"""What CONTRIBUTING.md says is done here: one of each is added, at the places that it names.

It happens in a copy of the repository. Where a list names one place too few, the tests that watch
over the others fail there.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
import yaml

from tests.unit.sentences import as_po

if TYPE_CHECKING:
    from collections.abc import Callable

    Edit = Callable[[str], str]

ROOT = Path(__file__).parents[2]
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
PO = "provision/locale/de/LC_MESSAGES/provision.po"
REMEDIES = "tests/remedies.yml"
GERMAN = [
    "tests/unit/messages/test_i18n.py::test_every_sentence_has_its_german_one",
    "tests/unit/messages/test_i18n.py::test_no_german_sentence_is_left_over",
]
DOCUMENTS = [
    "tests/unit/test_documents.py::test_generated_documents_are_up_to_date",
    "tests/unit/test_documents.py::test_every_command_and_setting_is_documented",
]


def listed(heading: str) -> list[str]:
    """Return the places that the list below a heading names."""
    section = CONTRIBUTING.partition(f"### {heading}\n")[2].partition("\n#")[0]
    return re.findall(r"(?m)^\| `([^`]+)` \|", section)


def after(line: str, more: str) -> Edit:
    """Return an edit that puts more behind a text that stands there once."""

    def edit(text: str) -> str:
        assert text.count(line) == 1, line
        return text.replace(line, line + more)

    return edit


def before(line: str, more: str) -> Edit:
    """Return an edit that puts more in front of a text that stands there once."""

    def edit(text: str) -> str:
        assert text.count(line) == 1, line
        return text.replace(line, more + line)

    return edit


def behind(more: str) -> Edit:
    """Return an edit that puts more at the end."""
    return lambda text: f"{text}{more}"


def in_german(**sentences: str) -> Edit:
    """Return an edit of the catalogue; the sentences of one test have their English as names."""
    return behind("".join(f"\n{as_po(english, german)}" for english, german in sentences.items()))


class Recipe(NamedTuple):
    """How one of its kind is added."""

    words: dict[str, str]
    """What stands for ROLE, SECTION and so on in the list."""
    edits: dict[str, Edit]
    """What is done at each place."""
    watched_by: list[str]
    """The tests that would miss one of them."""


SETTING = Recipe(
    words={"roles/ROLE/templates/…": "roles/web/templates/etc/jitsi/meet/_domain_-config.js"},
    edits={
        "provision/settings/table.py": after(
            """example="5"),
    ] = 5
""",
            """    most_people: Annotated[
        int | None,
        Field(strict=True, ge=2, le=500),
        Setting(help=N_("So many people fit into one room, 2 to 500."), example="60"),
    ] = None
""",
        ),
        PO: in_german(**{
            "So many people fit into one room, 2 to 500.": "So viele fasst ein Raum, 2 bis 500."
        }),
        "roles/web/templates/etc/jitsi/meet/_domain_-config.js": behind(
            "{% if settings.most_people %}\n"
            "config.mostPeople = {{ settings.most_people }};\n{% endif %}\n"
        ),
    },
    watched_by=[
        "tests/unit/settings/test_school_settings.py",
        "tests/unit/deploy/test_tree.py::test_every_setting_acts_somewhere",
        *GERMAN,
        *DOCUMENTS,
        "tests/cli/test_new_from_csv.py::test_the_template_can_be_filled_in_and_read",
    ],
)  # fmt: skip

CONTROL = Recipe(
    words={"SECTION": "http", "ID": "OPS-07"},
    edits={
        "provision/controls/catalogue.yml": before(
            "  # --- Duties to document",
            """\
  - id: OPS-07
    title: {en: There is a start page, de: Eine Startseite ist da}
    requirement: {en: The start page answers., de: Die Startseite antwortet.}
    source: Art. 32 DSGVO
    severity: should
    responsible: [tool]
"""
        ),
        "provision/verify/judges/http.py": behind(
            '''

@judge("OPS-07", "http")
def the_start_page_answers(evidence: Evidence) -> Finding:
    """Judge the status of the start page."""
    if evidence["http"]["paths"]["/"]["status"] != OK:
        return failed(_("Nobody answers."), _("Look why nobody answers."))
    return fulfilled(_("Somebody answers."))
'''
        ),
        PO: in_german(**{
            "Nobody answers.": "Niemand antwortet.",
            "Look why nobody answers.": "Sehen Sie nach, warum niemand antwortet.",
            "Somebody answers.": "Jemand antwortet.",
        }),
        "tests/unit/verify/mutations/http.py": behind(
            """

@breaks("OPS-07")
def the_start_page_is_gone(evidence: Evidence) -> None:
    evidence["http"]["paths"]["/"]["status"] = 410
"""
        ),
        "tests/unit/verify/test_catalogue.py": lambda text: text.replace(
            '"OPS": 6', '"OPS": 7'
        ).replace('"should": 16', '"should": 17'),
        REMEDIES: after(
            "::test_a_file_without_a_school_leads_to_the_command_that_adds_one:\n",
            "  - Look why nobody answers.\n",
        ),
    },
    watched_by=[
        "tests/unit/verify/test_catalogue.py",
        "tests/unit/verify/test_mutations.py::test_every_judged_control_was_seen_red",
        "tests/unit/test_remedies.py",
        *GERMAN,
        *DOCUMENTS,
    ],
)  # fmt: skip

ROLE = Recipe(
    words={"ROLE": "greeting", "templates/…": "templates/etc/greeting.conf"},
    edits={
        "roles/greeting/provides.yml": lambda _nothing: (
            "# A greeting for whoever signs in.\n"
            'files:\n  - {path: /etc/greeting.conf, mode: "0644"}\n'
        ),
        "roles/greeting/templates/etc/greeting.conf": lambda _nothing: (
            "# Managed by jitsi-provision.\nHello {{ settings.domain }}\n"
        ),
        "playbooks/deploy.yml": lambda text: text.replace("updates,\n", "updates, greeting,\n"),
    },
    watched_by=[
        "tests/unit/deploy/test_tree.py::test_every_role_has_its_place_in_the_order",
        "tests/unit/deploy/test_tree.py::test_every_entry_has_its_file",
    ],
)

VERB = Recipe(
    words={"VERB": "greet"},
    edits={
        "provision/cli/__init__.py": after(
            "COMMANDS = {\n", '    "greet": N_("Greet a school."),\n'
        ),
        "provision/cli/commands/greet.py": lambda _nothing: (
            '"""provision greet."""\n\nfrom provision.messages import console\n\n\n'
            'def command() -> None:\n    """Greet a school.\n\n'
            '    For example:\n      provision greet\n    """\n    console.result("Hello")\n'
        ),
        PO: in_german(**{
            "Greet a school.": "Eine Schule grüßen.",
            "Greet a school.\n\nFor example:\n  provision greet":
                "Eine Schule grüßen.\n\nZum Beispiel:\n  provision greet",
        }),
        "tests/cli/test_greet_command.py": lambda _nothing: (
            "from tests.cli.conftest import Run\n\n\n"
            'def test_hello(run: Run) -> None:\n    assert run("greet") == (0, "Hello\\n", "")\n'
        ),
    },
    watched_by=[
        "tests/cli/test_greet_command.py",
        "tests/cli/test_general.py::test_every_command_has_help_with_an_example_of_itself",
        "tests/cli/test_general.py::test_every_command_has_the_same_sentence_everywhere",
        "tests/cli/test_completion.py::test_the_commands_in_their_order",
        *GERMAN,
        *DOCUMENTS,
    ],
)  # fmt: skip

RECIPES = {"A setting": SETTING, "A control": CONTROL, "A role": ROLE, "A verb": VERB}
BY_HAND = {name for name in os.environ.get("PROVISION_LEAVE_OUT", "").split(",") if name}
"""Places to leave out, to see that the tests miss them."""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of everything that belongs to the repository, as it is now."""
    names = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    for name in filter(None, names.split("\0")):
        source, target = ROOT / name, tmp_path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_symlink():
            target.symlink_to(source.readlink())
        elif source.is_file():
            shutil.copy(source, target)
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    return tmp_path


def python(place: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a module of the copy."""
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=place,
        env={**os.environ, "PYTHONPATH": str(place)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("kind", RECIPES)
def test_one_more_needs_the_places_that_are_listed(copy: Path, kind: str) -> None:
    recipe = RECIPES[kind]
    places = []
    for place in listed(kind):
        for word, meant in sorted(recipe.words.items(), key=lambda pair: -len(pair[0])):
            place = place.replace(word, meant)  # noqa: PLW2901 - the place as it is meant here
        places.append(place)
    assert places == list(recipe.edits)
    for place, edit in recipe.edits.items():
        if place not in BY_HAND:
            path = copy / place
            former = path.read_text(encoding="utf-8") if path.exists() else ""
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(edit(former), encoding="utf-8")
            assert path.read_text(encoding="utf-8") != former
    assert python(copy, "provision.docs").returncode == 0
    seen = python(copy, "pytest", "-q", "-p", "no:cacheprovider", *recipe.watched_by)
    assert seen.returncode == 0, seen.stdout[-4000:]


def test_every_place_that_is_named_is_there() -> None:
    named = set(
        re.findall(
            r"`((?:provision|roles|tests|playbooks|script|docs|\.ci)/[^`\s]*)`", CONTRIBUTING
        )
    )
    assert named
    missing = set()
    for name in named:
        pattern = re.sub(r"[A-Z]{2,}|…", "*", name.rstrip("/"))
        if not any(ROOT.glob(pattern)):
            missing.add(name)
    assert missing == {"tests/cli/test_VERB_command.py"} - {
        "tests/cli/test_VERB_command.py" for _path in ROOT.glob("tests/cli/test_*_command.py")
    }


def test_the_forges_workflow_runs_what_ci_runs() -> None:
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8"))
    (job,) = workflow["jobs"].values()
    assert job["steps"][-1]["run"] == "bash .ci/run"
    assert not [step for step in job["steps"] if "uses" in step]
    assert workflow["permissions"] == {"contents": "read"}


def test_a_commit_is_checked_by_the_tools_of_the_environment() -> None:
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    (repository,) = config["repos"]
    assert repository["repo"] == "local"
    style = (ROOT / "script/test").read_text(encoding="utf-8")
    for hook in repository["hooks"]:
        program, _space, rest = hook["entry"].removeprefix(".venv/bin/").partition(" ")
        assert f"    {program}" in style or rest.startswith("-m pytest"), hook


def test_what_changes_stands_below_the_version_that_brings_it() -> None:
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert re.findall(r"(?m)^## ([\d.]+)", changes)[0] == version


def test_who_files_an_issue_is_told_what_to_leave_out() -> None:
    forms = sorted(path for path in (ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml"))
    assert [path.name for path in forms] == ["config.yml", "fault.yml", "wish.yml"]
    fault = yaml.safe_load(forms[1].read_text(encoding="utf-8"))
    told = fault["body"][0]["attributes"]["value"]
    assert "Leave out** passwords" in told
    assert "Lassen Sie weg:** Passwörter" in told
    assert len({part["id"] for part in fault["body"][1:]}) == len(fault["body"]) - 1
