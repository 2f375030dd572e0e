"""What `apt-get update` would say of each source of packages; what apt knows stays as it is.

Its exit code proves nothing: where lists of a source are kept from before, apt goes on with them
when it refuses the new ones, and ends with 0. What follows, provision/check/judges/sources.py says.

verify/inside/apt_update.py is this text once more, as neither can travel with the other.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

# Nothing of the server's own runs or is written; a source that is refused is an error.
CONFIGURATION = """
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear Acquire::IndexTargets::deb-src;
APT::Sandbox::User "root";
APT::Update::Error-Mode "any";
APT::Color "0";
Acquire::Retries "0";
Acquire::http::Timeout "6";
Acquire::https::Timeout "6";
Debug::NoLocking "1";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
"""
LISTS = 'Dir::State::lists "{folder}/lists";\n'
ONLY = 'Dir::Etc::sourcelist "{only}";\nDir::Etc::sourceparts "-";\n'
"""With one file of sources."""
# Where no list is kept from before, a source that is refused is an error; and of each source only
# the signed list of its lists is fetched.
NO_PACKAGES = "#clear Acquire::IndexTargets::deb;\n"
ADDRESS = re.compile(r"\b[a-z+]+:/(?:/[^\s/\]\"']*\[[0-9A-Fa-f:.]+\])?[^\s\]\"']+")
SECRET = re.compile(r"(?<=//)[^/@\s]+@")
MOST = 20000


def ask_apt(seconds: float, only: str = "") -> dict[str, Any]:
    """Return what `apt-get update` would say now: {"said", "places"}, or {"late": True}.

    `places` tells in which file each source stands. Nothing changes that apt knows; with `only`,
    one file of sources is looked at.
    """
    folder = Path(tempfile.mkdtemp(prefix="provision-apt-", dir="/run"))
    try:
        folder.joinpath("lists/partial").mkdir(parents=True)
        text = CONFIGURATION + NO_PACKAGES + LISTS.format(folder=folder)
        if only:
            text += ONLY.format(only=only)
        folder.joinpath("apt.conf").write_text(text, encoding="utf-8")
        done = subprocess.run(
            ["apt-get", "-q", "-c", str(folder / "apt.conf"), "update"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, "LC_ALL": "C"},
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {"late": True}
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    said = SECRET.sub("", done.stdout.decode("utf-8", "replace"))[-MOST:]
    return {"code": done.returncode, "said": said, "places": source_files()}


def source_files() -> dict[str, str]:
    """Return in which file each address of a source stands."""
    found: dict[str, str] = {}
    apt = Path("/etc/apt")
    for path in [apt / "sources.list", *sorted(apt.glob("sources.list.d/*"))]:
        if not path.is_file():
            continue  # a pipe would be waited for
        try:
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            continue
        text = "\n".join(line for line in lines if not line.lstrip().startswith("#"))
        for address in ADDRESS.findall(text):
            found.setdefault(SECRET.sub("", address).rstrip("/"), str(path))
    return found
