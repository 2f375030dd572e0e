"""What only `provision check` looks at on a server: too slow for every deployment."""

from __future__ import annotations

import fcntl
import glob
import os
import re
import shutil
import struct
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ansible.module_utils.school_server import read_text, run

PATIENCE = 12
"""How long a program may take, in seconds."""
LOCKS = ("/var/lib/dpkg/lock-frontend", "/var/lib/dpkg/lock", "/var/lib/apt/lists/lock")
# Nothing is written where apt keeps what it knows, and nobody who installs is kept waiting.
APT = ("-o", "Debug::NoLocking=1", "-o", "Dir::Cache::pkgcache=", "-o", "Dir::Cache::srcpkgcache=")
HELPER = "/usr/lib/apt/apt-helper"


def look() -> dict[str, Any]:
    """Return what speaks for and against installing anything on this machine now."""
    with ThreadPoolExecutor() as pool:
        sources = pool.submit(apt_sources)
        broken = pool.submit(apt_check)
        kind = patiently("systemd-detect-virt").stdout.strip()
        facts = {
            "virtualisation": kind,
            "container": patiently("systemd-detect-virt", "--container", "--quiet").returncode == 0,
            "capabilities": capabilities(read_text("/proc/self/status")),
            "kernel": os.uname().release,
            "locale": default_locale(),
            "locales": patiently("locale", "-a").stdout.split(),
            "resolves": patiently("getent", "hosts", os.uname().nodename).returncode == 0,
            "apt_lock": lock_holder(),
            "held": patiently("apt-mark", "showhold").stdout.split(),
            "reboot": reboot(),
        }
        return facts | {"apt_broken": broken.result(), "sources": sources.result()}


def patiently(*command: str) -> subprocess.CompletedProcess[str]:
    """Return a finished program; one that does not end counts as failed."""
    try:
        return run(*command, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 124, "", "it does not end")


def capabilities(status: str) -> int:
    """Return what root may do here, as the kernel's bits (capabilities(7))."""
    found = re.search(r"^CapEff:\s*([0-9a-f]+)$", status, re.MULTILINE)
    return int(found[1], 16) if found else 0


def default_locale() -> str:
    """Return the language that the server is set to, or nothing."""
    for path in ("/etc/locale.conf", "/etc/default/locale"):
        found = re.search(r'^\s*LANG=["\']?([^"\'\s]+)', read_text(path), re.MULTILINE)
        if found:
            return found[1]
    return ""


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


def apt_check() -> str:
    """Return what apt finds broken, or nothing."""
    done = patiently("apt-get", *APT, "-q", "check")
    lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    return "\n".join(lines[-4:]) if done.returncode else ""


def apt_sources() -> list[dict[str, str]]:
    """Return each package source that apt is set to, with the reason where it cannot be reached.

    apt's own programs fetch, so that its proxies and authorities count.
    """
    listed = patiently("apt-get", *APT, "-q", "update", "--print-uris")
    if listed.returncode:
        said = (listed.stderr.strip().splitlines() or ["?"])[0]
        return [{"url": "", "reason": said.removeprefix("E: ")}]
    urls = re.findall(r"^'(https?://[^']+/InRelease)' ", listed.stdout, re.MULTILINE)
    if not urls:
        return []
    folder = tempfile.mkdtemp(prefix="provision-check-")
    words: list[str] = []
    for number, url in enumerate(urls):
        words += [url, f"{folder}/{number}", ""]
    limits = ("-o", "Acquire::Retries=0")
    for scheme in ("http", "https"):
        limits += ("-o", f"Acquire::{scheme}::Timeout={PATIENCE // 2}")
    try:
        sandbox = ("-o", "APT::Sandbox::User=root")
        done = patiently(HELPER, *sandbox, *limits, "download-file", *words)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    refused = re.findall(r"^E: Failed to fetch (\S+)\s+(.*)$", done.stderr, re.MULTILINE)
    reasons = {url: re.sub(r"\s*\[IP:[^\]]*\]$", "", reason) for url, reason in refused}
    if done.returncode and not reasons:
        reasons = dict.fromkeys(urls, done.stderr.strip().splitlines()[-1:] or ["?"])
        reasons = {url: str(said[0]) for url, said in reasons.items()}
    return [{"url": url, "reason": reasons.get(url, "")} for url in urls]
