"""`provision audit`: what anybody can see of a Jitsi server, politely and without credentials."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from provision.messages import console
from provision.messages.errors import RefusedError, ServerError, UsageError
from provision.messages.i18n import _
from provision.messages.reasons import reason
from provision.settings import hosts
from provision.verify.measure import OUTSIDE, measure_all
from provision.verify.outside.addresses import is_public
from provision.verify.outside.connection import addresses
from provision.verify.outside.deadline import Deadline
from provision.verify.outside.web import NoAnswerError, Web
from provision.verify.reporting import report, summary, terminal
from provision.verify.run import Progress
from provision.verify.target import USER_AGENT, Target

if TYPE_CHECKING:
    from provision.messages.errors import ExitCode

HTTPS = 443
SECONDS = 5


def audit(
    url: str,
    *,
    browser: bool = False,
    private: bool = False,
    as_json: bool = False,
    verbose: bool = False,
) -> ExitCode:
    """Print what can be seen of a server from outside.

    With `private`, or where the address itself is given, it may stand in a private network.
    """
    domain = host_of(url)
    named = private or hosts.as_ip(domain) is not None
    address = resolved(domain, private=named)
    say = console.note
    say(_("Looking at {domain} ({address}) from outside.").format(domain=domain, address=address))
    say(_("A few dozen requests as any visitor makes them: no credentials, no load, nothing left."))
    say(_("The server's log names us as: {agent}").format(agent=USER_AGENT))
    elsewhere = redirected(domain, address)
    if elsewhere:
        domain, address = elsewhere, resolved(elsewhere, private=private, by=domain)
        console.warning(_("It leads to {domain}; that server is looked at.").format(domain=domain))
    else:
        private = named
    target = Target(domain, address, private=private)
    sections = (*OUTSIDE, "browser") if browser else OUTSIDE
    progress = Progress(1, len(sections))
    _key, evidence = next(measure_all({domain: target}, sections, progress.observe))
    progress.done(domain)
    if reason := evidence.missing.get("config"):
        console.warning(str(reason))
    made = report.make(target, evidence, datetime.now().astimezone(), sections=sections)
    if as_json:
        console.result_line(report.as_data(made))
    else:
        terminal.show(made, verbose=verbose)
    return summary.exit_code(made.verdicts, evidence)


def host_of(url: str) -> str:
    """Return the host name of a web address as people write it, or raise UsageError."""
    text = url.strip()
    if "://" not in text:
        text = f"https://{text}"
    wrong = UsageError(
        _("{url} is no address of a Jitsi server").format(url=url[:100]),
        next="provision audit https://meet.example.org",
    )
    try:
        parts = urlsplit(text)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError as error:
        raise wrong from error
    if parts.scheme not in {"https", "http"} or not host:
        raise wrong
    if parts.username or parts.password:
        raise UsageError(
            _("The address contains a name or password"),
            _("An audit needs no credentials, and sends none."),
            f"provision audit https://{host}",
        )
    if parts.scheme == "https" and port not in {None, HTTPS}:
        raise UsageError(
            _("Only servers on port 443 can be audited"),
            _("Browsers and apps expect Jitsi there."),
            f"provision audit https://{host}",
        )
    try:
        return hosts.address(hosts.as_typed(host))
    except ValueError as error:
        raise UsageError(
            _("{host} is no name of a server").format(host=host[:100]), str(error)
        ) from error


def resolved(domain: str, *, private: bool, by: str = "") -> str:
    """Return the address of a name, asked once: all connections go there, whatever it says later.

    Raise ServerError where there is none, or RefusedError where it is not the internet's and
    nobody asked for that; `by` is who led to the name.
    """
    try:
        found = [address for _family, address in addresses(domain, Deadline(SECONDS))]
    except OSError as error:  # a timeout is one as well
        raise ServerError(
            _("There is no server called {domain}").format(domain=domain),
            reason(error) or _("The name service does not answer."),
            _("compare the name with the address that people use"),
        ) from error
    for address in found:
        if private or is_public(address):
            return address
    where = _("{domain} is in a private network: {address}").format(domain=domain, address=found[0])
    raise RefusedError(
        _("{domain} leads to {other}").format(domain=by, other=domain) if by else where,
        (f"{where}. " if by else "")
        + _("An audit asks servers of the internet only: the name of a stranger could lead to "
            "your own router."),
        f"provision audit --private https://{domain}",
    )  # fmt: skip


def redirected(domain: str, address: str) -> str:
    """Return the other host to which the start page leads, or nothing."""
    web = Web(Target(domain, address), Deadline(SECONDS))
    try:
        location = web.get("/", most=0, method="HEAD").header("location")
        other = urlsplit(location).hostname or ""
        return "" if other in {"", domain} else host_of(f"https://{other}")
    except (NoAnswerError, TimeoutError, ValueError, UsageError):
        return ""
    finally:
        web.close()
