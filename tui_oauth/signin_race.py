"""One sign-in: its ways race, the first to finish wins and the others stop.

The ways are the browser (by callback or paste) and a code confirmed on another device; all end in
the same stored tokens. RFC 6749 section 4.1, RFC 8252, RFC 8628.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from tui_oauth.elsewhere import AskingKey
from tui_oauth.entries import shell_word
from tui_oauth.errors import PasteProblem, SignInEnded, TuiOauthError, UsageProblem
from tui_oauth.exchange import Granted, Stored, Won, keep
from tui_oauth.oauth.device import is_denied
from tui_oauth.oauth.elsewhere import check_redirect
from tui_oauth.pending import Keeper
from tui_oauth.signin_device import DeviceWay
from tui_oauth.signin_link import LinkWay
from tui_oauth.signin_shown import SignInShown, SignInState

if TYPE_CHECKING:
    from pathlib import Path

    from tui_oauth.applicant import Applicant
    from tui_oauth.callback.server import CallbackServer
    from tui_oauth.model import Entry, TokenSet
    from tui_oauth.oauth.device import DeviceCode
    from tui_oauth.pending import Pending


class SignIn(SignInShown):
    """One sign-in of one entry.

    `run` does the work; the properties, those of `link` and `device` among them, are what a
    window or a command shows meanwhile, and `on_change` is called (in the event loop) whenever
    one of them changed. `pending` is its record, of one that begins or, `taken_up`, of an earlier
    one that goes on. Its `attempt` is None where the service has no sign-in through the browser.
    """

    def __init__(
        self,
        applicant: Applicant,
        pending: Pending,
        server: Callable[[], CallbackServer],
        *,
        taken_up: bool = False,
    ) -> None:
        self.applicant = applicant
        self.workspace = applicant.workspace
        self.taken_up = taken_up
        """Whether it was begun by an earlier run of the program."""
        self.begun_at = pending.begun_at
        self.expires_at = pending.expires_at
        """When this sign-in ends by itself, in Unix seconds."""
        self._keeper = Keeper(applicant, pending, kept=taken_up)
        self.link: LinkWay | None = None
        """The way through the browser; None where the service has none."""
        if pending.attempt is not None:
            self.link = LinkWay(
                applicant,
                pending.attempt,
                server,
                self._settle,
                self._granted,
                self._changed,
                self._keeper.claim,
            )
            if pending.asking_key is not None:
                self.link.asking_key = AskingKey.of(pending.asking_key)
        self.asks_elsewhere = False
        """Whether another machine is to be asked from the start, so that `ask` is there at once."""
        self.device: DeviceWay | None = None
        """The way over another device; None until it was started."""
        if pending.device is not None:
            self.device = self._device_way(pending.device)
        self.state = SignInState.WAITING
        self.note = ""
        """What went less than well in a sign-in that succeeded; empty otherwise."""
        self.error: TuiOauthError | None = None
        self.result: Entry | None = None
        self.learning = False
        """Whether the tokens are stored and it is still being asked whose they are."""
        self.on_change: Callable[[], None] | None = None
        self._outcome: asyncio.Future[Won] | None = None
        self._early: Won | Exception | None = None
        self._finished = asyncio.Event()
        self._polling: asyncio.Task[None] | None = None
        self._last_step: asyncio.Task[Granted] | None = None
        self._running = False
        self._left = False

    # ---- what is done

    async def run(self) -> Entry:
        """Wait for the answer, exchange it, store the tokens; the entry as it stands then.

        Raises SignInEnded when the time is up or the person cancelled, ProviderRefused or
        ProviderUnreachable when the provider did not grant, and whatever kept the vault from
        being written. The vault changes only when tokens were granted.
        """
        if self._running:
            raise RuntimeError("this sign-in runs already")
        self._running = True
        try:
            return await self._run()
        except TuiOauthError as error:
            self.error = error
            if not self.ended:
                out_of_time = isinstance(error, SignInEnded)
                self.state = SignInState.EXPIRED if out_of_time else SignInState.FAILED
            if not self._left:
                await self.forget()
            raise
        except Exception:  # a defect of ours is not to look as if the person had cancelled
            self.state = SignInState.FAILED
            if not self._left:
                await self.forget()
            raise
        finally:
            if not self.ended:
                self.state = SignInState.CANCELLED
            self.learning = False
            self._finished.set()
            self._changed()
            await self._stop_polling()
            if self.link is not None:
                await self.link.close()

    def start_device(self) -> None:
        """Ask for a device code, beside the other ways; nothing happens while one waits.

        Raises UsageProblem when the service has no such way, SignInEnded when the sign-in has
        its answer.
        """
        if not self.offers_device:
            raise UsageProblem(
                f"{self.service.name} has no sign-in by a code on another device.",
                "Use the Authorization link.",
            )
        self._check_open()
        if self.device_waits:
            return
        self.device = self._device_way()
        if self._outcome is not None:
            self._poll(self.device)
            self._changed()

    async def ask_elsewhere(self) -> None:
        """Have a machine with a browser asked for the answer: `ask` says what it is told.

        Raises UsageProblem where there is nothing to ask, because the answer comes by itself.
        """
        if self.link is None:
            raise UsageProblem(
                f"{self.service.name} has no Authorization link to open elsewhere.",
                "Confirm the code on any device.",
            )
        check_redirect(self.callback_url)
        if self.link.asking_key is None:
            key = AskingKey.new()
            await self._keeper.keep(asking_key=key.secret)
            self.link.asking_key = key
            self._changed()

    def paste(self, text: str) -> None:
        """Take a pasted answer: the whole address, its query, or the code.

        Raises PasteProblem when it is not the answer of this sign-in, which then goes on. An
        answer in which the provider refuses ends the sign-in, as the callback would.
        """
        self._check_open()
        if self.link is None:
            raise PasteProblem(
                f"{self.service.name} has no address to paste.", "Enter the code at the provider."
            )
        self.link.paste(text)

    def look_at(self, text: str) -> str:
        """What `text` seems to be, in words, for a person who is typing or pasting."""
        return self.link.look_at(text) if self.link is not None else ""

    def write_file(self) -> Path:
        """Write the link to a file for this person alone, which goes when the sign-in ends.

        Raises StorageFailed, and UsageProblem where there is no link now.
        """
        if self.link is None or not self.authorization_url or self.ended:
            raise UsageProblem("There is no link to write to a file now.")
        return self.link.write_file()

    def asks_the_same(self, other: SignIn) -> bool:
        """Whether `other`, for the same entry, would ask the same with the same credentials."""

        def asked(signin: SignIn) -> tuple[object, ...]:
            applicant = signin.applicant
            link = (signin.callback_url, applicant.scopes)
            return (*link, applicant.service, applicant.client, dict(signin.entry.variables))

        return asked(self) == asked(other)

    async def forget(self) -> None:
        """See to it that no other run takes this sign-in up any more."""
        await self._keeper.forget()

    def leave(self) -> None:
        """Wait no longer, because the program ends. Another run may take the sign-in up again."""
        self._left = True
        self.cancel()

    def cancel(self) -> None:
        """End this sign-in. Nothing is stored unless the provider had already granted."""
        if self.ended and not self.learning:
            return
        if self._last_step is not None:
            self._last_step.cancel()
            return
        self.state = SignInState.CANCELLED
        if self._polling is not None:
            self._polling.cancel()
        self._put(_cancelled())
        if not self._running:
            self._finished.set()
            if not self._left:
                self._keeper.forget_now()

    # ---- how it goes

    async def _run(self) -> Entry:
        self._outcome = asyncio.get_running_loop().create_future()
        if self._early is not None:
            self._put(self._early)
        try:
            async with asyncio.timeout(max(0, self.expires_at - self.workspace.now())):
                if self.link is not None:
                    await self._ask_for_link(self.link, self._outcome)
                    await self._keeper.keep(attempt=self.link.attempt)
                    await self.link.prepare()
                    if self.asks_elsewhere:
                        await self.ask_elsewhere()
                self._changed()
                if self.device is not None and self._polling is None and not self._outcome.done():
                    self._poll(self.device)
                won = await self._outcome
        except TimeoutError:
            raise SignInEnded(
                f"No answer came for {self.entry.name} in the time that was given.",
                f"Start again: tui-oauth authorize {shell_word(self.entry.name)}",
            ) from None
        if self.state is SignInState.CANCELLED:  # after the answer came, before it was taken up
            raise _cancelled()
        self.state = SignInState.EXCHANGING
        await self._stop_polling()
        if self.link is not None:
            await self.link.keep_link()
        self._changed()
        return await self._take_up(won)

    async def _ask_for_link(self, link: LinkWay, outcome: asyncio.Future[Won]) -> None:
        """Get the link. A sign-in that is cancelled meanwhile does not wait for it."""
        asking = asyncio.create_task(link.ask_for_link())
        either: set[asyncio.Future[Any]] = {asking, outcome}
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if not asking.done():
                asking.cancel()
                await asyncio.wait({asking})
        error = None if asking.cancelled() else asking.exception()
        if error is not None and not outcome.done():
            raise error

    async def _take_up(self, won: Won) -> Entry:
        """Make stored tokens of what won."""
        self._last_step = asyncio.create_task(won.finish(self._stored))
        try:
            granted = await asyncio.shield(self._last_step)
        except asyncio.CancelledError:
            if not self._last_step.cancelled():
                # The whole program ends. What the provider has granted is still stored.
                self._last_step.cancel()
                raise
            self.state = SignInState.CANCELLED
            raise SignInEnded(
                "The sign-in was cancelled while its tokens were being fetched.",
                f"Nothing was stored; {won.if_cancelled}.",
            ) from None
        self.result = granted.entry
        self.note = granted.note
        self.state = SignInState.AUTHORIZED
        return granted.entry

    def _stored(self, entry: Entry) -> None:
        """The tokens are safe: browser and terminal say so before it is known whose they are."""
        self.result = entry
        self.state = SignInState.AUTHORIZED
        self.learning = True
        self._finished.set()
        self._changed()

    def _device_way(self, code: DeviceCode | None = None) -> DeviceWay:
        async def got(new: DeviceCode) -> None:
            await self._keeper.keep(device=new)

        return DeviceWay(self.applicant, self.expires_at, self._changed, code=code, got=got)

    async def _by_code(self, tokens: TokenSet, stored: Stored) -> Granted:
        await self._keeper.forget()
        return await keep(self.applicant, tokens, stored)

    def _poll(self, way: DeviceWay) -> None:
        self._polling = asyncio.create_task(self._by_device(way))

    async def _by_device(self, way: DeviceWay) -> None:
        try:
            tokens = await way.run()
            outcome: Won | Exception = Won(
                partial(self._by_code, tokens), "start again with a new code"
            )
        except TuiOauthError as error:
            # What a person declined there is declined. Anything else leaves the link, if any.
            if self.link is not None and not is_denied(error):
                self._changed()
                return
            outcome = error
        except Exception as error:  # a defect: it must not end in silence while the rest waits
            outcome = error
        self._settle(outcome)

    async def _stop_polling(self) -> None:
        """Send nothing more for the device code (checklist rule 100)."""
        task, self._polling = self._polling, None
        if task is not None:
            task.cancel()
            await asyncio.wait({task})

    def _settle(self, outcome: Won | Exception) -> bool:
        """Take the first outcome; False when there is one already."""
        has_one = self._early is not None or (self._outcome is not None and self._outcome.done())
        if has_one or self.ended or self.state is SignInState.EXCHANGING:
            return False
        self._put(outcome)
        return True

    def _put(self, outcome: Won | Exception) -> None:
        if self._outcome is None:
            self._early = outcome
        elif self._outcome.done():
            return
        elif isinstance(outcome, Exception):
            self._outcome.set_exception(outcome)
        else:
            self._outcome.set_result(outcome)

    def _check_open(self) -> None:
        if self.ended or self.state is SignInState.EXCHANGING:
            raise SignInEnded("This sign-in has its answer already.")

    async def _granted(self) -> bool:
        await self._finished.wait()
        return self.state is SignInState.AUTHORIZED

    def _changed(self) -> None:
        if self.on_change is not None:
            self.on_change()


def _cancelled() -> SignInEnded:
    return SignInEnded("The sign-in was cancelled.", "Nothing was changed.")
