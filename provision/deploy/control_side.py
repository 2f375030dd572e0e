"""The control side of a deployment: what the action plugins of the roles call.

Ansible runs these through ``roles/deployment/action_plugins``; they need no terminal and print
nothing, so that plain ``ansible-playbook`` does the same as the program.
"""

from __future__ import annotations

import secrets
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from provision.access import host_keys
from provision.certificates import own_certificate
from provision.certificates import pair as certificate
from provision.check.judges import (
    clock,
    machine,
    protection,
    renewal,
    server,
    sources,
)
from provision.check.judges.facts import on_server
from provision.common.bounded_files import UnfitError, read_bytes
from provision.declared import declarations
from provision.deploy import tree
from provision.messages import i18n
from provision.messages.errors import (
    DeploymentError,
    Problem,
    ProvisionError,
    RefusedError,
    SettingsError,
)
from provision.messages.i18n import _
from provision.messages.reasons import reason
from provision.messages.result import Level, failures
from provision.play import at_work
from provision.play.hand_over import DIRECTORY
from provision.settings import validation

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

FILE = "inventory.yml"
OWN = "/var/lib/jitsi-provision/own"
# A provider's image may have one of these already; a second one would push it out.
TIME_SERVICES = ("chrony", "ntpsec", "openntpd", "ntp")
# Where each kind of certificate lies on the server, and its key.
SOURCES = {
    "letsencrypt": (
        "/etc/letsencrypt/live/{domain}/fullchain.pem",
        "/etc/letsencrypt/live/{domain}/privkey.pem",
    ),
    "own": (OWN + "/chain.pem", OWN + "/key.pem"),
    "self-signed": (
        "/var/lib/jitsi-provision/self-signed/certificate.pem",
        "/var/lib/jitsi-provision/self-signed/key.pem",
    ),
}


def answer(action: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Return an action's result; an error becomes a failed task that keeps its parts."""
    i18n.activate(i18n.from_environment())
    try:
        return action()
    except ProvisionError as error:
        rows = error.rows()
        return {
            "failed": True,
            "msg": "\n".join([error.what, *(f"{label}: {text}" for label, text in rows)]),
            "error": {"what": error.what, "rows": rows, "exit_code": int(error.exit_code)},
        }


def directory(variables: Mapping[str, Any]) -> Path:
    """Return where inventory.yml is, from which paths of files are read."""
    return Path(str(variables.get(DIRECTORY) or variables.get("inventory_dir") or "."))


def prepare(host: str, values: dict[str, Any], base: Path, roles: Path) -> dict[str, Any]:
    """Return ``settings`` with defaults, what roles declare, ``warnings_found``, and ``run``.

    Raises SettingsError before anything is touched.

    ``base`` is the directory of inventory.yml, from which paths of files are read.
    """
    settings = validation.validate_host_vars(host, values)
    warnings: list[str] = []
    if settings["certificate"] == "own":
        own_certificate.refuse_elsewhere(host, settings["certificate_key_file"], base / FILE)
        results = certificate.check_files(
            validation.file_path(settings["certificate_file"], base),
            validation.file_path(settings["certificate_key_file"], base),
            settings["domain"],
            turn_domain=settings["turn_domain"],
        )
        if wrong := failures(results):
            problems = [Problem(result.sentence, setting="certificate") for result in wrong]
            raise SettingsError(host, problems, next=wrong[0].remedy)
        warnings = [result.sentence for result in results if result.level is Level.WARNING]
    _authorities(settings, base)
    return {
        "settings": settings,
        **_declared(roles),
        "warnings_found": warnings,
        "run": at_work.this_run(),
    }


def _declared(roles: Path) -> dict[str, list[str]]:
    """Return all ``units`` of all roles; ``packages`` and ``absent``, whatever a server is like."""
    units: list[str] = []
    found: dict[str, list[Any]] = {"packages": [], "absent": []}
    for provides in declarations.of_all(roles).values():
        units.extend(provides.get("units") or {})
        for key, entries in found.items():
            fixed = [name for name in provides.get(key) or [] if isinstance(name, str)]
            entries.extend(name for name in fixed if "{" not in name)
    return {"units": units, **found}


def judge(settings: dict[str, Any], seen: dict[str, Any], base: Path) -> dict[str, Any]:
    """Return the server's facts with what follows from them; raises where it cannot be used.

    ``base`` is the directory of inventory.yml, with its known_hosts.
    """
    findings = [
        *server.check(seen, settings),
        *protection.check(seen, settings),
        *sources.check_repository(seen, settings["repository"]),
        *machine.own_name(seen, settings["domain"]),
        *clock.server_is_wrong(seen["time"], seen["repository"].get("time", 0)),
    ]
    if wrong := failures(findings):
        kind = RefusedError if any(result.refusal for result in wrong) else DeploymentError
        raise kind(
            _("This server cannot be used as it is; nothing was changed on it."),
            "\n".join(result.sentence for result in wrong),
            "\n".join(result.remedy for result in wrong),
        )
    pair = [path.format(domain=settings["domain"]) for path in SOURCES[settings["certificate"]]]
    found = seen["certificates"].get(pair[0], {})
    issued = bool(found)
    if settings["certificate"] == "letsencrypt":
        issued = issued and renewal.is_right(found, seen, settings)
        findings += renewal.check(found, seen["time"]) if issued else []
    addressing = server.addressing(seen, settings["public_address"] or settings["address"])
    return {
        "server": seen
        | addressing
        | {
            "time_service": next((n for n in TIME_SERVICES if n in seen["packages"]), ""),
            "host_key_algorithms": _host_key_algorithms(settings, base),
        },
        "warnings_found": [r.sentence for r in findings if r.level is Level.WARNING],
        "certificate_pair": pair,
        "certificate_to_start": pair if issued else list(SOURCES["self-signed"]),
        "certificate_issued": issued,
        "certificate_names": renewal.names(settings),
        "records": renewal.records(seen | addressing),
        "own_addresses": [*seen["addresses"], addressing["public_address4"]],
    }


def _host_key_algorithms(settings: dict[str, Any], base: Path) -> list[str]:
    """Return how the server may go on proving who it is; nothing where no key of it is pinned."""
    pinned = host_keys.pinned(base / host_keys.FILE, settings["address"], int(settings["ssh_port"]))
    if not pinned:
        return []
    kinds = {key.kind for key in pinned}
    others = [] if kinds & {"ssh-ed25519", "ssh-rsa"} else sorted(kinds)
    return ["ssh-ed25519", "rsa-sha2-512", "rsa-sha2-256", *others]


def report(settings: dict[str, Any], seen: dict[str, Any]) -> dict[str, Any]:
    """Return what a thorough look has found; failed where that must be repaired.

    This is for plain Ansible; the program judges the same facts together with what it sees from
    outside.
    """
    found = [one for group in on_server(settings, seen).values() for one in group]
    wrong = [f"{one.sentence} {one.remedy}" for one in failures(found)]
    return {
        "findings": [f"{one.level.value}: {one.sentence} {one.remedy}".rstrip() for one in found],
        "failed": bool(wrong),
        "msg": "\n".join(wrong) or _("Nothing is in the way."),
    }


def declare(
    roles: Path,
    names: list[str],
    settings: dict[str, Any],
    seen: dict[str, Any],
    base: Path,
    *,
    rehearsal: bool = False,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what the roles declare, as (arguments of the module file_tree, everything else).

    What is private stays here in a rehearsal: the server compares it by its digest.
    """
    nonce = secrets.token_hex(8)
    values = settings | {
        "acme_ca_text": _authorities(settings, base),
        "repository_host": urlsplit(settings["repository"]).hostname,
    }
    whole = tree.render(roles, names, values, seen, nonce)
    private = {}
    if settings["certificate"] == "own" and "certificate" in names:
        names_of_files = ("certificate_file", "certificate_key_file")
        chain, key = certificate.rewritten(
            *(_read(name, settings, base) for name in names_of_files)
        )
        private = {"own_chain": chain, "own_key": key}
        whole["directories"].append({"path": OWN, "mode": "0700"})
        whole["files"] += [
            {"path": f"{OWN}/chain.pem", "mode": "0600", "content": f"@@own_chain:{nonce}@@"},
            {"path": f"{OWN}/key.pem", "mode": "0600", "content": f"@@own_key:{nonce}@@"},
        ]
    arguments = {
        key: whole[key]
        for key in (
            *("users", "groups", "directories", "overrides", "key_pairs", "files", "links"),
            "absent",
        )
    }
    ssh_declared = any(declared["path"].startswith("/etc/ssh/") for declared in whole["files"])
    missing = [name for name in whole["packages"] if name not in seen["packages"]]
    running = seen["units"]
    digests = {name: sha256(text.encode()).hexdigest() for name, text in private.items()}
    hidden = {"digests": digests, "private": {}} if rehearsal else {"private": private}
    return (
        arguments | {"nonce": nonce, **hidden},
        {
            "missing_packages": missing,
            "answers": whole["answers"],
            "waves": [*whole["waves"], whole["timers"]],
            "access_unsure": any(declared.get("guarded") for declared in whole["files"])
            and (not seen["access_kept"] or (ssh_declared and seen["ssh"]["line_missing"])),
            "inactive": [
                unit
                for wave in whole["waves"]
                for unit in wave
                if not running.get(unit, {}).get("active")
            ],
        },
    )


def _authorities(settings: dict[str, Any], base: Path) -> str:
    """Return the certificates of an ACME service of the school's own, and nothing else.

    Whatever an inventory names goes to its server: it could be somebody's secret key.
    """
    if not settings["acme_ca_file"]:
        return ""
    try:
        return certificate.authorities(_read("acme_ca_file", settings, base))
    except ValueError as error:
        raise _wrong_file("acme_ca_file", settings, str(error)) from error


def _read(name: str, settings: dict[str, Any], base: Path) -> bytes:
    """Return the file on this computer that a setting names; raises SettingsError."""
    try:
        return read_bytes(validation.file_path(settings[name], base))
    except (OSError, UnfitError) as error:
        sentence = _("It cannot be read: {reason}.").format(reason=reason(error).rstrip("."))
        raise _wrong_file(name, settings, sentence) from error


def _wrong_file(name: str, settings: dict[str, Any], sentence: str) -> SettingsError:
    problem = Problem(sentence, name, validation.shown(settings[name]))
    return SettingsError(settings["domain"], [problem], next=_("check the path and its rights"))
