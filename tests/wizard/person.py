"""A person at a terminal: types answers to the program and reads what it shows."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pexpect

if TYPE_CHECKING:
    from pathlib import Path


class Person:
    """Types answers and reads what the program shows."""

    def __init__(self, directory: Path, *arguments: str, **environ: str) -> None:
        # COLUMNS and LINES, which test runners set, would come before the terminal's own size.
        own = ("LC_", "COLUMNS", "LINES")
        clean = {key: value for key, value in os.environ.items() if not key.startswith(own)}
        self.program = pexpect.spawn(
            sys.executable,
            ["-m", "provision.cli", *arguments],
            cwd=str(directory),
            env={**clean, "LANG": "C.UTF-8", "TERM": "dumb", "NO_COLOR": "1", **environ},
            encoding="utf-8",
            dimensions=(50, 100),
            timeout=20,
        )
        self.program.delaybeforesend = None

    def reads(self) -> str:
        """Return what is shown up to the next place for an answer."""
        self.program.expect(r" > $")
        return str(self.program.before) + " >"

    def answers(self, *answers: str) -> str:
        """Type one answer after the other; return what is shown after the last one."""
        seen = ""
        for answer in answers:
            self.program.sendline(answer)
            self.program.expect_exact(answer + "\r\n")
            seen = self.reads()
        return seen

    def finishes(self, *last: str) -> tuple[int, str]:
        """Type a last answer; return the exit code and what is shown at the end."""
        for answer in last:
            self.program.sendline(answer)
            self.program.expect_exact(answer + "\r\n")
        self.program.expect(pexpect.EOF)
        self.program.close()
        return int(self.program.exitstatus or 0), str(self.program.before)

    def interrupts(self) -> tuple[int, str]:
        """Press Ctrl-C until the program ends; return the exit code and what is shown at the end.

        Python's readline misses a Ctrl-C that comes between the prompt and its waiting for a key.
        """
        for _press in range(self.program.timeout):
            self.program.sendintr()
            if self.program.expect([pexpect.EOF, pexpect.TIMEOUT], timeout=1) == 0:
                break
        self.program.close()
        return int(self.program.exitstatus or 0), str(self.program.before)
