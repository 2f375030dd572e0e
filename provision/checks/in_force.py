"""What is in force on a server counts, not which file of ours lies there."""

from __future__ import annotations

from typing import Any

from provision.checks.result import Result, failure, note, warning
from provision.i18n import _

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
    return findings


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
