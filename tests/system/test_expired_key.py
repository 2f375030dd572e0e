"""Jitsi's key has expired on the server, and was prolonged since where it comes from."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.remedies import in_list, tried_by
from tests.system.check.desk import Desk

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bench import Bench
    from tests.system.school import School

# Too long for script/test; script/lived-in runs it.
pytestmark = pytest.mark.lived_in

HERE = "tests/system/test_expired_key.py::test_a_key_that_has_expired_is_told_and_replaced"
KEYRING = "/etc/apt/keyrings/jitsi-provision.asc"
ANY = "apt-get update -q -o APT::Update::Error-Mode=any"


def expired(bench: Bench, folder: Path) -> str:
    """Return the repository's key as it would be if it had lived for a minute only."""
    home = folder / "gpg"
    shutil.copytree(bench.directory / "gpg", home, ignore=shutil.ignore_patterns("S.*"))
    home.chmod(0o700)

    def gpg(*words: str) -> str:
        command = ["gpg", "--homedir", str(home), "--batch", "--quiet", *words]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    try:
        listed = gpg("--list-keys", "--with-colons").splitlines()
        born = next(int(line.split(":")[5]) for line in listed if line.startswith("pub:"))
        gpg("--faked-system-time", str(born + 60),
            "--quick-set-expire", bench.packages.fingerprint, "seconds=60")  # fmt: skip
        return gpg("--armor", "--export", bench.packages.fingerprint)
    finally:
        subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "all"], check=False)


@pytest.mark.parametrize("release", ["13", "12"])
def test_a_key_that_has_expired_is_told_and_replaced(
    request: pytest.FixtureRequest, bench: Bench, tmp_path: Path, release: str
) -> None:
    place: School = request.getfixturevalue("school" if release == "13" else "school12")
    host, desk = place.host, Desk(bench.chair(), place.project)
    host.write(KEYRING, expired(bench, tmp_path))
    # apt ends well with the lists of before: nothing else of the server tells.
    assert host.run("apt-get update -q", check=False).returncode == 0
    assert host.run(ANY, check=False).returncode != 0
    code, sentences, remedies = desk.problems()
    assert (code, len(sentences)) == (1, 1)
    assert sentences[0].startswith(
        "apt on the server refuses Jitsi's packages, so no update of Jitsi arrives: "
    )
    assert remedies == ["`provision deploy` brings the key that they are signed with now"]
    done = place.project.run("deploy", "--json")
    assert (done.code, done.data["changed"]) == (0, [KEYRING])
    host.run(ANY)
    assert desk.problems() == (0, [], [])
    assert place.project.run("deploy", "--json").data["changed"] == []
    assert tried_by(HERE) == in_list(remedies[0])
