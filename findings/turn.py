"""A small TURN client for the findings: allocate, refresh, permit over UDP."""
import base64
import hashlib
import hmac
import os
import socket
import struct

ALLOCATE, REFRESH, PERMIT = 0x003, 0x004, 0x008
COOKIE = 0x2112A442
USER, INTEGRITY, ERROR, PEER, REALM, NONCE, TRANSPORT = 0x06, 0x08, 0x09, 0x12, 0x14, 0x15, 0x19


def attribute(kind, value):
    return struct.pack("!HH", kind, len(value)) + value + b"\0" * (-len(value) % 4)


class Client:
    """One socket, that is one allocation, of one user of the REST API."""

    def __init__(self, port, secret, user):
        self.user = user.encode()
        digest = hmac.new(secret.encode(), self.user, hashlib.sha1).digest()
        self.password = base64.b64encode(digest)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.settimeout(5)
        self.socket.connect(("127.0.0.1", port))
        self.realm = self.nonce = b""

    def ask(self, method, body=b""):
        """Send one request; its answer is 'ok' or the number of the error."""
        for _ in range(2):  # the first answer may only bring the nonce
            signed = body
            if self.nonce:
                signed += attribute(USER, self.user)
                signed += attribute(REALM, self.realm) + attribute(NONCE, self.nonce)
            head = struct.pack("!HHI", method, len(signed), COOKIE) + os.urandom(12)
            if self.nonce:
                key = hashlib.md5(b":".join((self.user, self.realm, self.password))).digest()
                long = head[:2] + struct.pack("!H", len(signed) + 24) + head[4:]
                digest = hmac.new(key, long + signed, hashlib.sha1).digest()
                signed += attribute(INTEGRITY, digest)
                head = long
            self.socket.send(head + signed)
            kind, found = self.read(self.socket.recv(2048))
            if kind == method | 0x100:
                return "ok"
            self.realm = found.get(REALM, self.realm)
            fresh, self.nonce = self.nonce, found.get(NONCE, self.nonce)
            code = found[ERROR][2] * 100 + found[ERROR][3]
            if code != 438 and not (code == 401 and not fresh):
                break
        return code

    @staticmethod
    def read(data):
        found, at = {}, 20
        while at < len(data):
            kind, size = struct.unpack_from("!HH", data, at)
            found[kind] = data[at + 4 : at + 4 + size]
            at += 4 + size + -size % 4
        return struct.unpack_from("!H", data)[0], found

    def allocate(self):
        return self.ask(ALLOCATE, attribute(TRANSPORT, b"\x11\0\0\0"))

    def refresh(self):
        return self.ask(REFRESH)

    def permit(self, address):
        mixed = struct.unpack("!I", socket.inet_aton(address))[0] ^ COOKIE
        return self.ask(PERMIT, attribute(PEER, struct.pack("!BBHI", 0, 1, 0x2112, mixed)))
