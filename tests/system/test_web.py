"""WEB: what a browser gets, page by page, and that it is nobody else's business."""

from __future__ import annotations

import json
import re
import shutil
import ssl
import subprocess
import time
from typing import TYPE_CHECKING, Any

import pytest

from provision.certificates.trust import as_browsers

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.system.entrance import Entrance
    from tests.system.school import School

PATHS = (
    "/",
    "/some-room",
    "/config.js",
    "/local-config.js",
    "/manifest.json",
    "/school/start.css",
    "/school/guard.js",
    "/school/return.js",
    "/static/close3.html",
    "/static/prejoin.html",
    "/libs/lib-jitsi-meet.min.js",
    "/css/all.css?v=1",
    "/lang/main-de.json",
    "/images/favicon.svg",
    "/sounds/joined.wav",
    "/external_api.js",
    "/http-bind",
    "/xmpp-websocket",
    "/no/such/page",
    "/.git/config",
    "/.well-known/nothing",
)
TEXTS = "/usr/share/jitsi-meet/lang/main-de.json"
# What a school's browser must find in config.js: nothing of it asks or tells a stranger.
PRIVATE = {
    "disableThirdPartyRequests": True,
    "gravatar.disabled": True,
    "giphy.enabled": False,
    "analytics.disabled": True,
    "analytics.rtcstatsEnabled": False,
    "feedbackPercentage": 0,
    "p2p.enabled": False,
    "doNotStoreRoom": True,
    "recordingService.enabled": False,
    "liveStreaming.enabled": False,
    "transcription.enabled": False,
    "localRecording.disable": True,
    "speakerStats.disabled": True,
    "startWithAudioMuted": True,
    "startWithVideoMuted": True,
    "enableInsecureRoomNameWarning": False,
    "remoteVideoMenu.disableGrantModerator": True,
}


def test_start_page_shows_the_schools_name(entrance: Entrance) -> None:
    page = entrance.get("/")
    assert page.status == 200
    assert "<h1>Gymnasium Nord &amp; Söhne</h1>" in page.text
    for notice in ("impressum", "datenschutz"):
        assert f'href="https://gymnasium-nord.example.org/{notice}"' in page.text


def test_browser_renders_the_start_page_without_a_complaint(
    entrance: Entrance, tmp_path: Path
) -> None:
    chromium = shutil.which("chromium")
    if not chromium:
        pytest.skip("no browser here: apt-get install chromium")
    command = [
        *(chromium, "--headless", "--no-sandbox", "--disable-gpu", "--ignore-certificate-errors"),
        *("--enable-logging=stderr", f"--user-data-dir={tmp_path}"),
        f"--host-resolver-rules=MAP {entrance.domain} {entrance.address}, MAP * ~NOTFOUND",
        *("--timeout=20000", "--dump-dom", f"https://{entrance.domain}/"),
    ]
    shown = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    assert "<h1>Gymnasium Nord &amp; Söhne</h1>" in shown.stdout
    assert [line for line in shown.stderr.splitlines() if "CONSOLE" in line] == []


def test_config_is_valid_and_private(entrance: Entrance) -> None:
    answer = entrance.get("/config.js")
    assert answer.headers["content-type"] == "application/javascript"
    config = evaluated(answer.text)
    domain = entrance.domain
    assert config["hosts"] == {
        "domain": domain, "muc": f"conference.{domain}", "anonymousdomain": f"guest.{domain}",
    }  # fmt: skip
    assert {name: value_of(config, name) for name in PRIVATE} == PRIVATE
    urls = re.findall(r'"((?:https|wss|stun|turn)s?:[^"]*)"', json.dumps(config))
    foreign = {url for url in urls if domain not in url}
    assert foreign == {
        f"https://gymnasium-nord.example.org/{notice}" for notice in ("impressum", "datenschutz")
    }


def evaluated(script: str) -> dict[str, Any]:
    """Return the object that the script makes, as a JavaScript engine sees it."""
    node = shutil.which("node")
    if not node:
        pytest.skip("no JavaScript here: apt-get install nodejs")
    program = (
        "const text = require('fs').readFileSync(0, 'utf8'); const world = {};"
        "require('vm').runInNewContext(text, world); console.log(JSON.stringify(world.config));"
    )
    done = subprocess.run(
        [node, "-e", program], input=script, capture_output=True, text=True, check=True
    )
    config: dict[str, Any] = json.loads(done.stdout)
    return config


def value_of(config: dict[str, Any], name: str) -> Any:
    """Return what stands under a dotted name, None where nothing does."""
    found: Any = config
    for part in name.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found


def test_a_link_to_a_room_opens_the_web_client(entrance: Entrance) -> None:
    page = entrance.get("/some-room")
    assert page.status == 200
    assert '<script src="/school/guard.js"></script>' in page.text
    assert "<!--#" not in page.text, "the server left an include undone"
    scripts = re.findall(r"<script nonce=[^>]*>(.*?)</script>", page.text, re.DOTALL)
    included = next(script for script in scripts if "var config = " in script)
    assert evaluated(included) == evaluated(entrance.get("/config.js").text)


def test_who_adds_the_page_to_the_home_screen_gets_the_school_and_no_app(
    entrance: Entrance,
) -> None:
    answer = entrance.get("/manifest.json")
    assert answer.headers["content-type"] == "application/json"
    manifest = json.loads(answer.text)
    assert (manifest["name"], manifest["start_url"]) == ("Gymnasium Nord & Söhne", "/")
    assert {"prefer_related_applications", "related_applications"}.isdisjoint(manifest)


def test_what_is_not_there_says_so_in_the_schools_words(entrance: Entrance) -> None:
    for path in ("/no/such/page", "/libs/nothing.js", "/.git/config"):
        page = entrance.get(path)
        assert (path, page.status) == (path, 404)
        assert "<h1>Gymnasium Nord &amp; Söhne</h1>" in page.text


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_carries_the_headers_that_protect(entrance: Entrance, path: str) -> None:
    assert entrance.unprotected(path) == []


def test_scripts_inside_the_page_have_the_number_of_its_policy(entrance: Entrance) -> None:
    pages = [entrance.get("/some-room") for _ in range(2)]
    numbers = []
    for page in pages:
        found = re.search(r"'nonce-(\w+)'", page.headers["content-security-policy"])
        assert found
        inline = re.findall(r"<script(?![^>]*\bsrc=)([^>]*)>", page.text)
        assert inline
        assert set(inline) == {f' nonce="{found[1]}"'}
        numbers.append(found[1])
    assert numbers[0] != numbers[1]


@pytest.mark.parametrize("path", ["/http-bind", "/xmpp-websocket"])
def test_a_strangers_page_may_not_signal(entrance: Entrance, path: str) -> None:
    own = f"https://{entrance.domain}"
    strange = ("https://example.org", "null", "http://" + entrance.domain, f"{own}.example.org",
               f"{own}:8443", f"https://x.{entrance.domain}", "", f"{own}/")  # fmt: skip
    asked = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
             "Sec-WebSocket-Key": "MDEyMzQ1Njc4OWFiY2RlZg==",
             "Sec-WebSocket-Protocol": "xmpp"}  # fmt: skip
    right = 101 if "websocket" in path else 200
    answers = {one: entrance.get(path, headers=asked | {"Origin": one}).status for one in strange}
    assert answers == dict.fromkeys(strange, 403)
    assert entrance.get(path, headers=asked | {"Origin": own}).status == right
    assert entrance.get(path, headers=asked).status == right


def test_no_page_starts_the_client_without_the_guard(entrance: Entrance) -> None:
    """Upstream has pages beside the room's that do; they take orders from an address."""
    for name in ("prejoin", "whiteboard", "dialInInfo", "sso", "oauth", "msredirect", "logout"):
        assert (name, entrance.get(f"/static/{name}.html").status) == (name, 404)
    assert entrance.get("/static/recommendedBrowsers.html").status == 200


def test_the_client_says_the_schools_sentences_also_after_an_upgrade(
    school: School, entrance: Entrance
) -> None:
    """The stand-in's file has one of the sentences that we say otherwise."""
    ours = "Bitte warten Sie, bis eine Lehrkraft Sie einlässt."
    texts = entrance.get("/lang/main-de.json")
    assert texts.headers["content-type"] == "application/json"
    packaged = json.loads(school.host.read(TEXTS))
    assert json.loads(texts.text) == packaged | {"lobby": {"waitForModerator": ours}}
    # A package is unpacked beside the old file, and takes its place.
    newer = {"newer": "Neu", "lobby": {"waitForModerator": "Neu", "knockButton": "Neu"}}
    school.host.run(["cp", "-p", TEXTS, f"{TEXTS}.former"])
    try:
        for content, found in (
            (
                json.dumps(newer),
                newer | {"lobby": {"waitForModerator": ours, "knockButton": "Anklopfen"}},
            ),
            # What cannot be understood is handed out as it is.
            ("[1]", [1]),
        ):
            school.host.write(f"{TEXTS}.dpkg-new", content)
            school.host.run(["mv", f"{TEXTS}.dpkg-new", TEXTS])
            until(lambda found=found: json.loads(entrance.get("/lang/main-de.json").text) == found)
    finally:
        school.host.run(["mv", f"{TEXTS}.former", TEXTS])
    until(lambda: json.loads(entrance.get("/lang/main-de.json").text).get("standin"))


def until(reached: Callable[[], object], seconds: float = 60) -> None:
    """Back when something is so."""
    end = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < end
        time.sleep(0.1)


def test_no_program_stays_in_a_browser_for_good(entrance: Entrance) -> None:
    assert entrance.get("/pwa-worker.js").status == 404


def test_plain_http_only_leads_to_https(entrance: Entrance) -> None:
    for path in ("/", "/some-room", "/config.js", "/http-bind"):
        answer = entrance.get(path, port=80)
        where = f"https://{entrance.domain}{path}"
        assert (answer.status, answer.headers["location"]) == (301, where)


def test_certificate_authority_finds_its_challenges(school: School, entrance: Entrance) -> None:
    folder = "/var/lib/jitsi-provision/acme/.well-known/acme-challenge"
    school.host.write(f"{folder}/proof", "proof")
    try:
        answer = entrance.get("/.well-known/acme-challenge/proof", port=80)
        assert (answer.status, answer.text) == (200, "proof")
    finally:
        school.host.run(["rm", f"{folder}/proof"])


def test_certificate_comes_from_the_authority(entrance: Entrance) -> None:
    for port in (443, 5349):
        certificate = entrance.certificate(port)  # verified against the authority's root
        assert certificate["subjectAltName"] == (("DNS", entrance.domain),)
        assert "Pebble" in str(certificate["issuer"])


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated")
@pytest.mark.parametrize("port", [443, 5349])
def test_old_tls_is_refused(entrance: Entrance, port: int) -> None:
    for version, accepted in (
        (ssl.TLSVersion.TLSv1_1, False),
        (ssl.TLSVersion.TLSv1_2, True),
        (ssl.TLSVersion.TLSv1_3, True),
    ):
        context = as_browsers(entrance.root)
        context.set_ciphers("DEFAULT:@SECLEVEL=0")  # else this side refuses, not the server
        context.minimum_version = context.maximum_version = version
        if accepted:
            entrance.secure(port, context).close()
            continue
        with pytest.raises(ssl.SSLError, match="PROTOCOL_VERSION"):
            entrance.secure(port, context)
