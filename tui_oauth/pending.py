"""Sign-ins that outlive their process: kept sealed beside the vault, taken up again, used once.

A connection drops, a terminal is closed, a machine kills what is too large: the person has the link
open in a browser all the same. So what is needed to take the answer (state, code verifier, redirect
URI, the key that tokens will be bound to, a device code) is kept with its expiry before the link is
shown (checklist rule 17), and `authorize NAME --resume` or the Authorization link window goes on.

Threat model. The record is worth what the entry's tokens are worth, and is guarded alike: sealed
with the vault's own key for this entry alone, mode 0600, never in copies or exports. It is gone when
the sign-in ends, when its time is up, on cancel, when the entry is deleted or asks for or with
something else, and when the vault gets a new key. A state works once: whoever sends a code first
takes the record out under the vault's lock, and a second process, which finds nothing there, sends
nothing. Not guarded against: whoever may read the vault's key as this user, and who puts back an
older file as this user; the provider still refuses a code that was used.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from tui_oauth.entries import shell_word
from tui_oauth.errors import Conflict, NeedsPerson, SignInEnded, TuiOauthError
from tui_oauth.oauth.authorize import Attempt
from tui_oauth.oauth.device import DeviceCode
from tui_oauth.secret import Secret
from tui_oauth.text import relative

if TYPE_CHECKING:
    from tui_oauth.applicant import Applicant
    from tui_oauth.model import Entry
    from tui_oauth.workspace import Workspace

VERSION = 1
MAX_KEPT = 8
"""So many sign-ins of one entry are kept at most; of more the oldest goes."""

_SECRETS = frozenset({"code_verifier", "device_code"})


@dataclass(frozen=True, slots=True)
class Pending:
    """A sign-in that waits for its answer; times are Unix seconds.

    `asked` tells what it was begun for: another client or other addresses make it another sign-in.
    `proof_key` is the private key in PEM that the tokens will be bound to, `asking_key` the one that
    opens an answer from another machine (`tui_oauth.elsewhere`). `attempt` is None where
    there is no way through a browser, `device` where no device code was asked for.
    """

    id: str
    asked: str
    begun_at: int
    expires_at: int
    attempt: Attempt | None = field(default=None, repr=False)
    device: DeviceCode | None = field(default=None, repr=False)
    proof_key: Secret | None = field(default=None, repr=False)
    asking_key: Secret | None = field(default=None, repr=False)


def new_pending(applicant: Applicant, attempt: Attempt | None, expires_at: int) -> Pending:
    """The record of a sign-in that begins now."""
    return Pending(
        id=secrets.token_hex(8),
        asked=asked_of(applicant),
        begun_at=applicant.workspace.now(),
        expires_at=expires_at,
        attempt=attempt,
        proof_key=None if applicant.prover is None else applicant.prover.key.pem,
    )


def asked_of(applicant: Applicant) -> str:
    """A fingerprint of who asks whom for what: client, addresses and scopes."""
    service = applicant.service
    told = [
        applicant.client.client_id,
        service.id,
        service.issuer,
        service.authorize_url,
        service.token_url,
        service.device_authorization_url,
        service.extensions.par_url,
        list(applicant.scopes),
    ]
    return hashlib.sha256(json.dumps(told).encode("ascii")).hexdigest()


def kept_sign_ins(workspace: Workspace, entry: Entry) -> list[Pending]:
    """The sign-ins of `entry` that were begun and have not ended, the newest first.

    Those whose time is up are among them, until somebody cleans up. Raises as the vault does.
    """
    found = read_kept(workspace.vault.sign_ins(entry.id))
    return sorted(found, key=lambda one: one.begun_at, reverse=True)


def to_take_up(workspace: Workspace, entry: Entry) -> Pending:
    """The newest sign-in of `entry` that may still be answered.

    Raises NeedsPerson when none was begun, SignInEnded when the time of the last one is up, which
    is forgotten then.
    """
    found, now = kept_sign_ins(workspace, entry), workspace.now()
    again = f"Start a new one: tui-oauth authorize {shell_word(entry.name)}"
    if not found:
        raise NeedsPerson(f"There is no sign-in of {entry.name} to go on with.", again)
    if found[0].expires_at <= now:
        workspace.vault.change_sign_ins(entry.id, _edited(now, lambda kept: kept))
        raise SignInEnded(
            f"The time for the last sign-in of {entry.name} was up "
            f"{relative(found[0].expires_at, now)}.",
            again,
        )
    return found[0]


class Keeper:
    """The record of one sign-in, from before its link is shown to its end."""

    def __init__(self, applicant: Applicant, pending: Pending, *, kept: bool) -> None:
        self.pending = pending
        self.trouble = ""
        """Why the sign-in would not outlive this process; empty while it would."""
        self._applicant = applicant
        self._workspace = applicant.workspace
        self._kept = kept
        self._ended = False
        self._turn = asyncio.Lock()

    async def keep(self, **changed: Any) -> None:
        """Store the record, with the fields in `changed` replaced. That it fails ends nothing."""
        self.pending = replace(self.pending, **changed)
        storing = asyncio.ensure_future(self._in_turn(self._keep))
        await asyncio.shield(storing)  # cancelled or not, it is done before it is undone

    async def claim(self) -> None:
        """Take the record out, for good, before its code is sent: nobody else may then.

        Raises Conflict when the entry was configured anew since, NotFound when it was deleted,
        SignInEnded when the sign-in was finished or cancelled by another process.
        """
        await self._in_turn(self._claim)

    async def forget(self) -> None:
        """Remove the record: the sign-in has ended without tokens."""
        await self._in_turn(self.forget_now)

    def forget_now(self) -> None:
        """As `forget`, for where nothing can be awaited."""
        self._ended = True
        if not self._kept:
            return
        self._kept = False
        try:
            self._take_out()
        except TuiOauthError as error:
            self.trouble = error.message  # it stays sealed, and ends by its time

    async def _in_turn(self, step: Callable[[], None]) -> None:
        async with self._turn:
            await asyncio.to_thread(step)

    def _keep(self) -> None:
        if self._ended:
            return
        mine, now = self.pending, self._workspace.now()

        def with_mine(kept: list[Pending]) -> list[Pending]:
            others = [one for one in kept if one.id != mine.id]
            if self._kept and len(others) == len(kept):
                return kept  # cancelled or finished elsewhere meanwhile: that stands
            return [*others[1 - MAX_KEPT :], mine]

        try:
            edit = _edited(now, with_mine)
            self._workspace.vault.change_sign_ins(self._applicant.entry.id, edit)
        except TuiOauthError as error:
            self.trouble = f"This sign-in would not outlive a lost connection. {error.message}"
        else:
            self._kept = True

    def _claim(self) -> None:
        self._ended = True
        if not self._kept:
            return
        self._kept = False
        if self._take_out():
            return
        self._refuse_changed()
        raise SignInEnded(
            "This sign-in was finished or cancelled elsewhere. Nothing was sent with this answer.",
            f"See how it stands: tui-oauth show {shell_word(self._applicant.entry.name)}",
        )

    def _take_out(self) -> bool:
        """Remove the record; whether it was there."""
        there = False

        def without_mine(kept: list[Pending]) -> list[Pending]:
            nonlocal there
            there = any(one.id == self.pending.id for one in kept)
            return [one for one in kept if one.id != self.pending.id]

        edit = _edited(self._workspace.now(), without_mine)
        self._workspace.vault.change_sign_ins(self._applicant.entry.id, edit)
        return there

    def _refuse_changed(self) -> None:
        vault, client = self._workspace.vault, self._applicant.client
        now, then = vault.get(self._applicant.entry.id), self._applicant.entry
        held = vault.secrets(now)
        same_client = (held.client_id, held.client_secret) == (
            client.client_id,
            client.client_secret,
        )
        if not same_client or any(
            getattr(now, name) != getattr(then, name)
            for name in ("variables", "scopes", "callback_url", "pinned")
        ):
            raise configured_anew(now)


def configured_anew(entry: Entry) -> Conflict:
    """The end of a sign-in whose entry asks for, or with, something else now."""
    return Conflict(
        f"{entry.name} was configured anew while the sign-in waited.",
        "Authorize it again: this sign-in was begun for what was before.",
    )


def _edited(
    now: int, change: Callable[[list[Pending]], Iterable[Pending]]
) -> Callable[[bytes], bytes]:
    """An edit for the vault: `change`, and those whose time is up go."""

    def edit(text: bytes) -> bytes:
        left = [one for one in change(read_kept(text)) if one.expires_at > now]
        return kept_text(left) if left else b""

    return edit


def kept_text(kept: Iterable[Pending]) -> bytes:
    """The records as JSON: this is where secrets leave their `Secret`s to be sealed."""
    document = {"v": VERSION, "kept": [_plain(one) for one in kept]}
    return json.dumps(document, separators=(",", ":")).encode("ascii")


def read_kept(text: bytes) -> list[Pending]:
    """The records behind `kept_text`.

    None where the text is of another version: such a sign-in is begun anew, and ends by its time.
    """
    if not text:
        return []
    try:
        document = json.loads(text)
        if document["v"] != VERSION:
            return []
        return [_pending(one) for one in document["kept"]]
    except (ValueError, KeyError, TypeError, RecursionError):
        return []


def _plain(pending: Pending) -> dict[str, object]:
    key, asking = pending.proof_key, pending.asking_key
    return {
        "id": pending.id,
        "asked": pending.asked,
        "begun_at": pending.begun_at,
        "expires_at": pending.expires_at,
        "attempt": None if pending.attempt is None else _fields(pending.attempt),
        "device": None if pending.device is None else _fields(pending.device),
        "proof_key": None if key is None else key.reveal(),
        "asking_key": None if asking is None else asking.reveal(),
    }


def _fields(value: Attempt | DeviceCode) -> dict[str, object]:
    held = {name: getattr(value, name) for name in value.__slots__}
    return {name: one.reveal() if isinstance(one, Secret) else one for name, one in held.items()}


def _pending(plain: dict[str, Any]) -> Pending:
    attempt, device, key = plain["attempt"], plain["device"], plain["proof_key"]
    asking = plain.get("asking_key")
    if attempt is not None:
        attempt = {name: _secret(name, one) for name, one in attempt.items()}
        attempt["scopes"] = tuple(attempt["scopes"])
        attempt["parameters"] = tuple((name, one) for name, one in attempt["parameters"])
    if device is not None:
        device = {name: _secret(name, one) for name, one in device.items()}
    return Pending(
        id=plain["id"],
        asked=plain["asked"],
        begun_at=plain["begun_at"],
        expires_at=plain["expires_at"],
        attempt=None if attempt is None else Attempt(**attempt),
        device=None if device is None else DeviceCode(**device),
        proof_key=None if key is None else Secret(key),
        asking_key=None if asking is None else Secret(asking),
    )


def _secret(name: str, value: Any) -> Any:
    return Secret(value) if name in _SECRETS and value is not None else value
