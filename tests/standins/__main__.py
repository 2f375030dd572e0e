"""python -m tests.standins DEST: a repository of stand-ins for Jitsi's packages."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from . import repository
from .errors import StandinError


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code: 0 when the repository lies in DEST, 1 when it could not be made."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.standins",
        description="Write a signed apt repository of stand-ins for Jitsi's own packages.",
    )
    parser.add_argument("dest", type=Path, metavar="DEST", help="directory for the repository")
    parser.add_argument(
        "--gpg-home",
        type=Path,
        help="home of the throw-away signing key, kept if it exists (default: DEST/../gpg)",
    )
    parser.add_argument(
        "--next",
        action="store_true",
        help="add a second, newer release beside the current one, for tests of an upgrade",
    )
    options = parser.parse_args(arguments)
    dest: Path = options.dest.resolve()
    home: Path = (options.gpg_home or dest.parent / "gpg").resolve()
    releases = ("current", "next") if options.next else ("current",)
    try:
        fingerprint = repository.write(dest, home, releases)
    except StandinError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{dest}\nsigned by {fingerprint}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
