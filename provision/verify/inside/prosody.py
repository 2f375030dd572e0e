"""Prosody: the options that hold and the modules that run, for each host and component.

What is configured is read with Prosody's own reader of its configuration, as Prosody's user. What
runs is asked of the running server through its own shell - unless its log would tell of that: at
level "info" it writes a line when the shell ends. Then, or without the shell, the configuration
decides alone, and `asked` says so.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from provision.verify.inside import processes, reading

FILE = "/etc/prosody/prosody.cfg.lua"
# Values that may be told. `admins` and the rest of names and secrets stay out.
SHOWN = (
    "authentication", "storage", "default_storage", "component_module", "modules_enabled",
    "modules_disabled", "allow_registration", "log", "plugin_paths", "data_path",
    "c2s_interfaces", "s2s_interfaces", "http_interfaces", "https_interfaces", "interfaces",
    "https_ports", "component_ports", "s2s_ports", "trusted_proxies",
    "muc_room_allow_persistent", "muc_tombstones", "restrict_room_creation", "muc_rate_joins",
    "muc_max_occupants", "rate_limit_whitelist", "rate_limit_login_rate",
    "jitsi_default_permissions", "enable_room_list", "max_archive_query_results",
    "muc_log_by_default", "muc_log_expires_after", "archive_expires_after", "statistics",
    "school_end_after", "muc_room_destroy_after", "muc_mapper_domain_base",
)  # fmt: skip
# Loaded on every host that does not disable them, Prosody 0.12 and 13 (core/modulemanager.lua).
ALWAYS = {"presence", "message", "iq", "offline", "c2s", "s2s", "s2s_auth_certs"}
INHERITED = {"tls", "saslauth", "dialback", "iq", "s2s", "s2s_bidi", "smacks",
             "server_contact_info"}  # fmt: skip
QUIET = {"warn", "error"}

# One statement a line and no comments: the shell receives it as a single line.
DESCRIBE = """
local config = require "core.configmanager".getconfig();
local json = require "util.json";
local answer = { configured = {} };
local function plain(value, depth)
 if type(value) == "table" then
  if depth > 4 then return "?"; end
  local copy, mixed = {}, false;
  for k in pairs(value) do mixed = mixed or type(k) ~= "number"; end
  for k, v in pairs(value) do
   if type(k) ~= "table" then copy[mixed and tostring(k) or k] = plain(v, depth + 1); end
  end
  return copy;
 elseif type(value) == "function" or type(value) == "userdata" then return "?"; end
 return value;
end
for host in pairs(config) do
 local own, here = rawget(config, host), {};
 for _, name in ipairs({ NAMES }) do
  local value = rawget(own, name);
  if value ~= nil then here[name] = plain(value, 0); end
 end
 local relays = rawget(own, "external_services");
 here.relays = relays and {} or nil;
 for _, relay in ipairs(relays or {}) do
  table.insert(here.relays, { type = relay.type, host = relay.host, ttl = relay.ttl });
 end
 answer.configured[host] = here;
end
"""
RUNNING = """
answer.loaded, answer.kinds = {}, {};
local manager = require "core.modulemanager";
for host, data in pairs(prosody.hosts) do
 local names = {};
 for name in pairs(manager.get_modules(host)) do table.insert(names, name); end
 answer.loaded[host], answer.kinds[host] = names, data.type;
end
local names = {};
for name in pairs(manager.get_modules("*")) do table.insert(names, name); end
answer.loaded["*"] = names;
print("ANSWER" .. json.encode(answer));
"""
LOADER = """
package.path = "/usr/lib/prosody/?.lua;" .. package.path;
package.cpath = "/usr/lib/prosody/?.so;" .. package.cpath;
if not pcall(require, "prosody.loader") then pcall(require, "loader"); end
prosody = { paths = { config = "/etc/prosody", source = "/usr/lib/prosody" }, platform = "posix" };
local ok, _, why = require "core.configmanager".load("FILE");
if not ok then print("PROBLEM" .. tostring(why)); return; end
"""


def effective(_wanted: dict[str, Any]) -> dict[str, Any]:
    """Return hosts with options and modules, whether it was asked, and what is newer than it."""
    running = _running()
    if not running and not Path(FILE).exists():
        return {"running": False}
    configured = _configured()
    hosts = {
        host: {"options": options, "modules": sorted(_modules(host, options, configured))}
        for host, options in configured.items()
    }
    answer = {}
    if running and _quiet(configured["*"].get("log")):
        answer = _ask(_statement(DESCRIBE + RUNNING))
    if answer:
        # A host that was loaded and is not configured any more runs on until the next start.
        hosts = {
            host: {
                "options": answer["configured"].get(host, {}),
                "modules": sorted(answer["loaded"].get(host, [])),
            }
            for host in {*answer["configured"], *answer["loaded"]}
        }
    started = running[0]["started"] if running else 0.0
    return {
        "running": bool(running),
        "asked": bool(answer),
        "hosts": hosts,
        "newer": [str(path) for path in _files() if path.stat().st_mtime > started + 1],
        **(processes.limits(running[0]) if running else {}),
    }


def _running() -> list[processes.Process]:
    """Return Prosody's own process, which Lua's interpreter carries."""
    return [
        process
        for process in processes.every()
        if any(re.search(r"/prosody$", word) for word in process["arguments"][:3])
    ]


def _configured() -> dict[str, dict[str, Any]]:
    """Return each host's own options, as Prosody's reader gives them."""
    interpreter = re.search(r"lua[0-9.]*", reading.text("/usr/bin/prosodyctl", 200))
    program = LOADER.replace("FILE", FILE) + _statement(DESCRIBE)
    program += '\nprint("ANSWER" .. json.encode(answer));'
    said = reading.run(
        interpreter[0] if interpreter else "lua5.4", "-", user="prosody", given=program
    )
    answer = _answer(said)
    if not answer:
        problem = re.search(r"^PROBLEM(.*)$", said, re.MULTILINE)
        raise ValueError(f"Prosody's configuration: {problem[1] if problem else 'cannot be read'}")
    return answer["configured"]  # type: ignore[no-any-return]


def _ask(statement: str) -> dict[str, Any]:
    line = "> " + " ".join(statement.split("\n"))
    return _answer(reading.run("prosodyctl", "shell", line))


def _answer(said: str) -> dict[str, Any]:
    found = re.search(r"^ANSWER(.*)$", said, re.MULTILINE)
    return json.loads(found[1]) if found else {}


def _statement(text: str) -> str:
    return text.replace("NAMES", ", ".join(f'"{name}"' for name in SHOWN))


def _modules(host: str, own: dict[str, Any], every: dict[str, dict[str, Any]]) -> set[str]:
    """Return what Prosody loads on a host, by its own rule, without what modules bring along."""
    common = every.get("*", {})
    if host == "*":
        return set()
    modules = ALWAYS | set(_list(common.get("modules_enabled")))
    modules -= set(_list(common.get("modules_disabled")))
    component = own.get("component_module")
    if component:
        modules &= INHERITED
        modules.add(component)
    modules |= set(_list(own.get("modules_enabled")))
    modules -= set(_list(own.get("modules_disabled")))
    if not component:
        modules.add("auth_" + str(own.get("authentication", common.get("authentication", ""))))
    return modules


def _list(value: Any) -> list[str]:
    return [str(each) for each in (value.values() if isinstance(value, dict) else value or [])]


def _quiet(log: Any) -> bool:
    """Tell whether nothing below a warning is written down anywhere."""
    if isinstance(log, str) or not log:
        return False
    sinks = log if isinstance(log, list) else list(log.values())
    for name, sink in log.items() if isinstance(log, dict) else enumerate(sinks):
        levels: Any = {"min": name}
        if isinstance(sink, dict):
            levels = sink.get("levels")
        elif isinstance(name, int) or name.isdigit():
            levels = None
        names = levels.get("min") if isinstance(levels, dict) else levels
        least = {names} if isinstance(names, str) else set(_list(names))
        if not least or not least <= QUIET:
            return False
    return True


def _files() -> list[Path]:
    return [Path(FILE), *reading.found("/etc/prosody/conf.d/*.cfg.lua")]
