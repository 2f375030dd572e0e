"""Names that a teacher's account can and cannot have."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from provision import teachers
from provision.errors import UsageError
from tests.unit.modules import Server, utility

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any


def test_names_of_temporary_accounts_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Server(tmp_path, monkeypatch)
    store: Any = utility("prosody_store")
    assert teachers.TEMPORARY == store.TEMPORARY
    teachers.check_names(["provision"])
    with pytest.raises(UsageError, match="cannot be a teacher's account"):
        teachers.check_names([f"{store.TEMPORARY}a.meier"])
