"""Help, languages, and what happens when something goes wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import pytest

from provision.cli import COMMANDS, verbs
from provision.cli.help import split_example
from provision.inventory import reading
from provision.messages.errors import BugError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.cli.conftest import Run

LIST_HELP = """\
Usage: provision list [OPTIONS]

List the schools of inventory.yml, and what is wrong with the file.

Options
  -i, --inventory FILE  The file with the schools; else inventory.yml in this directory.
  --json                Write JSON for a machine.

For example
  provision list
"""

LIST_HELP_IN_GERMAN = """\
Aufruf: provision list [OPTIONEN]

Die Schulen aus inventory.yml auflisten, und was an der Datei falsch ist.

Optionen
  -i, --inventory DATEI  Die Datei mit den Schulen; sonst inventory.yml in diesem Verzeichnis.
  --json                 JSON für eine Maschine schreiben.

Zum Beispiel
  provision list
"""


@pytest.mark.parametrize("arguments", [(), ("--help",), ("-h",), ("--lang", "en", "--help")])
def test_the_overview_lists_every_command_in_its_order(
    run: Run, arguments: tuple[str, ...]
) -> None:
    code, out, err = run(*arguments)
    assert (code, err) == (0, "")
    begin, _heading, rest = out.partition("Commands\n")
    assert begin == (
        "A school's own Jitsi Meet on a rented Debian server, closed and private.\n\n"
        "Usage: provision COMMAND [SCHOOL] [OPTIONS]\n\n"
    )
    listed, _heading, end = rest.partition("\nOptions\n")
    assert [line.split(maxsplit=1) for line in listed.splitlines()] == [
        [verb, sentence] for verb, sentence in COMMANDS.items()
    ]
    assert end == (
        "  --lang de|en          Speak German or English; else the language of your terminal.\n"
        "  --help                Show help, also for one command: provision new --help\n"
        "  --version             Show the version.\n"
        "  --install-completion  Let Tab complete commands, options and schools in this shell.\n\n"
        "Begin with: provision new\n"
    )


@pytest.mark.parametrize("verb", COMMANDS)
def test_every_command_has_the_same_sentence_everywhere(verb: str) -> None:
    assert verbs.load(verb).help.partition("\n")[0] == COMMANDS[verb]


def every_command() -> Iterator[tuple[str, Any]]:
    """Yield every command and those below it, with what has to be typed."""
    for verb in COMMANDS:
        command = verbs.load(verb)
        below = getattr(command, "commands", {})
        yield from ((f"provision {verb} {name}", item) for name, item in below.items())
        if not below:
            yield f"provision {verb}", command


@pytest.mark.parametrize(("typed", "command"), list(every_command()))
def test_every_command_has_help_with_an_example_of_itself(typed: str, command: Any) -> None:
    description, example = split_example(command.help)
    assert description.partition("\n")[0].endswith(".")
    assert example.splitlines()
    assert all(line.startswith(typed) for line in example.splitlines() if line[0] != " ")
    options = [param for param in command.params if "--help" not in param.opts]
    assert all(param.help.endswith((".", "--all")) for param in options), typed


@pytest.mark.parametrize("arguments", [("list", "--help"), ("list", "-x", "-h")])
def test_help_for_a_command(run: Run, arguments: tuple[str, ...]) -> None:
    assert run(*arguments) == (0, LIST_HELP, "")


@pytest.mark.parametrize(
    "arguments",
    [("--lang", "de", "list", "--help"), ("list", "--help", "--lang=de")],
)
def test_help_in_german(run: Run, arguments: tuple[str, ...]) -> None:
    assert run(*arguments) == (0, LIST_HELP_IN_GERMAN, "")


def test_the_locale_speaks_german(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANG", "de_DE.UTF-8")
    assert run("list", "--help") == (0, LIST_HELP_IN_GERMAN, "")


def test_the_version(run: Run) -> None:
    assert run("--version") == (0, f"jitsi-provision {version('jitsi-provision')}\n", "")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("nwe",),
            "✗ There is no command nwe\n  Next   did you mean `provision new`?\n",
        ),
        (
            ("frobnicate",),
            "✗ There is no command frobnicate\n  Next   `provision --help` lists all commands\n",
        ),
        (
            ("list", "--jsno"),
            "✗ There is no option --jsno\n  Next   did you mean --json?\n",
        ),
        (
            ("list", "-q"),
            "✗ There is no option -q\n  Next   `provision list --help` shows how it is used\n",
        ),
        (
            ("list", "nord"),
            (
                "✗ There is a word too many: nord\n"
                "  Next   `provision list --help` shows how it is used\n"
            ),
        ),
        (
            ("list", "-i"),
            "✗ -i needs a value\n  Next   `provision list --help` shows how it is used\n",
        ),
        (
            ("list", "nord", "sued"),
            (
                "✗ There is a word too many: nord sued\n"
                "  Next   `provision list --help` shows how it is used\n"
            ),
        ),
        (
            ("list", "--json=1"),
            ("✗ --json takes no value\n  Next   `provision list --help` shows how it is used\n"),
        ),
        (
            ("connect", "--password-fd", "three"),
            (
                "✗ The value of --password-fd does not fit\n"
                "  Why    Write a whole number, for instance 0.\n"
                "  Next   `provision connect --help` shows how it is used\n"
            ),
        ),
        (
            ("teachers",),
            "✗ `provision teachers` needs to know what to do\n  Next   provision teachers --help\n",
        ),
        (
            ("teachers", "ad"),
            "✗ There is no command teachers ad\n  Next   did you mean `provision teachers add`?\n",
        ),
        (
            ("teachers", "frobnicate", "nord"),
            (
                "✗ There is no command teachers frobnicate\n"
                "  Next   `provision teachers --help` lists all commands\n"
            ),
        ),
        (
            ("teachers", "--json", "list"),
            (
                "✗ There is no option --json\n"
                "  Next   `provision teachers --help` shows how it is used\n"
            ),
        ),
        (
            ("teachers", "add", "nord"),
            "✗ NAME is missing\n  Next   `provision teachers add --help` shows how it is used\n",
        ),
        (("--lang", "fr", "list"), "✗ --lang needs one of: en, de\n"),
        (("list", "--lang"), "✗ --lang needs one of: en, de\n"),
    ],
)
def test_a_wrong_command_line_is_told_in_a_sentence(
    run: Run, arguments: tuple[str, ...], message: str
) -> None:
    assert run(*arguments) == (2, "", message)


def breaking(error: BaseException) -> Callable[..., None]:
    """Return a function that fails."""

    def fail(*_arguments: object, **_options: object) -> None:
        secret = "hunter2"  # noqa: F841 - must not be seen
        raise error

    return fail


def test_a_bug_is_a_short_report_without_values(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "load", breaking(KeyError("hunter2")))
    code, out, err = run("list")
    assert (code, out) == (70, "")
    first, why, following = err.splitlines()
    assert first == "✗ This is a bug in provision itself: KeyError"
    assert why.startswith("  Why    ")
    assert "cli/commands/list.py:" in why
    assert following == (
        "  Next   run it again with PROVISION_DEBUG=1 in front and report what it writes"
    )
    assert "hunter2" not in err


def test_a_bug_that_the_program_found_itself_says_what_it_found(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "load", breaking(BugError("provides.yml has no files")))
    code, _out, err = run("list")
    assert code == 70
    assert "provides.yml has no files (" in err


def test_a_bug_shows_everything_where_somebody_asks_for_it(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "load", breaking(KeyError("what")))
    monkeypatch.setenv("PROVISION_DEBUG", "1")
    _code, _out, err = run("list")
    assert err.startswith("Traceback (most recent call last):\n")
    assert "KeyError: 'what'" in err


def test_ctrl_c_ends_with_130(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "load", breaking(KeyboardInterrupt()))
    assert run("list") == (130, "", "\n✗ Interrupted\n")


def test_a_wrong_command_line_is_told_in_german_to_its_end(run: Run) -> None:
    assert run("--lang", "de", "teachers", "ad") == (
        2,
        "",
        "✗ Es gibt keinen Befehl teachers ad\n  Weiter   meinten Sie `provision teachers add`?\n",
    )


def test_a_reader_that_leaves_early_is_no_error() -> None:
    program = subprocess.Popen(
        [sys.executable, "-m", "provision.cli", "schema"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert program.stdout is not None
    program.stdout.close()
    _out, err = program.communicate()
    assert (program.returncode, err) == (0, b"")


def test_help_needs_no_heavy_library() -> None:
    code = (
        "import sys; from provision.cli import main; main(['--help']); "
        "heavy = {'typer', 'rich', 'pydantic', 'ruamel.yaml', 'cryptography', 'ansible'}; "
        "sys.exit(', '.join(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, text=True)
    assert (done.returncode, done.stderr) == (0, "")
