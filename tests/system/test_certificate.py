"""TLS: a renewed certificate reaches the web and the relay, and nobody's lesson ends for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.system.relay import Relay
from tests.system.renewal import renew

if TYPE_CHECKING:
    from tests.system.entrance import Entrance
    from tests.system.school import School
    from tests.system.visitor import Visitor


def test_renewed_certificate_is_served_without_a_restart(
    school: School, entrance: Entrance, admitted: Visitor
) -> None:
    turns = next(service for service in admitted.services() if service["type"] == "turns")
    session = Relay(entrance.secure(5349), turns["username"], turns["password"])
    session.allocate()
    running = school.invocations()
    renew(school, (entrance, 443), (entrance, 5349))
    assert entrance.certificate(443)["serialNumber"] == entrance.certificate(5349)["serialNumber"]
    assert school.invocations() == running
    session.refresh()
    assert admitted.catch_up() is not None


def test_another_authority_is_asked_and_its_refusal_stops_nothing(
    school: School, entrance: Entrance
) -> None:
    """As from a test authority to the real one; at first the name points nowhere."""
    names, own = school.bench.names, school.project.settings["acme_directory"]
    running, first = school.invocations(), entrance.certificate()["serialNumber"]
    school.project.write(acme_directory="https://acme.school.test:14000/dir")
    try:
        names.remove(school.domain)
        done = school.project.run("deploy")
        assert done.code == 4
        assert f"There is no certificate yet: no name server knows {school.domain}." in done.err
        assert f"{school.domain}  A  {school.host.address}\n" in done.err
        assert "Traceback" not in done.err
        assert entrance.certificate()["serialNumber"] == first

        names.set(school.domain, "A", school.host.address)
        assert school.project.run("deploy").code == 0
        second = entrance.certificate()["serialNumber"]
        assert second != first
        assert second == entrance.certificate(5349)["serialNumber"]
    finally:
        names.set(school.domain, "A", school.host.address)
        names.set(school.domain, "AAAA", school.host.address6)
        school.project.write(acme_directory=own)
        assert school.project.run("deploy").code == 0
    assert entrance.certificate()["serialNumber"] != second
    again = school.project.run("deploy", "--json")
    assert again.data["changed"] == []
    assert school.invocations() == running
