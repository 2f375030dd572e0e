"""What hides something from the judges: no answer, nothing found, words of a later version."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.unit.verify.breakage import hides, parts

if TYPE_CHECKING:
    Evidence = dict[str, dict[str, Any]]


# inside -------------------------------------------------------------------------------------------


@hides("HST-02")
def ssh_knows_an_algorithm_of_tomorrow(evidence: Evidence) -> None:
    parts(evidence)["ssh"]["settings"]["kexalgorithms"] += ",mlkem2048-sha3"


@hides("HST-02")
def sshd_does_not_tell_its_ciphers(evidence: Evidence) -> None:
    del parts(evidence)["ssh"]["settings"]["ciphers"]


@hides("HST-02")
def sshd_does_not_tell_its_host_keys(evidence: Evidence) -> None:
    del parts(evidence)["ssh"]["settings"]["hostkey"]


@hides("HST-02")
def sshd_does_not_tell_about_passwords(evidence: Evidence) -> None:
    del parts(evidence)["ssh"]["settings"]["passwordauthentication"]


@hides("HST-02")
def the_length_of_a_host_key_is_not_told(evidence: Evidence) -> None:
    del parts(evidence)["ssh"]["bits"]["ssh_host_rsa_key"]


@hides("HST-04")
def systemd_does_not_rate_nginx(evidence: Evidence) -> None:
    del parts(evidence)["confinement"]["exposure"]["nginx"]


@hides("HST-05")
def the_kernel_tells_none_of_its_settings(evidence: Evidence) -> None:
    parts(evidence)["kernel"]["values"] = {}


@hides("OPS-02")
def apt_knows_no_release_of_jitsi(evidence: Evidence) -> None:
    parts(evidence)["releases"]["jitsi"] = []


@hides("OPS-02")
def apt_does_not_know_the_installed_release(evidence: Evidence) -> None:
    parts(evidence)["packages"]["versions"]["jitsi-meet"] = "2.0.99999-1"


@hides("MIN-06", "OPS-01", "OPS-02", "REC-01", "THP-05", "THP-08")
def dpkg_lists_nothing(evidence: Evidence) -> None:
    parts(evidence)["packages"] |= {"versions": {}, "total": 0}


@hides("OPS-01")
def apt_does_not_say_which_sources_it_accepts(evidence: Evidence) -> None:
    parts(evidence)["apt"] = {"late": True}


@hides("ACC-04", "HST-03", "TLS-04")
def no_socket_is_seen(evidence: Evidence) -> None:
    parts(evidence)["sockets"]["listening"] = []


@hides("TLS-04")
def no_socket_of_the_signalling_is_seen(evidence: Evidence) -> None:
    for each in parts(evidence)["sockets"]["listening"]:
        if each["program"].startswith("lua"):
            each["program"] = ""


@hides("ACC-05", "LOG-01", "LOG-02")
def no_server_of_nginx_is_found(evidence: Evidence) -> None:
    parts(evidence)["web"]["servers"] = []


@hides("LOG-07")
def the_journal_is_kept_for_a_unit_of_tomorrow(evidence: Evidence) -> None:
    parts(evidence)["journal"]["settings"]["MaxRetentionSec"] = "3 fortnights"


@hides("ACC-04", "STA-03")
def the_bridge_does_not_say_what_it_offers(evidence: Evidence) -> None:
    parts(evidence)["endpoints"]["answers"]["8080/debug"] = {
        "status": 0, "names": False, "anybody": True
    }  # fmt: skip


@hides("ACC-02")
def passwords_are_kept_elsewhere(evidence: Evidence) -> None:
    for name, host in parts(evidence)["prosody"]["hosts"].items():
        if not name.startswith(("auth.", "guest.")):
            host["modules"] = [each for each in host["modules"] if each != "auth_internal_hashed"]
            host["options"]["authentication"] = "ldap2"


@hides("TLS-03")
def openssl_cannot_read_a_certificate(evidence: Evidence) -> None:
    parts(evidence)["certificates"]["unread"] = ["/etc/coturn-tls/cert.pem"]


# outside ------------------------------------------------------------------------------------------


@hides("TLS-02")
def nothing_speaks_tls(evidence: Evidence) -> None:
    evidence["tls"]["services"] = {}


@hides("TLS-02")
def this_computer_cannot_ask_for_old_versions(evidence: Evidence) -> None:
    for service in evidence["tls"]["services"].values():
        service["versions"]["TLSv1"] = None
        service["sslyze"] = None


@hides("HST-03")
def the_relay_does_not_answer_about_an_inner_address(evidence: Evidence) -> None:
    evidence["relay"]["peers"]["10.0.0.1"] = -1


@hides("HST-03")
def the_relay_was_not_asked_about_inner_addresses(evidence: Evidence) -> None:
    evidence["relay"]["peers"] = {}


@hides("HST-03")
def the_relay_does_not_answer_to_a_stranger(evidence: Evidence) -> None:
    evidence["relay"]["anonymous"] = None


@hides("THP-04")
def nobody_says_how_long_credentials_hold(evidence: Evidence) -> None:
    for each in evidence["relay"]["told"]:
        each["seconds"] = None


@hides("ACC-03")
def the_list_of_rooms_does_not_answer(evidence: Evidence) -> None:
    evidence["http"]["paths"]["/room-size"]["status"] = 0


@hides("TLS-01")
def port_80_does_not_answer_for_a_room(evidence: Evidence) -> None:
    path = next(path for path in evidence["http"]["plain"] if not path.startswith("/.well"))
    evidence["http"]["plain"][path]["status"] = 0


@hides("DOC-01")
def the_notices_do_not_answer(evidence: Evidence) -> None:
    http = evidence["http"]
    http["linked"] = {link["address"]: 0 for link in http["links"]}


@hides("MIN-06", "MOD-06", "STA-01")
def the_server_does_not_list_its_parts(evidence: Evidence) -> None:
    evidence["xmpp"]["components"] = []


@hides("ACC-02")
def a_host_does_not_say_whether_it_registers(evidence: Evidence) -> None:
    evidence["xmpp"]["hosts"][0]["form"] = "no answer"


@hides("ACC-01")
def a_door_stays_silent(evidence: Evidence) -> None:
    evidence["xmpp"]["doors"][2]["entry"]["outcome"] = "silent"


@hides("MOD-04")
def nobody_knows_what_became_of_a_whisper(evidence: Evidence) -> None:
    evidence["lesson"]["whispers"]["question to guest"] = "no answer"


@hides("MOD-05")
def the_server_does_not_answer_whether_a_guest_throws_out(evidence: Evidence) -> None:
    evidence["lesson"]["guest_acts"]["throw out"] = "no answer"


@hides("ACC-03")
def the_server_does_not_answer_about_a_room(evidence: Evidence) -> None:
    evidence["lesson"]["queried"] = "no answer"
