"""The real parsers. Each is asked what a literal means, and its answer is final."""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.quoting.values import ROOT

CONFIG_JAR = (
    "https://repo1.maven.org/maven2/com/typesafe/config/1.4.3/config-1.4.3.jar",
    "8ada4c185ce72416712d63e0b5afdc5f009c0cdf405e5f26efecdf156aa5dfb6",
)

LUA = r"""
local function text(s) return '"' .. s:gsub(".", function (c)
    return ("%02x"):format(c:byte()) end) .. '"' end
local function show(v)
    if type(v) == "string" then return text(v) end
    if type(v) ~= "table" then return tostring(v) end
    local parts = {}
    if #v > 0 then
        for _, each in ipairs(v) do parts[#parts + 1] = show(each) end
        return "[" .. table.concat(parts, ",") .. "]"
    end
    for name, each in pairs(v) do parts[#parts + 1] = text(name) .. ":" .. show(each) end
    return "{" .. table.concat(parts, ",") .. "}"
end
for line in io.lines() do
    local source = line:gsub("%x%x", function (x) return string.char(tonumber(x, 16)) end)
    print(show(assert(load("return " .. source, "literal", "t", {}))()))
    io.flush()
end
"""
NODE = r"""
const vm = require("vm");
require("readline").createInterface({input: process.stdin}).on("line", line => {
    const source = Buffer.from(line, "hex").toString("utf8");
    console.log(JSON.stringify(vm.runInNewContext("(" + source + ")")));
});
"""
RUBY = r"""
require "hocon"
require "hocon/config_factory"
require "json"
$stdout.sync = true
STDIN.each_line do |line|
    source = "value = " + [line.strip].pack("H*").force_encoding("UTF-8") + "\nafter = 1\n"
    config = Hocon::ConfigFactory.parse_string(source).resolve.root.unwrapped
    raise "something else became of it" unless config.keys.sort == ["after", "value"]
    puts JSON.generate(config["value"])
end
"""
JAVA = r"""
import com.typesafe.config.*;
import java.io.*;
import java.util.*;
public class Judge {
    public static void main(String[] a) throws Exception {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        PrintStream out = new PrintStream(System.out, true, "UTF-8");
        for (String line; (line = in.readLine()) != null; ) {
            String source = new String(HexFormat.of().parseHex(line), "UTF-8");
            String file = "value = " + source + "\nafter = 1\n";
            Config config = ConfigFactory.parseString(file).resolve();
            if (config.root().size() != 2) throw new Exception("something else became of it");
            out.println(config.getValue("value").render(ConfigRenderOptions.concise()));
        }
    }
}
"""


class Judge:
    """A parser that runs for the whole session: a line of hexadecimal in, a line of JSON out."""

    def __init__(self, *command: str) -> None:
        if not shutil.which(command[0]):
            pytest.skip(f"{command[0]} is not installed")
        self.command = command
        self.process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        pipe = subprocess.PIPE
        return subprocess.Popen(self.command, stdin=pipe, stdout=pipe, stderr=pipe)

    def __call__(self, literal: str) -> Any:
        """Return the value that a literal stands for."""
        assert self.process.stdin
        assert self.process.stdout
        assert self.process.stderr
        self.process.stdin.write(literal.encode().hex().encode() + b"\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:  # it did not accept the literal, and ended
            said = self.process.stderr.read().decode()
            self.close()
            self.process = self._start()
            raise AssertionError(f"{literal!r}: {said[-800:]}")
        return json.loads(line)

    def close(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.communicate()


def typesafe_jar() -> Path:
    """Return the library that reads HOCON in Jitsi's own programs; skip without it."""
    address, checksum = CONFIG_JAR
    name = address.rpartition("/")[2]
    known = Path.home() / ".m2/repository/com/typesafe/config/1.4.3" / name
    kept = ROOT / ".bench" / name
    for path in (known, kept):
        if path.exists() and digest(path) == checksum:
            return path
    try:
        with urllib.request.urlopen(address, timeout=20) as answer:
            data = answer.read()
    except (OSError, urllib.error.URLError) as error:
        pytest.skip(f"no {name} here, and Maven Central does not answer: {error}")
    kept.parent.mkdir(exist_ok=True)
    kept.write_bytes(data)
    assert digest(kept) == checksum, digest(kept)
    return kept


def digest(path: Path) -> str:
    """Return a file's SHA-256."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def sourced(shell: str, text: str, variable: str = "") -> bytes:
    """Return what a shell reads from a file: a variable of it, or its only word."""
    script = f'{text}\nprintf %s "${variable}"' if variable else f"printf %s {text}"
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", newline="") as file:
        file.write(script)
        file.flush()
        done = subprocess.run([shell, file.name], capture_output=True, check=True, env={})
    assert not done.stderr
    return done.stdout


class Systemd:
    """systemd's own reader of an EnvironmentFile, from the library that systemd itself uses."""

    def __init__(self) -> None:
        found = sorted(Path("/usr/lib").glob("*/systemd/libsystemd-shared-*.so"))
        if not found:
            pytest.skip("systemd is not installed")
        self.library = ctypes.CDLL(str(found[-1]))
        self.strings = ctypes.POINTER(ctypes.c_char_p)
        self.library.load_env_file.argtypes = [
            ctypes.c_void_p, ctypes.c_char_p, ctypes.POINTER(self.strings)
        ]  # fmt: skip
        self.library.strv_env_clean_with_callback.argtypes = [
            self.strings, ctypes.c_void_p, ctypes.c_void_p
        ]  # fmt: skip
        self.library.strv_env_clean_with_callback.restype = self.strings

    def __call__(self, content: str) -> dict[str, str]:
        """Return the environment that a service would get from a file."""
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", newline="") as file:
            file.write(content)
            file.flush()
            found = self.strings()
            code = self.library.load_env_file(None, os.fsencode(file.name), ctypes.byref(found))
        assert code >= 0, os.strerror(-code)
        clean = self.library.strv_env_clean_with_callback(found, None, None)
        lines: list[bytes] = []
        while clean and clean[len(lines)]:
            lines.append(clean[len(lines)])
        pairs = [line.decode().partition("=") for line in lines]
        return {name: value for name, _, value in pairs}
