"""The repository of stand-ins is complete, signed, and shaped like the genuine one."""

import gzip
import subprocess
import time
from pathlib import Path

import pytest

from tests.standins import build, tools
from tests.standins.__main__ import main

pytestmark = pytest.mark.skipif(
    bool(tools.missing()), reason=f"missing on this machine: {', '.join(tools.missing())}"
)

NAMES = {
    "jitsi-meet",
    "jitsi-videobridge2",
    "jicofo",
    "jitsi-meet-web",
    "jitsi-meet-web-config",
    "jitsi-meet-prosody",
    "jitsi-meet-turnserver",
}


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    dest = tmp_path_factory.mktemp("standins") / "repository"
    started = time.monotonic()
    assert main([str(dest)]) == 0
    print(f"built in {time.monotonic() - started:.1f} s")
    return dest


@pytest.fixture(scope="module")
def unpacked(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    target = tmp_path_factory.mktemp("unpacked")
    for deb in sorted((repository / "stable").glob("*.deb")):
        name = deb.name.partition("_")[0]
        subprocess.run(["dpkg-deb", "-R", str(deb), str(target / name)], check=True)
    return {name: target / name for name in NAMES}


def stanzas(text: str) -> dict[str, dict[str, str]]:
    found = {}
    for block in text.strip().split("\n\n"):
        lines = [line for line in block.splitlines() if not line.startswith(" ")]
        fields = dict(line.split(": ", 1) for line in lines if ": " in line)
        found[fields["Package"]] = fields
    return found


def test_it_lists_every_package_with_its_real_size(repository: Path) -> None:
    listed = stanzas((repository / "stable" / "Packages").read_text())
    assert set(listed) == NAMES == set(build.package_names())
    for fields in listed.values():
        # Paths are relative to the address in the sources list, as upstream's are.
        assert (repository / fields["Filename"]).stat().st_size == int(fields["Size"])
    packed = gzip.decompress((repository / "stable" / "Packages.gz").read_bytes())
    assert packed == (repository / "stable" / "Packages").read_bytes()


def test_every_description_says_stand_in(repository: Path) -> None:
    for fields in stanzas((repository / "stable" / "Packages").read_text()).values():
        assert fields["Description"].startswith("STAND-IN"), fields["Package"]


def test_the_signature_holds_with_the_published_key_alone(repository: Path, tmp_path: Path) -> None:
    home = tmp_path / "g"
    home.mkdir(mode=0o700)
    gpg = ["gpg", "--homedir", str(home), "--batch", "--no-autostart"]
    key = repository / "jitsi-key.gpg.key"
    assert key.read_text().startswith("-----BEGIN PGP PUBLIC KEY BLOCK-----")
    subprocess.run([*gpg, "--import", str(key)], check=True, capture_output=True)
    suite = repository / "stable"
    for arguments in (["InRelease"], ["Release.gpg", "Release"]):
        files = [str(suite / name) for name in arguments]
        done = subprocess.run(
            [*gpg, "--status-fd", "1", "--verify", *files], check=True, capture_output=True
        )
        valid = next(line for line in done.stdout.decode().splitlines() if "VALIDSIG" in line)
        assert valid.split()[2] == (repository / "fingerprint").read_text().strip()


def test_the_key_suits_debian_13(repository: Path, tmp_path: Path) -> None:
    home = tmp_path / "g"
    home.mkdir(mode=0o700)
    key = str(repository / "jitsi-key.gpg.key")
    gpg = ["gpg", "--homedir", str(home), "--batch", "--no-autostart"]
    shown = subprocess.run(
        [*gpg, "--with-colons", "--show-keys", key], check=True, capture_output=True, text=True
    ).stdout
    public = next(line for line in shown.splitlines() if line.startswith("pub:")).split(":")
    assert public[3] == "1"  # RSA
    assert int(public[2]) >= 3072
    packets = subprocess.run(
        [*gpg, "--list-packets", key], check=True, capture_output=True, text=True
    ).stdout
    assert "digest algo 10" in packets  # SHA-512


def test_the_key_is_kept_and_another_one_is_not_made(repository: Path, tmp_path: Path) -> None:
    home = repository.parent / "gpg"
    assert main([str(tmp_path / "again"), "--gpg-home", str(home)]) == 0
    assert (tmp_path / "again" / "fingerprint").read_text() == (
        repository / "fingerprint"
    ).read_text()


def test_a_second_build_gives_the_same_packages(repository: Path, tmp_path: Path) -> None:
    again = {deb.name: deb.read_bytes() for deb in build.build_all(tmp_path, "current")}
    assert again == {deb.name: deb.read_bytes() for deb in (repository / "stable").glob("*.deb")}


def test_the_next_release_stands_beside_the_current_one(tmp_path: Path) -> None:
    assert main([str(tmp_path / "both"), "--next", "--gpg-home", str(tmp_path / "g")]) == 0
    assert len(list((tmp_path / "both" / "stable").glob("*.deb"))) == 2 * len(NAMES)
    for name, number in build.versions("current").items():
        newer = build.versions("next")[name]
        compared = ["dpkg", "--compare-versions", newer, "gt", number]
        assert subprocess.run(compared, check=False).returncode == 0, name


def test_meta_package_wants_exactly_its_own_release(repository: Path) -> None:
    listed = stanzas((repository / "stable" / "Packages").read_text())
    meta = listed["jitsi-meet"]
    assert (
        meta["Pre-Depends"] == f"jitsi-videobridge2 (= {listed['jitsi-videobridge2']['Version']})"
    )
    assert f"jicofo (= {listed['jicofo']['Version']})" in meta["Depends"]
    assert meta["Recommends"].startswith("jitsi-meet-turnserver (= ")


def test_jicofo_has_an_init_script_and_no_unit(unpacked: dict[str, Path]) -> None:
    tree = unpacked["jicofo"]
    assert (tree / "etc/init.d/jicofo").stat().st_mode & 0o111
    assert not list(tree.rglob("*.service"))
    bridge = unpacked["jitsi-videobridge2"]
    assert [unit.name for unit in bridge.rglob("*.service")] == ["jitsi-videobridge2.service"]


def test_everything_below_etc_is_a_conffile(unpacked: dict[str, Path]) -> None:
    tree = unpacked["jicofo"]
    files = {f"/{p.relative_to(tree)}" for p in (tree / "etc").rglob("*") if p.is_file()}
    listed = (unpacked["jicofo"] / "DEBIAN/conffiles").read_text().split()
    assert files == set(listed)
    bridge = (unpacked["jitsi-videobridge2"] / "DEBIAN/conffiles").read_text().split()
    assert "/etc/sysctl.d/20-jvb-udp-buffers.conf" in bridge
    for name in ("jitsi-meet-web-config", "jitsi-meet-turnserver", "jitsi-meet-prosody"):
        # Their configuration is written by scripts, as upstream's is.
        assert not (unpacked[name] / "DEBIAN/conffiles").exists()


def test_prosody_package_waits_for_the_java_trust_store(unpacked: dict[str, Path]) -> None:
    triggers = (unpacked["jitsi-meet-prosody"] / "DEBIAN/triggers").read_text()
    assert triggers.strip() == "interest-noawait update-ca-certificates-java"


@pytest.mark.parametrize("name", sorted(NAMES))
def test_maintainer_scripts_are_valid_shell(unpacked: dict[str, Path], name: str) -> None:
    for script in ("preinst", "postinst", "prerm", "postrm", "config"):
        path = unpacked[name] / "DEBIAN" / script
        if path.exists():
            shell = path.read_text().splitlines()[0].removeprefix("#!")
            subprocess.run([*shell.split(), "-n", str(path)], check=True)
            assert "STAND-IN" in path.read_text()


def test_both_daemons_carry_the_common_part(unpacked: dict[str, Path]) -> None:
    homes = {
        "jicofo": "jicofo/standin/jicofo",
        "jitsi-videobridge2": "jitsi-videobridge/standin/videobridge",
    }
    for name, home in homes.items():
        program = unpacked[name] / "usr/share" / home
        assert (program / "__main__.py").is_file()
        assert (program / "standin/stream.py").is_file()
        assert not list(program.rglob("__pycache__"))


def test_a_missing_program_is_named_with_its_package(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main([str(tmp_path / "x")]) == 1
    message = capsys.readouterr().err
    assert "apt-ftparchive" in message
    assert "apt-get install dpkg apt-utils gnupg" in message
