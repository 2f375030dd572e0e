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
from typing import TYPE_CHECKING, Any, NamedTuple

from ansible.module_utils import access_guard, ground
from ansible.module_utils.differences import hide, hide_tokens, unified
from ansible.module_utils.file_rights import (
    keep_previous,
    naming,
    read_bytes,
    refuse_directory,
    settled,
)
from ansible.module_utils.school_server import (
    SECRETS,
    STAGED,
    fail,
    make_folder,
    read_text,
    run,
    secret_values,
    write_atomically,
)

if TYPE_CHECKING:
    from ansible.module_utils.changes import Changes

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
            for staged in self.staged:
                self.validate(staged)
            if self.guarding and not self.check:
                self.guard([declared["path"] for declared in files])
                self.replace()
                self.put_in_force(files)
            elif not self.check:
                self.changes.remember()
                self.replace()
        finally:
            for staged in self.staged:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(staged.temporary)

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

    def validate(self, staged: Staged) -> None:
        """Ask the format's own program; its refusal ends the module."""
        declared, temporary, _differs = staged
        path, command = declared["path"], shlex.split(declared.get("validate") or "")
        if not command:
            return
        needed = declared.get("validate_needs")
        if not shutil.which(command[0]) or (needed and not os.path.exists(needed)):
            self.unvalidated.append(path)
            return
        judged, inside = temporary, declared.get("validate_inside")
        try:
            if inside:
                judged = temporary + ".check"
                write_atomically(judged, inside.replace("%s", temporary))
            result = run(*[part.replace("%s", judged) for part in command])
        finally:
            if inside:
                os.unlink(judged)
        if result.returncode:
            said = (result.stderr + result.stdout).replace(temporary, path)
            reason = hide(said, secret_values()).strip()[-1000:]
            what = f"{path} was refused by {command[0]}"
            fail(self.module, what, kind="file_refused", reason=reason, refused=path)
