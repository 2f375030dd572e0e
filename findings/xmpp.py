"""A small XMPP client for the findings: an anonymous user of example.org."""
import base64
import os
import re
import socket
import struct


class Client:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.seen = ""
        self.login()

    def login(self):
        self.open()
        self.send("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='ANONYMOUS'/>")
        self.until("<success")
        self.open()
        self.send(
            "<iq type='set' id='bind' xmlns='jabber:client'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>"
        )
        self.jid = self.until("<jid>([^<]+)</jid>").group(1)

    def receive(self):
        return self.socket.recv(65536)

    def send(self, text):
        self.socket.sendall(text.encode())

    def open(self):
        self.send(
            "<?xml version='1.0'?><stream:stream to='example.org' version='1.0'"
            " xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>"
        )
        self.until("</stream:features>")

    def until(self, pattern):
        """Read on until the pattern is found; what was read to its end is done with."""
        while not (found := re.search(pattern, self.seen)):
            data = self.receive()
            if not data:
                raise EOFError(self.seen)
            self.seen += data.decode()
        self.seen = self.seen[found.end() :]
        return found


class WebClient(Client):
    """The same over a websocket, with one document a frame (RFC 7395)."""

    def __init__(self, port, host="example.org"):
        self.host, self.seen, self.frames = host, "", []
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(
            "GET /xmpp-websocket HTTP/1.1\r\nHost: example.org\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: xmpp\r\n"
            f"Sec-WebSocket-Key: {key}\r\n\r\n".encode()
        )
        self.incoming = self.socket.makefile("rb")
        assert b" 101 " in self.incoming.readline()
        while self.incoming.readline().strip():
            pass
        self.login()

    def send(self, text):
        data, mask = text.encode(), os.urandom(4)
        size = bytes([0x80 | len(data)]) if len(data) < 126 else struct.pack("!BH", 0xFE, len(data))
        masked = bytes(one ^ mask[at % 4] for at, one in enumerate(data))
        self.socket.sendall(b"\x81" + size + mask + masked)

    def receive(self):
        first, size = self.incoming.read(2)
        if size == 126:
            (size,) = struct.unpack("!H", self.incoming.read(2))
        data = self.incoming.read(size)
        if first != 0x81:
            return b""
        self.frames.append(data.decode())
        return data

    def open(self):
        self.send(
            "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing'"
            f" to='{self.host}' version='1.0'/>"
        )
        self.until("</stream:features>")
