"""Runs probes side by side and gathers what they measured."""

from __future__ import annotations

import importlib
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from provision.i18n import N_
from provision.verify.evidence import SECTIONS, Evidence, NotMeasuredError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from provision.verify.target import Target

OUTSIDE = ("tls", "certificates", "http", "ports", "config", "xmpp", "relay")
"""What anybody can measure without credentials."""


def measure(target: Target, sections: Iterable[str]) -> Evidence:
    """Return the evidence of the probes `probes/<section>.py`, run side by side.

    A probe that fails or breaks costs its own section only.
    """
    wanted = [section for section in SECTIONS if section in set(sections)]
    data: dict[str, dict[str, Any]] = {}
    missing: dict[str, NotMeasuredError] = {}
    with ThreadPoolExecutor(max_workers=len(wanted) or 1) as pool:
        running = {section: pool.submit(_probe, section, target) for section in wanted}
        for section, future in running.items():
            try:
                data[section] = future.result()
            except NotMeasuredError as reason:
                missing[section] = reason
            except OSError as error:
                missing[section] = NotMeasuredError(
                    N_("{host} does not answer: {reason}"),
                    host=target.host,
                    reason=error.strerror or error,
                )
    return Evidence(data, missing)


def _probe(section: str, target: Target) -> dict[str, Any]:
    module = importlib.import_module(f"provision.verify.probes.{section}")
    found: dict[str, Any] = module.measure(target)
    return found
