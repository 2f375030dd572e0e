"""What a run changes, and what that means to the units, kept until they have done it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ansible.module_utils.file_rights import group_number, user_number
from ansible.module_utils.school_server import MANIFEST, PENDING, fail, read_json, write_json

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

EFFECTS = ("restart", "reload")


class Changes:
    """Collects changes of one run; a rehearsal collects the same and writes nothing."""

    def __init__(self, module: AnsibleModule) -> None:
        self.module = module
        self.wanted: dict[str, Any] = module.params
        self.check: bool = module.check_mode
        self.paths: list[str] = []
        self.effects: dict[str, dict[str, list[str]]] = {}

    def note(self, path: str, declared: dict[str, Any]) -> None:
        """Collect a changed path and its effect on units."""
        if path not in self.paths:
            self.paths.append(path)
        for effect in EFFECTS:
            for unit in declared.get(effect) or []:
                paths = self.effects.setdefault(unit, {}).setdefault(effect, [])
                if path not in paths:
                    paths.append(path)

    def pending(self) -> dict[str, dict[str, list[str]]]:
        """Return what the units must still do, from this run and from interrupted ones."""
        whole: dict[str, dict[str, list[str]]] = read_json(PENDING, {})
        for unit, effects in self.effects.items():
            for effect, paths in effects.items():
                known = whole.setdefault(unit, {}).setdefault(effect, [])
                known.extend(path for path in paths if path not in known)
        return whole

    def remember(self) -> None:
        """Write down what the units must still do, before a change that could be interrupted."""
        if self.effects and not self.check and self.pending() != read_json(PENDING, {}):
            write_json(PENDING, self.pending())

    def rights(
        self, path: str, declared: dict[str, Any], default: str = "0644"
    ) -> tuple[int, int, int]:
        """Return the numbers of owner and group, and the mode, that are declared for a path."""
        numbers = []
        for key, kind, number in (("owner", "user", user_number), ("group", "group", group_number)):
            name = declared.get(key) or "root"
            found = number(name)
            if found is None and not self.check:
                fail(self.module, f"{path}: there is no {kind} {name}", kind="server_file")
            numbers.append(-1 if found is None else found)
        return numbers[0], numbers[1], int(declared.get("mode") or default, 8)


def manifest() -> dict[str, Any]:
    """Return the files that an earlier run has written, and what each means to units."""
    known: Any = read_json(MANIFEST, {})
    if isinstance(known, list):  # the first servers: without effects
        known = {path: {} for path in known}
    return dict(known)


def manifest_of(wanted: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return what the manifest says of a run's files once it is done."""
    return {
        declared["path"]: {e: declared[e] for e in EFFECTS if declared.get(e)}
        for declared in (*wanted["files"], *wanted["links"])
    }
