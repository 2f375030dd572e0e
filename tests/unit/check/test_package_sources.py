"""What apt says of sources that it refuses, with either exit code, and whose they are called."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from provision import paths
from provision.check.judges import sources
from provision.check.judges.sources import Refusal
from provision.messages.result import Level
from tests.unit.modules import ROLE, Server

if TYPE_CHECKING:
    from pathlib import Path

REPOSITORY = "http://10.91.0.1:8099"
MISSING_KEY = (
    "Sub-process /usr/bin/sqv returned an error code (1), error message is: Missing key 127CD2D8, "
    "which is needed to verify signature."
)
# As apt 2.6 and 3.0 said them on the bench: first where lists are kept, and the end is 0.
SAID = {
    f"""\
Get:4 {REPOSITORY} stable/ InRelease [1777 B]
Err:4 {REPOSITORY} stable/ InRelease
  The following signatures couldn't be verified because the public key is not available: NO_PUBKEY 0
Fetched 243 kB in 4s (62.7 kB/s)
Reading package lists...
W: An error occurred during the signature verification. The repository is not updated and the \
previous index files will be used. GPG error: {REPOSITORY} stable/ InRelease: NO_PUBKEY 0
W: Some index files failed to download. They have been ignored, or old ones used instead.
""": [
        Refusal(
            REPOSITORY,
            "signature",
            "The following signatures couldn't be verified because the public key is not "
            "available: NO_PUBKEY 0",
        )
    ],
    f"""\
Err:1 {REPOSITORY} stable/ InRelease
  {MISSING_KEY}
Reading package lists...
W: OpenPGP signature verification failed: {REPOSITORY} stable/ InRelease: {MISSING_KEY}
E: The repository '{REPOSITORY} stable/ InRelease' is not signed.
""": [Refusal(REPOSITORY, "signature", MISSING_KEY)],
    """\
Err:1 http://127.0.0.1:9 stable/ InRelease
  Could not connect to 127.0.0.1:9 (127.0.0.1). - connect (111: Connection refused)
E: Failed to fetch http://127.0.0.1:9/stable/InRelease  Could not connect to 127.0.0.1:9 \
(127.0.0.1). - connect (111: Connection refused)
E: Some index files failed to download. They have been ignored, or old ones used instead.
""": [
        Refusal(
            "http://127.0.0.1:9",
            "unreachable",
            "Could not connect to 127.0.0.1:9 (127.0.0.1). - connect (111: Connection refused)",
        )
    ],
    """\
Ign:2 http://packages.example.org/x stable InRelease
Err:3 http://packages.example.org/x stable Release
  404  Not Found [IP: 203.0.113.7 80]
E: The repository 'http://packages.example.org/x stable Release' does not have a Release file.
""": [Refusal("http://packages.example.org/x", "missing", "404  Not Found")],
    """\
Get:1 http://snapshot.example.org/debian bookworm InRelease [151 kB]
E: Release file for http://snapshot.example.org/debian/dists/bookworm/InRelease is expired \
(invalid since 4d 3h). Updates for this repository will not be applied.
""": [
        Refusal(
            "http://snapshot.example.org/debian",
            "expired",
            "is expired (invalid since 4d 3h). Updates for this repository will not be applied.",
        )
    ],
    "E: Malformed entry 1 in list file /etc/apt/sources.list (Suite)\n"
    "E: The list of sources could not be read.\n": [
        Refusal("", "sources", "Malformed entry 1 in list file /etc/apt/sources.list (Suite)")
    ],
    "Hit:1 http://deb.debian.org/debian trixie InRelease\nReading package lists...\n": [],
}


@pytest.mark.parametrize("said", SAID)
def test_each_source_that_apt_refuses(said: str) -> None:
    assert sources.refusals(said) == SAID[said]


@pytest.mark.parametrize(
    ("url", "level", "told"),
    [
        ("http://packages.example.org", Level.WARNING, "not from this program"),
        ("http://deb.debian.org/debian", Level.FAILURE, "Debian's own source"),
        ("http://mirror.example.org/debian-security", Level.FAILURE, "Debian's own source"),
    ],
)
def test_whose_source_it_is_and_in_which_file(url: str, level: Level, told: str) -> None:
    said = f"Err:1 {url} stable InRelease\n  NO_PUBKEY 0CB7\n"
    places = {url: "/etc/apt/sources.list.d/theirs.list"}
    (found,) = sources.check({"said": said, "places": places}, REPOSITORY)
    assert found.level is level
    assert found.sentence == (
        f"apt refuses what comes from {url}, so no update arrives from there: NO_PUBKEY 0CB7"
    )
    assert told in found.remedy
    assert "/etc/apt/sources.list.d/theirs.list" in found.remedy
    assert "repository_fingerprint" not in found.remedy


def test_who_is_asked_and_does_not_answer_refuses_nothing() -> None:
    assert sources.check({"late": True}, REPOSITORY) == []


def test_both_looks_ask_apt_by_the_same_text() -> None:
    """Neither of them can bring a file of the other along."""
    copies = (ROLE / "module_utils/apt_update.py", paths.PACKAGE / "verify/inside/apt_update.py")
    texts = [path.read_text().partition("from __future__")[2] for path in copies]
    assert texts[0] == texts[1]


OTHERS = {
    # A foreign source alone: what is to be installed does not come from there.
    "Err:1 http://packages.example.org stable InRelease\n  NO_PUBKEY 0\n"
    "E: The repository 'http://packages.example.org stable InRelease' is not signed.\n": True,
    f"Err:1 {REPOSITORY} stable/ InRelease\n  NO_PUBKEY 0\n": False,
    "Err:1 http://deb.debian.org/debian trixie InRelease\n  NO_PUBKEY 0\n": False,
    "Err:1 http://packages.example.org stable InRelease\n  x\n"
    "E: Could not get lock /var/lib/apt/lists/lock\n": False,
    "E: Conflicting values set for option Signed-By regarding source x\n": False,
    "Reading package lists...\n": False,
}


@pytest.mark.parametrize("said", OTHERS)
def test_a_source_of_others_stops_no_installation(
    said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packages = Server(tmp_path, monkeypatch).module("package_transaction")
    assert packages.of_others(said, REPOSITORY) is OTHERS[said]
