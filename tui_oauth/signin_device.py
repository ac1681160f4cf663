"""The way over another device: a code that a person confirms elsewhere, and polling meanwhile.

RFC 8628. When it is polled, and what ends it, `oauth.device` decides; here it is done.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from tui_oauth.errors import ProviderUnreachable, TuiOauthError
from tui_oauth.oauth.device import (
    DeviceCode,
    Poll,
    code_ended,
    device_request,
    first_poll,
    next_poll,
    poll_request,
    read_device,
    read_poll,
)

if TYPE_CHECKING:
    from tui_oauth.applicant import Applicant
    from tui_oauth.model import TokenSet

ASK_SECONDS = 30.0


class DeviceWay:
    """One device code of one sign-in, from the request for it to tokens.

    `ends_at` is when the sign-in itself ends, in Unix seconds. `changed` is called, in the event
    loop, when there is a code and whenever a poll found the provider gone or back. `sleep` waits
    for seconds. `code` is one that was got before, of a sign-in that goes on; `got` is awaited with
    a new one before it is shown.
    """

    def __init__(
        self,
        applicant: Applicant,
        ends_at: int,
        changed: Callable[[], None],
        sleep: Callable[[int], Awaitable[None]] = asyncio.sleep,
        *,
        code: DeviceCode | None = None,
        got: Callable[[DeviceCode], Awaitable[None]] | None = None,
    ) -> None:
        self.code: DeviceCode | None = code
        """What the person needs; None until the provider gave it."""
        self.error: TuiOauthError | None = None
        """Why this way has ended without tokens; None while it goes on."""
        self.trouble = ""
        """Why the last poll got no answer; empty after one that did."""
        self._applicant = applicant
        self._ends_at = ends_at
        self._changed = changed
        self._sleep = sleep
        self._got = got

    async def run(self) -> TokenSet:
        """Ask for a code, then poll until the person has decided.

        Raises SignInEnded when the code has ended, ProviderRefused when the person or the
        provider said no, ProviderUnreachable when there is no code to be had or an answer was
        not understood. Nothing is sent any more once it is cancelled.
        """
        try:
            return await self._run()
        except TuiOauthError as error:
            self.error = error
            raise

    async def _run(self) -> TokenSet:
        now = self._applicant.workspace.now
        code = self.code or await self._ask()
        self._changed()
        polling = first_poll(code, now())
        while True:
            await self._sleep(polling.wait)
            if polling.over or now() >= code.expires_at:
                raise code_ended(self._applicant.service)
            outcome = await self._poll(code)
            if not isinstance(outcome, Poll):
                return outcome
            polling = next_poll(polling, outcome, now())

    async def _ask(self) -> DeviceCode:
        applicant = self._applicant
        asked_at = applicant.workspace.now()
        request = device_request(applicant.service, applicant.client, applicant.scopes)
        response = await applicant.ask(request, deadline=ASK_SECONDS)
        code = read_device(applicant.service, response, asked_at, applicant.scopes)
        code = replace(code, expires_at=min(code.expires_at, self._ends_at))
        if self._got is not None:
            await self._got(code)
        self.code = code
        return code

    async def _poll(self, code: DeviceCode) -> TokenSet | Poll:
        applicant = self._applicant
        request = poll_request(applicant.service, applicant.client, code)
        sent_at = applicant.workspace.now()
        try:
            response = await applicant.ask(request, deadline=ASK_SECONDS)
        except ProviderUnreachable as error:
            self._troubled(error.message)
            return Poll.NO_ANSWER
        outcome = read_poll(
            applicant.service, response, requested=applicant.scopes, sent_at=sent_at
        )
        silent = outcome is Poll.NO_ANSWER
        host = f"{response.host} answers with HTTP {response.status}."
        self._troubled(host if silent else "")
        return outcome

    def _troubled(self, words: str) -> None:
        if words != self.trouble:
            self.trouble = words
            self._changed()
