"""Nobody is told to install a name that is free for anybody."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
NAME = PROJECT["name"]
UNPUBLISHED = "Private :: Do Not Upload" in PROJECT["classifiers"]
OPTIONS = r"(?:\s+-{1,2}[\w-]+(?:[= ][\w./:-]+)?)*"
FROM_A_REGISTRY = re.compile(
    rf"(?:pipx?3?|uv|uvx|pip-run|poetry|pdm|conda|mamba)\s+(?:pip\s+|tool\s+)?"
    rf"(?:install|add|run|upgrade|inject){OPTIONS}\s+[\"']?{NAME}\b(?!/)"
    rf"|uvx\s+{NAME}|pypi\.org|{NAME}\[\w*\]?[=~<>]="
    rf"|apt(?:-get)?\s+install{OPTIONS}\s+{NAME}",
)


def written() -> list[Path]:
    """Every text of the project but this one."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    own = Path(__file__).relative_to(ROOT)
    return [ROOT / name for name in listed.splitlines() if Path(name) != own]


@pytest.mark.skipif(not UNPUBLISHED, reason="it is published")
def test_nothing_names_a_registry_before_it_is_published() -> None:
    found = {}
    for path in written():
        try:
            text = path.read_text(encoding="utf-8")
        except (UnicodeDecodeError, FileNotFoundError, IsADirectoryError):
            continue
        if there := [match[0] for match in FROM_A_REGISTRY.finditer(text)]:
            found[str(path.relative_to(ROOT))] = there
    assert found == {}


@pytest.mark.parametrize(
    "text",
    [
        f"pipx install {NAME}          # from a checkout",
        f"pip install --user {NAME}",
        f"python -m pip install '{NAME}[dev]'",
        f"uv tool install {NAME}",
        f"uvx {NAME}",
        f"https://pypi.org/project/{NAME}",
        f"apt-get install -y {NAME}",
    ],
)
def test_the_judge_knows_a_registry(text: str) -> None:
    assert FROM_A_REGISTRY.search(text)


@pytest.mark.parametrize("text", [f"pipx install ./{NAME}", "pip install .", f"cd {NAME}"])
def test_the_judge_lets_a_checkout_pass(text: str) -> None:
    assert not FROM_A_REGISTRY.search(text)


@pytest.mark.skipif(not UNPUBLISHED, reason="it is published")
def test_the_first_command_is_a_checkout() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    first = readme.partition("## Five minutes")[2].partition("```\n")[2].split("\n")
    assert first[0].startswith("git clone ")
    assert first[1].startswith(f"pipx install ./{NAME}")
    assert "CONTRIBUTING.md" in readme
    assert (ROOT / "CONTRIBUTING.md").is_file()
