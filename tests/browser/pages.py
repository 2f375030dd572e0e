"""A web server on this computer, for pages that real browsers open."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HTML, SCRIPT, STYLE = "text/html", "text/javascript", "text/css"


@contextmanager
def serving(answer: Callable[[str], tuple[str, bytes]]) -> Iterator[str]:
    """Serve what a function has for a path, its kind and its bytes; yield the address."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            kind, body = answer(self.path)
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
