"""The bridge in the brewery room, where Jicofo looks for bridges."""

import asyncio
import time
from collections.abc import Callable

from settings import Shard
from standin.client import Client, IqError
from standin.log import Log
from standin.stanza import Element, bare, el
from standin.stream import Account
from standin.truststore import context

MUC = "http://jabber.org/protocol/muc"
MUC_USER = f"{MUC}#user"
OWNER = f"{MUC}#owner"
FORM = "jabber:x:data"
STATS = "http://jitsi.org/protocol/colibri"
COLIBRI2 = "jitsi:colibri2"
HEALTH = "http://jitsi.org/protocol/healthcheck"


class Brewery:
    """One signed-in client per shard, with its presence kept up to date."""

    def __init__(self, shard: Shard, stats: Callable[[], dict[str, str]], journal: Log) -> None:
        self.shard = shard
        self.stats = stats
        self.journal = journal
        tls, trusted = context(shard.verify)
        journal.info(f"Trusting {trusted} for the connection to {shard.hostname}")
        account = Account(
            shard.hostname, shard.port, shard.domain, shard.username, shard.password,
            f"standin-{int(time.time()) % 100000}",
        )  # fmt: skip
        self.client = Client(account, tls, journal)
        self.client.features += [COLIBRI2, HEALTH]
        self.client.on_up = self._join
        self.client.on_down = self.joined_clear
        self.client.on_presence = self._presence
        self.joined: set[str] = set()

    def joined_clear(self) -> None:
        """Forget the rooms of a connection that is gone."""
        self.joined.clear()

    async def publish(self, interval: float) -> None:
        """Tell the rooms the current figures, for ever."""
        while True:
            await asyncio.sleep(interval)
            for room in self.joined:
                self._send(room)

    async def _join(self) -> None:
        self.client.send(el("presence"))
        for room in self.shard.rooms:
            self.journal.info(f"Joining {room} as {self.shard.nickname}")
            self._send(room)

    def _send(self, room: str) -> None:
        stats = el(f"{{{STATS}}}stats")
        for name, value in self.stats().items():
            stats.append(el(f"{{{STATS}}}stat", {"name": name, "value": value}))
        to = f"{room}/{self.shard.nickname}"
        self.client.send(el("presence", {"to": to}, el(f"{{{MUC}}}x"), stats))

    def _presence(self, stanza: Element) -> None:
        sender = stanza.get("from", "")
        room = bare(sender)
        if room not in self.shard.rooms or sender != f"{room}/{self.shard.nickname}":
            return
        if stanza.get("type") == "error":
            self.journal.severe(f"Cannot join {room}, will try again")
            self.client.spawn(self._again(room))
        elif stanza.get("type") == "unavailable":
            self.joined.discard(room)
            self.client.spawn(self._again(room))
        elif room not in self.joined:
            self.joined.add(room)
            self.journal.info(f"Joined {room}")
            codes = {s.get("code") for s in stanza.iter(f"{{{MUC_USER}}}status")}
            if "201" in codes:
                self.client.spawn(self._configure(room))

    async def _again(self, room: str) -> None:
        await asyncio.sleep(5)
        self._send(room)

    async def _configure(self, room: str) -> None:
        """Accept the defaults of a room that did not exist before."""
        form = el(f"{{{FORM}}}x", {"type": "submit"})
        try:
            await self.client.iq("set", room, el(f"{{{OWNER}}}query", {}, form))
        except IqError as error:
            self.journal.warning(f"{room} was new and could not be configured: {error.condition}")
