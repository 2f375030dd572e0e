"""Filters that write a value into a configuration file so that it can only ever be a value.

Each filter is named after the language it writes and returns the complete literal, with its
quotes; only `xml` returns bare text, because it stands between tags as well as in attributes.
A value either comes back from the real parser exactly as it went in, or is refused here with a
sentence for the person who wrote the settings. Nothing is ever dropped or replaced silently.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from ansible.errors import AnsibleFilterError

if TYPE_CHECKING:
    from collections.abc import Callable

CONTROL = re.compile(r"[\x00-\x1f\x7f]")
# Code points that are no characters, and that some of the parsers refuse with the whole file.
NO_CHARACTER = re.compile(
    "[\ud800-\udfff\ufdd0-\ufdef"
    + "".join(chr(plane << 16 | last) for plane in range(17) for last in (0xFFFE, 0xFFFF))
    + "]"
)
EXACT_IN_A_DOUBLE = 2**53 - 1
NGINX_WORD_BYTES = 4000  # nginx reads a word into a buffer of 4096 bytes, quotes included


class Syntax(NamedTuple):
    """How one language writes values."""

    language: str
    string: Callable[[str], str]
    many: str
    mapping: str
    pair: str


def lua(value: Any) -> str:
    """Write a Lua expression: string, number, boolean, or a table of them."""
    return _write(value, Syntax("lua", _lua_string, "{ %s }", "{ %s }", "[%s] = %s"))


def hocon(value: Any) -> str:
    """Write a HOCON value: quoted string, number, boolean, list or object."""
    return _write(value, Syntax("hocon", _hocon_string, "[%s]", "{ %s }", "%s = %s"))


def javascript(value: Any) -> str:
    """Write a JavaScript expression, safe too in an inline script of a page nginx assembles."""
    return _write(value, Syntax("javascript", _javascript_string, "[%s]", "{ %s }", "%s: %s"))


def nginx(value: Any) -> str:
    """Write a quoted word for nginx; a dollar sign has no escape there, so it is refused."""
    text = _text(value, "nginx")
    _refuse_control(text, "nginx")
    if "$" in text:
        raise _refusal("nginx", "it contains a dollar sign, which starts a variable there")
    word = '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if len(word.encode()) > NGINX_WORD_BYTES:
        raise _refusal("nginx", f"it is longer than {NGINX_WORD_BYTES} bytes")
    return word


def shell(value: Any) -> str:
    """Write one word for a POSIX shell."""
    text = _text(value, "shell")
    if "\0" in text:
        raise _refusal("shell", "it contains a NUL character, which no program can be given")
    return "'" + text.replace("'", "'\"'\"'") + "'"


def xml(value: Any) -> str:
    """Write text for XML or HTML, between tags or inside a quoted attribute."""
    text = _text(value, "xml")
    if re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", text):
        raise _refusal("xml", "it contains a control character")
    names = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}
    # White space other than the blank is written as a number: attributes would turn it into blanks.
    return re.sub(r"[&<>\"'\t\n\r]", lambda m: names.get(m[0], f"&#{ord(m[0])};"), text)


def systemd_env(value: Any) -> str:
    """Write the value of a line NAME=value, the same for systemd and for /bin/sh."""
    text = _text(value, "systemd_env")
    _refuse_control(text, "systemd_env")
    return '"' + re.sub(r'[\\"$`]', lambda m: "\\" + m[0], text) + '"'


def _lua_string(text: str) -> str:
    def escape(found: re.Match[str]) -> str:
        return "\\" + (found[0] if found[0] in '"\\' else f"{ord(found[0]):03}")

    return '"' + re.sub(r'[\x00-\x1f\x7f"\\]', escape, text) + '"'


def _hocon_string(text: str) -> str:
    # As JSON; ruby-hocon, with which the packages edit such files, minds more control characters.
    literal = json.dumps(text, ensure_ascii=False)
    return re.sub("[\x7f-\x9f]", lambda m: f"\\u{ord(m[0]):04x}", literal)


def _javascript_string(text: str) -> str:
    # Plain ASCII suits any charset; without < > & neither HTML nor server-side includes see a mark.
    return re.sub("[<>&]", lambda m: f"\\u{ord(m[0]):04x}", json.dumps(text))


def _write(value: Any, syntax: Syntax) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        if abs(value) > EXACT_IN_A_DOUBLE:
            raise _refusal(syntax.language, "the number is too large to be kept exactly")
        return str(int(value))
    if isinstance(value, (list, tuple)):
        return syntax.many % ", ".join(_write(each, syntax) for each in value)
    if isinstance(value, dict):
        return syntax.mapping % ", ".join(
            syntax.pair % (_key(name, syntax), _write(each, syntax)) for name, each in value.items()
        )
    return syntax.string(_text(value, syntax.language))


def _key(name: Any, syntax: Syntax) -> str:
    if name == "__proto__":  # in JavaScript this would change the object instead of filling it
        raise _refusal(syntax.language, "an entry must not be named __proto__")
    return syntax.string(_text(name, syntax.language))


def _text(value: Any, language: str) -> str:
    if not isinstance(value, str):
        raise _refusal(language, f"it is {type(value).__name__}, not text")
    if NO_CHARACTER.search(value):
        raise _refusal(language, "it contains a code point that is no character")
    return str(value)


def _refuse_control(text: str, language: str) -> None:
    if CONTROL.search(text):
        raise _refusal(language, "it contains a line break or another control character")


def _refusal(language: str, why: str) -> AnsibleFilterError:
    # The value itself stays out of the message: it may be a password.
    return AnsibleFilterError(f"the filter '{language}' cannot write this value: {why}.")


FILTERS: dict[str, Callable[[Any], str]] = {
    "hocon": hocon,
    "javascript": javascript,
    "lua": lua,
    "nginx": nginx,
    "shell": shell,
    "systemd_env": systemd_env,
    "xml": xml,
}
"""The filters by their names in templates."""
