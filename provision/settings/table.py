"""The table of settings: each is declared once, here.

The wizard, `--set`, inventory.yml, the JSON schema, the documents and the roles follow from it. To
add a setting, add a field to `School`; the tests name every other place that has to know it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from provision.messages.i18n import N_
from provision.settings import hosts, values
from provision.settings.confirmed import confirmed as check_confirmed
from provision.settings.open_ports import port as open_port
from provision.settings.public_address import public_ipv4
from provision.settings.setting import Setting
from provision.settings.text import optional, text

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo


class School(BaseModel):
    """One school: everything that can be set, in the order in which the wizard asks."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    address: Annotated[
        str,
        AfterValidator(hosts.address),
        Setting(
            question=N_("At which address is the server?"),
            help=N_("The IP address or host name from your provider; the program signs in there."),
            example="203.0.113.10",
            as_typed=hosts.as_typed,
            one_school_only=True,
        ),
    ]
    domain: Annotated[
        str,
        AfterValidator(hosts.domain),
        Setting(
            question=N_("Under which name will people reach the conferences?"),
            help=N_("The name that people type in the browser. It must point to the server."),
            example="meet.gymnasium-nord.example.org",
            as_typed=hosts.as_typed,
            one_school_only=True,
        ),
    ]
    school: Annotated[
        str,
        AfterValidator(values.school_name),
        Setting(
            question=N_("What is the school called?"),
            help=N_("The school's name as people read it on the start page."),
            example="Gymnasium Nord",
        ),
    ]
    contact: Annotated[
        str,
        AfterValidator(values.email),
        Setting(
            question=N_("Which mailbox belongs to those who look after the server?"),
            help=N_("A shared mailbox is best. Certificate authorities want it, few write there."),
            example="it@gymnasium-nord.example.org",
            as_typed=values.email_as_typed,
        ),
    ]
    certificate: Annotated[
        Literal["letsencrypt", "own", "self-signed"],
        Setting(
            question=N_("Where does the certificate come from?"),
            help=N_(
                "letsencrypt: free and renewed by itself.\n"
                "own: you have files from your certificate authority.\n"
                "self-signed: only for a trial, browsers warn."
            ),
            example="letsencrypt",
        ),
    ] = "letsencrypt"
    certificate_file: Annotated[
        str | None,
        AfterValidator(optional(text)),
        Setting(
            question=N_("In which file is the certificate?"),
            help=N_("A PEM file on this computer: the certificate, then those that issued it."),
            example="certificates/gymnasium-nord.pem",
            needs=("certificate", "own"),
            is_file=True,
        ),
    ] = None
    certificate_key_file: Annotated[
        str | None,
        AfterValidator(optional(text)),
        Setting(
            question=N_("In which file is the certificate's key?"),
            help=N_("A PEM file on this computer, without a password."),
            example="certificates/gymnasium-nord.key",
            needs=("certificate", "own"),
            is_file=True,
        ),
    ] = None
    imprint_url: Annotated[
        str | None,
        AfterValidator(optional(values.https_url)),
        Setting(
            question=N_("Where is the school's imprint?"),
            help=N_("A web address, linked on the start page. Empty: no link."),
            example="https://gymnasium-nord.example.org/imprint",
            as_typed=values.url_as_typed,
        ),
    ] = None
    privacy_url: Annotated[
        str | None,
        AfterValidator(optional(values.https_url)),
        Setting(
            question=N_("Where is the school's privacy notice?"),
            help=N_("A web address, linked on the start page. Empty: no link."),
            example="https://gymnasium-nord.example.org/privacy",
            as_typed=values.url_as_typed,
        ),
    ] = None
    language: Annotated[
        Literal["de", "en"],
        Setting(help=N_("The language of the conference pages: de or en."), example="de"),
    ] = "de"
    retention_days: Annotated[
        int,
        Field(strict=True, ge=1, le=90),
        Setting(help=N_("After how many days log files are deleted, 1 to 90."), example="7"),
    ] = 7
    room_ends_after: Annotated[
        int,
        Field(strict=True, ge=1, le=15),
        Setting(help=N_("Minutes without a teacher until a room ends, 1 to 15."), example="5"),
    ] = 5
    turn_domain: Annotated[
        str | None,
        AfterValidator(optional(hosts.domain)),
        Setting(
            help=N_(
                "A second name that points to the server, for networks that let only HTTPS out: "
                "there, picture and sound take port 443 under it."
            ),
            example="turn.gymnasium-nord.example.org",
            as_typed=hosts.as_typed,
            differs_from="domain",
            one_school_only=True,
        ),
    ] = None
    school_networks: Annotated[
        list[Annotated[str, AfterValidator(values.network)]],
        Setting(
            help=N_("Public networks of the school: a whole class signs in from there at once."),
            example="[192.0.2.0/24]",
        ),
    ] = []
    open_ports: Annotated[
        list[Annotated[str, AfterValidator(open_port)]],
        Setting(
            help=N_(
                "Ports of services of your own that the firewall keeps open, such as those of a "
                "VPN on the server."
            ),
            example="[51820/udp, 8443/tcp]",
        ),
    ] = []
    public_address: Annotated[
        str | None,
        AfterValidator(optional(public_ipv4)),
        Setting(
            help=N_(
                "The IPv4 address at which people reach the server, where `address` is one of a "
                "VPN or of an inner network."
            ),
            example="203.0.113.10",
            one_school_only=True,
        ),
    ] = None
    confirmed: Annotated[
        dict[str, str],
        AfterValidator(check_confirmed),
        Setting(
            help=N_(
                "What only the school can know: a control of docs/controls.md, what there is, and "
                "since when."
            ),
            example="{DOC-03: AVV vom 2026-03-01}",
        ),
    ] = {}
    repository: Annotated[
        str,
        AfterValidator(values.repository_url),
        Setting(
            help=N_("Where the server fetches Jitsi's packages; a mirror is possible."),
            example="https://download.jitsi.org",
            as_typed=values.url_as_typed,
        ),
    ] = "https://download.jitsi.org"
    repository_fingerprint: Annotated[
        str,
        AfterValidator(values.fingerprints),
        Setting(
            help=N_(
                "The fingerprint of the key that signs these packages; no other is accepted. "
                "Before a key changes, several, with commas between."
            ),
            example="FFD65A0DA2BEBDEB73D44C8BB4D2D216F1FD7806",
        ),
    ] = "FFD65A0DA2BEBDEB73D44C8BB4D2D216F1FD7806"
    reboot_at: Annotated[
        str | None,
        AfterValidator(optional(values.time_of_day)),
        Setting(
            help=N_(
                "When the server may reboot at night after an update that needs it, in its own "
                "time. Empty: never by itself."
            ),
            example="03:30",
        ),
    ] = "03:30"
    acme_directory: Annotated[
        str,
        AfterValidator(values.https_url),
        Setting(
            help=N_("Which ACME service issues the certificate; the default is Let's Encrypt."),
            example="https://acme-v02.api.letsencrypt.org/directory",
            as_typed=values.url_as_typed,
        ),
    ] = "https://acme-v02.api.letsencrypt.org/directory"
    acme_ca_file: Annotated[
        str | None,
        AfterValidator(optional(text)),
        Setting(
            help=N_("A PEM file with the root certificate of an ACME service of your own."),
            example="certificates/acme-root.pem",
            is_file=True,
        ),
    ] = None
    ssh_user: Annotated[
        str,
        AfterValidator(values.user_name),
        Setting(
            help=N_("The account used to sign in; any other than root needs sudo."),
            example="root",
        ),
    ] = "root"
    ssh_port: Annotated[
        int,
        Field(strict=True, ge=1, le=65535),
        Setting(help=N_("The port of the SSH service."), example="22"),
    ] = 22

    @property
    def reached_at(self) -> str:
        """The address at which people come in, as far as the settings say."""
        return self.public_address or self.address


@dataclass(frozen=True)
class Row:
    """One row of the table."""

    name: str
    field: FieldInfo
    setting: Setting

    @property
    def required(self) -> bool:
        """Whether every school must say it."""
        return self.field.is_required()

    @property
    def default(self) -> object:
        """What holds when nobody says anything."""
        return None if self.required else self.field.get_default()

    @property
    def asked(self) -> bool:
        """Whether the wizard asks for it."""
        return bool(self.setting.question)

    @property
    def choices(self) -> tuple[str, ...]:
        """The only possible values, or nothing where there are too many to list."""
        kind = self.field.annotation
        return getattr(kind, "__args__", ()) if getattr(kind, "__origin__", 0) is Literal else ()


TABLE = {
    name: Row(name, field, next(item for item in field.metadata if isinstance(item, Setting)))
    for name, field in School.model_fields.items()
}
"""Every setting by name, in the order of the declaration."""
