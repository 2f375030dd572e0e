"""What only `provision check` looks at on a server: too slow for every deployment."""

from __future__ import annotations

import fcntl
import glob
import os
import re
import struct
import subprocess
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ansible.module_utils import apt_update
from ansible.module_utils.school_server import read_text, run

PATIENCE = 12
APT_PATIENCE = 40
"""How long a program may take, in seconds; a busy server is no broken one."""
TRIAL_PATIENCE = 20
"""How long apt may try an installation, after the repository was asked; the whole look has 60 s."""
LOCKS = ("/var/lib/dpkg/lock-frontend", "/var/lib/dpkg/lock", "/var/lib/apt/lists/lock")
# Nothing is written where apt keeps what it knows, and nobody who installs is kept waiting.
APT = ("-o", "Debug::NoLocking=1", "-o", "Dir::Cache::pkgcache=", "-o", "Dir::Cache::srcpkgcache=")


class Asked:
    """Programs that were asked something, and those that did not answer in time."""

    def __init__(self) -> None:
        self.late: set[str] = set()

    def __call__(
        self, *command: str, seconds: float | None = None
    ) -> subprocess.CompletedProcess[str] | None:
        """Return a finished program, or nothing where it did not end; that proves nothing."""
        try:
            return run(*command, timeout=seconds or PATIENCE)
        except subprocess.TimeoutExpired:
            self.late.add(command[0])
            return None


def look() -> dict[str, Any]:
    """Return what speaks for and against installing anything on this machine now.

    `late` names the programs that did not answer in time. What they would have said is told as if
    nothing spoke against the machine: whoever judges, says that nobody knows.
    """
    asked = Asked()
    with ThreadPoolExecutor() as pool:
        sources = pool.submit(apt_update.ask_apt, APT_PATIENCE)
        broken = pool.submit(apt_check, asked)
        facts = {
            "virtualisation": said(asked("systemd-detect-virt")).strip(),
            "container": ended_well(asked("systemd-detect-virt", "--container", "--quiet"), False),
            "capabilities": capabilities(read_text("/proc/self/status")),
            "kernel": os.uname().release,
            **default_locale(),
            "locales": said(asked("locale", "-a")).split(),
            "resolves": ended_well(asked("getent", "hosts", os.uname().nodename), True),
            "apt_lock": lock_holder(),
            "held": said(asked("apt-mark", "showhold")).split(),
            "reboot": reboot(),
        }
        facts |= {"apt_broken": broken.result(), "sources": sources.result()}
    if facts["sources"].get("late"):
        asked.late.add("apt-get update")
    return facts | {"late": sorted(asked.late)}


def said(done: subprocess.CompletedProcess[str] | None) -> str:
    """Return what a program said, if anything."""
    return done.stdout if done else ""


def ended_well(done: subprocess.CompletedProcess[str] | None, unknown: bool) -> bool:
    """Return whether a program ended with 0, or what is to be taken for it where nobody knows."""
    return done.returncode == 0 if done else unknown


def capabilities(status: str) -> int:
    """Return what root may do here, as the kernel's bits (capabilities(7))."""
    found = re.search(r"^CapEff:\s*([0-9a-f]+)$", status, re.MULTILINE)
    return int(found[1], 16) if found else 0


def default_locale() -> dict[str, str]:
    """Return the language that the server is set to, or nothing, and the file that says so."""
    for path in ("/etc/locale.conf", "/etc/default/locale"):
        found = re.search(r'^\s*LANG=["\']?([^"\'\s]+)', read_text(path), re.MULTILINE)
        if found:
            return {"locale": found[1], "locale_file": path}
    return {"locale": "", "locale_file": ""}


def lock_holder() -> str:
    """Return the program that is installing something just now, or nothing; takes no lock."""
    wanted = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
    for path in LOCKS:
        try:
            with open(path, "rb") as file:
                answer = fcntl.fcntl(file, fcntl.F_GETLK, wanted)
        except OSError:
            continue
        kind, _whence, _start, _length, pid = struct.unpack("hhqqi4x", answer)
        if kind != fcntl.F_UNLCK:
            return read_text(f"/proc/{pid}/comm").strip() or "?"
    return ""


def reboot() -> list[str]:
    """Return what waits for a reboot: packages, or the kernel."""
    waiting = sorted(set(read_text("/run/reboot-required.pkgs").split()))
    if not waiting and os.path.exists("/run/reboot-required"):
        waiting = ["?"]
    kernels = glob.glob("/lib/modules/*")
    if kernels and f"/lib/modules/{os.uname().release}" not in kernels:
        waiting.append(os.uname().release)
    return waiting


def apt_check(asked: Asked) -> str:
    """Return what apt finds broken, or nothing."""
    done = asked("apt-get", *APT, "-q", "check", seconds=APT_PATIENCE)
    if done is None or not done.returncode:
        return ""
    lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    return "\n".join(lines[-4:])
