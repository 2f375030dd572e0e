"""TLS: a renewed certificate reaches the web and the relay, and nobody's lesson ends for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.bench.process import wait_until
from tests.system.relay import Relay
from tests.system.visitor import Visitor

if TYPE_CHECKING:
    from tests.system.entrance import Entrance
    from tests.system.school import School


def test_renewed_certificate_is_served_without_a_restart(
    school: School, entrance: Entrance
) -> None:
    guest = Visitor(entrance, f"guest.{entrance.domain}")
    guest.sign_in()
    turns = next(service for service in guest.services() if service["type"] == "turns")
    session = Relay(entrance.secure(5349), turns["username"], turns["password"])
    session.allocate()
    before, running = entrance.certificate()["serialNumber"], school.invocations()
    renewal = f"/etc/letsencrypt/renewal/{school.domain}.conf"
    kept = school.host.read(renewal).decode()
    # Due at once; then certbot's own timer unit does what it does twice a day.
    due = kept.replace("[renewalparams]", "renew_before_expiry = 4000 days\n[renewalparams]")
    school.host.write(renewal, due)
    try:
        school.host.run("systemctl start certbot.service", timeout=120)
        for port in (443, 5349):
            assert wait_until(
                lambda port=port: entrance.certificate(port)["serialNumber"] != before,
                seconds=60,
                every=0.5,
            ), port
    finally:
        renewed = school.host.read(renewal).decode()
        school.host.write(renewal, renewed.replace("renew_before_expiry = 4000 days\n", ""))
    assert entrance.certificate(443)["serialNumber"] == entrance.certificate(5349)["serialNumber"]
    assert school.invocations() == running
    session.refresh()
    assert guest.catch_up() is not None
