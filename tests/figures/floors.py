"""One server: first deployment and re-run, each beside the floor it is judged by."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING

from tests.figures import crowd, project, stock
from tests.figures.measure import Row, seconds

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bench import Bench, Host

EMPTY = """- hosts: schools
  gather_facts: true
  tasks: []
"""


def rows(bench: Bench, place: Path, runs: int) -> list[Row]:
    """Return the figures of one server, of start-up and of the installation's size."""
    ours, theirs = bench.host("figures"), bench.host("figures-stock")
    folder = project.make(bench, place / "one", [ours])
    _warm_cache(bench)
    first = seconds(project.deploy("figures"), folder)
    apt = _stock_installation(bench, theirs)
    # The same playbook directory, so that the connection is the same.
    facts = _playbook(folder, "facts", EMPTY)
    tasks = stock.playbook(ours, folder)
    seconds(project.deploy("figures"), folder)
    seconds(project.ansible(tasks), folder)
    # In turn, because the machine is not equally busy all the time.
    books = (facts, tasks, project.PLAYBOOKS / "deploy.yml")
    commands = [project.deploy("figures"), *(project.ansible(book) for book in books)]
    rounds = [[seconds(command, folder) for command in commands] for _round in range(runs)]
    again, gathering, one_by_one, plain = map(min, zip(*rounds, strict=True))
    slow = _from_afar(bench, folder)
    # From the chair, whose name server knows the hosts.
    near, far = (
        seconds(bench.chair(delay=delay).command(project.check("figures"), cwd=folder), runs=3)
        for delay in (0, 30)
    )
    proof = seconds(
        bench.chair().command(project.verify("figures"), cwd=folder), runs=3, fine=(0, 1)
    )
    crowded = crowd.rows(ours, place)
    for host in (ours, theirs):
        bench.destroy(host.name)
    return [
        Row("first deployment ÷ stock apt-get install", first / apt, "", 1.15,
            detail=f"{first:.0f} s ÷ {apt:.0f} s"),
        Row("re-run without a change", again, " s", 4),
        Row("re-run ÷ empty playbook with fact gathering", again / gathering, "", 2,
            detail=f"{gathering:.1f} s"),
        Row("re-run at 30 ms round trip", slow, " s", 8),
        Row("check of one server", near, " s", 8),
        Row("check of one server at 60 ms round trip", far, " s", 15),
        Row("verify of one server", proof, " s", 15),
        Row("stock modules, one task per file ÷ our playbook", one_by_one / plain, "", 10,
            at_least=True, detail=f"{one_by_one:.0f} s ÷ {plain:.1f} s"),
        *crowded,
        _start_up(runs),
        _size(place),
    ]  # fmt: skip


def _playbook(folder: Path, name: str, text: str) -> Path:
    """Return a playbook of the benchmark, with the project's own way to the server."""
    path = folder / "playbooks" / f"{name}.yml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    link = path.parent / "group_vars"
    if not link.exists():
        link.symlink_to(project.PLAYBOOKS / "group_vars")
    return path


def _warm_cache(bench: Bench) -> None:
    """Download every package once, so that both installations find them in the bench's cache."""
    host = bench.host("figures-cache")
    _prepare_apt(bench, host)
    host.run("apt-get -q -y --download-only install " + stock.PACKAGES)
    bench.destroy(host.name)


def _prepare_apt(bench: Bench, host: Host) -> None:
    """Add the Jitsi repository as the handbook does, and answer the packages' questions."""
    key = host.run(
        "python3 -c 'import urllib.request, sys; sys.stdout.write("
        f'urllib.request.urlopen("{bench.packages.url}/jitsi-key.gpg.key").read().decode())\''
    ).stdout
    host.write("/etc/apt/keyrings/jitsi.asc", key)
    source = f"deb [signed-by=/etc/apt/keyrings/jitsi.asc] {bench.packages.url} stable/\n"
    host.write("/etc/apt/sources.list.d/jitsi.list", source)
    host.run("debconf-set-selections", input=stock.answers(f"meet.{host.name}.school.test"))
    host.run("apt-get -q update")


def _stock_installation(bench: Bench, host: Host) -> float:
    """Return the seconds of apt-get update and install of the same packages, services started."""
    begun = time.monotonic()
    _prepare_apt(bench, host)
    host.run("apt-get -q -y install " + stock.PACKAGES)
    return time.monotonic() - begun


def _from_afar(bench: Bench, folder: Path) -> float:
    """Return a re-run's seconds from a chair with 30 ms round trip."""
    chair = bench.chair(delay=15)
    least = float("inf")
    for _run in range(3):
        begun = time.monotonic()
        done = chair.run(
            ["sh", "-c", f"cd {folder} && exec " + " ".join(project.deploy("figures"))]
        )
        if done.returncode:
            raise SystemExit(done.stdout + done.stderr)
        least = min(least, time.monotonic() - begun)
    return least


def _start_up(runs: int) -> Row:
    """Return how long the program takes to say what it can, compared with Python itself."""
    python = seconds([sys.executable, "-c", "pass"], runs=runs * 4)
    helped = seconds([*project.PROVISION, "--help"], runs=runs * 4)
    detail = f"{helped * 1000:.0f} ms"
    return Row("provision --help ÷ python -c pass", helped / python, "", 8, detail=detail)


def _size(place: Path) -> Row:
    """Return the disk space of a fresh installation without test tools."""
    fresh = place / "fresh"
    subprocess.run([sys.executable, "-m", "venv", str(fresh)], check=True)
    before = _megabytes(fresh)
    root = project.PLAYBOOKS.parent
    pip = [str(fresh / "bin" / "pip"), "install", "-q", "--disable-pip-version-check", str(root)]
    subprocess.run(pip, check=True)
    return Row("pip install of a checkout, disk", _megabytes(fresh) - before, " MB", 150)


def _megabytes(folder: Path) -> float:
    done = subprocess.run(["du", "-sm", str(folder)], capture_output=True, text=True, check=True)
    return float(done.stdout.split()[0])
