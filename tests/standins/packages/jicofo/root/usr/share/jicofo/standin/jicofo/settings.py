"""What Jicofo takes from jicofo.conf."""

from dataclasses import dataclass

from standin.config import Config, ConfigError
from standin.stanza import host


@dataclass(frozen=True)
class Settings:
    """The settings that have an effect here, with the genuine defaults."""

    hostname: str
    port: int
    domain: str
    xmpp_domain: str
    username: str
    password: str
    client_proxy: str
    verify: bool
    reply_timeout: float
    brewery: str
    auto_owner: bool
    initial_timeout: float
    single_timeout: float
    min_participants: int
    sctp: bool
    health_interval: float
    failure_reset: float
    authentication: str
    login_url: str
    rest_enabled: bool
    rest_host: str
    rest_port: int
    health_enabled: bool


def read(config: Config) -> Settings:
    """All settings; ConfigError when something needed is missing or of the wrong kind."""
    client = "jicofo.xmpp.client"
    conference = "jicofo.conference"
    brewery = config.need("jicofo.bridge.brewery-jid").lower()
    if "@" not in brewery:
        raise ConfigError(f"jicofo.bridge.brewery-jid is not an address: {brewery}")
    authentication = "NONE"
    if config.flag("jicofo.authentication.enabled", False):
        authentication = str(config.get("jicofo.authentication.type", "NONE")).upper()
        if authentication not in ("XMPP", "JWT", "NONE"):
            raise ConfigError(f"jicofo.authentication.type: unknown {authentication!r}")
    login_url = str(config.get("jicofo.authentication.login-url", ""))
    if authentication == "XMPP" and not login_url:
        raise ConfigError("jicofo.authentication.login-url is not set")
    domain = config.need(f"{client}.domain")
    health_on = config.flag("jicofo.bridge.health-checks.enabled", True)
    interval = config.seconds("jicofo.bridge.health-checks.interval", 10)
    return Settings(
        hostname=str(config.get(f"{client}.hostname", "localhost")),
        port=config.number(f"{client}.port", 5222),
        domain=domain,
        xmpp_domain=str(config.get(f"{client}.xmpp-domain", domain)),
        username=str(config.get(f"{client}.username", "focus")),
        password=config.need(f"{client}.password"),
        client_proxy=str(config.get(f"{client}.client-proxy", "")),
        verify=not config.flag(f"{client}.disable-certificate-verification", False),
        reply_timeout=config.seconds(f"{client}.reply-timeout", 15),
        brewery=brewery,
        auto_owner=config.flag(f"{conference}.enable-auto-owner", True),
        initial_timeout=config.seconds(f"{conference}.initial-timeout", 15),
        single_timeout=config.seconds(f"{conference}.single-participant-timeout", 20),
        min_participants=config.number(f"{conference}.min-participants", 2),
        sctp=config.flag("jicofo.sctp.enabled", True),
        health_interval=interval if health_on else 0,
        failure_reset=config.seconds("jicofo.bridge.failure-reset-threshold", 60),
        authentication=authentication,
        login_url=host(login_url),
        rest_enabled=config.flag("jicofo.rest.enabled", True),
        rest_host=str(config.get("jicofo.rest.host", "127.0.0.1")),
        rest_port=config.number("jicofo.rest.port", 8888),
        health_enabled=config.flag("jicofo.health.enabled", False),
    )
