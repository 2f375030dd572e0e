#!/usr/bin/env bash
# nftables 1.0.6 (Debian 12): JSON tells neither that a table is switched off nor its comment.
#
# GUESS: a table that is switched off (`flags dormant`, all its rules without effect) is
#   "flags": "dormant" in `nft -j list`, and its comment is there, in each release that says
#   "json_schema_version": 1. And `nft -j -f` reads what `nft -j list` wrote.
# SEEN:  1.0.6 writes as flags the table's own name (or its family), never "dormant", and no
#   comment; the text form has both. Only by "flags" being there at all can a firewall that
#   is switched off be told from one at work. Read back by the same program, the table comes
#   up awake. 1.1.3, under the same schema version, writes both and reads them back.
set -euo pipefail
# shellcheck source=findings/common.bash
. "$(dirname "$0")/common.bash"
lib=usr/lib/x86_64-linux-gnu
cat >"$tmp/rules" <<'END'
table inet filter {
    comment "made by hand"
    flags dormant
    chain input { type filter hook input priority 0; policy drop; }
}
END

# look NFT...: its flags and comment in JSON into $told, and what it reads from that into $read.
look() {
    "$@" --version
    unshare -n "$BASH" -euc '
        rules=$1; shift
        "$@" -f "$rules"
        "$@" -j list table inet filter >"$rules.json"
        "$@" flush ruleset
        "$@" -j -f "$rules.json"
        "$@" list table inet filter' _ "$tmp/rules" "$@" >"$tmp/read"
    read=$(sed -n 's/^\t\(\(flags\|comment\) \)/\1/p' "$tmp/read" | tr '\n' ' ')
    told=$(python3 -c '
import json, sys
listed = json.load(open(sys.argv[1]))["nftables"]
(table,) = [entry["table"] for entry in listed if "table" in entry]
print(listed[0]["metainfo"]["json_schema_version"], table.get("flags"), table.get("comment"))
' "$tmp/rules.json")
    echo "schema version, flags, comment: $told; read back: ${read:-neither}"
}

debs nftables=1.0.6-2+deb12u2 libnftables1=1.0.6-2+deb12u2
look "$root/usr/sbin/nft"
still "1.0.6 writes something else than dormant" grep -qxE '1 (filter|inet) None' <<<"$told"
still "1.0.6 reads its own JSON as a table at work" test "$read" = ""
rm -r "$root"
mkdir "$root"
unset LD_LIBRARY_PATH
trixie_debs nftables=1.1.3-1 libnftables1=1.1.3-1 libnftnl11=1.2.9-1 libjansson4=2.14-2+b3 \
    libmnl0=1.0.5-3 libedit2=3.1-20250104-1 libxtables12=1.8.11-2 libgmp10=2:6.3.0+dfsg-3 libc6 \
    libbsd0=0.12.2-2 libmd0=1.1.0-2+b1 libtinfo6
look "$root/$lib/ld-linux-x86-64.so.2" --library-path "$root/$lib" "$root/usr/sbin/nft"
still "1.1.3 writes both" test "$told" = "1 dormant made by hand"
still "1.1.3 reads both" test "$read" = 'flags dormant comment "made by hand" '
