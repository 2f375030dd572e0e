"""What can be wrong with the settings of the web client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.unit.verify.breakage import breaks

if TYPE_CHECKING:
    Evidence = dict[str, dict[str, Any]]

ROOM, FILE = "/<room>", "/config.js"


def config(evidence: Evidence, page: str = ROOM) -> dict[str, Any]:
    """The settings of one page."""
    found: dict[str, Any] = evidence["config"]["pages"][page]["config"]
    return found


@breaks("MIN-02")
def e_mail_is_asked_for(evidence: Evidence) -> None:
    del config(evidence)["hideEmailInSettings"]


@breaks("MIN-03")
def camera_is_on_in_the_app(evidence: Evidence) -> None:
    config(evidence, FILE)["startWithVideoMuted"] = False


@breaks("MIN-03")
def there_is_no_preview(evidence: Evidence) -> None:
    config(evidence)["prejoinConfig"] = {"enabled": False}


@breaks("MIN-04")
def rooms_are_remembered(evidence: Evidence) -> None:
    del config(evidence, FILE)["doNotStoreRoom"]


@breaks("MIN-05")
def hanging_up_leads_to_the_start_page(evidence: Evidence) -> None:
    config(evidence)["enableClosePage"] = False


@breaks("MIN-06")
def faces_are_read(evidence: Evidence) -> None:
    config(evidence)["faceLandmarks"]["enableFaceExpressionsDetection"] = True


@breaks("MIN-06")
def speech_is_written_down(evidence: Evidence) -> None:
    config(evidence)["transcription"] = {"enabled": True}


@breaks("MIN-07")
def own_pictures_are_stored(evidence: Evidence) -> None:
    del config(evidence)["disableAddingBackgroundImages"]
    del config(evidence)["virtualBackground"]


@breaks("MIN-07")
def no_blurred_background(evidence: Evidence) -> None:
    config(evidence)["toolbarButtons"].remove("select-background")


@breaks("THP-01")
def third_parties_are_asked(evidence: Evidence) -> None:
    config(evidence)["disableThirdPartyRequests"] = False


@breaks("THP-01")
def avatars_come_from_gravatar(evidence: Evidence) -> None:
    config(evidence)["gravatar"] = {}


@breaks("THP-01")
def signalling_is_a_strangers(evidence: Evidence) -> None:
    config(evidence, FILE)["websocket"] = "wss://conference.example.net/xmpp-websocket"


@breaks("THP-02")
def list_of_stun_servers_is_missing(evidence: Evidence) -> None:
    del config(evidence)["p2p"]["stunServers"]


@breaks("THP-02")
def stun_server_is_a_strangers(evidence: Evidence) -> None:
    servers = [{"urls": "stun:meet-jit-si-turnrelay.jitsi.net:443"}]
    config(evidence, FILE)["p2p"]["stunServers"] = servers


@breaks("THP-05")
def everybody_is_asked_for_a_rating(evidence: Evidence) -> None:
    del config(evidence)["feedbackPercentage"]


@breaks("THP-05")
def visits_are_analysed(evidence: Evidence) -> None:
    config(evidence)["analytics"]["matomoEndpoint"] = "https://matomo.example.org/"


@breaks("THP-05")
def statistics_are_uploaded(evidence: Evidence) -> None:
    config(evidence, FILE)["analytics"]["rtcstatsEnabled"] = True


@breaks("THP-07")
def crafted_links_work(evidence: Evidence) -> None:
    evidence["config"]["pages"][ROOM]["fragment"] = "#config.p2p.enabled=true"


@breaks("THP-07")
def a_link_brings_a_token(evidence: Evidence) -> None:
    evidence["config"]["pages"][ROOM]["fragment"] = "?jwt=x"


@breaks("THP-08")
def videos_of_others_are_shared(evidence: Evidence) -> None:
    config(evidence)["toolbarButtons"].append("sharedvideo")


@breaks("THP-08")
def texts_are_written_elsewhere(evidence: Evidence) -> None:
    config(evidence)["etherpad_base"] = "https://pad.example.org/p/"


@breaks("THP-08")
def telephone_numbers_come_from_a_stranger(evidence: Evidence) -> None:
    config(evidence)["anything"] = {"deep": ["https://api.jitsi.net/phoneNumberList"]}


@breaks("THP-09")
def privacy_link_leads_to_the_makers(evidence: Evidence) -> None:
    del config(evidence)["legalUrls"]["privacy"]


@breaks("THP-09")
def phones_are_sent_to_a_store(evidence: Evidence) -> None:
    del config(evidence)["deeplinking"]


@breaks("THP-09")
def logo_links_the_makers(evidence: Evidence) -> None:
    interface = evidence["config"]["pages"][ROOM]["interface_config"]
    interface["JITSI_WATERMARK_LINK"] = "https://jitsi.org"


@breaks("TLS-05")
def two_people_talk_directly(evidence: Evidence) -> None:
    config(evidence)["p2p"]["enabled"] = True


@breaks("MOD-04")
def pupils_write_to_each_other(evidence: Evidence) -> None:
    config(evidence)["remoteVideoMenu"] = {"disablePrivateChat": "disable-visitor-chat"}


@breaks("MOD-05")
def everybody_opens_side_rooms(evidence: Evidence) -> None:
    del config(evidence)["breakoutRooms"]


@breaks("MOD-06")
def files_are_shared(evidence: Evidence) -> None:
    config(evidence)["fileSharing"] = {"enabled": True}


@breaks("MOD-06")
def computers_are_controlled_from_afar(evidence: Evidence) -> None:
    del config(evidence)["disableRemoteControl"]


@breaks("REC-01")
def a_recorder_has_a_host(evidence: Evidence) -> None:
    config(evidence)["hiddenDomain"] = "recorder.meet.example.org"


@breaks("REC-01")
def meetings_are_streamed(evidence: Evidence) -> None:
    config(evidence, FILE)["liveStreaming"] = {"enabled": True}


@breaks("REC-03")
def browsers_record(evidence: Evidence) -> None:
    config(evidence)["localRecording"] = {"disableSelfRecording": True}


@breaks("STA-01")
def speaking_time_is_shown(evidence: Evidence) -> None:
    config(evidence)["speakerStats"]["disabled"] = False
