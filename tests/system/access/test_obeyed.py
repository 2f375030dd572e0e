"""Services that do not obey what lies in its place: told, nothing done, and healed as advised."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.bench.process import wait_until
from tests.remedies import in_list, tried_by
from tests.system.check.desk import Desk
from tests.system.entrance import Entrance

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench import Bench, Host
    from tests.system.school import School

# Too long for script/test; script/lived-in runs it.
pytestmark = pytest.mark.lived_in

HERE = "tests/system/access/test_obeyed.py::test_what_is_in_force_counts_and_each_remedy_heals"
UNITS = "/etc/systemd/system"
FILES = {
    # Ports 80 and 443 are held in front: nginx finds the file well, and does not start with it.
    "/etc/nginx/conf.d/cloud.conf": (
        "server {\n    listen 80;\n    listen [::]:443 ssl;\n    server_name cloud.example.org;\n"
        "    ssl_certificate /etc/jitsi-provision/tls/fullchain.pem;\n"
        "    ssl_certificate_key /etc/jitsi-provision/tls/key.pem;\n}\n"
    ),
    # Read before ours, so this one answers for the school.
    "/etc/nginx/conf.d/again.conf": (
        "server {\n    listen 127.0.0.1:4480 proxy_protocol;\n"
        "    server_name DOMAIN other.example.org;\n    return 200 'not the school';\n}\n"
    ),
    "/etc/prosody/own.cfg.lua": 'log = { debug = "/var/log/prosody/own.log" }\n',
    "/etc/own-turn.conf": "realm=cloud.example.org\nuser=a:b\nlt-cred-mech\n",
    f"{UNITS}/coturn.service.d/zz-own.conf": (
        "[Service]\nExecStart=\nExecStart=/usr/bin/turnserver -c /etc/own-turn.conf --pidfile=\n"
    ),
    "/etc/systemd/journald.conf.d/zzz-own.conf": "[Journal]\nMaxRetentionSec=1year\n",
    "/etc/sysctl.d/10-own.conf": "net.ipv4.conf.eth0.accept_redirects = 1\n",
}
LATER = (
    "rm /etc/nginx/modules-enabled/50-mod-stream.conf; "
    "sed -i /^Include/d /etc/prosody/prosody.cfg.lua; systemctl restart prosody"
)
BESIDE = "/var/lib/prosody/localhost/cron.dat"
STREAM = "/usr/share/nginx/modules-available/mod-stream.conf"


@pytest.fixture(params=["school", "school12"])
def place(request: pytest.FixtureRequest) -> Iterator[School]:
    """A deployed school of each release, which is afterwards as it was."""
    school: School = request.getfixturevalue(request.param)
    lua = school.host.read("/etc/prosody/prosody.cfg.lua")
    yield school
    school.host.write("/etc/prosody/prosody.cfg.lua", lua)
    school.host.run(
        f"rm -rf {' '.join(FILES)} /var/lib/prosody/localhost; "
        f"ln -sf {STREAM} /etc/nginx/modules-enabled/50-mod-stream.conf; "
        "systemctl daemon-reload; systemctl reset-failed; "
        "systemctl restart nginx prosody coturn systemd-journald systemd-sysctl"
    )
    assert school.project.run("deploy").code == 0


def follow(host: Host, remedy: str) -> None:
    """Do what a remedy says: its command, or the change of a file that stands before it."""
    _where, colon, command = remedy.rpartition("as root: ")
    if colon:
        host.run(command)
        return
    change, command = re.split(r"[;,]? then: ", remedy, maxsplit=1)
    command = command.partition("; if it is meant so")[0]
    for pattern, edit in (
        (r"delete the lines? with (\S+) from (\S+)$", "/{0}/d"),
        (r"delete (\w+) from (\S+)$", "/^{0} =/d"),
        (r"take (\S+) out of server_name in (\S+),", "s/ {0}//"),
    ):
        if found := re.search(pattern, change):
            host.run(["sed", "-i", edit.format(found[1]), found[2]])
    if found := re.search(r"write in (\S+) in place of its port: ", change):
        for line, port in re.findall(r"`(listen [^`]+)` \((\d+)\)", change):
            host.run(["sed", "-i", rf"s/listen .*\b{port}\b.*/{line}/", found[1]])
    host.run(command)


def test_what_is_in_force_counts_and_each_remedy_heals(bench: Bench, place: School) -> None:
    host, desk = place.host, Desk(bench.chair(), place.project)
    for path, text in FILES.items():
        host.write(path, text.replace("DOMAIN", place.domain))
    # Prosody 0.12 reads conf.d in no order.
    host.run("echo 'Include \"own.cfg.lua\"' >> /etc/prosody/prosody.cfg.lua")
    host.run("systemctl daemon-reload; systemctl restart prosody coturn systemd-journald")
    host.run("systemctl restart systemd-sysctl; systemctl reload nginx")
    code, sentences, remedies = desk.problems()
    assert code == 1
    assert sorted(sentences) == [
        "/etc/nginx/conf.d/again.conf answers for DOMAIN, too, and before ours.",
        (
            "/etc/nginx/conf.d/cloud.conf takes port 80, 443, which nginx needs for the school: "
            "nginx would not start the next time."
        ),
        "/etc/prosody/own.cfg.lua sets log in place of ours.",
        "MaxRetentionSec is 1year and not 7day, whatever our file says.",
        (
            f"coturn is started with /etc/own-turn.conf, whatever our files say: "
            f"{UNITS}/coturn.service.d/zz-own.conf."
        ),
        "net.ipv4.conf.eth0.accept_redirects is 1 and not 0, whatever our file says.",
    ]
    refused = place.project.run("deploy", "--json")
    assert (refused.code, refused.data["changed"]) == (4, [])
    followed = list(remedies)
    for remedy in remedies:
        follow(host, remedy.replace("DOMAIN", place.domain))
    assert desk.problems() == (0, [], [])
    entrance = Entrance(host.address, place.domain, bench.acme.root_file)
    # What was written in the place of a port works: the other site is served beside the school's.
    host.run("systemctl restart nginx")
    assert "not the school" not in entrance.get("/").text
    assert entrance.get("/").status == 200
    assert host.run("curl -sk -o /dev/null -w '%{http_code}' --resolve cloud.example.org:443:"
                    f"{host.address} https://cloud.example.org/").stdout == "200"  # fmt: skip

    host.run(LATER)
    # A Prosody without our settings writes for a host of its own, a little later.
    assert wait_until(lambda: host.run(["ls", BESIDE], check=False).returncode == 0, seconds=60)
    code, sentences, remedies = desk.problems()
    assert (code, sorted(sentences)) == (
        1,
        [
            "Prosody does not read /etc/prosody/conf.d any more: nobody could sign in.",
            ("nginx does not load its stream module any more: it would not start the next time."),
        ],
    )
    assert place.project.run("deploy").code == 4
    followed += remedies
    for remedy in remedies:
        follow(host, remedy)
    assert desk.problems() == (0, [], [])
    host.run("systemctl restart nginx")

    host.write("/etc/nginx/conf.d/cloud.conf", "server {\n    lissten 8443;\n}\n")
    code, sentences, remedies = desk.problems()
    assert (code, sentences) == (
        1,
        [("nginx does not understand /etc/nginx/conf.d/cloud.conf, and would not start any more: "
         'unknown directive "lissten"')],
    )  # fmt: skip
    followed += remedies
    host.run(f"rm {re.search('correct (/.*?) or delete it', remedies[0])[1]}")  # type: ignore[index]
    host.run(remedies[0].rpartition("then: ")[2])
    assert desk.problems() == (0, [], [])
    assert tried_by(HERE) <= {one for said in followed for one in in_list(said)}
