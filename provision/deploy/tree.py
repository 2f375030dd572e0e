"""What the roles declare, rendered for one school: the tree of files and all that goes with it.

A role ``roles/<role>`` says in ``provides.yml`` what it brings to the server; ``templates/`` and
``files/`` mirror the server's paths (``_domain_`` in a path stands for the school's host name).
What people read goes through ``_()`` there, too, and comes in the language of the school.
Rendering happens here, on the control side, with Jinja2 alone: a value of the settings is data and
is never evaluated.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import jinja2

from provision.declared import declarations, listening
from provision.deploy import quoting
from provision.messages import i18n
from provision.messages.errors import BugError
from provision.settings import open_ports

if TYPE_CHECKING:
    from pathlib import Path

FILE_KEYS = (
    "owner", "group", "mode", "validate", "validate_needs", "restart", "reload", "guarded",
)  # fmt: skip
LISTS = (
    "packages", "answers", "groups", "users", "directories", "overrides", "key_pairs", "links",
    "absent", "timers",
)  # fmt: skip

ENTRIES = {
    "users": {"name", "group", "home", "shell"},
    "directories": {"path", "owner", "group", "mode", "whole"},
    "overrides": {"path", "group", "mode"},
    "key_pairs": {
        "name",
        "certificate",
        "key",
        "copies",
        "stand_in",
        "group",
        "mode",
        "restart",
        "reload",
    },
    "links": {"path", "to", "restart", "reload"},
    "files": {"path", "leave_out", *FILE_KEYS},
}
"""What an entry of each list may say; an entry of any other list is {when: …, name: …}."""

# Lists of texts, in which an entry with a condition is written {when: …, name: …}.
TEXTS = tuple(key for key in LISTS if key not in ENTRIES)


class Renderer:
    """Renders the declarations and templates of roles for one school."""

    def __init__(
        self, roles: Path, settings: dict[str, Any], server: dict[str, Any], nonce: str
    ) -> None:
        self.roles = roles
        self.domain = str(settings["domain"])
        self.environment = jinja2.Environment(  # noqa: S701 - each format has its own quoting filter
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            loader=jinja2.FileSystemLoader(roles),
        )
        self.environment.filters.update(quoting.FILTERS)
        self.context = {
            "settings": settings,
            "server": server,
            "secret": lambda name: f"@@secret:{nonce}:{name}@@",
            "managed": self._managed,
            "_": lambda sentence: i18n.translated(sentence, settings["language"]),
        }
        self.context["ports"] = listening.declared(roles)
        self.context["open_ports"] = open_ports.by_protocol(settings["open_ports"])

    @staticmethod
    def _managed(comment: str, local: str = "") -> str:
        """Return the managed-by line, which names the place for local changes if there is one."""
        line = (
            f"{comment} Managed by jitsi-provision: a change here is lost at the next deployment."
        )
        if local:
            line += f"\n{comment} Your own belong in {local}, which it never writes."
        return line

    def text(self, source: str) -> str:
        """Return a template text with its values."""
        return self.environment.from_string(source).render(self.context)

    def data(self, value: Any) -> Any:
        """Return YAML data with each text rendered; entries whose ``when`` is false are left out.

        A text that is one whole ``{{ expression }}`` keeps the expression's own type.
        """
        if isinstance(value, str):
            whole = re.fullmatch(r"\{\{(.*)\}\}", value, re.DOTALL)
            if whole and "{{" not in whole[1]:
                return self.environment.compile_expression(whole[1], undefined_to_none=False)(
                    **self.context
                )
            return self.text(value)
        if isinstance(value, list):
            rendered = (self.data(entry) for entry in value)
            return [e for e in rendered if not (isinstance(e, dict) and not e.pop("when", True))]
        if isinstance(value, dict):
            return {key: self.data(entry) for key, entry in value.items()}
        return value

    def role(self, name: str) -> dict[str, Any]:
        """Return one role's declaration with its files."""
        folder = self.roles / name
        declared = dict(declarations.of_role(folder))
        _refuse_unknown(name, declared)
        declared.pop("ports", None)  # templates have those of all roles, see above
        patterns = self.data(declared.pop("files", []))
        result: dict[str, Any] = self.data(declared)
        result["files"] = []
        for kind in ("templates", "files"):
            for path in sorted((folder / kind).rglob("*")):
                # pip compiles every program of an installed wheel, and puts the result beside it.
                if not path.is_file() or path.parent.name == "__pycache__":
                    continue
                target = "/" + path.relative_to(folder / kind).as_posix()
                target = target.replace("_domain_", self.domain)
                entry = self._file(name, target, patterns)
                if entry is None:
                    continue
                source = path.read_text(encoding="utf-8")
                try:
                    entry["content"] = self.text(source) if kind == "templates" else source
                except jinja2.TemplateError as error:
                    raise BugError(f"{path}: {error}") from error
                result["files"].append(entry)
        return result

    def _file(
        self, role: str, target: str, patterns: list[dict[str, Any]]
    ) -> dict[str, Any] | None:
        """Return a file's attributes, or nothing where its role leaves it out for this school."""
        for pattern in patterns:
            if fnmatchcase(target, pattern["path"]):
                if pattern.get("leave_out"):
                    return None
                return {"path": target, **{k: pattern[k] for k in FILE_KEYS if k in pattern}}
        raise BugError(f"{role}: no entry under `files` of provides.yml matches {target}")


def _refuse_unknown(role: str, declared: dict[str, Any]) -> None:
    """Raise BugError for a key of a declaration that nothing would ever read."""
    for key, entries in declared.items():
        if key not in (*LISTS, "files", "units", "ports"):
            raise BugError(f"{role}: provides.yml has an unknown key {key!r}")
        if key == "ports":
            continue  # listening.py reads these
        known = ENTRIES.get(key, {"name"}) | {"when"}
        for entry in entries or []:
            unknown = (
                [name for name in entry if name not in known] if isinstance(entry, dict) else []
            )
            if unknown:
                raise BugError(
                    f"{role}: an entry under `{key}` of provides.yml has an unknown key "
                    f"{unknown[0]!r}"
                )


def render(
    roles: Path, names: list[str], settings: dict[str, Any], server: dict[str, Any], nonce: str
) -> dict[str, Any]:
    """Return what the named roles declare together.

    The result has the lists of LISTS, ``files`` (path, content, owner, mode, validation and what a
    change means to units) and ``waves`` (lists of units that start together, in order).
    """
    renderer = Renderer(roles, settings, server, nonce)
    whole: dict[str, Any] = {key: [] for key in (*LISTS, "files")}
    waves: dict[int, list[str]] = {}
    for name in names:
        declared = renderer.role(name)
        for unit, wave in (declared.pop("units", None) or {}).items():
            waves.setdefault(int(wave), []).append(unit)
        for key, value in declared.items():
            whole[key].extend(
                e["name"] if key in TEXTS and isinstance(e, dict) else e for e in value
            )
    whole["waves"] = [waves[number] for number in sorted(waves)]
    return whole
