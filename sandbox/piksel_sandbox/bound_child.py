"""Run by the daemon as a script: binds this process to its parent's life, then becomes the program to run.

Between fork and exec of a process with threads almost nothing is safe, so the binding is done after a first exec.
A user id after the parent's makes it that user first: a change of user undoes the binding.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1

if __name__ == "__main__":
    parent, user, program = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
    if user != "-":
        os.setgroups([])
        os.setgid(int(user))
        os.setuid(int(user))
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    # The parent may have died before the binding: then there is nothing to run for.
    if os.getppid() != parent:
        sys.exit(1)
    os.execvp(program[0], program)
