"""Ways in which a browser can be told, or let do, too much."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.unit.verify.breakage import breaks

if TYPE_CHECKING:
    Data = dict[str, dict[str, Any]]


@breaks("THP-01")
def the_preview_loads_a_picture_from_afar(data: Data) -> None:
    data["browser"]["hosts"]["prejoin"].append("www.gravatar.com")


@breaks("THP-02")
def the_browser_asks_a_foreign_stun_server(data: Data) -> None:
    foreign = "stun:meet-jit-si-turnrelay.jitsi.net:443"
    data["browser"]["connections"][0]["servers"].append(foreign)


@breaks("THP-06")
def a_link_opens_the_way_to_a_stranger(data: Data) -> None:
    data["browser"]["hosts"]["crafted"].append("www.gravatar.com")


@breaks("THP-07")
def a_link_switches_the_microphone_on(data: Data) -> None:
    data["browser"]["crafted"].append("startWithAudioMuted")


@breaks("THP-09")
def an_ipad_is_sent_to_a_shop(data: Data) -> None:
    data["browser"]["phones"]["iPad"] |= {"preview": False, "links": ["apps.apple.com"]}


@breaks("THP-09")
def a_phone_gets_another_page(data: Data) -> None:
    data["browser"]["phones"]["Android"]["preview"] = False


@breaks("THP-09")
def the_start_page_links_to_the_makers(data: Data) -> None:
    data["browser"]["links"]["welcome"].append("jitsi.org")


@breaks("TLS-05")
def two_people_exchange_media_directly(data: Data) -> None:
    for one in data["browser"]["connections"]:
        one["pair"] = {
            "local": "192.168.178.23 40000",
            "remote": "192.168.178.23 50000",
            "kind": "host",
            "protocol": "udp",
        }


@breaks("MIN-02")
def the_profile_asks_for_an_address(data: Data) -> None:
    data["browser"]["email"] = True


@breaks("MIN-03")
def the_camera_is_on_at_first(data: Data) -> None:
    data["browser"]["live"] = ["video"]


@breaks("MIN-04")
def the_browser_keeps_a_list_of_rooms(data: Data) -> None:
    data["browser"]["stored"]["local"].append("features/recent-list")


@breaks("MIN-05")
def an_identifier_stays_in_the_browser(data: Data) -> None:
    data["browser"]["stored"]["local"].append("jitsiMeetId")


@breaks("MIN-05")
def a_cookie_stays_in_the_browser(data: Data) -> None:
    data["browser"]["stored"]["cookies"].append("JSESSIONID (meet.example.org)")


@breaks("MIN-04")
def a_closed_tab_leaves_a_list_of_rooms(data: Data) -> None:
    data["browser"]["abandoned"]["local"].append("features/recent-list")


@breaks("MIN-05")
def a_closed_tab_leaves_a_name(data: Data) -> None:
    data["browser"]["abandoned"]["local"].append("features/base/settings")


@breaks("MIN-05")
def a_closed_tab_leaves_a_program(data: Data) -> None:
    data["browser"]["abandoned"]["workers"].append("https://meet.example.org/")


@breaks("MIN-07")
def nobody_can_blur_the_background(data: Data) -> None:
    data["browser"]["backgrounds"]["blur"] = False


@breaks("MIN-07")
def own_pictures_become_backgrounds(data: Data) -> None:
    data["browser"]["backgrounds"]["upload"] = True


@breaks("REC-03")
def a_guest_is_offered_to_record(data: Data) -> None:
    data["browser"]["buttons"].append("startRecording")
