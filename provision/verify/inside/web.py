"""nginx: what it writes down of a visit, from the files that the running process was started with.

Asking it (`nginx -T`) would open, and where it is missing make, every log file.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from provision.verify.inside import processes, reading

TOKEN = re.compile(
    r"""#[^\n]*|\s+|[{};]|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|(?:\\.|\$\{|[^\s{};"'#])+[^\s{};]*"""
)
INHERITED = ("access_log", "error_log", "log_not_found", "limit_req_log_level", "server_tokens",
             "limit_conn_log_level", "limit_conn_dry_run", "limit_req", "limit_conn")  # fmt: skip
DEPTH = 8
Block = list[tuple[str, list[str], "Block"]]


def effective(_wanted: dict[str, Any]) -> dict[str, Any]:
    """Return for each server what holds in it and its locations, and the variables of formats."""
    masters = [
        process for process in processes.of("nginx") if "master" in " ".join(process["arguments"])
    ]
    if not masters:
        return {"running": False}
    # nginx writes its command line over its arguments: one text.
    line = " ".join(masters[0]["arguments"])
    named = re.search(r"-c\s+(\S+)", line)
    path = Path(named[1] if named else "/etc/nginx/nginx.conf")
    files: list[Path] = []
    tree = _parse(path, path.parent, files, 0)
    workers = [process for process in processes.of("nginx") if process is not masters[0]]
    started = max((process["started"] for process in workers), default=masters[0]["started"])
    http, streams = (
        [block for name, _words, block in tree if name == kind] for kind in ("http", "stream")
    )
    return {
        "running": True,
        "file": str(path),
        "newer": [str(each) for each in files if each.stat().st_mtime > started + 1],
        "servers": [server for block in http for server in _servers(block, _holds(tree, {}))],
        # What hands connections on before anybody has asked for anything.
        "front": [server for block in streams for server in _servers(block, _holds(tree, {}))],
        "front_keys": _keys(streams),
        "formats": {
            words[0]: sorted(set(re.findall(r"\$\{?(\w+)", " ".join(words[1:]))))
            for block in http
            for name, words, _inner in block
            if name == "log_format" and words
        },
        "keys": sorted(
            {
                words[0]
                for block in http
                for name, words, _inner in _walk(block)
                if name == "ssl_certificate_key" and words
            }
        ),
    }


def _keys(streams: list[Block]) -> dict[str, Any]:
    """Return by what each zone counts, and what the variables are that may stand there.

    ``{"zones": {name: key}, "variables": {"$name": {"of": text, "cases": {value: result}}}}``; a
    ``geo`` tells of strangers alone, so that no network of a school's is on the way.
    """
    zones, variables = {}, {}
    for name, words, block in (each for stream in streams for each in stream):
        if name == "limit_conn_zone" and len(words) > 1:
            zones[words[1].removeprefix("zone=").partition(":")[0]] = words[0]
        elif name == "geo" and words:
            cases = {case: " ".join(values) for case, values, _inner in block if case == "default"}
            variables[words[-1]] = {"of": "", "cases": cases}
        elif name == "map" and len(words) > 1:
            cases = {case: " ".join(values) for case, values, _inner in block}
            variables[words[1]] = {"of": words[0], "cases": cases}
    return {"zones": zones, "variables": variables}


def _servers(http: Block, above: dict[str, list[list[str]]]) -> list[dict[str, Any]]:
    inherited = _holds(http, above)
    return [_server(block, inherited) for name, _words, block in http if name == "server"]


def _server(block: Block, inherited: dict[str, list[list[str]]]) -> dict[str, Any]:
    names = [word for name, words, _b in block if name == "server_name" for word in words]
    places: list[dict[str, list[list[str]]]] = []
    _places(block, inherited, places)
    return {
        "names": names,
        "listens": [" ".join(words) for name, words, _b in block if name == "listen"],
        **{
            name: sorted({" ".join(words) for place in places for words in place.get(name, [])})
            for name in INHERITED
        },
        # Without any, nginx writes both to its usual places.
        "unset": [name for name in INHERITED if any(name not in place for place in places)],
    }


def _places(block: Block, above: dict[str, list[list[str]]], places: list[Any]) -> None:
    here = _holds(block, above)
    places.append(here)
    for name, _words, inner in block:
        if name in {"location", "if", "limit_except"}:
            _places(inner, here, places)


def _holds(block: Block, above: dict[str, list[list[str]]]) -> dict[str, list[list[str]]]:
    """Return what holds in a block: its own lines, else those of the block around it."""
    own: dict[str, list[list[str]]] = {}
    for name, words, _inner in block:
        if name in INHERITED:
            own.setdefault(name, []).append(words)
    return above | own


def _walk(block: Block) -> Block:
    return [each for entry in block for each in (entry, *_walk(entry[2]))]


def _parse(path: Path, root: Path, files: list[Path], depth: int) -> Block:
    if not path.is_file() or depth > DEPTH:
        return []
    files.append(path)
    tokens = [token for token in TOKEN.findall(reading.text(path)) if not token.isspace()]
    tokens = [token for token in tokens if not token.startswith("#")]
    tokens.reverse()
    return _block(tokens, root, files, depth)


def _block(tokens: list[str], root: Path, files: list[Path], depth: int) -> Block:
    block: Block = []
    words: list[str] = []
    while tokens:
        word = tokens.pop()
        if word == "}":
            break
        if word == "{":
            inner = _block(tokens, root, files, depth)
            if words:
                block.append((words[0], words[1:], inner))
            words = []
        elif word == ";":
            if words[:1] == ["include"] and len(words) > 1:
                for each in reading.found(str(root / words[1])):
                    block += _parse(each, root, files, depth + 1)
            elif words:
                block.append((words[0], words[1:], []))
            words = []
        else:
            words.append(word.strip("\"'"))
    return block
