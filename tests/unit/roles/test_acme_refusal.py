"""What a refused certificate is about: which name, which record, and until when to wait."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from tests.unit import modules
from tests.unit.modules import Server
from tests.unit.roles.test_causes import ERROR, RECORDED, REFUSED

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

NAMES = ["meet.example.org", "turn.example.org"]
RECORDS = {"A": "203.0.113.10", "AAAA": "2001:db8::10"}
BOTH = "meet.example.org  A  203.0.113.10\nmeet.example.org  AAAA  2001:db8::10"
URL = "http://meet.example.org/.well-known/acme-challenge/Zm9v"
NOT_FOUND = f"203.0.113.99: Invalid response from {URL}: 404"
LIMIT = (
    "too many certificates (5) already issued for this exact set of identifiers in the last "
    "168h0m0s, retry after 2026-11-23 04:04:50 UTC: see https://letsencrypt.org/docs/rate-limits/"
)
LETS_ENCRYPT = "https://acme-v02.api.letsencrypt.org/directory"


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Server:
    """A directory that the modules take for a server."""
    return Server(tmp_path, monkeypatch)


@pytest.fixture
def certificates(server: Server) -> ModuleType:
    """The module that asks for certificates."""
    return server.module("acme_certificate")


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory in which stand-ins for certbot and dig belong."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder


def program(programs: Path, name: str, script: str) -> None:
    """Write a stand-in, which also notes how it was called."""
    (programs / name).write_text(f'#!/bin/sh\necho {name} "$@" >> {programs}/calls\n{script}\n')
    (programs / name).chmod(0o755)


def names_lead_to(programs: Path, *addresses: str) -> None:
    """Let the name servers know these addresses, behind another name."""
    four = " ".join(address for address in addresses if "." in address)
    six = " ".join(address for address in addresses if ":" in address)
    program(
        programs,
        "dig",
        f"case $* in *AAAA*) list='{six}';; *) list='host.example.net. {four}';; esac\n"
        'for one in $list; do echo "$one"; done',
    )


def refused(programs: Path, text: str, *, only: str = "*") -> None:
    """Let certbot print a text and fail, where its arguments are like a pattern."""
    program(programs, "certbot", f"case \"$*\" in {only}) cat <<'TEXT'\n{text}TEXT\nexit 1;; esac")


class Ask(Protocol):
    """Ask for a school's certificate, and return what the module answers."""

    def __call__(self, **more: Any) -> dict[str, Any]: ...


@pytest.fixture
def ask(certificates: ModuleType, capsys: pytest.CaptureFixture[str]) -> Ask:
    """Run the module for a school with two names."""
    usual = {
        "names": NAMES,
        "contact": "it@example.org",
        "directory": "https://127.0.0.1:9/directory",
        "webroot": "/var/lib/jitsi-provision/acme",
        "records": RECORDS,
        "addresses": [*RECORDS.values()],
    }
    return lambda **more: modules.run(certificates, capsys, **usual | more)


def told(answer: dict[str, Any]) -> dict[str, Any]:
    """Return what the sentences are made of, but for the authority's own words."""
    wanted = ("kind", "name", "records", "found", "until", "authority")
    return {word: answer[word] for word in wanted if word in answer}


def test_a_name_that_no_server_knows(ask: Ask, programs: Path) -> None:
    refused(programs, REFUSED.format(type="connection", detail="Timeout during connect"))
    names_lead_to(programs)
    assert told(ask()) == {
        "kind": "acme_dns", "name": "meet.example.org", "records": BOTH,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("addresses", "found"),
    [
        (["203.0.113.99"], "203.0.113.99"),
        (["203.0.113.10", "2001:db8::99"], "2001:db8::99"),
        (["203.0.113.98", "2001:db8::99"], "203.0.113.98, 2001:db8::99"),
    ],
)
def test_a_name_that_leads_elsewhere(
    ask: Ask,
    programs: Path,
    addresses: list[str],
    found: str,
) -> None:
    refused(programs, REFUSED.format(type="unauthorized", detail=NOT_FOUND))
    names_lead_to(programs, *addresses)
    assert told(ask()) == {
        "kind": "acme_elsewhere", "name": "meet.example.org", "found": found, "records": BOTH,
    }  # fmt: skip


def test_the_second_name_is_named_where_only_that_is_refused(ask: Ask, programs: Path) -> None:
    text = REFUSED.format(type="dns", detail="no valid A records found for turn.example.org")
    refused(programs, text.replace("Domain: meet.", "Domain: turn."))
    names_lead_to(programs)
    answer = told(ask(records={"A": "203.0.113.10"}))
    assert answer == {
        "kind": "acme_dns",
        "name": "turn.example.org",
        "records": "turn.example.org  A  203.0.113.10",
    }


def test_all_names_that_are_refused_get_their_records_the_pages_first(
    ask: Ask, programs: Path
) -> None:
    text = REFUSED.format(type="dns", detail="no valid A records found for {name}")
    block = text[text.index("  Domain:") : text.index("\n\nHint")]
    turn = block.replace("Domain: meet.", "Domain: turn.")
    refused(programs, text.replace(block, f"{turn}\n\n{block}"))
    names_lead_to(programs)
    answer = told(ask(records={"A": "203.0.113.10"}))
    assert answer == {
        "kind": "acme_dns",
        "name": "meet.example.org",
        "records": "meet.example.org  A  203.0.113.10\nturn.example.org  A  203.0.113.10",
    }


@pytest.mark.parametrize("code", [0, 9])
def test_a_name_that_leads_here_or_cannot_be_looked_up_is_the_firewalls_matter(
    ask: Ask, programs: Path, code: int
) -> None:
    refused(programs, REFUSED.format(type="connection", detail="Timeout during connect"))
    program(programs, "dig", f"case $* in *AAAA*) ;; *) echo 203.0.113.10 ;; esac; exit {code}")
    assert told(ask()) == {
        "kind": "acme_connection", "name": "meet.example.org", "records": BOTH,
    }  # fmt: skip


CAA = [
    ("CAA record for example.org prevents issuance", "example.org"),
    ("CAA record for meet.example.org prevents issuance", "meet.example.org"),
    ("CAA says no", "meet.example.org"),
]


@pytest.mark.parametrize(("detail", "name"), CAA)
def test_a_record_that_forbids_the_authority_is_named_with_its_owner(
    ask: Ask, programs: Path, detail: str, name: str
) -> None:
    refused(programs, REFUSED.format(type="caa", detail=detail))
    # The directory of this authority does not answer, so nobody knows its name.
    assert told(ask()) == {"kind": "acme_caa", "name": name, "records": BOTH}


def test_an_authority_is_called_what_its_directory_says(
    certificates: ModuleType, ask: Ask, programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused(programs, REFUSED.format(type="caa", detail=CAA[0][0]))
    monkeypatch.setattr(certificates, "identity", lambda _directory, _file: "authority.example")
    assert told(ask()) == {
        "kind": "acme_caa_record",
        "name": "example.org",
        "records": BOTH,
        "authority": "authority.example",
    }


class Directory(BaseHTTPRequestHandler):
    """An authority's directory, with what it is called if that is asked for."""

    def do_GET(self) -> None:
        """Answer."""
        meta = {"caaIdentities": ["authority.example", "other.example"]}
        known = {"meta": meta} if self.path == "/named" else {"newOrder": "x"}
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(known).encode() if self.path != "/torn" else b"{")

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize(
    ("path", "name"), [("named", "authority.example"), ("nameless", ""), ("torn", "")]
)
def test_the_name_of_an_authority_stands_in_its_directory(path: str, name: str) -> None:
    with HTTPServer(("127.0.0.1", 0), Directory) as web:
        Thread(target=web.handle_request, daemon=True).start()
        url = f"http://127.0.0.1:{web.server_port}/{path}"
        assert modules.utility("acme_refusal").identity(url, "") == name


@pytest.mark.parametrize(
    ("detail", "wanted"),
    [
        (LIMIT, {"kind": "acme_rate_limit_until", "until": "2026-11-23 04:04 UTC"}),
        (
            "too many failed authorizations (5), retry after 2026-11-23T05:06:07Z: see https://x",
            {"kind": "acme_rate_limit_until", "until": "2026-11-23 05:06 UTC"},
        ),
        ("Service busy; retry later.", {"kind": "acme_rate_limit"}),
    ],
)
def test_when_the_authority_may_be_asked_again(
    ask: Ask,
    programs: Path,
    detail: str,
    wanted: dict[str, str],
) -> None:
    refused(programs, ERROR.format(detail=detail))
    assert told(ask()) == wanted


def calls(programs: Path) -> list[str]:
    """Return how certbot was called, each time only what differs."""
    lines = (programs / "calls").read_text().splitlines()
    return ["trial" if "--dry-run" in line else "real" for line in lines if "certbot" in line]


def test_lets_encrypt_is_asked_by_a_trial_first(ask: Ask, programs: Path) -> None:
    program(programs, "certbot", "exit 0")
    assert ask(directory=LETS_ENCRYPT)["changed"]
    assert calls(programs) == ["trial", "real"]


def test_a_name_that_fails_its_trial_uses_up_no_attempt(ask: Ask, programs: Path) -> None:
    recorded = (RECORDED / "certbot-4.0" / "nxdomain.txt").read_text()
    refused(programs, recorded, only="*--dry-run*")
    names_lead_to(programs)
    assert ask(directory=LETS_ENCRYPT)["kind"] == "acme_dns"
    assert calls(programs) == ["trial"]


def test_a_service_for_trials_that_rests_stops_nothing(ask: Ask, programs: Path) -> None:
    recorded = (RECORDED / "certbot-4.0" / "directory-refused.txt").read_text()
    refused(programs, recorded, only="*--dry-run*")
    assert ask(directory=LETS_ENCRYPT)["changed"]
    assert calls(programs) == ["trial", "real"]


def test_another_authority_has_no_trials(ask: Ask, programs: Path) -> None:
    program(programs, "certbot", "exit 0")
    assert ask()["changed"]
    [line] = (programs / "calls").read_text().splitlines()
    assert "--dry-run" not in line
    assert "--cert-name meet.example.org --domains meet.example.org,turn.example.org" in line
    assert "--renew-with-new-domains" in line


def test_an_authority_that_mislays_a_number_is_asked_again(ask: Ask, programs: Path) -> None:
    text = ERROR.format(detail="JWS has an invalid anti-replay nonce: 4Zm9v")
    count = f"$(grep -c certbot {programs}/calls)"
    program(programs, "certbot", f"[ {count} -gt 3 ] && exit 0; cat <<'TEXT'\n{text}TEXT\nexit 1")
    assert ask()["changed"]
    assert calls(programs) == ["real"] * 4
    program(programs, "certbot", f"cat <<'TEXT'\n{text}TEXT\nexit 1")
    assert ask()["kind"] == "acme_failed"
    assert calls(programs) == ["real"] * 8
