"""What can be wrong with the web server's answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.unit.verify.breakage import breaks

if TYPE_CHECKING:
    Evidence = dict[str, dict[str, Any]]

ROOM = "/<room>"
POLICY = "content-security-policy"


def headers(evidence: Evidence, path: str) -> dict[str, str]:
    """The headers of one path."""
    found: dict[str, str] = evidence["http"]["paths"][path]["headers"]
    return found


def policy(evidence: Evidence, path: str, old: str, new: str) -> None:
    """Change a page's policy."""
    assert old in headers(evidence, path)[POLICY]
    headers(evidence, path)[POLICY] = headers(evidence, path)[POLICY].replace(old, new)


def answers(evidence: Evidence, path: str) -> None:
    """Let a path answer by itself, as an interface does."""
    evidence["http"]["paths"][path] |= {"status": 200, "client": False}


@breaks("TLS-01")
def static_files_lose_hsts(evidence: Evidence) -> None:
    del headers(evidence, "/css/all.css")["strict-transport-security"]


@breaks("TLS-01")
def hsts_lasts_a_month(evidence: Evidence) -> None:
    headers(evidence, "/")["strict-transport-security"] = "max-age=2592000; includeSubDomains"


@breaks("TLS-01")
def port_80_serves_pages(evidence: Evidence) -> None:
    evidence["http"]["plain"]["/"] |= {"status": 200, "headers": {"content-type": "text/html"}}


@breaks("TLS-01")
def port_80_leads_in_a_circle(evidence: Evidence) -> None:
    plain = evidence["http"]["plain"][ROOM]["headers"]
    plain["location"] = plain["location"].replace("https://", "http://")


@breaks("THP-06", "MOD-07")
def no_policy_and_no_frame_option(evidence: Evidence) -> None:
    for path in ("/", ROOM):
        del headers(evidence, path)[POLICY]
        del headers(evidence, path)["x-frame-options"]


@breaks("THP-06")
def close_page_has_no_policy(evidence: Evidence) -> None:
    del headers(evidence, "/static/close3.html")[POLICY]


@breaks("THP-06")
def any_script_in_the_page_runs(evidence: Evidence) -> None:
    nonce = headers(evidence, ROOM)[POLICY].partition("'nonce-")[2].partition("'")[0]
    policy(evidence, ROOM, f"'nonce-{nonce}'", "'unsafe-inline'")


@breaks("THP-06")
def text_becomes_script(evidence: Evidence) -> None:
    policy(evidence, ROOM, "'wasm-unsafe-eval'", "'unsafe-eval'")


@breaks("THP-06")
def pages_may_connect_anywhere(evidence: Evidence) -> None:
    policy(evidence, "/", "connect-src 'self'", "connect-src wss:")


@breaks("THP-06")
def pages_may_load_foreign_pictures(evidence: Evidence) -> None:
    policy(evidence, "/config.js", "img-src 'self'", "img-src 'self' https://www.gravatar.com")


@breaks("THP-06")
def forms_go_anywhere(evidence: Evidence) -> None:
    policy(evidence, "/", "form-action 'self'", "upgrade-insecure-requests")


@breaks("MOD-07")
def any_page_embeds_the_meeting(evidence: Evidence) -> None:
    policy(evidence, ROOM, "frame-ancestors 'self'", "frame-ancestors *")


@breaks("TLS-06")
def referrer_tells_the_room(evidence: Evidence) -> None:
    headers(evidence, ROOM)["referrer-policy"] = "no-referrer-when-downgrade"


@breaks("TLS-06")
def whoever_opened_a_page_holds_it(evidence: Evidence) -> None:
    headers(evidence, ROOM)["cross-origin-opener-policy"] = "unsafe-none"


@breaks("TLS-06")
def strangers_pages_open_websockets(evidence: Evidence) -> None:
    evidence["http"]["signalling"]["/xmpp-websocket"]["stranger"] = 101


@breaks("TLS-06")
def strangers_pages_use_bosh(evidence: Evidence) -> None:
    evidence["http"]["signalling"]["/http-bind"]["stranger"] = 400


@breaks("TLS-06")
def types_are_guessed(evidence: Evidence) -> None:
    del headers(evidence, "/")["x-content-type-options"]


@breaks("TLS-06")
def frames_may_use_the_camera(evidence: Evidence) -> None:
    headers(evidence, ROOM)["permissions-policy"] = (
        "camera=*, microphone=(self), display-capture=()"
    )


@breaks("TLS-06")
def others_may_load_what_we_serve(evidence: Evidence) -> None:
    headers(evidence, "/")["cross-origin-resource-policy"] = "cross-origin"


@breaks("TLS-06")
def server_tells_its_version(evidence: Evidence) -> None:
    headers(evidence, "/static/<room>.html")["server"] = "nginx/1.22.1"


@breaks("MIN-05")
def close_page_leaves_the_browser_as_it_is(evidence: Evidence) -> None:
    headers(evidence, "/static/close2.html")["clear-site-data"] = '"cache"'


@breaks("MIN-05")
def there_is_no_close_page(evidence: Evidence) -> None:
    for path in ("/static/close.html", "/static/close2.html", "/static/close3.html"):
        evidence["http"]["paths"][path]["status"] = 404


@breaks("MIN-05")
def server_sets_a_cookie(evidence: Evidence) -> None:
    evidence["http"]["paths"]["/"]["cookies"] = ["route; Path=/; Secure"]


@breaks("ACC-03")
def anybody_counts_who_is_in_a_room(evidence: Evidence) -> None:
    answers(evidence, "/room-size")


@breaks("ACC-03")
def room_information_wants_an_argument(evidence: Evidence) -> None:
    evidence["http"]["paths"]["/_api/room-info"]["status"] = 400


@breaks("ACC-04")
def figures_of_the_bridge_are_public(evidence: Evidence) -> None:
    answers(evidence, "/colibri/stats")


@breaks("DOC-01")
def start_page_links_no_privacy_notice(evidence: Evidence) -> None:
    links = evidence["http"]["links"]
    links[:] = [link for link in links if "datenschutz" not in link["address"]]


@breaks("DOC-01")
def imprint_is_not_there(evidence: Evidence) -> None:
    http = evidence["http"]
    http["links"].append({"address": "https://own.example/impressum", "text": "Impressum"})
    http["linked"] = {"https://own.example/impressum": 404}
