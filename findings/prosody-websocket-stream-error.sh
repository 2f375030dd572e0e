#!/usr/bin/env bash
# Prosody 13: the websocket frame with a stream error is not namespace-well-formed.
#
# GUESS: RFC 7395 makes each frame a document of its own, so each frame parses by
#   itself, the one that tells why the stream ends as well; and what 0.12 did right
#   the next version does too.
# SEEN:  0.12 declares the prefix in that frame, 13.0 does not: there it is sent as
#   in a TCP stream, <stream:error>, where an opening tag had declared the prefix.
#   The frames before and after it parse. A namespace-aware parser refuses just the
#   frame that says why one is being disconnected; a client must mend it first.
set -euo pipefail
# shellcheck source=findings/common.bash
. "$(dirname "$0")/common.bash"

cat >"$tmp/try.py" <<'END'
import sys
import xml.etree.ElementTree as ElementTree

from xmpp import WebClient


class Lost(WebClient):
    """A client that asks for a host which this server does not have, and reads on."""

    def open(self):
        self.send(
            "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing'"
            " to='nowhere.example.org' version='1.0'/>"
        )
        self.until("<close ")

    def login(self):
        self.open()


for frame in Lost(int(sys.argv[1])).frames:
    try:
        ElementTree.fromstring(frame)
        print("parses:", frame)
    except ElementTree.ParseError as error:
        print(f"does not parse ({error}):", frame)
END
here=$(cd "$(dirname "$0")" && pwd)
frames() { # frames SUITE
    prosody_up "$1" <<<'modules_enabled = { "saslauth", "websocket" }; http_default_host = "example.org"'
    PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$here LD_LIBRARY_PATH='' \
        timeout 30 python3 "$tmp/try.py" "$http" | tee "$tmp/seen"
}

frames trixie
still "13: the frames <open> and <close> parse" test "$(grep -cE '^parses: <(open|close) ' "$tmp/seen")" -eq 2
still "13: the one with the error has an unbound prefix" \
    grep -q '^does not parse (unbound prefix.*<stream:error>' "$tmp/seen"
kill "${pids[-1]}"
unset 'pids[-1]'
rm -rf "$root" "$tmp/data" "$tmp/prosody.log"
frames bookworm
still "0.12: all three parse" test "$(grep -c '^parses: ' "$tmp/seen")" -eq 3
