"""The catalogue of controls (Kontrollen): what a school's server must fulfil, and by which source.

Each control is declared once, in catalogue.yml. Probes measure, judges decide, the report and the
papers quote it.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict

Severity = Literal["must", "should"]
Responsible = Literal["tool", "school", "provider"]


class Bilingual(BaseModel):
    """One text in both languages."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    en: str
    de: str

    def text(self, language: str) -> str:
        """Return the text in `de` or, for any other language, in English."""
        return self.de if language == "de" else self.en


MARKS = {
    "T": Bilingual(
        en="only the title, a table of contents or a summary was read",
        de="nur Titel, Inhaltsverzeichnis oder Zusammenfassung gelesen",
    ),
    "G": Bilingual(en="general knowledge, text not read", de="Allgemeinwissen, Text nicht gelesen"),
    "M": Bilingual(en="measured by ourselves", de="selbst gemessen"),
}
"""What the marks in `source` say: how sure we are of it."""


class Control(BaseModel):
    """One control, for instance TLS-01."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    title: Bilingual
    """A few words for a table."""
    requirement: Bilingual
    """One sentence: what must hold."""
    source: str
    """The law, guideline or measurement that it comes from, with section numbers.

    See MARKS and `sources`.
    """
    severity: Severity
    responsible: tuple[Responsible, ...]
    unmeasured: Bilingual | None = None
    """Why no program can measure it; nothing where a judge exists."""

    @property
    def asks(self) -> bool:
        """Whether the school or the provider has to confirm (a part of) it."""
        return self.responsible != ("tool",)

    @property
    def group(self) -> str:
        """The letters in front of the number, for instance TLS."""
        return self.id.partition("-")[0]


@cache
def groups() -> dict[str, Bilingual]:
    """Return the heading of each group of controls, in the catalogue's order."""
    return {key: Bilingual.model_validate(text) for key, text in _read()["groups"].items()}


@cache
def sources() -> dict[str, str]:
    """Return what the short names in `source` stand for, by short name."""
    found: dict[str, str] = _read()["sources"]
    return found


@cache
def catalogue() -> dict[str, Control]:
    """Return every control by its id, in the catalogue's order."""
    controls = [Control.model_validate(entry) for entry in _read()["controls"]]
    return {control.id: control for control in controls}


@cache
def _read() -> dict[str, Any]:
    text = files("provision.controls").joinpath("catalogue.yml").read_text(encoding="utf-8")
    return yaml.safe_load(text)  # type: ignore[no-any-return]
