"""Judges of `inside`: what each service writes down of people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from provision.messages.i18n import _
from provision.verify.finding import failed, fulfilled
from provision.verify.judges import inside_view as view
from provision.verify.judges import judge

if TYPE_CHECKING:
    from provision.verify.evidence import Evidence
    from provision.verify.finding import Finding

SEVERE = {"crit", "alert", "emerg"}
# What tells who visited what; a log format without these is harmless.
TELLING = {"remote_addr", "binary_remote_addr", "http_x_forwarded_for", "realip_remote_addr",
           "proxy_protocol_addr", "request", "request_uri", "uri", "document_uri", "args",
           "query_string", "http_referer"}  # fmt: skip
WARNINGS = {"WARNING", "SEVERE", "OFF"}


@judge("LOG-01", "inside")
def no_access_log(evidence: Evidence) -> Finding:
    """Judge whether nginx writes visits down, and whether this visit is written anywhere."""
    formats = view.service(evidence, "web")["formats"]
    writing = sorted(
        {
            log
            for server in view.web_servers(evidence)
            for log in [
                *server["access_log"],
                *(["(default)"] if "access_log" in server["unset"] else []),
            ]
            if _tells(log, formats)
        }
    )
    seen = view.traces(evidence, "web")
    remedy = _("Set `access_log off;` in every server of nginx; or run: provision deploy")
    if writing or seen:
        return failed(
            _("nginx writes down who visits which room: {places}").format(
                places=view.listed([*writing, *seen])
            ),
            remedy,
        )
    if rooms := view.traces(evidence, view.OTHERS, ["marked"]):
        return failed(
            _("Which room was visited was written down, not by nginx: {places}").format(
                places=view.listed(rooms)
            ),
            _("Find out which program writes this, and let it write no names of rooms."),
        )
    if addresses := view.traces(evidence, view.OTHERS, ["addressed"]):
        return fulfilled(
            _("nginx writes no visit down. Others wrote down this computer's address: "
              "{places}").format(places=view.listed(addresses))
        )  # fmt: skip
    if not evidence["inside"]["visited"]:
        return fulfilled(_("nginx writes no visit down."))
    return fulfilled(_("nginx writes no visit down; the visit of this check is in no log."))


@judge("LOG-02", "inside")
def error_log_names_nobody(evidence: Evidence) -> Finding:
    """Judge from which level on nginx reports errors: below `crit` it names address and path."""
    loud = sorted(
        {
            log
            for server in view.web_servers(evidence)
            for log in [
                *server["error_log"],
                *(["(default)"] if "error_log" in server["unset"] else []),
            ]
            if not _is_severe(log)
        }
    )
    seen = view.traces(evidence, "errors")
    if loud or seen:
        return failed(
            _("nginx writes errors down with address and path: {places}").format(
                places=view.listed([*loud, *seen])
            ),
            _("Set `error_log … crit;` in every server of nginx; or run: provision deploy"),
        )
    return fulfilled(_("nginx writes only failures of its own down, from the level `crit` on."))


@judge("LOG-03", "inside")
def signalling_writes_warnings(evidence: Evidence) -> Finding:
    """Judge Prosody's level and how long its files are kept."""
    level = view.Signalling(evidence).level()
    seen = view.traces(evidence, "prosody")
    old = list(view.kept_too_long(evidence, "/prosody/"))
    remedy = _(
        "Let Prosody log warnings only, and rotate its files daily; or run: provision deploy"
    )
    if level not in view.QUIET:
        sentence = _("Prosody writes at level `{level}`: sign-ins, addresses and rooms.")
        if seen:
            return failed(f"{sentence.format(level=level)} {_traced(seen)}", remedy)
        return failed(sentence.format(level=level), remedy)
    if seen:
        return failed(_traced(seen), remedy)
    if old:
        return failed(_kept(old, evidence), remedy)
    return fulfilled(
        _("Prosody writes warnings only, for at most {days} days.").format(days=view.days(evidence))
    )


@judge("LOG-04", "inside")
def bridge_writes_no_addresses(evidence: Evidence) -> Finding:
    """Judge the bridge's levels, its masking of addresses, and the rotation of its file."""
    bridge = view.service(evidence, "bridge")
    loud = _loud(bridge["logging"])
    redacted = (
        str(bridge["options"].get("videobridge.redact-remote-addresses", "")).lower() == "true"
    )
    remedy = _(
        "Set redact-remote-addresses = true, .level=WARNING and a daily rotation without a size; "
        "or run: provision deploy"
    )
    loud += [] if redacted else ["redact-remote-addresses"]
    loud += view.traces(evidence, "bridge")
    if loud:
        sentence = _("The bridge writes down rooms or addresses: {settings}")
        return failed(sentence.format(settings=view.listed(loud)), remedy)
    if old := list(view.kept_too_long(evidence, "/jvb", "videobridge")):
        return failed(_kept(old, evidence), remedy)
    return fulfilled(
        _("The bridge writes warnings only, masks addresses, and its file is rotated by time.")
    )


@judge("LOG-05", "inside")
def focus_writes_no_rooms(evidence: Evidence) -> Finding:
    """Judge Jicofo's levels and handlers, and how long its file is kept."""
    focus = view.service(evidence, "focus")
    loud = _loud(focus["logging"])
    loud += [name for name in focus["logging"]["handlers"] if "Packets" in name]
    loud += view.traces(evidence, "focus")
    remedy = _("Set .level=WARNING in Jicofo's logging.properties; or run: provision deploy")
    if loud:
        sentence = _("The focus writes down names of rooms: {settings}")
        return failed(sentence.format(settings=view.listed(loud)), remedy)
    if old := list(view.kept_too_long(evidence, "/jicofo")):
        return failed(_kept(old, evidence), remedy)
    return fulfilled(_("The focus writes warnings only, without names of rooms."))


@judge("LOG-06", "inside")
def relay_writes_no_clients(evidence: Evidence) -> Finding:
    """Judge coturn's options, and whether the use of it in this run is in a log."""
    options = view.service(evidence, "relay")["options"]
    loud = sorted({"verbose", "Verbose", "extra-logging"} & set(options))
    loud += view.traces(evidence, "relay")
    remedy = _(
        "Remove `verbose`, set `log-file=stdout`, and mask addresses in what coturn writes; or "
        "run: provision deploy"
    )
    if loud:
        sentence = _("coturn writes down who uses it: {settings}")
        return failed(sentence.format(settings=view.listed(loud)), remedy)
    if "syslog" not in options and options.get("log-file") not in {"stdout", "/dev/null"}:
        return failed(_("coturn keeps log files of its own, which nothing deletes."), remedy)
    return fulfilled(_("coturn writes nothing down about those who use it."))


def _tells(log: str, formats: dict[str, list[str]]) -> bool:
    """Tell whether an access_log line writes down who or what."""
    words = log.split()
    if words[:1] in (["off"], ["/dev/null"]):
        return False
    name = next((word for word in words[1:] if "=" not in word), "combined")
    return name not in formats or bool(TELLING & set(formats[name]))


def _is_severe(log: str) -> bool:
    words = log.split()
    return words[:1] == ["/dev/null"] or words[-1] in SEVERE


def _loud(logging: dict[str, Any]) -> list[str]:
    """Return the lines of a logging file that let more than warnings through."""
    levels = logging["levels"]
    if ".level" not in levels:
        return [".level=INFO"]
    return [f"{name}={level}" for name, level in levels.items() if level not in WARNINGS]


def _traced(places: list[str]) -> str:
    return _("The room or the address of this check was written down: {places}").format(
        places=view.listed(places)
    )


def _kept(paths: list[str], evidence: Evidence) -> str:
    return _("This is kept longer than {days} days, or without end: {places}").format(
        days=view.days(evidence), places=view.listed(paths)
    )
