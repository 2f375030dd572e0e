"""certbot's own timer unit, made to find a renewal due."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.bench.process import wait_until

if TYPE_CHECKING:
    from tests.system.entrance import Entrance
    from tests.system.school import School


def renew(school: School, *doors: tuple[Entrance, int]) -> None:
    """Return when each of these doors shows another certificate than before."""
    before = [entrance.certificate(port)["serialNumber"] for entrance, port in doors]
    renewal = f"/etc/letsencrypt/renewal/{school.domain}.conf"
    kept = school.host.read(renewal).decode()
    # Due at once; then certbot's own timer unit does what it does twice a day.
    due = kept.replace("[renewalparams]", "renew_before_expiry = 4000 days\n[renewalparams]")
    school.host.write(renewal, due)
    try:
        school.host.run("systemctl start certbot.service", timeout=120)
        for (entrance, port), serial in zip(doors, before, strict=True):
            assert wait_until(
                lambda entrance=entrance, port=port, serial=serial: (
                    entrance.certificate(port)["serialNumber"] != serial
                ),
                seconds=60,
                every=0.5,
            ), f"{entrance.domain}:{port}"
    finally:
        renewed = school.host.read(renewal).decode()
        school.host.write(renewal, renewed.replace("renew_before_expiry = 4000 days\n", ""))
