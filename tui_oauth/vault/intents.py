"""The mark of a refresh that is under way, in its entry's lock file.

A provider that rotates refresh tokens takes the old one with the request. Whoever is killed between
that request and the commit leaves the entry with a token that may be spent; nothing on our side can
close this gap, but the mark tells the next one why the provider refuses. It holds the time, the
process and 32 bits that only the vault's key can make of the refresh token: enough to know it again
and nothing to find it by.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable

from tui_oauth.errors import StorageFailed
from tui_oauth.secret import Secret
from tui_oauth.text import rfc3339
from tui_oauth.vault import crypto
from tui_oauth.vault.crypto import Keys
from tui_oauth.vault.lock import Held

_MARK = re.compile(
    r"refresh begun (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ) process \d+ token ([0-9a-f]{8})"
)


def interrupted_in(lines: Iterable[str], keys: Keys, entry_id: str, spent: Secret) -> str:
    """When the first refresh marked in `lines` with the token `spent` was begun; "" if none was.

    The time is in RFC 3339, UTC.
    """
    known = _fingerprint(keys, entry_id, spent)
    for line in lines:
        mark = _MARK.fullmatch(line)
        if mark and mark[2] == known:
            return mark[1]
    return ""


class Intents:
    """The marks of one entry, for as long as its lock is held."""

    def __init__(self, held: Held, keys: Keys, entry_id: str) -> None:
        self._held = held
        self._keys = keys
        self._entry_id = entry_id
        self._before = list(held.notes)

    def interrupted(self, spent: Secret) -> str:
        """When a refresh with the token `spent` was begun and not ended before ours; "" if never.

        The time is in RFC 3339, UTC. Of several the first is told: it may have spent the token.
        """
        return interrupted_in(self._before, self._keys, self._entry_id, spent)

    def begin(self, spent: Secret, now: int) -> None:
        """Mark that the token `spent` is about to be sent; StorageFailed if that cannot be written.

        Marks of other tokens go, for those tokens are gone. Of this one the first stays.
        """
        known = _fingerprint(self._keys, self._entry_id, spent)
        marks = [mark for line in self._before if (mark := _MARK.fullmatch(line))]
        self._before = [mark[0] for mark in marks if mark[2] == known][:1]
        own = f"refresh begun {rfc3339(now)} process {os.getpid()} token {known}"
        self._held.note(*self._before, own)

    def end(self) -> None:
        """There is an answer and it is stored, or it was a no: nothing is unfinished any more.

        No error where the lock file cannot be written, and no wait for the disk: the token that
        the mark knows is gone.
        """
        with contextlib.suppress(StorageFailed):
            self._held.note(lasting=False)

    def withdraw(self) -> None:
        """Nothing was sent after all: take our own mark back and leave an earlier one."""
        with contextlib.suppress(StorageFailed):
            self._held.note(*self._before)


def _fingerprint(keys: Keys, entry_id: str, spent: Secret) -> str:
    token = spent.reveal().encode("utf-8", "surrogatepass")
    info = f"{crypto.CONTEXT}|intent|{entry_id}|".encode() + token
    return crypto.hkdf(keys.data_key, bytes.fromhex(keys.vault_id), info, 4).hex()
