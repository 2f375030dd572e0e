"""The server as it is about to be: staged files in their places, for one program alone.

A program that reads more than one file, as nginx does, can judge a new one only beside the others
that come with it. So it runs in a mount namespace of its own, in which every directory that is
about to change is put together anew: what stays is bound to its place, what is staged takes the
place that it will have, and what will go is missing. Nobody else sees anything of it.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
from typing import TYPE_CHECKING

from ansible.module_utils.school_server import STAGED, run

if TYPE_CHECKING:
    from collections.abc import Mapping

NEW_SPACE = 0x20000
"""CLONE_NEWNS, of unshare(2)."""
BIND, WHOLE, PRIVATE = 0x1000, 0x4000, 0x40000
"""MS_BIND, MS_REC and MS_PRIVATE, of mount(2)."""


class View:
    """What will be at which path: a file by the one that stands for it, a link, or nothing."""

    def __init__(
        self, files: Mapping[str, str], links: Mapping[str, str], absent: list[str]
    ) -> None:
        self.files, self.links, self.absent = dict(files), dict(links), absent
        self.libc = ctypes.CDLL(None, use_errno=True)

    def run(self, *command: str) -> subprocess.CompletedProcess[str] | None:
        """Return a finished program that saw the view; nothing where no view can be made here.

        Some containers let nobody mount anything.
        """
        try:
            return run(*command, preexec_fn=self._enter)
        except subprocess.SubprocessError:
            return None

    def _enter(self) -> None:
        """Put the view together; runs in the child, just before its program."""
        if self.libc.unshare(NEW_SPACE):
            raise OSError(ctypes.get_errno(), "unshare")
        self._mount(None, "/", PRIVATE | WHOLE)
        places = self._places()
        # By these the former directories can still be reached once something lies over them.
        former = {
            folder: os.open(folder, os.O_PATH | os.O_DIRECTORY) for folder in set(places.values())
        }
        for folder in sorted(former):
            status = os.fstat(former[folder])
            self._mount("none", folder, 0, "tmpfs")
            os.chown(folder, status.st_uid, status.st_gid)
            os.chmod(folder, status.st_mode & 0o7777)
            here = [path for path, place in places.items() if place == folder]
            self._keep(folder, f"/proc/self/fd/{former[folder]}")
            self._bring(here, folder, f"/proc/self/fd/{former[folder]}")

    def _places(self) -> dict[str, str]:
        """Return for each path the directory above it; the nearest, where that is not there yet."""
        found = {}
        for path in (*self.files, *self.links, *self.absent):
            folder = os.path.dirname(path)
            while not os.path.isdir(folder):
                folder = os.path.dirname(folder)
            found[path] = folder
        return found

    def _keep(self, folder: str, former: str) -> None:
        """Bring what stays from a former directory to the empty one in its place."""
        for name in os.listdir(former):
            path, source = f"{folder}/{name}", f"{former}/{name}"
            changes = path in self.files or path in self.links or path in self.absent
            if changes or name.startswith(STAGED):
                continue
            if os.path.islink(source):
                os.symlink(os.readlink(source), path)
            else:
                self._bind(source, path)

    def _bring(self, paths: list[str], folder: str, former: str) -> None:
        """Bring what is new."""
        for path in paths:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            if path in self.links:
                os.symlink(self.links[path], path)
            elif source := self.files.get(path):
                # What was staged beside its place lies under this directory by now.
                beside = os.path.dirname(source) == folder
                self._bind(f"{former}/{os.path.basename(source)}" if beside else source, path)

    def _bind(self, source: str, path: str) -> None:
        """Let a path be another name of a file or directory."""
        if os.path.isdir(source):
            os.mkdir(path)
        else:
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
        self._mount(source, path, BIND | WHOLE)

    def _mount(self, source: str | None, path: str, flags: int, kind: str | None = None) -> None:
        words = [None if word is None else os.fsencode(word) for word in (source, path, kind)]
        if self.libc.mount(*words, ctypes.c_ulong(flags), None):
            raise OSError(ctypes.get_errno(), "mount", path)
