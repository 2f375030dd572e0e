"""The key of the package repository: gpg makes keys, and the module reads them without it."""

from __future__ import annotations

import re
import shutil
import subprocess
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.modules import Server, utility

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

pytestmark = pytest.mark.skipif(not shutil.which("gpg"), reason="gpg is not installed")


class Gpg:
    """A key ring of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        home.mkdir(mode=0o700)

    def __call__(self, *arguments: str, data: str = "") -> str:
        """Return what gpg says."""
        return subprocess.run(
            ["gpg", "--homedir", str(self.home), "--batch", "--no-tty", "--quiet", *arguments],
            capture_output=True, check=True, text=True, input=data,
        ).stdout  # fmt: skip

    def fingerprints(self, key: str) -> list[str]:
        """Return the fingerprints that gpg sees in a file, those of subkeys left out."""
        shown = self("--with-colons", "--show-keys", data=key)
        return re.findall(r"^pub(?:.*\n)+?fpr:+([0-9A-F]{40}):", shown, re.MULTILINE)


@pytest.fixture(scope="module")
def gpg(tmp_path_factory: pytest.TempPathFactory) -> Gpg:
    """gpg with two keys; the first has a subkey and two names."""
    made = Gpg(tmp_path_factory.mktemp("gpg") / "home")
    made("--passphrase", "", "--quick-gen-key", "One <one@example.org>", "ed25519", "sign")
    number = made.fingerprints(made("--export", "--armor"))[0]
    made("--passphrase", "", "--quick-add-key", number, "cv25519", "encr")
    made("--passphrase", "", "--quick-add-uid", number, "Eins <eins@example.org>")
    made("--passphrase", "", "--quick-gen-key", "Two <two@example.org>", "rsa2048", "sign")
    return made


@pytest.fixture
def openpgp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The functions that read keys."""
    Server(tmp_path, monkeypatch)
    return utility("openpgp")


@pytest.fixture(params=["one@example.org", "two@example.org"])
def key(request: pytest.FixtureRequest, gpg: Gpg) -> str:
    """An armoured key: with a subkey, and of another kind."""
    return gpg("--armor", "--export", request.param)


def test_the_fingerprint_is_the_one_that_gpg_shows(openpgp: ModuleType, gpg: Gpg, key: str) -> None:
    assert list(openpgp.keys(key)) == gpg.fingerprints(key)


def test_a_key_is_handed_on_as_it_came(openpgp: ModuleType, gpg: Gpg, key: str) -> None:
    (whole,) = openpgp.keys(key).values()
    again = openpgp.armour(whole)
    assert again == key
    assert gpg.fingerprints(again) == gpg.fingerprints(key)
    assert gpg("--with-colons", "--show-keys", data=again) == gpg(
        "--with-colons", "--show-keys", data=key
    )


def test_only_the_expected_key_of_several_is_handed_on(openpgp: ModuleType, gpg: Gpg) -> None:
    one, two = (gpg("--armor", "--export", f"{n}@example.org") for n in ("one", "two"))
    for both in (one + two, gpg("--armor", "--export")):
        found = openpgp.keys(both)
        assert sorted(found) == sorted(gpg.fingerprints(one) + gpg.fingerprints(two))
        assert openpgp.armour(found[gpg.fingerprints(two)[0]]) == two


@pytest.mark.parametrize(
    "change",
    [
        lambda key: key.replace("\n", "\r\n"),
        lambda key: key.replace("\n\n", "\nVersion: GnuPG v2\nComment: of: ours\n\n", 1),
        lambda key: f"Some words before.\n\n{key}\nand after.\n",
        lambda key: re.sub(r"\n=.{4}\n", "\n", key),
    ],
    ids=["line ends", "headers", "other text", "no checksum"],
)
def test_every_way_to_write_a_key_down(
    openpgp: ModuleType, gpg: Gpg, key: str, change: Any
) -> None:
    assert list(openpgp.keys(change(key))) == gpg.fingerprints(key)


def body(key: str) -> bytes:
    """Return a key's bytes."""
    return b64decode("".join(key.split("\n\n")[1].split("\n=", maxsplit=1)[0].split()))


def rewritten(key: str, data: bytes) -> str:
    """Return a file with other bytes in a key's place."""
    head, _blank, _rest = key.partition("\n\n")
    return f"{head}\n\n{b64encode(data).decode()}\n-----END PGP PUBLIC KEY BLOCK-----\n"


@pytest.mark.parametrize(
    "change",
    [
        lambda _key: "",
        lambda _key: "<!DOCTYPE html><title>404</title>",
        lambda key: key.replace("-----END PGP PUBLIC KEY BLOCK-----", ""),
        lambda key: rewritten(key, body(key)[:40]),
        lambda key: rewritten(key, b"no packet"),
        lambda key: rewritten(key, b""),
        lambda key: rewritten(key, b"\x99\x00\x00"),
        lambda key: rewritten(key, body(key).replace(b"\x04", b"\x06", 1)),
        lambda key: key.replace("\n\n", "\n\n!", 1),
        lambda key: key.replace("\n\n", "\n\nA", 1),
    ],
)
def test_what_is_no_key_has_no_fingerprint(openpgp: ModuleType, key: str, change: Any) -> None:
    assert openpgp.keys(change(key)) == {}


def test_packets_of_the_new_format(openpgp: ModuleType, gpg: Gpg, key: str) -> None:
    (tag, content, whole), *_rest = openpgp.packets(body(key))
    assert tag == 6
    size = len(content)
    lengths = [b"\xff" + size.to_bytes(4, "big")]
    if size < 192:
        lengths.append(bytes([size]))
    else:
        lengths.append(bytes([((size - 192) >> 8) + 192, (size - 192) & 255]))
    for length in lengths:
        data = b"\xc6" + length + content + body(key)[len(whole) :]
        assert list(openpgp.keys(rewritten(key, data))) == gpg.fingerprints(key)
    assert openpgp.keys(rewritten(key, b"\xc6\xe5" + content)) == {}
