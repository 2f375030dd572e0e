"""The short names in inventory.yml alone, in milliseconds: for who waits at the Tab key.

`reading.py` reads everything and finds all that is wrong, which takes seconds for a thousand
schools. Here the file's events alone pass by, and nothing is built of them: what stands below
`schools: hosts:` is a school, whatever else is wrong with the file.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

import yaml

from provision.common.bounded_files import UnfitError, read_bytes
from provision.common.limits import YAML_DEPTH, YAML_ENTRIES
from provision.messages import legible
from provision.settings.values import school_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

PLACE = ["schools", "hosts"]
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_RESOLVER = yaml.resolver.Resolver()


def school_names(path: Path) -> list[str]:
    """Return the short names in a file, as far as it can be read; never raises for what is in it.

    The file is bounded (`limits.FILE`), as is what is looked at of it.
    """
    names: list[str] = []
    try:
        text = legible.text(read_bytes(path))
        events = islice(yaml.parse(text, Loader=_Loader), YAML_ENTRIES)
        names.extend(filter(_is_school, _keys(events)))
    except (OSError, UnfitError, UnicodeDecodeError, yaml.YAMLError):
        pass  # whoever runs a command is told what is wrong with the file
    return list(dict.fromkeys(names))


def _is_school(name: str) -> bool:
    try:
        school_key(name)
    except ValueError:
        return False
    return True


def _is_text(scalar: Any) -> bool:
    """Return whether YAML takes a word for text, and not for a number or a date."""
    tag = _RESOLVER.resolve(yaml.ScalarNode, scalar.value, scalar.implicit)  # type: ignore[no-untyped-call]
    return str(tag) == _RESOLVER.DEFAULT_SCALAR_TAG


_NO_MAPPING: Any = object()


def _keys(events: Iterable[Any]) -> Iterator[str]:
    """Yield the keys of the mapping at PLACE."""
    place: list[Any] = []
    """The key in whose value we are, for each mapping around us; None where a key comes next."""
    for event in events:
        word = None
        if isinstance(event, yaml.CollectionStartEvent):
            place.append(None if isinstance(event, yaml.MappingStartEvent) else _NO_MAPPING)
            if len(place) > YAML_DEPTH:
                return
            continue
        if isinstance(event, yaml.CollectionEndEvent):
            place.pop()
        elif isinstance(event, yaml.ScalarEvent):
            word = event.value if _is_text(event) else ""
        elif not isinstance(event, yaml.AliasEvent):
            continue  # the document begins or ends
        if not place or place[-1] is _NO_MAPPING:
            continue
        if place[-1] is None:
            if place[:-1] == PLACE and word is not None:
                yield word
            place[-1] = word or ""
        else:
            place[-1] = None
