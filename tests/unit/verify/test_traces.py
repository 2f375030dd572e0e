"""Whose log it is in which a visit, or only an address, was found."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from provision.verify.evidence import Evidence
from provision.verify.finding import State
from provision.verify.inside import reading, traces
from provision.verify.inside.traces import written
from provision.verify.judges import inside_view as view
from provision.verify.judges.inside_logs import no_access_log
from tests.remedies import tried_by
from tests.unit.verify import good

if TYPE_CHECKING:
    from pathlib import Path

    from provision.verify.finding import Finding

REMEDIES = tried_by(
    "tests/unit/verify/test_traces.py::test_a_program_that_writes_no_rooms_any_more_is_followed"
)


@pytest.mark.parametrize(
    ("path", "line", "place"),
    [
        (
            "/var/log/syslog",
            b"2026-12-01T13:53:36.123+01:00 meet nginx: meet nginx: 203.0.113.9 - GET /room",
            "/var/log/syslog: nginx",
        ),
        (
            "/var/log/kern.log",
            b"Dec  1 13:53:36 meet kernel: [UFW BLOCK] IN=eth0 SRC=203.0.113.9",
            "/var/log/kern.log: kernel",
        ),
        (
            "/var/log/auth.log",
            b"Dec 11 13:53:36 meet polkitd[812]: from 203.0.113.9",
            "/var/log/auth.log: polkitd",
        ),
        (
            "/var/log/nginx/access.log",
            b'203.0.113.9 - - [01/Dec/2026:13:53:36 +0000] "GET /room HTTP/2.0" 200',
            "/var/log/nginx/access.log",
        ),
        (
            "/var/log/prosody/prosody.log",
            b"Dec 01 13:53:36 c2s55d0\tinfo\tClient connected: 203.0.113.9",
            "/var/log/prosody/prosody.log",
        ),
        (
            "/var/log/fail2ban.log",
            b"2026-12-01 13:53:36,123 fail2ban.filter [99]: INFO [nginx] Found 203.0.113.9",
            "/var/log/fail2ban.log",
        ),
    ],
)
def test_who_wrote_a_line(path: str, line: bytes, place: str) -> None:
    assert written(path, line) == place


@pytest.mark.parametrize(
    ("place", "name"),
    [
        ("/var/log/syslog: nginx", "web"),
        ("/var/log/nginx/error.log", "errors"),
        ("journal: prosody", "prosody"),
        ("/var/log/auth.log: polkitd", view.OTHERS),
        ("/var/log/fail2ban.log", view.OTHERS),
        ("/var/log/kern.log: kernel", view.OTHERS),
        ("journal: kernel", view.OTHERS),
    ],
)
def test_whose_log_it_is(place: str, name: str) -> None:
    assert view.owner(place) == name


def test_nginx_is_not_accused_of_what_others_write() -> None:
    data = good.data()
    found = data["inside"]["parts"]["traces"]
    found["addressed"] = {"/var/log/kern.log: kernel": 7, "/var/log/fail2ban.log": 1}
    finding = no_access_log(Evidence(data))
    assert finding.state is State.FULFILLED
    assert finding.sentence == (
        "nginx writes no visit down. Others wrote down this computer's address: "
        "/var/log/fail2ban.log: one line of this check, "
        "/var/log/kern.log: kernel: 7 lines of this check"
    )
    found["marked"] = {"/var/log/suricata/http.log": 2}
    finding = no_access_log(Evidence(data))
    assert finding.state is State.FAILED
    assert finding.sentence == (
        "Which room was visited was written down, not by nginx: "
        "/var/log/suricata/http.log: 2 lines of this check"
    )


def test_a_program_that_writes_no_rooms_any_more_is_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(traces, "LOGS", str(tmp_path))
    monkeypatch.setattr(reading, "stream", lambda *_command: iter(()))
    log = tmp_path / "suricata" / "http.log"
    log.parent.mkdir()

    def judged() -> Finding:
        data = good.data()
        wanted = {"seconds": 60, "marker": "provision-verify-"}
        data["inside"]["parts"]["traces"] = traces.search(wanted)
        return no_access_log(Evidence(data))

    log.write_text("meet.example.org /provision-verify-0123456789ab\n")
    finding = judged()
    assert finding.sentence == (
        f"Which room was visited was written down, not by nginx: {log}: one line of this check"
    )
    assert finding.remedy in REMEDIES
    # What was written before this visit stays until it is rotated away.
    os.utime(log, (0, 0))
    assert judged().state is State.FULFILLED
