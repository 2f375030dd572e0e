"""Runs on the server: one teacher's account that lives as long as somebody listens.

Its argument is {"host": …, "seconds": …, "mark": …}; standard input brings nothing until the proof
is over: the word `over` or the end of the stream. Standard output tells {"user": …, "password": …},
and {"removed": true} at the end, each on a line of its own behind the mark. Whatever ends this
program, but for a power cut, takes the account along; what a power cut left is removed by the next
one.

Root starts it; from its first act on it is Prosody's account and has no right of root: the accounts
lie in a directory in which whoever has taken Prosody over can put links.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import select
import signal
import subprocess
import sys
import time
from typing import NoReturn

from prosody_store import (  # type: ignore[import-not-found]  # sent along by teacher.py
    DATA,
    TEMPORARY,
    account_path,
    account_text,
    become,
    decode,
    encode,
    forget,
    make_folders,
)

DESERTED = 900
"""Seconds after which an account of this kind is nobody's; no proof takes longer."""
SIGNALS = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGALRM)


def _end(*_signal: object) -> NoReturn:
    sys.exit(1)


def _sweep(host: str) -> None:
    """Remove what earlier proofs left that could not end by themselves."""
    folder = f"{DATA}/{encode(host)}"
    for store in os.listdir(folder) if os.path.isdir(folder) else []:
        with contextlib.suppress(NotADirectoryError):
            for name in os.listdir(f"{folder}/{store}"):
                user = decode(name.rpartition(".")[0])
                with contextlib.suppress(FileNotFoundError):
                    age = time.time() - os.lstat(f"{folder}/{store}/{name}").st_mtime
                    if user.startswith(TEMPORARY) and age > DESERTED:
                        forget(host, user)


def _make(host: str, user: str, password: str) -> None:
    path = account_path(host, user)
    make_folders(host)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(account_text(password))


def _remove(host: str, user: str, new: list[str]) -> None:
    """Remove the account and the folders that were made for it."""
    forget(host, user)
    for folder in reversed(new):
        with contextlib.suppress(OSError):  # somebody else keeps something there by now
            os.rmdir(folder)


def _tell(mark: str, value: dict[str, object]) -> None:
    sys.stdout.write(f"\n{mark}{json.dumps(value)}\n")
    sys.stdout.flush()


def _wait() -> bool:
    """Return when the other side has said that the proof is over, or is gone: False."""
    heard = b""
    while True:
        select.select([0], [], [])
        more = os.read(0, 100)
        heard += more
        if b"over\n" in heard or not more:
            return bool(more)


def main() -> None:
    """Keep an account while somebody listens."""
    become()
    wish = json.loads(sys.argv[1])
    host, user = wish["host"], TEMPORARY + secrets.token_hex(4)
    for number in SIGNALS:
        signal.signal(number, _end)
    signal.alarm(wish["seconds"])
    os.umask(0o077)
    folders = [f"{DATA}/{encode(host)}", f"{DATA}/{encode(host)}/accounts"]
    new = [folder for folder in folders if not os.path.isdir(folder)]
    _sweep(host)
    in_order = False
    try:
        password = secrets.token_urlsafe(24)
        _make(host, user, password)
        _tell(wish["mark"], {"user": user, "password": password})
        in_order = _wait()
    finally:
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        _remove(host, user, new)
        with contextlib.suppress(OSError):
            gone = not os.path.lexists(account_path(host, user))
            _tell(wish["mark"], {"removed": gone})
        if not in_order:
            # Whoever was signed in stays so without this.
            subprocess.run(
                ["prosodyctl", "shell", f"c2s:close('{user}@{host}', nil, 'not-authorized')"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                check=False,
                timeout=20,
            )


if __name__ == "__main__":
    main()
