#!/usr/bin/env bash
# ansible-core 2.19: "attempts" is one short, but only when all of them were in vain.
#
# GUESS: the result's `attempts` is the number of times that a task with `until` was
#   run, and `retries: 2` bounds it, or the retries after the first, at two.
# SEEN:  `retries: 2` makes up to three runs. When the third succeeds, attempts is 3;
#   when the third fails too, attempts is 2, though the task ran just as often. The
#   message "gave up after {{ attempts }} tries" is wrong whenever it is shown.
set -euo pipefail
# shellcheck source=findings/common.bash
. "$(dirname "$0")/common.bash"
ansible_up

cat >"$tmp/play.yml" <<'END'
- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - shell: "echo run >> {{ tmp }}/{{ item }}; [ $(wc -l < {{ tmp }}/{{ item }}) -ge {{ item }} ]"
      register: result
      until: result.rc == 0
      retries: 2
      delay: 0
      loop: [2, 3, 99]
      ignore_errors: true
    - debug:
        msg: "good from run {{ item.item }}: rc {{ item.rc }}, attempts {{ item.attempts }},
          runs {{ lookup('file', tmp ~ '/' ~ item.item).split() | length }}"
      loop: "{{ result.results }}"
      loop_control: { label: "" }
END
ansible-playbook -i localhost, -e "tmp=$tmp" "$tmp/play.yml" >"$tmp/seen" 2>/dev/null || true
grep '"msg": "good' "$tmp/seen"

still "good at the second: 2 attempts, 2 runs" grep -q 'run 2: rc 0, attempts 2, runs 2' "$tmp/seen"
still "good at the third: 3 attempts, 3 runs" grep -q 'run 3: rc 0, attempts 3, runs 3' "$tmp/seen"
still "never good: 2 attempts, 3 runs" grep -q 'run 99: rc 1, attempts 2, runs 3' "$tmp/seen"
