"""Work that waits, in a thread of its own, for whoever must not wait.

The event loop's own threads are not for this: it waits for them when it ends, and a look-up of a host's
name cannot be ended.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from typing import TypeVar

Result = TypeVar("Result")


async def aside(work: Callable[[], Result]) -> Result:
    """What `work` gives, or raises. When this is cancelled, nobody waits for its end."""
    future: Future[Result] = Future()

    def run() -> None:
        try:
            result = work()
        except BaseException as error:
            with suppress(InvalidStateError):  # nobody waits any more
                future.set_exception(error)
        else:
            with suppress(InvalidStateError):
                future.set_result(result)

    threading.Thread(target=run, name="tui-oauth-net", daemon=True).start()
    return await asyncio.wrap_future(future)
