"""What the program on the server reads out of configuration, in the languages of its services."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from provision.verify.inside import hocon, logs, prosody, reading, secrets, web

if TYPE_CHECKING:
    from pathlib import Path

# As logrotate 3.21 (Debian 12) and 3.22 (Debian 13) rehearse, and a rule that only size decides.
HEADS = {
    "/var/log/jitsi/jvb.log  after 1 days (7 rotations) "
    "empty log files are not rotated, old logs are removed": (1.0, 7, None, False, False),
    "/var/log/btmp after 1 days empty log files are rotated, (7 rotations), "
    "old logs are removed after 7 days": (1.0, 7, 7, False, True),
    "/var/log/letsencrypt/*.log weekly empty log files are rotated, (12 rotations), "
    "old logs are removed": (7, 12, None, False, True),
    "/var/log/jitsi/jvb.log 104857600 bytes (10 rotations) "
    "empty log files are rotated, old logs are removed": (None, 10, None, True, True),
    "/var/log/wtmp monthly (1 rotations) empty log files are rotated, "
    "only log files >= 1048576 bytes are rotated, old logs are removed": (31, 1, None, True, True),
    "/var/log/x.log hourly (no old logs will be kept) "
    "empty log files are rotated, old logs are removed": (1 / 24, 0, None, False, True),
}


@pytest.mark.parametrize("head", HEADS)
def test_the_rehearsal_of_logrotate_is_understood(head: str) -> None:
    days, count, age, waits, empty = HEADS[head]
    assert logs._head(head) == (
        [head.split(maxsplit=1)[0]],
        {"days": days, "count": count, "age": age, "waits_for_bytes": waits, "empty": empty},
    )


def test_one_rule_may_name_several_logs() -> None:
    paths, _words = logs._head('/var/log/a/*.log "/var/log/b c/*.err"  after 1 days (7 rotations)')
    assert paths == ["/var/log/a/*.log", "/var/log/b c/*.err"]


def test_later_hocon_decides_and_includes_count(tmp_path: Path) -> None:
    (tmp_path / "local.conf").write_text("videobridge.ice.udp.port = 20000 # ours\n")
    text = """
    // a comment
    videobridge { ice { udp { port = 10000 } }, http-servers.private.host = 127.0.0.1 }
    "ice4j" : { harvest.mapping.stun { addresses = [ "stun.example.org:443", other ] } }
    ice4j.harvest.mapping.aws.enabled = ${?NOT_SET}
    videobridge { redact-remote-addresses = true, name = a  b }
    include "local.conf"
    """
    assert hocon.flat(hocon.read(text, tmp_path)) == {
        "videobridge.ice.udp.port": "20000",
        "videobridge.http-servers.private.host": "127.0.0.1",
        "videobridge.redact-remote-addresses": "true",
        "videobridge.name": "a b",
        "ice4j.harvest.mapping.stun.addresses": ["stun.example.org:443", "other"],
    }


@pytest.mark.parametrize(
    "text", ["{", "}", "a = [", "a { b = ", '"', "= = {{ ]", 'include "/dev/null"', "a" * 9]
)
def test_broken_hocon_ends_and_raises_nothing(text: str) -> None:
    assert isinstance(hocon.read(text), dict)


def test_a_file_that_includes_itself_ends(tmp_path: Path) -> None:
    (tmp_path / "a.conf").write_text('include "a.conf"\na = 1\n')
    assert hocon.read((tmp_path / "a.conf").read_text(), tmp_path) == {"a": "1"}


def test_nginx_inherits_what_a_block_does_not_say(tmp_path: Path) -> None:
    (tmp_path / "sites").mkdir()
    (tmp_path / "nginx.conf").write_text(
        "error_log /var/log/nginx/error.log;  # the default level\n"
        "http { access_log /var/log/nginx/access.log main; include sites/*.conf; }\n"
    )
    (tmp_path / "sites" / "a.conf").write_text(
        "server { server_name a; access_log off; error_log /dev/null crit;\n"
        '  location ~ "^/(a|b){1,2}$" { access_log "/var/log/nginx/rooms.log"; } }\n'
    )
    (tmp_path / "sites" / "b.conf").write_text("server { listen 443 ssl; server_name b; }\n")
    tree = web._parse(tmp_path / "nginx.conf", tmp_path, [], 0)
    http = next(block for name, _words, block in tree if name == "http")
    first, second = web._servers(http, web._holds(tree, {}))
    assert (first["names"], first["access_log"], first["error_log"]) == (
        ["a"],
        ["/var/log/nginx/rooms.log", "off"],
        ["/dev/null crit"],
    )
    assert (second["listens"], second["access_log"], second["error_log"]) == (
        ["443 ssl"],
        ["/var/log/nginx/access.log main"],
        ["/var/log/nginx/error.log"],
    )
    assert "log_not_found" in first["unset"]


@pytest.mark.parametrize(
    ("log", "quiet"),
    [
        (None, False),
        ("/var/log/prosody/prosody.log", False),
        ({"info": "/var/log/prosody/prosody.log", "error": "*syslog"}, False),
        ({"error": "/var/log/prosody/prosody.err"}, True),
        ([{"levels": {"min": "warn"}, "to": "syslog"}], True),
        ([{"levels": {"min": "warn"}, "to": "syslog"}, {"levels": ["info"], "to": "file"}], False),
        ([{"to": "console"}], False),
        ({"error": "x", "1": {"levels": {"min": "debug"}, "to": "file"}}, False),
    ],
)
def test_prosody_is_asked_only_where_its_log_stays_quiet(log: Any, quiet: bool) -> None:
    assert prosody._quiet(log) is quiet


def test_modules_follow_prosodys_own_rule() -> None:
    every: dict[str, dict[str, Any]] = {
        "*": {
            "modules_enabled": ["tls", "roster", "smacks"],
            "modules_disabled": ["s2s", "offline"],
        },
        "meet.example.org": {"modules_enabled": ["bosh"], "authentication": "internal_hashed"},
        "conference.meet.example.org": {
            "component_module": "muc",
            "modules_enabled": ["school_rooms"],
        },
    }
    assert prosody._modules("meet.example.org", every["meet.example.org"], every) == {
        *("presence", "message", "iq", "c2s", "s2s_auth_certs", "tls", "roster", "smacks", "bosh"),
        "auth_internal_hashed",
    }
    host = "conference.meet.example.org"
    assert prosody._modules(host, every[host], every) == {
        "iq",
        "tls",
        "smacks",
        "muc",
        "school_rooms",
    }


def test_secrets_are_found_in_each_language() -> None:
    texts = {
        'password = "0123456789abcdef"': {("password", "0123456789abcdef")},
        "static-auth-secret=abcd1234": {("static-auth-secret", "abcd1234")},
        'external_service_secret = "s3cret";': {("external_service_secret", "s3cret")},
        "org.jitsi.videobridge.xmpp.user.shard.PASSWORD=Qwertz12": {("password", "Qwertz12")},
        "no-auth = true": set(),
    }
    for text, held in texts.items():
        found = {(m["name"].lower(), m["value"]) for m in secrets.VALUE.finditer(text)}
        assert found == held, text


def test_a_link_that_leads_nowhere_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "wtmp").write_text("")
    (tmp_path / "wtmp.db").symlink_to("nowhere")
    assert reading.found(f"{tmp_path}/wtmp*") == [tmp_path / "wtmp"]
