"""Bridge and focus: the configuration that the running process reads, how it logs, what it offers.

Neither tells its configuration while it runs, so it is read as the process reads it: the defaults
inside its own program files, the file that its arguments name with all that this includes, the
older properties file, then properties among the arguments.
"""

from __future__ import annotations

import http.client
import re
import subprocess
import sys
import zipfile
from itertools import pairwise
from pathlib import Path
from typing import Any

from provision.verify.inside import hocon, processes, reading

# Only these are reported, and of them nothing that a password could be.
SHOWN = {
    "bridge": ("ice4j.harvest.", "videobridge.rest.", "videobridge.apis.rest.",
               "videobridge.http-servers.", "videobridge.redact-remote-addresses",
               "videobridge.ice.udp.port", "videobridge.websockets.enabled",
               "videobridge.stats.callstats", "videobridge.stats.rtcstats"),
    "focus": ("jicofo.conference.enable-auto-owner", "jicofo.rest.", "jicofo.authentication.",
              "jicofo.jibri.", "jicofo.jigasi.", "jicofo.rtcstats.", "jicofo.transcription."),
}  # fmt: skip
SECRET = re.compile("passw|secret|key|token", re.IGNORECASE)
ROOTS = ("videobridge.", "jicofo.", "ice4j.", "jmt.")
# Only their properties' names are asked for; the archives also hold other libraries' defaults.
ARCHIVES = ("jitsi-videobridge*.jar", "jicofo*.jar", "ice4j*.jar", "jitsi-media-transform*.jar")
ENDPOINTS = {
    8080: ("/metrics", "/debug", "/rtcstats", "/colibri/stats", "/colibri/debug"),
    8888: ("/metrics", "/stats", "/debug", "/rtcstats", "/pin"),
}
NOBODY = 65534
PACKETS = "org.jitsi.impl.protocol.xmpp.log.PacketDebugger.level"
NAMES = re.compile(r'@(?:conference|lobby|breakout|guest)\.|\b(?:room|conference|jid|name)="[^"]')


def bridge(_wanted: dict[str, Any]) -> dict[str, Any]:
    """Return the bridge's part."""
    return _service("bridge", "videobridge")


def focus(_wanted: dict[str, Any]) -> dict[str, Any]:
    """Return the focus's part."""
    return _service("focus", "jicofo")


def endpoints(_wanted: dict[str, Any]) -> dict[str, Any]:
    """Return {"8080/debug": {"status", "names", "anybody"}} of what both offer on loopback.

    `names` says whether the answer names rooms or people; the answer itself stays there. `anybody`
    says whether every account of the server may ask.
    """
    found = {}
    anybody = {port: _open_to_anybody(port) for port in ENDPOINTS}
    for port, path in ((port, path) for port, paths in ENDPOINTS.items() for path in paths):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=4)
        try:
            connection.request("GET", path, headers={"Accept": "*/*"})
            answer = connection.getresponse()
            body = answer.read(reading.LIMIT).decode("utf-8", "replace")
        except ConnectionRefusedError:
            continue
        except (OSError, http.client.HTTPException):
            # Something is there, and nobody knows what it would say.
            found[f"{port}{path}"] = {"status": 0, "names": False, "anybody": anybody[port]}
            continue
        finally:
            connection.close()
        found[f"{port}{path}"] = {
            "status": answer.status,
            "names": bool(NAMES.search(body)),
            "anybody": anybody[port],
        }
    return {"answers": found}


def _open_to_anybody(port: int) -> bool:
    """Tell whether an account without any rights reaches a port of this machine."""
    knock = f"import socket; socket.create_connection(('127.0.0.1', {port}), 2)"
    done = subprocess.run(
        [sys.executable, "-I", "-c", knock],
        user=NOBODY, group=NOBODY, extra_groups=[], capture_output=True, check=False,
    )  # fmt: skip
    return done.returncode == 0


def _service(name: str, word: str) -> dict[str, Any]:
    running = [process for process in processes.every() if _is(process, word)]
    if not running:
        return {"running": False}
    process = running[0]
    arguments = process["arguments"]
    properties = dict(
        argument[2:].partition("=")[::2] for argument in arguments if argument.startswith("-D")
    )
    file = properties.get("config.file", "")
    log = properties.get("java.util.logging.config.file", "")
    tree = _defaults(arguments)
    tree = hocon.merge(tree, hocon.read(reading.text(file), Path(file).parent) if file else {})
    values = hocon.flat(tree)
    values |= {key: value for key, value in properties.items() if key.startswith(ROOTS)}
    return {
        "running": True,
        "file": file,
        "options": {
            key: value
            for key, value in values.items()
            if key.startswith(SHOWN[name]) and not SECRET.search(key)
        },
        "legacy": _legacy(properties),
        "flags": [argument for argument in arguments if argument.startswith("-XX:")],
        "logging": _logging(log),
        "newer": _newer((file, log), process["started"]),
        **processes.limits(process),
    }


def _is(process: processes.Process, word: str) -> bool:
    """Tell the bridge's Java from the focus's and from any other program."""
    arguments = process["arguments"]
    return any(argument.startswith("-Xmx") for argument in arguments) and (
        process["unit"].startswith((word, f"jitsi-{word}"))
        or any(f"/{word}" in argument or f"/jitsi-{word}" in argument for argument in arguments)
    )


def _defaults(arguments: list[str]) -> hocon.Tree:
    """Return the defaults inside the program files on the class path."""
    places = [
        Path(place)
        for word, path in pairwise(arguments)
        if word in {"-cp", "-classpath", "-jar"}
        for place in path.split(":")
    ]
    tree: hocon.Tree = {}
    for place in places:
        folder = place.parent if place.name == "*" else place
        archives = [path for pattern in ARCHIVES for path in folder.glob(pattern)]
        for archive in archives or [folder]:
            if archive.suffix != ".jar" or not any(archive.match(each) for each in ARCHIVES):
                continue
            try:
                with zipfile.ZipFile(archive) as opened:
                    text = opened.read("reference.conf").decode("utf-8", "replace")
            except (OSError, KeyError, zipfile.BadZipFile):
                continue
            tree = hocon.merge(tree, hocon.read(text))
    return tree


def _legacy(properties: dict[str, str]) -> list[str]:
    """Return the names in the older properties file, which wins over the newer one."""
    folder = properties.get("net.java.sip.communicator.SC_HOME_DIR_LOCATION", "/etc/jitsi")
    name = properties.get("net.java.sip.communicator.SC_HOME_DIR_NAME", "videobridge")
    return [
        line.partition("=")[0].strip()
        for line in reading.lines(f"{folder}/{name}/sip-communicator.properties")
    ]


def _logging(path: str) -> dict[str, Any]:
    """Return handlers and levels of a java.util.logging file."""
    values = dict(line.partition("=")[::2] for line in reading.lines(path))
    values = {key.strip(): value.strip() for key, value in values.items()}
    handlers = re.split(r"[,\s]+", values.get("handlers", ""))
    levels = {key: value for key, value in values.items() if key.endswith(".level")}
    if values.get("java.util.logging.ConsoleHandler.filter", "").endswith("ExcludeXmppPackets"):
        levels.pop(PACKETS, None)
    return {
        "handlers": handlers,
        # What a handler takes says nothing of what is sent to it.
        "levels": {
            key: level for key, level in levels.items() if not key.endswith("Handler.level")
        },
        "sentry": any("sentry" in name.lower() for name in handlers),
    }


def _newer(paths: tuple[str, ...], started: float) -> list[str]:
    """Return the files that were changed after the process began, and which it does not know."""
    found = [Path(path) for path in paths if path and Path(path).is_file()]
    return [str(path) for path in found if path.stat().st_mtime > started + 1]
