"""The bridge's REST interfaces."""

import asyncio
import json
from typing import Any

from conferences import Conferences
from health import Health
from standin.config import Config
from standin.log import Log
from standin.web import Answer, Request, Server

NAME = "JVB (STAND-IN, not the Jitsi Videobridge)"
VERSION = {"name": NAME, "version": "stand-in", "os": "Linux"}


class Rest:
    """Private server on loopback, public one only when a port is configured."""

    def __init__(self, config: Config, journal: Log, health: Health, meetings: Conferences) -> None:
        self.config = config
        self.journal = journal
        self.health = health
        self.meetings = meetings
        self.shutdown_wanted = asyncio.Event()

    @property
    def shutdown(self) -> bool:
        """Whether a graceful shutdown was asked for."""
        return self.shutdown_wanted.is_set()

    async def start(self) -> None:
        """Listen as configured."""
        base = "videobridge.http-servers"
        private = self.config.number(f"{base}.private.port", 8080)
        if private != -1:
            server = Server("STAND-IN private HTTP server", self.journal)
            self._fill(server)
            host = str(self.config.get(f"{base}.private.host", "127.0.0.1"))
            await server.start(host, private)
        public = self.config.number(f"{base}.public.port", -1)
        if public != -1:
            server = Server("STAND-IN public HTTP server", self.journal)
            await server.start(str(self.config.get(f"{base}.public.host", "0.0.0.0")), public)

    def _fill(self, server: Server) -> None:
        def wanted(name: str, default: bool = True) -> bool:
            return self.config.flag(f"videobridge.rest.{name}.enabled", default)

        if wanted("health"):
            server.add("GET", "/about/health", self._health)
        if wanted("version"):
            server.add("GET", "/about/version", lambda _: Answer.of(VERSION))
        if wanted("prometheus"):
            server.add("GET", "/metrics", self._metrics)
        if wanted("debug"):
            server.add("GET", "/debug", lambda _: Answer.of(self._debug()))
        if wanted("rtcstats"):
            server.add("GET", "/rtcstats", lambda _: Answer.of({}))
        if wanted("drain"):
            server.add("GET", "/colibri/drain", lambda _: self._drain_state())
            server.add("POST", "/colibri/drain/enable", lambda _: self._drain(True))
            server.add("POST", "/colibri/drain/disable", lambda _: self._drain(False))
        if self.config.flag("videobridge.apis.rest.enabled", False):
            server.add("GET", "/colibri/stats", lambda _: Answer.of(self.figures()))
            if wanted("shutdown", False):
                server.add("POST", "/colibri/shutdown", self._shutdown)

    def figures(self) -> dict[str, Any]:
        """Counts, named as in the genuine statistics."""
        sizes = [len(c.endpoints) for c in self.meetings.running.values()]
        return {
            "conferences": len(sizes), "participants": sum(sizes), "octo_endpoints": 0,
            "largest_conference": max(sizes, default=0), "stress_level": 0.0,
            "total_conferences_created": self.meetings.created, "healthy": self.health.good,
            "graceful_shutdown": self.shutdown, "drain": self.meetings.draining,
            "version": "stand-in", "bit_rate_download": 0, "bit_rate_upload": 0,
        }  # fmt: skip

    def _health(self, _: Request) -> Answer:
        if self.health.good:
            return Answer(200)
        return Answer(500, self.health.problem or "")

    def _metrics(self, _: Request) -> Answer:
        figures = self.figures()
        lines = [
            f"jitsi_jvb_healthy {1.0 if self.health.good else 0.0}",
            f"jitsi_jvb_conferences {float(figures['conferences'])}",
            f"jitsi_jvb_current_endpoints {float(figures['participants'])}",
            f"jitsi_jvb_conferences_created_total {float(self.meetings.created)}",
            "jitsi_jvb_standin 1.0",
        ]
        return Answer(200, "\n".join(lines) + "\n")

    def _debug(self) -> dict[str, Any]:
        return {
            "standin": True,
            "health": self.health.problem or "OK",
            "conferences": {
                meeting: {"name": conference.name, "endpoints": sorted(conference.endpoints)}
                for meeting, conference in self.meetings.running.items()
            },
        }

    def _drain_state(self) -> Answer:
        return Answer.of({"drain": self.meetings.draining})

    def _drain(self, on: bool) -> Answer:
        self.meetings.draining = on
        return Answer(200)

    def _shutdown(self, request: Request) -> Answer:
        try:
            wish = json.loads(request.body)
        except ValueError:
            return Answer(400, "JSON expected\n")
        if str(wish.get("graceful-shutdown", "")).lower() != "true":
            return Answer(400, "only graceful-shutdown is known\n")
        self.shutdown_wanted.set()
        return Answer(200)
