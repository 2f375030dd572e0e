"""Ways to break a deployed server for real, each with the controls that must fail then.

`python -m tests.system.breakages HOST FOLDER` breaks a deployed host in one way after the other and
says what `provision verify` made of it; FOLDER holds inventory.yml with the host as its only
school. The tests break it in several ways at once, because each look takes ten seconds.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from tests.bench import Bench

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.bench import Host

SITE = "/etc/nginx/sites-available/$DOMAIN.conf"
FRONT = "/etc/nginx/modules-enabled/70-jitsi-provision.conf"
HEADERS = "/etc/nginx/snippets/jitsi-provision-headers.conf"
LOCAL = "/etc/jitsi-provision/local"
PROSODY = "/etc/prosody/conf.avail/$DOMAIN.cfg.lua"
BRIDGE = "/etc/jitsi/videobridge/jvb.conf"
TURN = "/etc/turnserver.conf"
OURS = ("/etc/nginx", "/etc/prosody", "/etc/jitsi/", TURN)
"""Where files are that a deployment writes."""
KEPT = "/root/before-breakage"


@dataclass(frozen=True)
class Breakage:
    """One thing that an administrator or an update may do wrong."""

    name: str
    fails: frozenset[str]
    command: str
    """A shell command; $DOMAIN is the school's host name."""
    files: tuple[str, ...] = ()
    """What it changes or makes."""
    units: tuple[str, ...] = ()
    """What has to be restarted, before and after."""

    @property
    def all_fails(self) -> frozenset[str]:
        """Return what must fail: a file of ours that somebody changed is a failure as well."""
        ours = any(file.startswith(OURS) for file in self.files)
        return self.fails | {"OPS-05"} if ours else self.fails


BREAKAGES: list[Breakage] = []


def breakage(name: str, fails: str, command: str, *files: str, units: Iterable[str] = ()) -> None:
    """Note a way to break a server."""
    BREAKAGES.append(Breakage(name, frozenset(fails.split()), command, files, tuple(units)))


def web(name: str, fails: str, command: str, *files: str) -> None:
    """Note a way to break what nginx serves."""
    breakage(name, fails, command, *files, units=["nginx"])


def client(name: str, fails: str, setting: str) -> None:
    """Note a setting of the web client, as an expert would add it to config.js."""
    file = f"{LOCAL}/config.js"
    breakage(name, fails, f"cat >>{file} <<'END'\n{setting}\nEND\nchmod 644 {file}", file)


def prosody(name: str, fails: str, sed: str) -> None:
    """Note an edit of Prosody's configuration."""
    breakage(name, fails, f"sed -i '{sed}' {PROSODY}", PROSODY, units=["prosody"])


web("HSTS is gone", "TLS-01", f"sed -i /Strict-Transport/d {HEADERS}", HEADERS)
web(
    "room names travel on in the referrer",
    "TLS-06",
    f"sed -i /Referrer-Policy/d {HEADERS}",
    HEADERS,
)
web("who opened a page holds it", "TLS-06", f"sed -i /Opener-Policy/d {HEADERS}", HEADERS)
web(
    "pages of anybody may signal",
    "TLS-06",
    f"sed -i 's/return 403;/break;/' {SITE}",
    SITE,
)
web("one address takes all", "ACC-05", f"sed -i '/limit_conn jitsi_/d' {FRONT}", FRONT)
web("foreign content is allowed", "THP-06", f"sed -i /Content-Security-Policy/d {HEADERS}", HEADERS)
web("another curve", "TLS-02", f"sed -i 's/X25519:prime256v1/secp521r1:&/' {SITE}", SITE)
web(
    "visits are written down",
    "LOG-01",
    f"sed -i 's#access_log off#access_log /var/log/nginx/access.log#' {SITE}",
    SITE, "/var/log/nginx/access.log",
)  # fmt: skip
web(
    "the error log names visitors",
    "LOG-02",
    f"sed -i 's#error.log crit;#error.log info;#; s#log_not_found off#log_not_found on#' {SITE}",
    SITE, "/var/log/nginx/error.log",
)  # fmt: skip
web(
    "rooms can be asked for",
    "ACC-03",
    f"echo 'location = /room-size {{ return 200 1; }}' >{LOCAL}/rooms.nginx.conf",
    f"{LOCAL}/rooms.nginx.conf",
)
web(
    "the bridge's figures are public",
    "ACC-04",
    f"echo 'location = /colibri/stats {{ return 200 1; }}' >{LOCAL}/stats.nginx.conf",
    f"{LOCAL}/stats.nginx.conf",
)

client("a tracker", "THP-05", 'config.analytics = { googleAnalyticsTrackingId: "UA-1" };')
client(
    "a foreign STUN server",
    "THP-02",
    'config.p2p.stunServers = [{ urls: "stun:stun.example.net" }];',
)
client("an e-mail address is asked for", "MIN-02", "config.hideEmailInSettings = false;")
client("a cloud storage", "THP-08", 'config.dropbox = { appKey: "x" };')
client("pictures from the web", "MOD-06", 'config.giphy = { enabled: true, sdkKey: "x" };')
client("a recorder", "REC-01", "config.recordingService = { enabled: true };")
client("who speaks how long", "STA-01", "config.speakerStats = { disabled: false };")
client(
    "faces are looked at",
    "MIN-06",
    "config.faceLandmarks = { enableFaceExpressionsDetection: true };",
)

prosody(
    "signalling has a port of its own", "TLS-04", 's/^c2s_interfaces.*/c2s_interfaces = { "*" }/'
)
prosody("browsers sign in where the focus does", "ACC-04", 's/"school_loopback_only", //')
prosody(
    "whoever is on the server guesses the focus's password",
    "ACC-02",
    r's/\("limits_exception".*\) "school_login_throttle",/\1/',
)
prosody("signalling notes sign-ins", "LOG-03", 's/min = "warn"/min = "info"/')
prosody("teachers may record", "REC-02", "s/recording = false/recording = true/")
prosody(
    "a stranger's relay", "THP-04", 's/"turns", host = domain/"turns", host = "turn.example.net"/'
)
prosody(
    "whoever comes gets the relay's credentials",
    "HST-03",
    's/restricted = true/secret = true, ttl = 900, algorithm = "turn"/; s/, "school_relay"//',
)
prosody(
    "rooms outlive their meeting",
    "LOG-08",
    "s/^muc_room_allow_persistent.*/muc_room_allow_persistent = true/",
)
prosody(
    "anybody can register",
    "ACC-02",
    's/"register", //; s/^allow_registration = false/allow_registration = true/; '
    's/"saslauth",/"saslauth", "register",/',
)
prosody("last sign-ins are kept", "STA-02", 's/"saslauth",/"saslauth", "lastactivity",/')
prosody(
    "a room goes on without its teacher",
    "MOD-03",
    "s/^    school_end_message.*/&\\n    school_end_after = 86400/",
)

breakage(
    "the bridge notes addresses",
    "LOG-04",
    f"sed -i 's/redact-remote-addresses = true/redact-remote-addresses = false/' {BRIDGE}",
    BRIDGE,
)
breakage(
    "the bridge asks a stranger",
    "THP-03",
    f"sed -i 's/addresses = .*/addresses = [\"stun.example.net:443\"]/' {BRIDGE}",
    BRIDGE,
)
breakage("the relay notes everything", "LOG-06", f"echo verbose >>{TURN}", TURN, units=["coturn"])
breakage(
    "one person takes the whole relay",
    "HST-03",
    f"sed -i /^user-quota/d {TURN}",
    TURN,
    units=["coturn"],
)
breakage(
    "the relay tells its version",
    "TLS-06",
    f"sed -i /^no-software-attribute/d {TURN}",
    TURN,
    units=["coturn"],
)
breakage(
    "the relay leads to inner networks",
    "HST-03",
    f"sed -i /^denied-peer-ip/d {TURN}",
    TURN,
    units=["coturn"],
)
breakage(
    "anybody can read a secret",
    "HST-06",
    "chmod 644 /etc/jitsi-provision/secrets/turn; chmod 755 /etc/jitsi-provision/secrets",
    "/etc/jitsi-provision/secrets/turn",
)
breakage(
    "the relay can read the web server's key",
    "HST-06",
    "cd /etc/jitsi-provision/tls && chgrp turnserver . key.pem && chmod g+rX . key.pem",
    "/etc/jitsi-provision/tls",
)
breakage(
    "an account of somebody can read the relay's secret",
    "HST-06",
    "usermod -aG turnserver games",
    "/etc/group",
    "/etc/gshadow",
)
breakage(
    "a backup repeats a secret",
    "HST-06",
    f"cp {TURN} /etc/nginx/turn.bak; chmod 644 /etc/nginx/turn.bak",
    "/etc/nginx/turn.bak",
)
breakage("memory was dumped", "LOG-09", "echo >/tmp/java_pid1.hprof", "/tmp/java_pid1.hprof")
breakage(
    "an old log stayed",
    "LOG-07",
    "echo x >/var/log/old.log; touch -d '30 days ago' /var/log/old.log",
    "/var/log/old.log",
)
breakage(
    "passwords let in",
    "HST-02",
    "echo 'PasswordAuthentication yes' >/etc/ssh/sshd_config.d/00-school.conf",
    "/etc/ssh/sshd_config.d/00-school.conf",
    units=["ssh"],
)
breakage(
    "nobody updates",
    "OPS-01",
    "echo 'APT::Periodic::Unattended-Upgrade \"0\";' >/etc/apt/apt.conf.d/99-school",
    "/etc/apt/apt.conf.d/99-school",
)


def apply(host: Host, domain: str, breakages: Iterable[Breakage]) -> None:
    """Break a host in these ways, keeping what they change."""
    chosen = list(breakages)
    files = " ".join(file for each in chosen for file in each.files)
    _shell(
        host,
        domain,
        f"rm -rf {KEPT}; mkdir {KEPT}; set -- {files}",
        f'for file do [ ! -e "$file" ] || cp -a --parents "$file" {KEPT}; done',
        *(each.command for each in chosen),
        _restart(chosen),
    )


def mend(host: Host, domain: str, breakages: Iterable[Breakage]) -> None:
    """Bring back what was there before."""
    chosen = list(breakages)
    files = " ".join(file for each in chosen for file in each.files)
    _shell(
        host,
        domain,
        f"set -- {files}",
        'for file do rm -rf "$file"; done',
        f"cp -a {KEPT}/. /; rm -rf {KEPT}",
        _restart(chosen),
    )


def _restart(breakages: Iterable[Breakage]) -> str:
    units = " ".join(sorted({unit for each in breakages for unit in each.units}))
    return (
        f"systemctl daemon-reload; systemctl reset-failed {units}; systemctl restart {units}"
        if units
        else ":"
    )


def _shell(host: Host, domain: str, *lines: str) -> None:
    host.run(["sh", "-ec", "\n".join([f"DOMAIN={domain}", *lines])])


def failing(folder: Path) -> set[str]:
    """Return the controls that `provision verify` says fail, by a run in a technician's folder."""
    done = subprocess.run(
        ["provision", "verify", "--json"], cwd=folder, capture_output=True, text=True, check=False
    )
    data: dict[str, Any] = json.loads(done.stdout)
    return {control["id"] for control in data["controls"] if control["state"] == "failed"}


def main(name: str, folder: Path, only: set[str]) -> None:
    """Break the host in each way and print what failed beside what should have."""
    host = Bench().host(name)
    hosts = yaml.safe_load((folder / "inventory.yml").read_text())["schools"]["hosts"]
    (domain,) = (school["domain"] for school in hosts.values())
    before = failing(folder)
    print("before:", *sorted(before), flush=True)
    for each in BREAKAGES:
        if only and each.name not in only and not each.fails & only:
            continue
        apply(host, domain, [each])
        try:
            found = failing(folder) - before
        finally:
            mend(host, domain, [each])
        verdict = "right" if found == each.all_fails else "WRONG"
        print(f"{verdict}  {each.name}: {' '.join(sorted(found)) or 'nothing'}", flush=True)
    print("afterwards:", *sorted(failing(folder) - before), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), set(sys.argv[3:]))
