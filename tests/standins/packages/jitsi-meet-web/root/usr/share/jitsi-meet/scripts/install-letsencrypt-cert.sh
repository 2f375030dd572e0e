#!/bin/bash
# STAND-IN. The genuine script fetches acme.sh from a foreign server; this one tries, and stops.
curl -fsS --max-time 10 https://get.acme.sh >/dev/null 2>&1
echo "STAND-IN: no certificate was requested for $2." >&2
exit 1
