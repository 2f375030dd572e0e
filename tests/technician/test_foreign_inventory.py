"""An inventory of somebody else is looked at: nothing in it or beside it runs a program here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.inventories import NORD

if TYPE_CHECKING:
    from tests.technician.conftest import Computer

TEMPLATE = "\"{{ lookup('ansible.builtin.pipe', 'MARK') }}\""
RUNS = {
    "ansible_python_interpreter": TEMPLATE,
    "ansible_connection": "local",
    "ansible_ssh_executable": "/bin/evil",
    "ansible_ssh_args": "-o ProxyCommand='MARK'",
    "ansible_ssh_common_args": "-o ProxyCommand='MARK'",
    "ansible_ssh_extra_args": "-o ProxyCommand='MARK'",
    "ansible_become_exe": "/bin/evil",
    "ansible_become_method": TEMPLATE,
    "ansible_shell_executable": "/bin/evil",
    "ansible_shell_type": TEMPLATE,
    "ansible_remote_tmp": TEMPLATE,
    "ansible_ssh_private_key_file": TEMPLATE,
    "ansible_ssh_timeout": TEMPLATE,
    "ansible_host": TEMPLATE,
    "ansible_user": TEMPLATE,
    "ansible_port": TEMPLATE,
    "ansible_become": TEMPLATE,
    "ansible_password": "secret-of-somebody",
}
VERBS = ("plan", "check", "list", "deploy")
LINE = NORD.count("\n") + 1


@pytest.mark.parametrize("name", RUNS)
def test_a_variable_that_runs_something_is_refused_with_its_line(
    computer: Computer, name: str
) -> None:
    computer.write(f"{NORD}      {name}: {RUNS[name]}\n")
    seen = computer.run("plan")
    assert not computer.mark.exists()
    assert (seen.code, seen.out) == (2, ""), seen.err
    assert f"line {LINE}" in seen.err
    assert name in seen.err
    assert "secret-of-somebody" not in seen.err


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("place", ["vars", "hosts"])
def test_every_verb_refuses(computer: Computer, verb: str, place: str) -> None:
    evil = f"ansible_python_interpreter: {TEMPLATE}\n"
    text = f"schools:\n  vars:\n    {evil}" + NORD.partition("\n")[2]
    computer.write(text if place == "vars" else f"{NORD}      {evil}")
    assert computer.run(verb).code == 2
    assert not computer.mark.exists()


def test_connect_refuses(computer: Computer) -> None:
    computer.write(f"{NORD}      ansible_ssh_common_args: -o ProxyCommand='MARK'\n")
    assert computer.run("connect", "nord", "--fingerprint", "SHA256:" + 43 * "x").code == 2
    assert not computer.mark.exists()


BESIDE = {
    "group_vars/all.yml": f"ansible_python_interpreter: {TEMPLATE}\n",
    "group_vars/schools.yml": f"ansible_remote_tmp: {TEMPLATE}\n",
    "group_vars/all/deep.yml": f"ansible_ssh_executable: {TEMPLATE}\n",
    "host_vars/nord.json": '{"ansible_connection": "local"}\n',
    "host_vars/nord": "ansible_become_exe: /bin/evil\n",
}


@pytest.mark.parametrize("name", BESIDE)
def test_a_variable_beside_the_inventory_is_refused(computer: Computer, name: str) -> None:
    computer.write(BESIDE[name], name)
    seen = computer.run("plan")
    assert not computer.mark.exists()
    assert (seen.code, seen.out) == (2, ""), seen.err
    assert "line 1" in seen.err


def test_an_inventory_that_is_a_program_as_well_is_only_read(computer: Computer) -> None:
    program = f"#!/usr/bin/env -S sh -c 'touch {computer.mark}'\n"
    computer.write(program + NORD).chmod(0o755)
    assert computer.run("plan").code == 3
    assert not computer.mark.exists()


PLUGIN = """\
import os
os.system("MARK")
class CallbackModule: pass
class FilterModule: pass
class VarsModule: pass
"""


CONFIGURATION = """\
[defaults]
library = evil
callback_plugins = evil
callbacks_enabled = evil
vars_plugins = evil
vars_plugins_enabled = evil
[ssh_connection]
ssh_executable = evil/ssh
"""


def test_what_lies_in_the_folder_is_not_loaded(computer: Computer) -> None:
    computer.write(CONFIGURATION, "ansible.cfg")
    computer.write(CONFIGURATION, "../home/.ansible.cfg")
    for folder in (
        "evil",
        "library",
        "filter_plugins",
        "callback_plugins",
        "vars_plugins",
        "action_plugins",
        "lookup_plugins",
        "module_utils",
        "connection_plugins",
    ):
        for module in ("evil", "school_settings", "server_facts", "quoting", "ssh"):
            computer.write(PLUGIN, f"{folder}/{module}.py")  # fmt: skip
    computer.write("#!/bin/sh\nMARK\n", "evil/ssh").chmod(0o755)
    computer.write("import os; os.system('MARK')\n", "sitecustomize.py")
    assert computer.run("plan").code == 3
    assert not computer.mark.exists()


@pytest.mark.parametrize("setting", ["school", "contact", "address", "domain", "imprint_url"])
def test_a_template_in_a_setting_is_text_that_is_refused(computer: Computer, setting: str) -> None:
    text = NORD if setting != "imprint_url" else NORD + "      imprint_url: x\n"
    lines = [f"      {setting}: {TEMPLATE}" if line.strip().startswith(f"{setting}:") else line
             for line in text.split("\n")]  # fmt: skip
    computer.write("\n".join(lines))
    assert computer.run("plan").code == 2
    assert not computer.mark.exists()


@pytest.mark.parametrize("tag", ["!vault |\n        $ANSIBLE_VAULT;1.1;AES256", "!unsafe x",
                                 '!!python/object/apply:os.system ["MARK"]'])  # fmt: skip
def test_a_tag_is_no_setting(computer: Computer, tag: str) -> None:
    computer.write(f"{NORD}      imprint_url: {tag}\n")
    assert computer.run("plan").code == 2
    assert not computer.mark.exists()


def test_a_folder_whose_name_would_be_an_option_is_data(computer: Computer) -> None:
    """The folder's name becomes part of an argument of ssh, beside known_hosts."""
    said = computer.place / "said"
    computer.ssh(f'printf "%s\\n" "$@" >> {said}; exit 255')
    evil = computer.place / f"x' -o 'ProxyCommand=touch {computer.mark.name}"
    computer.project.rename(evil)
    computer.project = evil
    seen = computer.run("plan")
    assert seen.code == 5
    assert "quotation mark" in seen.err
    assert not said.exists()


def test_variables_of_the_environment_are_not_for_ansible(computer: Computer) -> None:
    """One of them leaves passwords on the server, others name programs of this computer."""
    said = computer.place / "said"
    computer.ssh(f"env > {said}; exit 255")
    computer.write("#!/bin/sh\nMARK\n", "evil").chmod(0o755)
    computer.write(PLUGIN, "callbacks/evil.py")
    computer.environment = {
        "ANSIBLE_KEEP_REMOTE_FILES": "1",
        "ANSIBLE_SSH_EXECUTABLE": str(computer.project / "evil"),
        "ANSIBLE_CALLBACK_PLUGINS": str(computer.project / "callbacks"),
        "ANSIBLE_CALLBACKS_ENABLED": "evil",
        "ANSIBLE_LOG_PATH": str(computer.project / "log"),
        "A_TOKEN_OF_THE_PERSON": "for-somebody-else",
        "SSH_AUTH_SOCK": "/run/agent",
        "HTTPS_PROXY": "http://proxy:3128",
    }
    assert computer.run("plan").code == 3
    assert not computer.mark.exists()
    assert not (computer.project / "log").exists()
    names = dict(line.partition("=")[::2] for line in said.read_text().splitlines())
    assert "A_TOKEN_OF_THE_PERSON" not in names
    assert {name for name in names if name.startswith("ANSIBLE")} <= {
        "ANSIBLE_CALLBACKS_ENABLED", "ANSIBLE_CALLBACK_PLUGINS", "ANSIBLE_CONFIG",
        "ANSIBLE_LOCAL_TEMP", "ANSIBLE_NOCOWS", "ANSIBLE_SSH_EXTRA_ARGS",
    }  # fmt: skip
    assert (names["SSH_AUTH_SOCK"], names["HTTPS_PROXY"]) == ("/run/agent", "http://proxy:3128")
