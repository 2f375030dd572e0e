"""Makes the first contact with a server, the only time that a password is used (paramiko).

Every connection is made to one known host key, and ends at once if another one is shown. From then
on OpenSSH signs in with the technician's key (openssh.py).
"""

from __future__ import annotations

import logging
import re
import socket
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import paramiko

from provision.access import own_way, shut_out, ssh_methods, unreachable
from provision.access.host_keys import HostKey
from provision.access.openssh import Said, endless, wants_password_change
from provision.access.stream import BoundedStream
from provision.common.limits import PROMPT, SSH_REASON
from provision.messages.errors import ProvisionError, ServerError
from provision.messages.i18n import _
from provision.messages.reasons import plain, reason
from provision.messages.words import cut

if TYPE_CHECKING:
    from collections.abc import Iterable

    from provision.settings.table import School

SECONDS = 10
PATIENCE = 30
"""How long signing in and a command may take: servers delay wrong passwords on purpose."""
QUIET = 0.5
ALGORITHMS = {
    "ssh-ed25519": ("ssh-ed25519",),
    "ecdsa-sha2-nistp256": ("ecdsa-sha2-nistp256",),
    "ecdsa-sha2-nistp384": ("ecdsa-sha2-nistp384",),
    "ecdsa-sha2-nistp521": ("ecdsa-sha2-nistp521",),
    "ssh-rsa": ("rsa-sha2-512", "rsa-sha2-256"),
}
"""The kinds of host keys, the preferred one first, and how a server signs with them."""
_ASKS_NEW = re.compile(r"new|neu|nouve|nuev|nuov|retype|again|erneut|wiederhol", re.IGNORECASE)
_PROMPTS = 8

# It would write the course of a connection to the terminal, with a traceback for a lost one.
logging.getLogger("paramiko").addHandler(logging.NullHandler())
logging.getLogger("paramiko").propagate = False


class WrongPasswordError(ServerError):
    """The server refuses the password."""


@dataclass(frozen=True)
class Server:
    """Where a school's server is, and what it is called in inventory.yml."""

    key: str
    school: School

    @property
    def place(self) -> tuple[str, int]:
        """Return address and port."""
        return self.school.address, self.school.ssh_port


class _UnlikeError(Exception):
    """Server and computer have no method in common."""

    def __init__(self, school: School, why: Exception, offered: dict[str, Any]) -> None:
        super().__init__(str(why))
        self.about_host_key = "host key" in str(why)
        self.explained = ssh_methods.nothing_in_common(school, why, offered)


def host_key(server: Server, kinds: Iterable[str] = ALGORITHMS) -> HostKey | None:
    """Return the first kind of key that the server shows, or nothing if it has none of these."""
    try:
        with _transport(server, kinds) as transport:
            return _shown_key(transport)
    except _UnlikeError as error:
        if error.about_host_key:
            return None
        # OpenSSH knows more methods, and it is what signs in later.
        if found := ssh_methods.scanned(server.school, kinds):
            return found
        raise error.explained from error


class Session:
    """A connection to the server that shows this key, and no other."""

    def __init__(self, server: Server, key: HostKey) -> None:
        self.server = server
        self.user = server.school.ssh_user
        try:
            self.transport = _transport(server, [key.kind])
        except _UnlikeError as error:
            raise (changed_key(server) if error.about_host_key else error.explained) from error
        shown = _shown_key(self.transport)
        if (shown.kind, shown.blob) != (key.kind, key.blob):
            self.close()
            raise changed_key(server)

    def close(self) -> None:
        """End the connection."""
        self.transport.close()

    def methods(self) -> set[str]:
        """Return how the server lets this account sign in."""
        try:
            self.transport.auth_none(self.user)
        except paramiko.BadAuthenticationType as error:
            return set(error.allowed_types)
        except (paramiko.SSHException, EOFError, OSError) as error:
            raise self._lost(error) from error
        return set()

    def sign_in(self, password: str, new: str, methods: set[str]) -> bool:
        """Sign in with a password; return whether the server made us replace it by `new`."""
        asked_new = False

        def answer(_title: str, _text: str, prompts: list[tuple[str, bool]]) -> list[str]:
            nonlocal asked_new
            words = []
            for prompt, _echo in prompts:
                wants_new = bool(_ASKS_NEW.search(prompt))
                asked_new = asked_new or wants_new
                words.append(new if wants_new else password)
            return words

        try:
            if "password" in methods:
                self.transport.auth_password(self.user, password, fallback=False)
            else:
                self.transport.auth_interactive(self.user, answer)
        except paramiko.AuthenticationException as error:
            raise WrongPasswordError(
                _("The server refuses this password for {user}.").format(user=self.user),
                _("Either it is another one, or the server lets this account sign in with a key "
                  "only."),
                _("look at the provider's message again; many web pages can set a new password"),
            ) from error  # fmt: skip
        except (paramiko.SSHException, EOFError, OSError) as error:
            raise self._lost(error) from error
        return asked_new

    def run(self, command: str, text: str = "") -> tuple[int, str]:
        """Return exit code and everything said by a command that reads `text`."""
        try:
            channel = self.transport.open_session(timeout=SECONDS)
            channel.settimeout(PATIENCE)
            channel.set_combine_stderr(True)
            channel.exec_command(command)
            with suppress(OSError):  # it ended without reading
                channel.sendall(text.encode())
                channel.shutdown_write()
            said = b""
            while part := channel.recv(4096):
                said += part
            if self._sends_without_end():
                raise endless()
            return channel.recv_exit_status(), said.decode(errors="replace")
        except (paramiko.SSHException, EOFError, OSError) as error:
            raise self._lost(error) from error

    def must_change_password(self) -> bool:
        """Return whether the server does nothing before the password was changed."""
        said = Said(*self.run("true"))
        return said.code != 0 and wants_password_change(said)

    def change_password(self, old: str, new: str) -> None:
        """Answer the questions of `passwd`, which the server starts in place of a shell."""
        try:
            channel = self.transport.open_session(timeout=SECONDS)
            channel.get_pty(term="dumb", width=200)
            channel.invoke_shell()
            typed = 0
            said = ""
            for _number in range(_PROMPTS):
                said, asks = _read_prompt(channel, ends=typed == 2)  # noqa: PLR2004 - as below
                if not asks:
                    break
                wants_new = bool(_ASKS_NEW.search(said.rpartition("\n")[2]))
                typed += wants_new
                channel.sendall(f"{new if wants_new else old}\n".encode())
            code = channel.recv_exit_status() if channel.exit_status_ready() else 0
            channel.close()
        except (paramiko.SSHException, EOFError, OSError) as error:
            raise self._lost(error) from error
        if code or typed < 2:  # noqa: PLR2004 - the new password and its repetition
            said = said.replace(old, "…").replace(new, "…")
            raise ServerError(
                _("The server wants a new password, but does not take the one that was made."),
                "\n".join(line.strip() for line in said.splitlines()[-3:] if line.strip()),
                _("sign in by hand once and change it: ssh {user}@{address}").format(
                    user=self.user, address=self.server.school.address
                ),
            )

    def _sends_without_end(self) -> bool:
        return isinstance(self.transport.sock, BoundedStream) and self.transport.sock.endless

    def _lost(self, error: Exception) -> ServerError:
        if self._sends_without_end():
            return endless()
        if "no existing session" in str(error).lower() or isinstance(error, EOFError):
            said = _("It ends connections after too many attempts to sign in.")
        else:
            said = cut(reason(error), SSH_REASON)
        return ServerError(
            _("The server ended the connection."), said, _("wait a minute, then run this again")
        )


def changed_key(server: Server) -> ServerError:
    """Return the refusal of a server that shows another key than the one that is pinned."""
    return ServerError(
        _("The server shows another key than the one that is pinned in known_hosts."),
        _("Either it was set up anew, or this is not your server and somebody would read along. "
          "Nothing was sent to it."),
        _("only if you know that the provider has set it up anew: "
          "provision connect {key} --new-server").format(key=server.key),
    )  # fmt: skip


def _transport(server: Server, kinds: Iterable[str]) -> paramiko.Transport:
    """Return an encrypted connection in which nobody has signed in."""
    try:
        stream = own_way.connection(server.school, SECONDS)
    except socket.gaierror as error:
        raise _unreachable(server, "Could not resolve hostname") from error
    except OSError as error:
        raise _unreachable(server, plain(error)) from error
    bounded = BoundedStream(stream)
    transport = ssh_methods.Transport(bounded)
    transport.banner_timeout = transport.handshake_timeout = SECONDS
    transport.auth_timeout = PATIENCE
    known = set(transport.get_security_options().key_types)
    wanted = [name for kind in kinds for name in ALGORITHMS.get(kind, ()) if name in known]
    try:
        transport.get_security_options().key_types = wanted
        transport.start_client(timeout=SECONDS)
        # After the time is up it returns as if all were well; then there is no key.
        transport.get_remote_server_key()
    except paramiko.ssh_exception.IncompatiblePeer as error:
        transport.close()
        raise _UnlikeError(server.school, error, transport.offered) from error
    except (paramiko.SSHException, EOFError, OSError) as error:
        transport.close()
        if shut_out.heard(bounded.begins, ended=bounded.ended):
            raise shut_out.error() from error
        raise _no_ssh(server, reason(error) if str(error) else "") from error
    return transport


def _shown_key(transport: paramiko.Transport) -> HostKey:
    key = transport.get_remote_server_key()
    return HostKey(key.get_name(), key.asbytes(), key.get_bits())


def _unreachable(server: Server, said: str) -> ProvisionError:
    return unreachable.error(said, server.school, server.key)


def _no_ssh(server: Server, said: str) -> ServerError:
    address, port = server.place
    return ServerError(
        _("No SSH server answers at {address}, port {port}.").format(address=address, port=port),
        said or _("The connection was closed at once."),
        _("check `address` and `ssh_port` in inventory.yml; a server that just booted needs a "
          "minute"),
    )  # fmt: skip


def _read_prompt(channel: paramiko.Channel, *, ends: bool) -> tuple[str, bool]:
    """Return what is said up to the next question, and whether there is one.

    With `ends`, there need not be any: some servers close the connection, others go on to a shell.
    """
    said = ""
    channel.settimeout(PATIENCE)
    while True:
        try:
            part = channel.recv(4096)
        except TimeoutError:
            return said, bool(re.search(r":\s?$", said))
        if not part:
            return said, False
        said = (said + part.decode(errors="replace"))[-PROMPT:]
        # The end of a line that looks like a question may only be the end of what has arrived.
        complete = re.search(r":[ \t]?$", said) or (ends and said.strip())
        channel.settimeout(QUIET if complete else PATIENCE)
