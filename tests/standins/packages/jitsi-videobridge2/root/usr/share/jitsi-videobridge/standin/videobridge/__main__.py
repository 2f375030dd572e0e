"""STAND-IN for the Jitsi Videobridge: everything around a meeting, but no media."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import Coroutine

import addresses
from brewery import Brewery
from conferences import COLIBRI2, Conferences
from health import Health
from rest import Rest
from settings import Shard, shards, stun_servers
from standin.client import IqError
from standin.config import Config, ConfigError, refuse, system_properties
from standin.log import Log
from standin.stanza import Element

# What a Java program leaves with after SIGTERM.
EXIT_TERM = 143
HEALTH_IQ = "{http://jitsi.org/protocol/healthcheck}healthcheck"


class Bridge:
    """All parts, wired together."""

    def __init__(self, config: Config, servers: list[Shard], journal: Log) -> None:
        self.config = config
        self.journal = journal
        self.mappings = addresses.Mappings(config, journal)
        self.health = Health(config, journal, self.mappings)
        self.meetings = Conferences(config, journal, self.mappings)
        self.rest = Rest(config, journal, self.health, self.meetings)
        self.stun_answers = 0
        self.broken = False
        self.breweries = [Brewery(shard, self._presence, journal) for shard in servers]
        for brewery in self.breweries:
            handlers = brewery.client.iq_handlers
            handlers[f"{{{COLIBRI2}}}conference-modify"] = self.meetings.modify
            handlers[HEALTH_IQ] = self._health_check

    async def run(self) -> int:
        """Serve until told to stop; the exit code."""
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, stop.set)
        self.journal.info("Starting STAND-IN for jitsi-videobridge; this is not Jitsi")
        bound = await addresses.open_media(
            self.config, self.journal, self.meetings.port, self._count_stun
        )
        self.health.bound = self.meetings.bound = bound
        interval = self.config.seconds("videobridge.apis.xmpp-client.presence-interval", 5)
        work = [self.mappings.discover(), self.health.run(), self.rest.start(), self._idle(stop)]
        for brewery in self.breweries:
            work += [brewery.client.run(), brewery.publish(interval)]
        tasks = [asyncio.ensure_future(self._watch(part, stop)) for part in work]
        await stop.wait()
        self.journal.info("Bridge shutting down")
        for brewery in self.breweries:
            if brewery.client.stream:
                await brewery.client.stream.close()
        for task in tasks:
            task.cancel()
        if self.broken:
            return 1
        return 0 if self.rest.shutdown else EXIT_TERM

    async def _watch(self, work: Coroutine[None, None, None], stop: asyncio.Event) -> None:
        """Run one part; a part that breaks ends the program."""
        try:
            await work
        except Exception as error:  # noqa: BLE001 - whatever it is, it belongs into the journal
            self.journal.severe(f"Cannot go on: {error!r}")
            self.broken = True
            stop.set()

    async def _idle(self, stop: asyncio.Event) -> None:
        """End a graceful shutdown when the last participant has left."""
        await self.rest.shutdown_wanted.wait()
        while self.meetings.participants:  # noqa: ASYNC110 - a second more or less is nothing
            await asyncio.sleep(1)
        stop.set()

    def _count_stun(self) -> None:
        self.stun_answers += 1

    def _presence(self) -> dict[str, str]:
        return {
            name: str(value).lower() if isinstance(value, bool) else str(value)
            for name, value in self.rest.figures().items()
        }

    async def _health_check(self, _: Element) -> None:
        if not self.health.good:
            raise IqError("internal-server-error")


def main() -> int:
    """Exit code: 78 when the configuration is wrong."""
    properties = system_properties(sys.argv[1:])
    journal = Log("JVB", properties.get("java.util.logging.config.file"))
    try:
        config = Config.load(properties.get("config.file"))
        servers = shards(config)
        stun_servers(config)
        bridge = Bridge(config, servers, journal)
    except ConfigError as error:
        return refuse(str(error))
    with contextlib.suppress(KeyboardInterrupt):
        return asyncio.run(bridge.run())
    return EXIT_TERM


if __name__ == "__main__":
    sys.exit(main())
