"""Whom to trust over TLS: those whom browsers trust, and an authority of the school's own."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from provision.common.bounded_files import UnfitError, read_bytes

if TYPE_CHECKING:
    from pathlib import Path


def as_browsers(ca_file: Path | None = None) -> ssl.SSLContext:
    """Return a context that accepts what browsers do, and what the given authority issued.

    Raises OSError where the authority's file cannot be used.
    """
    context = ssl.create_default_context()
    # From 3.13 on Python refuses certificates that lack what RFC 5280 wants of authorities, as many
    # of schools' own do. Browsers never did, and with any version of Python the answer is one.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    if ca_file:
        from provision.certificates.pair import authorities  # noqa: PLC0415 - slow, seldom needed

        try:
            # Written anew: OpenSSL stumbles over what stands around the blocks of a file.
            context.load_verify_locations(cadata=authorities(read_bytes(ca_file)))
        except (UnfitError, ValueError) as error:
            raise OSError(f"{ca_file}: {error}") from error
    return context
