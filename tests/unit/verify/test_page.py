"""The page for the data protection officer: complete, harmless, in the school's language."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from provision.controls import catalogue
from provision.messages import i18n
from provision.verify.finding import State
from provision.verify.reporting import page
from tests.unit.verify import invented


class Reader(HTMLParser):
    """Notes tags, attributes and the text outside the style sheet."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.ids: list[str] = []
        self.words: list[str] = []
        self.feed(text)
        self.text = re.sub(r"\s+", " ", " ".join(self.words))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        attributes = dict(attrs)
        assert not {name for name in attributes if name.startswith("on")}
        self.links += [attributes[name] or "" for name in ("src", "href") if name in attributes]
        self.ids += [attributes["id"] or ""] if "id" in attributes else []

    def handle_data(self, data: str) -> None:
        if self.lasttag != "style":
            self.words.append(data)


def test_nothing_turns_the_direction_of_what_follows(monkeypatch: pytest.MonkeyPatch) -> None:
    invented.judges(monkeypatch, "a\u202eb\x9bc\u2066d\u200fe")
    text = page.html(invented.made())
    assert "a\ufffdb\ufffdc\ufffdd\ufffde" in text
    assert [sign for sign in text if not (sign.isprintable() or sign == "\n")] == []


@pytest.mark.parametrize("language", ["en", "de"])
def test_nothing_that_a_server_or_school_says_becomes_code(
    language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    invented.judges(monkeypatch, invented.HOSTILE)
    with i18n.speaking(language):
        hostile = {
            "school": 'Nord";}</style><script>',
            "confirmed": {"DOC-03": f"{invented.HOSTILE} 2026-03-01"},
        }
        text = page.html(invented.made(**hostile))
    reader = Reader(text)
    assert reader.tags.isdisjoint({"script", "img", "link", "iframe", "object", "form"})
    assert {link for link in reader.links if not link.startswith("#")} == set()
    assert {link[1:] for link in reader.links} <= set(reader.ids)
    assert reader.text.count(invented.HOSTILE) >= 4
    style = text.partition("<style>")[2].partition("</style>")[0]
    assert "Nord" in style
    assert "<" not in style
    assert "Nord\\000022\\00003b" in style
    assert "url(" not in text
    assert "@import" not in text
    assert "default-src 'none'" in text


def test_every_control_is_there_with_all_that_belongs_to_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    invented.judges(monkeypatch)
    report = invented.made(
        before={"TLS-02": State.FULFILLED, "TLS-01": State.FULFILLED},
        confirmed={"DOC-03": "contract of 2026-03-01"},
    )
    reader = Reader(page.html(report))
    assert reader.ids == list(catalogue())
    for control in catalogue().values():
        assert control.title.en in reader.text
        assert control.requirement.en in reader.text
        assert control.source in reader.text
    head = reader.text.partition("Data minimisation")[0]
    for part in (
        "Gymnasium Nord & Söhne Server meet.nord.example.org · 203.0.113.10",
        "26 November 2026, 07:30 UTC",
        f"jitsi-provision {report.program}",
        report.digest,
        "2 of 54 musts fulfilled, 1 failed, 43 not measured, 8 open.",
        "What has to be done TLS-02 Encryption by the state of the art (must) mend seen",
        "New since 19 November 2026 TLS-02 Encryption by the state of the art : fulfilled → failed",
        "What the school has to confirm",
        "DOC-05 Staff council and terms of use (must)",
        "It needs a browser: run it again with --browser. TLS-03",
        "The program sets up accounts and no tokens; there is none that could be tried. ACC-06",
    ):
        assert part in head
    assert "Confirmed The school says: contract of 2026-03-01" in reader.text


def test_the_first_report_says_that_it_is_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    invented.judges(monkeypatch)
    first, unchanged = invented.made(), invented.made(before={"TLS-02": State.FAILED})
    assert "This is the first report of this server" in Reader(page.html(first)).text
    assert "No control has another state than on 19 November" in Reader(page.html(unchanged)).text


def test_a_german_page_is_german_throughout(monkeypatch: pytest.MonkeyPatch) -> None:
    invented.judges(monkeypatch)
    with i18n.speaking("de"):
        german = Reader(page.html(invented.made(before={"TLS-02": State.FULFILLED}))).text
    english = Reader(page.html(invented.made())).text
    said = [control.title.en for control in catalogue().values()]
    said += [control.requirement.en for control in catalogue().values()]
    said += [text for text in page._sentences().values() if len(text) > 12 and "{" not in text]
    assert sum(text in english for text in said) > 150
    assert [text for text in said if text in german] == []
    assert "26.11.2026, 07:30 UTC" in german
    assert "Dazu braucht es einen Browser: noch einmal mit --browser ausführen. TLS-03" in german
