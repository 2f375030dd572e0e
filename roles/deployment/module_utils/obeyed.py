"""Whether nginx, Prosody and coturn obey what a deployment brings: what is in force counts.

Each reads a file that names others. Where a unit is started with another file, where the file
includes ours no more, or another one says something else, ours lies in its place in vain. Asked are
the programs that read them; what follows, provision/check/judges/in_force.py says.
"""

from __future__ import annotations

import glob
import json
import os
import re

from ansible.module_utils.school_server import CONFIG, MANIFEST, PENDING, read_json, read_text, run

UNIT_FOLDERS = (
    "/usr/lib/systemd/system", "/usr/local/lib/systemd/system", "/run/systemd/system",
    "/etc/systemd/system",
)  # fmt: skip
"""Where systemd reads units; a file in a later one hides another of its name in a former."""
COMMAND = re.compile(r"^\s*ExecStart\s*=\s*(\S.*?)\s*$", re.MULTILINE)
STARTED_WITH = {
    "nginx": (re.compile(r"\s-c\s*(\S+)"), "/etc/nginx/nginx.conf"),
    "prosody": (re.compile(r"\s--config[\s=]+(\S+)"), "/etc/prosody/prosody.cfg.lua"),
    "coturn": (re.compile(r"\s-c\s*(\S+)"), "/etc/turnserver.conf"),
}
"""Which option of a command names a service's settings, and what it has to name."""
SITES = "/etc/nginx/sites-enabled"
STREAM = "/usr/lib/nginx/modules/ngx_stream_module.so"
FRONT = (80, 443)
"""Ports that the stream module holds, which no server of nginx can then have."""
PROSODY = "/etc/prosody/prosody.cfg.lua"
SECONDS = 15
# Prosody's own reader: once for everything, once for our file alone. Told are names, never values.
COMPARE = """
package.path = "/usr/lib/prosody/?.lua;" .. package.path;
package.cpath = "/usr/lib/prosody/?.so;" .. package.cpath;
if not pcall(require, "prosody.loader") then pcall(require, "loader"); end
prosody = { paths = { config = "/etc/prosody", source = "/usr/lib/prosody" }, platform = "posix" };
local json = require "util.json";
local function read(file)
 package.loaded["core.configmanager"], package.loaded["prosody.core.configmanager"] = nil, nil;
 local manager = require "core.configmanager";
 local ok, kind, why = manager.load(file);
 if not ok then print(json.encode({ problem = tostring(why or kind) })); os.exit(0); end
 return manager.getconfig();
end
local function same(one, other)
 if type(one) == "function" and type(other) == "function" then return true; end
 if type(one) ~= "table" or type(other) ~= "table" then return one == other; end
 for key, value in pairs(one) do if not same(value, other[key]) then return false; end end
 for key in pairs(other) do if one[key] == nil then return false; end end
 return true;
end
local ours, whole = read("OURS"), read("WHOLE");
local found, missing = {}, false;
for host, options in pairs(ours) do
 local there = rawget(whole, host);
 if not there then missing = true; else
  for name in pairs(options) do
   if not same(rawget(options, name), rawget(there, name)) then table.insert(found, name); end
  end
 end
end
print(json.encode({ missing = missing, names = found }));
"""


def look(domain: str, absent: list[str]) -> list[dict[str, str]]:
    """Return each way in which a service does not obey: ``kind``, ``unit``, ``file`` and more.

    ``absent`` are files that a deployment takes away: they are in nobody's way.
    """
    return [
        *started_otherwise(),
        *(nginx(domain, absent) if os.path.lexists(f"{SITES}/{domain}.conf") else []),
        *prosody(domain),
    ]


def told(kind: str, unit: str, file: str, **more: str) -> dict[str, str]:
    """Return one way of not obeying."""
    return {"kind": kind, "unit": unit, "file": file, "name": "", "reason": ""} | more


def started_otherwise() -> list[dict[str, str]]:
    """Return which units are started with other settings, and the file that says so."""
    found = []
    for unit, (option, wanted) in STARTED_WITH.items():
        for path in reversed(said_by(unit)):
            commands = COMMAND.findall(read_text(path))
            if not commands:
                continue
            named = option.search(commands[-1])
            if named and named[1].strip("'\"") != wanted:
                found.append(told("command", unit, path, name=named[1]))
            break
    return found


def said_by(unit: str) -> list[str]:
    """Return the files of a unit in the order in which systemd reads them."""
    whole: dict[str, str] = {}
    for folder in UNIT_FOLDERS:
        for path in [f"{folder}/{unit}.service", *glob.glob(f"{folder}/{unit}.service.d/*.conf")]:
            if os.path.exists(path):
                whole[os.path.basename(path)] = path
    main = whole.pop(f"{unit}.service", None)
    return [*([main] if main else []), *(whole[name] for name in sorted(whole))]


def ours(path: str) -> bool:
    """Tell whether a deployment brings a file, or names it as a place for changes."""
    return path in read_json(MANIFEST, {}) or path.startswith(f"{CONFIG}/")


def nginx(domain: str, absent: list[str]) -> list[dict[str, str]]:
    """Return what would keep nginx from serving as it was told, also at its next start."""
    asked = run("nginx", "-T", longest=SECONDS)
    if asked.returncode:
        return broken(asked.stderr)
    found = []
    texts = re.split(r"^# configuration file (\S+):$", asked.stdout, flags=re.MULTILINE)[1:]
    taken = set(re.findall(r'conflicting server name "([^"]+)"', asked.stderr))
    for path, text in zip(texts[::2], texts[1::2], strict=True):
        real = os.path.realpath(path)
        if path in absent or real.startswith("/usr/") or ours(real):
            continue
        plain = re.sub(r"#[^\n]*", "", text)
        if ports := held(plain):
            found.append(told("port", "nginx", path, name=", ".join(map(str, ports))))
        names = " ".join(re.findall(r"\bserver_name\s([^;]*);", plain)).split()
        if domain in taken and domain in names:
            found.append(told("name", "nginx", path, name=domain))
    return found


def held(text: str) -> list[int]:
    """Return which of the ports in front the servers of a text want for themselves."""
    ports = set()
    for server in re.split(r"\bserver\s*\{", text)[1:]:
        places = re.findall(r"\blisten\s+([^\s;]+)", server) or ["80"]
        for place in places:
            if place.startswith("unix:"):
                continue
            number = re.search(r"(?:^|:)(\d+)$", place)
            ports.add(int(number[1]) if number else 80)
    return sorted(ports.intersection(FRONT))


def broken(said: str) -> list[dict[str, str]]:
    """Return why nginx would not start any more, where no deployment changes it."""
    found = re.search(r"\[emerg\] \S+ (.*?)(?: in (/\S+?):\d+)?$", said, re.MULTILINE)
    # What a deployment was about to bring may be missing still.
    if not found or read_json(PENDING, {}) or not os.path.exists(STREAM):
        return []
    reason, file = found[1], found[2] or ""
    if 'unknown directive "stream"' in reason:
        return [told("module", "nginx", file)]
    if not file or (ours(os.path.realpath(file)) and not file.startswith(f"{CONFIG}/local/")):
        return []
    return [told("broken", "nginx", file, reason=reason)]


def prosody(domain: str) -> list[dict[str, str]]:
    """Return what of ours Prosody does not read, or reads otherwise in another file."""
    own = f"/etc/prosody/conf.avail/{domain}.cfg.lua"
    if not os.path.exists(own) or not os.path.exists(PROSODY) or read_json(PENDING, {}):
        return []
    interpreter = re.search(r"lua[0-9.]*", read_text("/usr/bin/prosodyctl")[:200])
    program = COMPARE.replace("OURS", own).replace("WHOLE", PROSODY)
    command = ("runuser", "-u", "prosody", "--", interpreter[0] if interpreter else "lua5.4", "-")
    said = run(*command, input=program, longest=SECONDS, cwd="/").stdout
    try:
        answer = json.loads(said.splitlines()[-1]) if said else {}
    except ValueError:
        return []
    if reason := answer.get("problem"):
        file = re.search(r"/\S+?\.lua", reason)
        path = file[0] if file else PROSODY
        return [] if os.path.realpath(path) == own else [
            told("broken", "prosody", path, reason=reason)
        ]  # fmt: skip
    if answer.get("missing"):
        return [told("include", "prosody", PROSODY)]
    found = sorted(set(answer.get("names") or ()))
    return [told("option", "prosody", said_in(name, own), name=name) for name in found]


def said_in(name: str, own: str) -> str:
    """Return the last file of somebody else's that says something of an option of Prosody.

    Prosody 0.12 reads a directory in no order; so which of several counts, nobody knows.
    """
    others = set(glob.glob("/etc/prosody/**/*.lua", recursive=True)) - {PROSODY}
    files = [PROSODY, *sorted(others)]
    pattern = re.compile(rf"^\s*{re.escape(name)}\s*=", re.MULTILINE)
    saying = [
        path for path in files if os.path.realpath(path) != own and pattern.search(read_text(path))
    ]
    return saying[-1] if saying else PROSODY
