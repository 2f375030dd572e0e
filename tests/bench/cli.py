"""Real Debian hosts for tests, with all that is around them. State is kept in .bench/."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from dataclasses import asdict
from pathlib import Path

from tests.bench import (
    Bench,
    BenchError,
    Host,
    Temper,
    certificates,
    fingerprint,
    images,
    needs,
    network,
)
from tests.bench.chair import milliseconds


def parser() -> argparse.ArgumentParser:
    """Return the parser for all commands."""
    top = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    verbs = top.add_subparsers(dest="verb", required=True)
    setup = verbs.add_parser("setup", help="install what the bench needs of this machine")
    setup.add_argument("--optional", action="store_true", help="Chromium, too")
    verbs.add_parser("require", help="say what is missing (exit code 1 if anything is)")
    up = verbs.add_parser("up", help="bring up network and services, with setup if need be")
    up.add_argument("--packages", type=Path, metavar="DIR", help="package repository to serve")
    up.add_argument("--nonce-reject", type=int, metavar="%", help="good nonces pebble refuses")
    up.add_argument("--acme-sleep", type=int, metavar="S", help="longest pause of pebble")
    up.add_argument("--acme-valid", type=int, metavar="S", help="how long certificates last")
    verbs.add_parser("down", help="remove hosts, services and network")
    verbs.add_parser("images", help="build the host images that are not there yet")
    _host_parser(verbs.add_parser("host", help="make, remove and list hosts"))
    _names_parser(verbs.add_parser("dns", help="records of the test zone, changed at once"))
    own = verbs.add_parser("certificate", help="make a certificate as a school brings its own")
    own.add_argument("domain")
    own.add_argument("directory", type=Path, help="gets certificate.pem, key.pem, authority.pem")
    chair = verbs.add_parser("chair", help="run a command where the technician sits")
    chair.add_argument("--delay", type=milliseconds, default=0, help="one way, such as 15ms")
    chair.add_argument("--loss", type=float, default=0, help="percent of lost packets")
    chair.add_argument("command", nargs=argparse.REMAINDER, metavar="-- COMMAND")
    return top


def _host_parser(host: argparse.ArgumentParser) -> None:
    actions = host.add_subparsers(dest="action", required=True)
    create = actions.add_parser("create", help="make a host and wait until it has booted")
    create.add_argument("name")
    create.add_argument("--release", default="13", choices=sorted(images.CODENAMES))
    create.add_argument("--memory", help="a limit, such as 512M")
    create.add_argument("--no-default", action="store_true", help="give it no names in the zone")
    create.add_argument("--no-cache", action="store_true", help="apt without the bench's cache")
    create.add_argument("--reuse", action="store_true", help="take the one that runs, if any")
    create.add_argument("--json", action="store_true")
    destroy = actions.add_parser("destroy", help="remove hosts")
    destroy.add_argument("name", nargs="+")
    listing = actions.add_parser("list", help="list running hosts")
    listing.add_argument("--json", action="store_true")
    run = actions.add_parser("run", help="run a shell command in a host, without the network")
    run.add_argument("name")
    run.add_argument("command")
    for verb, text in (
        ("ssh", "sign in as root, or run a command over SSH"),
        ("packets", "packets to strangers since the host's creation"),
        ("hash", "checksum of configuration, units and accounts"),
        ("state", "configuration, units and accounts as JSON"),
        ("restart", "boot again"),
    ):
        one = actions.add_parser(verb, help=text)
        one.add_argument("name")
        if verb == "ssh":
            one.add_argument("command", nargs=argparse.REMAINDER)
        if verb == "state":
            one.add_argument("--since", type=Path, help="print what changed since (exit code 1)")


def _names_parser(dns: argparse.ArgumentParser) -> None:
    records = dns.add_subparsers(dest="action", required=True)
    setting = records.add_parser("set", help="NAME TYPE VALUE...")
    setting.add_argument("name")
    setting.add_argument("type")
    setting.add_argument("value", nargs="+")
    removing = records.add_parser("remove", help="NAME [TYPE]")
    removing.add_argument("name")
    removing.add_argument("type", nargs="?")
    records.add_parser("list", help="print all records as JSON")


def main() -> int:
    """Return the exit code."""
    arguments = parser().parse_args()
    verbs = {"host": host_verb, "dns": names_verb}
    try:
        return verbs.get(arguments.verb, bench_verb)(Bench(), arguments)
    except BenchError as error:
        print(f"✗ {error}", file=sys.stderr)
        return 1


def bench_verb(bench: Bench, arguments: argparse.Namespace) -> int:
    """Run a command about the bench as a whole."""
    begin = time.monotonic()
    match arguments.verb:
        case "setup":
            needs.install(optional=arguments.optional)
            return complain()
        case "require":
            return complain()
        case "up":
            bench.up(temper=temper(arguments), packages=arguments.packages)
            print(f"name server {network.GATEWAY}, zone school.test")
            print(f"ACME        {bench.acme.directory}, authority {bench.acme.ca_file}")
            print(f"packages    {bench.packages.url}, from {bench.packages.directory}")
            print(f"up in {time.monotonic() - begin:.1f} s", file=sys.stderr)
        case "down":
            bench.down()
        case "images":
            bench.up()
            for release in images.CODENAMES:
                seconds = images.build(release, proxy=bench.packages.cache)
                print(f"{images.tag(release)}  {seconds:.0f} s")
        case "certificate":
            folder = arguments.directory
            names = f"DNS:{arguments.domain}"
            certificates.own().issue(names, folder / "certificate.pem", folder / "key.pem")
            authority = certificates.own().certificate.read_text()
            (folder / "authority.pem").write_text(authority)
        case "chair":
            words = [word for at, word in enumerate(arguments.command) if at or word != "--"]
            line = bench.chair(delay=arguments.delay, loss=arguments.loss).command(words)
            os.execvp(line[0], line)
    return 0


def temper(arguments: argparse.Namespace) -> Temper | None:
    """Return how difficult pebble shall be, None for as it is."""
    known = (arguments.nonce_reject, arguments.acme_sleep, arguments.acme_valid)
    if all(value is None for value in known):
        return None
    reject, sleep, valid = (value or 0 for value in known)
    return Temper(nonce_reject=reject, sleep=sleep, valid_seconds=valid)


def complain() -> int:
    """Print what is missing; return 1 if anything is."""
    missing = needs.require()
    print("\n".join(missing) or "nothing is missing")
    return int(bool(missing))


def host_verb(bench: Bench, arguments: argparse.Namespace) -> int:
    """Run a command about hosts."""
    match arguments.action:
        case "create":
            make = bench.host if arguments.reuse else bench.create
            host = make(
                arguments.name,
                arguments.release,
                memory=arguments.memory,
                names=not arguments.no_default,
                cache=not arguments.no_cache,
            )
            show([host], as_json=arguments.json)
            print(f"booted in {host.seconds} s", file=sys.stderr)
        case "destroy":
            for name in arguments.name:
                bench.destroy(name)
        case "list":
            show(bench.hosts(), as_json=arguments.json)
        case _:
            return one_host(existing(arguments.name), arguments)
    return 0


def existing(name: str) -> Host:
    """Return a host that runs."""
    host = Host.load(name)
    if not host:
        raise BenchError(f"no host {name} runs; `python -m tests.bench host create {name}`")
    return host


def one_host(host: Host, arguments: argparse.Namespace) -> int:
    """Run a command about one host that is there."""
    match arguments.action:
        case "run":
            done = host.run(arguments.command, check=False)
            sys.stdout.write(done.stdout)
            sys.stderr.write(done.stderr)
            return done.returncode
        case "ssh":
            target = ["ssh", *host.ssh_args, f"root@{host.address}", *arguments.command]
            os.execvp(target[0], target)
        case "packets":
            for flow in host.packets.read():
                print(f"{flow.packets:6} {flow.protocol:6} {flow.destination} {flow.port or ''}")
        case "hash":
            print(host.state_hash())
        case "state" if arguments.since:
            before = json.loads(arguments.since.read_text())
            changes = fingerprint.difference(before, host.state())
            print("\n".join(changes) or "nothing changed")
            return int(bool(changes))
        case "state":
            print(json.dumps(host.state(), indent=1, sort_keys=True))
        case "restart":
            host.restart()
    return 0


def names_verb(bench: Bench, arguments: argparse.Namespace) -> int:
    """Run a command about the test zone."""
    match arguments.action:
        case "set":
            bench.names.set(arguments.name, arguments.type, *arguments.value)
        case "remove":
            bench.names.remove(arguments.name, arguments.type)
        case "list":
            print(json.dumps(bench.names.all(), indent=1))
    return 0


def show(hosts: list[Host], *, as_json: bool) -> None:
    """Print hosts as JSON or one a line."""
    if as_json:
        rows = [
            asdict(host)
            | {"key": str(host.key), "known_hosts": str(host.known_hosts)}
            # as Molecule calls them
            | {"instance": host.name, "user": "root", "port": 22, "identity_file": str(host.key)}
            for host in hosts
        ]
        print(json.dumps(rows, indent=1))
        return
    for host in hosts:
        print(f"{host.name}  Debian {host.release}  {host.address}  {host.address6}")
