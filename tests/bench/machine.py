"""podman and `ip netns`, always in one and the same mount namespace.

podman's runtime refuses the mixed ("hybrid") cgroups of some machines. There, one long-lived
process holds a private mount namespace with a plain cgroup-v2 mount, and every podman command
enters it; elsewhere commands run as they are.
"""

from __future__ import annotations

import functools
import json
import resource
from typing import TYPE_CHECKING

from tests.bench import state
from tests.bench.errors import BenchError
from tests.bench.process import Completed, Daemon, run, wait_until

if TYPE_CHECKING:
    from collections.abc import Sequence

PREPARE = (
    "mount --make-rprivate / && umount -R /sys/fs/cgroup && "
    "mount -t cgroup2 none /sys/fs/cgroup && touch {ready} && exec sleep infinity"
)


@functools.cache
def plain_cgroups() -> bool:
    """Return whether /sys/fs/cgroup is cgroup v2, as podman wants it."""
    return run(["stat", "-fc", "%T", "/sys/fs/cgroup"]).stdout.strip() == "cgroup2fs"


def holder() -> Daemon:
    """Return the process that keeps the mount namespace alive."""
    return Daemon("namespace", state.directory())


def open_namespace() -> None:
    """Make the mount namespace if this machine needs one and it is not there yet."""
    if plain_cgroups() or holder().pid:
        return
    ready = state.directory() / "daemons" / "namespace.ready"
    ready.parent.mkdir(parents=True, exist_ok=True)
    ready.unlink(missing_ok=True)
    daemon = holder()
    daemon.start(["unshare", "--mount", "sh", "-c", PREPARE.format(ready=ready)])
    if not wait_until(lambda: ready.exists() or not daemon.pid, seconds=5) or not daemon.pid:
        raise BenchError(f"no mount namespace with cgroup v2 for podman:\n{daemon.tail()}")


def inside(command: Sequence[str]) -> list[str]:
    """Return the command so that it runs where podman's mounts and namespaces are visible."""
    if plain_cgroups():
        return list(command)
    pid = holder().pid
    if pid is None:
        raise BenchError("the bench is not up; run `python -m tests.bench up`")
    return ["nsenter", f"--target={pid}", "--mount", "--", *command]


def podman(*arguments: str, check: bool = True, input: str | None = None) -> Completed:  # noqa: A002
    """Return the finished podman command."""
    return run(inside(["podman", *arguments]), check=check, input=input)


def container_pid(name: str) -> int | None:
    """Return the pid of a container's first process, or None when it does not run."""
    result = podman("container", "inspect", name, check=False)
    if result.returncode:
        return None
    return int(json.loads(result.stdout)[0]["State"]["Pid"]) or None


def limits() -> list[str]:
    """Return podman options that never ask for more than this machine allows."""
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    files = 1048576 if files == resource.RLIM_INFINITY else min(files, 1048576)
    processes = resource.getrlimit(resource.RLIMIT_NPROC)[1]
    # podman itself lowers the hard limit before the container starts, hence a modest figure.
    processes = 30000 if processes == resource.RLIM_INFINITY else min(processes, 30000)
    return [f"--ulimit=nofile={files}:{files}", f"--ulimit=nproc={processes}:{processes}"]
