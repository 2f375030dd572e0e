#!/usr/bin/env bash
# certbot 2.1: a certificate of six days is due for renewal from its first minute.
#
# GUESS: `certbot renew`, which Debian's timer runs twice a day, renews when about a
#   third of a certificate's life is left: for 90 days that is the known 30 days, for a
#   short-lived certificate of six days it is two.
# SEEN:  the 30 days are fixed. A certificate of 90 days is "not due" when new; one of
#   six days is due at once, and so at every run of the timer. renew_before_expiry in
#   the lineage's own file is heeded; without it the length of the life is not asked.
set -euo pipefail
# shellcheck source=findings/common.bash
. "$(dirname "$0")/common.bash"
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" -q install --disable-pip-version-check certbot==2.1.0 acme==2.1.0 \
    josepy==1.14.0 pyOpenSSL==23.3.0 setuptools==79.0.1 || exit 2
"$tmp/venv/bin/certbot" --version

# lineage NAME DAYS [SETTING]: what certbot keeps of a certificate, made just now.
lineage() {
    local dir=$tmp/etc/archive/$1 live=$tmp/etc/live/$1 part
    mkdir -p "$dir" "$live" "$tmp/etc/renewal"
    openssl req -x509 -newkey rsa:2048 -nodes -days "$2" -subj "/CN=$1" -addext "subjectAltName=DNS:$1" \
        -keyout "$dir/privkey1.pem" -out "$dir/cert1.pem" 2>/dev/null
    cp "$dir/cert1.pem" "$dir/chain1.pem"
    cat "$dir/cert1.pem" "$dir/chain1.pem" >"$dir/fullchain1.pem"
    {
        echo "${3:-}"
        for part in cert privkey chain fullchain; do
            ln -s "../../archive/$1/${part}1.pem" "$live/$part.pem"
            echo "$part = $live/$part.pem"
        done
        printf '%s\n' 'version = 2.1.0' "archive_dir = $dir" '[renewalparams]' \
            'authenticator = standalone' "server = http://127.0.0.1:$port/directory" 'account = none'
    } >"$tmp/etc/renewal/$1.conf"
}
port=$(port) # nobody listens there: what is due fails, and is seen to have been due
lineage long.example.org 90
lineage short.example.org 6
lineage told.example.org 6 'renew_before_expiry = 2 days'
"$tmp/venv/bin/certbot" renew --non-interactive --no-random-sleep-on-renew --config-dir "$tmp/etc" \
    --work-dir "$tmp/work" --logs-dir "$tmp/logs" >"$tmp/seen" 2>&1 || true
sed -n '/^Processing/,/^The following/p' "$tmp/seen" | grep -E '^(Processing|Cert|Failed)'

# due NAME: whether certbot tried it.
due() { grep -q "^Failed to renew certificate $1" "$tmp/seen"; }
skipped() { grep -q "/live/$1/fullchain.pem expires on .* (skipped)" "$tmp/seen"; }
still "a new certificate of 90 days is not due" skipped long.example.org
still "a new certificate of six days is due" due short.example.org
still "with 'renew_before_expiry = 2 days' it is not" skipped told.example.org
