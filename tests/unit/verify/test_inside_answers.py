"""A program of the server that says nothing: no part of the look goes on as if it had answered."""

from __future__ import annotations

import pytest

from provision.verify.inside import program, reading

ASKING = ("updates", "releases", "packages", "sources", "confinement", "rotation", "journal",
          "traces", "sockets", "firewall", "ssh", "timers", "system")  # fmt: skip


def test_what_hangs_fails_or_is_missing_did_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "SECONDS", 0.2)
    with pytest.raises(reading.UnansweredError, match="sleep did not answer in time"):
        reading.ask("sleep", "5")
    with pytest.raises(reading.UnansweredError, match="false ended with 1"):
        reading.ask("false")
    with pytest.raises(reading.UnansweredError, match="no-such-program ended with 127"):
        reading.ask("no-such-program")
    assert reading.ask("sh", "-c", "echo yes; exit 3", good=3) == "yes\n"
    with pytest.raises(reading.UnansweredError, match="cannot be started"):
        list(reading.stream("no-such-program"))
    with pytest.raises(reading.UnansweredError, match="sh ended with 7"):
        list(reading.stream("sh", "-c", "echo one; exit 7"))


@pytest.mark.parametrize("name", ASKING)
def test_a_silent_program_costs_the_part_that_asked_it(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else an empty list of packages would prove that no recorder is installed."""

    def hangs(
        _command: tuple[str, ...], _user: str | None, _given: str, *, both: bool
    ) -> tuple[None, str]:
        del both
        return None, ""

    def cannot(*_command: object, **_options: object) -> None:
        raise OSError

    monkeypatch.setattr(reading, "_run", hangs)
    monkeypatch.setattr(reading.subprocess, "Popen", cannot)
    monkeypatch.setattr(reading, "there", lambda _program: True)
    with pytest.raises(reading.UnansweredError):
        program.PARTS[name]({"marker": "provision-verify-", "seconds": 1, "patience": 9})
