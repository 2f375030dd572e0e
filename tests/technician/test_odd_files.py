"""A pipe, a device or gigabytes in the place of a file: refused with a sentence, and no hang."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.inventories import NORD

if TYPE_CHECKING:
    from pathlib import Path

    from tests.technician.conftest import Computer

OWN = f"{NORD}      certificate: own\n      certificate_file: a.pem\n"
OWN += "      certificate_key_file: a.key\n"
PIPE = "It is no file, but a pipe or a device."
LARGE = "It is larger than 1048 kB; no file of this kind is."


def pipe(path: Path) -> None:
    """Put a pipe there, to which nobody ever writes."""
    path.unlink(missing_ok=True)
    os.mkfifo(path)


def large(path: Path) -> None:
    """Put 6 GB there, which take no place."""
    with path.open("wb") as file:
        file.truncate(6 << 30)


@pytest.mark.parametrize("verb", ["plan", "deploy", "connect"])
@pytest.mark.parametrize(("make", "said"), [(pipe, PIPE), (large, LARGE)], ids=["pipe", "large"])
def test_known_hosts(computer: Computer, verb: str, make: object, said: str) -> None:
    assert callable(make)
    make(computer.project / "known_hosts")
    done = computer.run(verb)
    assert (done.code, done.out) == (5, ""), done.err
    assert done.err.splitlines()[:2] == ["✗ known_hosts cannot be read", f"  Why    {said}"]


@pytest.mark.parametrize(("make", "said"), [(pipe, PIPE), (large, LARGE)], ids=["pipe", "large"])
def test_inventory(computer: Computer, make: object, said: str) -> None:
    assert callable(make)
    make(computer.project / "inventory.yml")
    done = computer.run("list")
    assert (done.code, done.out) == (2, "")
    assert f"  Why    {said}\n" in done.err


@pytest.mark.parametrize("name", ["a.pem", "a.key"])
def test_a_certificate_of_gigabytes(computer: Computer, name: str) -> None:
    computer.write(OWN)
    for each in ("a.pem", "a.key"):
        computer.write("-----BEGIN x\n", each)
    large(computer.project / name)
    done = computer.run("check")
    assert done.code != 0
    assert f"{name}: {LARGE}" in done.err + done.out


@pytest.mark.parametrize("name", ["a.pem", "a.key"])
def test_a_certificate_that_is_a_pipe(computer: Computer, name: str) -> None:
    computer.write(OWN)
    for each in ("a.pem", "a.key"):
        computer.write("-----BEGIN x\n", each)
    pipe(computer.project / name)
    done = computer.run("plan")
    assert (done.code, done.out) == (2, "")
    assert f"{name} is not a file." in done.err
