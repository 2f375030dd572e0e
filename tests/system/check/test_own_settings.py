"""What ~/.ssh/config says for people who type: it neither hangs the program nor makes it deaf."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.system.check.desk import Desk

# Too long for script/test; script/lived-in runs it.
pytestmark = pytest.mark.lived_in

# ssh asks the system for its user's home, not the environment.
SEEN = 'mount --make-rprivate / && mount --bind "$0" /root/.ssh && exec "$@"'
ELSEWHERE = (
    "The way to the server in ~/.ssh/config (ProxyJump, ProxyCommand) does not lead there.",
    "try it yourself: ssh -p 22 root@ADDRESS",
)


def seated(desk: Desk, folder: Path, settings: str) -> Desk:
    """Return the desk of somebody who has these settings for every server."""
    folder.chmod(0o700)
    (folder / "config").write_text(f"Host *\n{settings}\n")
    desk.prefix = ["unshare", "--mount", "sh", "-c", SEEN, str(folder)]
    return desk


@pytest.mark.parametrize(
    "settings",
    [
        "RequestTTY force\nRemoteCommand tmux attach",
        "SessionType none",
        "StdinNull yes\nForkAfterAuthentication yes",
        "PermitLocalCommand yes\nLocalCommand echo hello\nVisualHostKey yes\nLogLevel DEBUG2",
        "User nobody\nPort 9\nControlMaster auto\nControlPath ~/.ssh/%C\nControlPersist 2s",
    ],
)
def test_settings_for_people_who_type_change_no_answer(
    desk: Desk, tmp_path: Path, settings: str
) -> None:
    assert seated(desk, tmp_path, settings).problems() == (0, [], [])


@pytest.mark.parametrize("way", ["ProxyCommand /nowhere/nc %h %p", "ProxyJump gate.invalid"])
def test_a_way_that_leads_nowhere_is_not_told_of_the_server(
    desk: Desk, tmp_path: Path, way: str
) -> None:
    done = seated(desk, tmp_path, way).run("--json")
    error = done.data["error"]
    assert (done.code, error["what"], desk.neutral(error["rows"]["Next"])) == (3, *ELSEWHERE)
