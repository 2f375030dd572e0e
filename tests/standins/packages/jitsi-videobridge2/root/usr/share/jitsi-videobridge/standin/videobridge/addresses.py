"""The addresses that the bridge uses, and the public ones it finds for them."""

import asyncio
import contextlib
import ipaddress
import json
import socket
import subprocess
from collections.abc import Callable
from typing import Any

import stun
from settings import Mapping, static_mappings, stun_servers
from standin.config import Config
from standin.log import Log

AWS_METADATA = "169.254.169.254"


def local(config: Config) -> list[str]:
    """Addresses of this host that the configuration allows for media."""
    base = "ice4j.harvest"
    allowed = set(map(str, config.items(f"{base}.allowed-addresses")))
    blocked = set(map(str, config.items(f"{base}.blocked-addresses")))
    good_nics = set(map(str, config.items(f"{base}.allowed-interfaces")))
    bad_nics = set(map(str, config.items(f"{base}.blocked-interfaces")))
    v6 = config.flag(f"{base}.use-ipv6", True)
    found = []
    for nic, text in _all():
        ip = ipaddress.ip_address(text)
        if ip.is_loopback or ip.is_link_local or (ip.version == 6 and not v6):
            continue
        nic_fits = nic in good_nics if good_nics else nic not in bad_nics
        if nic_fits and (text in allowed if allowed else text not in blocked):
            found.append(text)
    return found


def is_valid(address: str) -> bool:
    """What the bridge's health check calls valid: not site-local, link-local or loopback."""
    ip = ipaddress.ip_address(address)
    if ip.version == 4:
        private = any(
            ip in ipaddress.ip_network(net)
            for net in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
        )
    else:
        # Java's idea of site-local is fec0::/10; unique local addresses count as valid.
        private = ip in ipaddress.ip_network("fec0::/10")
    return not (private or ip.is_link_local or ip.is_loopback)


class Mappings:
    """Public addresses: written down, or found by asking strangers."""

    def __init__(self, config: Config, journal: Log) -> None:
        self.config = config
        self.journal = journal
        self.found: list[Mapping] = static_mappings(config)
        self.stun_failed = False

    async def discover(self) -> None:
        """Ask whom the configuration says to ask, as the genuine bridge does at every start."""
        if self.config.flag("ice4j.harvest.mapping.aws.enabled", True):
            await self._try_aws()
        servers = stun_servers(self.config)
        if not servers:
            return
        answers = [await self._ask(*server) for server in servers]
        self.stun_failed = not any(answers)

    async def _try_aws(self) -> None:
        self.journal.info(f"Looking for a cloud's metadata service at {AWS_METADATA}")
        with contextlib.suppress(OSError, TimeoutError):
            _, writer = await asyncio.wait_for(asyncio.open_connection(AWS_METADATA, 80), 0.5)
            writer.close()

    async def _ask(self, host: str, port: int) -> bool:
        self.journal.info(f"Asking the STUN server {host}:{port} for the public address")
        loop = asyncio.get_running_loop()
        try:
            infos = await loop.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
        except OSError as error:
            self.journal.warning(f"STUN server {host} cannot be resolved: {error}")
            return False
        answer: asyncio.Future[bytes] = loop.create_future()
        family, _, _, _, target = infos[0]
        sock = socket.socket(family, socket.SOCK_DGRAM)
        sock.setblocking(False)
        transport, _ = await loop.create_datagram_endpoint(lambda: _OneAnswer(answer), sock=sock)
        try:
            # Retransmissions as RFC 5389 has them, cut short.
            for pause in (0.5, 1.0, 2.0):
                transport.sendto(stun.request(), target)
                with contextlib.suppress(TimeoutError):
                    public = stun.mapped_address(
                        await asyncio.wait_for(asyncio.shield(answer), pause)
                    )
                    if public:
                        self.found += [Mapping(text, public) for text in local(self.config)]
                        return True
        finally:
            transport.close()
        self.journal.warning(f"The STUN server {host}:{port} does not answer")
        return False


class _OneAnswer(asyncio.DatagramProtocol):
    def __init__(self, answer: "asyncio.Future[bytes]") -> None:
        self.answer = answer

    def datagram_received(self, data: bytes, _: tuple[str, int]) -> None:
        if not self.answer.done():
            self.answer.set_result(data)


class _Media(asyncio.DatagramProtocol):
    def __init__(self, count: Callable[[], None]) -> None:
        self.count = count

    def connection_made(self, transport: Any) -> None:
        self.transport: asyncio.DatagramTransport = transport

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        if stun.is_request(data):
            self.count()
            self.transport.sendto(stun.success(data, address), address)


async def open_media(
    config: Config, journal: Log, port: int, count: Callable[[], None]
) -> list[str]:
    """Addresses on which the media port is open now and answers STUN."""
    opened = []
    for text in local(config):
        try:
            await asyncio.get_running_loop().create_datagram_endpoint(
                lambda: _Media(count), local_addr=(text, port)
            )
        except OSError as error:
            journal.severe(f"Failed to bind {text} port {port}/udp: {error}")
            continue
        opened.append(text)
        journal.info(f"Media port {port}/udp is open on {text} (STAND-IN: STUN only, no media)")
    return opened


def _all() -> list[tuple[str, str]]:
    done = subprocess.run(
        ["ip", "-json", "address", "show", "up"], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        return [("unknown", socket.gethostbyname(socket.gethostname()))]
    return [
        (link["ifname"], entry["local"])
        for link in json.loads(done.stdout)
        for entry in link.get("addr_info", [])
        if "local" in entry and not entry.get("tentative")
    ]
