#!/usr/bin/python
"""All files of all roles on the server in one call: compared, validated, then replaced."""

from __future__ import annotations

import difflib
import grp
import os
import pwd
import re
import secrets
import shlex
import stat
import string
import tempfile

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.school_server import (
    MANIFEST,
    PENDING,
    SECRETS,
    STATE,
    fail,
    read_json,
    read_text,
    run,
    write_atomically,
    write_json,
)

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
  users: {description: System users, type: list, elements: dict, default: []}
  groups: {description: System groups, type: list, elements: str, default: []}
  directories: {description: Directories, type: list, elements: dict, default: []}
  key_pairs: {description: Self-signed key pairs, type: list, elements: dict, default: []}
  files: {description: Files with content, type: list, elements: dict, default: []}
  links: {description: Symbolic links, type: list, elements: dict, default: []}
  absent: {description: Paths that must not exist, type: list, elements: str, default: []}
  complete: {description: All roles are here, so forgotten files go, type: bool, default: false}
  validate_all: {description: Validate unchanged files too, type: bool, default: false}
author: The jitsi-provision team
"""

ALPHABET = string.ascii_letters + string.digits
DAYS = 3650
RENEW_SECONDS = 60 * 86400


class Tree:
    """One pass over the tree; collects what changed and what that means to the units."""

    def __init__(self, module):
        self.module = module
        self.check = module.check_mode
        self.changed = []
        self.diff = []
        self.effects = {}
        self.unvalidated = []
        self.marker = re.compile("@@secret:" + re.escape(module.params["nonce"]) + r":([a-z_]+)@@")

    def note(self, path, declared):
        """Remember a changed path and its effect on units."""
        if path not in self.changed:
            self.changed.append(path)
        for effect in ("restart", "reload"):
            for unit in declared.get(effect) or []:
                self.effects.setdefault(unit, {}).setdefault(effect, []).append(path)

    # Identities

    def groups(self):
        """Create missing system groups, then users."""
        for name in self.module.params["groups"]:
            if not group_id(name, None):
                self.note("group " + name, {})
                self.must("groupadd", "--system", name)
        for user in self.module.params["users"]:
            if user_id(user["name"], None):
                continue
            self.note("user " + user["name"], {})
            group = ["-g", user["group"]] if user.get("group") else ["-U"]
            self.must(
                "useradd", "-r", *group, "-d", user["home"], "-s", user["shell"], user["name"]
            )

    def must(self, *command, **keywords):
        """Run a command that has to succeed, unless this is a rehearsal."""
        if self.check:
            return
        result = run(*command, **keywords)
        if result.returncode:
            fail(
                self.module, f"{command[0]} failed: {result.stderr.strip()}", kind="server_command"
            )

    def attributes(self, path, declared, directory=False):
        """Tell whether owner, group or mode differ, and set them unless rehearsing."""
        mode = int(declared.get("mode") or ("0755" if directory else "0644"), 8)
        uid = user_id(declared.get("owner") or "root", -1 if self.check else None)
        gid = group_id(declared.get("group") or "root", -1 if self.check else None)
        try:
            now = os.lstat(path)
        except FileNotFoundError:
            return True
        if (now.st_uid, now.st_gid, stat.S_IMODE(now.st_mode)) == (uid, gid, mode):
            return False
        if not self.check:
            os.chown(path, uid, gid)
            os.chmod(path, mode)
        return True

    def directories(self):
        """Make directories with their owners."""
        for declared in self.module.params["directories"]:
            path = declared["path"]
            missing = not os.path.isdir(path)
            if missing and not self.check:
                os.makedirs(path, 0o700)
            if self.attributes(path, declared, directory=True) or missing:
                self.note(path + "/", declared)

    # What is born here

    def secret(self, name):
        """Return the secret of this name, made now if there is none."""
        path = os.path.join(SECRETS, name)
        value = read_text(path).strip()
        if not value and not self.check:
            value = "".join(secrets.choice(ALPHABET) for _ in range(32))
            os.makedirs(SECRETS, 0o700, exist_ok=True)
            os.chmod(SECRETS, 0o700)
            write_atomically(path, value + "\n")
        if not value:
            value = "(made on the server)"
        return value

    def key_pairs(self):
        """Make self-signed key pairs that are missing or end within two months."""
        for declared in self.module.params["key_pairs"]:
            certificate, key = declared["certificate"], declared["key"]
            if (
                os.path.exists(certificate)
                and (
                    declared.get("only_if_missing")
                    or not run(
                        "openssl",
                        "x509",
                        "-in",
                        certificate,
                        "-noout",
                        "-checkend",
                        str(RENEW_SECONDS),
                    ).returncode
                )
                and os.path.exists(key)
            ):
                self.copies(declared)
                continue
            self.note(certificate, declared)
            if not self.check:
                self.make_key_pair(declared)
                self.copies(declared)

    def make_key_pair(self, declared):
        """Write key and certificate (EC P-256: a key costs nothing, Java 17 and 21 accept it)."""
        name = declared["name"]
        with tempfile.TemporaryDirectory(dir=os.path.dirname(declared["key"])) as folder:
            key, certificate = folder + "/key", folder + "/certificate"
            self.must(
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
                "-nodes",
                "-days",
                str(DAYS),
                "-subj",
                "/CN=" + (name if len(name) <= 64 else "jitsi-provision"),
                "-addext",
                "subjectAltName=DNS:" + name,
                "-keyout",
                key,
                "-out",
                certificate,
            )
            for staged, path, mode in (
                (key, declared["key"], "0400"),
                (certificate, declared["certificate"], "0644"),
            ):
                write_atomically(
                    path,
                    read_text(staged),
                    int(declared.get("mode") or mode, 8),
                    user_id(declared.get("owner") or "root", None),
                    group_id(declared.get("group") or "root", None),
                )

    def copies(self, declared):
        """Keep the public copies of a certificate equal to it."""
        for path in declared.get("copies") or []:
            text = read_text(declared["certificate"])
            if read_text(path) != text:
                self.note(path, declared)
                if not self.check:
                    write_atomically(path, text, 0o644)

    # Files

    def files(self):
        """Stage what differs, validate all of it, then replace."""
        staged = []
        try:
            for declared in self.module.params["files"]:
                staged.extend(self.stage(declared))
            self.validate([entry for entry in staged if entry[1]])
            if self.check:
                return
            if self.effects:
                self.remember_effects()
            for declared, temporary in staged:
                if temporary and declared["path"] in self.changed:
                    keep_previous(declared["path"])
                    os.replace(temporary, declared["path"])
        finally:
            for _declared, temporary in staged:
                if temporary and os.path.exists(temporary):
                    os.unlink(temporary)

    def stage(self, declared):
        """Return [(declaration, staged file)] for a file that differs or is to be validated."""
        path = declared["path"]
        shown = declared["content"]
        content = self.marker.sub(lambda match: self.secret(match.group(1)), shown)
        for name, text in self.module.params["private"].items():
            if shown == f"@@{name}:{self.module.params['nonce']}@@":
                content = text
        before = read_text(path, None) if os.path.isfile(path) else None
        differs = before != content
        if differs:
            self.note(path, declared)
            if not shown.startswith("@@own_"):
                self.diff.append(self.difference(path, before, shown))
        elif self.attributes(path, declared):
            self.note(path, declared)
        if not differs and not (self.module.params["validate_all"] and declared.get("validate")):
            return []
        if self.check:
            return []
        folder = os.path.dirname(path)
        if not os.path.isdir(folder):
            os.makedirs(folder, 0o755)
        descriptor, temporary = tempfile.mkstemp(dir=folder, prefix=".jitsi-provision-")
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        self.attributes(temporary, declared)
        return [(declared, temporary)]

    def difference(self, path, before, shown):
        """Return a diff that shows the names of secrets, never a value, old or new."""
        named = self.marker.sub(lambda match: f"(secret {match.group(1)})", shown)
        old = before or ""
        if self.marker.search(shown):
            for name in os.listdir(SECRETS) if os.path.isdir(SECRETS) else []:
                value = read_text(os.path.join(SECRETS, name)).strip()
                old = old.replace(value, f"(secret {name})") if value else old
            # A rotated secret's old value is in no file of ours any more.
            kept = set(named.splitlines())
            old = "".join(
                line if line.rstrip("\n") in kept else re.sub(r"[\w+/=-]{12,}", "(hidden)", line)
                for line in old.splitlines(keepends=True)
            )
        return {
            "prepared": "".join(
                difflib.unified_diff(
                    old.splitlines(keepends=True),
                    named.splitlines(keepends=True),
                    path if before is not None else "(no file)",
                    path,
                )
            )
        }

    def validate(self, staged):
        """Ask each format's own program; one refusal and nothing is replaced."""
        for declared, temporary in staged:
            command = shlex.split(declared.get("validate") or "")
            if not command:
                continue
            if run("which", command[0]).returncode:
                self.unvalidated.append(declared["path"])
                continue
            wrapped = ""
            if declared.get("validate_inside"):
                wrapped = temporary + ".check"
                with open(wrapped, "w", encoding="utf-8") as file:
                    file.write(declared["validate_inside"].replace("%s", temporary))
            result = run(*[part.replace("%s", wrapped or temporary) for part in command])
            if wrapped:
                os.unlink(wrapped)
            if result.returncode:
                said = (result.stderr + result.stdout).replace(temporary, declared["path"])
                values = [read_text(os.path.join(SECRETS, n)).strip() for n in os.listdir(SECRETS)]
                for value in filter(None, values):
                    said = said.replace(value, "(secret)")
                fail(
                    self.module,
                    f"{declared['path']} was refused by {command[0]}",
                    kind="file_refused",
                    reason=said.strip()[-1000:],
                    refused=declared["path"],
                )

    def links(self):
        """Make symbolic links."""
        for declared in self.module.params["links"]:
            path = declared["path"]
            if os.path.islink(path) and os.readlink(path) == declared["to"]:
                continue
            self.note(path, declared)
            if self.check:
                continue
            os.makedirs(os.path.dirname(path), exist_ok=True)
            temporary = path + ".jitsi-provision"
            if os.path.lexists(temporary):
                os.unlink(temporary)
            os.symlink(declared["to"], temporary)
            os.replace(temporary, path)

    def absences(self):
        """Remove what must not be there, and files of ours that no role declares any more."""
        gone = list(self.module.params["absent"])
        manifest = read_json(MANIFEST, [])
        now = sorted(
            [f["path"] for f in self.module.params["files"]]
            + [link["path"] for link in self.module.params["links"]]
        )
        if self.module.params["complete"]:
            gone += [path for path in manifest if path not in now]
        for path in gone:
            if not os.path.lexists(path):
                continue
            self.note(path, {})
            if not self.check:
                keep_previous(path)
                os.unlink(path)
        wanted = sorted(set(now) | (set() if self.module.params["complete"] else set(manifest)))
        if wanted != manifest and not self.check:
            write_json(MANIFEST, wanted)

    def remember_effects(self):
        """Note what the units must still do, so that a cut connection cannot lose it."""
        pending = read_json(PENDING, {})
        for unit, effects in self.effects.items():
            for effect, paths in effects.items():
                known = pending.setdefault(unit, {}).setdefault(effect, [])
                known.extend(path for path in paths if path not in known)
        write_json(PENDING, pending)


def user_id(name, default):
    """Return a user's number; without a default a missing user is an error."""
    try:
        return pwd.getpwnam(name).pw_uid
    except KeyError:
        if default is None:
            return None
        return default


def group_id(name, default):
    """Return a group's number; see user_id."""
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        if default is None:
            return None
        return default


def keep_previous(path):
    """Keep one previous version of a file, in one place, with its rights."""
    if not os.path.isfile(path) or os.path.islink(path):
        return
    now = os.stat(path)
    kept = STATE + "/previous" + path
    os.makedirs(os.path.dirname(kept), 0o700, exist_ok=True)
    with open(path, "rb") as file:
        write_atomically(kept, file.read(), stat.S_IMODE(now.st_mode), now.st_uid, now.st_gid)


def main():
    """Answer Ansible."""
    lists = {
        name: {"type": "list", "elements": kind, "default": []}
        for name, kind in (
            ("users", "dict"),
            ("groups", "str"),
            ("directories", "dict"),
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
            "complete": {"type": "bool", "default": False},
            "validate_all": {"type": "bool", "default": False},
            **lists,
        },
        supports_check_mode=True,
    )
    tree = Tree(module)
    try:
        tree.groups()
        tree.directories()
        tree.key_pairs()
        tree.files()
        tree.links()
        tree.absences()
        if tree.effects and not module.check_mode:
            tree.remember_effects()
    except OSError as error:
        kind = "disk_full" if error.errno == 28 else "server_file"
        fail(module, f"{error.filename or 'a file'}: {error.strerror}", kind=kind)
    module.exit_json(
        changed=bool(tree.changed),
        paths=tree.changed,
        effects=tree.effects,
        unvalidated=tree.unvalidated,
        diff=tree.diff,
        pending=tree.effects if module.check_mode else read_json(PENDING, {}),
    )


if __name__ == "__main__":
    main()
