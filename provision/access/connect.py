"""First contact with a school's server: its host key, one sign-in, the technician's own key."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from provision.access import host_keys, identity, openssh, own_way, shut_out, sudo, unreachable
from provision.inventory import reading, writing
from provision.messages import console
from provision.messages.errors import ServerError
from provision.messages.i18n import _

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from provision.access.ssh import Server
    from provision.settings.table import School

KEY_FILE = "ansible_ssh_private_key_file"
REFUSED = re.compile("Permission denied|Too many authentication failures")
YES = {"y", "yes", "j", "ja"}


@dataclass
class Wishes:
    """What a person says on the command line."""

    fingerprint: str = ""
    identity: Path | None = None
    password_fd: int | None = None
    new_server: bool = False
    sudo: bool = False


@dataclass
class Contact:
    """One first contact, from the host key to the last check."""

    path: Path
    key: str
    school: School
    wishes: Wishes = field(default_factory=Wishes)
    password: str = ""
    """The one that signed in, or was just set; kept for sudo alone."""

    def __post_init__(self) -> None:
        self.known = self.path.parent / host_keys.FILE
        self.user = self.school.ssh_user
        chosen = self.wishes.identity or key_file(self.path, self.key)
        self.identity = identity.named(chosen).path if chosen else None

    @property
    def server(self) -> Server:
        """The server as ssh.py knows it."""
        from provision.access.ssh import Server  # noqa: PLC0415 - paramiko is slow, and mostly not needed

        return Server(self.key, self.school)

    def make(self) -> bool:
        """Do what is still missing, and tell whether anything was."""
        pinned = host_keys.pinned(self.known, *self.place)
        tried: openssh.Said | None = None
        if pinned and not self.wishes.new_server:
            tried = self._tried(pinned)
        if tried and tried.code == 0:
            console.good(_("{school}: connected already").format(school=self.key))
            return False
        console.note(f"{self.school.school} · {self.school.address}")
        host_key = self._host_key(pinned, tried)
        # A key that was refused a moment ago is not tried again: servers count that.
        refused = tried if tried and tried.ssh_failed else None
        said = refused or self._sign_in_with_key()
        if said.ssh_failed and (shut_out.told(said.text) or own_way.lost(said.text)):
            raise unreachable.error(said.text, self.school, self.key)
        if said.code and not said.ssh_failed and not openssh.wants_password_change(said):
            raise ServerError(
                _("The server lets {user} in, but does nothing for this account.").format(
                    user=self.user
                ),
                said.text[-300:],
                _("write the account that the provider names as `ssh_user` into inventory.yml"),
            )
        if said.ssh_failed and not REFUSED.search(said.text):
            # Who does not answer, has not refused any key.
            raise unreachable.error(said.text, self.school, self.key)
        if said.code:
            self._bring_key(host_key, said)
        self._remember()
        if self.user != "root":
            self._check_sudo()
        console.good(_("{school} is connected").format(school=self.key))
        return True

    @property
    def place(self) -> tuple[str, int]:
        """Address and port."""
        return self.school.address, self.school.ssh_port

    def _tried(self, pinned: list[host_keys.HostKey]) -> openssh.Said:
        """Return what a sign-in says; its code is 0 where nothing at all is left to do."""
        wanted = self.wishes.fingerprint
        if wanted and not any(key.matches(wanted) for key in pinned):
            raise ServerError(
                _("known_hosts has another key than the one of --fingerprint."),
                _("It was compared at an earlier time."),
                _("if the provider has set the server up anew: "
                  "provision connect {key} --new-server").format(key=self.key),
            )  # fmt: skip
        said = self._sign_in_with_key("true" if self.user == "root" else "sudo -n true")
        if said.ssh_failed and not re.search(r"Permission denied|host key|REMOTE HOST", said.text):
            raise unreachable.error(said.text, self.school, self.key)
        remembered = not self.wishes.identity or not self._to_remember()
        return said if remembered or said.code else openssh.Said(1, said.text)

    def _host_key(
        self, pinned: list[host_keys.HostKey], tried: openssh.Said | None
    ) -> host_keys.HostKey:
        """Return the key by which the server is recognised from now on."""
        from provision.access import ssh  # noqa: PLC0415 - as above

        if tried and len(pinned) == 1 and re.search(r"Permission denied", tried.text):
            return pinned[0]  # ssh has just seen it
        if pinned and not self.wishes.new_server:
            shown = ssh.host_key(self.server, [key.kind for key in pinned])
            if shown is None or not any(self._same(shown, key) for key in pinned):
                raise ssh.changed_key(self.server)
            return shown
        keys = (key for kind in ssh.ALGORITHMS if (key := ssh.host_key(self.server, [kind])))
        chosen = self._compared(keys)
        host_keys.pin(self.known, *self.place, chosen)
        console.good(_("host key pinned in {path}").format(path=self.known), indent=2)
        return chosen

    @staticmethod
    def _same(one: host_keys.HostKey, other: host_keys.HostKey) -> bool:
        return (one.kind, one.blob) == (other.kind, other.blob)

    def _compared(self, keys: Iterable[host_keys.HostKey]) -> host_keys.HostKey:
        """Return the key that a person recognises, or raise that there is none."""
        wanted = self.wishes.fingerprint
        waiting = iter(keys)
        first = next(waiting, None)
        if first is None:
            raise ServerError(
                _("The server shows no key of a kind that is safe today."),
                next=_("update its operating system; Debian 12 and 13 are fine"),
            )
        if not wanted:
            for line in first.shown():
                console.note(f"    {line}")
            wanted = self._asked(first)
        if not wanted or first.matches(wanted):
            return first
        # Providers show the fingerprint of one kind of key, and it need not be the first one.
        seen = [first]
        for key in waiting:
            if key.matches(wanted):
                return key
            seen.append(key)
        raise ServerError(
            _("The server shows another key than the expected one. Nothing was sent to it."),
            _("expected: {wanted}").format(wanted=wanted)
            + "".join("\n" + _("shown: {key}").format(key=key.shown()[0]) for key in seen),
            _("compare once more, and check `address`; if it stays different, ask the provider: "
              "somebody may be in between"),
        )  # fmt: skip

    def _asked(self, key: host_keys.HostKey) -> str:
        """Return the fingerprint that a person gives instead, or nothing for yes."""
        if not console.interactive():
            raise ServerError(
                _("Nobody has confirmed yet that this is the right server."),
                _("It shows the key {fingerprint}.").format(fingerprint=key.sha256),
                _("look for the fingerprint that the provider shows, then: "
                  "provision connect {key} --fingerprint FINGERPRINT").format(key=self.key),
            )  # fmt: skip
        console.note(_("Only the provider's web page or console can tell whose key this is."))
        answer = console.ask(
            _("Is this what the provider shows? [y/N, or paste its fingerprint] ")
        ).strip()
        if answer.lower() in YES:
            return ""
        try:
            return host_keys.parse_fingerprint(answer)
        except ValueError as error:
            raise ServerError(
                _("Without a key that is confirmed, nothing is sent to the server."),
                next=_("look for the fingerprint at your provider, then run this again"),
            ) from error

    def _sign_in_with_key(self, command: str = "true", text: str = "") -> openssh.Said:
        return openssh.run(self.school, self.known, self.identity, command, text)

    def _bring_key(self, host_key: host_keys.HostKey, refused: openssh.Said) -> None:
        """Sign in with the provider's password and install the technician's key."""
        from provision.access.first_sign_in import install  # noqa: PLC0415 - as above

        mine = identity.named(self.identity) if self.identity else identity.own()
        self.password = install(self.server, host_key, mine, self.wishes.password_fd, refused)
        if mine.made:
            console.good(_("new key made: {path}").format(path=mine.shown), indent=2)
        console.good(_("your key {path} installed").format(path=mine.shown), indent=2)
        if mine.remembered:
            self.identity = mine.path
        said = self._sign_in_with_key()
        if said.code:
            # It is there: once the server takes keys, the next call is to offer this one.
            self._remember()
            raise ServerError(
                _("Your key is installed, but the server does not let you in with it."),
                said.text.rpartition("\n")[2],
                _("look at PubkeyAuthentication and AuthorizedKeysFile in the server's "
                  "/etc/ssh/sshd_config; after too many other keys: ssh-add -D"),
            )  # fmt: skip
        console.good(_("signing in with your key works"), indent=2)

    def _check_sudo(self) -> None:
        """Make sure that the account can do what a deployment does."""
        from provision.access.first_sign_in import read_password  # noqa: PLC0415 - as above

        if sudo.works(self._sign_in_with_key):
            return
        asks = console.interactive()
        if not self.wishes.sudo:
            if not asks:
                raise sudo.refusal(
                    self.user, _("With --sudo, this command writes the rule for you.")
                )
            console.note(_("{user} needs a password for sudo.").format(user=self.user))
            question = _("Write a rule that lets {user} use sudo without one? [y/N] ")
            answer = console.ask(question.format(user=self.user))
            if answer.strip().lower() not in YES:
                raise sudo.refusal(self.user)
        password = self.password or read_password(self.server, self.wishes.password_fd)
        sudo.allow(self._sign_in_with_key, self.user, password)
        console.good(_("{path} lets {user} use sudo").format(path=sudo.FILE, user=self.user), 2)

    def _to_remember(self) -> str:
        """Return the key that inventory.yml should name and does not yet."""
        wanted = identity.named(self.identity).remembered if self.identity else ""
        there = reading.variable(self.path, self.key, KEY_FILE)
        return "" if wanted == there else wanted

    def _remember(self) -> None:
        """Write the key into inventory.yml if ssh would not find it by itself."""
        if wanted := self._to_remember():
            writing.set_value(self.path, self.key, KEY_FILE, wanted)
            console.good(_("{path} written into inventory.yml").format(path=wanted), indent=2)


def key_file(path: Path, key: str) -> Path | None:
    """Return the technician's key that inventory.yml names for a school, or nothing."""
    written = reading.variable(path, key, KEY_FILE)
    return Path(written) if written else None


def ensure(path: Path, schools: Mapping[str, School]) -> None:
    """Make the first contact with servers that are new, where somebody is here to compare keys."""
    if not console.interactive():
        return
    known = path.parent / host_keys.FILE
    for key, school in schools.items():
        if not host_keys.vouched(known, school.address, school.ssh_port):
            console.note(_("The server of {school} is new here.").format(school=key))
            Contact(path, key, school).make()
