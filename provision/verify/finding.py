"""What one judge says: the state of a control, a sentence, and with a failure what to do."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from provision.messages.words import cut

LONGEST = 2000
"""No sentence of a report is longer, whatever a server has sent."""


class State(Enum):
    """What can be said of a control."""

    FAILED = "failed"
    NOT_MEASURED = "not measured"
    OPEN = "open"
    """The school or the provider has to confirm it, and did not yet."""
    CONFIRMED = "confirmed"
    """The school says so in inventory.yml; what can be measured of it is fulfilled."""
    FULFILLED = "fulfilled"
    NOT_VISIBLE = "not visible"
    """It can only be measured from a side from which nobody looked."""


class Finding(NamedTuple):
    """What one part of a control's proof found."""

    state: State
    sentence: str
    """What was seen, for people; with FAILED the evidence, with NOT_MEASURED the reason."""
    remedy: str = ""
    """What to do, with FAILED."""


def fulfilled(sentence: str) -> Finding:
    """Return that what was measured is as required."""
    return Finding(State.FULFILLED, cut(sentence, LONGEST))


def failed(sentence: str, remedy: str) -> Finding:
    """Return what was seen instead, and what to do."""
    return Finding(State.FAILED, cut(sentence, LONGEST), remedy)
