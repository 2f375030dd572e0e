"""Judges of `inside`: who has an account, and how passwords are protected."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provision.messages.i18n import N_, _, ngettext
from provision.verify.evidence import NotMeasuredError
from provision.verify.finding import failed, fulfilled
from provision.verify.judges import inside_view as view
from provision.verify.judges import judge

if TYPE_CHECKING:
    from provision.verify.evidence import Evidence
    from provision.verify.finding import Finding

REGISTRATION = {"register", "register_ibr", "register_limits", "invites_register",
                "watchregistrations", "register_web", "invites_register_web"}  # fmt: skip
THROTTLES = {"school_login_throttle", "limit_auth", "auto_ban", "firewall"}
LEAST_ROUNDS = 4096
WAYS = view.ANONYMOUS | {"internal_hashed", "internal_plain", "token", "jitsi-shared-secret"}
"""How people sign in, where it is known what becomes of their passwords."""


@judge("MIN-01", "inside")
def guests_have_no_account(evidence: Evidence) -> Finding:
    """Judge whether a host for guests without accounts stands beside the one with passwords."""
    prosody = view.Signalling(evidence)
    stores = view.part(evidence, "accounts")["hosts"]
    guests = [name for name in prosody.for_people() if prosody.way(name) in view.ANONYMOUS]
    staff = set(prosody.for_people()) - set(guests)
    remedy = _(
        "Give staff accounts on the main host and guests a host of their own without any; or "
        "run: provision deploy"
    )
    if not guests:
        return failed(_("Nobody can take part without an account."), remedy)
    if not staff:
        return failed(_("Nobody has an account: everybody opens rooms like staff."), remedy)
    kept = [name for name in guests if stores.get(name, {}).get("accounts")]
    if kept:
        return failed(
            _("There are accounts on the host for guests: {names}").format(names=view.listed(kept)),
            remedy,
        )
    return fulfilled(_("Guests have no account; accounts are on another host only."))


@judge("ACC-02", "inside")
def passwords_are_protected(evidence: Evidence) -> Finding:
    """Judge how passwords are kept, whether they can be guessed fast, and self-registration."""
    prosody = view.Signalling(evidence)
    hosts = view.part(evidence, "accounts")["hosts"]
    problems = set()
    if any(host["hashed"] < host["accounts"] for host in hosts.values()):
        problems.add(_("passwords are not hashed"))
    if any(host["accounts"] and host["iterations"] < LEAST_ROUNDS for host in hosts.values()):
        problems.add(_("hashed too few times"))
    if "auth_internal_plain" in prosody.modules():
        problems.add("internal_plain")
    problems |= prosody.modules() & REGISTRATION
    # Focus and bridge have accounts, too, and what runs on the server can try to be one of them.
    signed_in = {*prosody.for_people()} | {name for name in hosts if hosts[name]["accounts"]}
    with_password = {
        name for name in signed_in & {*prosody.hosts} if prosody.way(name) not in view.ANONYMOUS
    }
    if not all(prosody.modules_of(name) & THROTTLES for name in with_password):
        problems.add(_("no limit for wrong passwords"))
    unknown = {prosody.way(name) for name in signed_in & {*prosody.hosts}} - WAYS
    if unknown and not problems:
        raise NotMeasuredError(
            N_("This program does not know how these keep passwords: {names}"),
            names=view.listed(unknown),
        )
    if problems:
        return failed(
            _("Accounts are not protected: {names}").format(names=view.listed(problems)),
            _("Load no module for registration, use internal_hashed, and slow down "
              "guessing; or run: "
              "provision deploy"),
        )  # fmt: skip
    return fulfilled(
        _("Passwords are hashed, guessing is slowed down, and nobody can register an account.")
    )


@judge("ACC-07", "inside")
def nothing_left_of_leavers(evidence: Evidence) -> Finding:
    """Judge whether data of accounts that are gone is still there."""
    hosts = view.part(evidence, "accounts")["hosts"]
    left = {
        f"{name}: {store} ({count})"
        for name, host in hosts.items()
        for store, count in host["orphans"].items()
    }
    if left:
        return failed(
            _("Data of accounts that no longer exist is still kept: {names}").format(
                names=view.listed(left)
            ),
            _("Remove accounts with `provision teachers remove`, which takes all of "
              "it along; delete "
              "these files below /var/lib/prosody."),
        )  # fmt: skip
    people = sum(host["accounts"] for name, host in hosts.items() if not view.internal(name))
    sentence = ngettext(
        "There is one teacher's account, and nothing is left of removed ones. `provision teachers "
        "list` shows it, to compare with the staff list.",
        "There are {number} teachers' accounts, and nothing is left of removed ones. `provision "
        "teachers list` shows them, to compare with the staff list.",
        people,
    )
    return fulfilled(sentence.format(number=people))
