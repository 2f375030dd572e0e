"""Whether CAA records let the certificate authority issue for a name (RFC 8659, RFC 8657)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from provision.messages.i18n import _
from provision.messages.result import Result, failure, ok, warning
from provision.settings.text import shortened

if TYPE_CHECKING:
    from provision.check.lookups import Caa, Name

KNOWN_TAGS = {"issue", "issuewild", "issuemail", "issuevmc", "iodef", "contactemail",
              "contactphone"}  # fmt: skip
METHOD = "http-01"
LETS_ENCRYPT = "letsencrypt.org"


def authority(directory: str) -> str:
    """Return by which name CAA records call the authority behind an ACME directory, if known."""
    host = urlsplit(directory).hostname or ""
    return LETS_ENCRYPT if host.endswith(f".{LETS_ENCRYPT}") else ""


def check(name: Name, directory: str) -> list[Result]:
    """Return whether a certificate for the name can be had from the ACME directory."""
    state = name.caa.state
    if state == "found":
        return [_records(name, directory)]
    if state == "broken":
        sentence = _(
            "The name servers of {name} fail when they are asked for CAA records; then no "
            "authority issues a certificate."
        )
        remedy = _(
            "at your registrar, look at the name servers of the domain, and at DNSSEC: an "
            "old DS record has to be deleted"
        )
        return [failure(sentence.format(name=name.caa.owner), remedy)]
    if state == "silent":
        sentence = _(
            "CAA records of {name} were not checked: no name server answers this computer."
        )
        return [warning(sentence.format(name=name.caa.owner), _("try from another network"))]
    sentence = _("No CAA record restricts who may issue certificates for {name}.")
    return [ok(sentence.format(name=name.name))]


def _records(name: Name, directory: str) -> Result:
    """Return whether the records that there are let the authority issue."""
    ours, owner = authority(directory), name.caa.owner
    unknown = [item.tag for item in name.properties if item.critical and item.tag not in KNOWN_TAGS]
    if unknown:
        sentence = _(
            "{owner} has a critical CAA record of the unknown kind {tag}; no authority "
            "may issue a certificate then."
        )
        remedy = _("at your registrar, delete that CAA record")
        return failure(sentence.format(owner=owner, tag=unknown[0]), remedy)
    issuers = [item for item in name.properties if item.tag == "issue"]
    if not issuers or any(_allows(item, ours) for item in issuers):
        return ok(_("CAA records of {owner} allow the certificate.").format(owner=owner))
    values = {
        "owner": owner,
        "issuers": shortened(", ".join(item.value.strip() for item in issuers)),
        "authority": ours or urlsplit(directory).hostname or directory,
    }
    if not ours:
        sentence = _(
            "CAA records of {owner} name {issuers}; whether that is {authority}, this "
            "program does not know."
        )
        remedy = _("ask the certificate authority what it is called in CAA records")
        return warning(sentence.format(**values), remedy)
    sentence = _(
        "The CAA records of {owner} do not let {authority} issue a certificate in our "
        "way; they are: {issuers}."
    )
    remedy = _(
        "at your registrar, add a record: type CAA, name {owner}, flag 0, tag issue, value "
        "{authority}"
    )
    return failure(sentence.format(**values), remedy.format(**values))


def _allows(item: Caa, ours: str) -> bool:
    """Return whether one record lets our authority issue in our way."""
    issuer, *parameters = (part.strip() for part in item.value.split(";"))
    if not ours or issuer.lower().rstrip(".") != ours:
        return False
    for parameter in parameters:
        key, _equals, value = parameter.partition("=")
        if key.strip().lower() == "validationmethods":
            return METHOD in (method.strip() for method in value.split(","))
    return True
