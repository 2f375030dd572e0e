"""TLS: a school that brings its own certificate replaces two files and deploys."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    pkcs7,
)

from tests.bench import certificates
from tests.system.entrance import Entrance
from tests.unit.made_certificates import NOW, key_pem, make, make_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.system.school import School

BROUGHT = [
    "/var/lib/jitsi-provision/own/chain.pem",
    "/var/lib/jitsi-provision/own/key.pem",
    "certificate of nginx.service",
    "certificate of coturn.service",
]


def bring(school: School, days: int, age: int = 0) -> None:
    """Put a new certificate and its key into the technician's directory."""
    folder, authority, now = school.project.folder, certificates.own(), datetime.now(UTC)
    authority.make()
    signer = load_pem_private_key((authority.folder / "ca.key").read_bytes(), None)
    key = make_key()
    leaf = make(
        school.domain,
        key,
        ("provision bench authority", signer),
        names=(school.domain,),
        begin=now - timedelta(days=age),
        end=now + timedelta(days=days),
    )
    (folder / "school.pem").write_bytes(leaf + authority.certificate.read_bytes())
    (folder / "school.key").write_bytes(key_pem(key))
    (folder / "school.key").chmod(0o600)


@pytest.fixture(scope="module")
def own(school: School) -> Iterator[Entrance]:
    """The school with a certificate of its own; afterwards with the authority's again."""
    bring(school, 90)
    school.project.write(
        certificate="own", certificate_file="school.pem", certificate_key_file="school.key"
    )
    try:
        assert school.project.run("deploy").code == 0
        yield Entrance(school.host.address, school.domain, certificates.own().certificate)
    finally:
        for name in ("certificate", "certificate_file", "certificate_key_file"):
            del school.project.settings[name]
        school.project.write()
        school.project.run("deploy")


def test_new_files_and_one_deployment_are_enough(school: School, own: Entrance) -> None:
    before, running = own.certificate()["serialNumber"], school.invocations()
    bring(school, 13, age=60)
    planned = school.project.run("plan")
    done = school.project.run("deploy", "--json")
    assert (done.code, done.data["changed"], done.data["restarted"]) == (0, BROUGHT, [])
    serial = own.certificate(443)["serialNumber"]
    assert serial == own.certificate(5349)["serialNumber"]
    assert serial != before
    assert school.invocations() == running
    # It also ends soon, which is said each time.
    for told in (planned, done, school.project.run("deploy")):
        assert "! The certificate ends soon, on " in told.err


def chain(school: School) -> tuple[list[bytes], bytes]:
    """Return certificate, intermediate and root, and the key as older programs write it."""
    authority, now = certificates.own(), datetime.now(UTC)
    signer = (
        "provision bench authority",
        load_pem_private_key((authority.folder / "ca.key").read_bytes(), None),
    )
    middle_key, key = make_key(), make_key()
    life: dict[str, Any] = {"begin": now - timedelta(days=1), "end": now + timedelta(days=90)}
    middle = make(
        "middle",
        middle_key,
        signer,
        names=(),
        authority=True,
        **life,
    )
    leaf = make(school.domain, key, ("middle", middle_key), names=(school.domain,), **life)
    form = PrivateFormat.TraditionalOpenSSL
    old = key.private_bytes(Encoding.PEM, form, NoEncryption())
    return [leaf, middle, authority.certificate.read_bytes()], old


@pytest.mark.parametrize("shape", ["put together by hand", "a bundle"])
def test_files_as_people_have_them_are_served_in_order(
    school: School, own: Entrance, shape: str
) -> None:
    (leaf, middle, root), key = chain(school)
    if shape == "a bundle":
        known = x509.load_pem_x509_certificates(middle + leaf)
        brought = pkcs7.serialize_certificates(known, Encoding.DER)
    else:
        # `cat` without line ends, a Windows shell, text around the blocks, and the wrong order.
        text = "Städtisches Gymnasium" + (root.strip() + middle.strip() + leaf.strip()).decode()
        brought = text.encode("utf-16")
        key = b"\xef\xbb\xbfkey of the school\r\n" + key.replace(b"\n", b"\r\n")
    (school.project.folder / "school.pem").write_bytes(brought)
    (school.project.folder / "school.key").write_bytes(key)
    checked = school.project.run("check")
    assert "certificate" not in checked.out.lower()
    assert school.project.run("plan").code == 0
    done = school.project.run("deploy", "--json")
    assert (done.code, done.data["changed"]) == (0, BROUGHT)
    serial = x509.load_pem_x509_certificate(leaf).serial_number
    for port in (443, 5349):
        assert int(own.certificate(port)["serialNumber"], 16) == serial
    served = school.host.read("/etc/jitsi-provision/tls/fullchain.pem")
    assert served.startswith(leaf + middle)


def test_what_is_wrong_with_new_files_is_said_before_anything_is_touched(
    school: School, own: Entrance
) -> None:
    before, serial = school.host.state_hash(), own.certificate()["serialNumber"]
    key = make_key()
    ended = make("leaf", key, names=(school.domain,), end=NOW, begin=NOW - timedelta(days=90))
    (school.project.folder / "school.pem").write_bytes(ended)
    (school.project.folder / "school.key").write_bytes(key_pem(key))
    done = school.project.run("deploy")
    assert done.code == 2
    assert f"The certificate ended on {NOW.date()}." in done.err
    bring(school, 90)
    school.project.write(turn_domain=f"turn.{school.domain}")
    try:
        lacking = school.project.run("deploy")
    finally:
        school.project.write(turn_domain=None)
    assert lacking.code == 2
    assert f"The certificate is not for turn.{school.domain} as well" in lacking.err
    assert school.host.state_hash() == before
    assert own.certificate()["serialNumber"] == serial


@pytest.mark.usefixtures("own")
@pytest.mark.parametrize("wrong", ["joined", "another-key"])
def test_the_servers_openssl_judges_before_anything_is_replaced(school: School, wrong: str) -> None:
    key = make_key()
    chain = [make("leaf", key, names=(school.domain,)), make("other", make_key())]
    text = b"".join(part.strip() for part in chain) if wrong == "joined" else b"".join(chain)
    used = key if wrong == "joined" else make_key()
    school.host.write("/root/chain.pem", text.decode())
    school.host.write("/root/key.pem", key_pem(used).decode())
    before = school.host.state_hash()
    command = "/usr/local/lib/jitsi-provision/install-certificate /root/chain.pem /root/key.pem"
    done = school.host.run(command, check=False)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("/root/chain.pem: [")
    assert school.host.state_hash() == before


@pytest.mark.usefixtures("own")
def test_nobody_but_who_serves_it_may_read_a_key(school: School) -> None:
    rights = {
        "/etc/jitsi-provision/tls/key.pem": "600 root root",
        "/etc/coturn-tls": "750 root turnserver",
        "/etc/coturn-tls/key.pem": "640 root turnserver",
        "/var/lib/jitsi-provision/own/key.pem": "600 root root",
        "/var/lib/jitsi-provision/previous/var/lib/jitsi-provision/own/key.pem": "600 root root",
        "/var/lib/jitsi-provision/self-signed/key.pem": "400 root root",
        f"/etc/letsencrypt/live/{school.domain}/privkey.pem": "600 root root",
        f"/etc/prosody/certs/{school.domain}.key": "640 root prosody",
        f"/etc/prosody/certs/auth.{school.domain}.key": "640 root prosody",
    }
    found = school.host.run(["stat", "-L", "-c", "%n %a %U %G", *rights]).stdout.splitlines()
    assert found == [f"{path} {right}" for path, right in rights.items()]
    # The group is the relay's alone.
    assert school.host.run("getent group turnserver").stdout.rpartition(":")[2].strip() == ""
