#!/usr/bin/env bash
# Prosody 0.12: the units of `limits`: "kb/s" is kilobytes, and "b/s" is ten bytes.
#
# GUESS: rate = "100kb/s" is 100 kilobits each second, as in a network's "kb/s"; and
#   whichever of bits and bytes it means, "100000b/s" is the same as "100kb/s".
# SEEN:  "100kb/s" lets 100 000 bytes a second through, eight times the guess. Only
#   the first letter of the unit counts, as a power of ten: k is 3, m is 6, g is 9,
#   and b is 1 (not 0). "10000b/s" is therefore just as fast as "100kb/s".
set -euo pipefail
# shellcheck source=findings/common.bash
. "$(dirname "$0")/common.bash"

cat >"$tmp/try.py" <<'END'
import sys
import time

from xmpp import Client

ping = "<iq type='get' id='done' to='example.org'><ping xmlns='urn:xmpp:ping'/></iq>"
one = "<message type='headline'><body>" + "x" * 9950 + "</body></message>"
client = Client(int(sys.argv[1]))
start = time.monotonic()
client.send(one * 60 + ping)
client.until("id='done'")
print(round(60 * len(one) / (time.monotonic() - start)))
END
here=$(cd "$(dirname "$0")" && pwd)

# measure RATE: the bytes a second that one connection gets through, into $speed.
measure() {
    prosody_up bookworm <<END
modules_enabled = { "saslauth", "limits", "ping" }
limits = { c2s = { rate = "$1" } }
END
    speed=$(PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$here timeout 120 python3 "$tmp/try.py" "$port")
    echo "rate = \"$1\": $speed bytes/s measured"
    kill "${pids[-1]}"
    wait "${pids[-1]}" || true
    unset 'pids[-1]'
    rm -r "$tmp/data"
}
between() { [ "$speed" -ge "$1" ] && [ "$speed" -le "$2" ]; }

measure 100kb/s
still "100kb/s is about 100 000 bytes/s (as bits: 12 500)" between 60000 200000
measure 10000b/s
still "10000b/s is about 100 000 bytes/s too (as bytes: 10 000)" between 60000 200000
