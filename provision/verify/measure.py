"""Runs probes side by side, on several servers at once, and gathers what they measured."""

from __future__ import annotations

import importlib
import queue
import threading
import time
import traceback
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from provision.messages.i18n import N_
from provision.messages.reasons import plain
from provision.verify.evidence import SECTIONS, Evidence, NotMeasuredError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from provision.verify.target import Target

OUTSIDE = ("tls", "certificates", "http", "ports", "config", "xmpp", "relay")
"""What anybody can measure without credentials."""
LAST = ("inside",)
"""What looks for the traces that the others left, when these have ended."""
SERVERS = 4
"""How many are looked at in the same moment."""
PATIENCE = 2.5
"""After how many times the seconds that it was given a probe is no longer waited for."""
LONGER = {"browser": 13.0}
"""The same for probes that take longer by their nature."""


@dataclass
class _Run:
    """One server, while its probes run."""

    target: Target
    deadlines: dict[str, float]
    """When a section that is still being measured is given up, by time.monotonic()."""
    waiting: list[str]
    """Sections that begin when no other is being measured any more."""
    data: dict[str, dict[str, Any]] = field(default_factory=dict)
    missing: dict[str, NotMeasuredError] = field(default_factory=dict)


def measure(target: Target, sections: Iterable[str]) -> Evidence:
    """Return the evidence of the probes `probes/<section>.py` about one server."""
    return next(measure_all({"": target}, sections))[1]


def measure_all(
    targets: Mapping[str, Target],
    sections: Iterable[str],
    observe: Callable[[str, str], None] = lambda _key, _section: None,
) -> Iterator[tuple[str, Evidence]]:
    """Yield the evidence of each server, as soon as it is complete.

    A probe that fails, breaks or hangs costs its own section only. `observe` is called with the
    server's key and the section when one was measured. Whoever interrupts waits until probes that
    leave something on a server have taken it away again.
    """
    wanted = [section for section in SECTIONS if section in set(sections)]
    waiting = dict(targets)
    running: dict[str, _Run] = {}
    arrivals: queue.SimpleQueue[tuple[str, str, dict[str, Any] | Exception]] = queue.SimpleQueue()
    try:
        while waiting or running:
            while waiting and len(running) < SERVERS:
                key = next(iter(waiting))
                running[key] = _Run(
                    replace(waiting.pop(key), begun=time.monotonic()),
                    {},
                    [section for section in wanted if section in LAST],
                )
                _start(key, running[key], set(wanted) - set(LAST), arrivals)
            _receive(running, arrivals, observe)
            for key, run in running.items():
                if not run.deadlines:
                    _start(key, run, run.waiting, arrivals)
                    run.waiting = []
            for key in [key for key, run in running.items() if not run.deadlines]:
                run = running.pop(key)
                yield key, Evidence(run.data, run.missing)
    finally:
        while any(run.deadlines for run in running.values()):
            _receive(running, arrivals, observe)


def _start(key: str, run: _Run, sections: Iterable[str], arrivals: Any) -> None:
    """Start a thread for each section; none of them keeps the program from ending."""
    now = time.monotonic()
    for section in sections:
        run.deadlines[section] = now + run.target.seconds * LONGER.get(section, PATIENCE)
        threading.Thread(
            target=lambda section=section: arrivals.put(
                (key, section, _probe(section, run.target))
            ),
            name=f"{key} {section}",
            daemon=True,
        ).start()


def _receive(
    running: Mapping[str, _Run], arrivals: Any, observe: Callable[[str, str], None]
) -> None:
    """Take what the next probe says, or give up those that are overdue."""
    now = time.monotonic()
    next_deadline = min(
        (moment for run in running.values() for moment in run.deadlines.values()), default=now
    )
    try:
        key, section, found = arrivals.get(timeout=max(next_deadline - now, 0))
    except queue.Empty:
        now = time.monotonic()
        for name, run in running.items():
            for section in [part for part, moment in run.deadlines.items() if moment <= now]:
                run.deadlines.pop(section)
                run.missing[section] = NotMeasuredError(N_("It took too long and was given up."))
                observe(name, section)
        return
    if key not in running or running[key].deadlines.pop(section, None) is None:
        return  # given up meanwhile
    if isinstance(found, dict):
        running[key].data[section] = found
    else:
        running[key].missing[section] = _reason(found, running[key].target)
    observe(key, section)


def _probe(section: str, target: Target) -> dict[str, Any] | Exception:
    """Return what a probe found, or what kept it from it."""
    try:
        module = importlib.import_module(f"provision.verify.probes.{section}")
        found: dict[str, Any] = module.measure(target)
    except Exception as error:  # noqa: BLE001 - a server that somebody else runs may do anything
        return error
    return found


def _reason(error: Exception, target: Target) -> NotMeasuredError:
    """Return why there is nothing, for people."""
    if isinstance(error, NotMeasuredError):
        return error
    if isinstance(error, OSError) and error.filename is None:
        return NotMeasuredError(
            N_("{host} does not answer: {reason}"),
            host=target.host,
            reason=plain(error),
        )
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return NotMeasuredError(
        N_("This is a bug in provision itself: {kind} in {place}."),
        kind=type(error).__name__,
        place=f"{Path(frame.filename).name}:{frame.lineno}",
    )
