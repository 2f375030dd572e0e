#!/usr/bin/env bash
# dpkg 1.21: one override for a group that is gone stops every installation.
#
# GUESS: dpkg-statoverride keeps the number of the group, or at worst an override that
#   can no longer be applied is skipped with a warning; packages that have nothing to
#   do with that file go on being installed, with --force-all at the latest.
# SEEN:  the name is kept. Once the group is deleted, dpkg -i of any package ends with
#   a fatal error (exit 2), --force-all or not, while removing a package still works.
#   The name is checked once, when the override is added; the deletion of the group,
#   perhaps months later, says nothing, and the next upgrade of anything fails.
set -euo pipefail
# shellcheck source=findings/common.bash
. "$(dirname "$0")/common.bash"
debs dpkg=1.21.23
unset LD_LIBRARY_PATH
export PATH=$root/usr/bin:$PATH
dpkg --version | sed -n 1p

# A package database of its own, a list of groups of its own, and two tiny packages.
fs=$tmp/fs
mkdir -p "$fs"/var/lib/dpkg/{info,updates,triggers}
touch "$fs"/var/lib/dpkg/{status,available}
printf 'root:x:0:\nschool:x:60:\n' >"$tmp/group"
for name in before after; do
    mkdir -p "$tmp/$name/DEBIAN" "$tmp/$name/usr/share/$name"
    printf '%s\n' "Package: $name" 'Version: 1' 'Architecture: all' \
        'Maintainer: A <a@example.org>' 'Description: empty' >"$tmp/$name/DEBIAN/control"
    dpkg-deb --root-owner-group -b "$tmp/$name" "$tmp/$name.deb" >/dev/null
done
# As root of a user namespace, with the list of groups mounted in this namespace alone.
work() {
    # shellcheck disable=SC2016
    unshare -rm bash -c 'mount --bind "$0" /etc/group && exec "$@"' "$tmp/group" \
        "$1" --root="$fs" "${@:2}" 2>&1
}

work dpkg-statoverride --add root school 0640 /etc/school/secret
echo "kept as: $(cat "$fs/var/lib/dpkg/statoverride")"
still "while the group exists, a package is installed" work dpkg -i "$tmp/before.deb"

echo 'root:x:0:' >"$tmp/group"
fatal() {
    local code=0
    work dpkg "$@" >"$tmp/said" || code=$?
    cat "$tmp/said"
    [ "$code" -eq 2 ] && grep -q "unknown system group 'school'" "$tmp/said"
}
still "without it, another package is refused" fatal -i "$tmp/after.deb"
still "so it is with --force-all" fatal --force-all -i "$tmp/after.deb"
still "removing a package goes on working" work dpkg -r before
still "the override can be taken back" work dpkg-statoverride --remove /etc/school/secret
still "and then the package is installed" work dpkg -i "$tmp/after.deb"
