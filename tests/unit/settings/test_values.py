"""What each single value may be, and the sentence that refuses it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from provision.settings import hosts, values

TEXT_CHECKS = [
    values.school_name,
    hosts.domain,
    hosts.address,
    values.email,
    values.https_url,
    values.repository_url,
    values.network,
    values.fingerprints,
    values.user_name,
]
ONE_LABEL = "a" * 63
Check = Callable[[str], str]


def refusal(check: Check, value: str) -> str:
    """Return the sentence with which a check refuses a value."""
    with pytest.raises(ValueError, match=r"\.|:") as error:
        check(value)
    return str(error.value)


@pytest.mark.parametrize(
    "value",
    [
        "meet.school.example.org",
        "a.de",
        "xn--gymnasium-sd-nlb.de",
        # A sharp s, which the standard of 2003 did not know.
        "meet.xn--strae-oqa.de",
        "1.2.example",
        "meet.school.test",
        f"{ONE_LABEL}.{ONE_LABEL}.{ONE_LABEL}.{'a' * 44}.de",
    ],
)
def test_good_domains_are_taken_as_they_are(value: str) -> None:
    assert hosts.domain(value) == value


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("", "It is empty."),
        ("   ", "It is empty."),
        ("https://meet.example.org", "Write the name alone, without https://."),
        ("meet.example.org/room", "Write the name alone, without a slash and what follows it."),
        ("meet.example.org:8443", "Write the name alone, without a colon and a port."),
        ("me@example.org", "Write the name alone, without what stands in front of the @."),
        ("Meet.Example.org", "Write it in small letters: meet.example.org"),
        ("203.0.113.10", "This is an IP address; a certificate needs a name."),
        ("2001:db8::1", "This is an IP address; a certificate needs a name."),
        (
            "localhost",
            "localhost is only your own computer; write the school's public name.",
        ),
        (
            "meet.localhost",
            "localhost is only your own computer; write the school's public name.",
        ),
        ("meet", "Write the full name with its dots."),
        ("meet.example.org.", "Leave out the dot at the end."),
        ("meet..org", "There is a dot too many."),
        (".meet.org", "There is a dot too many."),
        (
            "my_school.example.org",
            (
                "“my_school” may only contain letters, digits and hyphens, with no hyphen at its "
                "beginning or end."
            ),
        ),
        (
            "-meet.example.org",
            (
                "“-meet” may only contain letters, digits and hyphens, with no hyphen at its "
                "beginning or end."
            ),
        ),
        ("meet.example.123", "The last part of a name cannot be a number."),
        (
            f"{'a' * 64}.example.org",
            "Between two dots at most 63 characters are allowed; these are 64.",
        ),
        (
            "gymnasium-süd.de",
            "Write umlauts and accents in their xn-- form: xn--gymnasium-sd-nlb.de",
        ),
        (
            "meet.straße-schule.de",
            "Write umlauts and accents in their xn-- form: meet.xn--strae-schule-o9a.de",
        ),
        (
            "snow☃.de",
            "Write umlauts and accents in their xn-- form (your registrar shows it).",
        ),
        ("xn--99999999999.de", "“xn--99999999999” is not a valid name in xn-- form."),
        (" meet.example.org", "Remove the spaces at the beginning and at the end."),
        (
            "meet.example.org\n",
            "It contains the invisible character U+000A; type it again.",
        ),
        ("{{ evil }}.org", "Ansible would calculate with {{, {% and {#; leave them out."),
    ],
)
def test_bad_domains_are_refused_with_what_to_do(value: str, sentence: str) -> None:
    assert refusal(hosts.domain, value) == sentence


def test_a_domain_leaves_room_for_the_longest_derived_name() -> None:
    longest = f"{ONE_LABEL}.{ONE_LABEL}.{ONE_LABEL}.{'a' * 47}"
    assert len("internal.auth." + hosts.domain(longest)) == 253
    with pytest.raises(ValueError, match=r"at most 239 characters; these are 240\. The server"):
        hosts.domain(longest + "a")


def test_a_domain_of_254_characters_is_no_host_name_at_all() -> None:
    value = f"{ONE_LABEL}.{ONE_LABEL}.{ONE_LABEL}.{'a' * 62}"
    assert len(value) == 254
    with pytest.raises(ValueError, match="at most 253 characters; these are 254"):
        hosts.domain(value)


@pytest.mark.parametrize(
    ("value", "normal"),
    [
        ("203.0.113.10", "203.0.113.10"),
        ("10.91.0.5", "10.91.0.5"),
        ("2001:DB8:0::1", "2001:db8::1"),
        ("server.example.org", "server.example.org"),
        ("my-ssh-alias", "my-ssh-alias"),
    ],
)
def test_good_addresses(value: str, normal: str) -> None:
    assert hosts.address(value) == normal


OWN_COMPUTER = "This is your own computer; write the address of the server."
NOBODY_THERE = "No server can be reached at this address; write its public one."


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("localhost", OWN_COMPUTER),
        ("127.0.0.1", OWN_COMPUTER),
        ("::1", OWN_COMPUTER),
        ("0.0.0.0", NOBODY_THERE),
        ("224.0.0.1", NOBODY_THERE),
        ("fe80::1", NOBODY_THERE),
        ("fe80::1%eth0", NOBODY_THERE),
        ("root@203.0.113.10", "Write the account as ssh_user and only the address here."),
        ("203.0.113.10:22", "Write the port as ssh_port and only the address here."),
        ("host.example.org:22", "Write the port as ssh_port and only the address here."),
        (
            "[2001:db8::1]:22",
            "Write the IPv6 address without brackets, and a port as ssh_port.",
        ),
        ("300.1.2.3", "This is not a valid IP address."),
        ("1.2.3", "This is not a valid IP address."),
        ("ssh://host", "Write the name alone, without ssh://."),
        (
            "-oProxyCommand=evil",
            "Write it in small letters: -oproxycommand=evil",
        ),
        (
            "-oproxycommand=evil",
            (
                "“-oproxycommand=evil” may only contain letters, digits and hyphens, with no "
                "hyphen at its beginning or end."
            ),
        ),
    ],
)
def test_bad_addresses_are_refused_with_what_to_do(value: str, sentence: str) -> None:
    assert refusal(hosts.address, value) == sentence


@pytest.mark.parametrize("value", ["it@school.example.org", "a.b+c@x.de", "IT@School.Example.org"])
def test_good_mailboxes(value: str) -> None:
    assert values.email(value) == value


@pytest.mark.parametrize(
    "value",
    [
        "it",
        "it@school",
        "@x.de",
        "a..b@x.de",
        '"x y"@x.de',
        "o'brien@x.de",
        "a@b@c.de",
        "a@x_y.de",
        "it@x.de, it@y.de",
    ],
)
def test_bad_mailboxes(value: str) -> None:
    assert refusal(values.email, value)


@pytest.mark.parametrize(
    "value",
    [
        "https://school.example.org",
        "https://school.example.org/a/b?c=d&e=%20#f",
        "https://203.0.113.10:8443/dir",
        "https://[2001:db8::1]/x",
    ],
)
def test_good_web_addresses(value: str) -> None:
    assert values.https_url(value) == value


@pytest.mark.parametrize(
    "value",
    [
        "http://school.example.org",
        "school.example.org",
        "javascript://x.org/%0aalert(1)",
        "https://",
        "https://user:secret@x.org",
        "https://x.org/a b",
        "https://x.org/'onload='",
        'https://x.org/"x',
        "https://x.org/<x>",
        "https://x.org/\\x",
        "https://x.org:0/",
        "https://x.org:99999/",
        "https://x.org:/",
        "https://[::1",
        "https://x.org/\u202e",
        "https://x.org/{{ lookup('pipe', 'id') }}",
    ],
)
def test_bad_web_addresses(value: str) -> None:
    assert refusal(values.https_url, value)


def test_a_repository_may_be_plain_http_and_loses_its_last_slash() -> None:
    assert values.repository_url("http://10.91.0.1:8099/") == "http://10.91.0.1:8099"


@pytest.mark.parametrize("value", ["ftp://x.org", "https://x.org/?a", "https://x.org/#a"])
def test_bad_repositories(value: str) -> None:
    assert refusal(values.repository_url, value)


@pytest.mark.parametrize(
    ("value", "normal"),
    [
        ("192.0.2.0/24", "192.0.2.0/24"),
        ("192.0.2.7", "192.0.2.7/32"),
        ("2001:DB8::/32", "2001:db8::/32"),
    ],
)
def test_good_networks(value: str, normal: str) -> None:
    assert values.network(value) == normal


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (
            "192.0.2.7/24",
            "“192.0.2.7/24” names an address within a network; the network is 192.0.2.0/24.",
        ),
        ("0.0.0.0/0", "“0.0.0.0/0” would be the whole internet."),
        ("::/0", "“::/0” would be the whole internet."),
        ("school", "“school” is not a network."),
        ("192.0.2.0/33", "“192.0.2.0/33” is not a network."),
    ],
)
def test_bad_networks(value: str, sentence: str) -> None:
    assert refusal(values.network, value) == sentence


def test_a_fingerprint_may_be_written_as_gpg_prints_it() -> None:
    printed = "ffd6 5a0d a2be bdeb 73d4  4c8b b4d2 d216 f1fd 7806"
    assert values.fingerprints(printed) == "FFD65A0DA2BEBDEB73D44C8BB4D2D216F1FD7806"


@pytest.mark.parametrize("value", ["", "FFD6", "G" * 40, "A" * 41])
def test_bad_fingerprints(value: str) -> None:
    assert refusal(values.fingerprints, value)


@pytest.mark.parametrize("value", ["root", "admin-1", "_x"])
def test_good_accounts(value: str) -> None:
    assert values.user_name(value) == value


@pytest.mark.parametrize("value", ["Root", "1x", "-x", "a b", "a" * 33, "a;id"])
def test_bad_accounts(value: str) -> None:
    assert refusal(values.user_name, value)


@pytest.mark.parametrize(
    "value",
    [
        "Gymnasium Nord",
        "Schule „Am Park“",
        'O\'Neill "School" `x` $(id) ; rm -rf / %s \\ <b>',
        "학교",
        "x" * 80,
    ],
)
def test_a_school_may_be_called_anything_printable(value: str) -> None:
    assert values.school_name(value) == value


def test_a_school_name_has_at_most_80_characters() -> None:
    with pytest.raises(ValueError, match="at most 80 characters; these are 81"):
        values.school_name("x" * 81)


@pytest.mark.parametrize("value", ["gymnasium-nord", "1", "a" * 63])
def test_good_short_names(value: str) -> None:
    assert values.school_key(value) == value


@pytest.mark.parametrize("value", ["", "-a", "Nord", "a b", "a.b", "a" * 64, "nord[1:3]", "a\n"])
def test_bad_short_names(value: str) -> None:
    assert refusal(values.school_key, value)


@pytest.mark.parametrize("value", ["schools", "all", "ungrouped", "localhost"])
def test_a_short_name_that_means_something_to_ansible_is_refused(value: str) -> None:
    assert "Ansible" in refusal(values.school_key, value)


@pytest.mark.parametrize("check", TEXT_CHECKS)
@pytest.mark.parametrize("sign", ["\n", "\t", "\0", "\r", "\x1b", "\u202e", "\u200b", "\x85"])
def test_no_check_lets_an_invisible_sign_through(check: Check, sign: str) -> None:
    assert "invisible" in refusal(check, f"a{sign}b.example.org")


# As browsers do it (UTS 46, not transitional): what stands right is what Chromium opens.
TYPED = {
    "meet.straße.de": "meet.xn--strae-oqa.de",
    "Gymnasium-Süd.de": "xn--gymnasium-sd-nlb.de",
    "gymnasium-su\u0308d.de": "xn--gymnasium-sd-nlb.de",
    "école.example": "xn--cole-9oa.example",
    "süd。example": "xn--sd-xka.example",
    "r3---x.süd.example": "r3---x.xn--sd-xka.example",
    "βόλος.gr": "xn--nxasmm1c.gr",
}
UNTOUCHED = ["Meet.Example.org", "203.0.113.10", "2001:db8::1", "", "snow☃.de", "ü@x", "a b ü"]


@pytest.mark.parametrize(("typed", "right"), TYPED.items())
def test_a_typed_name_is_brought_into_the_form_that_browsers_use(typed: str, right: str) -> None:
    assert hosts.as_typed(typed) == right
    assert hosts.host_name(right) == right


@pytest.mark.parametrize("typed", UNTOUCHED)
def test_what_is_no_name_with_umlauts_stays_as_it_was_typed(typed: str) -> None:
    assert hosts.as_typed(typed) == typed


@pytest.mark.parametrize(
    ("typed", "right"),
    [
        (
            "https://straße.de/über uns?a=ß#Ö",
            "https://xn--strae-oqa.de/%C3%BCber%20uns?a=%C3%9F#%C3%96",
        ),
        ("https://straße.de:8443", "https://xn--strae-oqa.de:8443"),
        ("https://example.org/a%20b", "https://example.org/a%20b"),
        ("https://example.org/ä%20b", "https://example.org/%C3%A4%20b"),
        ("straße.de", "straße.de"),
        ("https://[ü", "https://[ü"),
    ],
)
def test_a_typed_web_address_is_brought_into_the_form_that_browsers_use(
    typed: str, right: str
) -> None:
    assert values.url_as_typed(typed) == right


def test_a_typed_mailbox_may_stand_under_a_name_with_umlauts() -> None:
    assert values.email_as_typed("it@straße.de") == "it@xn--strae-oqa.de"
    assert values.email_as_typed("it") == "it"


@given(st.text())
@example("a\n")
@example("meet.example.org\n")
def test_whatever_a_domain_check_accepts_is_harmless_everywhere(value: str) -> None:
    try:
        accepted = hosts.domain(value)
    except ValueError:
        return
    assert set(accepted) <= set("abcdefghijklmnopqrstuvwxyz0123456789.-")
    assert not accepted.startswith(("-", "."))


@given(st.text(alphabet="https:/.@[]{}%'\"<> aX0?#\\\n&;", max_size=40))
def test_whatever_a_web_address_check_accepts_needs_no_quoting_in_markup(value: str) -> None:
    try:
        accepted = values.https_url("https://x.org/" + value)
    except ValueError:
        return
    assert not set(accepted) & set("'\"<>\\ \n{}`^|")


@given(st.text())
def test_no_check_fails_in_another_way_than_with_a_sentence(value: str) -> None:
    for check in TEXT_CHECKS:
        try:
            check(value)
        except ValueError as error:
            assert type(error) is ValueError  # noqa: PT017 - most values are simply fine
