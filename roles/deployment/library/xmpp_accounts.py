#!/usr/bin/python
"""Accounts of the signalling server, hashed, without a password in any process list.

Root reads the secrets; all the rest is done as Prosody's account, in whose directory it happens.
"""

from __future__ import annotations

import os
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.deployment_lock import ARGUMENT, hold
from ansible.module_utils.prosody_sessions import end_sessions
from ansible.module_utils.prosody_store import (
    StoreError,
    account_path,
    account_text,
    accounts,
    as_account,
    forget,
    make_folders,
    password_matches,
    read_plain,
)
from ansible.module_utils.school_server import SECRETS, fail, read_text, run, write_atomically

DOCUMENTATION = r"""
module: xmpp_accounts
short_description: Add, change, remove and list accounts of Prosody
options:
  host: {description: The XMPP host of the accounts, type: str, required: true}
  present:
    description: Accounts that must exist, each with C(user) and C(password) or C(secret).
    type: list
    elements: dict
    default: []
  absent: {description: Users whose account must not exist, type: list, elements: str, default: []}
  keep_password:
    description: An existing account keeps its password.
    type: bool
    default: false
  subscribe:
    description: Contacts that a user's roster must hold, each with C(user) and C(contact).
    type: list
    elements: dict
    default: []
  run: {description: Which deployment this belongs to, type: dict, default: {}}
author: The jitsi-provision team
"""


class Accounts:
    """The accounts of one host; a rehearsal only tells what would change."""

    def __init__(self, wanted: dict[str, Any], *, check: bool) -> None:
        self.wanted, self.check = wanted, check
        self.host: str = wanted["host"]
        self.added: list[str] = []
        self.changed: list[str] = []
        self.removed: list[str] = []

    def bring(self) -> dict[str, Any]:
        """Make everything as it is wanted, and return what that changed.

        Where something stops it, that is the ``stopped`` of what it returns.
        """
        stopped = ""
        try:
            for account in self.wanted["present"]:
                self.present(account)
            for user in self.wanted["absent"]:
                self.absent(user)
            for entry in self.wanted["subscribe"]:
                self.subscribe(entry["user"], entry["contact"])
        except (StoreError, OSError) as error:
            stopped = str(error)
        return {
            "stopped": stopped,
            "changed": bool(self.added or self.changed or self.removed),
            "added": self.added,
            "updated": self.changed,
            "removed": self.removed,
            "accounts": accounts(self.host),
        }

    def present(self, account: dict[str, str]) -> None:
        """Make an account, or give it its password."""
        user = account["user"]
        path = account_path(self.host, user)
        exists = os.path.lexists(path)
        if exists and self.wanted["keep_password"]:
            return
        password = account["password"]
        if not password and not self.check:
            raise StoreError(f"there is no password for {user}")
        if exists and password_matches(path, password):
            return
        if not self.check:
            make_folders(self.host)
            write_atomically(path, account_text(password), 0o640, os.geteuid(), os.getegid())
        # Now, and not before: whoever reads this goes by it.
        (self.changed if exists else self.added).append(user)
        if exists and not self.check:
            self.sign_out(user)

    def absent(self, user: str) -> None:
        """Remove an account with all that is kept of the user."""
        if os.path.lexists(account_path(self.host, user)):
            if not self.check:
                forget(self.host, user)
            self.removed.append(user)
            if not self.check:
                self.sign_out(user)

    def sign_out(self, user: str) -> None:
        """End a user's sessions: else a lesson goes on by what is no longer right."""
        if not end_sessions(self.host, user):
            raise StoreError(f"the sessions of {user} could not be ended")

    def subscribe(self, user: str, contact: str) -> None:
        """Enter a contact in a user's roster."""
        roster = account_path(self.host, user).replace("/accounts/", "/roster/")
        if contact in read_plain(roster):
            return
        self.changed.append(f"{user} → {contact}")
        if self.check:
            return
        # Its exit code is 0 even for a user that does not exist, so the file is the witness.
        run("prosodyctl", "mod_roster_command", "subscribe", contact, f"{user}@{self.host}")
        if contact not in read_plain(roster):
            raise StoreError(f"{contact} could not be entered in the roster of {user}")


def main() -> None:
    """Answer Ansible."""
    # Either the name of a secret that lies on the server, or the password itself.
    account = {
        "user": {"type": "str", "required": True},
        "secret": {"type": "str", "no_log": False},
        "password": {"type": "str", "no_log": True},
    }
    module = AnsibleModule(
        argument_spec={
            "host": {"type": "str", "required": True},
            "present": {"type": "list", "elements": "dict", "default": [], "options": account},
            "absent": {"type": "list", "elements": "str", "default": []},
            "keep_password": {"type": "bool", "default": False, "no_log": False},
            "subscribe": {"type": "list", "elements": "dict", "default": []},
            "run": ARGUMENT,
        },
        supports_check_mode=True,
    )
    hold(module)
    wanted = dict(module.params)
    wanted["present"] = [account | {"password": password(account)} for account in wanted["present"]]
    work = Accounts(wanted, check=module.check_mode)
    try:
        # A rehearsal writes nothing, and may come before there is such an account.
        done = work.bring() if module.check_mode else as_account(work.bring)
    except StoreError as error:
        fail(module, str(error), kind="account")
    if stopped := done.pop("stopped"):
        fail(module, stopped, kind="account", **done)
    module.exit_json(**done)


def password(account: dict[str, str]) -> str:
    """Return the password that is given, or the secret on the server that is named."""
    kept = read_text(f"{SECRETS}/{account.get('secret')}").strip()
    return account.get("password") or kept


if __name__ == "__main__":
    main()
