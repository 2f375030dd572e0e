"""What a failed task means for a person. The messages are Ansible's, with OpenSSH 9.2 behind it."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest

from provision.access.unreachable import SSH
from provision.messages import i18n
from provision.messages.errors import DeploymentError, ExitCode, ServerError
from provision.play import runner
from provision.play.failures import KINDS, explain
from provision.settings.table import School
from tests.unit.modules import ROLE, Server, utility

SCHOOL = School(
    address="203.0.113.10",
    domain="meet.example.org",
    school="Nord",
    contact="it@example.org",
    ssh_user="admin",
    ssh_port=2222,
)
BEGIN = "Task failed: Failed to connect to the host via ssh: "
CHANGED = """\
@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@\r
@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\r
@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@\r
IT IS POSSIBLE THAT SOMEONE IS DOING SOMETHING NASTY!\r
Someone could be eavesdropping on you right now (man-in-the-middle attack)!\r
It is also possible that a host key has just been changed.\r
The fingerprint for the ED25519 key sent by the remote host is\r
SHA256:OonrPwCj6axpSZd1IL324cPKjkrvvdq5cFCxlkCYSmc.\r
Please contact your system administrator.\r
Add correct host key in /home/it/schools/known_hosts to get rid of this message.\r
Offending ED25519 key in /home/it/schools/known_hosts:1\r
  remove with:\r
  ssh-keygen -f "/home/it/schools/known_hosts" -R "[203.0.113.10]:2222"\r
Host key for [203.0.113.10]:2222 has changed and you have requested strict checking.\r
Host key verification failed."""
UNREACHABLE = [
    (CHANGED, "The server shows another key than last time.", "--new-server"),
    (
        (
            "No ED25519 host key is known for [203.0.113.10]:2222 and you have requested strict "
            "checking.\r\nHost key verification failed."
        ),
        "The server's key is not known yet, so nobody can say that it is the right server.",
        "provision connect nord",
    ),
    (
        "admin@203.0.113.10: Permission denied (publickey).",
        "The server refuses to let admin sign in.",
        "provision connect nord",
    ),
    (
        (
            "Received disconnect from 203.0.113.10 port 2222:2: Too many authentication failures"
            "\r\nDisconnected from 203.0.113.10 port 2222"
        ),
        "This computer offers so many keys that the server hung up before the right one.",
        "put the right one in front: ssh-add FILE; then provision connect nord --identity FILE",
    ),
    (
        "ssh: Could not resolve hostname nowhere.invalid: Name or service not known",
        "The address 203.0.113.10 is not known to any name server.",
        "correct `address` in inventory.yml",
    ),
    (
        "ssh: connect to host 203.0.113.10 port 2222: Connection refused",
        "The server answers, but not to SSH on port 2222.",
        "correct `ssh_port`",
    ),
    *(
        (said, "The server does not answer at 203.0.113.10, port 2222.", "no firewall")
        for said in (
            "ssh: connect to host 203.0.113.10 port 2222: Connection timed out",
            "ssh: connect to host 203.0.113.10 port 2222: No route to host",
            "ssh: connect to host 203.0.113.10 port 2222: Network is unreachable",
            "ssh: connect to host 203.0.113.10 port 2222: Connection reset by peer",
            (
                "Connection timed out during banner exchange\r\n"
                "Connection to 203.0.113.10 port 2222 timed out"
            ),
        )
    ),
    *(
        (
            said,
            "For a while, the server accepts no connection from this computer.",
            (
                "wait: half a minute after two wrong passwords, up to ten minutes after many; then "
                "run this again. Until then, do not try by hand: each failure makes it longer"
            ),
        )
        for said in (
            (
                "kex_exchange_identification: read: Connection reset by peer\r\n"
                "Connection reset by 203.0.113.10 port 2222"
            ),
            (
                "kex_exchange_identification: Connection closed by remote host\r\n"
                "Connection closed by 203.0.113.10 port 2222"
            ),
            "Not allowed at this time\r\nConnection closed by 203.0.113.10 port 2222",
        )
    ),
]


def unreachable(said: str) -> ServerError:
    """Return the error for what ssh said."""
    error = explain({"msg": BEGIN + said, "unreachable": True, "phase": "look"}, SCHOOL, "nord")
    assert isinstance(error, ServerError)
    return error


@pytest.mark.parametrize(("said", "what", "remedy"), UNREACHABLE)
def test_what_ssh_says_becomes_a_sentence_and_a_step(said: str, what: str, remedy: str) -> None:
    error = unreachable(said)
    assert error.what == what
    assert remedy in error.next
    assert error.exit_code == ExitCode.UNREACHABLE


def test_every_pattern_for_ssh_is_met_by_a_true_message() -> None:
    said = [message for message, _what, _remedy in UNREACHABLE]
    assert all(any(re.search(pattern, message) for message in said) for pattern, *_ in SSH)


def test_what_ssh_never_said_before_is_passed_on_with_a_command_to_try() -> None:
    error = unreachable(
        "Unable to negotiate with 203.0.113.10 port 2222: no matching host key type found. "
        "Their offer: ssh-ed25519"
    )
    assert error.what == "The server cannot be reached."
    assert error.why.endswith("Their offer: ssh-ed25519")
    assert error.next == "try it yourself: ssh -p 2222 admin@203.0.113.10"


def failed(**failure: Any) -> tuple[str, str, str, int]:
    """Return all parts of the error for a task that failed on the server."""
    error = explain({"unreachable": False, "phase": "write", **failure}, SCHOOL, "nord")
    return error.what, error.why, error.next, int(error.exit_code)


@pytest.mark.parametrize(
    "message",
    [
        "Task failed: Missing sudo password",
        "Task failed: Incorrect sudo password",
        (
            "Task failed: Premature end of stream waiting for become success.\n"
            ">>> Standard Error\nsudo: a password is required"
        ),
        (
            "Task failed: Premature end of stream waiting for become success.\n"
            ">>> Standard Error\nadmin is not in the sudoers file."
        ),
    ],
)
def test_an_account_that_needs_a_password_for_sudo(message: str) -> None:
    what, why, remedy, code = failed(msg=message)
    assert (what, why, code) == ("admin may not use sudo without a password.", "", 3)
    assert remedy.startswith("on the server, as root: echo 'admin ALL=")


def test_a_server_without_sudo() -> None:
    what, why, _remedy, code = failed(
        msg=(
            "Task failed: Premature end of stream waiting for become success.\n"
            ">>> Standard Error\n/bin/sh: 1: sudo: not found"
        )
    )
    assert (what, why, code) == (
        "admin may not use sudo without a password.",
        "sudo is not installed there.",
        3,
    )


def test_a_server_without_python() -> None:
    assert failed(
        msg="The module interpreter '/usr/bin/python3' was not found.",
        module_stderr="/bin/sh: 1: /usr/bin/python3: not found\n",
        rc=127,
    ) == (
        "There is no Python on the server, which Ansible needs.",
        "",
        "on the server, as root: apt-get install python3",
        4,
    )


def named(node: ast.expr) -> set[str]:
    """Return the kinds that an expression can come to, whatever it asks on its way there."""
    match node:
        case ast.Constant(value=str(kind)):
            return {kind}
        case ast.IfExp(body=first, orelse=second):
            return named(first) | named(second)
        case ast.Call(args=[*_, default]):  # next(…, default) and dict.get(…, default)
            return named(default)
        case ast.Tuple(elts=[first, *_]):
            return named(first)
        case ast.Dict(values=values):
            return set().union(*map(named, values))
    return set()


def told(node: ast.AST) -> set[str]:
    """Return the kinds that a piece of a module tells: kind=…, "kind": …, kind = …, a table."""
    match node:
        case ast.keyword(arg="kind", value=value):
            return named(value)
        case ast.Dict(keys=keys, values=values):
            pairs = zip(keys, values, strict=True)
            texts = (named(value) for key, value in pairs if key and named(key) == {"kind"})
            return set().union(*texts)
        case ast.Assign(targets=[target], value=value):
            names = {one.id for one in ast.walk(target) if isinstance(one, ast.Name)}
            if names & {"CAUSES", "ERRORS"} and isinstance(value, ast.Tuple):
                return set().union(*map(named, value.elts))
            return named(value) if names & {"kind", "REFUSALS"} else set()
    return set()


def test_the_kinds_are_those_that_the_modules_and_the_runner_use() -> None:
    # In these, a key, a tunnel and a rule of a packet filter have a kind.
    others = {"key_pair.py", "packet_filters.py", "tunnels.py"}
    modules = [path for path in sorted(ROLE.rglob("*.py")) if path.name not in others]
    every = [
        kind
        for path in [*modules, Path(runner.__file__)]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for kind in told(node)
    ]
    # With who is at work it has an error of its own, in at_work.py.
    assert set(every) == set(KINDS) | {"busy"}


def test_every_cause_that_apt_and_certbot_may_have_is_a_kind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server(tmp_path, monkeypatch)
    packages, refusal = server.module("package_transaction"), utility("acme_refusal")
    causes = {kind for kind, _words in (*packages.CAUSES, *refusal.ERRORS)}
    assert causes | set(refusal.REFUSALS.values()) <= set(KINDS)


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_sentence_the_servers_reason_and_a_step(kind: str, language: str) -> None:
    i18n.activate(language)
    what, why, remedy, code = failed(kind=kind, msg="It went wrong", reason="because of this")
    assert what.endswith(".")
    assert why == "because of this"
    assert remedy
    assert "{" not in what + remedy
    assert code == ExitCode.DEPLOYMENT_FAILED


STAYS = "Everything else is installed and stays as it is."
REFUSED = [
    (
        {
            "kind": "acme_dns",
            "name": "turn.example.org",
            "records": "turn.example.org  A  192.0.2.1",
        },
        "There is no certificate yet: no name server knows turn.example.org.",
        (f"at your registrar, enter what follows; then run this again. {STAYS}\n"
         "turn.example.org  A  192.0.2.1"),
    ),
    (
        {"kind": "acme_elsewhere", "found": "2001:db8::5"},
        "There is no certificate yet: meet.example.org does not lead to this server alone.",
        ("at your registrar, take 2001:db8::5 away from meet.example.org, so that only what "
         f"follows is left; then run this again. {STAYS}\nmeet.example.org  A  203.0.113.10"),
    ),
    (
        {"kind": "acme_caa_record", "name": "example.org", "authority": "letsencrypt.org"},
        ("There is no certificate yet: a CAA record of example.org forbids this certificate "
         "authority."),
        ("at your registrar, enter what follows beside the other CAA records; then run this again. "
         f'{STAYS}\nexample.org  CAA  0 issue "letsencrypt.org"'),
    ),
    (
        {"kind": "acme_rate_limit_until", "until": "2026-11-23 04:04 UTC"},
        "There is no certificate yet: the authority was asked too often lately.",
        f"run this again after 2026-11-23 04:04 UTC, not before. {STAYS}",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("failure", "sentence", "step"), REFUSED)
def test_a_certificate_that_the_authority_refuses_names_what_to_enter_or_until_when_to_wait(
    failure: dict[str, str], sentence: str, step: str
) -> None:
    what, why, remedy, code = failed(
        msg="There is no certificate yet", reason="as the authority says", **failure
    )
    assert (what, why, remedy, code) == (
        sentence, "as the authority says", step, ExitCode.DEPLOYMENT_FAILED,
    )  # fmt: skip


def test_a_service_and_a_refused_file_are_named_above_their_reason() -> None:
    unit = failed(
        kind="unit_failed", msg="coturn.service does not start", unit="coturn", reason="no port"
    )
    assert unit[1] == "coturn.service does not start\nno port"
    refused = failed(
        kind="file_refused", msg="/etc/x was refused by luac5.4", refused="/etc/x", reason="line 1"
    )
    assert refused[1] == "/etc/x was refused by luac5.4\nline 1"
    foreign = failed(
        kind="foreign_file", msg="/etc/y was refused by nginx", refused="/etc/y", foreign="/etc/y"
    )
    assert foreign[1:3] == (
        "/etc/y was refused by nginx\n",
        "on the server, correct /etc/y or delete it, then run this again",
    )


def test_what_nobody_foresaw_is_told_by_its_last_line() -> None:
    assert failed(msg="Traceback\n  File x\nKeyError: 'y'\n\n") == (
        "A step failed on the server.",
        "KeyError: 'y'",
        "run this again with -v and read its last lines",
        4,
    )
    assert failed()[1] == ""


def test_what_an_action_plugin_told_comes_through_as_it_was() -> None:
    rows = [["Why", "Apache is installed."], ["Next", "use an empty server"]]
    told = {"what": "This server cannot be used.", "rows": rows, "exit_code": 5}
    error = explain({"unreachable": False, "error": told, "msg": "x"}, SCHOOL, "nord")
    assert error.what == "This server cannot be used."
    assert error.rows() == [tuple(row) for row in rows]
    assert error.exit_code is ExitCode.REFUSED
    assert not isinstance(error, DeploymentError)


COMMAND = {
    "phase": "certificate",
    "unreachable": False,
    "msg": "non-zero return code",
    "rc": 1,
    "cmd": ["update-ca-certificates", "--fresh"],
    "stdout": "Updating certificates in /etc/ssl/certs...",
    "stderr": "",
}


@pytest.mark.parametrize(
    ("failed", "reason"),
    [
        ({"stderr": "one\ntwo\n\nopenssl: no space left\n"}, "one\ntwo\nopenssl: no space left"),
        ({"stdout": "a\nb\nc\nd\ne", "stderr": "\n"}, "b\nc\nd\ne"),
        # What a module says that died before it could answer.
        (
            {
                "msg": "Module result deserialization failed: No start of json char found",
                "stdout": "",
                "module_stdout": "",
                "module_stderr": "Traceback\n  x\nImportError: libssl.so.3\n",
            },
            "Traceback\nx\nImportError: libssl.so.3",
        ),
        ({"stdout": "", "msg": "first\nCould not find the requested service x"},
         "Could not find the requested service x"),
        # What could be a secret is not shown, nor sent to whoever is asked for help.
        ({"stderr": "user focus, key 4hG7kQ2nVb8sX1zL0pTf9wRy refused"},
         "user focus, key (hidden) refused"),
        ({"stderr": "password=hunter2 wrong; PASSWORD: 'a b' wrong"},
         "password=(hidden) wrong; PASSWORD: (hidden) wrong"),
        ({"stderr": "https://me:pass@mirror.example.org/dists: 404"},
         "https://(hidden)@mirror.example.org/dists: 404"),
        ({"stderr": "/usr/local/lib/jitsi-provision/install-certificate: not found"},
         "/usr/local/lib/jitsi-provision/install-certificate: not found"),
    ],
)  # fmt: skip
def test_a_failing_command_is_told_with_its_own_words(failed: dict[str, Any], reason: str) -> None:
    error = explain(COMMAND | failed, SCHOOL)
    assert (error.what, error.why) == ("A step failed on the server.", reason)


def test_a_certificate_that_the_server_cannot_serve_is_told_as_that() -> None:
    failure = COMMAND | {
        "cmd": ["/usr/local/lib/jitsi-provision/install-certificate", "a", "b"],
        "rc": 3,
        "stderr": "a: [SSL] PEM lib (_ssl.c:3905)",
    }
    error = explain(failure, SCHOOL)
    assert error.what == (
        "The server cannot serve this certificate; the former one stays in place."
    )
    assert error.why == "a: [SSL] PEM lib (_ssl.c:3905)"
