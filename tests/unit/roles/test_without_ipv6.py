"""A server whose kernel knows no IPv6: asked by opening a port, and nothing of ours needs one."""

from __future__ import annotations

import errno
import socket
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.modules import Server
from tests.unit.trees import contents, rendered, school, server

if TYPE_CHECKING:
    from pathlib import Path

FRONT = "/etc/nginx/modules-enabled/70-jitsi-provision.conf"
KERNEL = "/etc/sysctl.d/60-jitsi-provision.conf"


@pytest.mark.parametrize("turn_domain", ["", "turn.example.org"])
def test_only_a_server_that_knows_it_listens_over_ipv6(turn_domain: str) -> None:
    settings = school(**({"turn_domain": turn_domain} if turn_domain else {}))
    for known in (True, False):
        files = contents(rendered(settings, server(ipv6=known)))
        assert ("listen [::]:80" in files[FRONT]) is known
        assert ("listen [::]:443" in files[FRONT]) is known
        assert "listen 80 " in files[FRONT]
        assert "listen 443 " in files[FRONT]
        assert ("net.ipv6" in files[KERNEL]) is known


@pytest.mark.parametrize(
    ("number", "known"),
    [(errno.EAFNOSUPPORT, False), (errno.EADDRNOTAVAIL, False), (errno.EMFILE, True)],
)
def test_a_server_is_asked_by_opening_a_port(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, *, known: bool
) -> None:
    module = Server(tmp_path, monkeypatch).module("server_facts")

    def refused(*_arguments: Any) -> None:
        raise OSError(number, "no")

    monkeypatch.setattr(socket, "socket", refused)
    assert module.knows_ipv6() is known
