"""The HOCON configuration of the Java programs, read by ruby-hocon in one call."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

# Java programs of Jitsi leave with this code when their configuration is wrong.
EXIT_CONFIG = 78
_READER = Path(__file__).with_name("hocon.rb")
_UNITS = {
    "": 0.001, "ms": 0.001, "millis": 0.001, "milliseconds": 0.001, "millisecond": 0.001,
    "s": 1, "second": 1, "seconds": 1, "m": 60, "minute": 60, "minutes": 60,
    "h": 3600, "hour": 3600, "hours": 3600, "d": 86400, "day": 86400, "days": 86400,
}  # fmt: skip


class ConfigError(Exception):
    """The configuration cannot be read, or something needed is missing."""


class Config:
    """Values by dotted path, with the default of the genuine reference.conf given at the call."""

    def __init__(self, tree: dict[str, Any]) -> None:
        self.tree = tree

    @classmethod
    def load(cls, path: str | None) -> "Config":
        """Read the file that -Dconfig.file names."""
        if not path:
            raise ConfigError("no -Dconfig.file on the command line")
        if not Path(path).is_file():
            raise ConfigError(f"{path} does not exist")
        done = subprocess.run(
            ["ruby", str(_READER), path],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            first = (done.stderr.strip().splitlines() or ["no reason given"])[0]
            raise ConfigError(f"{path} is not valid HOCON: {first}")
        return cls(json.loads(done.stdout))

    def get(self, path: str, default: Any = None) -> Any:
        """The value at the path."""
        node: Any = self.tree
        for part in path.split("."):
            if not isinstance(node, dict) or part not in node:
                return default
            node = node[part]
        return default if node is None else node

    def need(self, path: str) -> str:
        """A text that must be there and not be empty."""
        value = self.get(path)
        if value is None or str(value) == "":
            raise ConfigError(f"{path} is not set")
        return str(value)

    def flag(self, path: str, default: bool) -> bool:
        """A boolean, also where the file says "true" in quotes."""
        value = self.get(path, default)
        if isinstance(value, bool):
            return value
        if str(value).lower() in ("true", "yes", "on"):
            return True
        if str(value).lower() in ("false", "no", "off"):
            return False
        raise ConfigError(f"{path} must be true or false, not {value!r}")

    def number(self, path: str, default: int) -> int:
        """A whole number."""
        value = self.get(path, default)
        try:
            return int(value)
        except (TypeError, ValueError):
            raise ConfigError(f"{path} must be a number, not {value!r}") from None

    def seconds(self, path: str, default: float) -> float:
        """A duration such as `15 seconds`; a bare number means milliseconds."""
        value = self.get(path)
        if value is None:
            return default
        match = re.fullmatch(r"\s*([0-9.]+)\s*([a-zA-Z]*)\s*", str(value))
        if match is None or match[2].lower() not in _UNITS:
            raise ConfigError(f"{path} must be a duration, not {value!r}")
        return float(match[1]) * _UNITS[match[2].lower()]

    def items(self, path: str) -> list[Any]:
        """A list, also where the file gives one bare value."""
        value = self.get(path, [])
        return value if isinstance(value, list) else [value]


def system_properties(arguments: list[str]) -> dict[str, str]:
    """The -Dname=value options of a Java command line."""
    found = {}
    for argument in arguments:
        if argument.startswith("-D"):
            name, _, value = argument[2:].partition("=")
            found[name] = value
    return found


def refuse(message: str) -> int:
    """Say why the program does not start, and give the exit code for that."""
    sys.stdout.write(f"SEVERE: configuration error, not starting (STAND-IN): {message}\n")
    return EXIT_CONFIG
