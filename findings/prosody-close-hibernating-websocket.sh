#!/usr/bin/env bash
# Prosody 0.12: c2s:close() on a hibernating websocket session makes it outlive its end.
#
# GUESS: the admin shell's c2s:close(jid) ends the session, however it is connected;
#   one that waits for its client to resume (mod_smacks) would end by itself anyway.
# SEEN:  on a session that came over plain TCP it does just that. On one that came
#   over a websocket, the shell answers "1 sessions closed" and the session stays;
#   and as closing takes away the timer of the hibernation, it outlives the time after
#   which it would have ended if nobody had touched it. In a room such a person is a
#   ghost. Looking at the answer is not enough; look at c2s:show() afterwards.
set -euo pipefail
# shellcheck source=findings/common.bash
. "$(dirname "$0")/common.bash"
prosody_up bookworm <<'END'
modules_enabled = { "saslauth", "websocket", "smacks", "admin_shell" }
http_default_host = "example.org"
smacks_hibernation_time = 6
END
cat >"$tmp/try.py" <<'END'
import sys

from xmpp import Client, WebClient

tcp, web = int(sys.argv[1]), int(sys.argv[2])
for kind, one in ("tcp", Client(tcp)), ("web", WebClient(web)), ("left", WebClient(web)):
    one.send("<enable xmlns='urn:xmpp:sm:3' resume='true'/>")
    one.until("<enabled [^>]*resume=")
    print(f"{kind}={one.jid}")  # the script ends, and with it each connection, unclosed
END
here=$(cd "$(dirname "$0")" && pwd)
PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$here timeout 30 python3 "$tmp/try.py" "$port" "$http" >"$tmp/jids"
cat "$tmp/jids"
jid() { sed -n "s/^$1=//p" "$tmp/jids"; }
shell() {
    "${lua[@]}" "$root/usr/bin/prosodyctl" --config "$tmp/prosody.cfg.lua" shell "$@" 2>&1 |
        grep -E '^OK|@'
}
there() { shell 'c2s:show()' | grep -F -e "$(jid "$1" | cut -c-20)" | grep -q hibernating; }
gone() { ! there "$1"; }

sleep 1
for kind in tcp web left; do still "$kind is there, hibernating" there "$kind"; done
for kind in tcp web; do
    shell "c2s:close('$(jid "$kind")')" | tee "$tmp/said"
    still "$kind: the shell says closed" grep -q 'Total: 1 sessions closed' "$tmp/said"
done
still "tcp is gone at once" gone tcp
still "web is there" there web
sleep 12
still "12 s later the one that was left alone has ended by itself" gone left
still "the closed one has not" there web
