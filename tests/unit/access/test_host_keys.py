"""Fingerprints as providers print them, and known_hosts as OpenSSH reads it."""

from __future__ import annotations

import base64
import subprocess
from typing import TYPE_CHECKING

import pytest

from provision.access import host_keys
from provision.access.host_keys import HostKey, parse_fingerprint, pin, pinned, vouched

if TYPE_CHECKING:
    from pathlib import Path

DIGEST = "tbLQBQJi6gx3FEm4UpY2AVFdz9HBg4Hlt8dLeR4aEuo"
PAIRS = "d8:98:f9:2e:6e:63:11:d1:56:f8:80:d3:73:a0:8d:f1"
OTHER = HostKey("ssh-ed25519", b"other")


def make(folder: Path, kind: str, bits: int) -> tuple[Path, HostKey]:
    """Return the file of a new key, and what its public half is."""
    path = folder / kind
    command = ["ssh-keygen", "-q", "-t", kind, "-b", str(bits), "-N", "", "-f", str(path)]
    subprocess.run(command, check=True)
    words = path.with_suffix(".pub").read_text().split()
    return path, HostKey(words[0], base64.b64decode(words[1]), bits)


@pytest.mark.parametrize(("kind", "bits"), [("ed25519", 256), ("ecdsa", 384), ("rsa", 2048)])
def test_fingerprints_are_those_of_ssh_keygen(tmp_path: Path, kind: str, bits: int) -> None:
    path, key = make(tmp_path, kind, bits)
    lines = []
    for form in ("sha256", "md5"):
        said = subprocess.run(
            ["ssh-keygen", "-l", "-E", form, "-f", f"{path}.pub"],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        lines.append(said)
        assert key.matches(parse_fingerprint(said))
    words = [line.split() for line in lines]
    assert key.shown() == [f"{word[0]} {word[1]} {word[-1]}" for word in words]
    assert not OTHER.matches(key.sha256)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        (f"SHA256:{DIGEST}", f"SHA256:{DIGEST}"),
        (f"sha256:{DIGEST}=", f"SHA256:{DIGEST}"),
        (f" {DIGEST}\n", f"SHA256:{DIGEST}"),
        (f"256 SHA256:{DIGEST} root@vm (ED25519)", f"SHA256:{DIGEST}"),
        (f"MD5:{PAIRS}", f"MD5:{PAIRS}"),
        (PAIRS.upper(), f"MD5:{PAIRS}"),
    ],
)
def test_every_usual_form_of_a_fingerprint_is_understood(text: str, meant: str) -> None:
    assert parse_fingerprint(text) == meant


@pytest.mark.parametrize(
    "text", ["", "yes", DIGEST[:-1], PAIRS[:-3], f"SHA1:{DIGEST}", "SHA256:", f"{DIGEST}x"]
)
def test_anything_else_is_no_fingerprint(text: str) -> None:
    with pytest.raises(ValueError, match="SHA256:, then 43"):
        parse_fingerprint(text)


@pytest.mark.parametrize(
    ("address", "port"),
    [("203.0.113.10", 22), ("203.0.113.10", 2222), ("2001:db8::5", 22), ("2001:db8::5", 2222)],
)
def test_openssh_finds_what_is_pinned(tmp_path: Path, address: str, port: int) -> None:
    path = tmp_path / "known_hosts"
    _file, key = make(tmp_path, "ed25519", 256)
    pin(path, address, port, key)
    name = host_keys.host_name(address, port)
    command = ["ssh-keygen", "-F", name, "-f", str(path)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert base64.b64encode(key.blob).decode() in said
    assert path.stat().st_mode & 0o777 == 0o644
    [found] = pinned(path, address, port)
    assert (found.kind, found.blob) == (key.kind, key.blob)
    assert pinned(path, address, port + 1) == []


def test_a_new_key_takes_the_place_of_the_old_ones_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "known_hosts"
    old = base64.b64encode(b"old").decode()
    kept = [
        "# mine",
        "",
        f"203.0.113.1 ssh-rsa {old}",
        f"[203.0.113.10]:2222 ssh-rsa {old}",
        f"@cert-authority *.example.org ssh-rsa {old} authority",
    ]
    path.write_text(
        "\n".join([*kept, f"203.0.113.10 ssh-rsa {old}", f"a,203.0.113.10,b ssh-rsa {old} c"])
    )
    pin(path, "203.0.113.10", 22, OTHER)
    fresh = f"203.0.113.10 ssh-ed25519 {base64.b64encode(b'other').decode()}"
    assert path.read_text().splitlines() == [*kept, f"a,b ssh-rsa {old} c", fresh]
    assert pinned(path, "203.0.113.10", 22) == [HostKey("ssh-ed25519", b"other")]


def test_hashed_names_are_found_and_replaced(tmp_path: Path) -> None:
    path = tmp_path / "known_hosts"
    _file, key = make(tmp_path, "ed25519", 256)
    pin(path, "203.0.113.10", 22, key)
    pin(path, "203.0.113.11", 22, key)
    subprocess.run(["ssh-keygen", "-q", "-H", "-f", str(path)], check=True, capture_output=True)
    assert "203" not in path.read_text()
    assert len(pinned(path, "203.0.113.10", 22)) == 1
    pin(path, "203.0.113.10", 22, OTHER)
    assert [found.blob for found in pinned(path, "203.0.113.10", 22)] == [b"other"]
    assert [found.blob for found in pinned(path, "203.0.113.11", 22)] == [key.blob]


def test_patterns_and_authorities_vouch_for_a_server(tmp_path: Path) -> None:
    path = tmp_path / "known_hosts"
    assert not vouched(path, "meet.example.org", 22)
    key = base64.b64encode(b"key").decode()
    path.write_text(f"@cert-authority *.example.org ssh-ed25519 {key}\n")
    assert vouched(path, "meet.example.org", 22)
    assert pinned(path, "meet.example.org", 22) == []
    path.write_text(f"*.example.org,!old.example.org ssh-ed25519 {key}\n")
    assert vouched(path, "meet.example.org", 22)
    assert not vouched(path, "old.example.org", 22)
    path.write_text("meet.example.org ssh-ed25519 %%%\n")
    assert not vouched(path, "meet.example.org", 22)


def test_a_link_stays_a_link_and_strange_bytes_stay_as_they_are(tmp_path: Path) -> None:
    real, path = tmp_path / "real", tmp_path / "known_hosts"
    real.write_bytes(b"# M\xfcller\n")
    path.symlink_to(real)
    pin(path, "203.0.113.10", 22, OTHER)
    assert path.is_symlink()
    assert real.read_bytes().startswith(b"# M\xfcller\n203.0.113.10 ssh-ed25519 ")
