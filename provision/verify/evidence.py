"""What was measured on one server: plain data by section, or the reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from provision.messages.i18n import _
from provision.messages.reasons import told
from provision.messages.words import cut

if TYPE_CHECKING:
    from collections.abc import Mapping

SECTIONS = (
    "tls",  # protocols, ciphers, curves, compliance with Mozilla's intermediate profile
    "certificates",  # of 443 and of TURN: chain, names, end
    "http",  # status, headers and redirects of a dozen paths; port 80
    "ports",  # reachable TCP and UDP ports over IPv4 and IPv6
    "config",  # config.js as a JavaScript engine evaluates it, for several paths
    "xmpp",  # what a stranger may do over BOSH and websocket
    "lesson",  # what a teacher and guests experience; needs the temporary teacher
    "relay",  # STUN and TURN: allowed and refused peers
    "inside",  # one read-only collection on the server
    "browser",  # requests, storage, tracks, links in a real Chromium
    "history",  # the last report of an earlier day, beside inventory.yml
)
"""Every section in the order in which reports show it."""
LONGEST = 300
"""So many signs of what a server says are shown."""


class NotMeasuredError(Exception):
    """A probe or judge cannot say anything, for the reason that the text gives.

    A report may speak another language than the terminal, so the reason is best given as
    `NotMeasuredError(N_("{host} does not answer"), host=host)`: it is translated when it is shown.
    """

    def __init__(self, message: str = "", **values: object) -> None:
        super().__init__(message, values)
        self.message = message
        self.values = values

    def __str__(self) -> str:
        text = _(self.message)
        return (
            text.format(**{name: _shown(value) for name, value in self.values.items()})
            if (self.values)
            else text
        )


def _shown(value: object) -> object:
    """Return a value as a sentence can hold it: a server may say very much."""
    return cut(told(value), LONGEST) if isinstance(value, str) else value


@dataclass(frozen=True)
class Evidence:
    """The sections that a run produced. Data is what JSON can hold, and holds no secret."""

    data: Mapping[str, dict[str, Any]]
    missing: Mapping[str, NotMeasuredError] = field(default_factory=dict)
    """The reason for each section that could not be measured."""

    def __getitem__(self, section: str) -> dict[str, Any]:
        """Return the data of a section, or raise NotMeasuredError with the reason."""
        assert section in SECTIONS, section
        try:
            return self.data[section]
        except KeyError:
            raise self.missing.get(section, NotMeasuredError()) from None
