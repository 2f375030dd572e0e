"""Files on the way to their places: compared, validated together, replaced one by one."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
import shlex
import shutil
import string
import tempfile
from typing import Any, NamedTuple

from ansible.module_utils import access_guard, access_trial, ground, ssh_in_force
from ansible.module_utils.changes import Changes, manifest, manifest_of
from ansible.module_utils.differences import hide, hide_tokens, unified
from ansible.module_utils.file_rights import (
    keep_previous,
    naming,
    read_bytes,
    refuse_directory,
    rights_of,
    settled,
)
from ansible.module_utils.school_server import (
    CONFIG,
    MANIFEST,
    SECRETS,
    STAGED,
    fail,
    make_folder,
    read_text,
    run,
    secret_values,
    write_atomically,
    write_json,
)
from ansible.module_utils.view import View

PATH = re.compile(r"(?<![\w.])/[\w./+@-]+")
ALPHABET = string.ascii_letters + string.digits


class Staged(NamedTuple):
    """A file that is about to take its place, or only to be validated or to get other rights."""

    declared: dict[str, Any]
    temporary: str
    differs: bool


class Staging:
    """The files of one run."""

    def __init__(self, changes: Changes) -> None:
        self.changes = changes
        self.module, self.wanted, self.check = changes.module, changes.wanted, changes.check
        self.diff: list[dict[str, str]] = []
        self.unvalidated: list[str] = []
        self.staged: list[Staged] = []
        self.held: list[str] = []
        self.going: list[str] = []
        """What will not be there any more once this run is done; set by who knows."""
        # The files that could lock the sysadmin out have their own turn, after all others.
        self.guarding = bool(self.wanted["guard_seconds"])
        self.marker = re.compile(f"@@secret:{re.escape(self.wanted['nonce'])}:([a-z_]+)@@")

    def bring(self) -> None:
        """Stage what differs, validate all of it, and only then change anything."""
        files = self.wanted["files"]
        if self.guarding:
            files = [declared for declared in files if declared.get("guarded")]
        try:
            for declared in files:
                with naming(declared["path"]):
                    self.stage(declared)
            self.validate()
            if self.guarding and not self.check:
                line = self.line_for_sshd(files)
                self.guard([declared["path"] for declared in files] + line)
                self.replace()
                for path in line:
                    self.put_line(path)
                self.put_in_force(files)
                access_trial.begin()
            elif not self.check:
                self.announce()
                self.changes.remember()
                self.replace()
        finally:
            for staged in self.staged:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(staged.temporary)

    def announce(self) -> None:
        """Note what will be ours, so that a run that is cut off finds it to be nobody else's."""
        known = manifest()
        wanted = manifest_of(self.wanted)
        if not wanted.keys() <= known.keys():
            write_json(MANIFEST, known | wanted)

    def replace(self) -> None:
        """Let each staged file take its place, but for those that are held back."""
        for declared, temporary, differs in self.staged:
            path = declared["path"]
            if path in self.held:
                continue
            with naming(path):
                if differs:
                    keep_previous(path)
                    os.replace(temporary, path)
                elif not settled(path, rights := self.changes.rights(path, declared)):
                    ground.give(path, rights)

    def stage(self, declared: dict[str, Any]) -> None:
        """Write a file that differs or is to be validated beside the place that it will take."""
        path, shown = declared["path"], declared["content"]
        refuse_directory(path)
        private = self.private("private", shown)
        digest = self.private("digests", shown)
        content = self.marker.sub(lambda match: self.secret(match[1]), shown)
        content = content if private is None else private
        before = read_bytes(path)
        differs = before != content.encode()
        if digest is not None:
            differs = hashlib.sha256(before or b"").hexdigest() != digest
        rights = self.changes.rights(path, declared)
        held = declared.get("guarded") and not self.guarding and not self.check
        if held and (differs or not settled(path, rights)):
            self.held.append(path)
        elif differs:
            self.changes.note(path, declared)
            if private is None and digest is None:
                self.diff.append(self.difference(path, before, shown))
        elif not settled(path, rights):
            self.changes.note(path, declared)
        elif not (self.wanted["validate_all"] and declared.get("validate")):
            return
        if self.check:
            return
        make_folder(os.path.dirname(path))
        ground.refuse(path)
        descriptor, temporary = tempfile.mkstemp(dir=os.path.dirname(path), prefix=STAGED)
        self.staged.append(Staged(declared, temporary, differs))
        with os.fdopen(descriptor, "wb") as file:
            file.write(content.encode())
            file.flush()
            os.fsync(file.fileno())
        ground.give(temporary, rights)

    def guard(self, paths: list[str]) -> None:
        """Make the server take the files back by itself, unless access_guard.keep is called."""
        if why := access_guard.arm(paths, self.wanted["guard_seconds"]):
            fail(self.module, "There is no way back", kind="server_command", reason=why)

    @staticmethod
    def line_for_sshd(files: list[dict[str, Any]]) -> list[str]:
        """Return sshd's own file where it would not obey one of these."""
        ours = any(declared["path"].startswith(ssh_in_force.DIRECTORY) for declared in files)
        missing = ours and ssh_in_force.line_missing(read_text(ssh_in_force.MAIN))
        return [ssh_in_force.MAIN] if missing else []

    def put_line(self, path: str) -> None:
        """Let sshd's own file, with all that a person wrote there, begin with the line it needs."""
        uid, gid, mode = rights_of(path)
        keep_previous(path)
        write_atomically(path, ssh_in_force.with_line(read_text(path)), mode, uid, gid)
        self.changes.note(path, {})

    def put_in_force(self, files: list[dict[str, Any]]) -> None:
        """Run what puts guarded files in force; where one fails, the former state comes back."""
        for declared in files:
            result = run(*shlex.split(declared["guarded"]))
            if result.returncode:
                access_guard.take_back()
                reason = (result.stderr + result.stdout).strip()[-1000:]
                what = f"{declared['path']} was refused"
                fail(
                    self.module, what, kind="file_refused", reason=reason, refused=declared["path"]
                )

    def secret(self, name: str) -> str:
        """Return the secret of this name, made now if there is none."""
        path = os.path.join(SECRETS, name)
        value = read_text(path).strip()
        if not value and not self.check:
            value = "".join(secrets.choice(ALPHABET) for _ in range(32))
            make_folder(SECRETS, 0o700)
            os.chmod(SECRETS, 0o700)
            write_atomically(path, value + "\n")
        return value or "(made on the server)"

    def private(self, kind: str, shown: str) -> str | None:
        """Return a content that no log may show, or its digest, if this marker means one."""
        for name, text in self.wanted[kind].items():
            if shown == f"@@{name}:{self.wanted['nonce']}@@":
                return str(text)
        return None

    def difference(self, path: str, before: bytes | None, shown: str) -> dict[str, str]:
        """Return a difference that shows the names of secrets, never a value, old or new."""
        named = self.marker.sub(lambda match: f"(secret {match[1]})", shown)
        if before is None:
            return unified(path, None, named)
        old = hide(before.decode(errors="replace"), secret_values())
        if named != shown:
            old = hide_tokens(old, kept=named)
        return unified(path, old, named)

    def validate(self) -> None:
        """Ask the formats' own programs, each question once; a refusal ends the module."""
        view, asked = self.view(), set()
        for declared, temporary, _differs in self.staged:
            path, command = declared["path"], shlex.split(declared.get("validate") or "")
            if not command:
                continue
            needed = declared.get("validate_needs")
            if not shutil.which(command[0]) or (needed and not os.path.exists(needed)):
                self.unvalidated.append(path)
                continue
            # A program that judges this file alone is told where it is; any other judges it in its
            # place, among all others.
            judged = [part.replace("%s", temporary) for part in command]
            alone = judged != command
            if tuple(judged) in asked:
                continue
            asked.add(tuple(judged))
            result = run(*judged) if alone else view.run(*judged)
            if result is None:
                self.unvalidated.append(path)
            elif result.returncode:
                said = (result.stderr + result.stdout).replace(temporary, path)
                self.refuse(path if alone else "", command[0], said)

    def refuse(self, path: str, program: str, said: str) -> None:
        """End the module with a program's refusal, and the file that it is about."""
        reason = hide(said, secret_values()).strip()[-1000:]
        named = [path] if path else [name.rstrip(".,;:") for name in PATH.findall(reason)]
        ours = {declared["path"] for declared in self.wanted["files"]}
        # Where a program names several, ours is what includes the one that is wrong.
        foreign = [name for name in named if name not in ours and os.path.isfile(name)]
        refused = (foreign or named or [""])[0]
        what = f"{refused or 'the configuration'} was refused by {program}"
        if foreign and not refused.startswith(CONFIG + "/"):
            fail(self.module, what, kind="foreign_file", reason=reason, refused=refused,
                 foreign=refused)  # fmt: skip
        fail(self.module, what, kind="file_refused", reason=reason, refused=refused or program)

    def view(self) -> View:
        """Return the server as this run will leave it, as far as programs judge it as a whole."""
        files = {staged.declared["path"]: staged.temporary for staged in self.staged}
        for pair in self.wanted["key_pairs"]:
            # Where nothing is served yet, what will be served first.
            for part, path in (pair.get("stand_in") or {}).items():
                if not os.path.exists(path):
                    files[path] = pair[part]
        links = {declared["path"]: declared["to"] for declared in self.wanted["links"]}
        return View(files, links, [path for path in self.going if path not in files])
