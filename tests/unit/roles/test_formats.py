"""Every file that a school may get is judged by the program that will read it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from fnmatch import fnmatchcase
from pathlib import Path, PurePath
from typing import Any

import pytest

from tests.unit.trees import contents, every_tree


def files(*patterns: str) -> dict[str, str]:
    """Return every different content under these paths, with one path where it occurs."""
    found: dict[str, str] = {}
    for settings, whole in every_tree():
        for path, content in contents(whole).items():
            if any(fnmatchcase(path, pattern) for pattern in patterns):
                found.setdefault(content, f"{path} ({settings['certificate']})")
    assert found, patterns
    return found


def needs(program: str) -> None:
    """Skip where the judge is not installed."""
    if not shutil.which(program):
        pytest.skip(f"{program} is not installed")


def judged(command: list[str], **more: Any) -> str:
    """Return what a program says of a file that it accepts."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, **more)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def test_lua(tmp_path: Path) -> None:
    needs("luac5.4")
    for content in files("*.lua"):
        (tmp_path / "x.lua").write_text(content)
        judged(["luac5.4", "-p", str(tmp_path / "x.lua")])


@pytest.mark.parametrize(
    ("pattern", "key"),
    [
        ("*/jvb.conf", "videobridge.apis.xmpp-client.configs.shard.domain"),
        ("*/jicofo.conf", "jicofo.xmpp.client.domain"),
    ],
)
def test_hocon(tmp_path: Path, pattern: str, key: str) -> None:
    needs("hocon")
    # Ruby needs its time to start: one name of each length is enough.
    chosen = sorted(files(pattern), key=len)
    for content in (chosen[0], chosen[-1]):
        (tmp_path / "x.conf").write_text(content)
        domain = judged(["hocon", "-f", str(tmp_path / "x.conf"), "get", key]).strip()
        assert domain.startswith('"auth.')


def test_javascript(tmp_path: Path) -> None:
    needs("node")
    script = (
        "const vm = require('vm'), fs = require('fs'), folder = process.argv[1] + '/';"
        "for (const filename of fs.readdirSync(folder))"
        "  new vm.Script(fs.readFileSync(folder + filename, 'utf8'), { filename });"
    )
    for number, content in enumerate(files("*.js")):
        (tmp_path / f"{number}.js").write_text(content)
    judged(["node", "-e", script, str(tmp_path)])


def test_the_web_clients_settings_are_an_object(tmp_path: Path) -> None:
    needs("node")
    script = (
        "const vm = require('vm'), c = {};"
        "vm.runInNewContext(require('fs').readFileSync(process.argv[1], 'utf8'), c);"
        "console.log(c.config.hosts.domain, c.config.defaultLanguage)"
    )
    for settings, whole in every_tree():
        path = tmp_path / "config.js"
        path.write_text(contents(whole)[f"/etc/jitsi/meet/{settings['domain']}-config.js"])
        said = judged(["node", "-e", script, str(path)])
        assert said.split() == [settings["domain"], settings["language"]]


def test_shell(tmp_path: Path) -> None:
    scripts = {
        content: path for content, path in files("*").items() if content.startswith("#!/bin/")
    }
    assert len(scripts) >= 3
    for content, path in scripts.items():
        (tmp_path / "x").write_text(content)
        judged([content.splitlines()[0].removeprefix("#!"), "-n", str(tmp_path / "x")])
        assert content.startswith(("#!/bin/sh\n", "#!/bin/bash\n")), path


def test_environment_files_give_each_variable_one_value(tmp_path: Path) -> None:
    for content in files("/etc/jitsi/*/config"):
        (tmp_path / "config").write_text(content)
        names = re.findall(r"^(\w+)=", content, re.MULTILINE)
        shown = " ".join(f'"${{{name}}}"' for name in names)
        said = judged(["sh", "-euc", f". {tmp_path}/config; printf '%s\\n' {shown}"])
        assert all(said.split("\n")[: len(names)])
        assert len(said.splitlines()) == len(names)


STREAM = Path("/usr/lib/nginx/modules/ngx_stream_module.so")


def nginx_release() -> int:
    """Return the Debian release whose nginx is installed here."""
    version = subprocess.run(["nginx", "-v"], capture_output=True, text=True, check=False).stderr
    minor = re.search(r"/1\.([0-9]+)", version)
    return 13 if minor and int(minor[1]) >= 25 else 12


def test_nginx(tmp_path: Path) -> None:
    needs("nginx")
    needs("openssl")
    if os.geteuid():
        pytest.skip("nginx wants to open its logs; only root may")
    release = nginx_release()
    tls = tmp_path / "etc/jitsi-provision/tls"
    tls.mkdir(parents=True)
    judged(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-days", "1", "-subj", "/CN=x"),
            *("-keyout", str(tls / "key.pem"), "-out", str(tls / "fullchain.pem")),
        ]
    )
    done = 0
    for settings, whole in every_tree():
        tree = contents(whole)
        site = tree[f"/etc/nginx/sites-available/{settings['domain']}.conf"]
        if ("http2 on;" in site) is not (release == 13):
            continue
        done += 1
        for path, content in tree.items():
            if path.startswith("/etc/nginx/"):
                place = tmp_path / path[1:]
                place.parent.mkdir(parents=True, exist_ok=True)
                text = content.replace("/etc/jitsi-provision/", f"{tmp_path}/etc/jitsi-provision/")
                text = text.replace("/etc/nginx/snippets", f"{tmp_path}/etc/nginx/snippets")
                place.write_text(text.replace("/var/log/nginx/", f"{tmp_path}/"))
        # As it is, but for places that only a server has.
        main = (tmp_path / "etc/nginx/nginx.conf").read_text().replace("/run/", f"{tmp_path}/")
        front = f"include {tmp_path}/etc/nginx/modules-enabled/*.conf;"
        if STREAM.exists():
            main = main.replace(
                "include /etc/nginx/modules-enabled/*.conf;", f"load_module {STREAM};\n{front}"
            )
            assert front in main
        site = f"include {tmp_path}/etc/nginx/sites-available/{settings['domain']}.conf;"
        main = main.replace("include /etc/nginx/sites-enabled/*;", site)
        assert site in main
        (tmp_path / "nginx.conf").write_text(main)
        said = judged(["nginx", "-t", "-c", str(tmp_path / "nginx.conf")])
        assert "[warn]" not in said, said
    assert done == 6


def test_package_sources(tmp_path: Path) -> None:
    needs("apt-get")
    for content in files("*.sources"):
        (tmp_path / "x.sources").write_text(content)
        said = judged(
            [
                *("apt-get", "update", "--print-uris"),
                *("-o", f"Dir::Etc::sourcelist={tmp_path}/x.sources"),
                *("-o", "Dir::Etc::sourceparts=/dev/null"),
            ]
        )
        assert "'https://download.jitsi.org/stable/InRelease'" in said


def test_options_of_apt(tmp_path: Path) -> None:
    needs("apt-config")
    for pattern, line in (
        ("/etc/apt/apt.conf.d/60*", 'DPkg::Options:: "--force-confold";'),
        ("/etc/apt/apt.conf.d/61*", 'Unattended-Upgrade::Origins-Pattern:: "site='),
    ):
        for content in files(pattern):
            (tmp_path / "x").write_text(content)
            assert line in judged(["apt-config", "-c", str(tmp_path / "x"), "dump"])


def test_units_of_systemd(tmp_path: Path) -> None:
    needs("systemd-analyze")
    (tmp_path / "x.service").write_text("[Service]\nExecStart=/bin/true\n")
    (tmp_path / "x.timer").write_text("[Timer]\nOnCalendar=daily\n")
    for content, path in files("/etc/systemd/system/*").items():
        target = tmp_path / PurePath(path.split()[0]).name
        if target.suffix == ".conf":
            unit = "x.timer" if ".timer.d/" in path else "x.service"
            (tmp_path / f"{unit}.d").mkdir(exist_ok=True)
            target = tmp_path / f"{unit}.d" / "x.conf"
        target.write_text(content.replace("ExecStart=/usr/local/lib/", "ExecStart=/bin/true /"))
        name = unit if target.suffix == ".conf" else target.name
        said = subprocess.run(
            ["systemd-analyze", "verify", name],
            env=os.environ | {"SYSTEMD_UNIT_PATH": str(tmp_path)},
            capture_output=True, text=True, check=False,
        ).stderr  # fmt: skip
        # A unit of its own also wants what is only on a whole system.
        lines = [line for line in said.splitlines() if "/start:" not in line]
        mine = [line for line in lines if f"{target.name}:" in line]
        assert mine == [], path


def test_rotation_of_logs(tmp_path: Path) -> None:
    needs("logrotate")
    for content, path in files("/etc/logrotate.d/*").items():
        (tmp_path / "x").write_text(
            re.sub(r"^( +(?:su|create) .*)$", "", content, flags=re.MULTILINE)
        )
        (tmp_path / "x").chmod(0o644)
        command = ["logrotate", "-d", "-s", str(tmp_path / "state"), str(tmp_path / "x")]
        assert "error:" not in judged(command), path


def test_every_log_is_kept_as_long_as_the_school_says() -> None:
    for settings, whole in every_tree():
        for path, content in contents(whole).items():
            if path.startswith("/etc/logrotate.d/"):
                days = str(settings["retention_days"])
                assert set(re.findall(r"(?:rotate|maxage) ([0-9]+)", content)) == {days}, path
                assert "daily" in content


def test_every_line_of_the_relay_is_an_option() -> None:
    for content in files("/etc/turnserver.conf"):
        for line in content.splitlines():
            assert re.fullmatch(r"(?:#.*|[a-z0-9_-]+(?:=[^\s#\"]+)?)?", line), line


def test_properties_of_java_are_ascii() -> None:
    for content in files("*.properties"):
        assert content.isascii()
        for line in content.splitlines():
            assert re.fullmatch(r"(?:#.*|[\w.]+=\S+)?", line), line
