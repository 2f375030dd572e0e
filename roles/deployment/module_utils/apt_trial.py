"""What the installation of a deployment would come to: apt is asked, and knows nothing new after.

The lists of the repository are fetched into a folder in memory, beside links to those that the
server has of Debian. Where apt then refuses, these may be too old, and all are fetched there. That
takes seconds: where a new server has none at all, the repository's own packages are looked for.
"""

from __future__ import annotations

import glob
import os
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from ansible.module_utils import apt_update
from ansible.module_utils.school_server import read_text, run

LISTS = "/var/lib/apt/lists"
SOURCES = "/etc/apt/sources.list.d"
OURS = "jitsi-provision.sources"
KEEPING_LISTS = 'APT::Get::List-Cleanup "0";\nAcquire::Languages "none";\n'
ALL = 'Acquire::GzipIndexes "1";\nDir::Etc::sourceparts "{folder}/sources";\n'
SOURCE = "Types: deb\nURIs: {url}\nSuites: stable/\nSigned-By: {keyring}\n"
OF_OURS = re.compile(r"\b(?:jitsi-|jicofo\b)")
UNKNOWN = "Unable to locate package {name}"
REASON = re.compile(r"^(?:E: (.*)| (\S+ : .*))$", re.MULTILINE)
SUMMARY = re.compile(r"Unable to correct problems|Broken packages|held broken packages")
MOST = 6


class LateError(Exception):
    """The time is over; that proves nothing."""


def reasons(url: str, key: str, packages: list[str], seconds: float) -> list[str]:
    """Return why these packages cannot be installed, in apt's own words; nothing where they can.

    ``key`` is the repository's, armoured. Nothing as well where the lists cannot be had or the time
    is over: why that is, others say.
    """
    there = installed(packages)
    missing = [name for name in packages if name not in there]
    if not missing:
        return []
    folder = Path(tempfile.mkdtemp(prefix="provision-trial-", dir="/run"))
    try:
        return _tried(folder, url, key, missing, time.monotonic() + seconds)
    except LateError:
        return []
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def installed(names: list[str]) -> set[str]:
    """Return which of these packages are installed."""
    said = run("dpkg-query", "-W", "-f", "${db:Status-Status} ${Package}\n", *names).stdout
    return set(re.findall(r"^installed (\S+)$", said, re.MULTILINE))


def _tried(folder: Path, url: str, key: str, packages: list[str], end: float) -> list[str]:
    own = prepare(folder, url, key)
    if _apt(folder, "ours.conf", end, "update").returncode:
        return []
    lists = {path: os.path.basename(path) for path in glob.glob(f"{folder}/lists/*_Packages*")}
    if all(name.startswith(own) for name in lists.values()):
        there = set(re.findall(r"^Package: (\S+)$", "\n".join(map(read_text, lists)), re.MULTILINE))
        lacking = [name for name in packages if OF_OURS.match(name) and name not in there]
        return [UNKNOWN.format(name=name) for name in lacking]
    said = _apt(folder, "all.conf", end, "-s", "--no-remove", "install", *packages)
    if said.returncode and not all(map(OF_OURS.search, of(said.stdout + said.stderr))):
        # The lists that were there may be of another time.
        if _apt(folder, "all.conf", end, "update").returncode:
            return []
        said = _apt(folder, "all.conf", end, "-s", "--no-remove", "install", *packages)
    return of(said.stdout + said.stderr) if said.returncode else []


def prepare(folder: Path, url: str, key: str) -> str:
    """Write configurations and sources, and link the lists that there are of other sources.

    Returned is how the names of the repository's lists begin.
    """
    for name in ("lists/partial", "sources"):
        folder.joinpath(name).mkdir(parents=True)
    own = re.sub(r"^[a-z]+://", "", url.rstrip("/")).replace("/", "_") + "_"
    for path in glob.glob(f"{LISTS}/*"):
        name = os.path.basename(path)
        if os.path.isfile(path) and name != "lock" and not name.startswith(own):
            os.symlink(path, folder / "lists" / name)
    keyring = folder / "key.asc"
    keyring.write_text(key, encoding="ascii")
    for path in glob.glob(f"{SOURCES}/*"):
        if os.path.basename(path) != OURS:
            os.symlink(path, folder / "sources" / os.path.basename(path))
    source = folder / "sources" / OURS
    source.write_text(SOURCE.format(url=url, keyring=keyring), encoding="utf-8")
    common = apt_update.CONFIGURATION + KEEPING_LISTS + apt_update.LISTS.format(folder=folder)
    only, everything = apt_update.ONLY.format(only=source), ALL.format(folder=folder)
    for name, rest in (("ours.conf", only), ("all.conf", everything)):
        folder.joinpath(name).write_text(common + rest, encoding="utf-8")
    return own


def _apt(
    folder: Path, configuration: str, end: float, *words: str
) -> subprocess.CompletedProcess[str]:
    left = end - time.monotonic()
    if left <= 0:
        raise LateError
    environment = {"APT_CONFIG": str(folder / configuration)}
    try:
        return run("apt-get", "-q", *words, env=environment, timeout=left)
    except subprocess.TimeoutExpired as error:
        raise LateError from error


def of(said: str) -> list[str]:
    """Return the reasons that apt gives."""
    found = [one or other for one, other in REASON.findall(said)]
    plain = [" ".join(reason.split()) for reason in found if not SUMMARY.search(reason)]
    return list(dict.fromkeys(plain))[:MOST]
