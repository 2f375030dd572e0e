"""Log lines in the form of the Java programs, to standard output."""

import sys
import time
from pathlib import Path

LEVELS = {
    "ALL": 0, "FINEST": 300, "FINER": 400, "FINE": 500, "CONFIG": 700,
    "INFO": 800, "WARNING": 900, "SEVERE": 1000, "OFF": 9999,
}  # fmt: skip


class Log:
    """Writes what is at least as grave as the level in logging.properties."""

    def __init__(self, program: str, properties: str | None) -> None:
        self.program = program
        self.threshold = LEVELS[_root_level(properties)]

    def debug(self, text: str) -> None:
        """For developers."""
        self._write("FINE", text)

    def info(self, text: str) -> None:
        """What happens in ordinary running."""
        self._write("INFO", text)

    def warning(self, text: str) -> None:
        """What should not happen, but is survived."""
        self._write("WARNING", text)

    def severe(self, text: str) -> None:
        """What ends something."""
        self._write("SEVERE", text)

    def _write(self, level: str, text: str) -> None:
        if LEVELS[level] < self.threshold:
            return
        now = time.time()
        stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(now))
        millis = int(now * 1000) % 1000
        # Tests read these lines from the file while the program runs.
        sys.stdout.write(f"{self.program} {stamp}.{millis:03d} {level}: [1] standin: {text}\n")
        sys.stdout.flush()


def _root_level(properties: str | None) -> str:
    level = "INFO"
    if properties and Path(properties).is_file():
        for line in Path(properties).read_text(encoding="utf-8", errors="replace").splitlines():
            key, sign, value = line.partition("=")
            if sign and key.strip() == ".level":
                level = value.strip().upper()
    return level if level in LEVELS else "INFO"
