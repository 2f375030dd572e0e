"""Draws the questions of questions.yml as a picture (SVG), for the documentation.

Questions stand in a column, in the order of the file; to the right of each stand the ends that it
leads to. An answer that skips questions runs down the left margin.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from provision.way.questions import Leaf, Question, load

if TYPE_CHECKING:
    from collections.abc import Iterator

WIDTH, MARGIN = 940, 20
LEFT, BOX, RIGHT = 90, 370, 550
LINE, PADDING, GAP = 19, 13, 30
SIGNS = 45
"""How many characters fit into a line of a box, whatever font the browser has."""
WORDS = {
    "en": ("yes", "no", "open source, recommended", "this program goes on from here"),
    "de": ("ja", "nein", "quelloffen, empfohlen", "hier geht es mit diesem Programm weiter"),
}
TITLES = {
    "en": "How does my school get a video-conference system?",
    "de": "Wie kommt meine Schule zu einem Videokonferenzsystem?",
}
STYLE = (
    "text{font:15px 'Liberation Sans',Arial,Helvetica,sans-serif;fill:#1a1a1a}"
    ".head{font-size:20px;font-weight:bold}.word{font-weight:bold;fill:#444}"
    ".box{stroke:#5a6472;stroke-width:1.3;fill:#fff}.question{fill:#eef2f7}"
    ".open{fill:#e2f4e4;stroke:#2e7d32}.ours{stroke-width:3.5}"
    ".edge{stroke:#5a6472;stroke-width:1.6;fill:none;marker-end:url(#tip)}"
)
TIP = (
    '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" '
    'markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" fill="#5a6472"/></marker></defs>'
)


@dataclass(frozen=True)
class Box:
    """A question or an end, and where it stands."""

    x: int
    y: int
    lines: tuple[str, ...]
    kind: str

    @property
    def height(self) -> int:
        """How high it is."""
        return _height(self.lines)

    @property
    def middle(self) -> int:
        """The height at which lines meet it from the side."""
        return self.y + self.height // 2

    @property
    def bottom(self) -> int:
        """Where it ends."""
        return self.y + self.height


def picture(language: str) -> str:
    """Return the picture with the sentences of a language."""
    boxes, bottom = _boxes(language)
    height = bottom + 2 * LINE + MARGIN
    title = escape(TITLES[language])
    lines = [
        _start(height, title, language),
        f"<style>{STYLE}</style>",
        TIP,
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
        f'<text class="head" x="{LEFT}" y="36">{title}</text>',
        *_edges(boxes, language),
        *(line for box in boxes.values() for line in _drawn(box)),
        *_legend(bottom + LINE, language),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _start(height: int, title: str, language: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'width="{WIDTH}" height="{height}" role="img" aria-label="{title}" lang="{language}">'
    )


def _boxes(language: str) -> tuple[dict[str, Box], int]:
    """Return where everything stands, and where it ends."""
    boxes: dict[str, Box] = {}
    y = 60
    for number, question in enumerate(load().questions.values(), start=1):
        ends = _ends(question)
        texts = [_wrapped(f"{number}  {question.question[language]}")]
        texts += [_wrapped(end.title[language]) for end in ends]
        side = sum(map(_height, texts[1:])) + (len(ends) - 1) * PADDING if ends else 0
        row = max(side, _height(texts[0]))
        boxes[question.key] = Box(LEFT, y + (row - _height(texts[0])) // 2, texts[0], "question")
        top = y + (row - side) // 2
        for end, lines in zip(ends, texts[1:], strict=True):
            kind = " ".join(["open"] * end.recommended + ["ours"] * end.ours)
            boxes[end.key] = Box(RIGHT, top, lines, kind)
            top += _height(lines) + PADDING
        y += row + GAP
    return boxes, y


def _ends(question: Question) -> list[Leaf]:
    leaves = load().leaves
    return [leaves[key] for key in (question.if_yes, question.if_no) if key in leaves]


def _edges(boxes: dict[str, Box], language: str) -> Iterator[str]:
    """Yield the lines from each question to what its answers lead to."""
    order = list(load().questions)
    margin = LEFT - 20
    for number, question in enumerate(load().questions.values()):
        start = boxes[question.key]
        two_ends = len(_ends(question)) > 1
        for word, key in zip(WORDS[language], (question.if_yes, question.if_no), strict=False):
            end = boxes[key]
            if end.x == RIGHT:
                x, y = LEFT + BOX, start.middle
                middle = x + (RIGHT - x) // 2 + 8
                path = f"M{x} {y}H{RIGHT}"
                if two_ends:
                    path = f"M{x} {y}H{x + 26}V{end.middle}H{RIGHT}"
                yield _edge(path, word, middle, (end.middle if two_ends else y) - 6)
            elif order.index(key) == number + 1:
                x = LEFT + BOX // 2
                yield _edge(f"M{x} {start.bottom}V{end.y}", word, x + 22, start.bottom + 20)
            else:
                margin -= 24
                path = f"M{LEFT} {start.middle}H{margin}V{end.middle}H{LEFT}"
                yield _edge(path, word, (margin + LEFT) // 2, start.middle - 6)


def _edge(path: str, word: str, x: int, y: int) -> str:
    return (
        f'<path class="edge" d="{path}"/>'
        f'<text class="word" x="{x}" y="{y}" text-anchor="middle">{word}</text>'
    )


def _drawn(box: Box) -> Iterator[str]:
    """Yield a box and its text."""
    yield (
        f'<rect class="box {box.kind}" x="{box.x}" y="{box.y}" width="{BOX}" '
        f'height="{box.height}" rx="6"/>'
    )
    for number, line in enumerate(box.lines):
        y = box.y + PADDING + number * LINE + 14
        yield f'<text x="{box.x + PADDING}" y="{y}">{escape(line)}</text>'


def _legend(y: int, language: str) -> Iterator[str]:
    """Yield what the two kinds of frames mean."""
    for x, kind, word in (
        (LEFT, "open", WORDS[language][2]),
        (LEFT + 300, "open ours", WORDS[language][3]),
    ):
        yield f'<rect class="box {kind}" x="{x}" y="{y}" width="34" height="18" rx="4"/>'
        yield f'<text x="{x + 44}" y="{y + 14}">{escape(word)}</text>'


def _wrapped(text: str) -> tuple[str, ...]:
    return tuple(textwrap.wrap(text, SIGNS, break_on_hyphens=False))


def _height(lines: tuple[str, ...]) -> int:
    return len(lines) * LINE + 2 * PADDING - 3
