"""TLS: the certificates by which focus and bridge know Prosody never end unnoticed."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from tests.bench.process import wait_until

if TYPE_CHECKING:
    from tests.system.school import School

# What the server shows to focus and bridge, by the only authority that they trust.
SEEN = (
    "openssl s_client -connect 127.0.0.1:5222 -starttls xmpp -xmpphost auth.{0} "
    "-verify_return_error -CAfile /etc/ssl/certs/ca-certificates.crt </dev/null 2>/dev/null "
    "| openssl x509 -noout -checkend {1}"
)
MONTH, YEARS = 30 * 86400, 9 * 365 * 86400


@pytest.fixture
def ends_soon(school: School) -> School:
    """The school, its internal certificates 20 days before their end; everybody trusts them."""
    host = school.host
    for name in (school.domain, f"auth.{school.domain}"):
        pair = f"/etc/prosody/certs/{name}"
        host.run(
            f"openssl x509 -in {pair}.crt -key {pair}.key -days 20 -out /tmp/soon.crt "
            f"&& cat /tmp/soon.crt > {pair}.crt && rm /tmp/soon.crt"
        )
    host.run(f"cp {pair}.crt /usr/local/share/ca-certificates/")
    host.run("systemctl reload prosody; update-ca-certificates")
    assert wait_until(lambda: shown(school, 0) and not shown(school, MONTH), seconds=30, every=0.5)
    return school


def shown(school: School, seconds: int) -> bool:
    """Return whether what Prosody shows is trusted and does not end within so many seconds."""
    return school.host.run(SEEN.format(school.domain, seconds), check=False).returncode == 0


def bridges(school: School) -> int:
    """Return how many bridges the focus can use; both have signed in to Prosody by then."""
    said = school.host.run("curl -s http://127.0.0.1:8888/stats", check=False).stdout
    return int(
        json.loads(said or "{}").get("bridge_selector", {}).get("operational_bridge_count", 0)
    )


def test_they_are_prolonged_at_night(ends_soon: School) -> None:
    host, running = ends_soon.host, ends_soon.invocations()
    timer = "jitsi-provision-internal-certificates.timer"
    host.run("systemctl start jitsi-provision-internal-certificates.service", timeout=120)
    assert wait_until(lambda: shown(ends_soon, YEARS), seconds=10, every=0.5)
    now = ends_soon.invocations()
    restarted = [name for name in running if now[name] != running[name]]
    assert restarted == ["jicofo", "jitsi-videobridge2"]
    assert wait_until(lambda: bridges(ends_soon) == 1, seconds=60, every=0.5)
    # The next night nothing is due, and nothing restarts.
    host.run("systemctl start jitsi-provision-internal-certificates.service", timeout=120)
    assert ends_soon.invocations() == now
    planned = host.run("systemctl list-timers --all --no-legend --plain").stdout
    for name in (timer, "certbot.timer"):
        assert re.search(rf"^\S+ .*{re.escape(name)}", planned, re.MULTILINE), planned
    assert host.run(["systemctl", "is-enabled", timer]).stdout == "enabled\n"


def test_they_are_prolonged_by_a_deployment(ends_soon: School) -> None:
    done = ends_soon.project.run("deploy", "--json")
    assert done.code == 0, done.err
    names = (ends_soon.domain, f"auth.{ends_soon.domain}")
    assert done.data["changed"] == [
        *(f"/etc/prosody/certs/{name}.crt" for name in names),
        f"/usr/local/share/ca-certificates/{names[1]}.crt",
    ]
    assert done.data["reloaded"] == ["prosody.service"]
    assert shown(ends_soon, YEARS)
    assert bridges(ends_soon) == 1
    assert ends_soon.project.run("deploy", "--json").data["changed"] == []
