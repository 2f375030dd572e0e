#!/usr/bin/env bash
# nginx 1.22: limit_req in a location that has `return` never counts and never limits.
#
# GUESS: a limit_req of one request a minute lets one request through and refuses the
#   next, whatever the location then answers with; a `return 200` is the simplest
#   location to try a limit on.
# SEEN:  with `return` all pass, and none is counted: afterwards a location of the same
#   zone that serves a file still passes its first. The answer is given in the rewrite
#   phase, before the phase in which limits are asked. nginx -t has nothing to say, so
#   a redirect or a short fixed answer is unlimited, and a test made with one is blind.
set -euo pipefail
# shellcheck source=findings/common.bash
. "$(dirname "$0")/common.bash"
debs nginx=1.22.1-9+deb12u9
nginx=$root/usr/sbin/nginx
"$nginx" -v 2>&1
port=$(port)

echo hello >"$tmp/file"
cat >"$tmp/nginx.conf" <<END
daemon off; pid $tmp/nginx.pid; error_log $tmp/error.log; events {}
http {
    access_log off;
    client_body_temp_path $tmp/a; proxy_temp_path $tmp/b; fastcgi_temp_path $tmp/c;
    uwsgi_temp_path $tmp/d; scgi_temp_path $tmp/e;
    limit_req_zone \$binary_remote_addr zone=people:1m rate=1r/m;
    limit_req_status 429;
    server {
        listen 127.0.0.1:$port;
        limit_req zone=people;
        location /return { return 200 "hello\n"; }
        location /file { root $tmp; }
    }
}
END
args=(-e "$tmp/error.log" -p "$tmp" -c "$tmp/nginx.conf")
"$nginx" "${args[@]}" -t 2>&1
"$nginx" "${args[@]}" & pids+=("$!")
for _ in {1..50}; do
    if ss -Hltn "src 127.0.0.1:$port" | grep -q .; then break; fi
    sleep 0.1
done
codes() { # codes PATH: the codes of three requests
    for _ in 1 2 3; do curl -s --max-time 5 -o /dev/null -w '%{http_code} ' "http://127.0.0.1:$port/$1"; done
}
returned=$(codes return)
filed=$(codes file)
echo "return: $returned"
echo "file:   $filed"
still "three returns pass" test "$returned" = "200 200 200 "
still "the zone then still has its one request, and limits the file" test "$filed" = "200 429 429 "
