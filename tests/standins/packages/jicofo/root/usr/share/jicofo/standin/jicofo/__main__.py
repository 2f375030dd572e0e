"""STAND-IN for Jicofo: opens rooms, watches bridges, sends invitations without media."""

import asyncio
import contextlib
import signal
import sys
import time

from bridges import Bridges
from focus import Focus
from rest import Rest
from settings import Settings, read
from standin.client import Client
from standin.config import Config, ConfigError, refuse, system_properties
from standin.log import Log
from standin.stream import Account
from standin.truststore import context

# What a Java program leaves with after SIGTERM.
EXIT_TERM = 143


async def run(config: Config, settings: Settings, journal: Log) -> int:
    """Serve until told to stop; the exit code."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    journal.info("Starting STAND-IN for Jicofo; this is not Jitsi")
    tls, trusted = context(settings.verify)
    journal.info(f"Trusting {trusted} for the connection to {settings.hostname}")
    account = Account(
        settings.hostname, settings.port, settings.domain, settings.username, settings.password,
        f"standin-{int(time.time()) % 100000}",
    )  # fmt: skip
    client = Client(account, tls, journal)
    bridges = Bridges(client, settings, journal)
    focus = Focus(client, bridges, settings, journal)
    await Rest(config, settings, focus, journal).start()
    tasks = [asyncio.ensure_future(client.run()), asyncio.ensure_future(bridges.check_health())]
    await stop.wait()
    journal.info("Shutting down")
    for task in tasks:
        task.cancel()
    if client.stream:
        await client.stream.close()
    return EXIT_TERM


def main() -> int:
    """Exit code: 78 when the configuration is wrong."""
    properties = system_properties(sys.argv[1:])
    journal = Log("Jicofo", properties.get("java.util.logging.config.file"))
    try:
        config = Config.load(properties.get("config.file"))
        settings = read(config)
    except ConfigError as error:
        return refuse(str(error))
    with contextlib.suppress(KeyboardInterrupt):
        return asyncio.run(run(config, settings, journal))
    return EXIT_TERM


if __name__ == "__main__":
    sys.exit(main())
