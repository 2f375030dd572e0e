"""A name server: our own records from a JSON file, everything else from the machine's resolver.

Usage: names.py RECORDS.json QUERIES.log ADDRESS... (port 53, UDP and TCP on each address)
The file is looked at on every question, so a change holds from the next question on.
"""

from __future__ import annotations

import ipaddress
import json
import socket
import socketserver
import struct
import sys
import threading
import time
from pathlib import Path

TYPES = {"A": 1, "CNAME": 5, "SOA": 6, "TXT": 16, "AAAA": 28, "CAA": 257}
NUMBERS = {number: name for name, number in TYPES.items()}
NO_SUCH_NAME, SERVER_FAILED = 3, 2


def encode_name(name: str) -> bytes:
    """Return a domain name as DNS writes it."""
    labels = [label.encode() for label in name.rstrip(".").split(".") if label]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def encode_value(kind: str, value: str) -> bytes:
    """Return a record's content as DNS writes it."""
    if kind in {"A", "AAAA"}:
        return ipaddress.ip_address(value).packed
    if kind == "CNAME":
        return encode_name(value)
    if kind == "TXT":
        return bytes([len(value.encode())]) + value.encode()
    flags, name, content = value.split(None, 2)  # CAA: 0 issue "letsencrypt.org"
    return bytes([int(flags), len(name)]) + name.encode() + content.strip('"').encode()


def question(packet: bytes) -> tuple[str, int, int]:
    """Return name, type and the end of the first question of a packet."""
    labels, at = [], 12
    while packet[at]:
        labels.append(packet[at + 1 : at + 1 + packet[at]].decode("ascii", "replace"))
        at += packet[at] + 1
    return ".".join(labels).lower(), struct.unpack("!H", packet[at + 1 : at + 3])[0], at + 5


class Records:
    """The records in the file: {"zone": …, "names": {name: {type: [values]}}}."""

    def __init__(self, path: Path) -> None:
        self.path, self.seen, self.lock = path, (0, 0), threading.Lock()
        self.zone, self.names = "", {}  # type: str, dict[str, dict[str, list[str]]]

    def fresh(self) -> Records:
        """Return itself after reading the file again if that has changed."""
        with self.lock:
            status = self.path.stat()
            if (status.st_mtime_ns, status.st_ino) != self.seen:
                known = json.loads(self.path.read_text())
                self.zone, self.names = known["zone"], known["names"]
                self.seen = (status.st_mtime_ns, status.st_ino)
        return self

    def owns(self, name: str) -> bool:
        """Return whether the answer for this name comes from the file."""
        return name in self.names or name == self.zone or name.endswith("." + self.zone)

    def answer(self, packet: bytes, name: str, number: int, end: int) -> bytes:
        """Return the whole answer packet for a name that the file decides about."""
        kinds = self.names.get(name, {})
        if "CNAME" in kinds and NUMBERS.get(number) != "CNAME":
            target = kinds["CNAME"][0]
            found = [("CNAME", target)]
            wanted = NUMBERS.get(number, "")
            found += [(wanted, value) for value in self.names.get(target, {}).get(wanted, [])]
        else:
            kind = NUMBERS.get(number, "")
            found = [(kind, value) for value in kinds.get(kind, [])]
        body, owner = b"", encode_name(name)
        for kind, value in found:
            content = encode_value(kind, value)
            body += owner + struct.pack("!HHIH", TYPES[kind], 1, 0, len(content)) + content
            if kind == "CNAME":
                owner = encode_name(value)
        below = any(other.endswith("." + name) for other in self.names)
        missing = not kinds and not below and name != self.zone
        soa = b""
        if not found:
            content = encode_name(f"ns.{self.zone}") + encode_name(f"hostmaster.{self.zone}")
            content += struct.pack("!IIIII", int(time.time()), 60, 60, 60, 0)
            soa = encode_name(self.zone) + struct.pack("!HHIH", 6, 1, 0, len(content)) + content
        flags = 0x8480 | (packet[2] & 1) << 8 | (NO_SUCH_NAME if missing else 0)
        counts = struct.pack("!HHHH", 1, len(found), bool(soa), 0)
        return packet[:2] + struct.pack("!H", flags) + counts + packet[12:end] + body + soa


def resolvers() -> list[str]:
    """Return the name servers that this machine itself uses, read anew each time."""
    lines = Path("/etc/resolv.conf").read_text().splitlines()
    words = [line.split() for line in lines]
    return [word[1] for word in words if len(word) > 1 and word[0] == "nameserver"]


def forward(packet: bytes, *, stream: bool) -> bytes:
    """Return the machine's resolver's answer, or a packet that says that there was none."""
    for server in resolvers():
        try:
            if stream:
                with socket.create_connection((server, 53), timeout=5) as upstream:
                    upstream.sendall(struct.pack("!H", len(packet)) + packet)
                    reader = upstream.makefile("rb")
                    return reader.read(struct.unpack("!H", reader.read(2))[0])
            family = socket.AF_INET6 if ":" in server else socket.AF_INET
            with socket.socket(family, socket.SOCK_DGRAM) as upstream:
                upstream.settimeout(3)
                upstream.connect((server, 53))
                upstream.send(packet)
                return upstream.recv(65535)
        except (OSError, struct.error):
            continue
    return packet[:2] + struct.pack("!H", 0x8180 | SERVER_FAILED) + packet[4:]


def reply(packet: bytes, client: str, records: Records, log: Path, *, stream: bool) -> bytes:
    """Return the answer to a packet, and note who asked for what."""
    name, number, end = question(packet)
    with log.open("a") as notes:
        notes.write(f"{time.time():.3f} {client} {NUMBERS.get(number, number)} {name}\n")
    if records.fresh().owns(name):
        return records.answer(packet, name, number, end)
    return forward(packet, stream=stream)


def serve(address: str, records: Records, log: Path) -> None:
    """Answer on one address, in background threads, until the process ends."""

    class Datagram(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            packet, sock = self.request
            sock.sendto(
                reply(packet, self.client_address[0], records, log, stream=False),
                self.client_address,
            )

    class Stream(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            while size := self.rfile.read(2):
                packet = self.rfile.read(struct.unpack("!H", size)[0])
                answer = reply(packet, self.client_address[0], records, log, stream=True)
                self.wfile.write(struct.pack("!H", len(answer)) + answer)

    for base, handler in (
        (socketserver.ThreadingUDPServer, Datagram),
        (socketserver.ThreadingTCPServer, Stream),
    ):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        settings = {"address_family": family, "allow_reuse_address": True, "daemon_threads": True}
        server = type("Server", (base,), settings)((address, 53), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()


def main() -> None:
    """Serve for ever."""
    records, log = Records(Path(sys.argv[1])), Path(sys.argv[2])
    for address in sys.argv[3:]:
        serve(address, records, log)
    threading.Event().wait()


if __name__ == "__main__":
    main()
