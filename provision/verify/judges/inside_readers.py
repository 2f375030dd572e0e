"""Who may read which file; judged by what the look from inside has tried."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provision.messages.i18n import N_, _, ngettext
from provision.verify.evidence import NotMeasuredError
from provision.verify.judges import inside_view as view

if TYPE_CHECKING:
    from provision.verify.evidence import Evidence

# How the paths begin that are a service's own. What is not among them is root's alone.
OWN = {
    "nginx": ("/etc/nginx/", "/etc/jitsi/meet/", "/var/log/nginx/"),
    "prosody": ("/etc/prosody/", "/var/lib/prosody/", "/var/log/prosody/"),
    "jicofo": ("/etc/jitsi/jicofo/", "/var/log/jitsi/jicofo"),
    "jitsi-videobridge2": ("/etc/jitsi/videobridge/", "/var/log/jitsi/jvb"),
    "coturn": ("/etc/turnserver.conf", "/etc/coturn", "/var/lib/turn/"),
}
ANY_ONE = "/etc/jitsi-provision/local/"
"""A sysadmin's own files there belong to whichever service they are for."""


def strangers(evidence: Evidence) -> set[str]:
    """Return a sentence for each file that somebody could open whose own it is not."""
    found = set()
    for path, services in view.part(evidence, "readers")["readable"].items():
        others = [name for name in services if not path.startswith(OWN.get(name, ()))]
        if path.startswith(ANY_ONE) and len(services) == 1:
            continue
        found |= {_("{service} can read {path}").format(service=name, path=path) for name in others}
    for path, number in view.part(evidence, "readers")["people"].items():
        if not path.startswith(ANY_ONE):
            sentence = ngettext(
                "an account beside root can read {path}",
                "{number} accounts beside root can read {path}",
                number,
            )
            found.add(sentence.format(number=number, path=path))
    return found


def refuse_untried(evidence: Evidence) -> None:
    """Raise NotMeasuredError where a service is installed and nothing could be tried as it."""
    readers = view.part(evidence, "readers")
    silent = readers["silent"] or ([] if any(readers["tried"].values()) else [*OWN])
    if silent:
        raise NotMeasuredError(
            N_("What these services can read could not be tried, since they do not run: {names}"),
            names=", ".join(silent),
        )
