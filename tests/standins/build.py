"""Turns the directories below packages/ into Debian packages."""

import hashlib
import shutil
import tempfile
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from . import tools
from .errors import StandinError

HERE = Path(__file__).resolve().parent
PACKAGES = HERE / "packages"
SHARED = HERE / "shared"

# These come from one upstream source and therefore share one version number.
WEB_FAMILY = (
    "jitsi-meet-web",
    "jitsi-meet-web-config",
    "jitsi-meet-prosody",
    "jitsi-meet-turnserver",
)
SCRIPTS = {"preinst", "postinst", "prerm", "postrm", "config"}
# Fixed, so that the same source gives the same bytes.
EPOCH = "1785715200"


def package_names() -> list[str]:
    """Names of all stand-in packages."""
    return sorted(path.name for path in PACKAGES.iterdir() if (path / "DEBIAN").is_dir())


def versions(release: str) -> dict[str, str]:
    """Version of every package in that release (`current` or `next`)."""
    with (HERE / "versions.toml").open("rb") as file:
        table = tomllib.load(file)
    if release not in table:
        raise StandinError(f"No release {release!r}; there are: {', '.join(table)}")
    numbers: dict[str, str] = dict(table[release])
    web = numbers.pop("web")
    return {**numbers, **dict.fromkeys(WEB_FAMILY, web)}


def build_all(target: Path, release: str) -> list[Path]:
    """The .deb files of one release, written into target."""
    numbers = versions(release)
    target.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(max_workers=4) as pool:
        return list(pool.map(lambda name: _build(name, numbers, target), package_names()))


def _build(name: str, numbers: dict[str, str], target: Path) -> Path:
    with tempfile.TemporaryDirectory(prefix="standin-") as scratch:
        tree = Path(scratch) / name
        _copy_content(PACKAGES / name, tree)
        _write_control(PACKAGES / name / "DEBIAN", tree, name, numbers)
        _set_modes(tree)
        deb = target / f"{name}_{numbers[name]}_all.deb"
        tools.run(
            ["dpkg-deb", "--root-owner-group", "-Zgzip", "-z1", "--build", str(tree), str(deb)],
            env={"SOURCE_DATE_EPOCH": EPOCH},
        )
        return deb


def _copy_content(source: Path, tree: Path) -> None:
    """Lay out what the package installs, its share of the common files included."""
    tree.mkdir()
    ignore = shutil.ignore_patterns("__pycache__", "*.pyc")
    if (source / "root").is_dir():
        shutil.copytree(source / "root", tree, dirs_exist_ok=True, ignore=ignore, symlinks=True)
    for line in _lines(source / "shared"):
        common, destination = line.split()
        shutil.copytree(SHARED / common, tree / destination, dirs_exist_ok=True, ignore=ignore)
    for line in _lines(source / "dirs"):
        (tree / line).mkdir(parents=True, exist_ok=True)


def _write_control(source: Path, tree: Path, name: str, numbers: dict[str, str]) -> None:
    control = tree / "DEBIAN"
    installed = sorted(path for path in tree.rglob("*") if path.is_file())
    control.mkdir()
    for file in source.iterdir():
        text = file.read_text(encoding="utf-8").replace("@VERSION@", numbers[name])
        for other, number in numbers.items():
            text = text.replace(f"@{other}@", number)
        (control / file.name).write_text(text, encoding="utf-8")
    size = sum(path.stat().st_size for path in installed) // 1024 + len(installed)
    with (control / "control").open("a", encoding="utf-8") as fields:
        fields.write(f"Installed-Size: {size}\n")
    # As debhelper does: whatever is below /etc is a conffile.
    conffiles = [f"/{p.relative_to(tree)}" for p in installed if p.is_relative_to(tree / "etc")]
    if conffiles:
        (control / "conffiles").write_text("\n".join(conffiles) + "\n", encoding="utf-8")
    sums = (
        f"{hashlib.md5(p.read_bytes(), usedforsecurity=False).hexdigest()}  {p.relative_to(tree)}\n"
        for p in installed
        if not p.is_relative_to(tree / "etc")
    )
    (control / "md5sums").write_text("".join(sums), encoding="utf-8")


def _set_modes(tree: Path) -> None:
    """Modes that do not depend on the umask of whoever checked the sources out."""
    for path in (tree, *tree.rglob("*")):
        if path.is_symlink():
            continue
        script = path.parent.name == "DEBIAN" and path.name in SCRIPTS
        runs = path.is_dir() or script or bool(path.stat().st_mode & 0o100)
        path.chmod(0o755 if runs else 0o644)


def _lines(file: Path) -> list[str]:
    if not file.is_file():
        return []
    lines = (line.strip() for line in file.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line and not line.startswith("#")]
