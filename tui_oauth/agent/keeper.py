"""Refreshing what is due, and one request for all who want the same token at once.

Every refresh goes through `tokens.access_token`, which holds the entry's lock: the agent is one more
process among those that share the vault, only an early one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING

from tui_oauth.agent.holder import Holder
from tui_oauth.agent.schedule import Course, Schedule
from tui_oauth.entries import declared_service
from tui_oauth.errors import NeedsPerson, NotFound, TuiOauthError, VaultBusy, VaultLocked
from tui_oauth.model import Entry, TokenSet, renews
from tui_oauth.tokens import DEFAULT_DEADLINE, access_token, lasts

if TYPE_CHECKING:
    from tui_oauth.vault.repository import Listing
    from tui_oauth.workspace import Workspace

LOOK_SECONDS = 2.0
"""How often the vault's file is looked at for changes of others: one lstat."""
PUT_OFF_SECONDS = 10.0

SOON_SECONDS = 0.25
"""After a refresh of ours: several that end together are looked at together."""

Seen = Callable[["Workspace | None", list[Entry]], None]


class Keeper:
    """Keeps the entries of one vault fresh.

    `tick` is called from one thread; `token` from many. `wake` is called from other threads when
    `tick` has something to do. `seen` is told the entries after each change, with the workspace they
    are of, or None and no entries where the vault is locked; `failing` is told of the first failure of several in a row that may pass,
    from any thread; `say` gets sentences for the log.
    """

    def __init__(
        self,
        holder: Holder,
        *,
        wake: Callable[[], None],
        say: Callable[[str], None],
        seen: Seen,
        failing: Callable[[Workspace, Entry, str], None],
        deadline: float = DEFAULT_DEADLINE,
    ) -> None:
        self._holder = holder
        self._wake = wake
        self._say = say
        self._seen = seen
        self._failing = failing
        self._deadline = deadline
        self._mutex = threading.Lock()
        self._schedule = Schedule()
        self._entries: list[Entry] = []
        self._listing: Listing | None = None
        self._generation = -1
        self._next_look = 0.0
        self._flights: dict[tuple[str, int], Future[TokenSet]] = {}
        self._threads: set[threading.Thread] = set()
        self._was_open: bool | None = None
        _load_ahead()

    def tick(self, now: float) -> float:
        """Do what is due at `now` and give the seconds until there may be more to do."""
        if now >= self._next_look:
            self._next_look = now + LOOK_SECONDS
            self.look(now)
        if not self._holder.is_open:
            return max(0.0, self._next_look - now)
        with self._mutex:
            taken = self._schedule.take_due(now)
        for course in taken:
            self._start(course)
        with self._mutex:
            due = self._schedule.next_due()
        # What is due and has no lane waits for one that gets free, which wakes us.
        soonest = self._next_look if due is None or due <= now else min(due, self._next_look)
        return max(0.0, soonest - now)

    def look(self, now: float) -> None:
        """Take note of what has become of the vault: opened, locked, changed by another process."""
        is_open = self._holder.try_to_open(now)
        if is_open != self._was_open:
            self._say(
                "The vault is open." if is_open else f"The vault is locked. {self._holder.why}"
            )
            self._was_open = is_open
        if not is_open:
            self._forget()
            return
        try:
            workspace = self._holder.workspace()
            if self._generation == self._holder.generation and not workspace.vault.changed_on_disk(
                self._listing
            ):
                return
            self._generation = self._holder.generation
            listing = workspace.vault.listing()
        except VaultLocked as error:
            self._holder.lock(str(error))
            return
        except TuiOauthError as error:
            # Gone, damaged, or being restored: what is known stays, and the vault is looked at again.
            self._say(str(error))
            return
        self._entries = listing.entries
        self._listing = listing
        with self._mutex:
            self._schedule.reconcile(
                listing.entries, lambda entry: renewable(workspace, entry), now
            )
        self._seen(workspace, listing.entries)

    def look_now(self) -> None:
        """The next `tick` looks at the vault, whatever the time."""
        self._next_look = 0.0
        self._holder.try_soon()
        self._generation = -1

    def token(self, entry: Entry, min_ttl: int, waiting: Callable[[], None]) -> TokenSet:
        """The tokens of `entry`, as `tokens.access_token` gives them; `waiting` is called first where
        the provider has to be asked. All who ask meanwhile get the outcome of the one request.
        """
        workspace = self._holder.workspace()
        held = workspace.vault.secrets(entry).tokens
        if held is not None and lasts(held, workspace.now(), min_ttl):
            return held
        waiting()
        return self._together(workspace, entry, min_ttl)

    def courses(self) -> dict[str, Course]:
        """How it goes with each entry, by id."""
        with self._mutex:
            return dict(self._schedule.courses)

    @property
    def entries(self) -> list[Entry]:
        """The entries as they were seen last."""
        return self._entries

    def finish(self, seconds: float) -> bool:
        """Wait for refreshes that are under way, which may have spent a token; whether all ended."""
        import time

        until = time.monotonic() + seconds
        for thread in list(self._threads):
            thread.join(max(0.0, until - time.monotonic()))
        return not any(thread.is_alive() for thread in list(self._threads))

    def _forget(self) -> None:
        if self._entries or self._listing is not None:
            self._entries, self._listing = [], None
            self._generation = -1
            with self._mutex:
                self._schedule.reconcile([], lambda entry: False, 0.0)
            self._seen(None, [])

    def _together(self, workspace: Workspace, entry: Entry, min_ttl: int) -> TokenSet:
        key = (entry.id, min_ttl)
        with self._mutex:
            flight = self._flights.get(key)
            first = flight is None
            if flight is None:
                flight = self._flights[key] = Future()
        if not first:
            return flight.result()
        try:
            tokens = access_token(workspace, entry, min_ttl, self._deadline)
        except BaseException as error:
            flight.set_exception(error)
            raise
        else:
            flight.set_result(tokens)
            return tokens
        finally:
            with self._mutex:
                del self._flights[key]

    def _start(self, course: Course) -> None:
        thread = threading.Thread(
            target=self._refresh, args=(course,), name="tui-oauth-refresh", daemon=True
        )
        self._threads.add(thread)
        thread.start()

    def _refresh(self, course: Course) -> None:
        try:
            self._refresh_one(course)
        finally:
            self._threads.discard(threading.current_thread())
            self._wake()

    def _refresh_one(self, course: Course) -> None:
        entry_id = course.entry_id
        try:
            workspace = self._holder.workspace()
            entry = workspace.vault.get(entry_id)
        except TuiOauthError:
            with self._mutex:
                self._schedule.put_off(entry_id, _later(self._holder))
            return
        now = workspace.now()
        try:
            left = 0 if entry.expires_at is None else max(0, entry.expires_at - now)
            # One second more than it has left: refreshed, unless another process has just done it.
            self._together(workspace, entry, left + 1)
            entry = workspace.vault.get(entry_id)
        except (VaultBusy, VaultLocked, NotFound):
            with self._mutex:
                self._schedule.put_off(entry_id, _later(self._holder))
        except TuiOauthError as error:
            self._failed(workspace, entry, str(error), again=not isinstance(error, NeedsPerson))
        except Exception as error:
            self._failed(workspace, entry, _defect(workspace, error), again=True)
        else:
            with self._mutex:
                self._schedule.done(entry, renewable(workspace, entry), workspace.now())
            self._next_look = min(self._next_look, workspace.now_exactly() + SOON_SECONDS)

    def _failed(self, workspace: Workspace, entry: Entry, words: str, *, again: bool) -> None:
        try:
            current: Entry | None = workspace.vault.get(entry.id)
        except TuiOauthError:
            current = None
        with self._mutex:
            self._schedule.failed(entry.id, words, workspace.now(), entry=current, again=again)
            failures = (
                self._schedule.courses[entry.id].failures
                if entry.id in self._schedule.courses
                else 0
            )
        if failures <= 1:
            self._say(words)
            if again:
                self._failing(workspace, current or entry, words)


def _load_ahead() -> None:
    """Load what refreshes need: later it might be another version's, after an update.

    An agent's memory then is what it will be, too.
    """
    import tui_oauth.client_tokens
    import tui_oauth.id_tokens
    import tui_oauth.oauth.client
    import tui_oauth.oauth.client_credentials
    import tui_oauth.oauth.explain
    import tui_oauth.oauth.token
    import tui_oauth.proofs
    import tui_oauth.services.catalogue
    import tui_oauth.services.redirect
    import tui_oauth.services.resolve
    import tui_oauth.vault.backups
    import tui_oauth.vault.documents
    import tui_oauth.vault.intents
    import tui_oauth.vault.together  # noqa: F401
    from tui_oauth.net import load_ahead

    load_ahead()


def renewable(workspace: Workspace, entry: Entry) -> bool:
    """Whether a token of `entry` is renewed without a person, by whatever its service takes for that."""
    if renews(entry):
        return True
    if not entry.authorized or entry.expires_at is None:
        return False
    try:
        return declared_service(workspace, entry).quirks.refresh.with_access_token
    except TuiOauthError:
        return False  # its service file is gone


def _later(holder: Holder) -> float:
    return holder.places_workspace.now() + PUT_OFF_SECONDS


def _defect(workspace: Workspace, error: Exception) -> str:
    from tui_oauth import __version__
    from tui_oauth.defects import record

    where = record(error, workspace.places.log, "agent", __version__)
    return f"This is a defect of tui-oauth ({type(error).__name__}). {where}"
