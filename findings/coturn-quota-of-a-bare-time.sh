#!/usr/bin/env bash
# coturn 4.6.1: who shares a user-quota depends on what follows the colon.
#
# GUESS: with use-auth-secret, user-quota bounds the allocations of one credential,
#   that is of one user name as it is sent.
# SEEN:  it counts by the part after "time:". Two credentials of one name share a
#   quota whatever their times. A user name that is a bare time (which the REST
#   scheme allows, and which Prosody's mod_external_services makes) counts as itself:
#   all the people whose credentials happen to end in the same second share one
#   quota, and the others share nothing. When a class joins at the bell, the relay
#   refuses some with 486, by chance.
set -euo pipefail
# shellcheck source=findings/common.bash
. "$(dirname "$0")/common.bash"
turnserver_up --user-quota 1

cat >"$tmp/try.py" <<'END'
import sys
import time

from turn import Client

end = int(time.time()) + 600
held = []
for label, names in {
    "two names, one time": (f"{end}:alice", f"{end}:bob"),
    "one name, two times": (f"{end}:carol", f"{end + 1}:carol"),
    "bare time, two times": (f"{end + 2}", f"{end + 3}"),
    "bare time, one second": (f"{end + 4}", f"{end + 4}"),
}.items():
    held += [Client(int(sys.argv[1]), "example", name) for name in names]
    print(f"{label}:", *(one.allocate() for one in held[-2:]))
END
here=$(cd "$(dirname "$0")" && pwd)
PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$here python3 "$tmp/try.py" "$port" | tee "$tmp/out"

still "two people have a quota each" grep -qx 'two names, one time: ok ok' "$tmp/out"
still "two credentials of one person share it" grep -qx 'one name, two times: ok 486' "$tmp/out"
still "bare times of two seconds share nothing" grep -qx 'bare time, two times: ok ok' "$tmp/out"
still "bare times of one second share it" grep -qx 'bare time, one second: ok 486' "$tmp/out"
