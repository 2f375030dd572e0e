"""Signs in anew through changed settings of SSH and firewall, and only then has them kept."""

from __future__ import annotations

import time
from typing import Any

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.action import ActionBase

from provision import deployment

# sshd shuts out, for a while, whoever fails more often.
PAUSE = 5.0
# The server may be a little late.
GRACE = 15.0


class ActionModule(ActionBase):  # type: ignore[misc]
    """Fails with cause and remedy where nobody can sign in any more."""

    def run(
        self, tmp: str | None = None, task_vars: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Return the module's result."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        seconds = float(self._task.args.get("seconds", 60))
        begun, why = time.monotonic(), ""
        while True:
            waited = time.monotonic() - begun
            try:
                # A connection of before would go on through any firewall.
                self._connection.reset()
                module = self._execute_module(task_vars=task_vars)
            except AnsibleConnectionFailure as error:
                why = why or str(error)
            else:
                if module.get("failed") or module.get("kept"):
                    return result | module
                return result | deployment.locked_out(why, taken_back=True)
            if waited > seconds + GRACE:
                return result | deployment.locked_out(why, taken_back=False)
            time.sleep(PAUSE)
