"""Files of `data/` read strictly: from TOML text to a `Source`."""

from __future__ import annotations

import tomllib

from tui_oauth.errors import InvalidService
from tui_oauth.extract.declared import Limits, Paging, Resource, Search, Source
from tui_oauth.services.reading import Table, fill
from tui_oauth.text import neutralise

_KINDS = {"single", "cursor", "number", "link", "header", "scroll", "export"}
_MOMENTS = {"seconds", "milliseconds", "iso"}
_METHODS = {"GET", "POST"}

_Kinds = dict[str, Paging]


def read(text: str, file: str) -> Source:
    """The source that the TOML `text` declares; `file` names it in messages. Raises InvalidService."""
    try:
        facts = tomllib.loads(text)
    except ValueError as error:
        words = f"{neutralise(file, 120)} is not valid TOML: {neutralise(error, 160)}."
        raise InvalidService(words) from None
    table = Table(facts, "", [])
    source = _source(table)
    _check(table, source)
    if table.problems:
        said = [
            f"{neutralise(key, 80)} {words}." if key else f"it {words}."
            for key, words in table.problems
        ]
        raise InvalidService(f"{neutralise(file, 120)}: {said[0]}", " ".join(said[1:12]))
    return source


def _source(table: Table) -> Source:
    named = table.table("paging")
    kinds = {name: fill(Paging, named.table(name), {"kind": _KINDS}) for name in named.names()}
    found = Source(
        id=table.text("id", required=True),
        name=table.text("name", required=True),
        services=table.texts("services"),
        probe=table.text("probe", required=True),
        resources=tuple(_resource(one, kinds) for one in table.tables("resources")),
        limits=fill(
            Limits, table.table("limits"), {"reset_in": {"moment", "seconds", "milliseconds"}}
        ),
        headers=table.mapping("headers"),
        region=table.text("region"),
        regions=table.mapping("regions"),
        refused=table.texts("refused"),
    )
    table.close()
    return found


def _resource(table: Table, kinds: _Kinds) -> Resource:
    found = Resource(
        name=table.text("name", required=True),
        path=table.text("path", required=True),
        key=table.texts("key", ("id",), or_one=True),
        words=table.text("words", required=True),
        method=table.one_of("method", _METHODS, "GET"),
        rows=table.text("rows", "data"),
        parameters=table.mapping("parameters"),
        payload=table.document("payload"),
        paging=_paging(table, kinds),
        cursor=table.text("cursor"),
        search=_search(table, "search", kinds),
        peek=_search(table, "peek", kinds),
        parent=table.text("parent"),
        parent_key=table.text("parent_key", "id"),
        parent_field=table.text("parent_field"),
        argument=table.text("argument"),
        permission=table.text("permission"),
        each=table.mapping("each"),
        status=table.text("status"),
        download=table.text("download"),
    )
    table.close()
    return found


def _search(table: Table, key: str, kinds: _Kinds) -> Search | None:
    if key not in table:
        return None
    search = table.table(key)
    found = Search(
        path=search.text("path", table.text("path")),
        method=search.one_of("method", _METHODS, "GET"),
        rows=search.text("rows", table.text("rows", "data")),
        paging=_paging(search, kinds),
        parameters=search.mapping("parameters"),
        payload=search.document("payload"),
        moment=search.one_of("moment", _MOMENTS, "seconds"),
        grain=search.one_of("grain", {"second", "day"}, "second"),
    )
    search.close()
    return found


def _paging(table: Table, kinds: _Kinds) -> Paging:
    name = table.text("paging", "single")
    if name not in kinds and name != "single":
        table.problem("paging", f"is {neutralise(name, 40)!r}, which no [paging.NAME] declares")
    return kinds.get(name, Paging())


def _check(table: Table, source: Source) -> None:
    """What fits the types and still makes no sense together."""
    names = [one.name for one in source.resources]
    for one in source.resources:
        where = f"resources.{one.name}"
        if names.count(one.name) > 1:
            table.problem(where, "is declared twice")
        if one.parent and one.parent not in names:
            table.problem(f"{where}.parent", f"names no resource: {one.parent!r}")
        if bool(one.parent) != bool(one.parent_field):
            table.problem(f"{where}.parent_field", "goes with parent: neither stands alone")
        if one.parent and "{parent}" not in f"{one.path}{one.parameters}":
            table.problem(f"{where}.path", "has no {parent} in it")
        if one.search and not one.cursor:
            table.problem(
                f"{where}.search", "needs the cursor: the field that says when a row changed"
            )
        if bool(one.argument) != ("{argument}" in one.path):
            table.problem(f"{where}.argument", "goes with {argument} in path")
        if len(one.each) > 1:
            table.problem(f"{where}.each", "has more than one parameter")
