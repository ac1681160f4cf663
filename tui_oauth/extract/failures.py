"""What dlt raises, as errors of ours: what happened to the destination, and what to do."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

from tui_oauth.errors import StorageFailed, TuiOauthError, UsageProblem
from tui_oauth.text import neutralise

if TYPE_CHECKING:
    from tui_oauth.extract.destination import Destination

_AGAIN = "What was fetched is kept; run it again, and it goes on from there."


def explained(error: BaseException, to: Destination) -> TuiOauthError:
    """`error` in our words: the innermost cause counts."""
    chain = list(_causes(error))
    for one in chain:
        if isinstance(one, TuiOauthError):
            return one
    if any(_is_full(one) for one in chain):
        return StorageFailed(f"The disk is full: {to.words}.", f"Free space. {_AGAIN}")
    names = {type(one).__name__ for one in chain}
    if names & {"ConfigFieldMissingException", "ConfigFileNotFoundException"}:
        return UsageProblem(
            f"dlt does not know how to reach this destination, {to.words}: its credentials are not set.",
            "Put them into .dlt/secrets.toml or the environment, as dlt's documentation says.",
        )
    if names & {"MissingDependencyException", "UnknownDestinationModule"}:
        return UsageProblem(
            f"dlt cannot load into {to.kind} here.", f"Run: pip install 'dlt[{to.kind}]'"
        )
    inner = chain[-1]
    words = neutralise(str(inner).strip().partition("\n")[0], 300) or type(inner).__name__
    return StorageFailed(f"{to.words} did not take the rows: {words}.", _AGAIN)


def _causes(error: BaseException | None) -> list[BaseException]:
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found


def _is_full(error: BaseException) -> bool:
    if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return True
    return os.strerror(errno.ENOSPC) in str(error)  # DuckDB says it in words alone
