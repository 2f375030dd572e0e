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
