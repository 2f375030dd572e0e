"""The package repository's web server, and the cache for Debian's packages."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
import socket
import sys
from pathlib import Path

from tests.bench import network, state
from tests.bench.errors import BenchError
from tests.bench.process import Daemon, run, wait_until

REPOSITORY = f"http://{network.GATEWAY}:8099"
CACHE = f"http://{network.GATEWAY}:3142"
STANDINS = state.ROOT / "tests" / "standins"
PROXY = Path(__file__).parent / "daemons" / "aptcache.py"


class Packages:
    """Jitsi's stand-in packages over HTTP, and everybody's Debian packages from one cache."""

    url = REPOSITORY
    cache = CACHE

    def __init__(self) -> None:
        self.web = Daemon("packages", state.directory())
        self.proxy = Daemon("aptcache", state.directory())

    @property
    def default(self) -> Path:
        """Where the stand-ins are built."""
        return state.directory() / "packages"

    @property
    def directory(self) -> str:
        """The directory that is being served."""
        return (self.web.arguments or ["nothing"])[-1]

    @property
    def fingerprint(self) -> str:
        """The fingerprint of the key that signs the repository."""
        path = self.default / "fingerprint"
        if not path.exists():
            raise BenchError(f"no stand-in packages: {path} is missing")
        return path.read_text().strip()

    def up(self, directory: Path | None = None) -> None:
        """Serve a directory (default: the stand-ins, built anew when their sources changed)."""
        if directory is None and self.directory in ("nothing", str(self.default.resolve())):
            self.build()
            directory = None if self.web.pid else self.default
        if directory is not None:
            directory.mkdir(parents=True, exist_ok=True)
            server = [sys.executable, "-m", "http.server", "8099", "--bind", network.GATEWAY]
            server += ["--protocol", "HTTP/1.1", "--directory", str(directory.resolve())]
            self.web.start(server)
        store = state.directory() / "apt-cache"
        outward = machine_proxy("http")
        command = [sys.executable, str(PROXY), str(store), network.GATEWAY, "3142"]
        self.proxy.start(command, env={"http_proxy": outward} if outward else {})
        for daemon, port in ((self.web, 8099), (self.proxy, 3142)):
            if not wait_until(lambda d=daemon, p=port: d.pid and listens(p), seconds=10):
                raise BenchError(f"the {daemon.name} server does not answer:\n{daemon.tail()}")

    def build(self) -> None:
        """Build the stand-ins unless those there are of the same sources."""
        if importlib.util.find_spec("tests.standins.__main__") is None:
            return
        sources = sorted(path for path in STANDINS.rglob("*") if path.is_file())
        recipe = hashlib.sha256()
        for path in sources:
            if "__pycache__" not in path.parts:
                recipe.update(f"{path.relative_to(STANDINS)}\0".encode() + path.read_bytes())
        made_for = state.directory() / "packages.made-for"
        if made_for.exists() and made_for.read_text() == recipe.hexdigest():
            return
        command = [sys.executable, "-m", "tests.standins", str(self.default)]
        run(command, cwd=state.ROOT, env=dict(os.environ))
        made_for.write_text(recipe.hexdigest())

    def down(self) -> None:
        """Stop both servers; packages and cache stay on disk."""
        self.web.stop()
        self.proxy.stop()


def machine_proxy(scheme: str) -> str | None:
    """Return the proxy that this machine's own apt uses."""
    command = ["apt-config", "shell", "P", f"Acquire::{scheme}::Proxy"]
    shell = run(command, check=False).stdout if shutil.which("apt-config") else ""
    found = re.search(r"P='([^']*)'", shell)
    return (found.group(1) if found else os.environ.get(f"{scheme}_proxy")) or None


def listens(port: int) -> bool:
    """Return whether a service of the bench accepts connections."""
    with socket.socket() as sock:
        sock.settimeout(1)
        return sock.connect_ex((network.GATEWAY, port)) == 0
