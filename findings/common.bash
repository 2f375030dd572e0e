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

# unpack [APT-OPTION...] NAME=VERSION...: fetch and unpack, without installing.
unpack() {
    (cd "$tmp/debs" && apt-get -qq download "$@" 2>"$tmp/apt.log") || {
        cat "$tmp/apt.log" >&2
        exit 2
    }
    local deb
    for deb in "$tmp"/debs/*.deb; do
        dpkg -x "$deb" "$root"
        rm "$deb"
    done
}

# debs NAME=VERSION...: packages of this Debian, with the libraries among them in use.
debs() {
    unpack "$@"
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
    debs coturn=4.6.1-1 libevent-{core,extra,openssl,pthreads}-2.1-7 libhiredis0.14 libmariadb3 \
        libpq5 libgssapi-krb5-2 libldap-2.5-0 libsasl2-2
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

# trixie_debs NAME=VERSION...: the same from Debian 13, with a package list in the temp folder.
trixie_debs() {
    local option=(-o "Dir::Etc::sourcelist=$tmp/trixie.list" -o Dir::Etc::sourceparts=-
        -o "Dir::State::lists=$tmp/lists" -o "Dir::Cache=$tmp/cache")
    mkdir -p "$tmp/lists/partial" "$tmp/cache/archives/partial"
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]" \
        "http://deb.debian.org/debian trixie main" >"$tmp/trixie.list"
    apt-get -qq "${option[@]}" update 2>"$tmp/apt.log" || { cat "$tmp/apt.log" >&2; exit 2; }
    unpack "${option[@]}" "$@"
}

# prosody_up SUITE: Prosody of bookworm (0.12.3) or trixie (13.0) with a host example.org
# of anonymous users on 127.0.0.1:$port and HTTP on $http; more of its global settings
# from standard input. Sets lua, the command of its interpreter.
prosody_up() {
    local lib=usr/lib/x86_64-linux-gnu
    lua=("$root/usr/bin/lua5.4")
    if [ "$1" = bookworm ]; then
        debs prosody=0.12.3-1+deb12u1 lua5.4=5.4.4-3+deb12u1 lua-expat=1.5.1-3 \
            lua-filesystem=1.8.0-3 lua-sec=1.2.0-2 lua-socket=3.1.0-1+b1 libicu72 libexpat1
    else
        trixie_debs prosody=13.0.1-1+deb131u lua5.4=5.4.7-1+b2 lua-expat=1.5.2-1+b1 \
            lua-filesystem=1.8.0-3+b2 lua-sec=1.3.2-2+b2 lua-socket=3.1.0-1+b2 libicu76 libexpat1 \
            libc6 libssl3t64 libreadline8t64 libtinfo6 libstdc++6 libgcc-s1 zlib1g libzstd1
        lua=("$root/$lib/ld-linux-x86-64.so.2" --library-path "$root/$lib" "${lua[@]}")
    fi
    export LUA_PATH_5_4="$root/usr/share/lua/5.4/?.lua" LUA_CPATH_5_4="$root/$lib/lua/5.4/?.so"
    sed -i "s|'/usr/lib/prosody|'$root/usr/lib/prosody|" "$root"/usr/bin/prosody{,ctl}
    mkdir "$tmp/data"
    port=$(port)
    http=$(port)
    cat - >"$tmp/prosody.cfg.lua" <<END
run_as_root = true
data_path = "$tmp/data"
pidfile = "$tmp/prosody.pid"
interfaces = { "127.0.0.1" }
c2s_ports = { $port }
http_ports = { $http }
http_interfaces = { "127.0.0.1" }
https_ports = { }
c2s_require_encryption = false
modules_disabled = { "s2s", "tls" }
log = { debug = "$tmp/prosody.log" }
$(cat)
VirtualHost "example.org"
authentication = "anonymous"
END
    "${lua[@]}" "$root/usr/bin/prosody" -F --config "$tmp/prosody.cfg.lua" >"$tmp/out" 2>&1 &
    pids+=("$!")
    for _ in {1..50}; do
        if ss -Hltn "src 127.0.0.1:$port" | grep -q .; then break; fi
        sleep 0.1
    done
    grep -m1 -o 'Hello and welcome to Prosody version.*' "$tmp/prosody.log" || cat "$tmp/out"
}

# ansible_up: ansible-core 2.19.3 in a venv, with nothing of this user's settings.
ansible_up() {
    : >"$tmp/ansible.cfg"
    python3 -m venv "$tmp/venv"
    "$tmp/venv/bin/pip" -q install --disable-pip-version-check ansible-core==2.19.3 || exit 2
    export PATH=$tmp/venv/bin:$PATH HOME=$tmp ANSIBLE_CONFIG=$tmp/ansible.cfg ANSIBLE_NOCOLOR=1 \
        ANSIBLE_PYTHON_INTERPRETER=$tmp/venv/bin/python
    ansible-playbook --version | sed -n 1p
    cd "$tmp"
}
