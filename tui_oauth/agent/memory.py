"""What keeps an agent's memory where it is, for the hours that it runs.

The C library of most Linux systems keeps room that was large once for the next large thing, and one
such heap for each of many threads. An agent writes the whole vault for each refresh, from whatever
thread, so its memory would grow by many times the vault and never shrink.
"""

from __future__ import annotations

_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8
_LARGE_BYTES = 256 * 1024


def keep_flat() -> bool:
    """Give large pieces of memory back at once, and use one heap. Whether the library can do so."""
    import ctypes  # as late as that: nothing but an agent wants it

    try:
        set_option = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # another C library
        return False
    done: list[int] = [
        set_option(_M_MMAP_THRESHOLD, _LARGE_BYTES),
        set_option(_M_ARENA_MAX, 1),
    ]
    return all(done)
