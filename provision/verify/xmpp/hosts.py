"""How the hosts of an XMPP server meet somebody who has not signed in."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, TypedDict

from provision.verify.xmpp.limits import ClosedError, SilentError, XmppError
from provision.verify.xmpp.session import SASL, RefusedError, Session, mechanisms
from provision.verify.xmpp.wire import Bosh

if TYPE_CHECKING:
    from provision.verify.target import Target
    from provision.verify.xmpp.limits import Limits

HOSTS = ("", "guest.", "auth.", "recorder.", "hidden.")
"""In front of the domain: where Jitsi's packages and images keep accounts."""
REGISTER = "jabber:iq:register"


SERVICES = "auth."
"""In front of the domain: where focus and bridge have their accounts."""
REFUSED = "refused"
OPEN = "open"
SILENT = "no answer"


class Host(TypedDict):
    """One host of the XMPP server, as it meets somebody who has not signed in."""

    name: str
    transport: str
    """`websocket` or `bosh`."""
    mechanisms: list[str]
    anonymous: bool
    """Whether a sign-in without an account succeeded."""
    registers: bool
    """Whether it offers new accounts to whoever comes."""
    form: str
    """What it answered to the wish for the form of registration: `form`, or XMPP's word for no."""


def services_host(target: Target, domain: str, limits: Limits) -> dict[str, str]:
    """Return how the host of focus and bridge meets a browser, for each of its two ways in."""
    name = SERVICES + domain
    found = {"websocket": SILENT, "bosh": SILENT}
    try:
        with Session(target, name, limits) as session:
            found["websocket"] = OPEN if session.mechanisms else SILENT
    except RefusedError:
        found["websocket"] = REFUSED
    except (XmppError, OSError):
        pass
    bosh = Bosh(target, limits)
    try:
        host, ended = _bosh_host(bosh, name)
        if host["mechanisms"]:
            found["bosh"] = OPEN
        elif ended:
            found["bosh"] = REFUSED
    except (XmppError, OSError):
        pass
    finally:
        bosh.close()
    return found


def by_bosh(target: Target, domain: str, limits: Limits) -> tuple[list[Host], float]:
    """Return the first two hosts over BOSH, and how far the server's clock is ahead."""
    found = []
    bosh = Bosh(target, limits)
    try:
        for prefix in HOSTS[:2]:
            with contextlib.suppress(XmppError, OSError):
                found.append(_bosh_host(bosh, prefix + domain)[0])
    finally:
        bosh.close()
    return found, (bosh.clock - time.time()) if bosh.clock else 0.0


def _bosh_host(bosh: Bosh, name: str) -> tuple[Host, bool]:
    """Return a host, and whether the server ended the session as soon as it had begun."""
    begun = bosh.post({"to": name, "wait": "5", "hold": "1", "ver": "1.6", "xmpp:version": "1.0"})
    session = {"sid": begun.get("sid", "")}
    host = Host(
        name=name,
        transport="bosh",
        mechanisms=mechanisms(begun),
        anonymous=False,
        registers=False,
        form="",
    )
    if "ANONYMOUS" in host["mechanisms"]:
        answer = bosh.post(session, f"<auth xmlns='{SASL}' mechanism='ANONYMOUS'/>")
        host["anonymous"] = answer.find(f"{{{SASL}}}success") is not None
    if session["sid"]:
        with contextlib.suppress(XmppError):
            bosh.post(session | {"type": "terminate"})
    return host, begun.get("type") == "terminate"


def by_websocket(target: Target, domain: str, limits: Limits) -> tuple[list[Host], Session | None]:
    """Return the hosts over websocket, and somebody signed in without an account.

    Nothing where the server does not know the domain itself.
    """
    found: list[Host] = []
    strangers: list[Session] = []
    for prefix in HOSTS:
        name = prefix + domain
        try:
            session = Session(target, name, limits)
        except (RefusedError, ClosedError):
            if not prefix:
                return [], None
            continue  # there is no such host
        except XmppError:
            if not prefix:
                raise
            continue
        host = Host(
            name=name,
            transport="websocket",
            mechanisms=session.mechanisms,
            anonymous=False,
            registers=session.registers,
            form="",
        )
        found.append(host)
        if "ANONYMOUS" not in session.mechanisms:
            host["form"] = _ask_for_form(session)
            session.close()
            continue
        try:
            session.sign_in()
        except (RefusedError, ClosedError):
            session.close()
            continue
        host["anonymous"] = True
        strangers.append(session)
    # Guests have a host of their own where teachers have accounts on the main one.
    for session in strangers[:-1]:
        session.close()
    return found, strangers[-1] if strangers else None


def _ask_for_form(session: Session) -> str:
    """Return what the server says to the wish for a new account; nothing is registered."""
    try:
        answer = session.ask("get", session.host, f"<query xmlns='{REGISTER}'/>")
    except RefusedError as refusal:
        return refusal.condition
    except (SilentError, ClosedError):
        return "no answer"
    return "form" if answer.find(f"{{{REGISTER}}}query") is not None else "empty"
