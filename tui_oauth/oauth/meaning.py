"""What one kind of failure at a provider means: a row of the tables in `causes` and `codes`."""

from __future__ import annotations

import re
from typing import NamedTuple

from tui_oauth.errors import Fix
from tui_oauth.oauth import steps

LINK = (steps.SIGN_IN, steps.PAR)
CODE = (steps.TOKEN, steps.LONG_LIVED)
DEVICE = (steps.DEVICE, steps.POLL)
CLIENT = (steps.CLIENT,)
REFRESH = (steps.REFRESH,)

# Advice that several rows give.
RETRY = "Try again in a moment; nothing was changed."
AGAIN = "Start the sign-in again with a new link."
NEW_CODE = "Start the sign-in again to get a new code."
SIGN_IN_AGAIN = "Authorize the entry again."
TELL = "The service's file may be wrong or out of date; the provider's words above say more."
CREDENTIALS = (
    "Configure the entry with the {client_id} and {client_secret} from {name}, copied anew."
)

BAD_CODE = (
    "does not accept the code: it was used, is older than it may be, or was cut when copied, or the "
    "Callback URL differs"
)


class Meaning(NamedTuple):
    """When it is meant, what it is, and what to do.

    `means` goes on after the service's name. `codes` are error codes in lower case, `words` a
    pattern that the code or the words hold, `at` the steps; what is empty does not matter.
    `passing`: trying again may help. `means` and `advice` may hold `{name}`, `{client_id}` and
    `{client_secret}` (as the service calls them), `{scopes}`, `{resource}`, `{clock}` and
    `{lifetime}`, which `explain` fills in.
    """

    means: str
    advice: str
    fix: Fix
    codes: frozenset[str]
    words: str
    at: tuple[str, ...]
    passing: bool

    def fits(self, step: str, code: str, said: str) -> bool:
        """Whether an error with this code (in lower case) and these words is meant."""
        if self.at and step not in self.at:
            return False
        if self.codes and code not in self.codes:
            return False
        return not self.words or re.search(self.words, said, re.IGNORECASE) is not None


def row(
    means: str,
    advice: str,
    fix: Fix = Fix.NONE,
    *,
    codes: str = "",
    words: str = "",
    at: tuple[str, ...] = (),
    passing: bool = False,
) -> Meaning:
    """One row; `codes` are separated by blanks."""
    return Meaning(means, advice, fix, frozenset(codes.split()), words, at, passing)
