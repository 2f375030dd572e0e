"""coturn: its options, from its arguments and the file that these name."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

from provision.verify.inside import processes, reading

# Values that may be told; of every other option only the name is.
SHOWN = {"log-file", "realm", "syslog", "simple-log", "no-stdout-log", "min-port", "max-port",
         "listening-port", "tls-listening-port", "pkey", "cert", "user-quota", "total-quota",
         "denied-peer-ip", "allowed-peer-ip"}  # fmt: skip
SHORT = {"-v": "verbose", "-V": "Verbose", "-l": "log-file", "-z": "no-auth", "-a": "lt-cred-mech"}
LISTS = {"denied-peer-ip", "allowed-peer-ip"}


def effective(_wanted: dict[str, Any]) -> dict[str, Any]:
    """Return options as {"name": value or true}, and how the process may leave traces."""
    running = processes.of("turnserver")
    if not running:
        return {"running": False}
    process = running[0]
    arguments = process["arguments"][1:]
    file = next(
        (after for word, after in pairwise(arguments) if word == "-c"),
        "/etc/turnserver.conf",
    )
    pairs = [line.partition("=") for line in reading.lines(file)]
    pairs += [
        SHORT.get(word, word.removeprefix("--")).partition("=")
        for word in arguments
        if word.startswith("--") or word in SHORT
    ]
    options: dict[str, Any] = {}
    for name, sign, value in ((n.strip(), s, v.strip()) for n, s, v in pairs):
        if name in LISTS:
            options.setdefault(name, []).append(value)
        else:
            options[name] = value if sign and name in SHOWN else True
    return {
        "running": True,
        "file": file,
        "options": options,
        "newer": [file] if _changed(file) > process["started"] + 1 else [],
        **processes.limits(process),
    }


def _changed(path: str) -> float:
    return Path(path).stat().st_mtime if Path(path).is_file() else 0.0
