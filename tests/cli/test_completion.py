"""What the Tab key offers: asked as a shell asks, and in the shells themselves."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pexpect
import pytest

from provision.cli import COMMANDS
from provision.controls import catalogue

if TYPE_CHECKING:
    from tests.cli.conftest import Run

ROOT = Path(__file__).parents[2]
EXAMPLE = (ROOT / "inventory.example").read_text(encoding="utf-8")
BIN = Path(sys.executable).parent
SCHOOLS = ["gymnasium-nord", "comenius-school"]
EVERYWHERE = ["--lang", "--help"]
EVIL = {
    "not there": None,
    "empty": b"",
    "no mapping": b"- schools\n",
    "no text": b"\xff\xfe\x00",
    "a list in place of schools": b"schools:\n  hosts: [a, b]\n",
    "an alias": b"schools:\n  hosts: &x\n    ? *x\n    : *x\n",
    "too deep": b"[" * 100_000,
    "too large": b"#" * 2_000_000,
    "names that no school may have": b'schools:\n  hosts:\n    "$(touch x)": {}\n    "`a`": {}\n'
    b"    ? [a]\n    : b\n    all: {}\n    'a b': {}\n    a;b: {}\n    Nord: {}\n    12: {}\n",
}


class Ask(Protocol):
    """Return what is offered for the last of these words, which may be empty."""

    def __call__(self, *words: str) -> list[str]: ...


@pytest.fixture
def ask(run: Run, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Ask as bash does."""

    def asked(*words: str) -> list[str]:
        monkeypatch.setenv("_PROVISION_COMPLETE", "complete_bash")
        monkeypatch.setenv("COMP_WORDS", " ".join(["provision", *words]))
        monkeypatch.setenv("COMP_CWORD", str(len(words)))
        code, out, err = run()
        assert (code, err) == (0, "")
        return out.split()

    return asked


def test_the_commands_in_their_order(ask: Ask) -> None:
    assert ask("") == list(COMMANDS)
    assert ask("de") == ["deploy"]
    assert ask("teachers", "") == ["add", "password", "remove", "list"]
    assert ask("frobnicate", "") == list(COMMANDS)


def test_the_options_of_a_command_and_those_of_all(ask: Ask) -> None:
    assert ask("list", "--") == ["--inventory", "--json", *EVERYWHERE]
    assert ask("list", "--json", "--j") == []
    assert ask("teachers", "list", "--") == ["--json", "--inventory", *EVERYWHERE]
    assert ask("--") == [
        *EVERYWHERE, "--version", "--install-completion", "--show-completion",
    ]  # fmt: skip
    assert ask("--lang", "") == ask("deploy", "--lang", "") == ["en", "de"]


@pytest.mark.parametrize("verb", ["connect", "check", "plan", "deploy", "verify"])
def test_every_command_for_schools_offers_their_names(ask: Ask, inventory: Path, verb: str) -> None:
    inventory.write_text(EXAMPLE)
    assert ask(verb, "") == SCHOOLS
    assert ask(verb, "--lang", "de", "com") == ["comenius-school"]


@pytest.mark.parametrize("verb", ["add", "password", "remove", "list"])
def test_so_does_every_command_for_teachers(ask: Ask, inventory: Path, verb: str) -> None:
    inventory.write_text(EXAMPLE)
    assert ask("teachers", verb, "") == SCHOOLS
    assert ask("teachers", verb, "gymnasium-nord", "") == []


def test_a_school_is_offered_once(ask: Ask, inventory: Path) -> None:
    inventory.write_text(EXAMPLE)
    assert ask("deploy", "gymnasium-nord", "") == ["comenius-school"]


def test_a_new_school_has_no_name_yet(ask: Ask, inventory: Path) -> None:
    inventory.write_text(EXAMPLE)
    assert ask("new", "") == []


def test_the_file_that_stands_on_the_line_is_read(
    ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "my.yml").write_text(EXAMPLE)
    assert ask("check", "-i", "my.yml", "") == SCHOOLS
    monkeypatch.setenv("HOME", str(tmp_path))
    assert ask("check", "--inventory", "~/my.yml", "") == SCHOOLS
    assert ask("check", "") == []


def test_schools_are_offered_although_their_settings_are_wrong(ask: Ask, inventory: Path) -> None:
    inventory.write_text(
        "schools:\n  vars: {lang: de}\n  hosts:\n    nord:\n      domain: [x]\n"
        "    'sued': &x {hosts: {inner: 1}}\n    ost: *x\n    west:\n  : no YAML: from here\n"
    )
    assert ask("check", "") == ["nord", "sued", "ost", "west"]


@pytest.mark.parametrize("content", EVIL.values(), ids=EVIL)
def test_a_file_that_is_no_inventory_has_nothing_to_offer(
    ask: Ask, inventory: Path, content: bytes | None
) -> None:
    if content is not None:
        inventory.write_bytes(content)
    assert ask("deploy", "") == []


def test_a_pipe_is_not_waited_for(ask: Ask, inventory: Path) -> None:
    os.mkfifo(inventory)
    assert ask("deploy", "") == []


def test_so_many_entries_are_looked_at_and_no_more(ask: Ask, inventory: Path) -> None:
    names = [f"s{number}" for number in range(40_000)]
    inventory.write_text("schools:\n  hosts:\n" + "".join(f"    {name}:\n" for name in names))
    assert 20_000 < len(ask("deploy", "")) < 40_000


def test_the_controls_one_after_the_other(ask: Ask) -> None:
    tls = [name for name in catalogue() if name.startswith("TLS-0")]
    assert ask("verify", "--only", "TLS-0") == tls
    assert ask("verify", "--only", "tls-0") == [name.lower() for name in tls]
    assert ask("verify", "--only", "LOG-01,TLS-0") == [f"LOG-01,{name}" for name in tls]


@pytest.mark.parametrize("verb", COMMANDS)
def test_fish_gets_one_line_for_each_in_the_persons_language(
    run: Run, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    monkeypatch.setenv("LANG", "de_DE.UTF-8")
    monkeypatch.setenv("COLUMNS", "20")
    monkeypatch.setenv("_PROVISION_COMPLETE", "complete_fish")
    monkeypatch.setenv("_TYPER_COMPLETE_FISH_ACTION", "get-args")
    monkeypatch.setenv("_TYPER_COMPLETE_ARGS", f"provision {verb} --")
    code, out, err = run()
    assert (code, err) == (0, "")
    offered = dict(line.split("\t") for line in out.splitlines())
    assert all(name.startswith("--") for name in offered)
    assert offered["--help"] == "Hilfe zeigen, auch zu einem Befehl: provision new --help"


def test_an_answer_loads_nothing_heavy_and_asks_nobody(tmp_path: Path) -> None:
    (tmp_path / "inventory.yml").write_text(EXAMPLE)
    code = (
        "import sys\n"
        "def look(event, what):\n"
        "    if event.startswith(('socket.', 'subprocess.', 'os.exec', 'os.posix_spawn')):\n"
        "        sys.exit(f'{event} {what}')\n"
        "sys.addaudithook(look)\n"
        "from provision.cli import main\n"
        "main([])\n"
        "heavy = {'ansible', 'cryptography', 'paramiko', 'dns', 'ruamel.yaml', 'websockets'}\n"
        "sys.exit(', '.join(heavy & set(sys.modules)) or 0)\n"
    )
    question = {
        "_PROVISION_COMPLETE": "complete_bash", "COMP_WORDS": "provision deploy gym",
        "COMP_CWORD": "2", "PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"],
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path, env=question, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "gymnasium-nord\n", "")


def test_a_fault_of_ours_stays_out_of_the_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_PROVISION_COMPLETE", "complete_bash")
    monkeypatch.delenv("COMP_WORDS", raising=False)
    assert run() == (1, "", "")


TYPED = {
    "provision depl": "<provision><deploy>",
    "provision deploy gymn": "<provision><deploy><gymnasium-nord>",
    "provision teachers add gymn": "<provision><teachers><add><gymnasium-nord>",
    "provision verify --brow": "<provision><verify><--browser>",
    "provision check --inv": "<provision><check><--inventory>",
    "provision check -i inventory.y": "<provision><check><-i><inventory.yml>",
}


@pytest.mark.parametrize(
    ("shell", "language"),
    [("bash", "en_GB"), ("fish", "de_DE"), ("zsh", "en_GB"), ("zsh", "de_DE")],
)
def test_tab_completes_in_a_new_terminal(tmp_path: Path, shell: str, language: str) -> None:
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not installed here; script/test installs it")
    (tmp_path / "inventory.yml").write_text(EXAMPLE)
    environment = {
        "HOME": str(tmp_path), "TERM": "xterm", "LANG": f"{language}.UTF-8",
        "PATH": f"{BIN}:/usr/local/bin:/usr/bin:/bin",
    }  # fmt: skip
    installed = subprocess.run(
        [program, "-c", "provision --install-completion; exit $?" if shell != "fish"
         else "provision --install-completion; exit $status"],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (installed.returncode, installed.stderr) == (0, "")
    assert len(installed.stdout.splitlines()) == 1
    terminal = pexpect.spawn(
        program, ["-i"], cwd=tmp_path, env=environment, encoding="utf-8", timeout=60
    )
    terminal.send("echo rea''dy\r")
    terminal.expect("ready\r")
    for typed, seen in TYPED.items():
        # The line is not run, but printed word by word: Ctrl-A goes to its beginning.
        terminal.send(typed + "\t" + "\x01printf '<%s>' \r")
        terminal.expect_exact(seen)
    terminal.close(force=True)


def test_a_shell_that_is_unknown_is_told(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shellingham.detect_shell", lambda: ("tcsh", "/bin/tcsh"))
    for option in ("--install-completion", "--show-completion"):
        assert run(option) == (
            2,
            "",
            """\
✗ The completion knows bash, zsh and fish; this is called from none of them.
  Next   call it in the terminal of one of these shells
""",
        )


def test_a_home_that_nobody_can_write_is_told(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("shellingham.detect_shell", lambda: ("fish", "/usr/bin/fish"))
    (tmp_path / ".config").write_text("")
    monkeypatch.setenv("HOME", str(tmp_path))
    code, out, err = run("--install-completion")
    assert (code, out) == (5, "")
    assert err.startswith("✗ The completion cannot be written\n  Why    ")
    assert len(err.splitlines()) == 2


def test_the_script_alone(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shellingham.detect_shell", lambda: ("bash", "/bin/bash"))
    code, out, err = run("--show-completion")
    assert (code, err) == (0, "")
    assert out.endswith("complete -o default -F _provision_completion provision\n")
