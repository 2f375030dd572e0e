"""provision new without a terminal."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from provision.inventory.reading import load
from tests.unit.made_certificates import key_pem, make, make_key

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Run, Seen

GIVEN = {
    "address": "203.0.113.10",
    "domain": "meet.gymnasium-sued.example.org",
    "school": "Gymnasium Süd",
    "contact": "it@gymnasium-sued.example.org",
}
NEXT = "  Next   give what is missing and correct the rest with --set KEY=VALUE\n"


def new(run: Run, *arguments: str, **changes: str | None) -> Seen:
    """Add a school with everything given, or with something else."""
    values = {name: value for name, value in {**GIVEN, **changes}.items() if value is not None}
    pairs = [part for name, value in values.items() for part in ("--set", f"{name}={value}")]
    return run("new", *arguments, *pairs)


def test_the_first_school_makes_the_file(run: Run, inventory: Path) -> None:
    assert new(run) == (
        0,
        """\
Gymnasium Süd is in inventory.yml as gymnasium-sued.
At your registrar, the A record of meet.gymnasium-sued.example.org must point to 203.0.113.10.
Next: provision check gymnasium-sued
""",
        "",
    )
    assert (
        inventory.read_text(encoding="utf-8")
        == """\
# The schools that provision looks after. This is a plain Ansible inventory.
# It holds no secret. What can be set: docs/settings.md, or `provision schema`.

schools:
  hosts:
    gymnasium-sued:
      address: 203.0.113.10
      domain: meet.gymnasium-sued.example.org
      school: Gymnasium Süd
      contact: it@gymnasium-sued.example.org
"""
    )
    assert inventory.stat().st_mode & 0o777 == 0o644


def test_a_german_technician_gets_a_german_school(run: Run, inventory: Path) -> None:
    code, out, _err = new(run, "--lang", "de", address="2001:db8::10")
    assert (code, out) == (
        0,
        """\
Gymnasium Süd steht in inventory.yml als gymnasium-sued.
Bei Ihrem Domain-Anbieter muss der AAAA-Eintrag von meet.gymnasium-sued.example.org auf \
2001:db8::10 zeigen.
Weiter: provision check gymnasium-sued
""",
    )
    text = inventory.read_text(encoding="utf-8")
    assert text.startswith("# Die Schulen, um die sich provision kümmert.")
    assert load(inventory).schools["gymnasium-sued"].language == "de"


def test_a_second_school_leaves_the_first_alone(run: Run, inventory: Path) -> None:
    new(run)
    before = inventory.read_text(encoding="utf-8")
    changes = {"address": "server.example.org", "domain": "a.example.org", "ssh_port": "2222"}
    code, out, _err = new(run, "west", **changes)
    assert (code, out) == (
        0,
        "Gymnasium Süd is in inventory.yml as west.\nNext: provision check west\n",
    )
    text = inventory.read_text(encoding="utf-8")
    assert text.startswith(before)
    assert (
        text[len(before) :]
        == """\
    west:
      address: server.example.org
      domain: a.example.org
      school: Gymnasium Süd
      contact: it@gymnasium-sued.example.org
      ssh_port: 2222
"""
    )


def test_what_is_shared_is_not_asked_again(run: Run, inventory: Path) -> None:
    inventory.write_text("schools:\n  vars:\n    contact: it@x.example.org\n    language: de\n")
    assert new(run, "sued", contact=None).code == 0
    added = inventory.read_text(encoding="utf-8").partition("sued:")[2]
    assert "contact" not in added
    assert "language" not in added


def test_without_a_terminal_everything_missing_is_listed(run: Run, inventory: Path) -> None:
    assert run("new", "--set", "contact=it") == (
        2,
        "",
        """\
✗ provision new: 4 problems
  Why    address
         It is missing. For instance: 203.0.113.10
         domain
         It is missing. For instance: meet.gymnasium-nord.example.org
         school
         It is missing. For instance: Gymnasium Nord
         contact: "it"
         An e-mail address contains an @. For instance: it@gymnasium-nord.example.org
"""
        + NEXT,
    )
    assert not inventory.exists()


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("domain", "", "It is empty."),
        (
            "domain",
            "localhost",
            "localhost is only your own computer; write the school's public name.",
        ),
        ("domain", "203.0.113.10", "This is an IP address; a certificate needs a name."),
        (
            "domain",
            "meet.example.org:443",
            "Write the name alone, without a colon and a port.",
        ),
        ("domain", "Meet.example.org", "Write it in small letters: meet.example.org"),
        (
            "domain",
            ".".join(["a" * 62] * 4) + ".de",
            "A host name has at most 253 characters; these are 254.",
        ),
    ],
)
def test_a_wrong_domain_is_refused_before_anything_is_written(
    run: Run, inventory: Path, name: str, value: str, sentence: str
) -> None:
    code, out, err = new(run, **{name: value})
    assert (code, out) == (2, "")
    lines = err.splitlines()
    assert lines[0] == "✗ provision new: one problem"
    assert lines[1].startswith(f"  Why    {name}")
    assert lines[2] == f"         {sentence} For instance: meet.gymnasium-nord.example.org"
    assert not inventory.exists()


def test_an_existing_school_is_refused_and_untouched(run: Run, inventory: Path) -> None:
    new(run)
    before = inventory.read_bytes()
    refusal = (
        5,
        "",
        """\
✗ inventory.yml already has the school gymnasium-sued
  Why    nothing was changed
  Next   change its lines in inventory.yml, or choose another short name
""",
    )
    assert new(run, "gymnasium-sued") == refusal
    assert new(run, address="203.0.113.11", domain="b.example.org") == refusal
    assert inventory.read_bytes() == before


def test_two_schools_cannot_share_a_server_or_a_name(run: Run) -> None:
    new(run)
    assert new(run, "west") == (
        2,
        "",
        """\
✗ provision new: 2 problems
  Why    address: "203.0.113.10"
         gymnasium-sued has the same; each school needs its own.
         domain: "meet.gymnasium-sued.example.org"
         gymnasium-sued has the same; each school needs its own.
"""
        + NEXT,
    )


@pytest.mark.parametrize("key", ["Süd", "-a", "a b", "a.b"])
def test_a_wrong_short_name_is_refused(run: Run, inventory: Path, key: str) -> None:
    arguments = ["--", key] if key.startswith("-") else [key]
    pairs = [part for name, value in GIVEN.items() for part in ("--set", f"{name}={value}")]
    assert run("new", *pairs, *arguments) == (
        2,
        "",
        f"""\
✗ "{key}" cannot be a short name
  Why    Use small letters, digits and hyphens, at most 63, and begin with a letter or a digit, \
for instance gymnasium-nord.
""",
    )
    assert not inventory.exists()


def test_wrong_pairs_are_refused_together(run: Run) -> None:
    pairs = ("adress=x", "school", "host=x", "language=de", "language=en")
    arguments = [part for pair in pairs for part in ("--set", pair)]
    assert run("new", *arguments) == (
        2,
        "",
        """\
✗ --set: 4 problems
  Why    adress
         There is no such setting. Did you mean address?
         "school"
         Write KEY=VALUE, for instance --set language=de
         host
         This setting is called address here.
         language
         It is given twice.
""",
    )


def test_a_file_with_problems_is_not_added_to(run: Run, inventory: Path) -> None:
    inventory.write_text("schools:\n  host:\n")
    code, out, err = new(run)
    assert (code, out) == (2, "")
    assert err.startswith("✗ inventory.yml: one problem\n  line 2   ")
    assert inventory.read_text() == "schools:\n  host:\n"


def test_an_own_certificate_is_looked_at_before_anything_is_written(
    run: Run, inventory: Path
) -> None:
    key, now = make_key(), datetime.now(UTC)
    directory = inventory.parent
    own = {
        "certificate": "own",
        "certificate_file": "c.pem",
        "certificate_key_file": "k.pem",
    }
    certificate = make(
        "x", key, names=("other.example.org",), begin=now - timedelta(days=2), end=now
    )
    (directory / "c.pem").write_bytes(certificate)
    (directory / "k.pem").write_bytes(key_pem(make_key()))
    assert new(run, **own) == (
        2,
        "",
        """\
✗ provision new: 3 problems
  Why    certificate_file
         The certificate is for other.example.org, not for meet.gymnasium-sued.example.org.
         have one issued for meet.gymnasium-sued.example.org, or correct it
         certificate_file
"""
        f"         The certificate ended on {now.date()}.\n"
        "         have a new one issued\n"
        """\
         certificate_file
         The key does not belong to this certificate.
         use the file that was made together with the certificate request
""" + NEXT,
    )
    assert not inventory.exists()


def test_a_good_own_certificate_is_taken(run: Run, inventory: Path) -> None:
    key, now = make_key(), datetime.now(UTC)
    (inventory.parent / "c.pem").write_bytes(
        make("x", key, names=(GIVEN["domain"],), begin=now, end=now + timedelta(days=60))
    )
    (inventory.parent / "k.pem").write_bytes(key_pem(key))
    changes = {"certificate": "own", "certificate_file": "c.pem", "certificate_key_file": "k.pem"}
    assert new(run, **changes).code == 0
    assert "      certificate_key_file: k.pem\n" in inventory.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["Schools", "All", "ungrouped", "LOCALHOST"])
def test_a_name_that_ansible_knows_becomes_another_short_name(run: Run, name: str) -> None:
    assert f"is in inventory.yml as school-{name.lower()}.\n" in new(run, school=name).out
    refused = run("new", name.lower(), *("--set", "school=Another"))
    assert refused.code == 2
    assert f'"{name.lower()}" cannot be a short name' in refused.err


def test_umlauts_are_stored_in_the_form_that_the_internet_wants(run: Run, inventory: Path) -> None:
    seen = new(
        run,
        domain="meet.straße-schule.de",
        contact="it@straße-schule.de",
        imprint_url="https://straße-schule.de/über",
    )
    assert "record of meet.xn--strae-schule-o9a.de must" in seen.out
    school = load(inventory).schools["gymnasium-sued"]
    assert school.domain == "meet.xn--strae-schule-o9a.de"
    assert school.contact == "it@xn--strae-schule-o9a.de"
    assert school.imprint_url == "https://xn--strae-schule-o9a.de/%C3%BCber"


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Grundschule Weißensee", "grundschule-weissensee"),
        ("École Saint-Exupéry", "ecole-saint-exupery"),
        ("Søren-Łukasz-Schule", "soren-lukasz-schule"),
    ],
)
def test_the_short_name_reads_like_the_schools(run: Run, name: str, key: str) -> None:
    assert f"is in inventory.yml as {key}.\n" in new(run, school=name).out
