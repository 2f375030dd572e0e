"""What every host must become in the end, however it got there, without what is its own."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.bench import Host

# Each host has its own: identity, keys, certificates, salted accounts.
OWN = (
    "/etc/hostname",
    "/etc/hosts",
    "/etc/ssh/",
    "/etc/ssl/certs/",
    "/etc/ssl/private/",
    "/etc/letsencrypt/accounts/",
    "/etc/letsencrypt/archive/",
    "/etc/letsencrypt/renewal/",
    "/etc/jitsi-provision/secrets/",
    "/etc/jitsi-provision/tls/",
    "/etc/coturn-tls/",
    "/etc/prosody/certs/",
    "/var/lib/prosody/",
)
# Even the name is made of a key there.
NAMED = re.compile(r"/etc/ssl/certs/[0-9a-f]{8}\.\d$|/etc/letsencrypt/accounts/.*/[0-9a-f]{32}")

# Runs inside: every file of ours, with the names of secrets instead of their values.
READ = r"""
import json, os, pathlib, sys
folder = pathlib.Path("/etc/jitsi-provision/secrets")
secrets = {path.read_text().strip(): path.name for path in folder.iterdir()}
found = {}
for path in json.load(open("/var/lib/jitsi-provision/files.json")):
    if os.path.isfile(path) and not os.path.islink(path):
        text = open(path, encoding="utf-8").read()
        for value, name in secrets.items():
            text = text.replace(value, "(secret " + name + ")")
        found[path] = text
json.dump(found, sys.stdout)
"""


def look(host: Host, domain: str) -> dict[str, str]:
    """Return mode, owner and path of everything, and the content of all files of ours."""

    def neutral(text: str) -> str:
        for own, word in (
            (domain, "DOMAIN"),
            (domain.replace(".", "%2e").replace("-", "%2d"), "DOMAIN"),
            (host.address, "ADDRESS4"),
            (host.address6, "ADDRESS6"),
            (host.name, "HOST"),
        ):
            text = text.replace(own, word)
        return text

    found = {}
    for path, entry in host.state().items():
        name = neutral(path)
        if path.startswith("unit "):
            found[name] = entry
        elif not NAMED.match(path):
            mode, owner, content = entry.split(" ", 2)
            found[name] = f"{mode} {owner}"
            if mode.startswith("l"):
                found[name] += f" {neutral(content)}"
            elif not path.startswith(OWN):
                found[f"{name} sum"] = content
    contents = json.loads(host.run(["python3", "-c", READ]).stdout)
    for path, text in contents.items():
        found.pop(f"{neutral(path)} sum", None)
        found[f"{neutral(path)} text"] = neutral(text)
    return found
