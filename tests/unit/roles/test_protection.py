"""Protection that could lock the sysadmin out: held back, guarded, left out where it must be."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from provision.check.judges import protection
from provision.deploy.lock_out import locked_out
from tests.unit import modules
from tests.unit.modules import GROUP, NONCE, OWNER, Server, utility
from tests.unit.trees import PROTECTED, contents, rendered, school
from tests.unit.trees import server as seen

if TYPE_CHECKING:
    from pathlib import Path

DROP_IN = "/etc/ssh/sshd_config.d/10-jitsi-provision.conf"
RULES = "/etc/jitsi-provision/firewall.nft"
USUAL = PROTECTED | {"listeners": []}
OPEN = {"open_ports": [], "ssh_port": 22, "turn_domain": None}


# What a server says


@pytest.mark.parametrize(
    ("said", "ports"),
    [
        (("port 22\naddressfamily any\n", "", "", []), [22]),
        (("port 22\nport 2222\n", "", "", []), [22, 2222]),
        # Its file names another port than the one that it was started with.
        (("port 2222\n", "", "", [("sshd", "0.0.0.0", 22)]), [22, 2222]),
        (("port 2222\n", "", "203.0.113.9 50000 10.0.0.5 22", []), [22, 2222]),
        (("port 22\n", "ActiveState=active\nListen=[::]:2200 (Stream)\n", "", []), [22, 2200]),
        (("port 22\n", "ActiveState=inactive\nListen=[::]:2200 (Stream)\n", "", []), [22]),
        # The local end of a tunnel, and another program.
        (("port 22\n", "", "", [("sshd", "127.0.0.1", 6010), ("nginx", "0.0.0.0", 80)]), [22]),
        (("", "", "", []), []),
    ],
)
def test_every_port_of_ssh_is_known(
    said: tuple[str, str, str, list[tuple[str, str, int]]],
    ports: list[int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Server(tmp_path, monkeypatch)
    *texts, listeners = said
    held = [dict(zip(("program", "address", "port"), one, strict=True)) for one in listeners]
    assert utility("readings").ssh_ports(*texts, held) == ports


@pytest.mark.parametrize(
    ("crypttab", "asks"),
    [
        ("", False),
        ("# name device key options\n", False),
        ("swap /dev/sda3 /dev/urandom swap\n", False),
        ("data /dev/sdb1 /root/key luks\n", False),
        ("root UUID=1234 none luks,discard\n", True),
        ("root UUID=1234 - luks\n", True),
        ("root UUID=1234\n", True),
    ],
)
def test_a_disk_that_asks_at_boot_is_known(
    crypttab: str, asks: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Server(tmp_path, monkeypatch)
    assert utility("protection").asks_at_boot(crypttab) is asks


# What a person is told


@pytest.mark.parametrize(
    ("facts", "beginning"),
    [
        ({"key_sign_in": False}, "SSH goes on taking passwords"),
        ({"firewall_possible": False}, "The server is a container that allows no firewall"),
        ({"private_mounts": False}, "The server is a container in which services"),
        ({"asks_at_boot": True}, "A disk asks for a password at each boot"),
    ],
)
def test_what_is_missing_is_said(facts: dict[str, Any], beginning: str) -> None:
    assert protection.check(USUAL, OPEN | {"reboot_at": "03:30"}) == []
    (warning,) = protection.check(USUAL | facts, OPEN | {"reboot_at": "03:30"})
    assert warning.sentence.startswith(beginning)
    assert warning.remedy


def test_a_server_that_never_reboots_by_itself_is_no_news() -> None:
    assert protection.check(USUAL | {"asks_at_boot": True}, OPEN | {"reboot_at": None}) == []


def test_lock_out_names_what_ssh_said() -> None:
    told = locked_out("Failed to connect:\nno matching key exchange", taken_back=True)
    assert told["error"]["exit_code"] == 5
    assert told["error"]["rows"][0] == ("Why", "no matching key exchange")
    assert "taken them back by itself" in told["error"]["rows"][1][1]
    late = locked_out("", taken_back=True)
    assert late["error"]["rows"][0] == ("Why", "The answer came too late.")
    gone = locked_out("timed out", taken_back=False)
    assert "console" in gone["error"]["rows"][1][1]


# What the roles leave out


def test_passwords_stay_where_the_run_signed_in_with_one() -> None:
    assert DROP_IN in contents(rendered(school(), seen()))
    assert DROP_IN not in contents(rendered(school(), seen(key_sign_in=False)))
    assert DROP_IN not in contents(rendered(school(), seen(sshd=False)))


def test_root_stays_where_root_is_who_signs_in() -> None:
    as_root = contents(rendered(school(), seen()))[DROP_IN]
    assert "PermitRootLogin prohibit-password\n" in as_root
    another = contents(rendered(school(ssh_user="admin"), seen()))[DROP_IN]
    assert "PermitRootLogin no\n" in another


def test_every_port_of_every_role_and_of_ssh_is_open() -> None:
    rules = contents(rendered(school(ssh_port=2022), seen(ssh_ports=[22, 2200])))[RULES]
    for line in (
        "tcp dport { 22, 2022, 2200 } accept",
        "tcp dport { 80, 443 } accept",
        "tcp dport { 5349 } accept",
        "udp dport { 3478 } accept",
        "udp dport { 10000 } accept",
    ):
        assert line in rules
    assert "open_ports" not in rules


def test_ports_of_the_sysadmins_own_services_are_open() -> None:
    own = school(open_ports=["51820/UDP", "8443/tcp", "500/udp"])
    rules = contents(rendered(own, seen()))[RULES]
    assert "tcp dport { 8443 } accept\n        udp dport { 500, 51820 } accept\n" in rules


@pytest.mark.parametrize("wrong", ["51820", "0/udp", "65536/tcp", "22/sctp", "wg/udp", "1-9/udp"])
def test_what_is_no_port_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="A port is"):
        school(open_ports=[wrong])


def test_the_way_in_through_a_tunnel_is_known_by_its_port(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `ip -j -d link`, `wg show` and `ss` tell of it."""
    Server(tmp_path, monkeypatch)
    tunnels = utility("tunnels")
    links = [
        {"ifname": "eth0"},
        {"ifname": "wg0", "linkinfo": {"info_kind": "wireguard"}},
        {"ifname": "v", "linkinfo": {"info_kind": "vxlan", "info_data": {"port": 4789}}},
    ]
    held = [
        {"protocol": "udp", "port": port, "program": program, "address": "0.0.0.0"}
        for port, program in ((51820, ""), (4789, ""), (123, "ntpd"))
    ]
    ports = tunnels.kernel_ports(links, {"wg0": 51820}, held)
    assert ports == {"51820/udp": "wireguard", "4789/udp": "vxlan"}
    assert tunnels.way_in("eth0", links, ports, held) == {}
    assert tunnels.way_in("wg0", links, ports, held) == {
        "interface": "wg0", "kind": "wireguard", "ports": ["51820/udp"],
    }  # fmt: skip
    # Without its own program, the one port that nobody holds is it.
    assert tunnels.kernel_ports(links[:2], {}, held[:1]) == {"51820/udp": "wireguard"}
    assert tunnels.kernel_ports(links[:2], {}, held) == {}


def test_what_is_on_trial_is_every_port_that_the_rules_do_not_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Server(tmp_path, monkeypatch)
    opened = utility("readings").opened(
        "  tcp dport { 22, 80 } accept\n  udp dport 3478 accept\n"
        "  ip saddr 192.0.2.1 tcp dport 5432 accept\n  udp dport 53 ct state new drop\n"
    )
    assert opened == {("tcp", 22), ("tcp", 80), ("udp", 3478)}
    held = [
        {"protocol": protocol, "port": port, "program": program, "address": address}
        for protocol, port, program, address in (
            *(
                ("tcp", 22, "sshd", "*"),
                ("udp", 51820, "", "0.0.0.0"),
                ("udp", 53, "x", "127.0.0.1"),
            ),
            *(("tcp", 1194, "openvpn", "*"), ("udp", 3478, "turnserver", "*")),
            ("udp", 51821, "docker-proxy", "0.0.0.0"),
        )
    ]
    closed = utility("access_trial").closed_ports(held, opened)
    assert closed == {"tcp": [1194], "udp": [51820]}


def test_a_disk_that_asks_at_boot_is_never_booted_at_night() -> None:
    path = "/etc/apt/apt.conf.d/61jitsi-provision-updates"
    nightly = 'Automatic-Reboot "true"'
    assert nightly in contents(rendered(school(), seen()))[path]
    assert nightly not in contents(rendered(school(), seen(asks_at_boot=True)))[path]
    assert nightly not in contents(rendered(school(reboot_at=""), seen()))[path]


def test_a_container_is_spared_what_only_its_machine_can_do() -> None:
    inside = contents(rendered(school(), seen(container=True, private_mounts=False)))
    assert "kernel." not in inside["/etc/sysctl.d/60-jitsi-provision.conf"]
    assert not [path for path in inside if path.startswith("/etc/modprobe.d/")]
    confined = inside["/etc/systemd/system/nginx.service.d/confinement.conf"]
    assert "NoNewPrivileges=yes" in confined
    assert "ProtectSystem" not in confined


# How the server holds and takes back


class Guarded:
    """A server with one file that could lock out, and what was run there."""

    def __init__(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.server, self.capsys = Server(tmp_path, monkeypatch), capsys
        self.guard = utility("access_guard")
        self.ran: list[str] = []
        self.refuses = ""
        monkeypatch.setattr(self.guard, "run", self.run)
        monkeypatch.setattr(utility("protection"), "run", self.run)
        self.path = self.server.path("/etc/x")
        self.note = self.server.state / "guard"

    def run(self, *command: str, **_keywords: Any) -> subprocess.CompletedProcess[str]:
        """Note a command instead of running it."""
        self.ran.append(" ".join(command))
        code = int(bool(self.refuses) and self.refuses in self.ran[-1])
        return subprocess.CompletedProcess(command, code, "", "no\n" if code else "")

    def apply(self, content: str, command: str = "true", **more: Any) -> dict[str, Any]:
        """Bring the guarded file and another one."""
        usual = {"owner": OWNER, "group": GROUP, "content": content}
        files = [
            {"path": str(self.path), "guarded": command, **usual},
            {"path": str(self.server.path("/etc/y")), **usual},
        ]
        module = self.server.module("file_tree")
        return modules.run(module, self.capsys, nonce=NONCE, files=files, **more)


@pytest.fixture
def guarded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Guarded:
    """A server with one file that could lock out."""
    return Guarded(tmp_path, monkeypatch, capsys)


def test_a_guarded_file_waits_for_its_turn(guarded: Guarded) -> None:
    first = guarded.apply("new")
    assert first["held"] == [str(guarded.path)]
    assert first["paths"] == [str(guarded.server.path("/etc/y"))]
    assert not guarded.path.exists()
    assert not guarded.note.exists()
    second = guarded.apply("new", guard_seconds=60)
    assert (second["paths"], second["changed"]) == ([str(guarded.path)], True)
    assert guarded.path.read_text() == "new"
    assert (guarded.note / "absent").read_text() == f"{guarded.path}\n"
    assert any("--on-active=60s" in command for command in guarded.ran)
    assert guarded.apply("new")["held"] == []


def test_a_plan_names_guarded_files_with_all_others(guarded: Guarded) -> None:
    plan = guarded.apply("new", _ansible_check_mode=True)
    assert plan["paths"] == [str(guarded.path), str(guarded.server.path("/etc/y"))]
    assert guarded.ran == []


def test_the_oldest_note_is_the_way_back(guarded: Guarded) -> None:
    guarded.path.parent.mkdir(parents=True)
    guarded.path.write_text("first")
    guarded.path.chmod(0o600)
    guarded.apply("second", guard_seconds=60)
    guarded.apply("third", guard_seconds=60)  # the run before was interrupted
    noted = guarded.note / "files" / str(guarded.path).lstrip("/")
    assert noted.read_text() == "first"
    assert noted.stat().st_mode & 0o777 == 0o600
    assert (guarded.note / "present").read_text() == f"{guarded.path}\n"


def test_without_a_way_back_nothing_is_changed(guarded: Guarded) -> None:
    guarded.refuses = "systemd-run"
    answer = guarded.apply("new", guard_seconds=60)
    assert answer["failed"]
    assert answer["reason"] == "no"
    assert not guarded.path.exists()


def test_what_cannot_be_put_in_force_is_taken_back_at_once(guarded: Guarded) -> None:
    answer = guarded.apply("new", command="false", guard_seconds=60)
    assert answer["failed"]
    assert answer["refused"] == str(guarded.path)
    assert guarded.ran[-1] == "systemctl start jitsi-provision-take-back.service"


def test_who_signs_in_anew_keeps_it_once(guarded: Guarded) -> None:
    guarded.apply("new", guard_seconds=60)
    assert guarded.guard.keep() is True
    assert not guarded.note.exists()
    assert "systemctl stop jitsi-provision-guard.timer" in guarded.ran
    assert guarded.guard.keep() is False
