"""The machine itself: release, kernel settings, memory on disk."""

from __future__ import annotations

import platform
import re
import time
from pathlib import Path
from typing import Any

from provision.verify.inside import reading

SYSCTLS = (
    "kernel.kptr_restrict", "kernel.dmesg_restrict", "kernel.unprivileged_bpf_disabled",
    "kernel.yama.ptrace_scope", "kernel.sysrq", "kernel.randomize_va_space", "fs.suid_dumpable",
    "fs.protected_hardlinks", "fs.protected_symlinks", "fs.protected_fifos",
    "fs.protected_regular", "net.core.bpf_jit_harden", "net.ipv4.conf.all.accept_redirects",
    "net.ipv4.conf.default.accept_redirects", "net.ipv6.conf.all.accept_redirects",
    "net.ipv6.conf.default.accept_redirects", "net.ipv4.conf.all.send_redirects",
    "net.ipv4.conf.default.send_redirects", "net.ipv4.conf.all.accept_source_route",
    "net.ipv4.conf.default.accept_source_route", "net.ipv6.conf.all.accept_source_route",
    "net.ipv4.conf.all.rp_filter", "net.ipv4.conf.default.rp_filter",
    "net.ipv4.conf.all.log_martians", "net.ipv4.tcp_syncookies",
    "net.ipv4.icmp_echo_ignore_broadcasts",
)  # fmt: skip
# Each interface has a value of its own, beside which that of all means nothing.
OF_INTERFACES = ("ipv4/conf/*/accept_redirects", "ipv4/conf/*/send_redirects",
                 "ipv6/conf/*/accept_redirects")  # fmt: skip


def system(_wanted: dict[str, Any]) -> dict[str, Any]:
    """Return the release, whether this is a container, and the server's clock."""
    fields = dict(
        re.findall(r'^(\w+)="?([^"\n]*)"?$', reading.text("/etc/os-release"), re.MULTILINE)
    )
    return {
        "id": fields.get("ID", ""),
        "version": fields.get("VERSION_ID", ""),
        "name": fields.get("PRETTY_NAME", ""),
        # It ends with 1 where there is none.
        "container": reading.ask("systemd-detect-virt", "--container", good=1).strip() != "none",
        "python": platform.python_version(),
        "time": int(time.time()),
    }


def kernel(_wanted: dict[str, Any]) -> dict[str, Any]:
    """Return kernel settings and AppArmor's profiles by mode."""
    values = {}
    for name in SYSCTLS:
        path = Path("/proc/sys", *name.split("."))
        if path.exists():
            values[name] = reading.text(path).strip()
    for pattern in OF_INTERFACES:
        for path in sorted(Path("/proc/sys/net").glob(pattern)):
            *_above, family, _conf, interface, what = path.parts
            values[f"net.{family}.conf.{interface}.{what}"] = reading.text(path).strip()
    profiles: dict[str, int] = {}
    for mode in re.findall(
        r"\((\w+)\)$", reading.text("/sys/kernel/security/apparmor/profiles"), re.MULTILINE
    ):
        profiles[mode] = profiles.get(mode, 0) + 1
    return {
        "values": values,
        "apparmor": reading.text("/sys/module/apparmor/parameters/enabled").strip(),
        "profiles": profiles,
    }


def memory(_wanted: dict[str, Any]) -> dict[str, Any]:
    """Return each place where memory is put onto a disk, and whether it is encrypted there."""
    swaps = []
    for line in reading.text("/proc/swaps").splitlines()[1:]:
        place = line.split()[0]
        name = Path(place).resolve().name
        uuid = reading.text(f"/sys/block/{name}/dm/uuid")
        safe = name.startswith("zram") or uuid.startswith("CRYPT-")
        swaps.append({"place": place, "safe": safe})
    return {"swaps": swaps}
