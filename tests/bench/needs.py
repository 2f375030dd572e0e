"""What the bench needs of this machine, and how to get it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from tests.bench.errors import BenchError

# program: Debian package
PROGRAMS = {
    "podman": "podman",
    "crun": "crun",
    "mmdebstrap": "mmdebstrap",
    "pebble": "pebble",
    "ip": "iproute2",
    "nft": "nftables",
    "iptables": "iptables",
    "nsenter": "util-linux",
    "openssl": "openssl",
    "ssh": "openssh-client",
    "tcpdump": "tcpdump",
    "ping": "iputils-ping",
    "apt-ftparchive": "apt-utils",
    "dpkg-deb": "dpkg",
    "gpg": "gnupg",
}
# Not programs on PATH, yet needed: podman's network back-end, and the keys of Debian's archive.
ALONGSIDE = ("netavark", "aardvark-dns", "debian-archive-keyring")
OPTIONAL = ("chromium",)


def require() -> list[str]:
    """Return one sentence for each thing that is missing; an empty list means go."""
    missing = []
    if os.geteuid() != 0:
        missing.append("The bench makes network namespaces and containers: run it as root.")
    for program, package in PROGRAMS.items():
        if not _found(program):
            missing.append(f"{program} is not installed (Debian package {package}).")
    if not Path("/dev/net/tun").exists():
        missing.append("/dev/net/tun is missing, the chair's slow cable needs it: modprobe tun.")
    return missing


def _found(program: str) -> bool:
    return bool(shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin"))


def install(*, optional: bool = False) -> None:
    """Install what is missing with apt-get; other distributions get the list of names."""
    packages = [package for program, package in PROGRAMS.items() if not _found(program)]
    if packages:
        packages += ALONGSIDE
    packages += [name for name in OPTIONAL if optional and not _found(name)]
    if not packages:
        return
    if not shutil.which("apt-get"):
        names = ", ".join(packages)
        raise BenchError(f"this is no Debian-like system; install what Debian calls {names}")
    if os.geteuid() != 0:
        raise BenchError(f"run as root: apt-get install {' '.join(packages)}")
    apt = ["apt-get", "-q", "-o", "DPkg::Lock::Timeout=600"]
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    # A list that is out of date only fails for some packages: ask the archive first.
    for command in (
        [*apt, "update"],
        [*apt, "install", "--yes", "--no-install-recommends", *packages],
    ):
        done = subprocess.run(command, env=env, check=False, capture_output=True, text=True)
        if done.returncode and "install" in command:
            raise BenchError(f"{' '.join(command)}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")


def ensure() -> None:
    """Install what is missing, then raise BenchError with every sentence that still holds."""
    if require() and os.geteuid() == 0 and shutil.which("apt-get"):
        install()
    missing = require()
    if missing:
        raise BenchError("\n".join([*missing, "Next: `python -m tests.bench setup` as root."]))
