"""NEW: somebody with the provider's mail and nothing else ends with a working site."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from tests.figures import newcomer
from tests.system.entrance import Entrance

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import MakeHost


def test_what_the_program_prints_leads_from_the_mail_to_the_page(
    make_host: MakeHost, tmp_path: Path
) -> None:
    host = make_host("13")
    seen = newcomer.play(host, tmp_path, io.StringIO(), standins=True)
    assert [command for command, _output in seen] == [
        "", "provision new demo", "provision check demo", "provision deploy demo",
        "provision teachers add demo a.meier", "provision verify demo",
    ]  # fmt: skip
    assert "44 of 54 musts fulfilled, 0 failed" in seen[-1][1]
    root = tmp_path / "roots.pem"
    page = Entrance(host.address, f"meet.{host.name}.school.test", root).get("/")
    assert (page.status, "<h1>Demo-Gymnasium</h1>" in page.text) == (200, True)
