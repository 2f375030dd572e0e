"""What every host must become in the end, however it got there, without what is its own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.bench import Host

# Each host has its own: keys, certificates, salted accounts, identity.
OWN = (
    "/etc/ssh/",
    "/etc/letsencrypt/accounts/",
    "/etc/letsencrypt/archive/",
    "/etc/letsencrypt/renewal/",
    "/etc/ssl/certs/",
    "/etc/jitsi-provision/tls/",
    "/etc/coturn-tls/",
    "/usr/local/share/ca-certificates/",
    "/var/lib/prosody/",
)

# Runs inside: every file of ours, with the names of secrets instead of their values.
READ = r"""
import json, os, pathlib, sys
secrets = {p.read_text().strip(): p.name for p in pathlib.Path("/etc/jitsi-provision/secrets").iterdir()}
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
        rights, _space, content = entry.rpartition(" ") if entry.count(" ") > 1 else (entry, "", "")
        if name.startswith("unit ") or "->" in entry or entry.startswith(("l", "d")):
            found[name] = neutral(entry)
        elif not any(name.startswith(own) for own in OWN):
            found[name] = rights
            found[f"{name} sum"] = content
        elif "/accounts/" not in name or name.startswith("/var/lib/prosody/"):
            found[name] = rights
    contents = json.loads(host.run(["python3", "-c", READ]).stdout)
    for path, text in contents.items():
        found.pop(f"{neutral(path)} sum", None)
        found[f"{neutral(path)} text"] = neutral(text)
    return found
