"""provision verify and provision audit, with probes that need no server."""

from __future__ import annotations

import importlib
import json
import socket
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from provision.verify import stranger
from provision.verify.chromium import installed
from provision.verify.evidence import NotMeasuredError
from provision.verify.outside.web import Answer
from provision.verify.target import USER_AGENT
from tests.inventories import NORD
from tests.unit.verify import invented

if TYPE_CHECKING:
    from pathlib import Path

    from provision.verify.target import Target
    from tests.cli.conftest import Run

TWO = NORD + NORD.partition("hosts:\n")[2].replace("nord", "sued").replace("Nord", "Süd").replace(
    ".10", ".11"
)


@pytest.fixture(autouse=True)
def probes(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Three judges (see invented.py) on probes that answer at once; no Chromium."""
    invented.judges(monkeypatch)
    monkeypatch.setattr(installed, "chromium", lambda: "")
    answers: dict[str, Any] = {}

    def probe(section: str) -> Any:
        def measure(target: Any) -> dict[str, Any]:
            answer = answers.get(section, {})
            if isinstance(answer, Exception) and target.key in {"", "nord"}:
                raise answer
            return {} if isinstance(answer, Exception) else answer

        return SimpleNamespace(measure=measure)

    original = importlib.import_module
    monkeypatch.setattr(
        importlib,
        "import_module",
        lambda name: probe(name.rpartition(".")[2]) if ".probes." in name else original(name),
    )
    return answers


def test_a_school_is_measured_and_reported(run: Run, inventory: Path) -> None:
    inventory.write_text(NORD)
    code, out, err = run("verify")
    lines = out.splitlines()
    assert (code, lines[:4]) == (
        1,
        [
            "Gymnasium Nord · meet.nord.example.org · 203.0.113.10",
            "  ✗ TLS-02 Encryption by the state of the art",
            "           seen",
            "           Next: mend seen",
        ],
    )
    assert lines[-4:] == [
        "  ✓ Transport encryption: TLS-01",
        "",
        "1 of 54 musts fulfilled, 1 failed, 43 not measured, 9 open.",
        "0 of 16 shoulds fulfilled, 0 failed, 14 not measured, 2 open.",
    ]
    page = only_page(inventory)
    took, *rest = err.splitlines()
    assert took.startswith("  ✓ look at the server")
    assert rest == [
        f"Report: {page.relative_to(inventory.parent)}",
        "For a PDF, open the page in a browser and print it into a file.",
    ]
    assert "Was zu tun ist" in page.read_text()  # the school's language, not the terminal's
    assert page.with_suffix(".json").exists()


def test_only_some_controls(run: Run, inventory: Path) -> None:
    inventory.write_text(NORD)
    code, out, _err = run("verify", "nord", "--only", "tls-01,TLS-02", "--only", "TLS-03", "-v")
    assert (code, out) == (
        1,
        """\
Gymnasium Nord · meet.nord.example.org · 203.0.113.10
  ✗ TLS-02 Encryption by the state of the art
           seen
           Next: mend seen
  ! Not measured: TLS-03
    It needs a browser: run it again with --browser.
  ✓ TLS-01 HTTPS on every path
           seen

1 of 3 musts fulfilled, 1 failed, 1 not measured, 0 open.
""",
    )
    assert not (inventory.parent / "reports").exists()
    assert run("verify", "--only", "TLS-01,DOC-03").code == 0


def test_a_server_that_cannot_be_looked_at(
    run: Run, inventory: Path, probes: dict[str, Any]
) -> None:
    inventory.write_text(TWO)
    probes["inside"] = NotMeasuredError("The host key has changed.")
    assert run("verify", "nord", "--only", "STA-03").code == 3
    assert run("verify", "sued", "--only", "STA-03").code == 0
    probes["http"] = ConnectionRefusedError(111, "Connection refused")
    assert run("verify", "nord", "--only", "TLS-01").code == 3


def test_a_control_that_does_not_exist(run: Run, inventory: Path) -> None:
    inventory.write_text(NORD)
    assert run("verify", "--only", "TSL-01") == (
        2,
        "",
        "✗ There is no control TSL-01\n  Next   did you mean TLS-01?\n",
    )


def test_a_machine_reads_a_line_for_each_school(
    run: Run, inventory: Path, probes: dict[str, Any]
) -> None:
    inventory.write_text(TWO)
    probes["inside"] = NotMeasuredError("The host key has changed.")
    code, out, err = run("verify", "--all", "--json")
    assert code == 1
    found = {line["school"]: line for line in map(json.loads, out.splitlines())}
    assert sorted(found) == ["nord", "sued"]
    assert found["nord"]["missing"] == {
        "inside": "The host key has changed.",
        "browser": "It needs a browser: run it again with --browser.",
    }
    assert found["nord"]["must"]["failed"] == found["sued"]["must"]["failed"] == 1
    assert len(found["sued"]["controls"]) == 70
    assert found["sued"]["files"] == [str(path) for path in sorted(pages(inventory, "sued"))]
    assert sorted(line.split()[1] for line in err.splitlines() if "✓" in line) == ["nord", "sued"]


def test_reports_that_cannot_be_written(run: Run, inventory: Path) -> None:
    inventory.write_text(NORD)
    (inventory.parent / "reports").write_text("a file")
    code, out, err = run("verify")
    assert code == 5
    assert "1 of 54 musts fulfilled" in out
    assert "✗ The report cannot be written: Not a directory\n" in err


def test_an_audit_says_first_what_it_does_and_judges_what_is_visible(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda *_a, **_k: [(2, 1, 6, "", ("127.0.0.9", 443))]
    )
    code, out, err = run("audit", "--private", "https://Meet.Example.org/room?x=1#y")
    assert (code, out) == (
        1,
        """\
meet.example.org · 127.0.0.9
  ✗ TLS-02 Encryption by the state of the art
           seen
           Next: mend seen
  ✓ Transport encryption: TLS-01

68 controls cannot be seen from outside.
Of 54 musts, 2 can be seen from outside: 1 fulfilled, 1 failed, 0 not measured.
""",
    )
    assert err.splitlines()[:3] == [
        "Looking at meet.example.org (127.0.0.9) from outside.",
        "A few dozen requests as any visitor makes them: no credentials, no load, nothing left.",
        f"The server's log names us as: {USER_AGENT}",
    ]


PUBLIC = "9.9.9.9"


def moved(patch: pytest.MonkeyPatch, **places: str) -> None:
    """Let the start pages of these hosts lead elsewhere; every name has an address.

    Those that begin with `inner` are in a private network.
    """

    class MovingWeb:
        def __init__(self, target: Target, _deadline: object) -> None:
            self._name = target.domain.partition(".")[0]

        def get(self, _path: str, **_options: object) -> Answer:
            location = places.get(self._name, "")
            return Answer(301, (("location", location),), b"", whole=True)

        def close(self) -> None:
            pass

    patch.setattr(stranger, "Web", MovingWeb)

    def look_up(name: str, _deadline: object) -> list[tuple[int, str]]:
        if name[0].isdigit():
            return [(2, name)]
        if name.startswith("half"):
            return [(2, "127.0.0.9"), (10, "2a01:4f8::9")]
        return [(2, "10.0.0.9" if name.startswith("inner") else PUBLIC)]

    patch.setattr(stranger, "addresses", look_up)


@pytest.mark.parametrize(
    ("places", "looked_at"),
    [
        ({"old": "https://new.example.org/x"}, "new.example.org"),
        ({"old": "https://new.example.org", "new": "https://newer.example.org"}, "new.example.org"),
        ({"old": "https://new.example.org", "new": "https://old.example.org"}, "new.example.org"),
        ({"old": "https://old.example.org/welcome"}, "old.example.org"),
        ({"old": "/welcome"}, "old.example.org"),
        ({"old": "https://a:b@new.example.org"}, "new.example.org"),
        ({"old": "https://[nonsense"}, "old.example.org"),
        ({"old": "https://localhost/"}, "old.example.org"),
    ],
)
def test_an_audit_follows_to_another_host_once_and_says_so(
    run: Run, monkeypatch: pytest.MonkeyPatch, places: dict[str, str], looked_at: str
) -> None:
    moved(monkeypatch, **places)
    code, out, err = run("audit", "old.example.org", "--json")
    data = json.loads(out)
    assert (code, data["domain"], data["address"]) == (1, looked_at, PUBLIC)
    note = "! It leads to new.example.org; that server is looked at."
    assert (note in err) == (looked_at == "new.example.org")


WHY = (
    "An audit asks servers of the internet only: the name of a stranger could lead to your own "
    "router."
)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        (
            "https://inner.example.org",
            (
                "✗ inner.example.org is in a private network: 10.0.0.9\n"
                f"  Why    {WHY}\n"
                "  Next   provision audit --private https://inner.example.org\n"
            ),
        ),
        (
            "https://old.example.org",
            (
                "✗ old.example.org leads to inner.example.org\n"
                f"  Why    inner.example.org is in a private network: 10.0.0.9. {WHY}\n"
                "  Next   provision audit --private https://inner.example.org\n"
            ),
        ),
    ],
)
def test_an_audit_goes_nowhere_inside_unless_asked(
    run: Run, monkeypatch: pytest.MonkeyPatch, url: str, told: str
) -> None:
    moved(monkeypatch, old="https://inner.example.org/")
    seen = run("audit", url)
    assert (seen.code, seen.out) == (5, "")
    assert seen.err.endswith(told)
    assert run("audit", "--private", url).code == 1


def test_an_address_that_somebody_writes_was_asked_for(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved(monkeypatch)
    assert json.loads(run("audit", "10.0.0.9", "--json").out)["address"] == "10.0.0.9"


def test_of_two_addresses_the_public_one_is_asked(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved(monkeypatch)
    seen = run("audit", "half.example.org", "--json")
    assert json.loads(seen.out)["address"] == "2a01:4f8::9"


def test_an_audit_of_what_is_no_jitsi_says_so_first(
    run: Run, monkeypatch: pytest.MonkeyPatch, probes: dict[str, Any]
) -> None:
    moved(monkeypatch)
    probes["config"] = NotMeasuredError("There is no Jitsi Meet.")
    _code, out, err = run("audit", "old.example.org")
    assert "! There is no Jitsi Meet.\n" in err
    assert "1 failed" in out


@pytest.mark.parametrize(
    ("url", "code", "said"),
    [
        ("https://meet.example.org:8443/", 2, "Only servers on port 443 can be audited"),
        ("https://a:secret@meet.example.org", 2, "The address contains a name or password"),
        ("ftp://meet.example.org", 2, "ftp://meet.example.org is no address of a Jitsi server"),
        ("https://[::1", 2, "https://[::1 is no address of a Jitsi server"),
        ("https://a..b", 2, "a..b is no name of a server"),
        ("", 2, " is no address of a Jitsi server"),
        ("localhost", 2, "localhost is no name of a server"),
        ("nirgends.invalid", 3, "There is no server called nirgends.invalid"),
    ],
)
def test_an_address_that_cannot_be_audited(run: Run, url: str, code: int, said: str) -> None:
    seen = run("audit", url)
    assert (seen.code, seen.out, seen.err.splitlines()[0]) == (code, "", f"✗ {said}")
    assert "secret" not in seen.err


def pages(inventory: Path, school: str) -> list[Path]:
    """The pages of a school, as the program names them: relative to where it runs."""
    folder = inventory.parent / "reports" / school
    return [path.relative_to(inventory.parent) for path in folder.glob("*.html")]


def only_page(inventory: Path) -> Path:
    """The only page of the only school."""
    (page,) = pages(inventory, "nord")
    return inventory.parent / page
