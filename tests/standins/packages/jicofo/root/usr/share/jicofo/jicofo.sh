#!/bin/bash
# STAND-IN. Starts the stand-in with the command line that the genuine Jicofo would get.
default=/etc/jitsi/jicofo/jicofo.conf
if [[ "$JAVA_SYS_PROPS" != *"-Dconfig.file="* ]]; then
    if [ ! -f "$default" ]; then
        echo "No configuration: JAVA_SYS_PROPS names no -Dconfig.file and $default is missing."
        exit 2
    fi
    JAVA_SYS_PROPS="$JAVA_SYS_PROPS -Dconfig.file=$default"
fi
here=$(dirname "$(readlink -f "$0")")
# Java's own options are passed on unread, so that a process list shows them.
exec python3 -BI "$here/standin/jicofo" -Xmx"${JICOFO_MAX_MEMORY:-3072m}" \
    -XX:+HeapDumpOnOutOfMemoryError -XX:HeapDumpPath=/tmp \
    -Djdk.tls.ephemeralDHKeySize=2048 $JAVA_SYS_PROPS org.jitsi.jicofo.Main "$@"
