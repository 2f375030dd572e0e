"""A Content-Security-Policy is read as browsers read it."""

from __future__ import annotations

import pytest

from provision.verify.outside.policy import is_own, policies

DOMAIN = "meet.school.example"


@pytest.mark.parametrize(
    ("header", "directive", "foreign"),
    [
        ("default-src 'self'", "img-src", []),
        ("default-src 'self' https:", "img-src", ["https:"]),
        ("default-src 'none'; img-src *", "img-src", ["*"]),
        ("img-src 'self'", "connect-src", ["*"]),
        ("script-src 'self' https://x.example", "worker-src", ["https://x.example"]),
        ("child-src x.example; default-src 'self'", "frame-src", ["x.example"]),
        ("default-src 'self'", "form-action", ["*"]),
        ("CONNECT-SRC 'SELF' WSS://MEET.SCHOOL.EXAMPLE", "connect-src", []),
        ("img-src 'self'; img-src *", "img-src", []),
    ],
)
def test_what_leads_elsewhere(header: str, directive: str, foreign: list[str]) -> None:
    (policy,) = policies(header)
    assert policy.foreign(directive, DOMAIN) == foreign


@pytest.mark.parametrize(
    ("header", "runs"),
    [
        ("default-src 'self'", False),
        ("default-src 'self' 'unsafe-inline'", True),
        ("script-src 'self' 'unsafe-inline' 'nonce-abc'", False),
        ("script-src 'unsafe-inline' 'strict-dynamic'", False),
        ("img-src 'self'", True),
    ],
)
def test_scripts_inside_the_page(header: str, runs: bool) -> None:
    (policy,) = policies(header)
    assert policy.inline_scripts is runs


def test_header_may_hold_several_policies_or_none() -> None:
    assert [policy.directives for policy in policies("default-src 'self', img-src *; ,;")] == [
        {"default-src": ("'self'",)}, {"img-src": ("*",)},
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("source", "own"),
    [
        ("'self'", True), ("data:", True), ("'nonce-a'", True), (DOMAIN, True),
        (f"wss://{DOMAIN}:443", True), (f"*.{DOMAIN}", True), ("wss:", False),
        ("https://*", False), ("*", False), (f"https://x{DOMAIN}", False),
        ("https://school.example", False), ("'foo'", False),
    ],
)  # fmt: skip
def test_what_is_own(source: str, own: bool) -> None:
    assert is_own(source, DOMAIN) is own
