"""Focus and bridge, which speak to Prosody over a connection of their own, without a web server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.prosody.person import Refused

if TYPE_CHECKING:
    from tests.prosody.meeting import Meeting


def test_the_focus_may_describe_a_whole_class(meeting: Meeting) -> None:
    question = "<q xmlns='urn:x'>" + "<source ssrc='1'/>" * 20_000 + "</q>"
    with pytest.raises(Refused, match="service-unavailable"):
        meeting.focus.ask("get", meeting.focus.host, question)
