"""Images of a bare rented Debian server, made once from the package archive."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
import time
from pathlib import Path

from tests.bench import state
from tests.bench.errors import BenchError
from tests.bench.machine import open_namespace, podman
from tests.bench.process import run

CODENAMES = {"12": "bookworm", "13": "trixie"}

# What the smallest image of a provider has beside `minbase`. No gpg, curl or rsync: a role that
# needs one of them must ask for it.
PACKAGES = (
    "adduser,apt-utils,ca-certificates,cron,dbus,iproute2,iputils-ping,libpam-systemd,logrotate,"
    "netbase,nftables,openssh-server,procps,python3,python3-apt,sudo,systemd,systemd-sysv,tzdata"
)

# Runs in the finished root file system: each host gets its own keys and identity later, and no
# console of the machine is ever opened from within.
FINISH = r"""
cd "$1"
rm -f etc/ssh/ssh_host_* etc/hostname etc/resolv.conf etc/apt/apt.conf.d/99mmdebstrap
rm -rf var/lib/apt/lists/* var/cache/apt/archives/*.deb var/cache/apt/*.bin
: > etc/machine-id
for unit in getty.target console-getty.service systemd-networkd-wait-online.service; do
  ln -sf /dev/null "etc/systemd/system/$unit"
done
echo LANG=C.UTF-8 > etc/default/locale
# As installers leave it: "root" without password, sign-in by key only.
sed -i 's/^root:[^:]*:/root:*:/' etc/shadow
"""

DEBIAN_SUITE = re.compile(
    r"^(bullseye|bookworm|trixie|forky|duke|sid|oldstable|stable|testing|unstable)([-/].*)?$"
)


def mirrors() -> tuple[str, str]:
    """Return the addresses of Debian's archive and its security archive that this machine uses."""
    main, security = "http://deb.debian.org/debian", "http://deb.debian.org/debian-security"
    found_main: list[str] = []
    found_security: list[str] = []
    folder = Path("/etc/apt/sources.list.d")
    for path in [Path("/etc/apt/sources.list"), *sorted(folder.glob("*"))]:
        text = path.read_text(errors="replace") if path.is_file() else ""
        entries = _deb822(text) if path.suffix == ".sources" else _one_line(text)
        for uri, suites in entries:
            if not any(DEBIAN_SUITE.match(suite) for suite in suites):
                continue
            address = uri.rstrip("/")
            is_security = "security" in address or any("security" in s for s in suites)
            (found_security if is_security else found_main).append(address)
    plain = [uri for uri in found_main if re.search(r"/debian$", uri)] or found_main
    return (plain or [main])[0], (found_security or [security])[0]


def _deb822(text: str) -> list[tuple[str, list[str]]]:
    entries = []
    for block in re.split(r"\n\s*\n", text):
        fields = dict(re.findall(r"(?m)^(\w[\w-]*):[ \t]*(.*)$", block))
        if "deb" in fields.get("Types", "").split():
            suites = fields.get("Suites", "").split()
            entries += [(uri, suites) for uri in fields.get("URIs", "").split()]
    return entries


def _one_line(text: str) -> list[tuple[str, list[str]]]:
    return [
        (uri, [suite])
        for uri, suite in re.findall(r"(?m)^deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)", text)
        if uri.startswith(("http://", "https://"))
    ]


def sources(release: str) -> str:
    """Return the package sources of a host, in the form that Debian 12 and 13 both read."""
    main, security = mirrors()
    name = CODENAMES[release]
    signed = "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n"
    return (
        f"Types: deb\nURIs: {main}\nSuites: {name} {name}-updates\nComponents: main\n{signed}\n"
        f"Types: deb\nURIs: {security}\nSuites: {name}-security\nComponents: main\n{signed}"
    )


def tag(release: str) -> str:
    """Return the image's name; its tag changes with everything that goes into it."""
    if release not in CODENAMES:
        raise BenchError(f"release {release} is unknown; there are {', '.join(CODENAMES)}")
    recipe = "\n".join([CODENAMES[release], PACKAGES, FINISH, sources(release)])
    short = hashlib.sha256(recipe.encode()).hexdigest()[:12]
    return f"localhost/provision-debian{release}:{short}"


def exists(release: str) -> bool:
    """Return whether the image is there already."""
    open_namespace()
    return podman("image", "exists", tag(release), check=False).returncode == 0


def build(release: str, *, proxy: str | None = None) -> float:
    """Make the image unless it is there; return the seconds it took (0 when it was there)."""
    with state.lock(f"image-{release}.lock"):
        if exists(release):
            return 0.0
        begin = time.monotonic()
        free = shutil.disk_usage("/var/tmp").free
        if free < 2 * 1024**3:
            raise BenchError("less than 2 GB free in /var/tmp, too little for a host image")
        with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="provision-image-") as folder:
            archive = _root_filesystem(release, Path(folder), proxy)
            podman("import", "--quiet", str(archive), tag(release))
    return time.monotonic() - begin


def _root_filesystem(release: str, folder: Path, proxy: str | None) -> Path:
    finish = folder / "finish"
    finish.write_text(f"#!/bin/sh\nset -e\n{FINISH}")
    finish.chmod(0o755)
    listed = folder / "debian.sources"
    listed.write_text(sources(release))
    archive = folder / "root.tar"
    env = {**os.environ, "LC_ALL": "C.UTF-8"}
    if proxy:
        env["http_proxy"] = proxy
    run(
        [
            "mmdebstrap",
            "--variant=minbase",
            f"--include={PACKAGES}",
            f'--customize-hook={finish} "$1"',
            CODENAMES[release],
            str(archive),
            str(listed),
        ],
        env=env,
        timeout=1200,
    )
    return archive
