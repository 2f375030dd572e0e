#!/usr/bin/env bash
# Prosody 0.12: prosodyctl exits 0 for a command that it does not know.
#
# GUESS: a misspelt command prints the help and exits non-zero, as prosodyctl's other
#   mistakes do: a user, a module or a check that it does not know all exit 1.
# SEEN:  for an unknown command it prints the help and exits 0, as for "help" itself.
#   A hook `prosodyctl relaod`, run after a certificate was renewed, succeeds for ever
#   and never reloads. A command has to be seen to work once; its code says nothing.
set -euo pipefail
# shellcheck source=findings/common.bash
. "$(dirname "$0")/common.bash"
prosody_up bookworm <<<'modules_enabled = { "saslauth" }'

# exits CODE ARGUMENT...: whether prosodyctl ends with that code.
exits() {
    local code=0 want=$1
    shift
    "${lua[@]}" "$root/usr/bin/prosodyctl" --config "$tmp/prosody.cfg.lua" "$@" >"$tmp/said" 2>&1 || code=$?
    echo "prosodyctl $* -> exit $code: $(sed '/^ *$/d' "$tmp/said" | tail -n 1)"
    [ "$code" -eq "$want" ]
}
still "an unknown user exits 1" exits 1 deluser nobody@example.org
still "an unknown module exits 1" exits 1 mod_nowhere
still "an unknown check exits 1" exits 1 check nonsense
still "a known command exits 0 and acts" exits 0 reload
reloads() { grep -c 'Received SIGHUP' "$tmp/prosody.log" || true; }
sleep 1
before=$(reloads)
still "(the reload is seen in the log)" test "$before" -ge 1
still "an unknown command exits 0" exits 0 relaod
sleep 1
still "and nothing was reloaded" test "$(reloads)" -eq "$before"
