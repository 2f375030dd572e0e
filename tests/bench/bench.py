"""The bench as one object: everything around the hosts, and the hosts."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from tests.bench import creation, images, machine, network, state
from tests.bench.errors import BenchError
from tests.bench.host import Host, record
from tests.bench.names import ZONE, Names


class Bench:
    """The network, its services and its hosts; every method may be called again and again."""

    def __init__(self) -> None:
        self.directory = state.directory()
        self.names = Names()

    def up(self) -> None:
        """Bring up everything that is not up yet."""
        with state.lock():
            machine.open_namespace()
            network.up()
            self.names.up()
            creation.ssh_key()

    def down(self) -> None:
        """Remove hosts, services and network; images and caches stay."""
        with state.lock():
            for host_file in sorted((self.directory / "hosts").glob("*.json")):
                self.destroy(host_file.stem)
            self.names.daemon.stop()
            network.down()
            machine.holder().stop()

    def host(
        self, name: str, release: str = "13", *, memory: str | None = None, names: bool = True
    ) -> Host:
        """Return the running host of that name, made now if need be.

        `names` gives it <name>.school.test and meet.<name>.school.test.
        """
        found = Host.load(name)
        if found:
            if found.release != release:
                raise BenchError(f"host {name} runs Debian {found.release}, not {release}")
            return found
        return self.create(name, release, memory=memory, names=names)

    def create(
        self, name: str, release: str = "13", *, memory: str | None = None, names: bool = True
    ) -> Host:
        """Return a new host; there must be none of that name."""
        self.up()
        images.build(release)
        host = creation.create(name, release, memory=memory)
        if names:
            for owner in (f"{name}.{ZONE}", f"meet.{name}.{ZONE}"):
                self.names.set(owner, "A", host.address)
                self.names.set(owner, "AAAA", host.address6)
        return host

    def fleet(self, names: list[str], release: str = "13") -> list[Host]:
        """Return several new hosts, made at the same time."""
        self.up()
        images.build(release)
        with ThreadPoolExecutor(max_workers=4) as pool:
            return list(pool.map(lambda name: self.host(name, release), names))

    def destroy(self, name: str) -> None:
        """Remove a host and its names."""
        creation.destroy(name)
        for owner in (f"{name}.{ZONE}", f"meet.{name}.{ZONE}"):
            self.names.remove(owner)

    def hosts(self) -> list[Host]:
        """Return the hosts that run now."""
        files = sorted(record("x").parent.glob("*.json"))
        return [host for host in (Host.load(path.stem) for path in files) if host]
