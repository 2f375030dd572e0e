"""`provision connect` on real SSH servers, at a terminal and unattended."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pexpect
import pytest

from tests.system.connect.technician import (
    KEY,
    PASSWORD,
    Technician,
    as_rented,
    fingerprint,
    new_host_keys,
    set_password,
    sshd,
)

if TYPE_CHECKING:
    from typing import Any

    from tests.bench import Bench, Host
    from tests.conftest import MakeHost
    from tests.system.connect.conftest import MakeTechnician

NEW = r"From now on it is: (\S{20,})\r?\n"


def sign_ins(host: Host) -> int:
    """Return how often somebody tried to sign in so far."""
    script = "journalctl --sync; journalctl -t sshd -t sshd-session | grep -cE 'Accepted|Failed'"
    return int(host.run(script, check=False).stdout)


@pytest.mark.parametrize("release", ["12", "13"])
def test_forced_change_of_the_password_at_a_terminal(
    release: str, make_host: MakeHost, server: Host, tmp_path: Any
) -> None:
    host = server if release == "13" else make_host(release)
    as_rented(host)
    host.run("chage -d 0 root")
    person = Technician(tmp_path, host)
    program = person.at_a_terminal("connect")
    program.expect_exact(f"256 {fingerprint(host)} (ED25519)")
    program.expect_exact(f"256 {fingerprint(host, form='md5')} (ED25519)")
    program.expect_exact("[y/N, or paste its fingerprint] ")
    program.sendline("y")
    program.expect_exact("(not shown): ")
    program.sendline(PASSWORD)
    program.expect(NEW)
    new = program.match.group(1)
    program.expect_exact("nord is connected")
    program.expect(pexpect.EOF)
    program.close()
    assert program.exitstatus == 0
    assert PASSWORD not in str(program.before)
    assert person.known_hosts.read_text() == f"{host.address} {host.host_key}\n"
    assert stat.S_IMODE(person.known_hosts.stat().st_mode) == 0o644
    public = (person.home / ".ssh" / "id_ed25519.pub").read_text()
    assert host.read("/root/.ssh/authorized_keys").decode() == public
    assert host.run("stat -c %a /root/.ssh /root/.ssh/authorized_keys").stdout.split() == [
        "700",
        "600",
    ]
    assert host.run("passwd -S root").stdout.split()[1] == "P"
    # The password that was shown is the one that counts.
    other = tmp_path / "other"
    other.mkdir()
    done = Technician(other, host).run("--fingerprint", fingerprint(host), password=new)
    assert done.code == 0, done.err
    assert len(host.read("/root/.ssh/authorized_keys").splitlines()) == 2


def test_unattended_then_a_second_time(rented: Host, technician: MakeTechnician) -> None:
    person = technician()
    done = person.run("--fingerprint", fingerprint(rented, form="md5"), password=PASSWORD)
    assert (done.code, done.out) == (0, ""), done.err
    assert person.known_hosts.read_text() == f"{rented.address} {rented.host_key}\n"
    before, on_server = person.state(), rented.state_hash()
    assert person.run() == (0, "", "✓ nord: connected already\n")
    assert person.run("--fingerprint", fingerprint(rented)).code == 0
    assert (person.state(), rented.state_hash()) == (before, on_server)


def test_the_key_of_which_the_fingerprint_is_given_is_pinned(
    rented: Host, technician: MakeTechnician
) -> None:
    person = technician()
    done = person.run("--fingerprint", fingerprint(rented, "rsa"), password=PASSWORD)
    assert done.code == 0, done.err
    assert person.known_hosts.read_text().split()[1] == "ssh-rsa"
    assert person.run().code == 0


def test_a_pasted_fingerprint_counts_as_comparison(technician: MakeTechnician) -> None:
    for answer, sentence in (
        ("", "Without a key that is confirmed"),
        ("SHA256:" + "A" * 43, "The server shows another key than the expected one"),
    ):
        person = technician()
        program = person.at_a_terminal("connect")
        program.expect_exact("[y/N, or paste its fingerprint] ")
        program.sendline(answer)
        program.expect_exact(sentence)
        program.expect(pexpect.EOF)
        program.close()
        assert program.exitstatus == 3
        assert not person.known_hosts.exists()


def test_nobody_there_to_compare(rented: Host, technician: MakeTechnician) -> None:
    person = technician()
    done = person.run(password=PASSWORD)
    assert done.code == 3
    assert f"provision connect {KEY} --fingerprint" in done.err
    done = person.run("--fingerprint", "SHA256:" + "A" * 43, password=PASSWORD)
    assert done.code == 3
    assert fingerprint(rented) in done.err
    assert not person.known_hosts.exists()


def test_wrong_password_three_times_then_the_end(rented: Host, technician: MakeTechnician) -> None:
    person = technician()
    done = person.run("--fingerprint", fingerprint(rented), password="hunter2-wrong")
    assert done.code == 3
    assert "✗ The server refuses this password for root." in done.err
    program = person.at_a_terminal("connect")
    for _attempt in range(3):
        program.expect_exact("(not shown): ")
        program.sendline("hunter2-wrong")
    program.expect(pexpect.EOF)
    program.close()
    assert program.exitstatus == 3
    assert "hunter2" not in str(program.before)
    assert not rented.run("cat /root/.ssh/authorized_keys", check=False).stdout


def test_somebody_in_between_gets_nothing_and_a_new_server_is_accepted_on_purpose(
    rented: Host, technician: MakeTechnician
) -> None:
    person = technician()
    person.known_hosts.write_text("# mine\n203.0.113.1 ssh-ed25519 AAAA\n")
    assert person.run("--fingerprint", fingerprint(rented), password="wrong").code == 3
    old, seen = rented.host_key, sign_ins(rented)
    new_host_keys(rented)
    before = person.state()
    for arguments in ((), ("--fingerprint", fingerprint(rented))):
        done = person.run(*arguments, password=PASSWORD)
        assert done.code == 3
        assert "another key" in done.err
        assert f"provision connect {KEY} --new-server" in done.err
    assert person.state() | before == person.state()
    assert sign_ins(rented) == seen
    wrong = "SHA256:" + "A" * 43
    done = person.run("--new-server", "--fingerprint", wrong, password=PASSWORD)
    assert done.code == 3
    assert old in person.known_hosts.read_text()
    right = fingerprint(rented)
    done = person.run("--new-server", "--fingerprint", right, password=PASSWORD)
    assert done.code == 0, done.err
    assert person.known_hosts.read_text() == (
        f"# mine\n203.0.113.1 ssh-ed25519 AAAA\n{rented.address} {rented.host_key}\n"
    )
    new_host_keys(rented)
    deployed = person.run(verb="deploy")
    assert deployed.code == 3
    assert f"provision connect {KEY} --new-server" in deployed.err


def test_somebody_who_steps_in_after_the_comparison_gets_no_password(
    rented: Host, technician: MakeTechnician
) -> None:
    program = technician().at_a_terminal("connect")
    program.expect_exact("[y/N, or paste its fingerprint] ")
    program.sendline("y")
    program.expect_exact("(not shown): ")
    seen = sign_ins(rented)
    new_host_keys(rented)
    program.sendline(PASSWORD)
    program.expect_exact("The server shows another key than the one that is pinned")
    program.expect(pexpect.EOF)
    program.close()
    assert program.exitstatus == 3
    assert sign_ins(rented) == seen


@pytest.mark.parametrize("family", ["address", "address6", "name"])
def test_another_port_ipv6_and_names(
    bench: Bench, rented: Host, technician: MakeTechnician, family: str
) -> None:
    sshd(rented, "PermitRootLogin yes", "Port 2222")
    address = f"{rented.name}.school.test" if family == "name" else getattr(rented, family)
    person = technician(address=address, ssh_port=2222)
    person.chair = bench.chair()
    done = person.run("--fingerprint", fingerprint(rented), password=PASSWORD)
    assert done.code == 0, done.err
    assert person.known_hosts.read_text() == f"[{address}]:2222 {rented.host_key}\n"
    assert person.run().err == "✓ nord: connected already\n"


def test_an_ordinary_account_gets_sudo_only_when_asked_for(
    rented: Host, technician: MakeTechnician
) -> None:
    rented.run("useradd -m -s /bin/bash -G sudo technik")
    set_password(rented, "technik", PASSWORD)
    person = technician(ssh_user="technik")
    done = person.run("--fingerprint", fingerprint(rented), password=PASSWORD)
    assert done.code == 3
    assert "technik may not use sudo without a password" in done.err
    assert "--sudo" in done.err
    assert rented.run("test -e /etc/sudoers.d/provision", check=False).returncode
    done = person.run("--sudo", password="wrong-password")
    assert done.code == 3
    assert "sudo refuses the password of technik" in done.err
    done = person.run("--sudo", password=PASSWORD)
    assert done.code == 0, done.err
    assert rented.run("stat -c '%a %U' /etc/sudoers.d/provision").stdout == "440 root\n"
    assert rented.run("visudo -c; ls -A /etc/sudoers.d").stdout.count(".provision") == 0
    assert person.run().err == "✓ nord: connected already\n"
    rented.run("rm /etc/sudoers.d/provision")
    program = person.at_a_terminal("connect")
    program.expect_exact("Write a rule that lets technik use sudo without one? [y/N] ")
    program.sendline("y")
    program.expect_exact("(not shown): ")
    program.sendline(PASSWORD)
    program.expect_exact("/etc/sudoers.d/provision lets technik use sudo")
    program.expect(pexpect.EOF)


def test_a_key_of_a_name_of_its_own_is_remembered(rented: Host, technician: MakeTechnician) -> None:
    person = technician()
    key = person.folder / "keys"
    key.mkdir()
    made = pexpect.run(f"ssh-keygen -q -t ed25519 -N '' -C mine -f {key}/school")
    assert not made
    rented.run("mkdir -p -m 700 /root/.ssh")
    rented.write("/root/.ssh/authorized_keys", "# no newline at the end", mode="0644")
    arguments = ("--identity", str(key / "school.pub"), "--fingerprint", fingerprint(rented))
    done = person.run(*arguments, password=PASSWORD)
    assert done.code == 0, done.err
    written = f"ansible_ssh_private_key_file: {key}/school"
    assert written in (person.folder / "inventory.yml").read_text()
    lines = rented.read("/root/.ssh/authorized_keys").decode().splitlines()
    assert lines == ["# no newline at the end", (key / "school.pub").read_text().strip()]
    assert person.run().err == "✓ nord: connected already\n"
    # Known to the server already, as a provider's key is: nothing is asked.
    other = technician()
    done = other.run(*arguments)
    assert done.code == 0, done.err
    assert len(rented.read("/root/.ssh/authorized_keys").splitlines()) == 2


def test_a_key_that_is_known_but_the_password_has_to_be_changed(
    rented: Host, technician: MakeTechnician
) -> None:
    person = technician()
    assert person.run("--fingerprint", fingerprint(rented), password=PASSWORD).code == 0
    rented.run("chage -d 0 root")
    done = person.run(password=PASSWORD)
    assert done.code == 0, done.err
    assert "From now on it is: " in done.out
    assert person.run().err == "✓ nord: connected already\n"
    assert len(rented.read("/root/.ssh/authorized_keys").splitlines()) == 1


@pytest.mark.parametrize("verb", ["check", "plan"])
def test_whose_password_has_expired_hears_so_and_no_kept_connection_outlives_it(
    rented: Host, technician: MakeTechnician, verb: str
) -> None:
    person = technician()
    assert person.run("--fingerprint", fingerprint(rented), password=PASSWORD).code == 0
    rented.run("chage -d 0 root")
    done = person.run(verb=verb)
    assert done.code == 3
    assert (
        "The server accepts your key, but does nothing before the password of root is changed."
        in done.out + done.err
    )
    assert "deserialization" not in done.out + done.err
    refused = person.run()
    assert refused.code == 3
    assert "The server accepts your key, but does nothing before" in refused.err
    rented.run("chage -d 2026-01-01 root")  # as the provider's console does
    after = person.run(verb=verb)
    assert "The server accepts your key" not in after.out + after.err
    assert after.code != 3, after.out + after.err


def test_a_server_that_takes_keys_only_and_an_expired_password(
    rented: Host, technician: MakeTechnician
) -> None:
    person = technician()
    assert person.run("--fingerprint", fingerprint(rented), password=PASSWORD).code == 0
    sshd(rented, "PasswordAuthentication no", "KbdInteractiveAuthentication no")
    rented.run("chage -d 0 root")
    done = person.run()
    assert done.code == 3
    assert "The server accepts your key, but does nothing before" in done.err
    assert "passwd root" in done.err
    assert "refuses yours" not in done.err


@pytest.mark.parametrize("name", ["curve25519-sha256", "mlkem768x25519-sha256"])
def test_a_server_with_one_exchange_of_keys(
    rented: Host, technician: MakeTechnician, name: str
) -> None:
    sshd(rented, "PermitRootLogin yes", "PasswordAuthentication yes", f"KexAlgorithms {name}")
    seen = technician().run("--fingerprint", fingerprint(rented), password=PASSWORD)
    assert "No SSH server" not in seen.err
    # OpenSSH of Debian 12 does not know the newer one, Paramiko does.
    assert seen.code == 0 or "no matching key exchange method" in seen.err, seen.err


@pytest.mark.parametrize(
    ("line", "part", "offered"),
    [
        (
            "KexAlgorithms sntrup761x25519-sha512@openssh.com", "the exchange of keys",
            "sntrup761x25519-sha512@openssh.com",
        ),
        ("Ciphers chacha20-poly1305@openssh.com", "encryption", "chacha20-poly1305@openssh.com"),
        (
            "Ciphers aes128-ctr\nMACs umac-128-etm@openssh.com",
            "the protection against changes", "umac-128-etm@openssh.com",
        ),
    ],
)  # fmt: skip
def test_a_server_with_which_paramiko_has_nothing_in_common(
    rented: Host, technician: MakeTechnician, line: str, part: str, offered: str
) -> None:
    sshd(rented, "PermitRootLogin yes", "PasswordAuthentication yes", line)
    person = technician()
    done = person.run("--fingerprint", fingerprint(rented), password=PASSWORD)
    assert done.code == 3
    assert (
        f"The server answers, but has no method in common with this program for {part}." in done.err
    )
    assert offered in done.err
    assert "ssh-copy-id -p 22 root@" in done.err
    # What it advises is done, by whatever means: then it gets in, by OpenSSH alone.
    key = person.home / ".ssh" / "id_ed25519"
    public = key.with_name("id_ed25519.pub").read_text()
    rented.write("/root/.ssh/authorized_keys", public, mode="0600")
    # Named, because OpenSSH looks into the account's own home, whatever HOME says.
    after = person.run("--fingerprint", fingerprint(rented), "--identity", str(key))
    assert after.code == 0, after.err


def test_keyboard_interactive_with_a_forced_change(
    rented: Host, technician: MakeTechnician
) -> None:
    sshd(
        rented,
        "PermitRootLogin yes",
        "PasswordAuthentication no",
        "KbdInteractiveAuthentication yes",
    )
    rented.run("chage -d 0 root")
    done = technician().run("--fingerprint", fingerprint(rented), password=PASSWORD)
    assert done.code == 0, done.err
    assert "From now on it is: " in done.out


@pytest.mark.parametrize("verb", ["deploy", "check"])
def test_deploy_and_check_offer_the_first_contact(
    rented: Host, technician: MakeTechnician, verb: str
) -> None:
    program = technician().at_a_terminal(verb)
    program.expect_exact("The server of nord is new here.")
    program.expect_exact(fingerprint(rented))
    program.expect_exact("[y/N, or paste its fingerprint] ")
    program.sendline("n")
    program.expect(pexpect.EOF)
    program.close()
    assert program.exitstatus == 3
    done = technician().run(verb=verb)
    assert done.code == 3
    assert done.err.endswith(f"  Next   provision connect {KEY}\n")
