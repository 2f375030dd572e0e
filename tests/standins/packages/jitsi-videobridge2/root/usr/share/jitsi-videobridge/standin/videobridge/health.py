"""Whether the bridge calls itself healthy."""

import asyncio

import addresses
from standin.config import Config
from standin.log import Log

# A private address shows only after this time, as with the genuine bridge.
FIRST_CHECK_SECONDS = 10


class Health:
    """Good until the first check; then what that and the later ones found."""

    def __init__(self, config: Config, journal: Log, mappings: addresses.Mappings) -> None:
        self.journal = journal
        self.mappings = mappings
        self.require_address = config.flag("videobridge.health.require-valid-address", True)
        self.require_stun = config.flag("videobridge.health.require-stun", False)
        self.interval = config.seconds("videobridge.health.interval", 60)
        self.sticky = config.flag("videobridge.health.sticky-failures", False)
        self.bound: list[str] = []
        self.problem: str | None = None

    @property
    def good(self) -> bool:
        """What the last check said."""
        return self.problem is None

    async def run(self) -> None:
        """Check for ever."""
        await asyncio.sleep(min(FIRST_CHECK_SECONDS, self.interval))
        while True:
            problem = self._check()
            if problem:
                self.journal.severe(f"Health check failed: {problem}")
            if problem or not self.sticky:
                self.problem = problem
            await asyncio.sleep(self.interval)

    def _check(self) -> str | None:
        public = [mapping.public for mapping in self.mappings.found]
        if self.require_address and not any(map(addresses.is_valid, self.bound + public)):
            return "No valid IP addresses available for harvesting."
        if self.require_stun and self.mappings.stun_failed:
            return "Address discovery through STUN failed"
        if not self.bound:
            return "Failed to bind single-port"
        return None
