"""Values that a school might enter by mistake, and values that somebody chose with care."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]

HOSTILE = [
    "", " ", "  x  ", "'", '"', "\\", "\\\\", '\\"', "\\'", "`", "$", "${", "${HOME}", "$(id)",
    "`id`", "$remote_addr", "]]", "]==]", "--[[", "--", "#", "//", "/*", "*/", "<!--", "-->",
    "<!--#echo -->", '<!--#include virtual="/secret" -->', "</script>", "</ScRiPt ", "<script>",
    "<![CDATA[", "]]>", "&", "&amp;", "&#0;", "<b>", '"; evil', "'; evil; '", '"; os.exit(1) --',
    "\n", "\r", "\r\n", "\t", "a\nb", "\nINJECTED=1", "\n}\n", "\x0b", "\x0c", "\x1b[31m", "\x7f",
    "\x80", "\x85", "\xa0", "\u2028", "\u2029", "\ufeff", "\ufffe", "\uffff", "\ud800", "\udfff",
    "\U0001f600", "\xe4\xf6", "\x00", "a\x00b", "%s", "%0", "%{x}", "\\0", "\\u0041", "\\x41",
    "\\n", "\\65", "\\z", "{{ 1 }}", "{% x %}", "#{`id`}", 'include "/etc/passwd"', "!", "!!", "~",
    "*", "?", "[a]", "=", "a = b", ";", "|", "&&", "true", "null", "nil", "0", "1e3", "__proto__",
    "constructor", '"""', "'''", "javascript:alert(1)",
    "Gymnasium \u201eAm Markt\u201c \u2013 K\xf6ln", "O'Neill & S\xf6hne",
    "https://a.example/?b=c&d=e#f", "\ufdd0", "\U0010ffff",
]  # fmt: skip

any_character = st.characters(exclude_categories=())
texts = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(any_character, max_size=40),
    st.lists(st.one_of(st.sampled_from(HOSTILE), st.text(max_size=3)), max_size=6).map("".join),
)
structures = st.recursive(
    st.one_of(texts, st.booleans(), st.integers()),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(texts, inner, max_size=4)),
    max_leaves=8,
)


def load() -> ModuleType:
    """Return the plug-in that brings the filters to Ansible."""
    path = ROOT / "roles/deployment/filter_plugins/quoting.py"
    spec = importlib.util.spec_from_file_location("quoting", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["quoting"] = module
    spec.loader.exec_module(module)
    return module


def leaves(value: Any) -> list[Any]:
    """Return everything in a value that is not a list or a dictionary, names included."""
    if isinstance(value, dict):
        return [*value, *(leaf for inner in value.values() for leaf in leaves(inner))]
    if isinstance(value, list):
        return [leaf for inner in value for leaf in leaves(inner)]
    return [value]


def is_text(value: Any) -> bool:
    """Return whether a value holds characters only: no halves of pairs, no reserved code points."""
    points = (ord(character) for text in leaves(value) for character in str(text))
    return not any(
        0xD800 <= point <= 0xDFFF or 0xFDD0 <= point <= 0xFDEF or point & 0xFFFE == 0xFFFE
        for point in points
    )


def has_control(text: str) -> bool:
    """Return whether a line break or another control character of ASCII is in a text."""
    return any(character < " " or character == "\x7f" for character in text)
