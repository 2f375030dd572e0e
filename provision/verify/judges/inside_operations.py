"""Judges of `inside`: certificates, updates, supported versions, and drift."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from provision.certificates.lifetime import late
from provision.check.judges import sources
from provision.messages.i18n import N_, _, ngettext
from provision.verify.evidence import NotMeasuredError
from provision.verify.finding import failed, fulfilled
from provision.verify.judges import inside_view as view
from provision.verify.judges import judge

if TYPE_CHECKING:
    from collections.abc import Iterator

    from provision.verify.evidence import Evidence
    from provision.verify.finding import Finding

HOURS = 48
LONGEST = 160
"""Signs of what apt says."""
# Debian's own dates (www.debian.org/releases, wiki.debian.org/LTS): security team, then LTS.
SUPPORTED_UNTIL = {"12": date(2028, 6, 30), "13": date(2030, 6, 30)}
NEWER_JITSI = 2


@judge("TLS-03", "inside")
def certificates_renew(evidence: Evidence) -> Finding:
    """Judge whether something renews the certificate, brings it to TURN, and how it last ended."""
    found = view.part(evidence, "certificates")
    timers = view.part(evidence, "timers")
    if found["unread"]:
        raise NotMeasuredError(
            N_("These certificates could not be read: {names}"), names=view.listed(found["unread"])
        )
    prints = {each["fingerprint"] for each in found["served"].values()}
    soonest = min((each["left"] for each in found["served"].values()), default=None)
    if soonest is None:
        raise NotMeasuredError(N_("No certificate that is served was found on the server."))
    certbot = timers["timers"].get("certbot", {})
    by_certbot = bool(found["renewal"]) and (certbot.get("active") or timers["cron"]["certbot"])
    by_acme = found["acme_sh"] and timers["cron"]["acme.sh"]
    remedy = _("Set `certificate: letsencrypt` in inventory.yml, then: provision deploy")
    if ending := [
        each for each in found["served"].values() if late(each["left"], each["lifetime"])
    ]:
        days = max(int(min(each["left"] for each in ending)), 0)
        return failed(_("A certificate ends in {days} days.").format(days=days), remedy)
    if found["renewal"] and certbot.get("result", "success") != "success":
        return failed(_("The last renewal of the certificate failed."), "journalctl -u certbot")
    if len(prints) > 1:
        return failed(
            _("Web and TURN serve different certificates: a renewed one does not reach both."),
            remedy,
        )
    if by_certbot and not (found["hooks"] or found["own_hook"]):
        return failed(
            _("A renewed certificate is brought to no service: there is no deploy hook."), remedy
        )
    if not (by_certbot or by_acme):
        raise NotMeasuredError(
            N_(
                "Nothing on the server renews the certificate; whoever issued it must. "
                "It is good for {days} days."
            ),
            days=int(soonest),
        )
    sentence = _(
        "The certificate is renewed by a timer and reaches web and TURN; {days} days are left."
    )
    return fulfilled(sentence.format(days=int(soonest)))


@judge("OPS-01", "inside")
def updates_come(evidence: Evidence) -> Finding:
    """Judge waiting security updates, automatic updates, and what still runs in an old version."""
    updates = view.part(evidence, "updates")
    outdated = view.part(evidence, "outdated")
    if not updates["answered"]:
        raise NotMeasuredError(N_("apt did not say which updates wait."))
    settings, stamps = updates["settings"], updates["stamps"]
    timers = view.part(evidence, "timers")["timers"]
    problems = set()
    installed = "unattended-upgrades" in view.packages(evidence)["versions"]
    periodic = all(
        settings.get(f"APT::Periodic::{name}", "0") not in {"0", ""}
        for name in ("Update-Package-Lists", "Unattended-Upgrade")
    )
    timed = all(timers.get(name, {}).get("active") for name in ("apt-daily", "apt-daily-upgrade"))
    if not (installed and periodic and timed) or settings.get("APT::Periodic::Enable") == "0":
        problems.add(_("no automatic updates"))
    if updates["security"]:
        sentence = ngettext(
            "one security update waits",
            "{number} security updates wait",
            len(updates["security"]),
        )
        problems.add(sentence.format(number=len(updates["security"])))
    if updates["lists_hours"] is None or updates["lists_hours"] > HOURS:
        problems.add(_("nobody has asked for updates for two days"))
    # On a new server nothing ran yet; from the first run on, it must go on.
    if max(stamps.get("upgrade-stamp", 0), stamps.get("unattended-upgrades-stamp", 0)) > HOURS:
        problems.add(_("automatic updates have not run for two days"))
    problems |= {
        _("{program} runs in an old version").format(program=name) for name in outdated["programs"]
    }
    if updates["reboot"]:
        problems.add(_("a restart is due"))
    asked = view.part(evidence, "apt")
    problems |= set(_refused(asked))
    if problems:
        return failed(
            _("Security updates do not all arrive: {names}").format(names=view.listed(problems)),
            _("Install unattended-upgrades for Debian's security and for Jitsi, and "
              "restart what is "
              "outdated; or run: provision deploy. If it stays so, a file of yours in "
              "/etc/apt/apt.conf.d may say something else."),
        )  # fmt: skip
    if asked.get("late"):
        raise NotMeasuredError(N_("apt did not say which sources it accepts."))
    return fulfilled(
        _("Security updates come by themselves; none waits, and nothing runs in an old version.")
    )


def _refused(asked: dict[str, Any]) -> Iterator[str]:
    """Yield the sources from which no update arrives, whoever's they are, with apt's reason."""
    for refusal in sources.refusals(asked.get("said", "")):
        if refusal.kind == "unreachable":
            sentence = _("apt does not reach {url}: {reason}")
        elif refusal.url:
            sentence = _("apt refuses {url}: {reason}")
        else:
            sentence = _("apt does not understand its sources: {reason}")
        yield sentence.format(url=refusal.url, reason=refusal.reason[:LONGEST])


@judge("OPS-02", "inside")
def versions_are_supported(evidence: Evidence) -> Finding:
    """Judge Debian's release against its end of support, and Jitsi against the newer ones."""
    system = view.part(evidence, "system")
    until = SUPPORTED_UNTIL.get(system["version"]) if system["id"] == "debian" else None
    if until is None:
        return failed(
            _("{name} is not a release that this program knows to be supported.").format(
                name=system["name"]
            ),
            _("Move to Debian 13: provision deploy on a new server."),
        )
    if date.fromtimestamp(system["time"]) > until:  # noqa: DTZ012 - a day more or less
        return failed(
            _("{name} got its last security update on {day}.").format(
                name=system["name"], day=until
            ),
            _("Move to Debian 13: provision deploy on a new server."),
        )
    packages = view.packages(evidence)
    versions = packages["versions"]
    present = versions.get("jitsi-meet") or versions.get("jitsi-meet-web")
    if not present:
        raise NotMeasuredError(N_("No package of Jitsi Meet is installed there."))
    known = view.part(evidence, "releases")["jitsi"]
    if present not in known:
        raise NotMeasuredError(N_("apt knows no release of Jitsi Meet to compare with."))
    newer = known.index(present)
    held = sorted(
        name for name in packages["held"] if name.startswith(("jitsi", "jicofo", "prosody"))
    )
    if newer > NEWER_JITSI or held:
        return failed(
            _(
                "Jitsi Meet {version} is old: {number} newer releases are there. Held back: {names}"
            ).format(version=present, number=newer, names=view.listed(held) or "-"),
            "apt-get update && apt-get dist-upgrade",
        )
    return fulfilled(
        _("{name} gets security updates until {day}; Jitsi Meet {version} is current.").format(
            name=system["name"], day=until, version=present
        )
    )


@judge("OPS-05", "inside")
def nothing_drifted(evidence: Evidence) -> Finding:
    """Judge whether the files that were deployed are still as they were written."""
    deployment = view.part(evidence, "deployment")
    if not deployment["files"]:
        raise NotMeasuredError(
            N_("This server was not set up by this program; it has no record to compare with.")
        )
    stale = {path for name in view.TITLES for path in view.part(evidence, name).get("newer", [])}
    changed = {*deployment["changed"], *deployment["pending"], *stale}
    if changed:
        return failed(
            _("Changed since the deployment, or not in force yet: {names}").format(
                names=view.listed(changed)
            ),
            _("See what it would change: provision plan; then: provision deploy"),
        )
    local = deployment["local"]
    if local:
        return fulfilled(
            _("All {number} files are as deployed. Local additions are in force: {names}").format(
                number=deployment["files"], names=view.listed(local)
            )
        )
    return fulfilled(_("All {number} files are as deployed.").format(number=deployment["files"]))
