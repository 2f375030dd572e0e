"""What a failed task means for the person at the keyboard: what happened, why, and what comes next.

The modules on the server name a failure with a word (``kind``), which becomes an error of errors.py
here, and nowhere else; what ssh says of the way there, `access/unreachable.py` knows.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from provision.access import expired, sudo, unreachable
from provision.messages.errors import DeploymentError, ExitCode, ProvisionError
from provision.messages.i18n import N_, _
from provision.messages.last_words import last_words
from provision.play import at_work
from provision.settings.public_address import is_inner

if TYPE_CHECKING:
    from provision.settings.table import School

# kind: (what happened, what to do). The reason comes from the server.
KINDS = {
    "not_through": (
        N_("Ansible did nothing for this school, or did not come to an end."),
        N_("run this again with -v and read its last lines"),
    ),
    "apt_locked": (
        N_("Another program is installing packages on the server."),
        N_("wait until it has finished (`ps -ef | grep apt` on the server), then run this again"),
    ),
    "disk_full": (
        N_("The server's disk is full."),
        N_("delete what is not needed (`apt-get clean` helps), then run this again"),
    ),
    "repository_signature": (
        N_("A package repository is not signed by the key that it should be."),
        N_("check `repository` and `repository_fingerprint` in inventory.yml"),
    ),
    "source_signature": (
        N_("apt refuses a package source that is not from this program."),
        N_("correct the key or the address of this source below /etc/apt/sources.list.d on the "
           "server, then run this again"),
    ),
    "repository_missing": (
        N_("A package repository does not have what is needed."),
        N_("check `repository` in inventory.yml and /etc/apt/sources.list.d on the server"),
    ),
    "no_route": (
        N_("The server cannot reach a package repository."),
        N_("allow it outgoing HTTP and HTTPS and check its name server, then run this again"),
    ),
    "package_conflict": (
        N_("A package that is needed cannot be installed beside others on the server."),
        N_("use an empty server; if nobody needs these packages any more, on the server, as root: "
           "apt-get purge and their names"),
    ),
    "package_broken": (
        N_("A package could not be set up."),
        N_("run this again; if it stays, look at /var/log/apt/term.log on the server"),
    ),
    "package_failed": (
        N_("The packages could not be installed."),
        N_("run this again; if it stays, look at /var/log/apt/term.log on the server"),
    ),
    "file_refused": (
        N_("A configuration file was refused by its own program; no file was replaced."),
        N_("look into /etc/jitsi-provision/local on the server, then run this again"),
    ),
    # Neither ours nor where additions to ours belong.
    "foreign_file": (
        N_("A configuration file was refused by its own program; no file was replaced."),
        N_("on the server, correct {foreign} or delete it, then run this again"),
    ),
    "server_file": (N_("A file on the server cannot be written."), N_("check the server's disk")),
    "server_ground": (
        N_("Somebody other than root can change a directory in which root has to work."),
        N_("find out who, and why; then give it to root, with `chown root:root` and "
           "`chmod go-w`, and run this again"),
    ),
    "server_command": (N_("A command failed on the server."), N_("run this again with -v")),
    "unit_failed": (
        N_("A service does not start."),
        N_("run this again; if it stays, look at `journalctl -u {unit}` and into "
           "/etc/jitsi-provision/local on the server"),
    ),
    "port_taken": (
        N_("A service does not start: another program holds its port."),
        N_("run this again, which names that program; move it to another port"),
    ),
    "account": (
        N_("Not all accounts could be changed as they should be."),
        N_("run this again; if it stays, look at `journalctl -u prosody` on the server"),
    ),
    "no_bridge": (
        N_("The video bridge does not sign in."),
        N_("look at `journalctl -u jitsi-videobridge2 -u jicofo` on the server, then run this "
           "again"),
    ),
    "no_conference": (
        N_("The video bridge carries no conference."),
        N_("run this again; if it stays, look at `journalctl -u jitsi-videobridge2` on the server"),
    ),
    "acme_dns": (
        N_("There is no certificate yet: no name server knows {name}."),
        N_("at your registrar, enter what follows; then run this again. Everything else is "
           "installed and stays as it is.\n{records}"),
    ),
    "acme_elsewhere": (
        N_("There is no certificate yet: {name} does not lead to this server alone."),
        N_("at your registrar, take {found} away from {name}, so that only what follows is left; "
           "then run this again. Everything else is installed and stays as it is.\n{records}"),
    ),
    "acme_connection": (
        N_("There is no certificate yet: the certificate authority does not reach the server."),
        N_("let port 80 (TCP) through the provider's firewall, and look whether your registrar has "
           "what follows; then run this again. Everything else is installed and stays as it is.\n"
           "{records}"),
    ),
    "acme_caa": (
        N_("There is no certificate yet: a CAA record of {name} forbids this certificate "
           "authority."),
        N_("ask the authority what it is called in CAA records, and at your registrar enter that "
           "beside the others of {name}, or delete them; then run this again. Everything else is "
           "installed and stays as it is."),
    ),
    "acme_caa_record": (
        N_("There is no certificate yet: a CAA record of {name} forbids this certificate "
           "authority."),
        N_("at your registrar, enter what follows beside the other CAA records; then run this "
           "again. Everything else is installed and stays as it is.\n"
           '{name}  CAA  0 issue "{authority}"'),
    ),
    "acme_rate_limit": (
        N_("There is no certificate yet: the authority was asked too often lately."),
        N_("run this again in an hour; if it says the same, in a week. Everything else is "
           "installed and stays as it is."),
    ),
    "acme_rate_limit_until": (
        N_("There is no certificate yet: the authority was asked too often lately."),
        N_("run this again after {until}, not before. Everything else is installed and stays as it "
           "is."),
    ),
    "acme_directory": (
        N_("There is no certificate yet: the server cannot reach the certificate authority."),
        N_("allow the server outgoing HTTPS, or correct `acme_directory` and `acme_ca_file`; then "
           "run this again. Everything else is installed and stays as it is."),
    ),
    "acme_failed": (
        N_("There is no certificate yet."),
        N_("look at /var/log/letsencrypt/letsencrypt.log on the server, then run this again. "
           "Everything else is installed and stays as it is."),
    ),
}  # fmt: skip

# How install-certificate ends where the server's OpenSSL cannot serve a certificate.
CERTIFICATE_REFUSED = 3
NOT_SERVED = (
    N_("The server cannot serve this certificate; the former one stays in place."),
    N_("look at its files with `provision check`, or have a new certificate issued"),
)

SUDO = r"sudo password|sudo: a password is required|become success[\s\S]*(?:sudo|sudoers)"


def explain(failure: dict[str, Any], school: School, key: str = "") -> ProvisionError:
    """Return the error for a failed task; ``key`` is what inventory.yml calls the school."""
    # What a certificate authority's refusal is about; see module_utils/acme_refusal.py.
    values = {
        "name": school.domain,
        "records": f"{school.domain}  A  {_public(school)}",
        "found": "",
        "until": "",
        "authority": "",
        "foreign": "",
        "unit": "",
    }
    values |= {word: failure[word] for word in values if word in failure}
    if plain := _plain(failure, school, key):
        return plain
    said = str(failure.get("msg", ""))
    if failure["unreachable"]:
        return unreachable.error(said, school, key)
    if re.search(SUDO, said):
        why = _("sudo is not installed there.") if "not found" in said else ""
        return sudo.refusal(school.ssh_user, why)
    if re.search(r"interpreter \S+ was not found", said):
        return DeploymentError(
            _("There is no Python on the server, which Ansible needs."),
            next=_("on the server, as root: apt-get install python3"),
        )
    step = (
        N_("A step failed on the server."),
        N_("run this again with -v and read its last lines"),
    )
    if failure.get("rc") == CERTIFICATE_REFUSED and "install-certificate" in str(failure["cmd"]):
        step = NOT_SERVED
    what, remedy = KINDS.get(failure.get("kind", ""), step)
    reason = str(failure.get("reason") or "")
    if failure.get("unit") or failure.get("refused"):
        reason = f"{said}\n{reason}"
    elif not reason:
        reason = last_words(failure)
    return DeploymentError(_(what).format(**values), reason, _(remedy).format(**values))


def _plain(failure: dict[str, Any], school: School, key: str) -> ProvisionError | None:
    """Return the error of a failure that says itself what it is about, or nothing."""
    if failure.get("kind") == "busy":
        return at_work.refusal(failure["holder"])
    if told := failure.get("error"):
        return _ToldError(told)
    return expired.error(school, key) if expired.is_meant(failure) else None


def _public(school: School) -> str:
    """Return the address for a record; one of an inner network would lead nobody anywhere."""
    shown = _("(the server's public address)")
    return shown if is_inner(school.reached_at) else school.reached_at


class _ToldError(ProvisionError):
    """An error that already has its sentences; an action plugin passed it through Ansible."""

    def __init__(self, told: dict[str, Any]) -> None:
        super().__init__(told["what"], exit_code=ExitCode(told["exit_code"]))
        self._rows = [(str(label), str(text)) for label, text in told["rows"]]

    def rows(self) -> list[tuple[str, str]]:
        """Return the rows as they were told."""
        return self._rows
