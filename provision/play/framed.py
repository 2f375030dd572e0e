"""What Ansible asks for through ssh, framed: what shells on the server say around it is left out.

Ansible looks for the first line that begins with a brace, so a greeting with one costs every
answer, and takes the last line for a directory, so a goodbye becomes one. Signs that no text has
mark where the answer begins and ends.
"""

from __future__ import annotations

import shlex

SHELL = "/bin/sh -c "
"""How every command begins that Ansible has a server run."""
BEGIN, END = b"\x1eprovision-begin\x1e", b"\x1eprovision-end\x1e"


def command(wanted: str) -> str:
    """Return a command for the server that says the marks before and after what is wanted."""
    begin, end = (f"printf '\\036{mark.strip(BEGIN[:1]).decode()}\\036'" for mark in (BEGIN, END))
    return SHELL + shlex.quote(f"{begin}; {wanted}\ncode=$?; {end}; exit $code")


class Frame:
    """Takes what comes from a server, and hands on what is between the marks."""

    def __init__(self) -> None:
        self._before = self._held = b""
        self._begun = self._ended = False

    def take(self, data: bytes) -> bytes:
        """Return what of some more data belongs to the answer; no data means that this was all.

        Never nothing while there is data, which would mean the end to the reader: an empty line.
        Where no mark ever comes, nobody ran the command, and all that was said belongs to why.
        """
        if not data:
            rest = self._held if self._begun else self._before
            self._before = self._held = b""
            return rest
        if not self._begun:
            self._before += data
            _noise, mark, data = self._before.partition(BEGIN)
            if not mark:
                return b"\n"
            self._begun, self._before = True, b""
        if self._ended:
            return b"\n"
        answer, mark, _noise = (self._held + data).partition(END)
        self._ended, self._held = bool(mark), b""
        if not mark:
            kept = _kept_back(answer)
            answer, self._held = answer[: len(answer) - kept], answer[len(answer) - kept :]
        # In the middle of an answer an empty line would break it; there, what is held back is few.
        return answer or (b"" if self._held else b"\n")

    @property
    def waits(self) -> bool:
        """Tell whether the beginning of a mark has come, and its rest is on the way."""
        return bool(self._held)


def _kept_back(answer: bytes) -> int:
    """Return how many bytes at the end may be the beginning of the mark."""
    start = answer.rfind(END[:1], -len(END))
    return len(answer) - start if start >= 0 and END.startswith(answer[start:]) else 0
