"""The checks that only `provision check` makes, each as a pure function over what was seen."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from provision.check.judges import clock, machine, names, network, packages
from provision.check.lookups import Answer, Name, Names
from provision.messages.result import Level, Result

DOMAIN = "meet.example.org"
REPOSITORY = "https://download.jitsi.org"
NOW = 1795673670.0
HOUR, DAY = 3600.0, 86400.0
HERE = names.Place("203.0.113.10", "2001:db8::10", frozenset({"203.0.113.10", "2001:db8::10"}))


def seen(**facts: Any) -> dict[str, Any]:
    """Return a thorough look at a bare Debian 13, but for some facts."""
    quiet = {
        "virtualisation": "kvm",
        "container": False,
        "capabilities": (1 << 40) - 1,
        "kernel": "6.12.48+deb13-amd64",
        "locale": "C.UTF-8",
        "locales": ["C", "C.utf8", "POSIX"],
        "resolves": True,
        "apt_lock": "",
        "apt_broken": "",
        "held": [],
        "reboot": [],
        "sources": {"code": 0, "said": "Reading package lists...\n", "places": {}},
        "late": [],
    }
    whole = {
        "os_name": "Debian GNU/Linux 13 (trixie)",
        "architecture": "amd64",
        "cores": 4,
        "memory_mb": 7900,
        "disk_free_mb": 30000,
        "host_name": "meet",
        "hosts": {},
        "addresses": ["203.0.113.10", "2001:db8::10"],
        "address4": "203.0.113.10",
        "address6": "2001:db8::10",
        "dpkg_interrupted": False,
    }
    return {
        **whole,
        **{name: value for name, value in facts.items() if name in whole},
        "preflight": quiet | {name: value for name, value in facts.items() if name in quiet},
    }


def problems(results: list[Result]) -> list[tuple[Level, str, str]]:
    """Return what is not well, as level, sentence and remedy."""
    return [(r.level, r.sentence, r.remedy) for r in results if r.level is not Level.OK]


def test_an_ordinary_machine_is_fine() -> None:
    (only,) = machine.check(seen(), DOMAIN)
    assert only.sentence == (
        "Debian GNU/Linux 13, amd64, 4 cores, 7900 MB of memory, 30000 MB free."
    )
    assert packages.check(seen(), REPOSITORY) == []


@pytest.mark.parametrize(
    ("facts", "sentence", "remedy"),
    [
        ({"cores": 1}, "The server has one core: enough for a trial.", "4 cores"),
        (
            {"virtualisation": "openvz", "container": True, "kernel": "3.10.0-1160"},
            "The server is a container (openvz) with the old kernel 3.10.0-1160.",
            "KVM",
        ),
        (
            {"virtualisation": "lxc", "container": True, "kernel": "5.4.0-1-pve"},
            "The server is a container (lxc) with the old kernel 5.4.0-1-pve.",
            "KVM",
        ),
        (
            {"virtualisation": "lxc", "container": True, "capabilities": 0xA80425FB & ~(1 << 12)},
            "The server is a container (lxc) that may not set up its own firewall.",
            "KVM",
        ),
        (
            {"locale": "de_DE.UTF-8"},
            "The server is set to the language de_DE.UTF-8, which is not installed.",
            "echo LANG=C.UTF-8 > /etc/default/locale",
        ),
        ({"host_name": "localhost"}, "The server has no name of its own.", "set-hostname"),
        (
            {"host_name": "v2201", "resolves": False},
            "The server does not find itself by its own name v2201.",
            "echo '127.0.1.1 v2201' >> /etc/hosts",
        ),
    ],
)
def test_what_to_look_at_in_a_machine(facts: dict[str, Any], sentence: str, remedy: str) -> None:
    ((level, said, told),) = problems(machine.check(seen(**facts), DOMAIN))
    assert (level, said) == (Level.WARNING, sentence)
    assert remedy in told


@pytest.mark.parametrize(
    "facts",
    [
        # A container with everything that a server needs, and a name that only /etc/hosts knows.
        {"virtualisation": "lxc", "container": True},
        {"host_name": "v2201", "resolves": False, "hosts": {"v2201": ["127.0.1.1"]}},
        {"hosts": {DOMAIN: ["127.0.1.1", "203.0.113.10"]}},
        {"locale": "", "locales": []},
    ],
)
def test_what_is_no_problem(facts: dict[str, Any]) -> None:
    assert problems(machine.check(seen(**facts), DOMAIN)) == []


@pytest.mark.parametrize(
    ("facts", "level", "sentence", "remedy"),
    [
        (
            {"apt_lock": "unattended-upgr"},
            Level.WARNING,
            "The program unattended-upgr is installing packages just now.",
            "two minutes",
        ),
        (
            {"dpkg_interrupted": True, "apt_broken": "E: half"},
            Level.WARNING,
            "An installation was interrupted on the server.",
            "provision deploy",
        ),
        (
            {"apt_broken": "E: Unmet dependencies."},
            Level.FAILURE,
            "Packages on the server do not fit together: E: Unmet dependencies.",
            "apt-get --fix-broken install",
        ),
        (
            {"held": ["nginx", "openssl"]},
            Level.WARNING,
            "Packages are held back and get no updates: nginx, openssl.",
            "apt-mark unhold nginx openssl",
        ),
        ({"reboot": ["libc6"]}, Level.WARNING, "The server waits for a reboot.", "reboot"),
        (
            {"sources": {"said": "E: Malformed entry 1 in list file\n", "places": {}}},
            Level.FAILURE,
            "apt does not understand its list of package sources: Malformed entry 1 in list file",
            "/etc/apt/sources.list.d",
        ),
    ],
)
def test_what_to_look_at_in_apt(
    facts: dict[str, Any], level: Level, sentence: str, remedy: str
) -> None:
    ((found, said, told),) = problems(packages.check(seen(**facts), REPOSITORY))
    assert (found, said) == (level, sentence)
    assert remedy in told


def test_sources_that_apt_does_not_understand_are_no_broken_packages() -> None:
    said = "E: Malformed line 1 in source list /etc/apt/sources.list.d/own.list (type)"
    asked = {"code": 100, "said": f"{said}\n", "places": {}}
    found = problems(packages.check(seen(apt_broken=said, sources=asked), REPOSITORY))
    assert [remedy for _level, _said, remedy in found] == [
        "on the server, correct what is below /etc/apt/sources.list.d"
    ]


def test_a_package_source_is_told_once_a_server() -> None:
    reason = "Could not connect"
    urls = [f"http://{host}/{name}" for host in "ab" for name in ("x", "y")]
    said = "".join(f"Err:1 {url} stable InRelease\n  {reason}\n" for url in urls)
    sources = {"said": said, "places": {}}
    found = [
        sentence
        for _level, sentence, _remedy in problems(packages.check(seen(sources=sources), REPOSITORY))
    ]
    assert found == [
        f"The server cannot reach the package source {url}: {reason}." for url in urls[::2]
    ]


@pytest.mark.parametrize(
    ("server", "here", "third", "level", "sentence"),
    [
        (NOW + 119, NOW, 0, Level.OK, "The clock is right."),
        (
            NOW + 600, NOW, 0, Level.WARNING,
            "The clocks of the server and of this computer are 10 minutes apart.",
        ),
        (
            NOW - DAY, NOW, NOW, Level.FAILURE,
            "The server's clock is 1 day slow; certificates would not be accepted.",
        ),
        (
            NOW + 3 * HOUR, NOW, NOW - 5, Level.FAILURE,
            "The server's clock is 3 hours fast; certificates would not be accepted.",
        ),
        (
            NOW, NOW - DAY, NOW + 3, Level.FAILURE,
            "This computer's clock is 1 day slow: server and repository agree.",
        ),
        (
            NOW, NOW + 9 * DAY, NOW, Level.FAILURE,
            "This computer's clock is 9 days fast: server and repository agree.",
        ),
        # Three different times: nobody knows.
        (
            NOW, NOW + DAY, NOW - DAY, Level.FAILURE,
            "The clocks of the server and of this computer are 1 day apart.",
        ),
        (
            1.0, 2.0, 0, Level.FAILURE,
            "The clocks of the server and of this computer show a time that is long ago.",
        ),
    ],
)  # fmt: skip
def test_clocks(server: float, here: float, third: float, level: Level, sentence: str) -> None:
    (found,) = clock.check(server, here, third)
    assert (found.level, found.sentence) == (level, sentence)
    assert bool(found.remedy) == (level is not Level.OK)


def test_a_deployment_asks_the_repository_alone_about_the_clock() -> None:
    assert clock.server_is_wrong(NOW, 0) == []
    assert clock.server_is_wrong(NOW, NOW + HOUR - 1) == []
    (found,) = clock.server_is_wrong(NOW, NOW - 2 * HOUR)
    assert found.sentence.startswith("The server's clock is 2 hours fast")


def name(ipv4: list[str] | str = "none", ipv6: list[str] | str = "none", caa: str = "none") -> Name:
    """Return a name with these addresses, or with a state instead."""

    def answer(given: list[str] | str) -> Answer:
        return Answer(given) if isinstance(given, str) else Answer("found", tuple(given))

    return Name(DOMAIN, answer(ipv4), answer(ipv6), answer(caa))


@pytest.mark.parametrize(
    ("known", "place", "level", "sentence", "remedy"),
    [
        (name(["203.0.113.10"]), HERE, Level.OK, "points to the server: 203.0.113.10.", ""),
        (name("unknown", "unknown"), HERE, Level.FAILURE, "points nowhere", "type AAAA, name"),
        (
            name(["203.0.113.10"], ["2001:db8::99"]), replace(HERE, ipv6=""), Level.FAILURE,
            "has the AAAA record 2001:db8::99, but the server has no such address.",
            "delete this record: type AAAA",
        ),
        (
            name(["192.0.2.1"]), HERE, Level.FAILURE,
            "points to 192.0.2.1, but this server is 203.0.113.10.",
            "change this record: type A,",
        ),
        (name("broken"), HERE, Level.FAILURE, "name servers of", "DNSSEC"),
        (name("silent", "silent"), HERE, Level.WARNING, "was not checked", "another network"),
        (name("none", ["2001:db8::10"]), HERE, Level.FAILURE, "has no A record", "type A,"),
        (name("none", ["2001:db8::10"]), replace(HERE, entered=""), Level.OK, "points to", ""),
        # However an address is written, it is the same one.
        (name("none", ["2001:0db8:0::10"]), replace(HERE, entered=""), Level.OK, "points to", ""),
    ],
)  # fmt: skip
def test_names(known: Name, place: names.Place, level: Level, sentence: str, remedy: str) -> None:
    (found,) = names.check(Names((known,)), place)
    assert found.level is level
    assert sentence in found.sentence
    assert remedy in found.remedy


def test_reverse_names_are_only_told() -> None:
    reverse = {"203.0.113.10": Answer("found", ("v1.provider.example.",)), "::1": Answer("silent")}
    found = names.check(Names((), reverse), HERE)
    assert [one.sentence for one in found] == [
        "The reverse name of 203.0.113.10 is v1.provider.example."
    ]


@pytest.mark.parametrize(
    ("address", "public", "expected"),
    [
        ("8.8.8.8", "8.8.8.8", ("8.8.8.8", "2a01:4f8::1", {"8.8.8.8", "2a01:4f8::1"})),
        # Docker's bridge is no address at which anybody could reach a server in the internet.
        ("2a01:4f8::1", "8.8.8.8", ("8.8.8.8", "2a01:4f8::1", {"8.8.8.8", "2a01:4f8::1"})),
    ],
)
def test_where_a_server_is(address: str, public: str, expected: tuple[Any, ...]) -> None:
    facts = {"addresses": ["8.8.8.8", "172.17.0.1", "2a01:4f8::1"], "address6": "2a01:4f8::1"}
    found = names.place(facts, address, public, public=True)
    assert (found.ipv4, found.ipv6, set(found.own)) == expected
    assert not found.is_here("172.17.0.1")


def test_how_a_server_is_connected() -> None:
    ports = "443/tcp"
    assert network.check(seen(), "203.0.113.10", ports) == []
    private = seen(addresses=["10.0.0.5"], address4="10.0.0.5")
    found = network.check(private, "203.0.113.10", ports)
    assert [(one.level, one.sentence) for one in found] == [
        (
            Level.OK,
            (
                "The server is behind address translation (NAT): people reach it at 203.0.113.10, "
                "it has 10.0.0.5. To be forwarded to it: 443/tcp."
            ),
        ),
        (Level.OK, "The server has IPv4 only, which everybody can reach."),
    ]
    alone = seen(addresses=["2001:db8::10"], address4="")
    assert [one.level for one in network.check(alone, "", ports)] == [Level.WARNING]


INNER = {"addresses": ["10.0.0.5", "fd00::5"], "address4": "10.0.0.5", "address6": "fd00::5"}


@pytest.mark.parametrize(
    ("address", "way", "expected"),
    [
        # A VPN, an inner network behind a router, a provider's floating address.
        ("10.66.0.1", "10.0.0.5", ("", "", True)),
        ("192.168.1.20", "10.0.0.5", ("", "", True)),
        ("203.0.113.7", "203.0.113.7", ("203.0.113.7", "", False)),
    ],
)
def test_a_private_address_is_never_one_for_a_record(
    address: str, way: str, expected: tuple[str, str, bool]
) -> None:
    found = names.place(INNER, address, way, public=False)
    assert (found.ipv4, found.ipv6, found.inner) == expected
    # A server for the school's own network alone may have a name that leads there.
    assert found.is_here("10.0.0.5")
