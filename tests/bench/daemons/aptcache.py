"""A small HTTP proxy that keeps Debian packages, so that ten hosts download each only once.

Usage: aptcache.py DIRECTORY ADDRESS PORT
Only what can never change under its name is kept (packages, lists by their hash); the rest is
passed through. Unlike a shared /var/cache/apt it has no lock that hosts would wait for.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import sys
import threading
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import BinaryIO

STORE = Path(sys.argv[1]) if len(sys.argv) > 1 else Path()
PASSED = ("If-Modified-Since", "If-Range", "Range", "Cache-Control", "User-Agent", "Accept")
RETURNED = ("Last-Modified", "Content-Type", "Location", "ETag", "Content-Range", "Accept-Ranges")
BLOCK = 1 << 18
guard = threading.Lock()
busy: dict[Path, threading.Lock] = {}


def lasting(url: str) -> bool:
    """Return whether the content behind this address can never change."""
    return url.endswith((".deb", ".udeb")) or "/by-hash/" in url


def connect(url: str) -> tuple[http.client.HTTPConnection, str]:
    """Return a connection that leads to the address, and what to ask for on it."""
    parts = urllib.parse.urlsplit(url)
    target = urllib.parse.urlunsplit(("", "", parts.path or "/", parts.query, ""))
    proxy = urllib.request.getproxies().get("http")
    if proxy and not urllib.request.proxy_bypass(parts.hostname or ""):
        outer = urllib.parse.urlsplit(proxy)
        return http.client.HTTPConnection(outer.hostname or "", outer.port, timeout=60), url
    return http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60), target


class Proxy(BaseHTTPRequestHandler):
    """One connection of a host's apt."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer from the store, else from the archive."""
        if not self.path.startswith("http://"):
            self.send_error(400, "this is a proxy for http")
            return
        if not lasting(self.path):
            self.fetch(None)
            return
        kept = STORE / hashlib.sha256(self.path.encode()).hexdigest()
        with guard:
            mine = busy.setdefault(kept, threading.Lock())
        with mine:  # the second host waits for the first one's download
            if not kept.exists():
                self.fetch(kept)
                return
        with kept.open("rb") as content:
            self.send_response(200)
            self.send_header("Content-Length", str(kept.stat().st_size))
            self.end_headers()
            while block := content.read(BLOCK):
                self.wfile.write(block)

    def fetch(self, kept: Path | None) -> None:
        """Pass the archive's answer on, and keep a copy if it is whole."""
        connection, target = connect(self.path)
        names = [name for name in PASSED if name in self.headers and not (kept and "ange" in name)]
        headers = {name: self.headers[name] for name in names}
        headers["Host"] = urllib.parse.urlsplit(self.path).netloc
        try:
            connection.request("GET", target, headers=headers)
            answer = connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            self.send_error(502, f"the archive cannot be reached: {error}")
            return
        self.send_response(answer.status, answer.reason)
        for name in RETURNED:
            if value := answer.getheader(name):
                self.send_header(name, value)
        size = answer.getheader("Content-Length")
        if size is None and answer.status not in {204, 304}:
            self.close_connection = True
            self.send_header("Connection", "close")
        else:
            self.send_header("Content-Length", size or "0")
        self.end_headers()
        part = kept.with_name(f"{kept.name}.{threading.get_ident()}") if kept else Path(os.devnull)
        with part.open("wb") as copy:
            self.pump(answer, copy)
        if kept:
            whole = answer.status == 200 and size is not None and part.stat().st_size == int(size)
            part.replace(kept) if whole else part.unlink()
        connection.close()

    def pump(self, answer: http.client.HTTPResponse, copy: BinaryIO) -> None:
        """Send the body to the host and into the copy; the copy is finished in any case."""
        listening = True
        try:
            while block := answer.read(BLOCK):
                copy.write(block)
                if listening:
                    try:
                        self.wfile.write(block)
                    except OSError:
                        listening = False
        except (OSError, http.client.HTTPException):
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Keep quiet: the log would grow by every package of every host."""


def main() -> None:
    """Serve for ever."""
    STORE.mkdir(parents=True, exist_ok=True)
    for leftover in STORE.glob("*.*"):
        leftover.unlink()
    server = ThreadingHTTPServer((sys.argv[2], int(sys.argv[3])), Proxy)
    server.serve_forever()


if __name__ == "__main__":
    main()
