"""Package sources of the same address: found however they are written, and a way to end them."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit import modules
from tests.unit.modules import Server

if TYPE_CHECKING:
    from types import ModuleType

URL = "https://download.jitsi.org"
KEY = "/usr/share/keyrings/jitsi-keyring.gpg"
DEBIAN = "deb http://deb.debian.org/debian trixie main\n"
STANZA = "Types: deb\nURIs: http://deb.debian.org/debian\nSuites: trixie\nComponents: main\n"
OURS = f"Types: deb\nURIs: {URL}\nSuites: stable/\nSigned-By: {KEY}\n"


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The utility, with a directory in the place of /etc/apt."""
    server = Server(tmp_path, monkeypatch)
    utility = modules.utility("same_source")
    folder = server.path("/etc/apt/sources.list.d")
    folder.mkdir(parents=True)
    monkeypatch.setattr(utility, "ETC", str(folder.parent))
    return utility


def put(sources: ModuleType, name: str, text: str) -> Path:
    """Write a file of apt."""
    path = Path(sources.ETC, name)
    path.write_text(text)
    return path


SAME = [
    # As the handbook has it.
    ("jitsi-stable.list", f"deb [signed-by={KEY}] {URL} stable/\n"),
    ("jitsi-stable.list", f"deb [signed-by={KEY}] {URL}/ stable/\n"),
    ("jitsi-stable.list", "deb http://download.jitsi.org stable/\n"),
    ("jitsi-stable.list", "deb http://Download.Jitsi.org:80/ stable/  # ours\n"),
    ("jitsi-stable.list", f"# Jitsi\n\n  deb [ arch=amd64 signed-by={KEY} ]  {URL}  stable/\n"),
    ("jitsi-stable.list", f"deb-src {URL} stable/\n"),
    ("jitsi.sources", OURS),
    ("jitsi.sources", f"# Jitsi\nTypes: deb\nuris:\n {URL}/\nSuites: stable/\nEnabled: yes\n"),
    ("jitsi.sources", OURS.replace("https", "http") + "# a comment\nEnabled: true\n"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text"), SAME)
def test_the_same_address_is_found_however_it_is_written(
    sources: ModuleType, name: str, text: str
) -> None:
    put(sources, "sources.list", DEBIAN)
    path = put(sources, f"sources.list.d/{name}", text)
    assert sources.look(URL) == [{"path": str(path), "sed": ""}]
    assert sources.look(URL + "/") == sources.look(URL)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("jitsi-provision.sources", OURS),
        ("debian.list", DEBIAN + f"# deb {URL} stable/\n"),
        ("jitsi.sources", OURS + "Enabled: no\n"),
        ("jitsi.sources", "#" + OURS.replace("\n", "\n#")),
        ("other.list", f"deb {URL}.example.org stable/\ndeb {URL}:8443 stable/\n"),
        ("other.list", f"deb {URL}/elsewhere stable/\ndeb https://[ stable/\n"),
        # apt does not read these.
        ("jitsi.list.save", f"deb {URL} stable/\n"),
        ("jitsi list.list", f"deb {URL} stable/\n"),
    ],
)
def test_what_does_not_count_is_not_found(sources: ModuleType, name: str, text: str) -> None:
    put(sources, f"sources.list.d/{name}", text)
    assert sources.look(URL) == []


@pytest.mark.parametrize(
    ("name", "text", "rest"),
    [
        ("sources.list", f"{DEBIAN}deb {URL} stable/\n{DEBIAN}",
         f"{DEBIAN}# deb {URL} stable/\n{DEBIAN}"),
        ("sources.list.d/all.sources", f"# Debian\n{STANZA}\n# Jitsi\n{OURS}",
         f"# Debian\n{STANZA}\n# Jitsi\nEnabled: no\n{OURS}"),
        ("sources.list.d/all.sources", f"{OURS}Enabled: yes\n\n{STANZA}",
         f"{OURS}Enabled: no\n\n{STANZA}"),
        ("sources.list.d/all.sources", f"{OURS}\n{STANZA}\n\n{OURS}",
         f"Enabled: no\n{OURS}\n{STANZA}\n\nEnabled: no\n{OURS}"),
    ],
)  # fmt: skip
def test_sed_ends_one_source_among_others(
    sources: ModuleType, name: str, text: str, rest: str
) -> None:
    path = put(sources, name, text)
    ((found),) = sources.look(URL)
    assert found["path"] == str(path)
    subprocess.run(["sed", "-i", found["sed"], path], check=True)
    assert path.read_text() == rest
    assert sources.look(URL) == []


def test_a_source_with_other_addresses_is_left_to_a_person(sources: ModuleType) -> None:
    text = STANZA.replace("URIs:", f"URIs: {URL}")
    path = put(sources, "sources.list.d/all.sources", text)
    found: list[dict[str, Any]] = sources.look(URL)
    assert found == [{"path": str(path), "sed": None}]
