"""A program of its own: runs scripts as a page would, in an engine that reaches nothing.

Reads {"pages": {name: {"address", "scripts": [{"name", "text"}], "before"}}, "seconds"} as JSON and
prints {name: {"values": {...}, "errors": [...], "fragment"}}. It imports nothing of ours, so that
its start is quick; `javascript.py` starts it, and ends it should the engine's own limits fail.
"""

from __future__ import annotations

import json
import resource
import sys
from typing import Any

import quickjs

MEMORY = 96 * 2**20
LONGEST = 2**19
# The world that scripts of Jitsi's page expect. Whatever else they touch is `anything`, which may
# be called, built, read and written for ever without effect.
WORLD = """
(function () {
    var anything = new Proxy(function () {}, {
        get: function (target, name) {
            return name === Symbol.toPrimitive ? function () { return ''; }
                : name === Symbol.iterator ? function* () {} : anything;
        },
        set: function () { return true; },
        apply: function () { return anything; },
        construct: function () { return anything; },
    });
    function nothing() {}
    function storage() {
        return { getItem: function () { return null; }, setItem: nothing, removeItem: nothing,
                 clear: nothing, length: 0 };
    }
    var place = ADDRESS;
    function go(address) {
        if (address !== undefined && address !== null) {
            place.hash = (/#.*/.exec(String(address)) || [''])[0];
            place.search = (/^[^#]*?(\\?[^#]*)/.exec(String(address)) || ['', ''])[1];
        }
    }
    Object.defineProperty(place, 'href', {
        get: function () { return place.origin + place.pathname + place.search + place.hash; },
        set: go,
    });
    place.reload = nothing;
    place.assign = place.replace = go;
    place.toString = function () { return place.href; };
    function rewrite(state, title, address) { go(address); }
    Object.assign(globalThis, {
        window: globalThis, self: globalThis, top: globalThis, parent: globalThis,
        document: anything, location: place, localStorage: storage(), sessionStorage: storage(),
        history: { state: null, replaceState: rewrite, pushState: rewrite },
        navigator: { userAgent: AGENT, language: 'de', languages: ['de'], serviceWorker: anything },
        performance: { now: function () { return 0; } },
        console: { log: nothing, info: nothing, warn: nothing, error: nothing, debug: nothing },
        crypto: anything, XMLHttpRequest: anything, fetch: function () { return anything; },
        URL: anything, URLSearchParams: anything,
        setTimeout: nothing, setInterval: nothing, clearTimeout: nothing, clearInterval: nothing,
        addEventListener: nothing, removeEventListener: nothing, dispatchEvent: nothing,
        matchMedia: function () { return { matches: false, addListener: nothing }; },
    });
}());
"""
AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Safari/537.36"  # noqa: E501
NAMES = ("config", "interfaceConfig")
FRAGMENT = "String(location.search || '') + String(location.hash || '')"
READ = "typeof {0} === 'undefined' ? 'null' : JSON.stringify({0})"


def run(path: str, page: dict[str, Any], seconds: float) -> dict[str, Any]:
    """Return the values that a page's scripts left behind, and what went wrong on the way."""
    context = quickjs.Context()
    context.set_memory_limit(MEMORY)
    context.set_time_limit(seconds)
    world = WORLD.replace("ADDRESS", json.dumps(page["address"]))
    context.eval(world.replace("AGENT", json.dumps(AGENT)))
    errors = []
    fragment = None
    for number, script in enumerate(page["scripts"]):
        if number == page["before"]:
            fragment = _text(context, FRAGMENT)
        # As in a browser, a script that breaks does not stop the next one.
        try:
            context.eval(script["text"])
        except quickjs.JSException as error:
            first = str(error).strip().partition("\n")[0]
            errors.append({"script": script["name"], "error": first[:200]})
            if "interrupted" in first:
                break
    values: dict[str, Any] = {}
    if page["before"] == len(page["scripts"]):
        fragment = _text(context, FRAGMENT)
    for name in NAMES:
        try:
            text = context.eval(READ.format(name))
        except quickjs.JSException as error:
            first = str(error).strip().partition("\n")[0]
            errors.append({"script": path, "error": first[:200]})
            continue
        if len(text or "") > LONGEST:
            errors.append({"script": path, "error": "too large"})
        elif text:
            values[name] = json.loads(text)
    return {"values": values, "errors": errors, "fragment": fragment}


def _text(context: quickjs.Context, expression: str) -> str:
    try:
        return str(context.eval(expression))[:LONGEST]
    except quickjs.JSException:
        return ""


def main() -> None:
    """Run what standard input asks for."""
    wanted = json.load(sys.stdin)
    # Should the engine forget its own limits.
    resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))
    limit = int(wanted["seconds"] * len(wanted["pages"])) + 2
    resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
    found = {name: run(name, page, wanted["seconds"]) for name, page in wanted["pages"].items()}
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
