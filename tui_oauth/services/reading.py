"""One table of a TOML file, read strictly: every key is asked for by type, and none is left over.

Problems are collected, not raised, so that a person sees all of them at once. The shape of most
tables is the shape of their dataclass in `format`: `fill` reads a table into one.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Mapping
from typing import Any, TypeVar

from tui_oauth.text import is_plain, neutralise

MAX_TEXT = 1000
MAX_ITEMS = 200

T = TypeVar("T")


class Table:
    """The keys of one table. `where` is its name in messages, empty for the file itself."""

    def __init__(
        self, data: Mapping[str, Any], where: str, problems: list[tuple[str, str]]
    ) -> None:
        self._data = data
        self._where = where
        self._asked: set[str] = set()
        self.problems = problems

    def __contains__(self, key: str) -> bool:
        return key in self._data

    def __bool__(self) -> bool:
        return bool(self._data)

    def name(self, key: str) -> str:
        """`key` as messages name it."""
        return f"{self._where}.{key}" if self._where else key

    def problem(self, key: str, words: str) -> None:
        """Note that something is wrong with `key`; `words` go on after its name."""
        self.problems.append((self.name(key) if key else self._where, words))

    def _take(self, key: str, kinds: type | tuple[type, ...], want: str) -> Any:
        self._asked.add(key)
        value = self._data.get(key)
        if value is None:
            return None
        # bool is an int to Python, never to the person who writes the file
        if not isinstance(value, kinds) or (isinstance(value, bool) and kinds is int):
            self.problem(key, f"is {_kind(value)}; it has to be {want}")
            return None
        return value

    def text(self, key: str, default: str = "", *, required: bool = False) -> str:
        """A text of one line without control characters; `default` where it is left out."""
        value = self._take(key, str, "a text in quotes")
        if value is None:
            if required and key not in self._data:
                self.problem(key, "is missing")
            return default
        if required and not value.strip():
            self.problem(key, "is empty")
            return default
        return str(value) if self._plain(key, value) else default

    def texts(
        self, key: str, default: tuple[str, ...] = (), *, or_one: bool = False
    ) -> tuple[str, ...]:
        """A list of texts; with `or_one` a single text stands for a list of one."""
        want = "a text or a list of texts" if or_one else "a list of texts"
        value = self._take(key, (list, str) if or_one else list, want)
        if value is None:
            return default
        items = [value] if isinstance(value, str) else value
        if len(items) > MAX_ITEMS:
            self.problem(key, f"has {len(items):,} items; {MAX_ITEMS} is the most")
            return default
        for item in items:
            if not isinstance(item, str):
                self.problem(key, f"holds {_kind(item)}; every item has to be a text in quotes")
                return default
            if not item.strip():
                self.problem(key, "holds an empty text")
                return default
            if not self._plain(key, item):
                return default
        if len(set(items)) != len(items):
            self.problem(key, "names something twice")
        return tuple(items)

    def one_of(self, key: str, allowed: Collection[str], default: str) -> str:
        """A text that is one of the `allowed`."""
        value = self.text(key, default)
        if value != default and value not in allowed:
            self.problem(key, f"is {_quoted(value)}; it has to be one of {_listed(allowed)}")
            return default
        return value

    def flag(self, key: str) -> bool | None:
        """true or false; None where it is left out."""
        value = self._take(key, bool, "true or false")
        return None if value is None else bool(value)

    def number(self, key: str) -> int | None:
        """A whole number above zero; None where it is left out."""
        value = self._take(key, int, "a whole number")
        if value is not None and not 0 < value < 10**10:
            self.problem(key, "has to be a whole number above zero")
            return None
        return None if value is None else int(value)

    def mapping(self, key: str) -> dict[str, str]:
        """A table of texts."""
        value = self._take(key, dict, "a table of texts")
        out: dict[str, str] = {}
        for name, item in (value or {}).items():
            if not isinstance(item, str):
                self.problem(
                    f"{key}.{neutralise(name, 60)}",
                    f"is {_kind(item)}; it has to be a text in quotes",
                )
            elif not name or not is_plain(name) or any(char.isspace() for char in name):
                self.problem(
                    key, f"has the name {_quoted(name)}, which holds blanks or control characters"
                )
            elif self._plain(f"{key}.{name}", item):
                out[name] = item
        return out

    def table(self, key: str) -> Table:
        """The table under `key`; an empty one where it is left out."""
        value = self._take(key, dict, f"a table: [{self.name(key)}]")
        return Table(value or {}, self.name(key), self.problems)

    def tables(self, key: str) -> list[Table]:
        """The list of tables under `key`."""
        value = self._take(key, list, f"a list of tables: [[{self.name(key)}]]")
        out: list[Table] = []
        for index, item in enumerate(value or [], start=1):
            if isinstance(item, dict):
                out.append(Table(item, f"{self.name(key)}[{index}]", self.problems))
            else:
                self.problem(key, f"holds {_kind(item)}; every item has to be a table")
        return out

    def document(self, key: str) -> dict[str, Any]:
        """The table under `key` as it stands, whatever is in it; an empty one where it is left out."""
        value = self._take(key, dict, "a table")
        return dict(value or {})

    def names(self) -> list[str]:
        """The keys of this table, for tables whose keys are names that the file gives."""
        return list(self._data)

    def close(self) -> None:
        """Note every key that nobody asked for."""
        for key in self._data:
            if key not in self._asked:
                self.problem(
                    neutralise(key, 60), f"is not a key of the format{_nearest(key, self._asked)}"
                )

    def _plain(self, key: str, value: str) -> bool:
        if len(value) > MAX_TEXT:
            self.problem(key, f"has {len(value):,} characters; {MAX_TEXT:,} is the most")
            return False
        if not is_plain(value):
            self.problem(key, f"holds control or invisible characters: {_quoted(value)}")
            return False
        return True


def fill(kind: type[T], table: Table, choices: Mapping[str, Collection[str]] | None = None) -> T:
    """The table as a value of the dataclass `kind`: its fields are the keys, their types the rule.

    `choices` limits texts by field name. Fields of other types than text, list of texts, table of
    texts, flag and number are left to the caller, who has to ask for them before.
    """
    found: dict[str, Any] = {}
    limits = choices or {}
    for spec in dataclasses.fields(kind):  # type: ignore[arg-type]
        key = spec.name
        if key not in table:
            continue
        value: Any = None
        if key in limits:
            value = table.one_of(key, limits[key], spec.default)  # type: ignore[arg-type]
        elif spec.type == "str":
            value = table.text(key, spec.default)  # type: ignore[arg-type]
        elif spec.type in {"bool", "bool | None"}:
            value = table.flag(key)
        elif spec.type == "int | None":
            value = table.number(key)
        elif spec.type == "tuple[str, ...]":
            value = table.texts(key, or_one=True)
        elif spec.type == "Mapping[str, str]":
            value = table.mapping(key)
        if value is not None:
            found[key] = value
    table.close()
    return kind(**found)


def _nearest(key: str, known: Iterable[str]) -> str:
    import difflib  # only a file that is wrong pays for it

    close = difflib.get_close_matches(key, sorted(known), n=1)
    return f"; did you mean {close[0]}?" if close else ""


def _listed(allowed: Collection[str]) -> str:
    return ", ".join(_quoted(item) for item in sorted(allowed))


def _quoted(value: str) -> str:
    return f'"{neutralise(value, 80)}"'


def _kind(value: object) -> str:
    """What `value` is, in the words of TOML."""
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, str):
        return "a text"
    if isinstance(value, (int, float)):
        return "a number"
    if isinstance(value, list):
        return "a list"
    return "a table" if isinstance(value, dict) else "a date or time"
