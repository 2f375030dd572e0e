"""Judges of `inside`: interfaces that only the server itself should reach."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provision.messages.i18n import N_, _
from provision.verify.evidence import NotMeasuredError
from provision.verify.finding import failed, fulfilled
from provision.verify.judges import inside_view as view
from provision.verify.judges import judge
from provision.verify.outside.services import BRIDGE, COMPONENTS, FOCUS, MANAGEMENT

if TYPE_CHECKING:
    from provision.verify.evidence import Evidence
    from provision.verify.finding import Finding

MANAGED = (
    *(f"{BRIDGE}/{path}" for path in ("debug", "colibri/stats", "colibri/debug", "rtcstats")),
    *(f"{FOCUS}/{path}" for path in ("debug", "pin")),
)
INSIDE = {*MANAGEMENT, COMPONENTS}


@judge("ACC-04", "inside")
def management_stays_inside(evidence: Evidence) -> Finding:
    """Judge what the services' own interfaces offer, and on which addresses they listen."""
    for name in ("bridge", "focus"):
        view.service(evidence, name)
    answers = view.part(evidence, "endpoints")["answers"]
    listening = view.listening(evidence)
    problems = {place for place in MANAGED if answers.get(place, {}).get("status") == 200}  # noqa: PLR2004
    problems |= {
        f"{each['port']}/{each['protocol']} ({each['address']})"
        for each in listening
        if each["port"] in INSIDE and not each["address"].startswith(view.LOOPBACK)
    }
    if problems:
        return failed(
            _("Interfaces for management are on or reachable: {names}").format(
                names=view.listed(problems)
            ),
            _("Switch off debug, pin and rest in jvb.conf and jicofo.conf and let them listen on "
              "127.0.0.1; or run: provision deploy"),
        )  # fmt: skip
    view.refuse_silent(answers)
    return fulfilled(
        _("Interfaces for management are off, the rest listens on the server itself only.")
    )


@judge("TLS-04", "inside")
def signalling_listens_inside(evidence: Evidence) -> Finding:
    """Judge on which addresses Prosody listens."""
    view.service(evidence, "prosody")
    own = [
        each for each in view.listening(evidence) if each["program"].startswith(("lua", "prosody"))
    ]
    if not own:
        raise NotMeasuredError(N_("None of the listening programs was seen to be Prosody."))
    outside = {
        f"{each['port']}/{each['protocol']} ({each['address']})"
        for each in own
        if not each["address"].startswith(view.LOOPBACK)
    }
    if outside:
        return failed(
            _("The signalling service listens for "
              "everybody: {names}").format(names=view.listed(outside)),
            _("Set c2s_interfaces, http_interfaces and s2s_interfaces to 127.0.0.1 "
              "and https_ports = {}; "
              "or run: provision deploy"),
        )  # fmt: skip
    return fulfilled(
        _("The signalling service listens on the server itself only; nginx passes it on.")
    )
