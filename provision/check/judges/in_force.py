"""What is in force on a server counts, not which file of ours lies there."""

from __future__ import annotations

from typing import Any

from provision.declared import listening
from provision.messages.i18n import _
from provision.messages.result import Result, failure, note, warning

Told = dict[str, str]

RESTART = {"sysctl": "systemd-sysctl", "journald": "systemd-journald"}


def check(server: dict[str, Any]) -> list[Result]:
    """Return what overrules settings of ours, and how it stops."""
    ssh = server["ssh"]
    findings = []
    if server["sshd"] and server["key_sign_in"] and ssh["options"]:
        findings.append(
            failure(
                _("sshd is started with {options}, which no file can overrule.").format(
                    options=" ".join(ssh["options"])
                ),
                _("on the server, take that out of SSHD_OPTS in /etc/default/ssh, then: systemctl "
                  "restart ssh"),
            )
        )  # fmt: skip
    findings += [
        warning(
            _("{name} is {found} and not {wanted}, whatever our file says.").format(**one),
            (
                _("on the server, delete the line with {name} from {file}, then: systemctl restart "
                  "{unit}")
                if one["file"]
                else _("on the server: systemctl restart {unit}")
            ).format(**one, unit=RESTART[one["program"]]),
        )
        for one in server["overruled"]
    ]  # fmt: skip
    findings += [KINDS_OF_DISOBEYING[one["kind"]](one) for one in server["disobeyed"]]
    return findings


def _command(one: Told) -> Result:
    return failure(
        _("{unit} is started with {name}, whatever our files say: {file}.").format(**one),
        _("on the server, delete the lines with ExecStart from {file}, then: systemctl "
          "daemon-reload; systemctl restart {unit}").format(**one),
    )  # fmt: skip


def _behind() -> dict[str, str]:
    """Return where nginx serves what comes to the ports that its stream module holds."""
    port = listening.ours()
    return {
        str(port["http"].number):
            f"`listen 127.0.0.1:{port['http_behind'].number} proxy_protocol;`",
        str(port["https"].number):
            f"`listen 127.0.0.1:{port['https_behind'].number} ssl proxy_protocol;`",
    }  # fmt: skip


def _port(one: Told) -> Result:
    behind = _behind()
    places = ", ".join(f"{behind[port]} ({port})" for port in one["name"].split(", "))
    return failure(
        _("{file} takes port {name}, which nginx needs for the school: nginx would not start the "
          "next time.").format(**one),
        # A restart would end everything where a second file wants one, too.
        _("on the server, write in {file} in place of its port: {places}; or delete that file; "
          "then: systemctl reload nginx").format(places=places, **one),
    )  # fmt: skip


def _name(one: Told) -> Result:
    return failure(
        _("{file} answers for {name}, too, and before ours.").format(**one),
        _("on the server, take {name} out of server_name in {file}, or delete that file; then: "
          "systemctl reload nginx").format(**one),
    )  # fmt: skip


def _module(_one: Told) -> Result:
    return failure(
        _("nginx does not load its stream module any more: it would not start the next time."),
        _("on the server, as root: {command}").format(
            command="ln -sf /usr/share/nginx/modules-available/mod-stream.conf "
            "/etc/nginx/modules-enabled/50-mod-stream.conf"
        ),
    )


def _broken(one: Told) -> Result:
    return failure(
        _("{unit} does not understand {file}, and would not start any more: {reason}").format(
            **one
        ),
        # nginx serves on while it reads again; the others have no such way.
        _("on the server, correct {file} or delete it, then: systemctl {verb} {unit}").format(
            verb="reload-or-restart" if one["unit"] == "nginx" else "restart", **one
        ),
    )


def _include(one: Told) -> Result:
    return failure(
        _("Prosody does not read /etc/prosody/conf.d any more: nobody could sign in."),
        _("on the server, as root: {command}").format(
            command=f"echo 'Include \"conf.d/*.cfg.lua\"' >> {one['file']}; "
            "systemctl restart prosody"
        ),
    )


def _option(one: Told) -> Result:
    return warning(
        _("{file} sets {name} in place of ours.").format(**one),
        _("on the server, delete {name} from {file}, then: systemctl restart prosody; if it is "
          "meant so, it belongs into /etc/jitsi-provision/local/*.cfg.lua").format(**one),
    )  # fmt: skip


KINDS_OF_DISOBEYING = {
    "command": _command,
    "port": _port,
    "name": _name,
    "module": _module,
    "broken": _broken,
    "include": _include,
    "option": _option,
}
"""What is told of each kind that roles/deployment/module_utils/obeyed.py finds."""


def to_come(server: dict[str, Any]) -> list[Result]:
    """Return what a deployment changes to be in force."""
    if not (server["sshd"] and server["ssh"]["line_missing"]):
        return []
    return [
        note(
            _("/etc/ssh/sshd_config says something before it includes /etc/ssh/sshd_config.d; a "
              "deployment puts that line first.")
        )
    ]  # fmt: skip
