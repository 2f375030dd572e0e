"""Names that a teacher's account can and cannot have."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from provision.messages.errors import UsageError
from provision.teachers import accounts
from tests.unit.modules import Server, utility

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any


def test_names_of_temporary_accounts_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Server(tmp_path, monkeypatch)
    store: Any = utility("prosody_store")
    assert accounts.TEMPORARY == store.TEMPORARY
    accounts.check_names(["provision"])
    with pytest.raises(UsageError, match="cannot be a teacher's account"):
        accounts.check_names([f"{store.TEMPORARY}a.meier"])


@pytest.mark.parametrize(
    ("written", "near"),
    [
        ("b.müller", "b.mueller"),
        ("Anna Weiß", "anna.weiss"),
        ("Jörg-Ändere", "joerg-aendere"),
        ("mu\u0308ller", "mueller"),
        ("René Noël", "rene.noel"),
        ("Łukasz Ångström", "lukasz.angstroem"),
        ("Søren Æbelø", "soren.aebelo"),
        ("Şahin Çelik", "sahin.celik"),
        ("İpek Y\u0131ld\u0131z", "ipek.yildiz"),
        ("Đorđe Þór Œuvre", "dorde.thor.oeuvre"),
        ("A.MEIER@meet.example.org", "a.meier"),
        ("O'Brien", "o.brien"),
    ],
)
def test_the_account_that_is_suggested_reads_like_the_name(written: str, near: str) -> None:
    with pytest.raises(UsageError) as error:
        accounts.check_names([written])
    assert error.value.next == f"did you mean {near}?"
    accounts.check_names([near])


@pytest.mark.parametrize("written", ["Иванова", "ß" * 40, "…", "田中", "Анна Müller"])
def test_no_account_is_suggested_where_letters_would_be_lost(written: str) -> None:
    with pytest.raises(UsageError) as error:
        accounts.check_names([written])
    assert error.value.next == ""
