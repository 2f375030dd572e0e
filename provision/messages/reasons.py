"""Why the system refuses something, in the reader's language: one table for all of its reasons."""

from __future__ import annotations

import errno
import socket
import ssl

from provision.messages.i18n import N_, _

REASONS = {
    errno.EPERM: N_("Operation not permitted"),
    errno.ENOENT: N_("No such file or directory"),
    errno.EIO: N_("Input/output error"),
    errno.EACCES: N_("Permission denied"),
    errno.EBUSY: N_("Device or resource busy"),
    errno.EEXIST: N_("File exists"),
    errno.ENOTDIR: N_("Not a directory"),
    errno.EISDIR: N_("Is a directory"),
    errno.EINVAL: N_("Invalid argument"),
    errno.EMFILE: N_("Too many open files"),
    errno.ENFILE: N_("Too many open files in system"),
    errno.EFBIG: N_("File too large"),
    errno.ENOSPC: N_("No space left on device"),
    errno.EROFS: N_("Read-only file system"),
    errno.EPIPE: N_("Broken pipe"),
    errno.ENAMETOOLONG: N_("File name too long"),
    errno.ELOOP: N_("Too many levels of symbolic links"),
    errno.EDQUOT: N_("Disk quota exceeded"),
    errno.EADDRINUSE: N_("Address already in use"),
    errno.EADDRNOTAVAIL: N_("Cannot assign requested address"),
    errno.EAFNOSUPPORT: N_("Address family not supported by protocol"),
    errno.ENETDOWN: N_("Network is down"),
    errno.ENETUNREACH: N_("Network is unreachable"),
    errno.ECONNABORTED: N_("Software caused connection abort"),
    errno.ECONNRESET: N_("Connection reset by peer"),
    errno.ETIMEDOUT: N_("Connection timed out"),
    errno.ECONNREFUSED: N_("Connection refused"),
    errno.EHOSTDOWN: N_("Host is down"),
    errno.EHOSTUNREACH: N_("No route to host"),
}
"""The system's own words, so that English readers find what others have written about them."""
NAMES = {
    socket.EAI_NONAME: N_("Name or service not known"),
    socket.EAI_AGAIN: N_("Temporary failure in name resolution"),
    socket.EAI_FAIL: N_("Non-recoverable failure in name resolution"),
    socket.EAI_NODATA: N_("No address associated with hostname"),
}
_KNOWN = frozenset([*REASONS.values(), *NAMES.values()])


def told(text: str) -> str:
    """Return a reason of the system in the reader's language; any other text as it is."""
    return _(text) if text in _KNOWN else text


def reason(error: BaseException) -> str:
    """Return why something failed: the system's reason translated, any other as it is told."""
    return told(plain(error))


def plain(error: BaseException) -> str:
    """Return the same in English, as evidence keeps it: a report may speak another language."""
    if isinstance(error, socket.gaierror):
        table: dict[int, str] = NAMES
    elif isinstance(error, OSError) and not isinstance(error, ssl.SSLError):
        table = REASONS
    else:
        table = {}
    number = getattr(error, "errno", None)
    if isinstance(error, TimeoutError) and number is None:
        number = errno.ETIMEDOUT
    if known := table.get(number or 0):
        return known
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
