"""YAML that may be somebody else's: read only where it stays small.

A few lines of YAML can stand for gigabytes, by anchors that refer to anchors, and brackets in
brackets for a stack without end. So its events are counted before anything is built of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml import events as kinds

from provision.common.limits import YAML_DEPTH, YAML_ENTRIES, YAML_WORD
from provision.messages.errors import Problem
from provision.messages.i18n import _


@dataclass
class _Count:
    """How much has been seen, each anchor counted as often as it is referred to."""

    sizes: list[int] = field(default_factory=lambda: [0])
    """Of each mapping and list that has begun, the outermost first."""
    anchors: list[str | None] = field(default_factory=list)
    known: dict[str, int | None] = field(default_factory=dict)
    """The size of what an anchor stands for; nothing while that goes on."""

    def take(self, event: Any) -> str:
        """Count an event; return what is wrong with it, or nothing."""
        wrong = ""
        if isinstance(event, kinds.CollectionStartEvent):
            self.sizes.append(1)
            self.anchors.append(event.anchor)
            if event.anchor:
                self.known[event.anchor] = None
            if len(self.sizes) > YAML_DEPTH:
                wrong = _("Lines are indented in more than {limit} steps here.")
                wrong = wrong.format(limit=YAML_DEPTH)
        elif isinstance(event, kinds.CollectionEndEvent):
            self._add(self.sizes.pop(), self.anchors.pop())
        elif isinstance(event, kinds.ScalarEvent):
            self._add(1, event.anchor)
            if len(event.value) > YAML_WORD:
                wrong = _("A value is longer than {limit} characters.").format(limit=YAML_WORD)
        elif isinstance(event, kinds.AliasEvent):
            size = self.known.get(event.anchor, 1)
            if size is None:
                wrong = _("*{name} stands for something that contains itself.")
                wrong = wrong.format(name=event.anchor)
            self._add(size or 1, None)
        if sum(self.sizes) > YAML_ENTRIES:
            wrong = _("The file grows to more than {limit} entries here, by what *… refers to.")
            wrong = wrong.format(limit=YAML_ENTRIES)
        return wrong

    def _add(self, size: int, anchor: str | None) -> None:
        self.sizes[-1] += size
        if anchor:
            self.known[anchor] = size


def unbounded(text: str) -> Problem | None:
    """Return where YAML grows beyond what any honest file needs; raises YAMLError if it is none."""
    count = _Count()
    for event in YAML().parse(text):
        if sentence := count.take(event):
            return Problem(sentence, line=event.start_mark.line + 1)
    return None
