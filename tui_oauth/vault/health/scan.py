"""Records in a file that is no vault any more: torn, truncated or with a flipped bit.

Each record is bound to its id, revision and name by AES-GCM, so that it can be told from rubbish
on its own, wherever it stands and whatever became of the JSON around it. The same makes it
possible to turn one flipped bit of a record back by trying: no wrong try opens.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tui_oauth.errors import TuiOauthError
from tui_oauth.model import Entry, EntrySecrets
from tui_oauth.vault import container, crypto, records, sealing
from tui_oauth.vault.container import Header
from tui_oauth.vault.crypto import Keys
from tui_oauth.vault.sealing import Record

_PIECES = (b'{"id":"', b'","k":"', b'","rev":', b',"meta":"', b'","sec":"', b'"}')
_VALUES = (b"(.{32})", b"(.{32})", b"(.{1,10}?)", b"(.{20,400000}?)", b"(.{20,400000}?)")
_BASE64 = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=")
_BEGINNING = re.compile(
    rb'\{"id":"([0-9a-f]{32})"(?:,"k":"([0-9a-f]{32})","rev":([0-9]{1,10}),"meta":"([A-Za-z0-9+/=]{20,}))?'
)
# Trying costs some microseconds each. The bounds keep a large or a made-up file from taking hours.
_MOST_TRIES = 1_500_000
_MOST_TRIED_TEXT = 16_384


class Opened(NamedTuple):
    """A record that opened, with all that it holds. `mended` if a bit had to be turned back."""

    entry: Entry
    secrets: EntrySecrets
    mended: bool


class Remains(NamedTuple):
    """A record of which something is left, but not all: its id, and its name if that opened."""

    id: str
    name: str


class Scan(NamedTuple):
    """What was found. `data` is the file with every mended bit turned back."""

    opened: list[Opened]
    remains: list[Remains]
    data: bytes


def _pattern(damaged: tuple[int, int] | None = None) -> re.Pattern[bytes]:
    """A record as we write it; with `damaged` one byte of that piece may be anything."""
    out = b""
    for number, piece in enumerate(_PIECES):
        text = re.escape(piece)
        if damaged is not None and damaged[0] == number:
            at = damaged[1]
            text = re.escape(piece[:at]) + b"." + re.escape(piece[at + 1 :])
        out += text + (_VALUES[number] if number < len(_VALUES) else b"")
    return re.compile(out, re.DOTALL)


_WHOLE = _pattern()


def scan(data: bytes, keys: Keys) -> Scan:
    """Every record in `data` that these keys open, and what is left of others."""
    return _Scanner(data, keys).run()


def mended_header(data: bytes, path: Path) -> tuple[Header, bytes] | None:
    """The header of `data`, if need be with one flipped bit turned back, and the data so mended.

    None if that does not make its checksum fit.
    """
    try:
        return container.parse_header(data, path), data
    except TuiOauthError:
        head = bytearray(data[:_MOST_TRIED_TEXT])
    # Either of the two marks its end; where neither is left, more than a bit has gone.
    end = max(head.find(b',"sum":"') + 26, head.find(b',"entries":{'))
    for at in range(min(end, len(head)) if end > 25 else 0):
        for bit in range(8):
            head[at] ^= 1 << bit
            try:
                return container.parse_header(bytes(head), path), bytes(head) + data[len(head) :]
            except TuiOauthError:
                head[at] ^= 1 << bit
    return None


class _Scanner:
    def __init__(self, data: bytes, keys: Keys) -> None:
        self._data = bytearray(data)
        self._keys = keys
        self._tries = _MOST_TRIES
        self._opened: list[Opened] = []
        self._covered: list[tuple[int, int]] = []

    def run(self) -> Scan:
        at = 0
        while match := _WHOLE.search(self._data, at):
            opened = self._open(match, mended=False)
            at = match.end() if opened else match.start() + 1
        for low, high in self._gaps():
            self._mend(low, high)
        return Scan(self._opened, self._remains(), bytes(self._data))

    def _gaps(self) -> list[tuple[int, int]]:
        ends = [0, *(end for _, end in sorted(self._covered))]
        starts = [*(start for start, _ in sorted(self._covered)), len(self._data)]
        return [(low, high) for low, high in zip(ends, starts, strict=True) if high - low > 150]

    def _open(self, match: re.Match[bytes], *, mended: bool) -> bool:
        record = _record(match)
        if record is None:
            return False
        try:
            entry = sealing.open_entry(self._keys, record)
            secrets = sealing.open_secrets(self._keys, record)
        except (crypto.DoesNotOpen, records.UnreadableRecord, TuiOauthError, ValueError):
            return False
        self._opened.append(Opened(entry, secrets, mended))
        self._covered.append(match.span())
        return True

    def _mend(self, low: int, high: int) -> None:
        """Look for records with one flipped bit between two places of the file."""
        for match in self._nearly(low, high):
            start, end = match.span()
            before = self._data[start:end]
            for number, piece in enumerate(_PIECES):
                at = start if number == 0 else match.end(number)
                self._data[at : at + len(piece)] = piece
            if self._open(match, mended=True) or self._turn_back(match):
                return self._mend_rest(low, high)
            self._data[start:end] = before
        return None

    def _mend_rest(self, low: int, high: int) -> None:
        start, end = self._covered[-1]
        for part in ((low, start), (end, high)):
            if part[1] - part[0] > 150:
                self._mend(*part)

    def _nearly(self, low: int, high: int) -> Iterator[re.Match[bytes]]:
        """What looks like a record but for its values, or but for one byte between them."""
        patterns = [_WHOLE]
        patterns += [
            _pattern((n, at)) for n, piece in enumerate(_PIECES) for at in range(len(piece))
        ]
        for pattern in patterns:
            at = low
            while match := pattern.search(self._data, at, high):
                at = match.start() + 1
                yield match

    def _turn_back(self, match: re.Match[bytes]) -> bool:
        """Try every bit of the values; keep the change that makes the record open."""
        for group in self._suspects(match):
            low, high = match.span(group)
            if high - low > _MOST_TRIED_TEXT:
                continue
            for at in self._places(low, high, group):
                right = self._data[at]
                for bit in range(8):
                    self._data[at] = right ^ 1 << bit
                    if self._plausible(self._data[at], group) and self._try(match, group):
                        return True
                self._data[at] = right
        return False

    def _suspects(self, match: re.Match[bytes]) -> tuple[int, ...]:
        """Which values a flipped bit may stand in: what opens tells what is whole."""
        record = _record(match)
        if record is None or not self._part(record, "meta"):
            return (1, 2, 3) if record is None or not self._part(record, "sec") else (4,)
        return (5,)

    def _part(self, record: Record, part: str) -> bool:
        sealed = record.meta if part == "meta" else record.secrets
        try:
            self._keys.open_part(part, record.id, record.revision, record.name_key, sealed)
        except (crypto.DoesNotOpen, ValueError):
            return False
        return True

    def _places(self, low: int, high: int, group: int) -> range | list[int]:
        if group > 3:
            wrong = [at for at in range(low, high) if self._data[at] not in _BASE64]
            if wrong:
                return wrong if len(wrong) == 1 else []
        return range(low, high)

    @staticmethod
    def _plausible(byte: int, group: int) -> bool:
        return byte in (_BASE64 if group > 3 else b"0123456789abcdef")

    def _try(self, match: re.Match[bytes], group: int) -> bool:
        self._tries -= 1
        # The match reads the values as they are now: it stands on the bytes that are changed.
        record = _record(match) if self._tries >= 0 else None
        part = "sec" if group == 5 else "meta"
        return record is not None and self._part(record, part) and self._open(match, mended=True)

    def _remains(self) -> list[Remains]:
        found: dict[str, str] = {}
        whole = {opened.entry.id for opened in self._opened}
        for low, high in self._gaps():
            for match in _BEGINNING.finditer(self._data, low, high):
                entry_id = bytes(match[1]).decode("ascii")
                if entry_id not in whole:
                    found[entry_id] = found.get(entry_id, "") or self._name_in(match)
        return [Remains(entry_id, name) for entry_id, name in found.items()]

    def _name_in(self, match: re.Match[bytes]) -> str:
        if match[4] is None:
            return ""
        entry_id, key, revision, meta = (bytes(match[n]).decode("ascii") for n in (1, 2, 3, 4))
        try:
            return sealing.open_entry(
                self._keys, Record(0, entry_id, key, int(revision), meta, "")
            ).name
        except (crypto.DoesNotOpen, records.UnreadableRecord, TuiOauthError, ValueError):
            return ""


def _record(match: re.Match[bytes]) -> Record | None:
    entry_id, key, revision, meta, secrets = (
        bytes(match[number]).decode("latin-1") for number in range(1, 6)
    )
    if not container.is_id(entry_id) or not (revision.isascii() and revision.isdigit()):
        return None
    return Record(0, entry_id, key, int(revision), meta, secrets)
