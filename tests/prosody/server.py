"""A Prosody of our own on loopback, with the modules under test."""

from __future__ import annotations

import os
import runpy
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from string import Template

from provision.deploy.tree import Renderer
from tests.unit.trees import NONCE, school, server

ROOT = Path(__file__).resolve().parents[2]
OURS = ROOT / "roles/prosody/files/usr/local/share/jitsi-provision/prosody"
OBSERVER = ROOT / "tests/prosody/observer"
STANDINS = (
    ROOT / "tests/standins/packages/jitsi-meet-prosody/root/usr/share/jitsi-meet/prosody-plugins"
)
PLUGINS = Path(os.environ.get("PROVISION_PROSODY_PLUGINS") or STANDINS)
"""Jitsi's own plugins, where somebody has them; else our stand-ins for them."""

# As `provision teachers` writes accounts.
STORE = runpy.run_path(str(ROOT / "roles/deployment/module_utils/prosody_store.py"))
account_text, encode = STORE["account_text"], STORE["encode"]
DOMAIN = "meet.school.test"
PASSWORD = "correct horse battery staple"
ACCOUNTS = ("teacher", "colleague")

TEMPLATE = "prosody/templates/etc/prosody/conf.avail/_domain_.cfg.lua"
"""What a school gets. It is tested as it is shipped: a copy would drift from it."""

OF_THE_TEST = Template("""
run_as_root = true
daemonize = false
data_path = "$folder/data"
certificates = "$folder"
log = { debug = "$folder/debug.log"; info = "$folder/prosody.log" }
plugin_paths = { "$folder/plugins", "$folder/ours", "$folder/observer" }
c2s_ports = { $stream_port }
network_settings = { tcp_backlog = 4096 }
c2s_direct_tls_ports = {}
http_ports = { $port }
-- The focus of the tests speaks without TLS on loopback.
c2s_require_encryption = false
school_return_directory = "$folder/tickets"
-- No bridge announces itself here.
school_focus_patience = 0
$options
""")
"""Where this server lives, and what a test wants otherwise."""


def shipped() -> str:
    """Return the configuration that a school gets, without TLS, which nginx speaks here, too."""
    settings = school(domain=DOMAIN, language="en")
    text = Renderer(ROOT / "roles", settings, server(), NONCE).text(
        (ROOT / "roles" / TEMPLATE).read_text(encoding="utf-8")
    )
    return text.replace(' "tls",', "").replace('Include "', '-- Include "')


@dataclass
class Prosody:
    """One server. `root` is the file system whose Prosody is meant; `without` a module to omit."""

    folder: Path
    root: Path = Path("/")
    options: str = ""
    without: str = ""
    port: int = 0
    stream_port: int = 0
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self) -> None:
        """Return when it serves."""
        shutil.copytree(OURS, self.folder / "ours")
        shutil.copytree(PLUGINS, self.folder / "plugins")
        shutil.copytree(OBSERVER, self.folder / "observer")
        (self.folder / "tickets").mkdir()
        with socket.socket() as one, socket.socket() as other:
            for free in (one, other):
                free.bind(("127.0.0.1", 0))
            self.port, self.stream_port = one.getsockname()[1], other.getsockname()[1]
        inside = "/" / self.folder.relative_to(self.root)
        ours = OF_THE_TEST.substitute(
            folder=inside, port=self.port, stream_port=self.stream_port, options=self.options
        )
        everywhere, hosts = shipped().split("\nVirtualHost", 1)
        hosts = hosts.replace("/run/jitsi-provision-warm/bridge", f"{inside}/warm")
        config = f"{everywhere}\n{ours}\nVirtualHost{hosts}"
        if self.without:
            config = config.replace(f'"{self.without}",', "")
        (self.folder / "prosody.cfg.lua").write_text(config)
        self.add_account("auth." + DOMAIN, "focus")
        self.add_account("auth." + DOMAIN, "jvb")
        self._subscribe_to_the_focus()
        for name in ACCOUNTS:
            self.add_account(DOMAIN, name)
        self._run()
        problems = [line for line in self.log().splitlines() if "\terror\t" in line]
        if problems:
            self.stop()
            raise RuntimeError("\n".join(problems))

    def _run(self) -> None:
        with (self.folder / "output").open("wb") as output:
            self.process = subprocess.Popen(
                self._command("prosody"), stdout=output, stderr=output, start_new_session=True
            )
        deadline = time.monotonic() + 30
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError((self.folder / "output").read_text() + self.log())
            time.sleep(0.02)

    def restart(self) -> None:
        """End the process and begin anew with what it kept."""
        self.stop()
        self._run()

    def add_account(self, host: str, name: str) -> None:
        """Make an account whose password is PASSWORD; also while the server runs."""
        store = self.folder / "data" / encode(host) / "accounts"
        store.mkdir(parents=True, exist_ok=True)
        (store / f"{name}.dat").write_text(account_text(PASSWORD))

    def remove_account(self, name: str, host: str = DOMAIN) -> None:
        """Take an account away."""
        (self.folder / "data" / encode(host) / "accounts" / f"{name}.dat").unlink()

    def _subscribe_to_the_focus(self) -> None:
        """Let the focus' component see it come and go, as a deployment does."""
        roster = self.folder / "data" / encode("auth." + DOMAIN) / "roster"
        roster.mkdir(parents=True)
        entry = '{ ["groups"] = {}; ["subscription"] = "from"; }'
        (roster / "focus.dat").write_text(f'return {{ ["focus.{DOMAIN}"] = {entry}; }};\n')

    def log(self, name: str = "prosody.log") -> str:
        """Return what it has logged: "prosody.log" from level info on, "debug.log" everything."""
        path = self.folder / name
        return path.read_text() if path.exists() else ""

    def stop(self) -> None:
        """End the process."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def _command(self, program: str) -> list[str]:
        inside = "/" / self.folder.relative_to(self.root)
        command = [program, "--config", f"{inside}/prosody.cfg.lua"]
        return command if self.root == Path("/") else ["chroot", str(self.root), *command]

    def _answers(self) -> bool:
        try:
            for port in (self.port, self.stream_port):
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            return False
        return True
