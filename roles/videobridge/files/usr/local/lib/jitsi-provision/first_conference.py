#!/usr/bin/python3
# Managed by jitsi-provision.
"""Wait until the bridge carries a conference, and not only says that it is well.

A bridge that has just started needs up to 20 s of computing for its first conference on a small
machine, while its health says 200; after 15 s Jicofo gives it up and the first lesson fails. So the
first conference is held here, after each start of the bridge: two participants are allocated on it
over XMPP (COLIBRI version 2, XEP-0340's successor) and expired again.

Whatever is on its way meanwhile - an upgrade that starts bridge, focus and Prosody anew, a bridge
that was killed and whose old session the server still keeps - it begins again until it is right.
It ends without success where a service stays down, or after four minutes, and says what lacked.

Usage: first_conference.py DOMAIN BRIDGE (its nickname in the brewery)
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
import uuid
import xml.etree.ElementTree as ET
from pathlib import Path

from xmpp_client import Client, XmppError

SECONDS = 240
"""The whole time; the unit's own limit lies above it."""
DOWN_SECONDS = 20
"""A service that is down for so long does not come back by itself: a restart takes less."""
COLD_SECONDS = 60
"""What a cold bridge may need for its first answer on a small machine, three times over."""
SIGN_IN_SECONDS, ALIVE_SECONDS = 15, 5
"""What signing in may take, and a living bridge's word that it is there. A dead one is silent."""
NO_BRIDGE, NO_CONFERENCE = 10, 11
"""Exit codes; the deployment turns them into sentences."""
FLAGS = os.environ.get("RUNTIME_DIRECTORY")
"""Where Prosody looks whether the bridge is warm."""
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


class Watch:
    """Tells services that have given up from those that are just being restarted."""

    def __init__(self) -> None:
        self.down_since: dict[str, float] = {}

    def given_up(self) -> list[str]:
        """Return the services that will not come back by themselves."""
        now = time.monotonic()
        for unit in SERVICES:
            state, detail = [*_systemctl(unit).split(), "", ""][:2]
            # Jicofo may have only an init script: when it dies, that says "active (exited)".
            if state in ("failed", "inactive") or detail == "exited":
                self.down_since.setdefault(unit, now)
            else:
                self.down_since.pop(unit, None)
        return [unit for unit, since in self.down_since.items() if now - since > DOWN_SECONDS]


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


def attempt(domain: str, bridge: str, end: float) -> float:
    """Hold the conference once over a new connection; return the seconds the bridge took."""
    brewery = f"jvbbrewery@internal.auth.{domain}"
    password = SECRET.read_text(encoding="ascii").strip()
    left = max(1, end - time.monotonic())
    with Client("auth." + domain, "focus", password, min(SIGN_IN_SECONDS, left)) as client:
        client.send(
            f"<presence to='{brewery}/provision'>"
            "<x xmlns='http://jabber.org/protocol/muc'/></presence>"
        )
        client.end = time.monotonic() + min(ALIVE_SECONDS, left)
        # Even a cold bridge answers this at once. Where it was killed, the room still knows the
        # session of the dead one for some seconds, and nobody would answer for minutes.
        client.ask("<query xmlns='http://jabber.org/protocol/disco#info'/>", f"{brewery}/{bridge}")
        client.end = time.monotonic() + min(COLD_SECONDS, left)
        return hold(client, f"{brewery}/{bridge}")


def main() -> int:
    """Return one of the exit codes above; the reason of a failure goes to the journal."""
    domain, bridge = sys.argv[1:]
    begun = time.monotonic()
    end, watch = begun + SECONDS, Watch()
    while True:
        code, lacks = NO_BRIDGE, "no bridge is in the focus's list"
        if operational_bridges():
            try:
                took = attempt(domain, bridge, end)
            except (XmppError, OSError, ET.ParseError) as error:
                code, lacks = NO_CONFERENCE, str(error) or type(error).__name__
            else:
                # A focus that was restarted meanwhile has to find the bridge first.
                if operational_bridges():
                    break
        down = watch.given_up()
        if down or time.monotonic() > end:
            print(lacks + "".join(f"; {unit} is down" for unit in down))
            return code
        time.sleep(0.5)
    if FLAGS:
        (Path(FLAGS) / "bridge").touch()
    since = time.monotonic() - begun
    print(f"the bridge carries a conference after {took:.1f} s; warm {since:.1f} s after the start")
    return 0


if __name__ == "__main__":
    sys.exit(main())
