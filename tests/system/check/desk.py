"""A technician at the bench's chair, whose name server knows the test zone, and what they see."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.bench.fingerprint import difference
from tests.system.project import Done, Project, finish

if TYPE_CHECKING:
    import subprocess

    from tests.bench import Host
    from tests.bench.chair import Chair


@dataclass
class Desk:
    """Runs `provision check` in a project's directory."""

    chair: Chair
    project: Project
    prefix: list[str] = field(default_factory=list)
    """Words in front of the program, such as those of faketime."""

    @property
    def host(self) -> Host:
        """The server."""
        return self.project.host

    def start(self, *arguments: str, verb: str = "check") -> subprocess.Popen[str]:
        """Return the program, begun."""
        words = [*self.prefix, "provision", verb, *arguments]
        return self.project.start(self.chair.command(words, cwd=self.project.folder))

    def run(self, *arguments: str, verb: str = "check") -> Done:
        """Return the program, finished; it has changed nothing on the server."""
        before = self.host.state()
        done = finish(self.start(*arguments, verb=verb), 120)
        changes = difference(before, self.host.state())
        assert not changes, "\n".join(changes)
        assert "Traceback" not in done.out + done.err
        assert done.code != 70, done.err
        assert listening(self.host) == ""
        return done

    def problems(self) -> tuple[int, list[str], list[str]]:
        """Return the exit code, and sentences and remedies of what is not well."""
        done = self.run("--json")
        found = [one for one in done.data["findings"] if one["level"] not in {"ok", "note"}]
        assert all(one["remedy"] for one in found)
        assert done.data["exit_code"] == done.code
        return (
            done.code,
            [self.neutral(one["sentence"]) for one in found],
            [self.neutral(one["remedy"]) for one in found],
        )

    def neutral(self, text: str) -> str:
        """Return a text without what is different for each host."""
        text = text.replace(self.project.domain, "DOMAIN").replace(self.host.name, "HOST")
        # 10.91.0.19 is no part of 10.91.0.199.
        for address, word in ((self.host.address6, "ADDRESS6"), (self.host.address, "ADDRESS")):
            text = re.sub(rf"{re.escape(address)}(?![0-9a-f])", word, text)
        return re.sub(r"\d+ cores, \d+ MB of memory, \d+ MB free", "SIZE", text)

    def write(self, **settings: Any) -> None:
        """Change inventory.yml; a setting of None goes."""
        self.project.write(**settings)
        gone = [name for name, value in self.project.settings.items() if value is None]
        for name in gone:
            del self.project.settings[name]
        self.project.write()


def listening(host: Host) -> str:
    """Return what is left of listeners on a server."""
    return host.run("ss -lntupH | grep provision-check", check=False).stdout
