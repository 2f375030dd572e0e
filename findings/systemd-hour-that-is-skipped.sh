#!/usr/bin/env bash
# systemd 252: a daily timer at 02:30 does not run at all on the day when clocks go forward.
#
# GUESS: OnCalendar=*-*-* 02:30:00 elapses once on every day of Europe/Berlin. On the
#   Sunday in March that has no 02:30 it elapses at 03:00 or 03:30, as Debian's cron
#   does with a daily job; in October, when 02:30 comes twice, once or twice.
# SEEN:  in March the day is left out, 02:30 of Saturday is followed by 02:30 of Monday:
#   47 hours. In October the first 02:30 counts. A timer with every quarter of the hours
#   2 to 4 pauses for 75 minutes there, because the second 02:00 to 02:59 is passed by.
#   A nightly backup or renewal belongs before 02:00 or after 03:00, or needs UTC.
set -euo pipefail
# shellcheck source=findings/common.bash
. "$(dirname "$0")/common.bash"
debs systemd=252.39-1~deb12u2 libsystemd-shared=252.39-1~deb12u2 tzdata=2026f-0+deb12u1
LD_LIBRARY_PATH+=:$root/usr/lib/x86_64-linux-gnu/systemd
analyze=$root/usr/bin/systemd-analyze
export TZ=Europe/Berlin TZDIR=$root/usr/share/zoneinfo

# elapses SPEC FROM COUNT: when the timer elapses next, local times.
elapses() {
    "$analyze" calendar "$1" --base-time="$2" --iterations="$3" |
        sed -nE 's/^ *(Next elapse|Iter\. #[0-9]+): //p'
}

"$analyze" --version | head -1
march=$(elapses '*-*-* 02:30:00' '2027-03-26 12:00' 3)
echo "$march"
still "the Sunday of March is left out" test "$march" = "Sat 2027-03-27 02:30:00 CET
Mon 2027-03-29 02:30:00 CEST
Tue 2027-03-30 02:30:00 CEST"
october=$(elapses '*-*-* 02..04:00/15:00' '2027-10-31 01:50' 6)
echo "$october"
still "the second hour of October is passed by" test "$october" = "Sun 2027-10-31 02:00:00 CEST
Sun 2027-10-31 02:15:00 CEST
Sun 2027-10-31 02:30:00 CEST
Sun 2027-10-31 02:45:00 CEST
Sun 2027-10-31 03:00:00 CET
Sun 2027-10-31 03:15:00 CET"
