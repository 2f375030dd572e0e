"""Jicofo's REST interface."""

import json
from typing import TYPE_CHECKING, Any

from focus import Focus
from settings import Settings
from standin.config import Config
from standin.log import Log
from standin.web import Answer, Request, Server

if TYPE_CHECKING:
    from bridges import Bridges

VERSION = {"name": "Jicofo (STAND-IN, not Jicofo)", "version": "stand-in", "os": "Linux"}


class Rest:
    """Loopback only, unless configured otherwise."""

    def __init__(self, config: Config, settings: Settings, focus: Focus, journal: Log) -> None:
        self.config = config
        self.settings = settings
        self.focus = focus
        self.bridges: Bridges = focus.bridges
        self.journal = journal

    async def start(self) -> None:
        """Listen as configured."""
        if not self.settings.rest_enabled:
            return
        server = Server("STAND-IN HTTP server of Jicofo", self.journal)
        server.add("GET", "/about/version", lambda _: Answer.of(VERSION))
        server.add("GET", "/stats", lambda _: Answer.of(self.stats()))
        server.add("GET", "/rtcstats", lambda _: Answer.of({}))
        if self.settings.health_enabled:
            server.add("GET", "/about/health", self._health)
        if self._wanted("prometheus"):
            server.add("GET", "/metrics", lambda _: Answer(200, self._metrics()))
        if self._wanted("debug"):
            server.add("GET", "/debug", lambda _: Answer.of(self._debug()))
            server.add("GET", "/debug/conferences", lambda _: Answer.of(self._rooms()))
        if self._wanted("conference-request"):
            server.add("POST", "/conference-request/v1", self._conference_request)
        await server.start(self.settings.rest_host, self.settings.rest_port)

    def stats(self) -> dict[str, Any]:
        """Counts, in the shape of the genuine statistics."""
        conferences = self.focus.conferences.values()
        sizes = [len(c.room.members) for c in conferences]
        return {
            "total_participants": self.focus.welcomed,
            "total_conferences_created": self.focus.created,
            "conferences": len(sizes),
            "conferences_with_visitors": 0,
            "bridge_failures": {"participants_moved": 0, "bridges_removed": self.bridges.lost},
            "participant_notifications": {"ice_failed": 0, "request_restart": 0},
            "largest_conference": max(sizes, default=0),
            "participants": sum(sizes),
            "visitors": 0,
            "endpoint_pairs": sum(n * n for n in sizes),
            "bridge_selector": {
                "bridge_count": len(self.bridges.known),
                "operational_bridge_count": len(self.bridges.operational()),
                "in_shutdown_bridge_count": sum(b.leaving for b in self.bridges.known.values()),
                "lost_bridges": self.bridges.lost,
                "bridge_version_count": len(self.bridges.known) and 1,
            },
            "threads": 1,
            "standin": True,
        }

    def _wanted(self, name: str) -> bool:
        return self.config.flag(f"jicofo.rest.{name}.enabled", True)

    def _health(self, _: Request) -> Answer:
        if self.bridges.operational():
            return Answer(200)
        return Answer(500, "No operational bridges available")

    def _metrics(self) -> str:
        figures = self.stats()
        selector = figures["bridge_selector"]
        return (
            f"jitsi_jicofo_bridge_selector_bridge_count {float(selector['bridge_count'])}\n"
            "jitsi_jicofo_bridge_selector_bridge_count_operational "
            f"{float(selector['operational_bridge_count'])}\n"
            f"jitsi_jicofo_conferences {float(figures['conferences'])}\n"
            f"jitsi_jicofo_participants_current {float(figures['participants'])}\n"
            "jitsi_jicofo_standin 1.0\n"
        )

    def _rooms(self) -> dict[str, int]:
        return {jid: len(c.room.members) for jid, c in self.focus.conferences.items()}

    def _debug(self) -> dict[str, Any]:
        bridges = {
            bridge.jid: {
                "operational": bridge in self.bridges.operational(),
                "healthy": bridge.stats.get("healthy", "true") == "true",
            }
            for bridge in self.bridges.known.values()
        }
        return {"standin": True, "bridge_selector": bridges, "focus_manager": self._rooms()}

    async def _conference_request(self, request: Request) -> Answer:
        try:
            room = str(json.loads(request.body)["room"])
        except (ValueError, KeyError, TypeError):
            return Answer(400, "a JSON object with a room is expected\n")
        ready = await self.focus.open(room.lower())
        focus = self.focus.client.jid.partition("/")[0]
        return Answer.of({"ready": ready, "focusJid": focus, "room": room, "properties": {}})
