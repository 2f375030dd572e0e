#!/usr/bin/python
"""Wait until the bridge carries a conference, and not only says that it is well.

A bridge that has just started needs up to 20 s of computing for its first conference on a small
machine, while its health says 200; after 15 s Jicofo gives it up and the first lesson fails. So the
first conference is held here: two participants are allocated on the bridge over XMPP (COLIBRI
version 2, XEP-0340's successor) and expired again.
"""

from __future__ import annotations

import json
import os
import time
import urllib.request
import uuid
from typing import TYPE_CHECKING

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.school_server import RUN, SECRETS, fail, read_text, run, write_atomically
from ansible.module_utils.xmpp_client import Client, XmppError

if TYPE_CHECKING:
    import xml.etree.ElementTree as ET

DOCUMENTATION = r"""
module: first_conference
short_description: Hold a first conference on the bridge
options:
  domain: {description: The host name, type: str, required: true}
  bridge: {description: The bridge's nickname in the brewery, type: str, required: true}
  invocation: {description: What the bridge was started as, type: str, default: ''}
  seconds: {description: How long to wait for all, type: int, default: 120}
author: The jitsi-provision team
"""

UNITS = ("prosody", "jicofo", "jitsi-videobridge2")
COLIBRI = "jitsi:colibri2"
RTP = "urn:xmpp:jingle:apps:rtp:1"
ENDPOINT = (
    "<endpoint id='{id}' create='true' stats-id='provision'><capability name='source-names'/>"
    f"<media type='audio'><payload-type xmlns='{RTP}' id='111' name='opus' clockrate='48000' "
    "channels='2'/></media>"
    f"<media type='video'><payload-type xmlns='{RTP}' id='100' name='VP8' clockrate='90000'/>"
    "</media><transport ice-controlling='true'/></endpoint>"
)


def stopped(unit: str) -> bool:
    """Tell whether a service has given up."""
    shown = run("systemctl", "show", "--value", "-p", "ActiveState,SubState", unit).stdout.split()
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


def main() -> None:
    """Answer Ansible."""
    module = AnsibleModule(
        argument_spec={
            "domain": {"type": "str", "required": True},
            "bridge": {"type": "str", "required": True},
            "invocation": {"type": "str", "default": ""},
            "seconds": {"type": "int", "default": 120},
        },
        supports_check_mode=True,
    )
    if module.check_mode:
        module.exit_json(changed=False)
    domain = module.params["domain"]
    end = time.monotonic() + module.params["seconds"]
    while not operational_bridges():
        if time.monotonic() > end or any(stopped(unit) for unit in UNITS):
            fail(
                module,
                "No video bridge signs in",
                kind="no_bridge",
                reason=run(
                    "tail", "-n", "8", "/var/log/jitsi/jvb.log", "/var/log/jitsi/jicofo.log"
                ).stdout,
            )
        time.sleep(0.2)
    brewery = f"jvbbrewery@internal.auth.{domain}"
    try:
        with Client(
            "auth." + domain,
            "focus",
            read_text(SECRETS + "/focus").strip(),
            max(5, end - time.monotonic()),
        ) as client:
            client.send(
                f"<presence to='{brewery}/provision'>"
                "<x xmlns='http://jabber.org/protocol/muc'/></presence>"
            )
            took = hold(client, f"{brewery}/{module.params['bridge']}")
    except (XmppError, OSError) as error:
        fail(module, "The bridge carries no conference", kind="no_conference", reason=str(error))
    shown = run("systemctl", "show", "--value", "--property=InvocationID", "jitsi-videobridge2")
    os.makedirs(RUN, exist_ok=True)
    write_atomically(RUN + "/first-conference", shown.stdout.strip() + "\n", 0o644)
    module.exit_json(changed=True, seconds=round(took, 1))


if __name__ == "__main__":
    main()
