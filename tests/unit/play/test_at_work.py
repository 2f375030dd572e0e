"""One deployment at a time: what the server notes of a run, and who waits for whom."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from provision.messages.errors import BusyError
from provision.play import at_work
from tests.unit.modules import Server, utility

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

OURS = {"id": "ours", "who": "anna@desk", "computer": "a", "process": "1 2"}
THEIRS = {"id": "theirs", "who": "ben@laptop", "computer": "b", "process": "3 4"}


class Place:
    """The server's note, and the clock that it goes by."""

    def __init__(self, lock: Any, path: Path) -> None:
        self.lock, self.path, self.now = lock, path, 1000.0
        self.ends: list[Callable[[], None]] = []

    def take(self, run: dict[str, str], over: str = "", *, rehearsal: bool = False) -> Any:
        """Run a module of a run to its end; return nothing, or who is at work."""
        holder = self.lock.take(run, over, rehearsal=rehearsal)
        while self.ends:
            self.ends.pop()()
        return holder


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """A server in which nobody was at work yet."""
    Server(tmp_path, monkeypatch)
    lock: Any = utility("deployment_lock")
    made = Place(lock, tmp_path / "run" / "deployment")
    monkeypatch.setattr(lock, "PLACE", str(made.path))
    monkeypatch.setattr(lock, "_now", lambda: made.now)
    monkeypatch.setattr(
        lock.atexit, "register", lambda end, *given: made.ends.append(lambda: end(*given))
    )
    yield made
    for end in made.ends:
        end()


def test_a_run_keeps_the_server_between_its_modules_and_a_minute_more(place: Place) -> None:
    assert place.take(OURS) == {}
    place.now += 59
    holder = place.take(THEIRS)
    assert holder == OURS | {"at": 1000.0, "seconds": 59, "working": False}
    assert place.take(OURS) == {}
    place.now += 59
    assert place.take(THEIRS)["seconds"] == 118
    place.now += 2
    assert place.take(THEIRS) == {}
    assert place.take(OURS)["id"] == "theirs"


def test_a_module_that_works_holds_it_for_however_long(place: Place) -> None:
    assert place.lock.take(OURS) == {}
    place.now += 10_000
    holder = place.lock.take(THEIRS, over="ours")
    assert (holder["id"], holder["working"]) == ("ours", True)


def test_the_minute_begins_when_the_module_ends(place: Place) -> None:
    assert place.lock.take(OURS) == {}
    place.now += 10_000
    place.ends.pop()()
    place.now += 59
    assert place.take(THEIRS)["id"] == "ours"


def test_what_was_given_back_is_free_at_once(place: Place) -> None:
    place.take(OURS)
    place.lock.give_back(THEIRS)
    assert place.take(THEIRS)["id"] == "ours"
    place.lock.give_back(OURS)
    assert place.take(THEIRS) == {}


def test_a_module_that_gives_back_leaves_nothing(place: Place) -> None:
    place.lock.take(OURS)
    place.lock.give_back(OURS)
    place.ends.pop()()
    assert place.path.read_text() == ""


def test_who_is_known_to_have_ended_is_taken_over_at_once(place: Place) -> None:
    place.take(OURS)
    assert place.take(THEIRS, over="ours") == {}


def test_a_rehearsal_looks_and_leaves_no_trace(place: Place) -> None:
    assert place.take(OURS, rehearsal=True) == {}
    assert not place.path.parent.exists()
    place.take(OURS)
    before = place.path.read_text()
    assert place.take(THEIRS, rehearsal=True)["id"] == "ours"
    assert place.take(OURS, rehearsal=True) == {}
    assert place.path.read_text() == before


@pytest.mark.parametrize("torn", ["", "{", '{"id": "x"}', "[1]", "\x00" * 100])
def test_a_torn_note_is_nobodys(place: Place, torn: str) -> None:
    place.path.parent.mkdir()
    place.path.write_text(torn)
    assert place.take(OURS) == {}


def test_the_kernel_lets_go_of_who_is_killed(place: Place) -> None:
    place.take(OURS)
    held = subprocess.Popen(
        [
            sys.executable,
            "-c",
            ("import fcntl, sys; f = open(sys.argv[1]); fcntl.flock(f, fcntl.LOCK_EX); "
            "print('held', flush=True); sys.stdin.read()"),
            str(place.path),
        ],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert held.stdout
    held.stdout.readline()
    assert place.take(THEIRS, over="ours")["working"] is True
    held.kill()
    held.wait()
    assert place.take(THEIRS, over="ours") == {}


def test_only_root_reads_the_note(place: Place) -> None:
    place.take(OURS)
    assert place.path.stat().st_mode & 0o777 == 0o600
    with place.path.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


# On the technician's computer


class Answers:
    """What a server answers, call by call; the last one for ever."""

    def __init__(self, *holders: dict[str, Any]) -> None:
        self.holders, self.asked = list(holders), list[str]()

    def __call__(self, ended: str) -> dict[str, Any]:
        self.asked.append(ended)
        holder = self.holders.pop(0) if len(self.holders) > 1 else self.holders[0]
        return {"failed": True, "kind": "busy", "holder": holder} if holder else {"server": 1}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """Time that goes by while somebody sleeps, and only then."""
    slept: list[float] = []
    monkeypatch.setattr(at_work.time, "monotonic", lambda: sum(slept))
    monkeypatch.setattr(at_work.time, "sleep", slept.append)
    return slept


def holder(*, alive: bool | None = None, working: bool = False, at: float = 5.0) -> dict[str, Any]:
    """Return a run of another computer, or of this one that lives or has ended."""
    run = at_work.this_run() | {"at": at, "seconds": 63, "working": working}
    if alive is None:
        return run | {"computer": "another", "who": "ben@laptop"}
    return run if alive else run | {"process": f"{os.getpid()} 1"}


def test_a_free_server_is_asked_once(clock: list[float]) -> None:
    answers = Answers({})
    assert at_work.begin(answers) == {"server": 1}
    assert (answers.asked, clock) == ([""], [])


def test_a_run_that_lives_here_is_named_at_once(clock: list[float]) -> None:
    with pytest.raises(BusyError) as error:
        at_work.begin(Answers(holder(alive=True)))
    assert clock == []
    assert error.value.exit_code == 6
    assert error.value.why == (
        f"It runs on this computer as process {os.getppid()}, and was begun 1 min 3 s ago."
    )


def test_a_run_that_ended_here_is_taken_over_at_once(clock: list[float]) -> None:
    ended = holder(alive=False)
    answers = Answers(ended, {})
    assert at_work.begin(answers) == {"server": 1}
    assert (answers.asked, clock) == (["", ended["id"]], [])


def test_the_last_step_of_a_run_that_ended_here_is_waited_for(clock: list[float]) -> None:
    ended = holder(alive=False, working=True)
    answers = Answers(ended, ended, ended, {})
    assert at_work.begin(answers) == {"server": 1}
    assert clock == [1.0] * 3


def test_a_step_that_never_ends_is_not_waited_for_without_end(clock: list[float]) -> None:
    with pytest.raises(BusyError):
        at_work.begin(Answers(holder(alive=False, working=True)))
    assert 120 <= sum(clock) <= 125


def test_a_run_of_another_computer_that_works_is_named_at_once(clock: list[float]) -> None:
    with pytest.raises(BusyError) as error:
        at_work.begin(Answers(holder(working=True)))
    assert clock == []
    assert error.value.why == "ben@laptop has begun it 1 min 3 s ago."


def test_a_run_of_another_computer_that_goes_on_is_named_as_soon_as_that_shows(
    clock: list[float],
) -> None:
    with pytest.raises(BusyError):
        at_work.begin(Answers(holder(), holder(), holder(at=9.0)))
    assert clock == [1.0] * 2


def test_a_run_of_another_computer_that_is_silent_is_waited_for(clock: list[float]) -> None:
    answers = Answers(*[holder()] * 60, {})
    assert at_work.begin(answers) == {"server": 1}
    assert set(answers.asked) == {""}
    assert clock == [1.0] * 60
