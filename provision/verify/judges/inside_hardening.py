"""Judges of `inside`: SSH, relay, confinement, kernel and secrets."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Any

from provision.messages.i18n import N_, _
from provision.verify.evidence import NotMeasuredError
from provision.verify.finding import failed, fulfilled
from provision.verify.judges import inside_view as view
from provision.verify.judges import judge
from provision.verify.judges.inside_readers import refuse_untried, strangers

if TYPE_CHECKING:
    from collections.abc import Iterable

    from provision.verify.evidence import Evidence
    from provision.verify.finding import Finding

# What ssh-audit 3.9 marks as failed: SHA-1, curves of NIST, and what is older still.
WEAK = re.compile(r"sha1|nistp|ssh-dss|^ssh-rsa$|md5|arcfour|3des|blowfish|cast128|rijndael|-cbc")
# What ssh-audit 3.9 knows and does not mark as failed.
STRONG = re.compile(
    r"^(?:mlkem\d+x25519-sha256|mlkem768nistp256-sha256|mlkem1024nistp384-sha384"
    r"|sntrup761x25519-sha512(?:@openssh\.com)?|curve25519-sha256(?:@libssh\.org)?"
    r"|curve448-sha512|diffie-hellman-group(?:1[4-8]|-exchange)-sha(?:256|512)|ext-info-s"
    r"|kex-strict-s-v00@openssh\.com|chacha20-poly1305@openssh\.com|aes(?:128|192|256)-ctr"
    r"|aes(?:128|256)-gcm(?:@openssh\.com)?"
    r"|(?:hmac-sha2-(?:256|512)|umac-(?:64|128))(?:-etm)?@openssh\.com|hmac-sha2-(?:256|512)"
    r"|(?:sk-)?ssh-ed25519(?:@openssh\.com)?|rsa-sha2-(?:256|512))$"
)
# What must be said, for everybody and below each line with `Match`.
RIGHT = {
    "passwordauthentication": {"no"},
    "kbdinteractiveauthentication": {"no"},
    "permitemptypasswords": {"no"},
    "permituserenvironment": {"no"},
    "permitrootlogin": {"no", "prohibit-password", "without-password", "forced-commands-only"},
}
ALGORITHMS = ("kexalgorithms", "ciphers", "macs", "hostkeyalgorithms")
KEY_KINDS = {"rsa": ("rsa-sha2", "ssh-rsa"), "ecdsa": ("ecdsa-",), "ed25519": ("ssh-ed25519",),
             "dsa": ("ssh-dss",)}  # fmt: skip
LEAST_RSA = 2048
WORST_EXPOSURE = 4.0
UNITS = {"web": "nginx", "prosody": "prosody", "focus": "jicofo", "bridge": "jitsi-videobridge2",
         "relay": "coturn"}  # fmt: skip
# One address of each range that a relay must not lead to.
INNER = ("127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.0.1", "169.254.169.254", "100.64.0.1",
         "0.0.0.1", "::1", "fd00::1", "fe80::1", "::ffff:10.0.0.1")  # fmt: skip
RELAY_NEEDS = ("use-auth-secret", "no-cli", "no-multicast-peers", "no-tcp-relay")
# Not among them: rp_filter, which breaks servers with two providers, and the umask, whose effect is
# judged where it counts, by the rights of secrets and logs.
SYSCTLS: dict[str, tuple[str, ...]] = {
    "kernel.kptr_restrict": ("1", "2"),
    "kernel.dmesg_restrict": ("1",),
    "kernel.unprivileged_bpf_disabled": ("1", "2"),
    "kernel.yama.ptrace_scope": ("1", "2", "3"),
    "kernel.randomize_va_space": ("2",),
    "fs.suid_dumpable": ("0",),
    "fs.protected_hardlinks": ("1",),
    "fs.protected_symlinks": ("1",),
    "net.ipv4.conf.all.accept_redirects": ("0",),
    "net.ipv6.conf.all.accept_redirects": ("0",),
    "net.ipv4.conf.all.send_redirects": ("0",),
    "net.ipv4.conf.all.accept_source_route": ("0",),
    "net.ipv6.conf.all.accept_source_route": ("0",),
    "net.ipv4.tcp_syncookies": ("1", "2"),
    "net.ipv4.icmp_echo_ignore_broadcasts": ("1",),
}
OF_INTERFACES = (".accept_redirects", ".send_redirects")
"""What counts for each interface by itself."""
ORIGINS = re.compile(r"^(?:debian|jitsi|prosody)", re.IGNORECASE)
SERVICE_GROUPS = {"root", "prosody", "jitsi", "jitsi-focus", "jitsi-bridge", "turnserver",
                  "ssl-cert", "jvb", "jicofo", "www-data"}  # fmt: skip


@judge("HST-02", "inside")
def ssh_takes_keys_only(evidence: Evidence) -> Finding:
    """Judge how sshd lets people in, and its algorithms by the rules of ssh-audit."""
    ssh = view.part(evidence, "ssh")
    settings = ssh["settings"]
    silent = [name for name in (*RIGHT, *ALGORITHMS, "hostkey") if not settings.get(name)]
    silent += [name for name in settings.get("hostkey", []) if name not in ssh["bits"]]
    if silent:
        raise NotMeasuredError(N_("sshd does not tell: {names}"), names=view.listed(silent))
    problems = [
        f"{name} {settings.get(name)}"
        for name, right in RIGHT.items()
        if settings.get(name) not in right
    ]
    for line in ssh["matched"]:
        name, _space, value = line.partition(" ")
        if value not in RIGHT.get(name, {value}):
            problems.append(f"Match: {line}")
    if settings.get("disableforwarding") != "yes":
        problems += [
            f"{name} {settings.get(name)}"
            for name in ("x11forwarding", "allowtcpforwarding", "allowagentforwarding")
            if settings.get(name) not in {"no", None}
        ]
    offered = [word for name in ALGORITHMS[:-1] for word in settings[name].split(",")]
    offered += _host_keys(ssh)
    problems += [word for word in offered if WEAK.search(word)]
    problems += [
        f"{name} {bits}"
        for name, bits in ssh["bits"].items()
        if "_rsa_" in name and bits < LEAST_RSA
    ]
    if problems:
        return failed(
            _("SSH allows more than keys and modern algorithms: {names}").format(
                names=view.listed(problems, 8)
            ),
            _("First make sure that your key signs in. Then run `provision deploy`, and take these "
              "out of sshd_config and of files in /etc/ssh/sshd_config.d whose names sort before "
              "ours."),
        )  # fmt: skip
    if unknown := [word for word in offered if not STRONG.search(word)]:
        raise NotMeasuredError(
            N_("This program does not know these algorithms of SSH: {names}"),
            names=view.listed(unknown),
        )
    return fulfilled(_("SSH lets nobody in without a key, and offers modern algorithms only."))


@judge("HST-03", "inside")
def relay_stays_outside(evidence: Evidence) -> Finding:
    """Judge which peers the relay refuses, apart from the server's own addresses."""
    options = view.service(evidence, "relay")["options"]
    own = {each["address"] for each in view.listening(evidence)}
    problems = [name for name in RELAY_NEEDS if not options.get(name)]
    denied = [span for text in options.get("denied-peer-ip", []) if (span := _span(text))]
    problems += [address for address in INNER if not any(_within(address, span) for span in denied)]
    problems += [text for text in options.get("allowed-peer-ip", []) if text not in own]
    if problems:
        return failed(
            _("The relay leads into networks behind the server, or to anybody: {names}").format(
                names=view.listed(problems)
            ),
            _("Add these as denied-peer-ip to /etc/turnserver.conf; or run: provision deploy"),
        )
    return fulfilled(_("The relay refuses the server itself and every private network."))


@judge("HST-04", "inside")
def services_are_confined(evidence: Evidence) -> Finding:
    """Judge systemd's own measure of how exposed each service is."""
    exposure = view.part(evidence, "confinement")["exposure"]
    unrated = {
        unit
        for name, unit in UNITS.items()
        if unit not in exposure and view.part(evidence, name)["running"]
    }
    if not exposure or unrated:
        raise NotMeasuredError(N_("systemd does not say how exposed the services are."))
    wide = {f"{name} {value}" for name, value in exposure.items() if value > WORST_EXPOSURE}
    if wide:
        return failed(
            _("These services may do more than they need (0 is best, 10 worst): {names}").format(
                names=view.listed(wide)
            ),
            _("Confine them with drop-ins of systemd; or run: provision deploy"),
        )
    worst = max(exposure.values())
    return fulfilled(
        _("Each service is confined; systemd rates the most exposed one {worst} of 10.").format(
            worst=worst
        )
    )


@judge("HST-05", "inside")
def system_is_hardened(evidence: Evidence) -> Finding:
    """Judge kernel settings and AppArmor; in a container only what is its own."""
    kernel = view.part(evidence, "kernel")
    container = view.part(evidence, "system")["container"]
    # What is not there was left out of the kernel, but never all of it.
    if not kernel["values"].keys() & SYSCTLS.keys():
        raise NotMeasuredError(N_("The kernel does not tell its settings."))
    problems = {
        f"{name}={kernel['values'][name]}"
        for name, right in SYSCTLS.items()
        if name in kernel["values"]
        and kernel["values"][name] not in right
        and not (container and not name.startswith("net."))
    }
    problems |= {
        f"{name}={value}"
        for name, value in kernel["values"].items()
        if name.endswith(OF_INTERFACES) and value != "0"
    }
    if not container and (kernel["apparmor"] != "Y" or not kernel["profiles"].get("enforce")):
        problems.add("AppArmor")
    if problems:
        return failed(
            _("The operating system is not hardened as baselines recommend: {names}").format(
                names=view.listed(problems, 10)
            ),
            _("Set these in /etc/sysctl.d; or run: provision deploy"),
        )
    if container:
        return fulfilled(
            _("What the server itself can set is hardened; kernel and AppArmor "
              "belong to the machine "
              "that it runs on.")
        )  # fmt: skip
    return fulfilled(_("Kernel settings and AppArmor are as baselines recommend."))


@judge("HST-06", "inside")
def secrets_stay_secret(evidence: Evidence) -> Finding:
    """Judge who may read secrets, how strong they are, and where packages come from."""
    secrets = view.part(evidence, "secrets")
    sources = view.part(evidence, "sources")
    if not secrets["count"]:
        raise NotMeasuredError(N_("No secret of Jitsi was found on the server."))
    problems = {
        f"{path} ({rights['mode']})"
        for path, rights in [*secrets["holders"].items(), *secrets["keys"].items()]
        if _is_open(rights)
    }
    problems |= {
        _("{path} repeats a secret").format(path=path) for path in secrets["readable_copies"]
    }
    problems |= {
        _("a secret in the arguments of {unit}").format(unit=unit)
        for unit in secrets["in_arguments"]
    }
    problems |= {_("{name} is short").format(name=name) for name in secrets["short"]}
    problems |= {
        _("packages of {host} without a key of their own").format(host=source["host"])
        for source in sources["sources"]
        if not source["signed"] or source["trusted"]
    }
    problems |= {
        _("packages from {origin}").format(origin=origin or "?")
        for origin in sources["origins"]
        if not ORIGINS.match(origin)
    }
    problems |= set(sources["old_keys"])
    if sources["unauthenticated"]:
        problems.add("APT::Get::AllowUnauthenticated")
    try:
        problems |= strangers(evidence)
    except NotMeasuredError:
        if not problems:
            raise
    if problems:
        return failed(
            _("Secrets or package sources are open: {names}").format(names=view.listed(problems)),
            _("Let only root and the service read these files, make new secrets, and "
              "name each source's "
              "key with Signed-By; or run: provision deploy"),
        )  # fmt: skip
    refuse_untried(evidence)
    return fulfilled(
        _("{number} secrets are long, and only root and their service "
          "read them; each source of "
          "packages has its own key.").format(number=secrets["count"])
    )  # fmt: skip


def _host_keys(ssh: dict[str, Any]) -> Iterable[str]:
    """Yield the algorithms by which the host keys that are there can be used."""
    kinds = [
        kind for kind in KEY_KINDS if f"ssh_host_{kind}_key" in ssh["settings"].get("hostkey", [])
    ]
    for word in ssh["settings"].get("hostkeyalgorithms", "").split(","):
        if "-cert-" not in word and any(word.startswith(KEY_KINDS[kind]) for kind in kinds):
            yield word


def _is_open(rights: dict[str, str]) -> bool:
    """Tell whether others than root and a service can read a file."""
    mode = int(rights["mode"], 8)
    by_others = bool(mode & 0o007) and rights["closed"] != "true"
    by_group = bool(mode & 0o070) and rights["group"] not in SERVICE_GROUPS
    return by_others or by_group


def _span(text: str) -> tuple[Any, Any] | None:
    """Return first and last address of `a-b`, `a/n` or `a`."""
    try:
        if "/" in text:
            network = ipaddress.ip_network(text, strict=False)
            return network[0], network[-1]
        first, _dash, last = text.partition("-")
        return ipaddress.ip_address(first), ipaddress.ip_address(last or first)
    except ValueError:
        return None


def _within(text: str, span: tuple[Any, Any]) -> bool:
    address = ipaddress.ip_address(text)
    return bool(address.version == span[0].version and span[0] <= address <= span[1])
