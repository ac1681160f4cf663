"""The services of the dropdown: those that come with the program, and the person's own files.

One service is one file. `get` reads one file only, because `tui-oauth token` runs in a prompt or a
loop; `all` and `search` give one line of each, from an index (`services.listing`). An own service takes the place of
the built-in one with the same id, and says so (`Service.own`, `Catalogue.replaced`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from tui_oauth.errors import AlreadyExists, InvalidService, NotFound, TuiOauthError, UsageProblem
from tui_oauth.services import own_files
from tui_oauth.services.format import Service
from tui_oauth.services.listing import Listing, indexed, listing_of
from tui_oauth.services.loading import is_id, parse_service
from tui_oauth.text import neutralise

BUILT_IN = Path(__file__).parent / "data"
_LAST_CATEGORIES = ("generic", "practice")  # not a provider of anybody's, so below all that are

Stamp = tuple[tuple[str, int, int], ...]


@dataclass(slots=True)
class _Own:
    """The person's own services as they were read at `stamp`."""

    stamp: Stamp | None = None
    services: dict[str, Service] = field(default_factory=dict)
    broken: dict[str, TuiOauthError] = field(default_factory=dict)
    problems: list[tuple[Path, str]] = field(default_factory=list)


class Catalogue:
    """All services that an entry can be created for.

    `own_folder` need not exist. Files are read when they are asked for and kept; own files are
    looked at again when one of them has changed.
    """

    def __init__(self, own_folder: Path | None = None, builtin: Path = BUILT_IN) -> None:
        self._own_folder = own_folder
        self._builtin = builtin
        self._read: dict[str, Service] = {}
        self._own = _Own()
        self._sorted: tuple[Listing, ...] | None = None

    @property
    def problems(self) -> list[tuple[Path, str]]:
        """The own files that cannot be used, each with the reason."""
        return list(self._current_own().problems)

    @property
    def replaced(self) -> frozenset[str]:
        """The ids of built-in services whose place an own service has taken."""
        own = self._current_own()
        return frozenset(one for one in {*own.services, *own.broken} if self._file(one).is_file())

    def get(self, service_id: str) -> Service:
        """The service with this id.

        Raises NotFound with the nearest names, and InvalidService or UnsafePath where an own file
        of this id cannot be used: the built-in service must not step in for it, it may lead to
        another host.
        """
        if not is_id(service_id):
            raise self._not_found(service_id)
        own = self._current_own()
        if service_id in own.broken:
            raise own.broken[service_id]
        found = own.services.get(service_id) or self._read.get(service_id)
        if found is None:
            found = self._read_builtin(service_id)
            self._read[service_id] = found
        return found

    def all(self) -> tuple[Listing, ...]:
        """Every service, by name; those that are nobody's provider at the end."""
        own = self._current_own()
        if self._sorted is None:
            known = indexed() if self._builtin == BUILT_IN else {}
            by_id = {one: listing_of(service) for one, service in own.services.items()}
            for path in self._builtin.glob("*.toml"):
                if path.stem not in by_id and path.stem not in own.broken:
                    by_id[path.stem] = known.get(path.stem) or listing_of(self.get(path.stem))
            self._sorted = tuple(sorted(by_id.values(), key=_place))
        return self._sorted

    def search(self, query: str) -> list[Listing]:
        """The services that fit `query`, best first; all of them for an empty one."""
        from tui_oauth.services.search import search

        return search(self.all(), query)

    def add(self, path: Path, *, replace: bool = False) -> Service:
        """Take the service file at `path` among the person's own, and give the service.

        Raises InvalidService or UnsafePath and then changes nothing; AlreadyExists when another
        own file has this id and `replace` is not set; StorageFailed.
        """
        if self._own_folder is None:
            raise UsageProblem("There is no folder for own services here.")
        text = own_files.read(path)
        service = parse_service(text, path.name, own=True)
        target = self._own_folder / f"{service.id}.toml"
        for other in own_files.listed(self._own_folder):
            theirs = _readable(other)
            if _meant_id(other, theirs) != service.id or (other == target and replace):
                continue
            if theirs == text:
                return self.get(service.id)
            raise AlreadyExists(
                f"There is an own service {service.id} already: {neutralise(other)}.",
                "Edit or remove that file, then add again.",
            )
        own_files.write(self._own_folder, target.name, text)
        self._own = _Own()
        self._sorted = None
        return self.get(service.id)

    def _file(self, service_id: str) -> Path:
        return self._builtin / f"{service_id}.toml"

    def _read_builtin(self, service_id: str) -> Service:
        path = self._file(service_id)
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            raise self._not_found(service_id) from None
        return parse_service(text, path.name)

    def _current_own(self) -> _Own:
        stamp = own_files.stamp(self._own_folder)
        if self._own.stamp != stamp:
            self._own = self._read_own(stamp)
            self._sorted = None
        return self._own

    def _read_own(self, stamp: Stamp) -> _Own:
        own = _Own(stamp)
        for path in own_files.listed(self._own_folder):
            text = ""
            try:
                text = own_files.read(path)
                service = parse_service(text, path.name, own=True)
                if service.id in own.services:
                    raise InvalidService(
                        f"{neutralise(path.name)}: another file declares {service.id} already.",
                        "Remove one of them.",
                    )
                own.services[service.id] = service
            except TuiOauthError as error:
                own.problems.append((path, str(error)))
                own.broken[_meant_id(path, text)] = error
        for service_id in own.broken:
            own.services.pop(service_id, None)
        return own

    def _not_found(self, service_id: str) -> NotFound:
        from difflib import get_close_matches  # only a misspelt name pays for it

        wanted = service_id.strip().lower()
        found = self.search(wanted) if wanted else []
        # The search takes letters far apart as well: what it finds for acme nobody means.
        names = [
            one.id
            for one in found
            if any(wanted in text.lower() for text in (one.id, one.name, *one.aliases))
        ][:3]
        names = names or get_close_matches(wanted, [service.id for service in self.all()], n=3)
        advice = "The list of all: tui-oauth services"
        if names:
            advice = f"Did you mean {' or '.join(names)}? {advice}"
        return NotFound(f"There is no service {neutralise(service_id, 60)!r}.", advice)


def _readable(path: Path) -> str:
    """The text of the file, empty where it cannot be used at all."""
    try:
        return own_files.read(path)
    except TuiOauthError:
        return ""


def _meant_id(path: Path, text: str) -> str:
    """The id that a file which cannot be used was meant for."""
    match = re.search(r"^\s*id\s*=\s*[\"']([a-z0-9-]+)[\"']", text, re.M)
    return match[1] if match else path.stem


def _place(listing: Listing) -> tuple[bool, str]:
    return not listing.own and listing.category in _LAST_CATEGORIES, listing.name.casefold()
