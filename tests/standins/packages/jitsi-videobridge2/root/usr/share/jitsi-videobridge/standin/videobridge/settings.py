"""What the bridge takes from jvb.conf."""

from dataclasses import dataclass
from typing import Any

from standin.config import Config, ConfigError

XMPP = "videobridge.apis.xmpp-client.configs"
MAPPING = "ice4j.harvest.mapping"


@dataclass(frozen=True)
class Shard:
    """One XMPP server that the bridge offers itself to."""

    hostname: str
    port: int
    domain: str
    username: str
    password: str
    rooms: tuple[str, ...]
    nickname: str
    verify: bool


@dataclass(frozen=True)
class Mapping:
    """A private address and the public one that the world sees for it."""

    local: str
    public: str


def shards(config: Config) -> list[Shard]:
    """All of them, complete; ConfigError otherwise."""
    table = config.get(XMPP, {})
    if not isinstance(table, dict) or not table:
        raise ConfigError(f"{XMPP} names no XMPP server")
    return [_shard(name, values) for name, values in table.items()]


def _shard(name: str, values: dict[str, Any]) -> Shard:
    # The genuine bridge takes these names in any case, and with - for _.
    known = {str(key).lower().replace("-", "_"): value for key, value in values.items()}

    def need(key: str) -> str:
        value = known.get(key)
        if value is None or str(value).strip() == "":
            raise ConfigError(f"{XMPP}.{name}.{key} is not set")
        return str(value)

    rooms = known.get("muc_jids") or known.get("muc_jid")
    if not rooms:
        raise ConfigError(f"{XMPP}.{name}.muc_jids is not set")
    listed = rooms if isinstance(rooms, list) else str(rooms).split(",")
    return Shard(
        hostname=need("hostname"),
        port=int(known.get("port", 5222)),
        domain=str(known.get("domain") or need("hostname")),
        username=need("username"),
        password=need("password"),
        rooms=tuple(str(room).strip().lower() for room in listed),
        nickname=need("muc_nickname"),
        verify=str(known.get("disable_certificate_verification", "false")).lower() != "true",
    )


def static_mappings(config: Config) -> list[Mapping]:
    """The mappings written down in the file."""
    found = []
    for entry in config.items(f"{MAPPING}.static-mappings"):
        if not isinstance(entry, dict) or not {"local-address", "public-address"} <= entry.keys():
            raise ConfigError(f"{MAPPING}.static-mappings: local-address or public-address missing")
        if ("local-port" in entry) != ("public-port" in entry):
            raise ConfigError(f"{MAPPING}.static-mappings: give both ports or none")
        found.append(Mapping(str(entry["local-address"]), str(entry["public-address"])))
    return found


def stun_servers(config: Config) -> list[tuple[str, int]]:
    """Foreign servers that the bridge asks for its public address at every start."""
    found = []
    for entry in config.items(f"{MAPPING}.stun.addresses"):
        name, sign, port = str(entry).rpartition(":")
        if not sign or not port.isdigit():
            raise ConfigError(f"{MAPPING}.stun.addresses: {entry!r} is not host:port")
        found.append((name, int(port)))
    return found
