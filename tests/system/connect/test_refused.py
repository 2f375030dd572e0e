"""`provision connect` where the server, or what answers in its place, does not let anybody in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.system.connect.technician import PASSWORD, fingerprint, sshd

if TYPE_CHECKING:
    from tests.bench import Host
    from tests.system.connect.conftest import MakeTechnician


def test_a_server_that_accepts_keys_only(rented: Host, technician: MakeTechnician) -> None:
    sshd(rented, "PasswordAuthentication no", "KbdInteractiveAuthentication no")
    person = technician()
    done = person.run("--fingerprint", fingerprint(rented), password=PASSWORD)
    assert done.code == 3
    assert "✗ The server accepts keys only, and refuses yours." in done.err
    assert (person.home / ".ssh" / "id_ed25519.pub").read_text().strip() in done.err


def test_nobody_there_to_type_the_password(rented: Host, technician: MakeTechnician) -> None:
    done = technician().run("--fingerprint", fingerprint(rented))
    assert done.code == 3
    assert "nobody is here to type a password" in done.err


ODD = """import socket, time
s = socket.create_server(("", 2300)); held = []
while True:
    c, _ = s.accept(); held.append(c)
    {answer}
"""


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ("c.sendall(b'HTTP/1.1 400 Bad Request\\r\\n\\r\\n' * 200); c.close()", "No SSH server"),
        ("pass", "No SSH server"),
        # As sshd does it for a while with who has failed too often.
        ("c.close()", "For a while, the server accepts no connection from this computer."),
        ("", "The server answers, but not to SSH on port 2300."),
    ],
)
def test_something_else_answers(
    rented: Host, technician: MakeTechnician, answer: str, sentence: str
) -> None:
    if answer:
        rented.write("/run/odd.py", ODD.format(answer=answer))
        rented.run("systemd-run --unit=odd python3 /run/odd.py; sleep 0.5")
    done = technician(ssh_port=2300).run("--fingerprint", fingerprint(rented))
    assert done.code == 3
    assert sentence in done.err
    assert "Traceback" not in done.err


def test_an_account_that_only_names_another_one(rented: Host, technician: MakeTechnician) -> None:
    person = technician()
    assert person.run("--fingerprint", fingerprint(rented), password=PASSWORD).code == 0
    line = rented.read("/root/.ssh/authorized_keys").decode()
    told = 'command="echo Please login as debian; exit 142" '
    rented.write("/root/.ssh/authorized_keys", told + line, mode="0600")
    done = person.run()
    assert done.code == 3
    assert "Please login as debian" in done.err
    assert "`ssh_user`" in done.err
