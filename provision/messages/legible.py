"""Text that people and other programs wrote, in whatever way their editors write it.

A mark at the beginning, as Windows' editors and spreadsheets put it there, tells UTF-8 and UTF-16
apart from each other. Without one it is UTF-8; nothing is guessed, because a wrong guess would
write the school's name wrongly on its page.
"""

from __future__ import annotations

import codecs

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def text(content: bytes) -> str:
    """Return what was written, without the mark; raises UnicodeDecodeError where it is no text."""
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return content[len(mark) :].decode(encoding)
    if b"\0" in content:
        # Every second sign of a file that is UTF-16 and does not say so.
        place = content.index(b"\0")
        raise UnicodeDecodeError("utf-8", content, place, place + 1, "a sign that is none")
    return content.decode("utf-8")


def shown(written: str) -> str:
    """Return a text that can be written to a file: � in place of signs that are none.

    Names of files on a server, and what a stranger's scripts say, may hold such signs.
    """
    return written.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def roughly(content: bytes) -> str:
    """Return what was written, with � in place of what is no text: for comments and for people."""
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return content[len(mark) :].decode(encoding, "replace")
    return content.decode("utf-8", "replace")
