"""Probes run side by side; one that misbehaves costs its own section only."""

from __future__ import annotations

import importlib
import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from provision.verify.evidence import NotMeasuredError
from provision.verify.measure import SERVERS, measure, measure_all
from provision.verify.target import Target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NEVER = threading.Event()


@pytest.fixture(autouse=True)
def end() -> Iterator[None]:
    """Let go of probes that hang, so that no thread outlives its test."""
    NEVER.clear()
    yield
    NEVER.set()


def hang(_target: Target) -> dict[str, Any]:
    NEVER.wait()
    return {}


def refuse(_target: Target) -> dict[str, Any]:
    raise ConnectionRefusedError(111, "Connection refused")


def explain(_target: Target) -> dict[str, Any]:
    raise NotMeasuredError("{file} does not end", file="config.js")


def break_down(_target: Target) -> dict[str, Any]:
    return {}["x"]  # type: ignore[no-any-return]


def probes(patch: pytest.MonkeyPatch, **functions: Callable[[Target], dict[str, Any]]) -> None:
    """Use these functions as probes."""
    patch.setattr(
        importlib,
        "import_module",
        lambda name: SimpleNamespace(measure=functions[name.rpartition(".")[2]]),
    )


def test_what_fails_breaks_or_hangs_costs_its_own_section_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    good = {"status": 200}
    probes(
        monkeypatch, tls=explain, http=lambda _t: good, config=break_down, ports=refuse, xmpp=hang
    )
    evidence = measure(
        Target("meet.example.org", seconds=0.1), ["xmpp", "ports", "config", "http", "tls"]
    )
    assert evidence.data == {"http": good}
    place = f"test_measure.py:{break_down.__code__.co_firstlineno + 1}"
    assert {section: str(reason) for section, reason in evidence.missing.items()} == {
        "tls": "config.js does not end",
        "config": f"This is a bug in provision itself: KeyError in {place}.",
        "ports": "meet.example.org does not answer: Connection refused",
        "xmpp": "It took too long and was given up.",
    }


def test_many_servers_are_looked_at_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    lock, now, most = threading.Lock(), set(), []
    together = threading.Barrier(SERVERS, timeout=10)

    def crowd(target: Target) -> dict[str, Any]:
        with lock:
            now.add(target.domain)
            most.append(len(now))
        together.wait()
        with lock:
            now.discard(target.domain)
        return {"domain": target.domain}

    probes(monkeypatch, http=crowd)
    targets = {f"s{n}": Target(f"s{n}.example.org") for n in range(2 * SERVERS)}
    seen: list[tuple[str, str]] = []
    found = dict(measure_all(targets, ["http"], lambda key, section: seen.append((key, section))))
    assert {key: evidence["http"] for key, evidence in found.items()} == {
        key: {"domain": target.domain} for key, target in targets.items()
    }
    assert max(most) == SERVERS
    assert sorted(seen) == [(key, "http") for key in sorted(targets)]


def test_one_broken_server_does_not_stop_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(target: Target) -> dict[str, Any]:
        return hang(target) if target.domain == "broken" else {"domain": target.domain}

    probes(monkeypatch, http=answer)
    targets = {name: Target(name, seconds=0.2) for name in ("broken", "whole")}
    found = dict(measure_all(targets, ["http"]))
    assert list(found) == ["whole", "broken"]
    assert found["whole"].data == {"http": {"domain": "whole"}}
    assert list(found["broken"].missing) == ["http"]
    # What comes after it was given up is not mixed into anything.
    NEVER.set()
    assert found["broken"].data == {}


def test_whoever_interrupts_waits_for_what_has_to_be_taken_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    taken_away = threading.Event()
    begun = threading.Event()

    def lesson(_target: Target) -> dict[str, Any]:
        begun.set()
        NEVER.wait(0.2)
        taken_away.set()
        return {}

    probes(monkeypatch, lesson=lesson, http=lambda _t: {})

    def interrupt(_key: str, _section: str) -> None:
        begun.wait()
        if not taken_away.is_set():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(measure_all({"x": Target("x")}, ["http", "lesson"], interrupt))
    assert taken_away.is_set()


def test_the_look_from_inside_comes_when_all_others_have_left_their_traces(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    order: list[str] = []

    def leaves_a_trace(_target: Target) -> dict[str, Any]:
        NEVER.wait(0.1)
        order.append("http")
        return {}

    def looks(target: Target) -> dict[str, Any]:
        order.append("inside")
        return {"begun": target.begun}

    probes(monkeypatch, http=leaves_a_trace, tls=explain, inside=looks)
    waited_for_its_turn = Target("meet.example.org", begun=0)
    evidence = measure(waited_for_its_turn, ["inside", "http", "tls"])
    assert order == ["http", "inside"]
    assert evidence["inside"]["begun"] > 0
    assert list(measure(waited_for_its_turn, ["inside"]).data) == ["inside"]
