"""What the program advises on this computer is typed as it stands there, and the fault is gone."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from provision.access import first_sign_in, identity
from provision.messages.errors import UsageError
from tests.inventories import NORD

if TYPE_CHECKING:
    from tests.cli.conftest import Run, Seen

SUED = NORD.partition("hosts:\n")[2].replace("nord", "sued").replace("113.10", "113.11")
SETTINGS = (
    *("--set", "address=203.0.113.10", "--set", "domain=meet.nord.example.org"),
    *("--set", "school=Gymnasium Nord", "--set", "contact=it@nord.example.org"),
)

CHECKLIST = "no,no,no,no,no,yes,no"
"""Answers that lead to a list of what to require of others."""


def advice(seen: Seen) -> str:
    """Return what stands behind `Next` in an error."""
    found = re.search(r"(?m)^  Next +(.*)$", seen.err)
    assert found, seen
    return found[1]


def typed(run: Run, said: str) -> Seen:
    """Run the command that stands in an advice, between backticks or from `provision` on."""
    quoted = re.search(r"`(provision [^`]*)`", said)
    words = shlex.split(quoted[1] if quoted else said[said.index("provision ") :])
    return run(*words[1:])


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (["nwe"], "did you mean `provision new`?"),
        (["frobnicate"], "`provision --help` lists all commands"),
        (["list", "-q"], "`provision list --help` shows how it is used"),
        (["teachers", "ad"], "did you mean `provision teachers add`?"),
        (["teachers", "frobnicate"], "`provision teachers --help` lists all commands"),
        (["teachers"], "provision teachers --help"),
    ],
)
def test_a_slip_of_the_pen_leads_to_a_command_that_there_is(
    run: Run, wrong: list[str], says: str
) -> None:
    said = advice(run(*wrong))
    assert said == says
    seen = typed(run, said)
    assert "There is no command" not in seen.err
    assert "There is no option" not in seen.err
    assert seen.code == 0 or wrong in (["nwe"], ["teachers", "ad"])


def test_without_an_inventory_the_command_that_writes_one_is_named(
    run: Run, inventory: Path
) -> None:
    said = advice(run("list"))
    assert said == "`provision new` writes one"
    assert run(*shlex.split(said.strip("`").partition("`")[0])[1:], "nord", *SETTINGS).code == 0
    assert inventory.exists()
    assert run("list").code == 0


def test_where_nothing_is_said_of_a_school_the_one_that_is_missing_can_be_given(
    run: Run, inventory: Path
) -> None:
    said = advice(run("new", "nord"))
    assert said == "give what is missing and correct the rest with --set KEY=VALUE"
    assert run("new", "nord", *SETTINGS).code == 0
    assert "nord" in inventory.read_text()


@pytest.mark.parametrize("verb", ["connect", "deploy"])
def test_of_several_schools_one_is_to_be_named(run: Run, inventory: Path, verb: str) -> None:
    inventory.write_text(NORD + SUED)
    said = advice(run(verb))
    assert said in {"name one of them", "name one or more of them, or write --all"}
    # It is not that any more which is wrong: nobody is at a terminal, or no server answers there.
    assert "Which school" not in run(verb, "nord", "--help").err


def test_an_inventory_that_is_no_yaml_can_be_corrected(run: Run, inventory: Path) -> None:
    inventory.write_text(NORD.replace("      domain", "\tdomain"))
    assert advice(run("list")) == "correct this line first"
    inventory.write_text(NORD)
    assert run("list").code == 0


@pytest.mark.parametrize("wrong", [b'short_name;school\n"x;y\n', b"", None])
def test_a_list_of_schools_can_be_begun_anew(
    run: Run, inventory: Path, tmp_path: Path, wrong: bytes | None
) -> None:
    path = tmp_path / "schools.csv"
    if wrong is not None:
        path.write_bytes(wrong)
    said = advice(run("new", "--csv", "schools.csv"))
    if said == "correct this row first":
        path.write_text("")
        said = advice(run("new", "--csv", "schools.csv"))
    assert said == "`provision new --csv-template > schools.csv` writes an empty list"
    template = run("new", "--csv-template").out
    row = "nord,203.0.113.10,meet.nord.example.org,Gymnasium Nord,it@nord.example.org"
    heading = template.splitlines()[0].split(",")
    first = ["short_name", "address", "domain", "school", "contact"]
    assert set(first) <= set(heading)
    cells = dict(zip(first, row.split(","), strict=True))
    path.write_text(template + ",".join(cells.get(name, "") for name in heading) + "\n")
    assert run("new", "--csv", "schools.csv").code == 0
    assert "nord" in inventory.read_text()


def test_a_list_with_a_wrong_school_is_corrected(run: Run, inventory: Path, tmp_path: Path) -> None:
    path = tmp_path / "schools.csv"
    text = (
        "short_name,address,domain,school,contact\n"
        "nord,203.0.113.10,meet.nord.example.org,Gymnasium Nord,it@nord.example.org\n"
    )
    path.write_text(text.replace("203.0.113.10", "203.0.113.999"))
    said = advice(run("new", "--csv", "schools.csv"))
    assert said == "nothing was written; correct the list, then run the same command again"
    assert not inventory.exists()
    path.write_text(text)
    assert run("new", "--csv", "schools.csv").code == 0


def test_a_control_that_there_is_not_leads_to_the_list_of_all(run: Run, inventory: Path) -> None:
    inventory.write_text(NORD)
    said = advice(run("verify", "--only", "XYZ-99"))
    assert said == "docs/controls.md lists all of them"


def test_a_key_that_there_is_not_can_be_made(
    run: Run, inventory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inventory.write_text(NORD)
    monkeypatch.setenv("HOME", str(tmp_path))
    seen = run("connect", "nord", "--identity", "nowhere")
    assert advice(seen) == "name the file of a secret SSH key, for instance ~/.ssh/id_ed25519"
    (tmp_path / ".ssh").mkdir()
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / ".ssh" / "id_ed25519"],
        check=True,
    )
    assert identity.named(Path("~/.ssh/id_ed25519")).public.startswith("ssh-ed25519 ")


def test_the_way_is_answered_beforehand_as_advised(run: Run) -> None:
    said = advice(run("way"))
    found = re.fullmatch(r"answer beforehand, for instance (--answers) (\S+)", said)
    assert found
    option, answers = found.groups()
    assert run("way", option, answers).code == 0
    shorter, _comma, last = answers.rpartition(",")
    said = advice(run("way", option, shorter))
    assert said == "add yes or no at the end"
    assert run("way", option, f"{shorter},{last}").code == 0
    longer = f"{answers},yes,no"
    cut = re.fullmatch(
        r"leave out what follows after answer (\d+)", advice(run("way", option, longer))
    )
    assert cut
    assert run("way", option, ",".join(longer.split(",")[: int(cut[1])])).code == 0


def test_a_checklist_that_is_there_gets_another_name_as_advised(run: Run, tmp_path: Path) -> None:
    kept = tmp_path / "list.md"
    kept.write_text("mine")
    command = ("way", "--answers", CHECKLIST, "--output")
    assert advice(run(*command, "list.md")) == "choose another name, or remove the file first"
    assert run(*command, "other.md").code == 0
    assert kept.read_text() == "mine"
    kept.unlink()
    assert run(*command, "list.md").code == 0


def test_a_file_without_a_school_leads_to_the_command_that_adds_one(
    run: Run, inventory: Path
) -> None:
    inventory.write_text("schools:\n  hosts: {}\n")
    assert advice(run("check")) == "provision new"
    inventory.write_text("schools:\n  hosts:\n")
    assert run("new", "nord", *SETTINGS).code == 0
    assert "no school yet" not in run("list").err


def test_a_name_that_is_nearly_right_is_named(run: Run, inventory: Path) -> None:
    inventory.write_text(NORD)
    for wrong, right in (
        (["connect", "nrod"], "nord"),
        (["verify", "--only", "TLS-1"], "TLS-01"),
        (["teachers", "add", "nord", "B.Müller"], "b.mueller"),
    ):
        found = re.fullmatch(r"did you mean (\S+)\?", advice(run(*wrong)))
        assert found
        assert found[1] == right
        again = run(*[right if word in {"nrod", "TLS-1", "B.Müller"} else word for word in wrong])
        assert "did you mean" not in again.err


def test_a_short_name_that_is_taken_is_another_one_as_advised(run: Run, inventory: Path) -> None:
    inventory.write_text(NORD)
    other = [
        word.replace("nord.example", "sued.example").replace("113.10", "113.11")
        for word in SETTINGS
    ]
    said = advice(run("new", "nord", *other))
    assert said == f"change its lines in {inventory.name}, or choose another short name"
    assert run("new", "sued", *other).code == 0
    inventory.write_text(NORD.replace("Gymnasium Nord", "Gymnasium Nordwest"))
    assert "Gymnasium Nordwest" in run("list").out


def test_a_wrong_setting_is_corrected_in_the_file_as_advised(run: Run, inventory: Path) -> None:
    inventory.write_text(NORD.replace("203.0.113.10", "203.0.113.999"))
    assert advice(run("list")) == "correct the file, then run the same command again"
    inventory.write_text(NORD)
    assert run("list").code == 0


def test_a_setting_beside_the_inventory_is_moved_into_it_as_advised(
    run: Run, inventory: Path, tmp_path: Path
) -> None:
    inventory.write_text(NORD)
    beside = tmp_path / "host_vars" / "nord.yml"
    beside.parent.mkdir()
    beside.write_text("language: en\n")
    said = advice(run("list"))
    assert said == f"move it to {inventory.name}, then run the same command again"
    inventory.write_text(NORD + "      " + beside.read_text())
    beside.unlink()
    assert run("list").code == 0


def test_a_key_elsewhere_is_copied_into_the_folder_as_advised(
    run: Run, inventory: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "90"),
            *("-subj", "/CN=meet.nord.example.org"),
            *("-addext", "subjectAltName=DNS:meet.nord.example.org"),
            *("-keyout", str(elsewhere / "school.key"), "-out", str(elsewhere / "school.pem")),
        ],
        check=True,
        capture_output=True,
    )

    def named(folder: str) -> str:
        return (
            f"{NORD}      certificate: own\n      certificate_file: {folder}school.pem\n"
            f"      certificate_key_file: {folder}school.key\n"
        )

    inventory.write_text(named(f"{elsewhere}/"))
    said = advice(run("list"))
    assert said == "copy certificate and key into this folder, and name the copies"
    for name in ("school.pem", "school.key"):
        (tmp_path / name).write_bytes((elsewhere / name).read_bytes())
    inventory.write_text(named(""))
    assert "lies outside the folder" not in run("list").err


def test_a_folder_with_an_odd_name_is_left_as_advised(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = tmp_path / 'the "schools"'
    odd.mkdir()
    (odd / "inventory.yml").write_text(NORD)
    monkeypatch.chdir(odd)
    assert advice(run("list")) == "move the project to another folder, then run this again"
    monkeypatch.chdir(tmp_path)
    odd.rename(tmp_path / "schools")
    monkeypatch.chdir(tmp_path / "schools")
    assert run("list").code == 0


def test_a_descriptor_without_a_password_leads_to_one_that_has_it(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as told:
        first_sign_in._from_descriptor(987)
    assert told.value.next == "for instance: --password-fd 0 < FILE"
    (tmp_path / "FILE").write_text("first-pass-42\n")
    with (tmp_path / "FILE").open("rb") as file:
        assert first_sign_in._from_descriptor(file.fileno()) == "first-pass-42"
