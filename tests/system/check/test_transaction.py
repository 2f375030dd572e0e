"""`provision check` tries the installation that a deployment would begin with, changing nothing."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.remedies import in_list, tried_by
from tests.standins import repository
from tests.standins.keys import SigningKey
from tests.system.test_package_failures import served

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bench import Bench
    from tests.system.check.conftest import MakeDesk

# Too long for script/test; script/lived-in runs it.
pytestmark = pytest.mark.lived_in

HERE = "tests/system/check/test_transaction.py::test_a_repository_without_the_client_is_told"
LACKS = "A deployment could not install its packages: {reason}"


@pytest.mark.parametrize(
    ("lists", "reason"),
    [
        (False, "Unable to locate package jitsi-meet-web"),
        (True, "Package 'jitsi-meet-web' has no installation candidate"),
    ],
    ids=["new server", "with lists of Debian"],
)
def test_a_repository_without_the_client_is_told(
    bench: Bench, make_desk: MakeDesk, tmp_path: Path, reason: str, *, lists: bool
) -> None:
    folder = shutil.copytree(bench.packages.default, tmp_path / "packages")
    for package in folder.glob("stable/jitsi-meet-web_*.deb"):
        package.unlink()
    repository.index(folder)
    key = SigningKey(bench.directory / "gpg")
    key.sign(folder / "stable" / "Release")
    key.close()
    with served(folder) as url:
        desk = make_desk(repository=url)
        desk.host.run("apt-get update -q" if lists else "rm -rf /var/lib/apt/lists/*.*")
        before = desk.host.run("ls -lR /var/lib/apt /run/provision*", check=False)
        code, sentences, remedies = desk.problems()
        after = desk.host.run("ls -lR /var/lib/apt /run/provision*", check=False)
    assert (code, sentences) == (1, [LACKS.format(reason=reason)])
    assert remedies == [
        (
            f"ask whoever runs {url} for what is missing there, or correct `repository` in "
            "inventory.yml"
        )
    ]
    assert (after.stdout, after.stderr) == (before.stdout, before.stderr)
    # As advised; what can be installed is said only then.
    desk.write(repository=bench.packages.url)
    done = desk.run("--json")
    assert "Packages can be installed." in [one["sentence"] for one in done.data["findings"]]
    assert done.code == 0
    assert tried_by(HERE) == in_list(remedies[0])
