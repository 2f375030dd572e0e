#!/usr/bin/env bash
# ansible-core 2.19: after the last retry, a result is "failed" in spite of failed_when.
#
# GUESS: `failed_when: false` decides what failed means for a task: the registered
#   result of such a task is never failed, with `until` or without.
# SEEN:  without `until` that is so. With it, when the tries are used up, the task
#   goes on (it is reported as changed, and the play as without failure) while its
#   registered result says `is failed`. The play and the variable contradict each
#   other, so a later `when: result is failed` takes the branch of a failure.
set -euo pipefail
# shellcheck source=findings/common.bash
. "$(dirname "$0")/common.bash"
ansible_up

cat >"$tmp/play.yml" <<'END'
- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - command: "false"
      register: once
      failed_when: false
    - command: "false"
      register: retried
      failed_when: false
      until: retried.rc == 0
      retries: 1
      delay: 0
    - debug: { msg: "without until: rc {{ once.rc }}, is failed {{ once is failed }}" }
    - debug: { msg: "with until: rc {{ retried.rc }}, is failed {{ retried is failed }}" }
END
ansible-playbook -i localhost, "$tmp/play.yml" >"$tmp/seen" 2>/dev/null || echo "exit $?" >>"$tmp/seen"
grep -E 'msg|ok=|^exit' "$tmp/seen"

still "without until the result is not failed" grep -q 'without until: rc 1, is failed False' "$tmp/seen"
still "with until it is" grep -q 'with until: rc 1, is failed True' "$tmp/seen"
still "while the play knows no failure" grep -q 'failed=0 .*ignored=0' "$tmp/seen"
