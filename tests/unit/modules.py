"""Runs a module of roles/deployment as Ansible does, with a directory in the server's place."""

from __future__ import annotations

import grp
import importlib
import importlib.util
import json
import os
import pwd
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ansible.module_utils
from ansible.module_utils.testing import patch_module_args

if TYPE_CHECKING:
    from types import ModuleType

    import pytest

ROLE = Path(__file__).parents[2] / "roles" / "deployment"
OWNER = pwd.getpwuid(os.geteuid()).pw_name
GROUP = grp.getgrgid(os.getegid()).gr_name
NONCE = "0123456789abcdef"


PLACES = ("CONFIG", "SECRETS", "STATE", "MANIFEST", "WRITTEN", "PENDING")


def utility(name: str) -> ModuleType:
    """Return one of the role's module_utils; see `Server` for a fresh one."""
    return importlib.import_module(f"ansible.module_utils.{name}")


class Server:
    """A directory that the modules take for a school's server."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root = root
        utilities = ROLE / "module_utils"
        monkeypatch.setattr(
            ansible.module_utils, "__path__", [*ansible.module_utils.__path__, str(utilities)]
        )
        for path in utilities.glob("*.py"):
            monkeypatch.delitem(sys.modules, f"ansible.module_utils.{path.stem}", raising=False)
            monkeypatch.delattr(ansible.module_utils, path.stem, raising=False)
        places = utility("school_server")
        for name in PLACES:
            monkeypatch.setattr(places, name, f"{root}{getattr(places, name)}")
        self.secrets = Path(places.SECRETS)
        self.state = Path(places.STATE)
        self.pending = Path(places.PENDING)
        # Nothing here has to survive a power cut.
        monkeypatch.setattr(os, "fsync", lambda _descriptor: None)
        if os.geteuid():  # only root may give files away, so nobody else is asked to
            monkeypatch.setattr(os, "chown", lambda *_arguments: None)

    def module(self, name: str) -> ModuleType:
        """Return a module of the library, loaded for this server."""
        path = ROLE / "library" / f"{name}.py"
        spec = importlib.util.spec_from_file_location(f"library_{name}", path)
        assert spec
        assert spec.loader
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    def path(self, path: str) -> Path:
        """Return where a path of the server is."""
        return self.root / path.lstrip("/")

    def read_pending(self) -> Any:
        """Return what the units still have to do."""
        return json.loads(self.pending.read_text()) if self.pending.exists() else {}


def run(module: ModuleType, capsys: pytest.CaptureFixture[str], **arguments: Any) -> dict[str, Any]:
    """Return what a module answers to Ansible."""
    capsys.readouterr()
    code: object = "it returned without an answer"
    with patch_module_args(arguments):
        try:
            module.main()
        except SystemExit as ended:
            code = ended.code
    said = capsys.readouterr().out
    answer: dict[str, Any] = json.loads(said)
    assert code == (1 if answer.get("failed") else 0)
    return answer
