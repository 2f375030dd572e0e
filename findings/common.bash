# shellcheck shell=bash
# Shared by the findings: a temp folder, pinned Debian packages in it, and a clean end.
# Sourced only. Sets: tmp (the folder), root (where packages are unpacked).
set -euo pipefail
tmp=$(mktemp -d "${TMPDIR:-/tmp}/finding.XXXXXX")
root=$tmp/root
pids=()
mkdir -p "$root" "$tmp/debs"
chmod 755 "$tmp"

finish() {
    local pid
    for pid in "${pids[@]}"; do
        kill "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    rm -rf "$tmp"
}
trap finish EXIT

# debs NAME=VERSION...: fetch and unpack, without installing.
debs() {
    (cd "$tmp/debs" && apt-get -qq download "$@" 2>"$tmp/apt.log") || {
        cat "$tmp/apt.log" >&2
        exit 2
    }
    local deb
    for deb in "$tmp"/debs/*.deb; do
        dpkg -x "$deb" "$root"
        rm "$deb"
    done
    export LD_LIBRARY_PATH=$root/usr/lib/x86_64-linux-gnu:$root/lib/x86_64-linux-gnu
}

# port: a loopback port that is free now (for TCP and UDP alike).
port() {
    python3 -c 'import socket
t = socket.socket(); t.bind(("127.0.0.1", 0)); print(t.getsockname()[1])'
}

# still WHAT COMMAND...: the finding stands while the command succeeds.
still() {
    local what=$1
    shift
    if "$@"; then
        echo "still so: $what"
    else
        echo "CHANGED: no longer so: $what" >&2
        exit 1
    fi
}

# turnserver_up OPTION...: coturn 4.6.1 on 127.0.0.1:$port, with the secret "example".
turnserver_up() {
    debs coturn=4.6.1-1
    port=$(port)
    : >"$tmp/turn.conf"
    "$root/usr/bin/turnserver" -c "$tmp/turn.conf" -L 127.0.0.1 -E 127.0.0.1 -p "$port" \
        --no-tls --no-dtls --no-tcp --no-cli --no-rfc5780 --realm example.org \
        --use-auth-secret --static-auth-secret example --userdb "$tmp/turn.db" \
        --pidfile "$tmp/turn.pid" --log-file stdout --simple-log "$@" >"$tmp/turn.log" 2>&1 &
    pids+=("$!")
    for _ in {1..50}; do
        if ss -Hlun "src 127.0.0.1:$port" | grep -q .; then break; fi
        sleep 0.1
    done
    grep -m1 -o 'Coturn-[0-9.]*' "$tmp/turn.log"
}
