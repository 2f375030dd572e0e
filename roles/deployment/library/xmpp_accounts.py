#!/usr/bin/python
"""Accounts of the signalling server, hashed, without a password in any process list."""

from __future__ import annotations

import os

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.prosody_sessions import end_sessions
from ansible.module_utils.prosody_store import (
    account_path,
    account_text,
    accounts,
    forget,
    make_folders,
    password_matches,
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
author: The jitsi-provision team
"""


class Accounts:
    """The accounts of one host; a rehearsal only tells what would change."""

    def __init__(self, module: AnsibleModule) -> None:
        self.module = module
        self.wanted = module.params
        self.host: str = module.params["host"]
        self.added: list[str] = []
        self.changed: list[str] = []
        self.removed: list[str] = []

    def present(self, account: dict[str, str]) -> None:
        """Make an account, or give it its password."""
        user = account["user"]
        path = account_path(self.host, user)
        exists = os.path.exists(path)
        if exists and self.wanted["keep_password"]:
            return
        kept = read_text(f"{SECRETS}/{account.get('secret')}").strip()
        password = account.get("password") or kept
        if not password and not self.module.check_mode:
            fail(self.module, f"there is no password for {user}", kind="account")
        if exists and password_matches(path, password):
            return
        (self.changed if exists else self.added).append(user)
        if not self.module.check_mode:
            uid, gid = make_folders(self.host)
            write_atomically(path, account_text(password), 0o640, uid, gid)
            if exists:
                self.sign_out(user)

    def absent(self, user: str) -> None:
        """Remove an account with all that is kept of the user."""
        if os.path.exists(account_path(self.host, user)):
            self.removed.append(user)
            if not self.module.check_mode:
                forget(self.host, user)
                self.sign_out(user)

    def sign_out(self, user: str) -> None:
        """End a user's sessions: else a lesson goes on by what is no longer right."""
        if not end_sessions(self.host, user):
            what = f"the sessions of {user} could not be ended"
            fail(self.module, what, kind="account")

    def subscribe(self, user: str, contact: str) -> None:
        """Enter a contact in a user's roster."""
        roster = account_path(self.host, user).replace("/accounts/", "/roster/")
        if contact in read_text(roster):
            return
        self.changed.append(f"{user} → {contact}")
        if self.module.check_mode:
            return
        # Its exit code is 0 even for a user that does not exist, so the file is the witness.
        run("prosodyctl", "mod_roster_command", "subscribe", contact, f"{user}@{self.host}")
        if contact not in read_text(roster):
            what = f"{contact} could not be entered in the roster of {user}"
            fail(self.module, what, kind="account")


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
        },
        supports_check_mode=True,
    )
    done = Accounts(module)
    for wanted in module.params["present"]:
        done.present(wanted)
    for user in module.params["absent"]:
        done.absent(user)
    for entry in module.params["subscribe"]:
        done.subscribe(entry["user"], entry["contact"])
    module.exit_json(
        changed=bool(done.added or done.changed or done.removed),
        added=done.added,
        updated=done.changed,
        removed=done.removed,
        accounts=accounts(done.host),
    )


if __name__ == "__main__":
    main()
