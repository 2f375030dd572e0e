"""Enough of STUN (RFC 5389) to ask for an address and to answer who asks."""

import ipaddress
import secrets
import struct

COOKIE = 0x2112A442
REQUEST = 0x0001
SUCCESS = 0x0101
XOR_MAPPED = 0x0020
SOFTWARE = 0x8022


def request() -> bytes:
    """A binding request."""
    return struct.pack(">HHI", REQUEST, 0, COOKIE) + secrets.token_bytes(12)


def is_request(packet: bytes) -> bool:
    """Whether this is a binding request."""
    return len(packet) >= 20 and struct.unpack_from(">HHI", packet)[::2] == (REQUEST, COOKIE)


def success(packet: bytes, address: tuple[str, int]) -> bytes:
    """The answer to a binding request: the address it came from."""
    transaction = packet[8:20]
    ip = ipaddress.ip_address(address[0].partition("%")[0])
    key = COOKIE.to_bytes(4, "big") + transaction
    masked = bytes(a ^ b for a, b in zip(ip.packed, key, strict=False))
    family = 1 if ip.version == 4 else 2
    port = address[1] ^ (COOKIE >> 16)
    body = _attribute(XOR_MAPPED, struct.pack(">BBH", 0, family, port) + masked)
    body += _attribute(SOFTWARE, b"stand-in")
    return struct.pack(">HHI", SUCCESS, len(body), COOKIE) + transaction + body


def mapped_address(packet: bytes) -> str | None:
    """The address in an answer."""
    if len(packet) < 20 or struct.unpack_from(">H", packet)[0] != SUCCESS:
        return None
    at = 20
    while at + 4 <= len(packet):
        kind, length = struct.unpack_from(">HH", packet, at)
        if kind == XOR_MAPPED:
            value = packet[at + 8 : at + 4 + length]
            key = packet[4:20]
            return str(ipaddress.ip_address(bytes(a ^ b for a, b in zip(value, key, strict=False))))
        at += 4 + length + (-length) % 4
    return None


def _attribute(kind: int, value: bytes) -> bytes:
    return struct.pack(">HH", kind, len(value)) + value + b"\0" * (-len(value) % 4)
