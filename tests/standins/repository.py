"""A signed flat apt repository, laid out as download.jitsi.org is."""

import gzip
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from . import build, tools
from .keys import SigningKey

SUITE = "stable"
# What clients download: the files of the suite, and beside it the key and its fingerprint.
KEY_FILE = "jitsi-key.gpg.key"
FINGERPRINT_FILE = "fingerprint"


def write(target: Path, gpg_home: Path, releases: Sequence[str] = ("current",)) -> str:
    """The fingerprint of the key that signed the repository now lying in target."""
    tools.require()
    target.mkdir(parents=True, exist_ok=True)
    key = SigningKey(gpg_home)
    try:
        # Built aside and moved in at the end: a web server may be serving target meanwhile.
        with tempfile.TemporaryDirectory(dir=target, prefix=".new-") as scratch:
            fresh = Path(scratch)
            for release in releases:
                build.build_all(fresh / SUITE, release)
            index(fresh)
            key.sign(fresh / SUITE / "Release")
            (fresh / KEY_FILE).write_text(key.public(), encoding="ascii")
            (fresh / FINGERPRINT_FILE).write_text(key.fingerprint + "\n", encoding="ascii")
            _publish(fresh, target)
    finally:
        key.close()
    return key.fingerprint


def index(root: Path) -> None:
    """Write the lists of the suite anew; they are not signed yet."""
    suite = root / SUITE
    packages = tools.run(["apt-ftparchive", "packages", SUITE], cwd=root)
    (suite / "Packages").write_text(packages, encoding="utf-8")
    with gzip.GzipFile(suite / "Packages.gz", "wb", mtime=0) as file:
        file.write(packages.encode())
    fields = {
        "Origin": "jitsi.org",
        "Label": "Jitsi Debian packages repository (STAND-INS for tests)",
        "Suite": f"{SUITE}/",
        "Codename": f"{SUITE}/",
        "Architectures": "all amd64 arm64",
        "Description": "Stand-ins for the packages of Jitsi. Nothing here is Jitsi.",
    }
    options = [part for name, value in fields.items()
               for part in ("-o", f"APT::FTPArchive::Release::{name}={value}")]  # fmt: skip
    release = tools.run(["apt-ftparchive", *options, "release", SUITE], cwd=root)
    (suite / "Release").write_text(release, encoding="utf-8")


def _publish(fresh: Path, target: Path) -> None:
    for path in (fresh, *fresh.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    for path in fresh.iterdir():
        old = target / path.name
        if old.is_dir():
            shutil.rmtree(old)
        path.replace(old)
    target.chmod(0o755)
