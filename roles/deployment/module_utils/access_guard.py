"""A way back for changes that could lock the sysadmin out, taken by the server itself.

Before such a change the former files are noted in a directory, and a timer is set that puts them
back. Whoever signs in anew afterwards takes the note away. At boot, too, what is noted is put back:
no change survives through which nobody has signed in.
"""

from __future__ import annotations

import contextlib
import os
import shutil

from ansible.module_utils import access_trial
from ansible.module_utils.file_rights import read_bytes, rights_of
from ansible.module_utils.ground import give
from ansible.module_utils.protection import GUARD, KEEPING, KEPT_RULES, RESTORING, rules_now
from ansible.module_utils.school_server import make_folder, run, write_atomically

TAKE_BACK = "jitsi-provision-take-back.service"
TIMER = "jitsi-provision-guard"
FIREWALL = "jitsi-provision-firewall.service"
# The rules to keep, where the note turns out to be ours.
NEW_RULES = GUARD + ".rules"


def arm(paths: list[str], seconds: int) -> str:
    """Note the former files, and let the server put them back after some seconds.

    Return why that is impossible, or nothing. What an earlier run noted and nobody took away stays
    noted: it is the last state through which somebody came in, also where putting it back was cut
    off.
    """
    if os.path.exists(KEEPING):
        _finish()
    if os.path.exists(RESTORING) and not os.path.exists(GUARD):
        os.rename(RESTORING, GUARD)
    if not os.path.exists(GUARD):
        staged = GUARD + ".new"
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(staged)
        make_folder(staged, 0o700)
        present = [path for path in paths if os.path.exists(path)]
        for path in present:
            write_atomically(f"{staged}/files{path}", read_bytes(path) or b"")
            give(f"{staged}/files{path}", rights_of(path))
        absent = [path for path in paths if path not in present]
        for name, listed in (("present", present), ("absent", absent)):
            write_atomically(f"{staged}/{name}", "".join(path + "\n" for path in listed))
        os.rename(staged, GUARD)
    disarm()
    run("systemctl", "daemon-reload")
    options = (f"--on-active={seconds}s", "--timer-property=AccuracySec=1s", "--collect")
    timer = run("systemd-run", f"--unit={TIMER}", *options, "systemctl", "start", TAKE_BACK)
    return timer.stderr.strip() if timer.returncode else ""


def disarm() -> None:
    """Stop the timer."""
    run("systemctl", "stop", TIMER + ".timer")


def keep() -> bool:
    """Keep what is in force, for this is called by somebody who signed in anew.

    Return whether it was in time: False where the server has taken everything back. The renaming
    decides; the note goes last, and `take-back` at boot, or the next deployment, finishes what is
    cut off before that.
    """
    if os.path.exists(KEEPING):
        _finish()
    write_atomically(NEW_RULES, rules_now())
    try:
        os.rename(GUARD, KEEPING)
    except FileNotFoundError:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(NEW_RULES)
        return False
    disarm()
    access_trial.end()
    _finish()
    return True


def _finish() -> None:
    """Do what is decided: the rules of the next boot are the new ones."""
    with contextlib.suppress(FileNotFoundError):
        if os.path.getsize(NEW_RULES):
            os.replace(NEW_RULES, KEPT_RULES)
            run("systemctl", "start", FIREWALL)
        else:  # no rules of ours are in force
            os.unlink(NEW_RULES)
    done = GUARD + ".done"
    shutil.rmtree(done, ignore_errors=True)
    with contextlib.suppress(FileNotFoundError):
        os.rename(KEEPING, done)  # in one step; half a note would say something else
    shutil.rmtree(done, ignore_errors=True)


def take_back() -> None:
    """Put the former state back at once."""
    disarm()
    run("systemctl", "start", TAKE_BACK)
