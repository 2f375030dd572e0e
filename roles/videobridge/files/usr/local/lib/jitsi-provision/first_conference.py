#!/usr/bin/python3
# Managed by jitsi-provision.
"""Wait until the bridge carries a conference, and not only says that it is well.

A bridge that has just started needs up to 20 s of computing for its first conference on a small
machine, while its health says 200; after 15 s Jicofo gives it up and the first lesson fails. So the
first conference is held here, after each start of the bridge: two participants are allocated on it
over XMPP (COLIBRI version 2, XEP-0340's successor) and expired again.

Usage: first_conference.py DOMAIN BRIDGE (its nickname in the brewery)
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.request
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

from xmpp_client import Client, XmppError

if TYPE_CHECKING:
    import xml.etree.ElementTree as ET

SECONDS = 120
NO_BRIDGE, NO_CONFERENCE = 10, 11
"""Exit codes; the deployment turns them into sentences."""
SERVICES = ("prosody", "jicofo", "jitsi-videobridge2")
SECRET = Path("/etc/jitsi-provision/secrets/focus")
COLIBRI = "jitsi:colibri2"
RTP = "urn:xmpp:jingle:apps:rtp:1"
ENDPOINT = (
    "<endpoint id='{id}' create='true' stats-id='provision'><capability name='source-names'/>"
    f"<media type='audio'><payload-type xmlns='{RTP}' id='111' name='opus' clockrate='48000' "
    "channels='2'/></media>"
    f"<media type='video'><payload-type xmlns='{RTP}' id='100' name='VP8' clockrate='90000'/>"
    "</media><transport ice-controlling='true'/></endpoint>"
)


def _systemctl(unit: str) -> str:
    shown = ["systemctl", "show", "--value", "--property=ActiveState,SubState", unit]
    return subprocess.run(shown, capture_output=True, text=True, check=False).stdout


def stopped(unit: str) -> bool:
    """Tell whether a service has given up."""
    shown = _systemctl(unit).split()
    # Jicofo has only an init script: when it dies, systemd says "active (exited)".
    return shown[0] in ("failed", "inactive") or shown[1] == "exited"


def operational_bridges() -> int:
    """Return how many bridges Jicofo would use now; 0 while it does not answer."""
    try:
        with urllib.request.urlopen("http://127.0.0.1:8888/stats", timeout=5) as answer:
            return json.load(answer).get("bridge_selector", {}).get("operational_bridge_count", 0)
    except (OSError, ValueError):
        return 0


def request(client: Client, bridge: str, content: str) -> ET.Element:
    """Ask the bridge to change a conference; raises XmppError with its refusal."""
    answer = client.ask(content, bridge, "get")
    if answer.get("type") != "result":
        words = (
            part for e in answer.iter("*") for part in (e.tag.rpartition("}")[2], e.text) if part
        )
        raise XmppError("the bridge refused: " + " ".join(words)[:300])
    return answer


def hold(client: Client, bridge: str) -> float:
    """Allocate a conference of two on the bridge and end it; return the seconds it took."""
    meeting = str(uuid.uuid4())
    begun = time.monotonic()
    head = f"<conference-modify xmlns='{COLIBRI}' meeting-id='{meeting}'"
    create = " name='first-conference@provision.invalid' create='true'"
    # One participant a request: the bridge refuses more.
    for name, extra in (("aaaaaaaa", create), ("bbbbbbbb", "")):
        answer = request(
            client, bridge, f"{head}{extra}>{ENDPOINT.format(id=name)}</conference-modify>"
        )
        if answer.find(".//{*}transport") is None:
            raise XmppError("the bridge offers no way for media")
    took = time.monotonic() - begun
    request(client, bridge, f"{head} expire='true'/>")
    return took


def main() -> int:
    """Return one of the exit codes above; the reason of a failure goes to the journal."""
    domain, bridge = sys.argv[1:]
    end = time.monotonic() + SECONDS
    while not operational_bridges():
        if time.monotonic() > end or any(stopped(unit) for unit in SERVICES):
            print("no bridge is in the focus's list")
            return NO_BRIDGE
        time.sleep(0.2)
    brewery = f"jvbbrewery@internal.auth.{domain}"
    try:
        password = SECRET.read_text(encoding="ascii").strip()
        seconds = max(5, end - time.monotonic())
        with Client("auth." + domain, "focus", password, seconds) as client:
            client.send(
                f"<presence to='{brewery}/provision'>"
                "<x xmlns='http://jabber.org/protocol/muc'/></presence>"
            )
            took = hold(client, f"{brewery}/{bridge}")
    except (XmppError, OSError) as error:
        print(error)
        return NO_CONFERENCE
    print(f"the bridge carries a conference after {took:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
