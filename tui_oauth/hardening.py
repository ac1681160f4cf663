"""What keeps this process's memory from other programs and from core files, where that is possible.

For the window, which holds secrets for hours; a `token` call ends sooner than this would pay (loading
ctypes costs 4 ms). Linux shows the memory and environment of a process that is not dumpable to
root only, and writes no core file of it (prctl(2), PR_SET_DUMPABLE; proc(5)). This slows another
program of the same user, no more: it may still run `tui-oauth token` itself.
"""

from __future__ import annotations

_PR_SET_DUMPABLE = 4


def harden() -> bool:
    """Make this process not dumpable, without core files. Whether the system went along with it.

    Programs that it starts are dumpable again (execve(2)); they inherit that there are no core files.
    """
    # Not at the top: the window imports this module before its first paint.
    import ctypes
    import resource

    try:
        _, hard = resource.getrlimit(resource.RLIMIT_CORE)
        resource.setrlimit(resource.RLIMIT_CORE, (0, hard))
        prctl = ctypes.CDLL(None).prctl
    except (OSError, ValueError, AttributeError):  # no Linux, or a sandbox that forbids it
        return False
    prctl.argtypes = [ctypes.c_int, *[ctypes.c_ulong] * 4]
    done: int = prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    return done == 0
