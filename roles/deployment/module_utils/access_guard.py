"""A way back for changes that could lock the sysadmin out, taken by the server itself.

Before such a change the former files are noted in a directory, and a timer is set that puts them
back. Whoever signs in anew afterwards takes the note away. At boot, too, what is noted is put back:
no change survives through which nobody has signed in.
"""

from __future__ import annotations

import contextlib
import os
import shutil

from ansible.module_utils.file_rights import read_bytes, rights_of
from ansible.module_utils.ground import give
from ansible.module_utils.protection import GUARD, KEPT_RULES, rules_now
from ansible.module_utils.school_server import make_folder, run, write_atomically

TAKE_BACK = "jitsi-provision-take-back.service"
TIMER = "jitsi-provision-guard"
FIREWALL = "jitsi-provision-firewall.service"


def arm(paths: list[str], seconds: int) -> str:
    """Note the former files, and let the server put them back after some seconds.

    Return why that is impossible, or nothing. What an earlier run noted and nobody took away stays
    noted: it is the last state through which somebody came in.
    """
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

    Return whether it was in time: False where the server has taken everything back.
    """
    taken = GUARD + ".kept"
    try:
        os.rename(GUARD, taken)
    except FileNotFoundError:
        return False
    disarm()
    if rules := rules_now():
        write_atomically(KEPT_RULES, rules)
        run("systemctl", "start", FIREWALL)
    shutil.rmtree(taken)
    return True


def take_back() -> None:
    """Put the former state back at once."""
    disarm()
    run("systemctl", "start", TAKE_BACK)
