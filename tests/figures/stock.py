"""The floors: the packages as the handbook installs them, and our files with stock modules."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bench import Host

# What a deployment installs, by the same names.
PACKAGES = (
    "jitsi-meet jitsi-meet-turnserver nginx prosody coturn openjdk-21-jre-headless curl logrotate "
    "lua5.4 lua-unbound openssl systemd-timesyncd"
)


def answers(domain: str) -> str:
    """Return what the packages ask, for debconf-set-selections."""
    return (
        f"jitsi-videobridge2 jitsi-videobridge/jvb-hostname string {domain}\n"
        "jitsi-meet-web-config jitsi-meet/cert-choice select "
        "Generate a new self-signed certificate\n"
        "jitsi-meet-web-config jitsi-meet/jaas-choice boolean false\n"
    )


def playbook(host: Host, folder: Path) -> Path:
    """Return a playbook that holds a deployed host's files with one task each."""
    manifest: list[str] = list(json.loads(host.read("/var/lib/jitsi-provision/files.json")))
    tasks: list[dict[str, object]] = [
        {"name": "Packages", "ansible.builtin.apt": {"name": PACKAGES.split()}}
    ]
    contents = folder / "contents"
    contents.mkdir(exist_ok=True)
    for number, path in enumerate(manifest):
        target = host.run(["readlink", path], check=False).stdout.strip()
        if target:
            module = {"ansible.builtin.file": {"path": path, "src": target, "state": "link"}}
        else:
            owner, group, mode = host.run(["stat", "-c", "%U %G 0%a", path]).stdout.split()
            source = contents / str(number)
            source.write_text(host.run(["cat", path]).stdout)
            module = {
                "ansible.builtin.copy": {
                    "src": str(source), "dest": path, "owner": owner, "group": group, "mode": mode,
                }
            }  # fmt: skip
        tasks.append({"name": path, **module})
    tasks += [
        {"name": unit, "ansible.builtin.systemd_service": {"name": unit, "state": "started"}}
        for unit in ("prosody", "jicofo", "jitsi-videobridge2", "nginx", "coturn")
    ]
    path = folder / "playbooks" / "stock.yml"
    play = [{"hosts": "schools", "gather_facts": True, "tasks": tasks}]
    path.write_text(yaml.safe_dump(play, sort_keys=False))
    return path
