"""How Ansible reaches a school's server: what the SSH client is really told."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLE = (ROOT / "inventory.example").read_text(encoding="utf-8")


def program(name: str) -> str:
    """Return one of Ansible's programs, from where the tests' Python is."""
    return str(Path(sys.executable).with_name(name))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A technician's directory, with a name that needs quoting."""
    directory = tmp_path / "our schools, 100%d {it}"
    directory.mkdir()
    text = EXAMPLE.replace("198.51.100.20", "2001:db8::5")
    (directory / "inventory.yml").write_text(text, encoding="utf-8")
    return directory


def ssh_settings(project: Path, school: str, **environ: str) -> dict[str, str]:
    """Return what the SSH client understands when Ansible calls it."""
    spy, said = project.parent / "ssh", project.parent / "said"
    spy.write_text(f'#!/bin/sh\n/usr/bin/ssh -G "$@" > "{said}"\nexit 255\n')
    spy.chmod(0o755)
    command = [program("ansible"), "-i", "inventory.yml", "--playbook-dir", str(ROOT / "playbooks")]
    subprocess.run(
        [*command, school, "-m", "ansible.builtin.raw", "-a", "true"],
        cwd=project,
        env={**os.environ, "ANSIBLE_SSH_EXECUTABLE": str(spy), **environ},
        capture_output=True,
        check=False,
    )
    lines = said.read_text().splitlines()
    return {name: value for name, _space, value in (line.partition(" ") for line in lines)}


def test_the_projects_own_known_hosts_is_checked_strictly(project: Path) -> None:
    settings = ssh_settings(project, "gymnasium-nord", ANSIBLE_HOST_KEY_CHECKING="False")
    assert settings["stricthostkeychecking"] == "true"
    assert settings["userknownhostsfile"] == f"{project}/known_hosts"
    assert settings["hashknownhosts"] == "no"
    assert (settings["hostname"], settings["port"], settings["user"]) == (
        "203.0.113.10",
        "22",
        "root",
    )
    assert (settings["controlmaster"], settings["controlpersist"]) == ("auto", "60")


def test_another_account_another_port_and_ipv6(project: Path) -> None:
    settings = ssh_settings(project, "comenius-school")
    assert (settings["hostname"], settings["port"], settings["user"]) == (
        "2001:db8::5",
        "2222",
        "admin",
    )


@pytest.mark.parametrize(
    ("school", "becomes"), [("gymnasium-nord", False), ("comenius-school", True)]
)
def test_only_another_account_than_root_needs_sudo(
    project: Path, school: str, *, becomes: bool
) -> None:
    command = [program("ansible"), "-i", "inventory.yml", "--playbook-dir", str(ROOT / "playbooks")]
    out = subprocess.run(
        [*command, school, "-m", "ansible.builtin.debug", "-a", "var=ansible_become"],
        cwd=project,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert json.loads(out.partition("=>")[2])["ansible_become"] is becomes


def test_ansible_reads_the_example_as_two_schools() -> None:
    out = subprocess.run(
        [program("ansible-inventory"), "-i", "inventory.example", "--list"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert json.loads(out)["schools"]["hosts"] == ["gymnasium-nord", "comenius-school"]
