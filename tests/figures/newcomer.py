"""`script/demo --from-scratch`: somebody with the provider's mail, who reads only what we print.

Each command after the first is the one that the program named last. Each answer is in the mail, or
is something that a school knows.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import pexpect
import yaml

from tests.bench import Bench
from tests.system.connect.technician import PASSWORD, as_rented, fingerprint

if TYPE_CHECKING:
    from tests.bench import Host

KEY = "demo"
NEXT = re.compile(r"Next: (provision \S.*?)\s*$", re.MULTILINE)
PROMPTS = [r" > $", r"\(not shown\): $", r"its fingerprint\] $", pexpect.EOF]
COLUMNS = 92
MAIL = """\
From: the provider            Subject: Your new server
    address    {address}
    user       root
    password   {password}     (you will be asked to change it)
    host key   {fingerprint}
"""
# A home without keys, for ssh as well, which asks no variable where that is.
HOME = 'mkdir -p ~/.ssh && mount --bind "$1" ~/.ssh && shift && exec "$@"'


def play(host: Host, folder: Path, screen: TextIO, *, standins: bool) -> list[tuple[str, str]]:
    """Follow the program from the mail to the end; return each command with what it printed.

    Raises SystemExit where a command fails.
    """
    bench = Bench()
    as_rented(host)
    host.run("chage -d 0 root")
    host.allow_updates()
    mail = MAIL.format(address=host.address, password=PASSWORD, fingerprint=fingerprint(host))
    print(mail, file=screen)
    answers = {
        "At which address": host.address,
        "Under which name": f"meet.{host.name}.school.test",
        "What is the school called": "Demo-Gymnasium",
        "Which mailbox": "it@school.test",
        "the school's imprint": "https://school.test/impressum",
        "the school's privacy notice": "https://school.test/datenschutz",
        "its fingerprint]": "y",
        "(not shown)": PASSWORD,
    }
    surroundings(bench, folder, standins=standins)
    seen = [("", mail)]
    command = f"provision new {KEY}"
    while command:
        print(f"$ {command}", file=screen)
        output = run(bench, folder, command, answers, screen)
        print(file=screen)
        seen.append((command, output))
        found: list[str] = NEXT.findall(output)
        command = found[-1].replace("NAME", "a.meier") if found else ""
    return seen


def surroundings(bench: Bench, folder: Path, *, standins: bool) -> None:
    """Say once for all schools where this computer's authority and package repository are.

    Nothing else is known, least of all the server's key.
    """
    (folder / "known_hosts").unlink(missing_ok=True)
    home = folder / "home"
    if home.exists():
        shutil.rmtree(home)
    home.mkdir(parents=True, mode=0o700)
    shared = {
        "acme_directory": bench.acme.directory,
        "acme_ca_file": "roots.pem",
    }
    (folder / "roots.pem").write_bytes(bench.acme.roots)
    if standins:
        shared["repository"] = bench.packages.url
        shared["repository_fingerprint"] = bench.packages.fingerprint
    (folder / "inventory.yml").write_text(yaml.safe_dump({"schools": {"vars": shared}}))


def run(bench: Bench, folder: Path, command: str, answers: dict[str, str], screen: TextIO) -> str:
    """Run one command at a terminal of the chair and answer it; return what it printed."""
    own_ssh = ["unshare", "--mount", "sh", "-c", HOME, "sh", str(folder / "home")]
    line = bench.chair().command([*own_ssh, *command.split()], cwd=folder)
    program = pexpect.spawn(
        line[0], line[1:], encoding="utf-8", dimensions=(50, COLUMNS), timeout=600
    )
    program.logfile_read = screen
    output = ""
    while PROMPTS[program.expect(PROMPTS)] is not pexpect.EOF:
        asked = str(program.before) + str(program.after)
        output += asked
        program.sendline(next((answers[words] for words in answers if words in asked), ""))
    program.close()
    if program.exitstatus:
        raise SystemExit(f"\n{command} ended with {program.exitstatus}")
    return output + str(program.before)


def main() -> None:
    """Play on the host of the demo, in the directory that is given."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--stand-ins", action="store_true", help="instead of Jitsi's own packages")
    chosen = parser.parse_args()
    host = next(host for host in Bench().hosts() if host.name == KEY)
    play(host, chosen.folder.resolve(), sys.stdout, standins=chosen.stand_ins)


if __name__ == "__main__":
    main()
