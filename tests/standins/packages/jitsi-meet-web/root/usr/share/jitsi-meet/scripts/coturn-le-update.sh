#!/bin/bash
# STAND-IN. Copies the web certificate to where coturn may read it, as the genuine script does.
set -e
host=$1
conf=/etc/turnserver.conf
if ! grep -q "jitsi-meet coturn config" $conf; then exit 0; fi
target=/etc/coturn/certs
mkdir -p $target
cp "/etc/jitsi/meet/$host.crt" "$target/$host.fullchain.pem"
cp "/etc/jitsi/meet/$host.key" "$target/$host.privkey.pem"
chown turnserver "$target/$host".*.pem
chmod 400 "$target/$host".*.pem
sed -i -e "s#^cert.*#cert=$target/$host.fullchain.pem#" \
    -e "s#^pkey.*#pkey=$target/$host.privkey.pem#" $conf
systemctl restart coturn.service || true
