"""Make and remove hosts: network, identity, container, boot."""

from __future__ import annotations

import io
import os
import re
import subprocess
import tarfile
import tempfile
import time
import uuid
from pathlib import Path

from tests.bench import images, machine, network, packages, state
from tests.bench.errors import BenchError
from tests.bench.host import PREFIX, Host, record
from tests.bench.machine import inside, podman
from tests.bench.process import run, started_at

NUMBERS = range(10, 150)

# /etc/hosts and its like are plain files on a rented server, so podman's mounts over them go;
# the devices, the clock and the kernel modules of the machine are none of the host's business.
BOOT = (
    "mount -o remount,ro,bind /sys; "
    "find /dev -xdev -regextype egrep '(' -type b -o -type c ! -regex "
    "'/dev/(null|zero|full|u?random|tty|ptmx|fuse|net/tun)' ')' -delete; "
    "umount -l /etc/hosts /etc/hostname /etc/resolv.conf 2>/dev/null; "
    "exec setpriv --bounding-set=-sys_time,-sys_module,-sys_rawio /lib/systemd/systemd"
)


HOSTS = """\
127.0.0.1 localhost
::1 localhost ip6-localhost ip6-loopback
{address} {name}.school.test {name}
{address6} {name}.school.test {name}
"""


def ssh_key() -> Path:
    """Return the private key for root on every host; made on first use."""
    key = state.directory() / "key" / "id_ed25519"
    with state.lock("key.lock"):
        if not key.exists():
            key.parent.mkdir(parents=True, exist_ok=True)
            comment = "provision-bench"
            run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", str(key)])
    return key


def create(name: str, release: str, *, memory: str | None = None, cache: str | None = None) -> Host:
    """Return a new booted host; one of the same name that still runs is an error."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,40}", name):
        raise BenchError(f"{name!r} is no host name: small letters, digits and hyphens")
    begin = time.monotonic()
    with state.lock():
        if Host.load(name) or _in_making(name):
            raise BenchError(f"host {name} exists; `python -m tests.bench host destroy {name}`")
        number = _reserve(name)
    try:
        host = _boot(name, release, number, memory, cache)
    except BaseException:
        destroy(name)
        raise
    host.packets.start()
    host.seconds = round(time.monotonic() - begin, 2)
    host.save()
    return host


def _in_making(name: str) -> bool:
    """Return whether another process that still lives is just creating this host."""
    known = state.read(record(name), {})
    return "maker" in known and started_at(known["maker"]) == known["since"]


def _reserve(name: str) -> int:
    """Return a free number; the host's record, still without a pid, keeps it."""
    remove_container(name)
    folder = record(name).parent
    taken = {state.read(path, {}).get("number") for path in folder.glob("*.json")}
    free = [number for number in NUMBERS if number not in taken]
    if not free:
        raise BenchError("all addresses are taken; `python -m tests.bench host list`")
    maker = os.getpid()
    note = {"number": free[0], "maker": maker, "since": started_at(maker)}
    state.write(record(name), note)
    return free[0]


def _boot(name: str, release: str, number: int, memory: str | None, cache: str | None) -> Host:
    address, address6 = network.address(number)
    namespace = PREFIX + name
    with tempfile.TemporaryDirectory(prefix="provision-keys-") as folder:
        Path(folder, "etc/ssh").mkdir(parents=True)
        keys = subprocess.Popen(["ssh-keygen", "-q", "-A", "-f", folder], stdout=subprocess.DEVNULL)
        run(inside(["ip", "netns", "add", namespace]))
        network.plug(namespace, number)
        podman(
            *("create", "--name", PREFIX + name, f"--network=ns:/run/netns/{namespace}"),
            *("--hostname", name, "--dns=none", "--no-hosts", "--privileged"),
            # `reboot` within ends the container: started again, it is the server after a reboot.
            *("--restart=always", "--systemd=always", "--pids-limit=0", "--log-driver=k8s-file"),
            *("--label=provision-bench", *machine.limits(), *memory_options(memory)),
            *(images.tag(release), "sh", "-c", BOOT),
        )
        if keys.wait():
            raise BenchError("ssh-keygen could not make host keys")
        archive = Path(folder, "seed.tar")
        archive.write_bytes(_seed(name, address, address6, Path(folder, "etc/ssh"), cache))
        _known_hosts(name, (address, address6), Path(folder, "etc/ssh"))
        run(inside(["sh", "-c", f"podman cp - {PREFIX}{name}:/ < {archive}"]))
    start = ["podman", "start", PREFIX + name]
    run(["sh", "-c", f'{memory_group(name, memory)} exec "$@"', "sh", *inside(start)])
    host = Host(name, release, number, address, address6, 0, "", 0.0, memory, time.time())
    host.wait()
    return host


def _seed(name: str, address: str, address6: str, keys: Path, cache: str | None) -> bytes:
    """Return a tar archive of what makes this host itself."""
    public = ssh_key().with_suffix(".pub").read_text()
    files: dict[str, tuple[str, int]] = {
        "etc/hostname": (f"{name}\n", 0o644),
        "etc/hosts": (HOSTS.format(name=name, address=address, address6=address6), 0o644),
        "etc/resolv.conf": (f"nameserver {network.GATEWAY}\n", 0o644),
        "etc/machine-id": (f"{uuid.uuid4().hex}\n", 0o444),
        "etc/apt/apt.conf.d/99bench": (apt_settings(cache), 0o644),
        "root/.ssh/authorized_keys": (public, 0o600),
    }
    for path in keys.iterdir():
        files[f"etc/ssh/{path.name}"] = (path.read_text(), path.stat().st_mode & 0o777)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        folder = tarfile.TarInfo("root/.ssh")
        folder.type, folder.mode = tarfile.DIRTYPE, 0o700
        tar.addfile(folder)
        for path_name, (content, mode) in files.items():
            entry = tarfile.TarInfo(path_name)
            entry.size, entry.mode, entry.mtime = len(content.encode()), mode, int(time.time())
            tar.addfile(entry, io.BytesIO(content.encode()))
    return buffer.getvalue()


def apt_settings(cache: str | None) -> str:
    """Return apt's settings in hosts: no timer in the middle of a test, proxies as here."""
    lines = ['APT::Periodic::Enable "0";']
    for scheme in ("http", "https"):
        proxy = cache if cache and scheme == "http" else proxy_from_hosts(scheme)
        if proxy:
            lines.append(f'Acquire::{scheme}::Proxy "{proxy}";')
            lines.append(f'Acquire::{scheme}::Proxy::{network.GATEWAY} "DIRECT";')
    return "\n".join(lines) + "\n"


def proxy_from_hosts(scheme: str) -> str | None:
    """Return the proxy that this machine uses, as hosts can reach it."""
    proxy = packages.machine_proxy(scheme)
    return re.sub(r"//(localhost|127\.0\.0\.1)", f"//{network.GATEWAY}", proxy) if proxy else None


def _known_hosts(name: str, addresses: tuple[str, str], keys: Path) -> None:
    publics = [" ".join(path.read_text().split()[:2]) for path in sorted(keys.glob("*.pub"))]
    hosts = ",".join([*addresses, f"{name}.school.test"])
    target = record(name).with_suffix(".known_hosts")
    target.write_text("".join(f"{hosts} {key}\n" for key in publics))
    _join_known_hosts()


def memory_options(memory: str | None) -> list[str]:
    """Return podman's options for a limit of memory."""
    if not memory or not machine.plain_cgroups():
        return []
    if "memory" not in Path("/sys/fs/cgroup/cgroup.controllers").read_text().split():
        raise BenchError("this machine's control groups cannot limit memory; leave --memory out")
    return [f"--memory={memory}", f"--memory-swap={memory}"]


def memory_group(name: str, memory: str | None) -> str:
    """Return shell words that put what follows under a limit, where podman itself cannot."""
    if not memory or machine.plain_cgroups():
        return ""
    folder = f"/sys/fs/cgroup/memory/{PREFIX}{name}"
    return (
        f"mkdir -p {folder} && echo {memory} > {folder}/memory.limit_in_bytes && "
        f"echo $$ > {folder}/cgroup.procs &&"
    )


def remove_container(name: str) -> None:
    """Remove the container, its network namespace and its cgroup, whatever is left of them."""
    podman("rm", "--force", "--time=0", "--ignore", PREFIX + name, check=False)
    run(inside(["ip", "netns", "delete", PREFIX + name]), check=False)
    run(["rmdir", f"/sys/fs/cgroup/memory/{PREFIX}{name}"], check=False)


def destroy(name: str, *, running: bool = True) -> None:
    """Remove a host and what is remembered of it; one that is not there is fine.

    Not `running`: what runs under this name is somebody else's.
    """
    if running:
        remove_container(name)
    record(name).unlink(missing_ok=True)
    record(name).with_suffix(".known_hosts").unlink(missing_ok=True)
    _join_known_hosts()


def _join_known_hosts() -> None:
    """Keep one file with the keys of all hosts, for programs that are given a single one."""
    with state.lock("known_hosts.lock"):
        parts = sorted((state.directory() / "hosts").glob("*.known_hosts"))
        whole = state.directory() / "known_hosts"
        part = whole.with_suffix(".new")
        part.write_text("".join(path.read_text() for path in parts))
        part.replace(whole)
