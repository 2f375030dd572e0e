#!/usr/bin/env bash
# nginx 1.22: another key for a limit zone passes -t, and no reload takes it.
#
# GUESS: what `nginx -t` passes, a reload brings into force; and when a reload
#   fails, `nginx -s reload` says so with its exit code.
# SEEN:  after the key of limit_req_zone is changed under the same zone name,
#   `nginx -t` succeeds and `nginx -s reload` exits 0, but the running master
#   writes an [emerg] to its log and goes on with the old configuration, whole:
#   unrelated changes of the same file are not in force either. -t is a new
#   process, with no old zone to compare with; -s only sends a signal.
#   So a role that changes the key has to change the name too, or to restart.
set -euo pipefail
# shellcheck source=findings/common.bash
. "$(dirname "$0")/common.bash"
debs nginx=1.22.1-9+deb12u9
nginx=$root/usr/sbin/nginx
"$nginx" -v 2>&1
port=$(port)

conf() { # conf KEY ANSWER ZONE
    cat >"$tmp/nginx.conf" <<END
daemon off; pid $tmp/nginx.pid; error_log $tmp/error.log notice; events {}
http {
    access_log off;
    client_body_temp_path $tmp/a; proxy_temp_path $tmp/b; fastcgi_temp_path $tmp/c;
    uwsgi_temp_path $tmp/d; scgi_temp_path $tmp/e;
    limit_req_zone $1 zone=$3:1m rate=100r/s;
    server { listen 127.0.0.1:$port; limit_req zone=$3 burst=50; return 200 "$2\n"; }
}
END
}
args=(-e "$tmp/error.log" -p "$tmp" -c "$tmp/nginx.conf")
answer() { curl -s --max-time 5 --retry 20 --retry-delay 1 --retry-connrefused "http://127.0.0.1:$port/"; }
# logged WORD: wait up to 5 s for the word in the log.
logged() {
    for _ in {1..50}; do
        if grep -F "$1" "$tmp/error.log"; then return 0; fi
        sleep 0.1
    done
    return 1
}

conf "\$binary_remote_addr" old people
"$nginx" "${args[@]}" & pids+=("$!")
still "the first configuration answers" test "$(answer)" = old
conf "\$server_name" new people
still "nginx -t passes the changed key" "$nginx" "${args[@]}" -t
still "nginx -s reload exits 0" "$nginx" "${args[@]}" -s reload
still "the master refuses it in its log only" logged 'limit_req "people" uses the'
sleep 1
still "the old configuration goes on, whole" test "$(answer)" = old
conf "\$server_name" new people2
"$nginx" "${args[@]}" -s reload
sleep 1
still "under another zone name the same reload is taken" test "$(answer)" = new
