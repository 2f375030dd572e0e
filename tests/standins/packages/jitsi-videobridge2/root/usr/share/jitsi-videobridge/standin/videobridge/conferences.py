"""Conferences that Jicofo asks for. Plausible answers; no media is ever forwarded."""

import asyncio
import secrets
from dataclasses import dataclass, field

import addresses
from standin.client import IqError
from standin.config import Config
from standin.log import Log
from standin.stanza import Element, el

COLIBRI2 = "jitsi:colibri2"
ICE = "urn:xmpp:jingle:transports:ice-udp:1"
DTLS = "urn:xmpp:jingle:apps:dtls:0"
SSMA = "urn:xmpp:jingle:apps:rtp:ssma:0"
COLIBRI = "http://jitsi.org/protocol/colibri"
# A made-up certificate fingerprint: nothing could ever match it.
FINGERPRINT = ":".join(["5A"] * 32)
HOST_PRIORITY = 2130706431
MAPPED_PRIORITY = 1677724415


@dataclass
class Conference:
    """One meeting on this bridge."""

    name: str
    endpoints: set[str] = field(default_factory=set)


class Conferences:
    """All meetings on this bridge."""

    def __init__(self, config: Config, journal: Log, mappings: addresses.Mappings) -> None:
        self.config = config
        self.journal = journal
        self.mappings = mappings
        self.bound: list[str] = []
        self.port = config.number("videobridge.ice.udp.port", 10000)
        self.running: dict[str, Conference] = {}
        self.created = 0
        self.draining = config.flag("videobridge.initial-drain-mode", False)
        # Loading its classes for the first conference takes a cold Java bridge seconds.
        self.cold_seconds = config.seconds("standin.first-conference", 3.0)

    @property
    def participants(self) -> int:
        """Endpoints in all meetings."""
        return sum(len(conference.endpoints) for conference in self.running.values())

    async def modify(self, stanza: Element) -> Element:
        """The answer to Jicofo's conference-modify."""
        query = stanza[0]
        meeting = query.get("meeting-id")
        if not meeting:
            raise IqError("bad-request")
        await self._warm_up()
        conference = self.running.get(meeting)
        if query.get("expire") == "true":
            self._end(meeting)
            return el(f"{{{COLIBRI2}}}conference-modified")
        if conference is None:
            if query.get("create") != "true":
                raise IqError("item-not-found")
            conference = Conference(query.get("name", ""))
            self.running[meeting] = conference
            self.created += 1
            self.journal.info(f"Created conference {meeting}")
        answer = el(f"{{{COLIBRI2}}}conference-modified")
        for wish in query.findall(f"{{{COLIBRI2}}}endpoint"):
            self._endpoint(conference, wish, answer)
        if query.get("create") == "true":
            answer.append(_feedback_sources())
        return answer

    async def _warm_up(self) -> None:
        delay, self.cold_seconds = self.cold_seconds, 0.0
        if delay:
            await asyncio.sleep(delay)
            millis = int(delay * 1000)
            self.journal.warning(f"Took {millis} ms to process an IQ (STAND-IN for a cold bridge)")

    def _end(self, meeting: str) -> None:
        if self.running.pop(meeting, None):
            self.journal.info(f"Expired conference {meeting}")

    def _endpoint(self, conference: Conference, wish: Element, answer: Element) -> None:
        name = wish.get("id", "")
        if wish.get("expire") == "true":
            conference.endpoints.discard(name)
            return
        reply = el(f"{{{COLIBRI2}}}endpoint", {"id": name})
        if wish.get("create") == "true":
            conference.endpoints.add(name)
            reply.append(el(f"{{{COLIBRI2}}}transport", {}, self._transport(name)))
        elif name not in conference.endpoints:
            raise IqError("item-not-found")
        answer.append(reply)

    def _transport(self, endpoint: str) -> Element:
        transport = el(
            f"{{{ICE}}}transport", {"ufrag": secrets.token_hex(4), "pwd": secrets.token_hex(12)}
        )
        transport.append(el(f"{{{ICE}}}rtcp-mux"))
        attributes = {"hash": "sha-256", "setup": "actpass"}
        transport.append(el(f"{{{DTLS}}}fingerprint", attributes, FINGERPRINT))
        if self.config.flag("videobridge.websockets.enabled", False):
            transport.append(self._web_socket(endpoint))
        for number, (kind, address, base) in enumerate(self._candidates()):
            transport.append(_candidate(number, kind, address, base, self.port))
        return transport

    def _web_socket(self, endpoint: str) -> Element:
        base = "videobridge.websockets"
        domains = self.config.items(f"{base}.domains") or self.config.items(f"{base}.domain")
        scheme = "wss" if self.config.flag(f"{base}.tls", False) else "ws"
        server = self.config.get(f"{base}.server-id", "default-id")
        url = f"{scheme}://{domains[0]}/colibri-ws/{server}/standin/{endpoint}"
        return el(f"{{{COLIBRI}}}web-socket", {"url": f"{url}?pwd={secrets.token_hex(12)}"})

    def _candidates(self) -> list[tuple[str, str, str]]:
        private = self.config.flag("videobridge.ice.advertise-private-candidates", True)
        found = [("host", a, a) for a in self.bound if private or addresses.is_valid(a)]
        mapped = [m for m in self.mappings.found if m.local in self.bound]
        return found + [("srflx", m.public, m.local) for m in mapped]


def _candidate(number: int, kind: str, address: str, base: str, port: int) -> Element:
    attributes = {
        "component": "1", "foundation": str(number + 1), "generation": "0",
        "id": secrets.token_hex(6), "network": "0", "protocol": "udp",
        "priority": str(HOST_PRIORITY if kind == "host" else MAPPED_PRIORITY),
        "type": kind, "ip": address, "port": str(port),
    }  # fmt: skip
    if kind != "host":
        attributes |= {"rel-addr": base, "rel-port": str(port)}
    return el(f"{{{ICE}}}candidate", attributes)


def _feedback_sources() -> Element:
    sources = el(f"{{{COLIBRI2}}}sources")
    for kind, name in (("audio", "jvb-a0"), ("video", "jvb-v0")):
        source = el(f"{{{SSMA}}}source", {"ssrc": str(secrets.randbits(31)), "name": name})
        attributes = {"type": kind, "id": name}
        sources.append(el(f"{{{COLIBRI2}}}media-source", attributes, source))
    return sources
