"""What people need to know about one setting; table.py declares them with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Setting:
    """What people need to know about a setting, beside its type, default and check."""

    help: str
    example: str
    question: str = ""
    """What the wizard asks; nothing for a setting that has a good default."""
    needs: tuple[str, str] | None = None
    """Another setting and the value it must have, else this one is neither asked nor allowed."""
    differs_from: str = ""
    """Another setting that must not have the same value."""
    one_school_only: bool = False
    """True where two schools can never share the value."""
    as_typed: Callable[[str], str] = str
    """Brings what a person types into the form in which it is written, where both differ."""
    is_file: bool = False
    """True for a path on the technician's own computer, relative to inventory.yml."""


RENAMED = {
    "acme_email": "contact",
    "certificate_key": "certificate_key_file",
    "email": "contact",
    "fqdn": "domain",
    "host": "address",
    "hostname": "domain",
    "ip": "address",
    "lang": "language",
    "letsencrypt_email": "contact",
    "mail": "contact",
    "name": "school",
    "port": "ssh_port",
    "user": "ssh_user",
}
"""What a setting was called before, or is called elsewhere, and its name here."""
