#!/usr/bin/env bash
# nginx 1.22: a lone map_hash_bucket_size below the first map is a "duplicate".
#
# GUESS: the order of directives in a block does not matter; a size given once,
#   before or after the maps, is that size.
# SEEN:  above the map it is taken. Below it, the configuration is refused as
#   '"map_hash_bucket_size" directive is duplicate', though it stands there once:
#   the map fills in the default for a size not yet known, and the directive then
#   finds it taken. Who looks for the second occurrence finds none.
set -euo pipefail
# shellcheck source=findings/common.bash
. "$(dirname "$0")/common.bash"
debs nginx=1.22.1-9+deb12u9
nginx=$root/usr/sbin/nginx
"$nginx" -v 2>&1

conf() { # conf NAME: the lines of the http block come from standard input
    {
        echo "pid $tmp/$1.pid; error_log stderr; events {}"
        echo 'http { access_log off;'
        for kind in client_body proxy fastcgi uwsgi scgi; do
            echo "${kind}_temp_path $tmp/$kind;"
        done
        cat
        echo '}'
    } >"$tmp/$1.conf"
}
map="map \$host \$school { a.example.org a; default none; }"
printf '%s\n' 'map_hash_bucket_size 256;' "$map" | conf above
printf '%s\n' "$map" 'map_hash_bucket_size 256;' | conf below

check() { "$nginx" -t -e stderr -p "$tmp" -c "$tmp/$1.conf" 2>&1; }
echo "-- above the map"
still "a size above the map is accepted" check above
echo "-- below the map"
refused() { ! check below >"$tmp/out"; }
still "the same lines in the other order are refused" refused
cat "$tmp/out"
still "the reason given is 'duplicate'" \
    grep -q '"map_hash_bucket_size" directive is duplicate' "$tmp/out"
count=$(grep -c map_hash_bucket_size "$tmp/below.conf")
still "with $count occurrence in the file" test "$count" -eq 1
