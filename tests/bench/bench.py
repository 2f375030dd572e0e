"""The bench as one object: everything around the hosts, and the hosts."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from tests.bench import creation, images, machine, needs, network, state
from tests.bench.acme import Acme, Temper
from tests.bench.chair import Chair, all_chairs, refuse_inside
from tests.bench.errors import BenchError
from tests.bench.host import Host
from tests.bench.names import ZONE, Names
from tests.bench.packages import Packages

if TYPE_CHECKING:
    from pathlib import Path


class Bench:
    """The network, its services and its hosts; every method may be called again and again."""

    def __init__(self) -> None:
        self.directory = state.directory()
        self.names = Names()
        self.acme = Acme()
        self.packages = Packages()

    def up(self, *, temper: Temper | None = None, packages: Path | None = None) -> None:
        """Bring up everything that is not up yet, programs included."""
        refuse_inside()
        needs.ensure()
        with state.lock():
            network.claim()
            machine.open_namespace()
            if not network.exists():
                self._forget_hosts()  # of a time before the machine's last boot
            network.up()
            self.names.up()
            self.names.set(f"acme.{ZONE}", "A", network.GATEWAY)
            self.acme.up(temper)
            self.packages.up(packages)
            creation.ssh_key()

    def down(self) -> None:
        """Remove hosts, services and network; images, packages and the cache stay."""
        refuse_inside()
        with state.lock():
            machine.open_namespace()
            self._forget_hosts()
            # Names of places are the machine's: somebody else's bench has the same ones.
            if not network.others():
                for chair in all_chairs():
                    chair.down()
                network.down()
            self.packages.down()
            self.acme.daemon.stop()
            self.names.daemon.stop()
            machine.holder().stop()

    def _forget_hosts(self) -> None:
        for host_file in sorted((self.directory / "hosts").glob("*.json")):
            self.destroy(host_file.stem)

    def host(
        self,
        name: str,
        release: str = "13",
        *,
        memory: str | None = None,
        names: bool = True,
        cache: bool = True,
    ) -> Host:
        """Return the running host of that name, made now if need be.

        `names` gives it <name>.school.test and meet.<name>.school.test; without `cache` its apt
        downloads from Debian's archive itself.
        """
        self.up()
        found = Host.load(name)
        if found:
            if found.release != release:
                raise BenchError(f"host {name} runs Debian {found.release}, not {release}")
            return found
        return self.create(name, release, memory=memory, names=names, cache=cache)

    def create(
        self,
        name: str,
        release: str = "13",
        *,
        memory: str | None = None,
        names: bool = True,
        cache: bool = True,
    ) -> Host:
        """Return a new host; there must be none of that name."""
        self.up()
        images.build(release, proxy=self.packages.cache)
        proxy = self.packages.cache if cache else None
        host = creation.create(name, release, memory=memory, cache=proxy)
        if names:
            for owner in (f"{name}.{ZONE}", f"meet.{name}.{ZONE}"):
                self.names.set(owner, "A", host.address)
                self.names.set(owner, "AAAA", host.address6)
        return host

    def fleet(self, names: list[str], release: str = "13") -> list[Host]:
        """Return several hosts, made at the same time."""
        self.up()
        images.build(release, proxy=self.packages.cache)
        with ThreadPoolExecutor(max_workers=4) as pool:
            return list(pool.map(lambda name: self.host(name, release), names))

    def destroy(self, name: str) -> None:
        """Remove a host and its names."""
        refuse_inside()
        machine.open_namespace()
        creation.destroy(name, running=not network.others())
        for owner in (f"{name}.{ZONE}", f"meet.{name}.{ZONE}"):
            self.names.remove(owner)

    def hosts(self) -> list[Host]:
        """Return the hosts that run now."""
        if not network.exists():
            return []
        files = sorted((self.directory / "hosts").glob("*.json"))
        return [host for host in (Host.load(path.stem) for path in files) if host]

    def chair(self, *, delay: float = 0, loss: float = 0) -> Chair:
        """Return a place to run commands from: one-way delay in ms, loss in percent."""
        self.up()
        chair = Chair(delay, loss)
        chair.up()
        return chair
