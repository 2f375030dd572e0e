"""Messages of STUN and TURN as bytes."""

from __future__ import annotations

import hmac
import ipaddress
import os
import struct
from dataclasses import dataclass, field

from provision.messages.i18n import N_
from provision.verify.evidence import NotMeasuredError

COOKIE = 0x2112A442
BINDING, ALLOCATE, REFRESH, SEND, DATA, PERMISSION = 0x001, 0x003, 0x004, 0x016, 0x017, 0x008
SUCCESS, ERROR, INDICATION = 0x100, 0x110, 0x010
USERNAME, INTEGRITY, ERROR_CODE, REALM, NONCE = 0x0006, 0x0008, 0x0009, 0x0014, 0x0015
LIFETIME, PEER, CONTENT, RELAYED, FAMILY = 0x000D, 0x0012, 0x0013, 0x0016, 0x0017
TRANSPORT, MAPPED, SOFTWARE = 0x0019, 0x0020, 0x8022
HEADER = 20
_INTEGRITY_SIZE = 24
_FAMILIES = {4: 1, 6: 2}

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class TurnError(NotMeasuredError):
    """The other side does not speak STUN as it should, or not at all."""


def garbage() -> TurnError:
    """Return the error for bytes that are no message."""
    return TurnError(N_("The STUN and TURN server answers with something that is neither."))


@dataclass
class Message:
    """One message: what kind, and its attributes by number."""

    kind: int
    attributes: dict[int, bytes]
    transaction: bytes = field(default_factory=lambda: os.urandom(12))

    def pack(self, key: bytes = b"") -> bytes:
        """Return the bytes, signed if there is a key."""
        content = b"".join(
            struct.pack("!HH", number, len(value)) + value + b"\0" * (-len(value) % 4)
            for number, value in self.attributes.items()
        )
        extra = _INTEGRITY_SIZE if key else 0
        head = struct.pack("!HHI", self.kind, len(content) + extra, COOKIE) + self.transaction
        if not key:
            return head + content
        signature = hmac.digest(key, head + content, "sha1")
        return head + content + struct.pack("!HH", INTEGRITY, len(signature)) + signature

    @classmethod
    def unpack(cls, data: bytes) -> Message:
        """Return the message that these bytes are; TurnError if they are none."""
        if len(data) < HEADER:
            raise garbage()
        kind, size, cookie = struct.unpack("!HHI", data[:8])
        if cookie != COOKIE or kind & 0xC000 or len(data) != HEADER + size:
            raise garbage()
        attributes: dict[int, bytes] = {}
        at = HEADER
        while at + 4 <= len(data):
            number, length = struct.unpack("!HH", data[at : at + 4])
            value = data[at + 4 : at + 4 + length]
            if len(value) != length:
                raise garbage()
            attributes.setdefault(number, value)
            at += 4 + length + (-length % 4)
        return cls(kind, attributes, data[8:HEADER])

    @property
    def code(self) -> int:
        """The number of the error that this message tells, such as 403."""
        value = self.attributes.get(ERROR_CODE, b"")
        if len(value) < 4:  # noqa: PLR2004 - two reserved bytes, class, number
            raise garbage()
        return (value[2] & 7) * 100 + value[3]

    def address(self, number: int) -> tuple[Address, int]:
        """Return address and port of an attribute such as XOR-MAPPED-ADDRESS."""
        value = self.attributes.get(number, b"")
        size = {1: 4, 2: 16}.get(value[1] if len(value) > 1 else 0)
        if size is None or len(value) != 4 + size:
            raise garbage()
        (port,) = struct.unpack("!H", value[2:4])
        mask = (struct.pack("!I", COOKIE) + self.transaction)[:size]
        masked = bytes(a ^ b for a, b in zip(value[4:], mask, strict=True))
        return ipaddress.ip_address(masked), port ^ (COOKIE >> 16)

    def with_address(self, number: int, address: Address, port: int) -> Message:
        """Return this message with an address added, masked as the standard wants it."""
        mask = (struct.pack("!I", COOKIE) + self.transaction)[: len(address.packed)]
        masked = bytes(a ^ b for a, b in zip(address.packed, mask, strict=True))
        head = struct.pack("!BBH", 0, _FAMILIES[address.version], port ^ (COOKIE >> 16))
        return Message(self.kind, self.attributes | {number: head + masked}, self.transaction)
