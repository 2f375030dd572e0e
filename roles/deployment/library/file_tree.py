#!/usr/bin/python
"""All files of all roles on the server in one call: compared, validated, then replaced."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os

from ansible.module_utils import deployment_lock, ground, overrides
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.changes import Changes, manifest, manifest_of
from ansible.module_utils.file_rights import (
    group_number,
    keep_previous,
    refuse_directory,
    settled,
    user_number,
)
from ansible.module_utils.key_pair import KeyPairError, bring
from ansible.module_utils.school_server import (
    MANIFEST,
    STAGED,
    WRITTEN,
    fail,
    make_folder,
    read_json,
    run,
    write_json,
)
from ansible.module_utils.staging import Staging

DOCUMENTATION = r"""
module: file_tree
short_description: Bring a tree of files to a server in one call
description:
  - Makes users, directories, secrets, self-signed key pairs, files and links as declared.
  - Nothing is replaced unless every changed file is valid; each file is replaced atomically.
  - A secret is named in a file's content as C(@@secret:NONCE:NAME@@). It is born on the server,
    stays there, and is shown in no diff.
  - What a change means to a unit is noted on the server until M(unit_states) has done it.
options:
  nonce: {description: The unguessable part of this run's markers, type: str, required: true}
  private: {description: Contents that no log may show, type: dict, default: {}}
  digests:
    description: By what a rehearsal, which gets no private content, compares it (SHA-256).
    type: dict
    default: {}
  users: {description: System users, type: list, elements: dict, default: []}
  groups: {description: System groups, type: list, elements: str, default: []}
  directories: {description: Directories, type: list, elements: dict, default: []}
  overrides: {description: What dpkg must leave to root, type: list, elements: dict, default: []}
  key_pairs: {description: Self-signed key pairs, type: list, elements: dict, default: []}
  files: {description: Files with content, type: list, elements: dict, default: []}
  links: {description: Symbolic links, type: list, elements: dict, default: []}
  absent: {description: Paths that must not exist, type: list, elements: str, default: []}
  complete: {description: All roles are here, so forgotten files go, type: bool, default: false}
  validate_all: {description: Validate unchanged files too, type: bool, default: false}
  guard_seconds:
    description:
      - Write only the files that could lock the sysadmin out, which are otherwise held back, and
        put them in force; after so many seconds the server takes them back unless M(access_kept)
        was called.
    type: int
    default: 0
  last:
    description: Whether nothing is left to do where this changes nothing; then the server is free.
    type: bool
    default: false
  run: {description: Which deployment this belongs to, type: dict, default: {}}
author: The jitsi-provision team
"""


UNITS = "/etc/systemd/system"
LOGS = "/var/log/"
"""Who reads logs, is the sysadmin's own choice."""


class Tree:
    """One pass over the tree."""

    def __init__(self, module: AnsibleModule) -> None:
        self.changes = Changes(module)
        self.staging = Staging(self.changes)
        self.module, self.wanted, self.check = module, module.params, module.check_mode

    def whole(self) -> None:
        """Bring everything but the files that are held back."""
        self.groups()
        self.overrides()
        self.directories()
        for declared in self.wanted["key_pairs"]:
            bring(declared, self.changes)
        self.staging.going = [*self.wanted["absent"], *self.forgotten()]
        self.staging.bring()
        self.links()
        self.absences()

    def groups(self) -> None:
        """Create missing system groups, then users."""
        for name in self.wanted["groups"]:
            if group_number(name) is None:
                self.changes.note("group " + name, {})
                self.must("groupadd", "--system", name)
        for user in self.wanted["users"]:
            if user_number(user["name"]) is not None:
                continue
            self.changes.note("user " + user["name"], {})
            group = ["-g", user["group"]] if user.get("group") else ["-U"]
            self.must(
                "useradd", "-r", *group, "-d", user["home"], "-s", user["shell"], user["name"]
            )

    def must(self, *command: str) -> None:
        """Run a command that has to succeed, unless this is a rehearsal."""
        if self.check:
            return
        result = run(*command)
        if result.returncode:
            fail(
                self.module, f"{command[0]} failed: {result.stderr.strip()}", kind="server_command"
            )

    def directories(self) -> None:
        """Make directories with their owners; of a `whole` one all that is in it is root's, too."""
        for declared in self.wanted["directories"]:
            path = declared["path"]
            rights = self.changes.rights(path, declared, "0755")
            missing = not os.path.isdir(path)
            # An administrator's own link, to another disk, may be there; `refuse` lets no other be.
            place = os.path.realpath(path)
            same = not missing and settled(place, rights)
            # Where others may not enter, no list may let somebody read what is in there.
            closed = not rights[2] & 0o007 and not path.startswith(LOGS)
            if (
                same
                and not (declared.get("whole") and ground.foreign(place))
                and not (closed and ground.listed_below(place))
            ):
                continue
            self.changes.note(path + "/", declared)
            if self.check:
                continue
            self.changes.remember()
            ground.refuse(path)
            if missing:
                make_folder(os.path.dirname(path))
                os.mkdir(path, 0o700)
            ground.refuse(place)
            ground.give(place, rights)
            if declared.get("whole"):
                ground.take(place, rights[1])
            if closed:
                ground.unlist_below(place)

    def overrides(self) -> None:
        """Tell dpkg whose something is, so that no package gives it to its service again."""
        for declared in self.wanted["overrides"]:
            path = declared["path"]
            rights = self.changes.rights(path, declared, "0755")
            if overrides.known(path) == rights:
                continue
            self.changes.note(overrides.FILE, declared)
            if not self.check:
                self.must(*overrides.command(path, rights))

    def links(self) -> None:
        """Make symbolic links."""
        for declared in self.wanted["links"]:
            path = declared["path"]
            if os.path.islink(path) and os.readlink(path) == declared["to"]:
                continue
            self.changes.note(path, declared)
            if self.check:
                continue
            refuse_directory(path)
            self.changes.remember()
            make_folder(os.path.dirname(path))
            ground.refuse(path)
            # Hidden, because nginx reads every other name in the directory.
            temporary = os.path.join(os.path.dirname(path), STAGED + os.path.basename(path))
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)
            os.symlink(declared["to"], temporary)
            keep_previous(path)
            os.replace(temporary, path)

    def forgotten(self) -> list[str]:
        """Return files of ours that no role declares any more."""
        if not self.wanted["complete"]:
            return []
        now = manifest_of(self.wanted)
        pairs = {pair[part] for pair in self.wanted["key_pairs"] for part in ("certificate", "key")}
        return [path for path in manifest() if path not in now and path not in pairs]

    def absences(self) -> None:
        """Remove what must not be there, and files of ours that no role declares any more."""
        known = manifest()
        now = manifest_of(self.wanted)
        for path in self.staging.going:
            if not os.path.lexists(path):
                continue
            self.changes.note(path, known.get(path, {}))
            if not self.check:
                ground.refuse(path)
                end_unit(path)
                refuse_directory(path)
                self.changes.remember()
                keep_previous(path)
                os.unlink(path)
        wanted = now if self.wanted["complete"] else known | now
        if wanted != read_json(MANIFEST, {}) and not self.check:
            write_json(MANIFEST, wanted)

    def written(self) -> None:
        """Note what each file holds now, so that somebody else's later change can be seen."""
        if self.check:
            return
        now = {}
        for declared in self.wanted["files"]:
            with contextlib.suppress(FileNotFoundError), open(declared["path"], "rb") as file:
                now[declared["path"]] = hashlib.sha256(file.read()).hexdigest()
        known = read_json(WRITTEN, {})
        wanted = now if self.wanted["complete"] else known | now
        if wanted != known:
            write_json(WRITTEN, wanted)


def end_unit(path: str) -> None:
    """Stop a unit of ours whose file is about to go: nobody could afterwards."""
    if os.path.dirname(path) == UNITS and not os.path.islink(path):
        run("systemctl", "stop", os.path.basename(path))


def main() -> None:
    """Answer Ansible."""
    lists = {
        name: {"type": "list", "elements": kind, "default": []}
        for name, kind in (
            ("users", "dict"),
            ("groups", "str"),
            ("directories", "dict"),
            ("overrides", "dict"),
            ("key_pairs", "dict"),
            ("files", "dict"),
            ("links", "dict"),
            ("absent", "str"),
        )
    }
    module = AnsibleModule(
        argument_spec={
            "nonce": {"type": "str", "required": True, "no_log": False},
            "private": {"type": "dict", "default": {}, "no_log": True},
            "digests": {"type": "dict", "default": {}, "no_log": False},
            "complete": {"type": "bool", "default": False},
            "validate_all": {"type": "bool", "default": False},
            "guard_seconds": {"type": "int", "default": 0},
            "last": {"type": "bool", "default": False},
            "run": deployment_lock.ARGUMENT,
            **lists,
        },
        supports_check_mode=True,
    )
    deployment_lock.hold(module)
    tree = Tree(module)
    try:
        if module.params["guard_seconds"]:
            tree.staging.bring()
        else:
            tree.whole()
        tree.written()
    except ground.GroundError as error:
        fail(module, f"{error.filename} is not root's alone", kind="server_ground")
    except OSError as error:
        kind = "disk_full" if error.errno == errno.ENOSPC else "server_file"
        fail(module, f"{error.filename or 'a file'}: {error.strerror}", kind=kind)
    except KeyPairError as error:
        fail(module, f"openssl failed: {error}", kind="server_command")
    pending = tree.changes.pending()
    finished = module.params["last"] and not (pending or tree.changes.paths or tree.staging.held)
    if finished and not module.check_mode:
        deployment_lock.give_back(module.params["run"])
    module.exit_json(
        changed=bool(tree.changes.paths or module.params["guard_seconds"]),
        paths=tree.changes.paths,
        effects=tree.changes.effects,
        held=tree.staging.held,
        unvalidated=tree.staging.unvalidated,
        diff=tree.staging.diff,
        pending=pending,
        finished=finished,
    )


if __name__ == "__main__":
    main()
