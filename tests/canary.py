"""Looking for secrets where none may be: in files, in output, in other programs' view of us."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from urllib.parse import quote, quote_plus

SPECIAL = 'cänary/{}+with %signs&="quotes" 7f31c0d9'
"""A template of secrets that look different in each encoding."""


def forms(secret: str) -> set[bytes]:
    """`secret` in every form in which it could lie about: clear, escaped, percent-encoded, Base64."""
    raw = secret.encode()
    found = {raw, secret.encode("utf-16-le"), raw.hex().encode()}
    for escaped in (json.dumps(secret), json.dumps(secret, ensure_ascii=False), repr(secret)):
        found.add(escaped[1:-1].encode())
    found |= {quote(secret, safe="").encode(), quote(secret).encode(), quote_plus(secret).encode()}
    for shift in range(3):  # Base64 of a text that holds the secret somewhere
        whole = base64.b64encode(b"\0" * shift + raw)
        inner = whole[(0, 2, 3)[shift] : len(whole) // 4 * 4 - 4]
        found |= {inner, inner.replace(b"+", b"-").replace(b"/", b"_")}
    assert min(map(len, found)) >= 8, "too short to be told from chance"
    return found


class Canaries:
    """The secrets of a test, by name."""

    def __init__(self, **secrets: str) -> None:
        self._forms: dict[str, set[bytes]] = {}
        self.add(**secrets)

    def add(self, **secrets: str) -> None:
        for name, secret in secrets.items():
            self._forms.setdefault(name, set()).update(forms(secret))

    def within(self, data: bytes | str, but: Iterable[str] = ()) -> set[str]:
        """The names of those that occur in `data`, without the ones in `but`."""
        raw = data.encode("utf-8", "surrogateescape") if isinstance(data, str) else data
        return {
            name
            for name, spellings in self._forms.items()
            if name not in but and any(spelling in raw for spelling in spellings)
        }

    def on_disk(self, *folders: Path) -> dict[str, set[str]]:
        """Files below `folders` that hold one, or are called so. Links are not followed."""
        out: dict[str, set[str]] = {}
        for path in (path for folder in folders for path in folder.rglob("*")):
            data = str(path).encode()
            if path.is_file() and not path.is_symlink():
                data += b"\n" + path.read_bytes()
            found = self.within(data)
            if found:
                out[str(path)] = found
        return out


class Onlooker:
    """Reads what `ps` would show of every process, over and over, while the block runs."""

    def __init__(self, canaries: Canaries) -> None:
        self._canaries = canaries
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._known: dict[str, bytes] = {}
        self.seen: set[str] = set()
        self.looks = 0
        """How many different command lines were seen."""

    def __enter__(self) -> Onlooker:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end.set()
        self._thread.join(10)

    def _look(self) -> None:
        while not self._end.wait(0.02):
            for folder in Path("/proc").iterdir():
                if not folder.name.isdigit():
                    continue
                try:
                    line = (folder / "cmdline").read_bytes()
                except OSError:
                    continue
                if line != self._known.get(folder.name):
                    self._known[folder.name] = line
                    self.looks += 1
                    self.seen |= self._canaries.within(line)
