"""Authorization links that refer to a pushed request (RFC 9126): the first one, and those after it.

What a server keeps of a pushed request ends soon, often after a minute; a person needs longer. So a
new link takes the place of one that is about to end, for as long as the sign-in waits. All of them
ask the same, with the same state and code verifier: whichever is used, its answer fits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from tui_oauth.errors import ProviderUnreachable, TuiOauthError
from tui_oauth.oauth.explain import Asked
from tui_oauth.oauth.par import Pushed, par_request, read_pushed, with_link

if TYPE_CHECKING:
    from tui_oauth.applicant import Applicant
    from tui_oauth.oauth.authorize import Attempt

PUSH_SECONDS = 30.0
LONGEST_MARGIN = 10
"""Seconds before its end at which a link is replaced, at most; of a short life it is a quarter."""
SHORTEST_PAUSE = 5.0
LONGEST_PAUSE = 60.0
"""Seconds between two pushes, at least; at most where one after the other fails."""


class PushedLinks:
    """The links of one attempt. `take` is given the attempt with each new one, in the event loop.

    `changed` is called when `trouble` has changed. `sleep` waits for seconds.
    """

    def __init__(
        self,
        applicant: Applicant,
        take: Callable[[Attempt], None],
        changed: Callable[[], None],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.trouble = ""
        """Why no new link could be had; empty while all is well."""
        self._applicant = applicant
        self._take = take
        self._changed = changed
        self._sleep = sleep

    async def push(self, attempt: Attempt) -> Pushed:
        """Push what `attempt` asks for and take the link to it.

        Raises ProviderRefused or ProviderUnreachable when there is no link to be had.
        """
        applicant = self._applicant
        asked_at = applicant.workspace.now()
        request = par_request(applicant.service, applicant.client, attempt)
        response = await applicant.ask(request, deadline=PUSH_SECONDS)
        asked = Asked(attempt.scopes, attempt.redirect_uri)
        pushed = read_pushed(applicant.service, response, sent_at=asked_at, asked=asked)
        self._take(with_link(applicant.service, attempt, pushed))
        return pushed

    async def keep_fresh(self, attempt: Attempt, pushed: Pushed) -> None:
        """Replace each link before it ends, until this is cancelled or the provider says no."""
        pause = SHORTEST_PAUSE
        while True:
            left = pushed.expires_at - self._applicant.workspace.now()
            wait = max(pause, left - min(LONGEST_MARGIN, left / 4))
            await self._sleep(wait)
            try:
                pushed = await self.push(attempt)
            except ProviderUnreachable as error:
                self._say(f"There is no newer link yet: {error.message}")
                pause = min(2 * pause, LONGEST_PAUSE)
            except TuiOauthError as error:
                self._say(f"There is no newer link: {error}")
                return
            else:
                pause = SHORTEST_PAUSE
                self._say("")

    def _say(self, trouble: str) -> None:
        if trouble != self.trouble:
            self.trouble = trouble
            self._changed()
