"""What a school does without while it has no second name for TURN."""

from __future__ import annotations

from provision.checks.result import Result, ok, warning
from provision.i18n import _


def check(domain: str, turn_domain: str | None) -> Result:
    """Return what the lack of a second name costs, or that there is one."""
    if turn_domain:
        return ok(
            _("Networks that let only HTTPS out can take part, through {name}.").format(
                name=turn_domain
            )
        )
    return warning(
        _(
            "Whoever sits in a network that lets only HTTPS out (some offices, hospitals, hotels) "
            "sees the page, but has no picture and no sound."
        ),
        _(
            "if that matters: at your registrar, let a second name such as {example} point to the "
            "server, and enter it as `turn_domain` in inventory.yml"
        ).format(example="turn." + domain.partition(".")[2]),
    )
