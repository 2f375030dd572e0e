"""Runs on a school's server while its ports are checked: answers where nobody else listens.

`provision check` sends this file over SSH to `python3 -c`, so it knows nothing but Python's own
library and leaves nothing on the disk. It ends when its SSH session does, or after some seconds
whatever happens. It takes no port from anybody: one that is held stays with its holder. It answers
only whoever knows the session's secret, and so nothing in between can be mistaken for it.

Standard input: one line of JSON (program, secret, ports, seconds, mark), later a line to end with.
Standard output: one line of JSON when it listens, and one at the end with what has arrived, each
behind the mark and on a line of its own, whatever a shell has written before.
"""

from __future__ import annotations

import contextlib
import ctypes
import glob
import hmac
import json
import os
import re
import selectors
import signal
import socket
import struct
import sys

TITLE = "provision-check"
"""What the server's list of processes calls it."""
COOKIE = 0x2112A442
REQUEST, SUCCESS, SOFTWARE = 0x0001, 0x0101, 0x8022
HEADER = 20
TOKEN, SALT = 12, 4
ASKED = re.compile(rb"GET /provision/([0-9a-f]{24}) ")
LONGEST = 4096
TCP, UDP = 6, 17
IPV4, IPV6 = 4, 6
FAMILIES = {IPV4: socket.AF_INET, IPV6: socket.AF_INET6}
SO_ATTACH_FILTER = 26
IP_PKTINFO, IPV6_RECVPKTINFO = 8, 49
TELL_ADDRESS = {
    IPV4: (socket.IPPROTO_IP, IP_PKTINFO),
    IPV6: (socket.IPPROTO_IPV6, IPV6_RECVPKTINFO),
}
"""By which option the kernel tells at which of its addresses somebody asks (ip(7), ipv6(7))."""
EVERY_PROTOCOL = 3
# A meeting may run at the same time, so the kernel hands on STUN messages and beginnings of TCP
# connections only. Made by `tcpdump -d` for raw IP from: (ip and udp and udp[12:4] = 0x2112a442) or
# (ip and tcp and tcp[13] & 0x12 = 2) or (ip6 and ip6[6] = 17 and ip6[52:4] = 0x2112a442) or
# (ip6 and ip6[6] = 6 and ip6[53] & 0x12 = 2)
FILTER = (
    "48 0 0 0;84 0 0 240;21 0 14 64;48 0 0 9;21 0 5 17;40 0 0 6;69 22 0 8191;177 0 0 0;64 0 0 12;"
    "21 18 19 554869826;21 0 18 6;40 0 0 6;69 16 0 8191;177 0 0 0;80 0 0 13;84 0 0 18;21 11 12 2;"
    "48 0 0 0;84 0 0 240;21 0 9 96;48 0 0 6;21 0 2 17;32 0 0 52;21 4 5 554869826;21 0 4 6;"
    "48 0 0 53;84 0 0 18;21 0 1 2;6 0 0 65535;6 0 0 0"
)


def make_token(secret: bytes, salt: bytes) -> bytes:
    """Return what a request must carry, from some random bytes."""
    return salt + hmac.digest(secret, salt, "sha256")[: TOKEN - SALT]


def proof(secret: bytes, token: bytes) -> bytes:
    """Return what only this session's listener can answer to a token."""
    return hmac.digest(secret, b"answer" + token, "sha256").hex().encode()


def stun_request(token: bytes) -> bytes:
    """Return STUN's question (RFC 8489) with the token as its number."""
    return struct.pack("!HHI", REQUEST, 0, COOKIE) + token


def web_request(token: bytes, host: str) -> bytes:
    """Return a request that every firewall takes for one of a browser."""
    line = f"GET /provision/{token.hex()} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    return line.encode()


class Listener:
    """All sockets of one session."""

    def __init__(self, secret: bytes, ports: list[tuple[str, int]]) -> None:
        self.secret = secret
        self.ports = {(protocol, number) for protocol, number in ports}
        self.held: list[tuple[str, int, int]] = []
        """Protocol, port and family (4 or 6) of what somebody else has."""
        self.arrived: set[tuple[str, int, int, str]] = set()
        """Protocol, port, family and the sender's address of what came in, answered or not."""
        self.selector = selectors.DefaultSelector()
        for protocol, number in sorted(self.ports):
            for family in FAMILIES:
                self._open(protocol, number, family)
        self.watches = self._watch()

    def _open(self, protocol: str, number: int, family: int) -> None:
        kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
        try:
            sock = socket.socket(FAMILIES[family], kind)
        except OSError:  # no IPv6 here
            return
        try:
            if family == IPV6:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            if protocol == "udp":
                sock.setsockopt(*TELL_ADDRESS[family], 1)
            if protocol == "tcp":
                # A connection that ended lately holds a port only for those who do not ask. With
                # UDP the same option would take the port from a program that has set it, too.
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind(("::" if family == IPV6 else "0.0.0.0", number))  # noqa: S104 - for all to see
            if protocol == "tcp":
                sock.listen(16)
        except OSError:
            sock.close()
            self.held.append((protocol, number, family))
            return
        sock.setblocking(False)
        answer = self._accept if protocol == "tcp" else self._answer_datagram
        self.selector.register(sock, selectors.EVENT_READ, answer)

    def _watch(self) -> bool:
        """Look at what arrives before any firewall of the server itself does; return if allowed."""
        rows = [row.split() for row in FILTER.split(";")]
        code = b"".join(struct.pack("=HBBI", *map(int, row)) for row in rows)
        held = ctypes.create_string_buffer(code)
        program = struct.pack("@HP", len(rows), ctypes.addressof(held))
        sock = None
        try:
            protocol = socket.htons(EVERY_PROTOCOL)
            sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, protocol)
            sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, program)
            sock.setblocking(False)
            with contextlib.suppress(BlockingIOError):  # what came before the filter
                while True:
                    sock.recv(1)
        except OSError:
            if sock:
                sock.close()
            return False
        self.selector.register(sock, selectors.EVENT_READ, self._note)
        return True

    def _note(self, sock: socket.socket) -> None:
        packet, place = sock.recvfrom(LONGEST)
        if place[2] == socket.PACKET_OUTGOING:
            return
        family = packet[0] >> 4
        if family == IPV4:
            within, protocol = (packet[0] & 15) * 4, packet[9]
            sender = socket.inet_ntop(socket.AF_INET, packet[12:16])
        else:
            within, protocol = 40, packet[6]
            sender = socket.inet_ntop(socket.AF_INET6, packet[8:24])
        (number,) = struct.unpack("!H", packet[within + 2 : within + 4])
        name = "tcp" if protocol == TCP else "udp"
        token = packet[within + 16 : within + 28]
        if (name, number) in self.ports and (protocol == TCP or self._is_ours(token)):
            self.arrived.add((name, number, family, sender))

    def _is_ours(self, token: bytes) -> bool:
        return hmac.compare_digest(make_token(self.secret, token[:SALT]), token)

    def _answer_datagram(self, sock: socket.socket) -> None:
        data, told, _flags, sender = sock.recvmsg(LONGEST, LONGEST)
        token = data[8:HEADER]
        if data[:8] != stun_request(b"")[:8] or not self._is_ours(token):
            return
        value = proof(self.secret, token)
        attribute = struct.pack("!HH", SOFTWARE, len(value)) + value
        head = struct.pack("!HHI", SUCCESS, len(attribute), COOKIE)
        # From the very address that was asked; a server may have several.
        places = [(level, kind, own_address(kind, value)) for level, kind, value in told]
        sock.sendmsg([head + token + attribute], places, 0, sender)

    def _accept(self, sock: socket.socket) -> None:
        connection, _sender = sock.accept()
        connection.setblocking(False)
        self.selector.register(connection, selectors.EVENT_READ, self._answer_connection)

    def _answer_connection(self, connection: socket.socket) -> None:
        # A request of ours is so short that it comes as one piece.
        try:
            asked = ASKED.match(connection.recv(LONGEST))
            token = bytes.fromhex(asked[1].decode()) if asked else b""
            if self._is_ours(token):
                body = proof(self.secret, token)
                head = (
                    f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
                )
                connection.sendall(head.encode() + body)
        finally:
            self.selector.unregister(connection)
            connection.close()

    def serve(self) -> None:
        """Answer until something is written to standard input, or it is closed."""
        self.selector.register(0, selectors.EVENT_READ, None)
        while True:
            for key, _events in self.selector.select():
                if key.data is None:
                    if not os.read(0, LONGEST):
                        sys.exit()
                    return
                with contextlib.suppress(OSError):  # whoever asked went away
                    key.data(key.fileobj)


def own_address(kind: int, told: bytes) -> bytes:
    """Return what the kernel told of the address that was asked, on whatever interface that was."""
    return b"\0" * 4 + told[4:] if kind == IP_PKTINFO else told[:16] + b"\0" * 4


def others() -> bool:
    """Return whether another such program runs here; one that has ended does not (proc(5))."""
    for path in glob.glob("/proc/[0-9]*/stat"):  # noqa: PTH207 - it may go while we look
        with contextlib.suppress(OSError), open(path, "rb") as file:  # noqa: PTH123
            number, _space, rest = file.read().partition(b" ")
            name, _end, state = rest.rpartition(b") ")
            is_other = name == b"(" + TITLE.encode() and int(number) != os.getpid()
            if is_other and not state.startswith(b"Z"):
                return True
    return False


def own_addresses() -> dict[str, str]:
    """Return the address that leads outside in each family; no packet is sent for that."""
    found = {}
    for family, stranger in ((IPV4, "192.0.2.1"), (IPV6, "2001:db8::1")):
        with (
            contextlib.suppress(OSError),
            socket.socket(FAMILIES[family], socket.SOCK_DGRAM) as sock,
        ):
            sock.connect((stranger, 9))
            found[str(family)] = sock.getsockname()[0]
    return found


def say(mark: object, value: object) -> None:
    """Write one line for the technician's computer."""
    sys.stdout.write(f"\n{mark}{json.dumps(value)}\n")
    sys.stdout.flush()


def main(given: dict[str, object]) -> None:
    """Listen as `given` says, and say what was seen."""
    signal.alarm(int(str(given["seconds"])))  # the end, whatever else goes wrong
    with contextlib.suppress(OSError), open("/proc/self/comm", "w", encoding="utf-8") as file:  # noqa: PTH123
        file.write(TITLE)
    alone = not others()
    listener = Listener(bytes.fromhex(str(given["secret"])), given["ports"])  # type: ignore[arg-type]
    say(
        given["mark"],
        {
            "held": listener.held,
            "alone": alone,
            "watches": listener.watches,
            "addresses": own_addresses(),
            "client": os.environ.get("SSH_CONNECTION", "").partition(" ")[0],
        },
    )
    with contextlib.suppress(BrokenPipeError):
        listener.serve()
        say(given["mark"], {"arrived": sorted(listener.arrived)})
