"""What a service declares, as a source of dlt."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tui_oauth.errors import NotFound, UsageProblem
from tui_oauth.extract.declared import Resource, Source
from tui_oauth.extract.engine import engine
from tui_oauth.extract.reading import Reading
from tui_oauth.text import neutralise


def chosen(source: Source, names: Sequence[str]) -> list[tuple[str, Resource]]:
    """The resources that `names` stand for; all that need no further word where there are none.

    Raises NotFound for a name that is none, UsageProblem for a missing or needless word.
    """
    if not names:
        return [(one.name, one) for one in source.resources if not one.argument]
    found: dict[str, Resource] = {}
    for name in names:
        one = source.resource(name)
        if one is None:
            raise NotFound(
                f"{source.name} has no resource {neutralise(name, 60)!r}.",
                "Look what there is with --list.",
            )
        if bool(one.argument) != bool(name.partition(":")[2]):
            example = f"{one.name}:{one.argument.upper()}" if one.argument else one.name
            raise UsageProblem(f"{neutralise(name, 60)!r} is not complete.", f"Give {example}.")
        found[name] = one
    return list(found.items())


def table_name(name: str) -> str:
    """The table of a resource: `custom_objects:order` goes into `custom_objects_order`."""
    return name.replace(":", "_").lower()


def make(source: Source, readings: Sequence[Reading], *, adding: bool = False) -> Any:
    """The source of dlt that reads `readings`. Nested values stay as they are, as JSON.

    Rows take the place of those with the same key, or with `adding` stand beside them: in files.
    """
    dlt = engine()

    def resources() -> Iterator[Any]:
        for one in readings:
            yield _resource(dlt, one, "append" if adding else "merge")

    return dlt.source(resources, name=source.id, max_table_nesting=0)()


def _resource(dlt: Any, reading: Reading, disposition: str) -> Any:
    resource = reading.resource
    key = [*([resource.parent_field] if resource.parent else []), *resource.key]
    columns: dict[str, Any] = {}
    if resource.cursor:
        columns[resource.cursor] = {"dedup_sort": "desc"}
    return dlt.resource(
        _rows(dlt, reading),
        name=table_name(reading.told.name),
        primary_key=list(dict.fromkeys(key)),
        write_disposition=disposition,
        columns=columns or None,
        max_table_nesting=0,
    )


def _rows(dlt: Any, reading: Reading) -> Callable[[], Iterator[list[dict[str, Any]]]]:
    def rows() -> Iterator[list[dict[str, Any]]]:
        yield from reading.pages(dlt.current.resource_state())

    return rows
