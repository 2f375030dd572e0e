"""Which server an audit asks: the one that a browser would open."""

from __future__ import annotations

import pytest

from provision.messages.errors import UsageError
from provision.verify.stranger import host_of


@pytest.mark.parametrize(
    ("written", "host"),
    [
        ("https://meet.example.org/room", "meet.example.org"),
        ("Meet.Example.org.", "meet.example.org"),
        ("https://meet.straße-schule.de", "meet.xn--strae-schule-o9a.de"),
        ("meet.xn--strae-oqa.de", "meet.xn--strae-oqa.de"),
        ("meet.schule-süd.de", "meet.xn--schule-sd-x9a.de"),
        ("https://r3---x.süd.example", "r3---x.xn--sd-xka.example"),
        ("203.0.113.10", "203.0.113.10"),
    ],
)
def test_the_server_is_the_one_that_a_browser_opens(written: str, host: str) -> None:
    assert host_of(written) == host


@pytest.mark.parametrize(
    "written", ["", "https://", "https://snow☃.de", "https://a_b.de", "ftp://x.de"]
)
def test_what_is_no_name_is_refused(written: str) -> None:
    with pytest.raises(UsageError):
        host_of(written)
