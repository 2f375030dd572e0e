"""LOG: what was written down ends, also where nothing new is written."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING

import pytest

from tests.bench.process import wait_until

if TYPE_CHECKING:
    from tests.system.school import School

LOGS = {
    "jicofo": "/var/log/jitsi/jicofo.log",
    "jitsi-videobridge": "/var/log/jitsi/jvb.log",
    "nginx": "/var/log/nginx/error.log",
    "prosody": "/var/log/prosody/prosody.log",
    "certbot": "/var/log/letsencrypt/letsencrypt.log",
}
STATE = "/tmp/logrotate-state"


@pytest.mark.parametrize("rule", LOGS)
def test_an_old_log_does_not_stay_because_nothing_new_is_written(school: School, rule: str) -> None:
    host, log = school.host, LOGS[rule]
    # An empty log, last rotated weeks ago, and what it held before.
    host.run(
        f"mv {log} {log}.kept 2>/dev/null; "
        f"install -m 0640 --owner=$(stat -c %U $(dirname {log})) /dev/null {log}; "
        f"echo old > {log}.1; touch -d '30 days ago' {log}.1"
    )
    host.write(STATE, f'logrotate state -- version 2\n"{log}" 2026-1-1-0:0:0\n', mode="0600")
    try:
        said = host.run(["logrotate", "-v", "-s", STATE, f"/etc/logrotate.d/{rule}"], check=False)
        left = host.run(f"find {log}.* -mtime +7").stdout.split()
    finally:
        host.run(f"rm -f {log}.[0-9]* {STATE}; mv {log}.kept {log} 2>/dev/null", check=False)
    assert left == [], said.stderr


def test_the_journal_forwards_nothing_whatever_the_distribution_says(school: School) -> None:
    merged = school.host.run(["systemd-analyze", "cat-config", "systemd/journald.conf"]).stdout
    settings = [line.split("=") for line in merged.splitlines() if line[:1].isalpha()]
    assert dict(settings)["ForwardToSyslog"] == "no"
    assert dict(settings)["MaxRetentionSec"] == "7day"


def test_a_warning_of_prosody_names_no_room(school: School) -> None:
    room = secrets.token_hex(8)
    logger = 'require "util.logger".init("lobby")("error", "no room %s", "ROOM@conference.DOMAIN")'
    line = "> " + logger.replace("DOMAIN", school.domain).replace("ROOM", room)
    command = ["journalctl", "-q", "-t", "prosody", "-o", "cat", f"--since=@{int(time.time())}"]
    school.host.run(["prosodyctl", "shell", line])
    assert wait_until(lambda: "no room" in school.host.run(command).stdout, seconds=10)
    said = school.host.run(command).stdout
    assert f"no room -@conference.{school.domain}" in said
    assert room not in said
