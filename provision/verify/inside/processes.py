"""What runs: the five services' processes, their arguments and limits, and what is outdated."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from provision.verify.inside import reading

Process = dict[str, Any]
# A program or library, and none of the files that Java unpacks, loads and deletes by itself.
OUTDATED = re.compile(
    r"^\S+ ..x. .* /(?:usr|lib|opt)\S*(?:\.so(?:\.[\w.]+)?|/s?bin/[^/\s]+) \(deleted\)$",
    re.MULTILINE,
)


def every() -> list[Process]:
    """Return pid, arguments, unit, start (seconds since 1970) of each process of user space."""
    boot = _boot_time()
    ticks = os.sysconf("SC_CLK_TCK")
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        arguments = reading.text(folder / "cmdline").split("\0")[:-1]
        stat = reading.text(folder / "stat").rpartition(")")[2].split()
        if not arguments or not stat:
            continue
        group = reading.text(folder / "cgroup")
        unit = re.findall(r"/([^/\n]+\.service)", group)
        found.append(
            {
                "pid": int(folder.name),
                "arguments": arguments,
                "unit": unit[-1] if unit else "",
                "started": boot + int(stat[19]) / ticks,
            }
        )
    return found


def of(program: str, needle: str = "") -> list[Process]:
    """Return the processes of a program (its file's name begins so), with a word in a argument."""
    return [
        process
        for process in every()
        if os.path.basename(process["arguments"][0].split(" ")[0].rstrip(":")).startswith(program)  # noqa: PTH119
        and (not needle or any(needle in word for word in process["arguments"]))
    ]


def limits(process: Process) -> dict[str, Any]:
    """Return whether a process may leave a core dump, and where its standard output goes."""
    core = re.search(
        r"^Max core file size\s+(\S+)", reading.text(f"/proc/{process['pid']}/limits"), re.MULTILINE
    )
    return {"core": core[1] if core else "", "output": _output(process["pid"])}


def outdated(_wanted: dict[str, Any]) -> dict[str, Any]:
    """Return programs that still run with a library or file that an update has replaced."""
    names = set()
    for process in every():
        maps = reading.text(f"/proc/{process['pid']}/maps", 4 * reading.LIMIT)
        if OUTDATED.search(maps):
            unit = process["unit"]
            names.add(unit or Path(process["arguments"][0].split(" ")[0]).name)
    kernels = sorted(
        path.name.removeprefix("vmlinuz-") for path in reading.found("/boot/vmlinuz-*")
    )
    return {"programs": sorted(names), "kernel": os.uname().release, "kernels": kernels}


def _boot_time() -> float:
    found = re.search(r"^btime (\d+)", reading.text("/proc/stat"), re.MULTILINE)
    return float(found[1]) if found else 0.0


def _output(pid: int) -> str:
    try:
        target = str(Path(f"/proc/{pid}/fd/1").readlink())
    except OSError:
        return ""
    return target.partition(":")[0] if target.startswith(("pipe", "socket")) else target
