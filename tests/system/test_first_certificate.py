"""TLS: a name that does not lead here yet stops only the certificate, and says what to enter.

The server of these tests is a finished one whose certificate was taken away.
"""

from __future__ import annotations

import json
import ssl
from typing import TYPE_CHECKING

import pytest

from tests.bench import Temper
from tests.bench.acme import Acme
from tests.bench.network import GATEWAY, GATEWAY6
from tests.system.entrance import Entrance

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.system.project import Done
    from tests.system.school import School

LETS_ENCRYPT = "https://acme-v02.api.letsencrypt.org/directory"
STAYS = "Everything else is installed and stays as it is."


@pytest.fixture(scope="module")
def uncertified(school: School) -> Iterator[School]:
    """The school without a certificate; with one again afterwards."""
    names, host = school.bench.names, school.host
    try:
        host.run(f"certbot delete --non-interactive --cert-name {school.domain}")
        host.run("rm /etc/jitsi-provision/tls/* /etc/coturn-tls/*")
        yield school
    finally:
        names.set(school.domain, "A", host.address)
        names.set(school.domain, "AAAA", host.address6)
        assert school.project.run("deploy").code == 0


def deploy(school: School, four: str, six: str) -> Done:
    """Return the deployment while the name has these addresses."""
    school.bench.names.remove(school.domain)
    for kind, address in (("A", four), ("AAAA", six)):
        if address:
            school.bench.names.set(school.domain, kind, address)
    return school.project.run("deploy", "--json")


def told(school: School, done: Done) -> tuple[str, str]:
    """Return what happened and what to do; everything is served with a certificate of its own."""
    assert done.code == 4
    assert "Traceback" not in done.err
    unchecked = ssl.create_default_context()
    unchecked.check_hostname, unchecked.verify_mode = False, ssl.CERT_NONE
    made_here = school.host.read("/var/lib/jitsi-provision/self-signed/certificate.pem").decode()
    for port in (443, 5349):
        with Entrance(school.host.address, school.domain, school.bench.acme.root_file).secure(
            port, unchecked
        ) as connection:
            shown = ssl.DER_cert_to_PEM_cert(connection.getpeercert(binary_form=True) or b"")
        assert shown == made_here
    stats = json.loads(school.host.run("curl -s http://127.0.0.1:8888/stats").stdout)
    assert stats["bridge_selector"]["operational_bridge_count"] == 1
    return done.data["error"]["what"], done.data["error"]["rows"]["Next"]


def right(school: School) -> str:
    """Return the records that the name should have."""
    four, six = school.host.address, school.host.address6
    return f"{school.domain}  A  {four}\n{school.domain}  AAAA  {six}"


def test_a_name_that_is_missing(uncertified: School) -> None:
    assert told(uncertified, deploy(uncertified, "", "")) == (
        f"There is no certificate yet: no name server knows {uncertified.domain}.",
        (
            f"at your registrar, enter what follows; then run this again. {STAYS}\n"
            f"{right(uncertified)}"
        ),
    )


@pytest.mark.parametrize("family", [4, 6])
def test_a_name_that_leads_elsewhere(uncertified: School, family: int) -> None:
    host, name = uncertified.host, uncertified.domain
    four, six = (GATEWAY, "") if family == 4 else (host.address, GATEWAY6)
    assert told(uncertified, deploy(uncertified, four, six)) == (
        f"There is no certificate yet: {name} does not lead to this server alone.",
        (
            f"at your registrar, take {four if family == 4 else six} away from {name}, so that "
            f"only what follows is left; then run this again. {STAYS}\n{right(uncertified)}"
        ),
    )


def test_lets_encrypt_is_asked_for_a_trial_before_it_counts(uncertified: School) -> None:
    """Nobody answers here, so the true one is asked as well; it would say what is wrong."""
    project, own = uncertified.project, uncertified.project.settings["acme_directory"]
    authority = project.settings.pop("acme_ca_file")
    project.write(acme_directory=LETS_ENCRYPT)
    begun = float(uncertified.host.run("date +%s.%N").stdout)
    try:
        what, remedy = told(uncertified, project.run("deploy", "--json"))
    finally:
        project.write(acme_directory=own, acme_ca_file=authority)
    assert what == (
        "There is no certificate yet: the server cannot reach the certificate authority."
    )
    assert remedy.startswith("allow the server outgoing HTTPS")
    asked = [line.split()[1] for line in uncertified.host.questions(since=begun)]
    assert list(dict.fromkeys(name for name in asked if "letsencrypt" in name)) == [
        "acme-staging-v02.api.letsencrypt.org", "acme-v02.api.letsencrypt.org",
    ]  # fmt: skip


def test_an_authority_that_is_slow_and_mislays_numbers_is_borne(uncertified: School) -> None:
    moody = Acme("pebble-moody", 14010)
    moody.up(Temper(nonce_reject=10, sleep=4))
    project, own = uncertified.project, dict(uncertified.project.settings)
    project.write(acme_directory=moody.directory, acme_ca_file=str(moody.ca_file))
    try:
        done = deploy(uncertified, uncertified.host.address, uncertified.host.address6)
        assert done.code == 0, done.err
        assert done.data["changed"][-2:] == [
            "certificate of nginx.service", "certificate of coturn.service",
        ]  # fmt: skip
        door = Entrance(uncertified.host.address, uncertified.domain, moody.root_file)
        serial = door.certificate(443)["serialNumber"]
        assert serial == door.certificate(5349)["serialNumber"]
        # With a certificate, where the name leads is nobody's business any more.
        uncertified.bench.names.remove(uncertified.domain)
        assert project.run("deploy", "--json").data["changed"] == []
    finally:
        project.write(**own)
        moody.daemon.stop()
