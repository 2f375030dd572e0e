"""Looks at a deployed host from outside: page, headers, certificates, STUN and open ports.

For every Molecule scenario; the tests beside this look closer, at one host of Debian 13.
Arguments: address, domain, file of the authority, the school's name.
"""

from __future__ import annotations

import html
import sys
from pathlib import Path

from tests.system.entrance import Entrance
from tests.system.relay import seen_address
from tests.system.scan import open_ports

OPEN = [22, 80, 443, 5349]
"""Every TCP port that may accept a connection."""
PATHS = ("/", "/some-room", "/config.js", "/http-bind", "/static/close3.html", "/no/such/page")


def look(address: str, domain: str, authority: str, school: str) -> list[str]:
    """Return what is wrong."""
    entrance = Entrance(address, domain, Path(authority))
    wrong = [f"{path}: {what}" for path in PATHS for what in entrance.unprotected(path)]
    if f"<h1>{html.escape(school)}</h1>" not in entrance.get("/").text.replace("&#34;", "&quot;"):
        wrong.append("the start page does not show the school's name")
    if entrance.get("/no/such/page").status != 404:
        wrong.append("a page that is not there is no 404")
    for port in (443, 5349):
        names = entrance.certificate(port)["subjectAltName"]
        if names != (("DNS", domain),):
            wrong.append(f"the certificate at port {port} is for {names}")
    answer = entrance.get("/some-room", port=80)
    if answer.headers.get("location") != f"https://{domain}/some-room":
        wrong.append(f"port 80 answers {answer.status}")
    for port in (3478, 10000):
        seen_address(address, port)  # raises where nobody answers
    if (found := open_ports(address)) != OPEN:
        wrong.append(f"the ports {found} are open, not {OPEN}")
    return wrong


if __name__ == "__main__":
    sys.exit("\n".join(look(*sys.argv[1:])) or 0)
