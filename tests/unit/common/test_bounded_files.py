"""Files that a person or a program names: large ones, pipes and devices are refused at once."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from provision.certificates import pair as certificate
from provision.certificates import trust
from provision.common.bounded_files import NotPlainError, TooLargeError, read_bytes
from provision.common.limits import FILE

PROVISION = Path(trust.__file__).parents[1]


@pytest.fixture(params=["pipe", "endless", "large"])
def odd(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """What may stand in the place of a file; whoever reads it whole does not come back."""
    path = tmp_path / "odd"
    if request.param == "pipe":
        os.mkfifo(path)
    elif request.param == "endless":
        path.symlink_to("/dev/zero")
    else:
        with path.open("wb") as file:
            file.truncate(1 << 40)
    return path


def test_it_is_refused_with_a_sentence(odd: Path) -> None:
    large = odd.is_file()
    with pytest.raises(TooLargeError if large else NotPlainError) as error:
        read_bytes(odd)
    assert str(error.value) == (
        "It is larger than 1048 kB; no file of this kind is."
        if large
        else "It is no file, but a pipe or a device."
    )


def test_as_a_certificate_or_its_key(odd: Path, tmp_path: Path) -> None:
    good = tmp_path / "good"
    good.write_text("x")
    for pair in ((odd, good), (good, odd)):
        [result] = certificate.check_files(*pair, "meet.example.org")
        assert result.sentence.startswith(f"{odd}: It is ")
        assert result.remedy == "name the file that your authority sent"


def test_as_an_authority(odd: Path) -> None:
    with pytest.raises(OSError, match="It is "):
        trust.as_browsers(odd)


def test_a_folder_and_no_file_are_the_systems_own_errors(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        read_bytes(tmp_path)
    with pytest.raises(FileNotFoundError):
        read_bytes(tmp_path / "none")


def test_a_pipe_that_a_person_has_just_named_is_read(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    with subprocess.Popen(["sh", "-c", f"echo a,b > {path}"]):
        assert read_bytes(path, pipes=True) == b"a,b\n"


def test_the_largest_file_that_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "large"
    path.write_bytes(b"x" * FILE)
    assert len(read_bytes(path)) == FILE
    path.write_bytes(b"x" * (FILE + 1))
    with pytest.raises(TooLargeError):
        read_bytes(path)


def test_nothing_else_reads_a_file_whole() -> None:
    """What a person names is read in one place; what is left reads the program's own files."""
    allowed = {
        "common/bounded_files.py",
        "controls/__init__.py",
        "docs.py",
        "common/folders.py",
        "messages/i18n.py",
        "check/ports.py",
        "declared/declarations.py",
        "deploy/tree.py",
        "way/questions.py",
        "play/at_work.py",
        "verify/reporting/page.py",
        "verify/teacher.py",
        "verify/probes/inside.py",
        "verify/inside/apt_update.py",
    }
    found = {
        str(path.relative_to(PROVISION))
        for path in PROVISION.rglob("*.py")
        if re.search(r"\.read_(?:text|bytes)\(", path.read_text(encoding="utf-8"))
    }
    assert found <= allowed, found - allowed


def test_the_look_inside_waits_for_no_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.conf")
    (tmp_path / "a.conf").write_text('include "x.conf"\na = 1\n')
    script = (
        "import sys; from pathlib import Path; from provision.verify.inside import hocon, reading\n"
        "path = Path(sys.argv[1]); print(hocon.read((path / 'a.conf').read_text(), path))\n"
        "print(reading.digest(path / 'x.conf')[:4], reading.beginning(path / 'x.conf', 9))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        capture_output=True, text=True, timeout=30, check=True, cwd=PROVISION.parent,
    )  # fmt: skip
    assert done.stdout == "{'a': '1'}\ne3b0 b''\n"
