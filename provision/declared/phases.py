"""The phases of a deployment, and the tasks in them: each is declared here, once.

Ansible tells of a task by its name, `phase | task` (roles/deployment/tasks). What a phase is called
before people, in which order they come, and by which task something is known follows from here; a
test compares it with the role's files.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from provision.messages.i18n import N_


class Task(StrEnum):
    """A task of roles/deployment, by what stands behind the bar of its name."""

    SETTINGS = "Check the settings"
    LOOK = "Look at the server"
    IN_THE_WAY = "Check that nothing is in the way"
    JUDGE = "Judge what was seen"
    WRITE = "Write the configuration"
    END = "End here if nothing is left to do"
    FIRST_CERTIFICATE = "Give web and TURN a certificate to start with"
    INSTALL = "Install all packages together"
    CHECK_AGAIN = "Check the configuration with the programs that are there now"
    TRUST = "Let Java trust the signalling server"
    ACCOUNTS = "Let focus and bridge sign in"
    START = "Start what does not run, and what changed"
    CONFERENCE = "Hold a first conference on the bridge"
    GUARDED = "Change firewall and SSH"
    SIGN_IN = "Sign in anew"
    CERTIFICATE = "Obtain the certificate"
    SERVE_CERTIFICATE = "Bring the certificate to web and TURN"
    TEACHERS = "Change teachers' accounts"


@dataclass(frozen=True)
class Phase:
    """One part of a run, and a file of that name in roles/deployment/tasks."""

    key: str
    """What stands in front of the bar; `--json` tells the seconds by it."""
    title: str
    """What it is called before people; nothing where no phase is shown."""
    tasks: tuple[Task, ...]
    """In their order."""


LOOK = Phase("look", N_("look at the server"), (Task.SETTINGS, Task.LOOK, Task.IN_THE_WAY))
WRITE = Phase("write", N_("write configuration"), (Task.WRITE, Task.END, Task.FIRST_CERTIFICATE))
INSTALL = Phase("install", N_("install packages"), (Task.INSTALL, Task.CHECK_AGAIN, Task.TRUST))
ACCOUNTS = Phase("accounts", N_("accounts"), (Task.ACCOUNTS,))
START = Phase("start", N_("start services"), (Task.START,))
CONFERENCE = Phase("conference", N_("first conference"), (Task.CONFERENCE,))
ACCESS = Phase("access", N_("firewall and SSH"), (Task.GUARDED, Task.SIGN_IN))
CERTIFICATE = Phase("certificate", N_("certificate"), (Task.CERTIFICATE, Task.SERVE_CERTIFICATE))
DEPLOYMENT = (LOOK, WRITE, INSTALL, ACCOUNTS, START, CONFERENCE, ACCESS, CERTIFICATE)
"""In the order in which they come."""
CHECK = Phase("check", "", (Task.SETTINGS, Task.LOOK, Task.JUDGE))
TEACHERS = Phase("teachers", "", (Task.SETTINGS, Task.TEACHERS))
OTHERS = (CHECK, TEACHERS)
"""The only phases of other playbooks, each of the playbook of its name."""


def title(key: str) -> str:
    """Return what a phase is called, untranslated; its key where it has no name for people."""
    named = {phase.key: phase.title for phase in DEPLOYMENT}
    return named.get(key, key)
