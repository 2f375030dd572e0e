#!/bin/bash
# STAND-IN. Starts the stand-in bridge with the command line that the genuine one would get.
here=$(dirname "$(readlink -f "$0")")
if [ -f "$here/lib/videobridge.rc" ]; then . "$here/lib/videobridge.rc"; fi
memory=${VIDEOBRIDGE_MAX_MEMORY:-3072m}
collector=${VIDEOBRIDGE_GC_TYPE:-G1GC}
# Java's own options are passed on unread, so that a process list shows them.
exec python3 -BI "$here/standin/videobridge" -Xmx"$memory" $VIDEOBRIDGE_DEBUG_OPTIONS \
    -XX:+Use"$collector" -XX:+HeapDumpOnOutOfMemoryError -XX:HeapDumpPath=/tmp \
    -Djdk.tls.ephemeralDHKeySize=2048 $JAVA_SYS_PROPS org.jitsi.videobridge.MainKt "$@"
