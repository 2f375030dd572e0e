#!/bin/bash
# STAND-IN. Asks the bridge to end after the running conferences (needs curl and jq).
url=http://127.0.0.1:8080
while getopts "h:s" option; do
    case $option in h) url=$OPTARG ;; esac
done
curl -sf -H 'Content-Type: application/json' -d '{"graceful-shutdown":"true"}' \
    "$url/colibri/shutdown" || exit 1
while left=$(curl -sf "$url/colibri/stats" | jq '.participants - .octo_endpoints') \
    && [ "${left:-0}" -gt 0 ]; do
    sleep 5
done
