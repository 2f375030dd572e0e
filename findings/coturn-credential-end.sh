#!/usr/bin/env bash
# coturn 4.6.1: the end of a REST credential ends no allocation, and no refresh.
#
# GUESS: with use-auth-secret, the time in the user name is the credential's end:
#   from then on each request signed with it gets 401, so an allocation lives on
#   until its next refresh at most.
# SEEN:  only a new allocation is refused. An allocation made in time is refreshed,
#   and given new permissions, with the ended credential. The lifetime that one
#   chooses for credentials is therefore the time in which a call may begin; it is
#   no bound on how long a call, or the use of the relay, may last.
set -euo pipefail
# shellcheck source=findings/common.bash
. "$(dirname "$0")/common.bash"
turnserver_up --stale-nonce=600

cat >"$tmp/try.py" <<'END'
import sys
import time

from turn import Client

port, seconds = int(sys.argv[1]), 4
user = f"{int(time.time()) + seconds}:alice"
early = Client(port, "example", user)
print("before the end: allocate", early.allocate())
print("before the end: refresh", early.refresh())
time.sleep(seconds + 3)
print("3 s after the end: refresh", early.refresh())
print("3 s after the end: new permission", early.permit("192.0.2.1"))
print("3 s after the end: new allocation", Client(port, "example", user).allocate())
END
here=$(cd "$(dirname "$0")" && pwd)
PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$here python3 "$tmp/try.py" "$port" | tee "$tmp/out"

still "the credential is good at first" grep -q '^before the end: allocate ok' "$tmp/out"
still "a new allocation is refused with 401" grep -q 'new allocation 401' "$tmp/out"
still "a refresh goes on being granted" grep -q '^3 s after the end: refresh ok' "$tmp/out"
still "so does a new permission" grep -q '^3 s after the end: new permission ok' "$tmp/out"
