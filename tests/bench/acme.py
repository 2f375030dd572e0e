"""pebble, Let's Encrypt's own test server: certificates without the internet."""

from __future__ import annotations

import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING

from provision.certificates.trust import as_browsers
from tests.bench import network, state
from tests.bench.certificates import Authority
from tests.bench.errors import BenchError
from tests.bench.process import Daemon, wait_until

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Temper:
    """How difficult pebble is; as it stands here it is never difficult and never random."""

    nonce_reject: int = 0
    """Percentage of good nonces that it refuses."""
    sleep: int = 0
    """Longest pause before it checks a challenge, in seconds."""
    authorization_reuse: int = 0
    """Percentage of orders that need no new challenge."""
    strict: bool = False
    """Whether it behaves as a future Let's Encrypt would."""
    valid_seconds: int = 90 * 86400
    """How long its certificates last (0: five years); as at Let's Encrypt."""

    def environment(self) -> dict[str, str]:
        """Return what pebble reads at its start."""
        known = {
            "PEBBLE_WFE_NONCEREJECT": str(self.nonce_reject),
            "PEBBLE_AUTHZREUSE": str(self.authorization_reuse),
        }
        return known | (
            {"PEBBLE_VA_SLEEPTIME": str(self.sleep)} if self.sleep else {"PEBBLE_VA_NOSLEEP": "1"}
        )


class Acme:
    """The ACME server of the bench, or another one beside it with a temper and ports of its own."""

    def __init__(self, name: str = "pebble", port: int = 14000) -> None:
        self.folder = state.directory() / ("acme" if name == "pebble" else name)
        self.daemon = Daemon(name, state.directory())
        self.listens, self.managed = f"{network.GATEWAY}:{port}", f"{network.GATEWAY}:{port + 1000}"

    @property
    def directory(self) -> str:
        """What certbot is given."""
        return f"https://{self.listens}/dir"

    @property
    def ca_file(self) -> Path:
        """The authority that signed the ACME server's own HTTPS certificate: clients trust it."""
        return self.folder / "ca.pem"

    @property
    def root_file(self) -> Path:
        """The root of the certificates that pebble issues, new at each of its starts."""
        return self.folder / "root.pem"

    @property
    def roots(self) -> bytes:
        """Both: whom a technician's computer has to trust here for everything to verify."""
        return self.ca_file.read_bytes() + self.root_file.read_bytes()

    def up(self, temper: Temper | None = None) -> None:
        """Start pebble; with a temper, start it anew if it runs with another one."""
        if temper is None and self.daemon.pid and self.root_file.exists():
            return
        temper = temper or Temper()
        certificate = self.folder / "server.pem"
        if not certificate.exists():
            names = f"IP:{network.GATEWAY},IP:{network.GATEWAY6},DNS:acme.school.test"
            key = self.folder / "server.key"
            Authority(self.folder).issue(names, certificate, key, days=3650)
        config = self.folder / "pebble.json"
        state.write(config, self._configuration(temper))
        command = ["pebble", "-config", str(config), "-dnsserver", f"{network.GATEWAY}:53"]
        if temper.strict:
            command.append("-strict")
        environment = temper.environment() | {"BENCH_VALID": str(temper.valid_seconds)}
        self.daemon.start(command, env=environment)
        if not wait_until(self._fetch_root, seconds=10):
            raise BenchError(f"pebble does not answer:\n{self.daemon.tail()}")

    def _configuration(self, temper: Temper) -> dict[str, object]:
        settings: dict[str, object] = {
            "listenAddress": self.listens,
            "managementListenAddress": self.managed,
            "certificate": str(self.folder / "server.pem"),
            "privateKey": str(self.folder / "server.key"),
            "httpPort": 80,
            "tlsPort": 443,
            "ocspResponderURL": "",
            "externalAccountBindingRequired": False,
        }
        if temper.valid_seconds:
            settings["certificateValidityPeriod"] = temper.valid_seconds
        return {"pebble": settings}

    def get(self, url: str) -> bytes:
        """Return what an address of pebble answers, its certificate checked."""
        context = as_browsers(self.ca_file)
        handlers = urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        opener = urllib.request.build_opener(*handlers)
        with opener.open(url, timeout=5) as answer:
            content: bytes = answer.read()
            return content

    def _fetch_root(self) -> bool:
        if not self.daemon.pid:
            raise BenchError(f"pebble does not run:\n{self.daemon.tail()}")
        try:
            self.root_file.write_bytes(self.get(f"https://{self.managed}/roots/0"))
        except OSError:
            return False
        return True
