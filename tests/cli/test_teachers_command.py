"""provision teachers, with a server that answers as it is told: no password is ever lost."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from provision.access import connect
from provision.cli import commands
from provision.declared.phases import Task
from provision.play import runner
from provision.teachers import accounts
from tests.inventories import NORD

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Run

SHOWN = "These passwords are shown only now. Hand them over on paper or in person.\n"


class Server:
    """Accounts a, b and c, and what comes in between when they are changed."""

    def __init__(self) -> None:
        self.accounts = ["a", "b", "c"]
        self.between: dict[str, Any] | KeyboardInterrupt | None = None

    def run(
        self,
        _playbook: str,
        _inventory: Path,
        _schools: Any,
        *,
        observe: Callable[[str, str], None],
        variables: dict[str, Any],
    ) -> dict[str, runner.Outcome]:
        """Answer as runner.run does."""
        outcome = runner.Outcome("nord", {Task.SETTINGS: {}})
        observe("nord", "teachers")
        observe("nord", "teachers")
        names = [each["user"] for each in variables.get("teachers_present", [])]
        absent = variables.get("teachers_absent", [])
        if isinstance(self.between, KeyboardInterrupt) and (names or absent):
            raise self.between
        done = {
            "added": [name for name in names if name not in self.accounts],
            "updated": [name for name in names if name in self.accounts],
            "removed": absent,
            "accounts": self.accounts,
        }
        if (names or absent) and isinstance(self.between, dict):
            outcome.failure = {"phase": "teachers", "unreachable": False, **self.between}
        else:
            outcome.results[Task.TEACHERS] = done
        return {"nord": outcome}


@pytest.fixture
def server(inventory: Path, monkeypatch: pytest.MonkeyPatch) -> Server:
    """A server with three teachers, who get pw-1, pw-2 and so on."""
    inventory.write_text(NORD)
    made = Server()
    numbers = iter(range(1, 100))
    monkeypatch.setattr(connect, "ensure", lambda *_arguments: None)
    monkeypatch.setattr(runner, "run", made.run)
    monkeypatch.setattr(accounts, "password", lambda: f"pw-{next(numbers)}")
    return made


def half(verb: str, *names: str) -> dict[str, Any]:
    """Return a failure after which these are done."""
    empty: dict[str, Any] = {"added": [], "updated": [], "removed": []}
    told = {"kind": "account", "msg": "the sessions of b could not be ended"}
    return empty | {verb: list(names)} | told


@pytest.mark.parametrize(
    ("arguments", "out"),
    [
        (["list", "nord"], ["a", "b", "c"]),
        (["password", "nord", "a", "b"], {"a": "pw-1", "b": "pw-2"}),
        (["add", "nord", "d"], {"d": "pw-1"}),
    ],
)
@pytest.mark.usefixtures("server")
def test_a_machine_gets_one_line(run: Run, arguments: list[str], out: Any) -> None:
    done = run("teachers", *arguments, "--json")
    assert (done.code, done.err) == (0, "")
    assert done.out == json.dumps(out) + "\n"


def test_every_command_writes_lines_for_a_machine() -> None:
    """`--json` means one line in every command; a document of many lines is the schema alone."""
    users = set()
    for path in Path(commands.__file__).parent.glob("*.py"):
        names = {
            node.attr if isinstance(node, ast.Attribute) else node.id
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Attribute | ast.Name)
        }
        if "JsonOption" in names:
            assert "result_json" not in names, path
            users.add(path.stem)
    assert users == {"audit", "check", "deploy", "list", "plan", "teachers", "verify"}


def test_what_was_set_before_a_failure_is_shown(run: Run, server: Server) -> None:
    server.between = half("updated", "a", "b")
    assert run("teachers", "password", "nord", "a", "b", "c") == (
        4,
        "teacher  password\na        pw-1\nb        pw-2\n",
        SHOWN
        + """\
✗ Not all accounts could be changed as they should be.
  Why    the sessions of b could not be ended
  Next   run this again; if it stays, look at `journalctl -u prosody` on the server
""",
    )
    server.between = half("added", "d")
    done = run("teachers", "add", "nord", "d", "e", "--json")
    assert (done.code, done.out) == (4, '{"d": "pw-4"}\n')


def test_nothing_is_shown_where_nothing_was_set(run: Run, server: Server) -> None:
    server.between = half("updated")
    done = run("teachers", "password", "nord", "a")
    assert (done.code, done.out) == (4, "")
    assert SHOWN not in done.err


@pytest.mark.parametrize(
    ("between", "code", "last"),
    [
        (KeyboardInterrupt(), 130, "✗ Interrupted\n"),
        (
            {"unreachable": True, "msg": "Shared connection to 203.0.113.10 closed."},
            3,
            "ssh -p 22 root@203.0.113.10\n",
        ),
        ({"msg": "MODULE FAILURE"}, 4, "run this again with -v and read its last lines\n"),
    ],
    ids=["Ctrl-C", "connection", "crash"],
)
def test_what_may_be_set_is_shown_where_nobody_knows(
    run: Run, server: Server, between: Any, code: int, last: str
) -> None:
    server.between = between
    done = run("teachers", "password", "nord", "a", "b")
    assert (done.code, done.out) == (code, "teacher  password\na        pw-1\nb        pw-2\n")
    assert done.err.startswith(
        SHOWN + "! Whether these are in force is not known: a, b. Try them, or run this again.\n"
    )
    assert done.err.endswith(last)


@pytest.mark.parametrize(
    "said",
    [
        (
            "Failed to connect to the host via ssh: ssh: connect to host 203.0.113.10 port 22: "
            "Connection timed out"
        ),
        "root@203.0.113.10: Permission denied (publickey).",
        "Host key verification failed.",
    ],
)
def test_a_server_that_let_nobody_in_has_no_new_password(
    run: Run, server: Server, said: str
) -> None:
    server.between = {"unreachable": True, "msg": said}
    done = run("teachers", "add", "nord", "d")
    assert (done.code, done.out) == (3, "")
    assert "in force" not in done.err


def test_who_was_removed_before_a_failure_is_told(run: Run, server: Server) -> None:
    server.between = half("removed", "a")
    done = run("teachers", "remove", "nord", "a", "b")
    assert (done.code, done.out) == (4, "")
    assert done.err.startswith("✓ removed: a\n✗ Not all accounts could be changed")
    server.between = None
    assert run("teachers", "remove", "nord", "a", "b") == (0, "", "✓ removed: a, b\n")
