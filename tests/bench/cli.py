"""The command line of the bench."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict

from tests.bench import Bench, BenchError, Host


def parser() -> argparse.ArgumentParser:
    """Return the parser for all commands."""
    top = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    verbs = top.add_subparsers(dest="verb", required=True)
    verbs.add_parser("up", help="bring up network and services")
    verbs.add_parser("down", help="remove hosts, services and network")
    host = verbs.add_parser("host", help="make, remove and list hosts")
    actions = host.add_subparsers(dest="action", required=True)
    create = actions.add_parser("create", help="make a host and wait until it has booted")
    create.add_argument("name")
    create.add_argument("--release", default="13", choices=["12", "13"])
    create.add_argument("--memory", help="a limit, such as 512M")
    create.add_argument("--no-default", action="store_true", help="no names in the zone")
    create.add_argument("--json", action="store_true")
    destroy = actions.add_parser("destroy", help="remove a host")
    destroy.add_argument("name", nargs="+")
    listing = actions.add_parser("list", help="list running hosts")
    listing.add_argument("--json", action="store_true")
    run = actions.add_parser("run", help="run a shell command in a host")
    run.add_argument("name")
    run.add_argument("command")
    dns = verbs.add_parser("dns", help="records of the test zone")
    records = dns.add_subparsers(dest="action", required=True)
    setting = records.add_parser("set", help="NAME TYPE VALUE...")
    setting.add_argument("name")
    setting.add_argument("type")
    setting.add_argument("value", nargs="+")
    removing = records.add_parser("remove", help="NAME [TYPE]")
    removing.add_argument("name")
    removing.add_argument("type", nargs="?")
    records.add_parser("list", help="print all records as JSON")
    return top


def show(hosts: list[Host], *, as_json: bool) -> None:
    """Print hosts as JSON or one a line."""
    if as_json:
        print(json.dumps([asdict(host) | {"key": str(host.key)} for host in hosts], indent=1))
        return
    for host in hosts:
        print(f"{host.name}  Debian {host.release}  {host.address}  {host.address6}")


def main() -> int:
    """Return the exit code."""
    arguments = parser().parse_args()
    bench = Bench()
    try:
        return dispatch(bench, arguments)
    except BenchError as error:
        print(f"✗ {error}", file=sys.stderr)
        return 1


def dispatch(bench: Bench, arguments: argparse.Namespace) -> int:
    """Run the one command that was asked for."""
    match arguments.verb, getattr(arguments, "action", None):
        case "up", _:
            bench.up()
        case "down", _:
            bench.down()
        case "host", "create":
            host = bench.create(
                arguments.name,
                arguments.release,
                memory=arguments.memory,
                names=not arguments.no_default,
            )
            show([host], as_json=arguments.json)
            print(f"booted in {host.seconds} s", file=sys.stderr)
        case "host", "destroy":
            for name in arguments.name:
                bench.destroy(name)
        case "host", "list":
            show(bench.hosts(), as_json=arguments.json)
        case "host", "run":
            found = Host.load(arguments.name)
            if not found:
                raise BenchError(f"no host {arguments.name} runs")
            done = found.run(arguments.command, check=False)
            sys.stdout.write(done.stdout)
            sys.stderr.write(done.stderr)
            return done.returncode
        case "dns", "set":
            bench.names.set(arguments.name, arguments.type, *arguments.value)
        case "dns", "remove":
            bench.names.remove(arguments.name, arguments.type)
        case "dns", "list":
            print(json.dumps(bench.names.all(), indent=1))
    return 0
