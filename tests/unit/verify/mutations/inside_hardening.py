"""What can go wrong with firewall, SSH, relay, confinement, kernel and secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.unit.verify.breakage import breaks, parts

if TYPE_CHECKING:
    Evidence = dict[str, dict[str, Any]]


@breaks("HST-02")
def ssh_takes_passwords(evidence: Evidence) -> None:
    parts(evidence)["ssh"]["settings"]["passwordauthentication"] = "yes"


@breaks("HST-02")
def ssh_lets_root_in_by_password(evidence: Evidence) -> None:
    parts(evidence)["ssh"]["settings"]["permitrootlogin"] = "yes"


@breaks("HST-02")
def ssh_takes_passwords_from_some(evidence: Evidence) -> None:
    parts(evidence)["ssh"]["matched"] = ["passwordauthentication yes"]


@breaks("HST-02")
def ssh_knows_old_algorithms(evidence: Evidence) -> None:
    settings = parts(evidence)["ssh"]["settings"]
    settings["macs"] += ",hmac-sha1"


@breaks("HST-02")
def ssh_has_a_short_key(evidence: Evidence) -> None:
    parts(evidence)["ssh"]["bits"]["ssh_host_rsa_key"] = 1024


@breaks("HST-03")
def the_relay_reaches_the_cloud(evidence: Evidence) -> None:
    options = parts(evidence)["relay"]["options"]
    options["denied-peer-ip"] = [
        span for span in options["denied-peer-ip"] if "169.254" not in span
    ]


@breaks("HST-03")
def the_relay_asks_for_no_password(evidence: Evidence) -> None:
    del parts(evidence)["relay"]["options"]["use-auth-secret"]


@breaks("HST-03")
def the_relay_may_reach_a_neighbour(evidence: Evidence) -> None:
    parts(evidence)["relay"]["options"]["allowed-peer-ip"].append("10.0.0.7")


@breaks("HST-04")
def the_bridge_may_do_everything(evidence: Evidence) -> None:
    parts(evidence)["confinement"]["exposure"]["jitsi-videobridge2"] = 9.3


@breaks("HST-05")
def neighbours_redirect_packets(evidence: Evidence) -> None:
    parts(evidence)["kernel"]["values"]["net.ipv6.conf.all.accept_redirects"] = "1"


@breaks("HST-05")
def neighbours_redirect_packets_of_one_interface(evidence: Evidence) -> None:
    parts(evidence)["kernel"]["values"]["net.ipv4.conf.eth0.accept_redirects"] = "1"


@breaks("HST-05")
def apparmor_is_off(evidence: Evidence) -> None:
    kernel = parts(evidence)["kernel"]
    kernel["values"] |= {"kernel.kptr_restrict": "1"}
    kernel |= {"apparmor": "N", "profiles": {}}
    parts(evidence)["system"]["container"] = False


@breaks("HST-06")
def everybody_reads_the_relays_secret(evidence: Evidence) -> None:
    parts(evidence)["secrets"]["holders"]["/etc/turnserver.conf"]["mode"] = "0644"


@breaks("HST-06")
def a_group_of_people_reads_a_key(evidence: Evidence) -> None:
    key = {"mode": "0640", "group": "users", "closed": "false"}
    parts(evidence)["secrets"]["keys"]["/etc/jitsi/meet/key.pem"] = key


@breaks("HST-06")
def the_bridge_reads_the_focus_password(evidence: Evidence) -> None:
    readable = parts(evidence)["readers"]["readable"]
    readable["/etc/jitsi/jicofo/jicofo.conf"].append("jitsi-videobridge2")


@breaks("HST-06")
def a_colleagues_account_reads_a_secret(evidence: Evidence) -> None:
    parts(evidence)["readers"]["people"]["/etc/jitsi-provision/secrets/turn"] = 1


@breaks("HST-06")
def the_relay_reads_the_web_servers_key(evidence: Evidence) -> None:
    parts(evidence)["readers"]["readable"]["/etc/jitsi-provision/tls/key.pem"] = ["coturn"]


@breaks("HST-06")
def a_local_file_is_read_by_two(evidence: Evidence) -> None:
    both = ["jicofo", "prosody"]
    parts(evidence)["readers"]["readable"]["/etc/jitsi-provision/local/x.conf"] = both


@breaks("HST-06")
def a_secret_is_short(evidence: Evidence) -> None:
    parts(evidence)["secrets"]["short"] = ["password"]


@breaks("HST-06")
def a_secret_is_served(evidence: Evidence) -> None:
    parts(evidence)["secrets"]["readable_copies"] = ["/etc/jitsi/meet/config.js"]


@breaks("HST-06")
def a_secret_is_in_the_process_list(evidence: Evidence) -> None:
    parts(evidence)["secrets"]["in_arguments"] = ["jicofo.service"]


@breaks("HST-06")
def packages_come_from_a_stranger(evidence: Evidence) -> None:
    parts(evidence)["sources"]["origins"].append("somebody's archive")


@breaks("HST-06")
def a_source_trusts_every_key(evidence: Evidence) -> None:
    parts(evidence)["sources"]["sources"][0]["signed"] = False
