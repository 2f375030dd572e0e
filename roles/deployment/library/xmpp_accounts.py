#!/usr/bin/python
"""Accounts of the signalling server, hashed, without a password in any process list."""

from __future__ import annotations

import os

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.prosody_store import (
    DATA,
    account_path,
    account_text,
    accounts,
    encode,
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


def make_folders(host):
    """Make the folders of a host's accounts with Prosody's rights, and return owner and group."""
    owner = os.stat(DATA)
    for folder in (f"{DATA}/{encode(host)}", f"{DATA}/{encode(host)}/accounts"):
        os.makedirs(folder, 0o750, exist_ok=True)
        os.chown(folder, owner.st_uid, owner.st_gid)
    return owner.st_uid, owner.st_gid


def remove(host, user):
    """Remove all that Prosody keeps of a user, and end their sessions."""
    folder = f"{DATA}/{encode(host)}"
    for store in os.listdir(folder):
        path = os.path.join(folder, store, encode(user) + ".dat")
        if os.path.exists(path):
            os.unlink(path)
    # Without this a running lesson goes on with the removed account until the page is closed.
    run("prosodyctl", "shell", f"c2s:close('{user}@{host}')", timeout=20)


def main():
    """Answer Ansible."""
    module = AnsibleModule(
        argument_spec={
            "host": {"type": "str", "required": True},
            "present": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {
                    "user": {"type": "str", "required": True},
                    # The name of a secret that lies on the server, or the password itself.
                    "secret": {"type": "str", "no_log": False},
                    "password": {"type": "str", "no_log": True},
                },
            },
            "absent": {"type": "list", "elements": "str", "default": []},
            "keep_password": {"type": "bool", "default": False, "no_log": False},
            "subscribe": {"type": "list", "elements": "dict", "default": []},
        },
        supports_check_mode=True,
    )
    host = module.params["host"]
    added, changed, removed = [], [], []
    for account in module.params["present"]:
        user = account["user"]
        path = account_path(host, user)
        exists = os.path.exists(path)
        if exists and module.params["keep_password"]:
            continue
        password = (
            account.get("password") or read_text(f"{SECRETS}/{account.get('secret')}").strip()
        )
        if not password and not module.check_mode:
            fail(module, f"there is no password for {user}", kind="account")
        if exists and password_matches(path, password):
            continue
        (changed if exists else added).append(user)
        if not module.check_mode:
            uid, gid = make_folders(host)
            write_atomically(path, account_text(password), 0o640, uid, gid)
    for user in module.params["absent"]:
        if os.path.exists(account_path(host, user)):
            removed.append(user)
            if not module.check_mode:
                remove(host, user)
    for entry in module.params["subscribe"]:
        roster = account_path(host, entry["user"]).replace("/accounts/", "/roster/")
        if entry["contact"] in read_text(roster):
            continue
        changed.append(f"{entry['user']} → {entry['contact']}")
        if module.check_mode:
            continue
        # Its exit code is 0 even for a user that does not exist, so the file is the witness.
        done = run(
            "prosodyctl",
            "mod_roster_command",
            "subscribe",
            entry["contact"],
            f"{entry['user']}@{host}",
        )
        if entry["contact"] not in read_text(roster):
            fail(
                module,
                f"{entry['contact']} could not be entered in the roster of {entry['user']}",
                kind="account",
                reason=(done.stderr + done.stdout).strip()[-500:],
            )
    module.exit_json(
        changed=bool(added or changed or removed),
        added=added,
        updated=changed,
        removed=removed,
        accounts=accounts(host),
    )


if __name__ == "__main__":
    main()
