"""A small XMPP client over TCP for the findings: an anonymous user of example.org."""
import re
import socket


class Client:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.seen = ""
        self.open()
        self.send("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='ANONYMOUS'/>")
        self.until("<success")
        self.open()
        self.send(
            "<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>"
        )
        self.jid = self.until("<jid>([^<]+)</jid>").group(1)

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
            data = self.socket.recv(65536)
            if not data:
                raise EOFError(self.seen)
            self.seen += data.decode()
        self.seen = self.seen[found.end() :]
        return found
