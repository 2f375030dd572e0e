"""The bridges that Jicofo sees in the brewery room."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from names import COLIBRI, HEALTH, MUC
from settings import Settings
from standin.client import Client, IqError
from standin.log import Log
from standin.stanza import Element, bare, el, resource

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass
class Bridge:
    """One bridge, as its presence and the health checks show it."""

    jid: str
    stats: dict[str, str] = field(default_factory=dict)
    failed_at: float | None = None

    @property
    def leaving(self) -> bool:
        """Whether it wants no new meetings."""
        return "true" in (self.stats.get("graceful_shutdown"), self.stats.get("drain"))


class Bridges:
    """Watches the room and checks each bridge's health."""

    def __init__(self, client: Client, settings: Settings, journal: Log) -> None:
        self.client = client
        self.settings = settings
        self.journal = journal
        self.known: dict[str, Bridge] = {}
        self.lost = 0
        self.on_added: Callable[[], None] | None = None

    def operational(self) -> list[Bridge]:
        """Bridges that may get a meeting."""
        return [b for b in self.known.values() if self._works(b) and not b.leaving]

    def _works(self, bridge: Bridge) -> bool:
        if bridge.failed_at is None:
            return True
        return time.monotonic() - bridge.failed_at > self.settings.failure_reset

    def failed(self, bridge: Bridge, reason: str) -> None:
        """Leave this bridge out for a while."""
        self.journal.warning(f"Bridge {bridge.jid} is not operational: {reason}")
        bridge.failed_at = time.monotonic()

    def join(self) -> None:
        """Enter the brewery room."""
        self.journal.info(f"Joining {self.settings.brewery}")
        to = f"{self.settings.brewery}/{self.settings.username}"
        self.client.send(el("presence", {"to": to}, el(f"{{{MUC}}}x")))

    def clear(self) -> None:
        """Forget all, because the connection is gone."""
        self.known.clear()

    def presence(self, stanza: Element) -> bool:
        """Take note of a presence of the brewery room; whether it was one."""
        sender = stanza.get("from", "")
        if bare(sender).lower() != self.settings.brewery:
            return False
        if stanza.get("type") == "unavailable":
            gone = self.known.pop(sender, None)
            if gone:
                self.journal.warning(f"Lost a bridge: {sender}")
                self.lost += 0 if gone.leaving else 1
        elif stanza.get("type") == "error" and resource(sender) == self.settings.username:
            self.journal.severe(f"Cannot join {self.settings.brewery}, will try again")
            self.client.spawn(self._join_later())
        elif (stats := stanza.find(f"{{{COLIBRI}}}stats")) is not None:
            if sender not in self.known:
                self.known[sender] = Bridge(sender)
                self.journal.info(f"Added new videobridge: {sender}")
                if self.on_added:
                    asyncio.get_running_loop().call_soon(self.on_added)
            self.known[sender].stats = {
                entry.get("name", ""): entry.get("value", "")
                for entry in stats.findall(f"{{{COLIBRI}}}stat")
            }
        return True

    async def _join_later(self) -> None:
        await asyncio.sleep(5)
        self.join()

    async def check_health(self) -> None:
        """Ask every bridge again and again."""
        if not self.settings.health_interval:
            return
        while True:
            await asyncio.sleep(self.settings.health_interval)
            for bridge in list(self.known.values()):
                try:
                    await self.client.iq("get", bridge.jid, el(f"{{{HEALTH}}}healthcheck"))
                except IqError as error:
                    if error.condition != "connection-lost":
                        self.failed(bridge, f"health check: {error.condition}")
