"""A program of its own: `ansible-playbook`, which ends with the program that started it.

runner.py starts it in the same Python, so that it is the Ansible that belongs to the program.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys

from provision.limits import ANSIBLE_MEMORY

START = "import sys; sys.path.insert(0, sys.argv.pop(1)); from provision.play import main; main()"
"""What Python runs, with the folder in which this package is, and the number of the parent."""
_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Run the playbook that the command line names."""
    parent = int(sys.argv.pop(1))
    # Whoever kills the program means what it does as well.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(1)
    # A server may answer without end, and Ansible keeps all of it.
    resource.setrlimit(resource.RLIMIT_DATA, (ANSIBLE_MEMORY, ANSIBLE_MEMORY))
    sys.argv[0] = "ansible-playbook"
    from ansible.cli.playbook import main as playbook  # noqa: PLC0415 - within the limits

    playbook()
