#!/usr/bin/env bash
# openssl 3.0: x509 -checkend tells by its exit code, -checkhost and -checkip do not.
#
# GUESS: the three -check options of `openssl x509` are for scripts alike: exit 0 when
#   the certificate passes, 1 when it does not.
# SEEN:  -checkend exits 1 for a certificate that ends too soon. -checkhost and
#   -checkip print "does NOT match certificate" and exit 0. A task that relies on the
#   code finds every certificate good for every name; it has to read the line.
set -euo pipefail
# shellcheck source=findings/common.bash
. "$(dirname "$0")/common.bash"
debs openssl=3.0.20-1~deb12u2 libssl3=3.0.20-1~deb12u2
openssl=$root/usr/bin/openssl
"$openssl" version

"$openssl" req -x509 -newkey rsa:2048 -nodes -days 10 -keyout "$tmp/key.pem" -out "$tmp/cert.pem" \
    -config /dev/stdin 2>/dev/null <<'END'
[req]
prompt = no
distinguished_name = name
x509_extensions = more
[name]
CN = meet.example.org
[more]
subjectAltName = DNS:meet.example.org, IP:192.0.2.1
END

# check OPTION VALUE: prints what openssl says; the exit code is openssl's.
check() {
    local code=0
    "$openssl" x509 -in "$tmp/cert.pem" -noout "$@" >"$tmp/said" || code=$?
    echo "$* -> exit $code: $(cat "$tmp/said")"
    return "$code"
}
fails() { ! check "$@"; }
says_no() { check "$@" && grep -q 'does NOT match' "$tmp/said"; }

still "-checkend passes a certificate that lasts 5 more days" check -checkend 432000
still "-checkend fails one that does not last 20" fails -checkend 1728000
still "-checkhost passes the right name" check -checkhost meet.example.org
still "-checkhost exits 0 for another name, and says no" says_no -checkhost other.example.org
still "-checkip passes the right address" check -checkip 192.0.2.1
still "-checkip exits 0 for another address, and says no" says_no -checkip 192.0.2.2
