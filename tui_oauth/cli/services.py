"""Commands on services: which there are, how to get credentials, files of one's own."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tui_oauth.cli import output
from tui_oauth.cli.context import Context
from tui_oauth.errors import NotFound, UsageProblem
from tui_oauth.paths import expanded
from tui_oauth.text import neutralise

if TYPE_CHECKING:
    from tui_oauth.model import Entry


def services(context: Context) -> int:
    """Print the services of the dropdown, or those that fit a query."""
    catalogue, args = context.workspace.catalogue, context.args
    found = catalogue.search(args.query) if args.query else catalogue.all()
    for path, problem in catalogue.problems:
        output.note(f"{path} was left out: {problem}")
    if args.json:
        output.as_json(
            [
                {
                    "id": service.id,
                    "name": service.name,
                    "category": service.category,
                    "own": service.own,
                    "docs_url": service.docs_url or None,
                }
                for service in found
            ]
        )
    elif found:
        rows = [(s.id, s.name, s.category + (", your own" if s.own else "")) for s in found]
        output.table(("ID", "NAME", "KIND"), rows)
    else:
        output.note(
            f"No service fits {neutralise(args.query, 60)!r}. "
            "tui-oauth services shows all; custom-oauth2 stands for any other."
        )
    return 0


def guide(context: Context) -> int:
    """Print the steps to get credentials: of a service, or for an entry with what is its own."""
    from tui_oauth.entries import callback_url
    from tui_oauth.guides import entry_guide
    from tui_oauth.services.guide import as_text
    from tui_oauth.services.guide import guide as steps_for

    workspace, service_id = context.workspace, context.args.service
    try:
        service = workspace.catalogue.get(service_id)
    except NotFound:
        entry = _entry(context, service_id)
        if entry is None:
            raise
        service_id, view = entry.service, entry_guide(workspace, entry)
    else:
        view = steps_for(service, callback_url(workspace, service=service))
    if context.args.json:
        output.as_json(
            {
                "service": service_id,
                "service_name": view.service_name,
                "callback_url": view.callback_url or None,
                "steps": list(view.steps),
                "gotchas": list(view.gotchas),
                "values": [{"label": label, "value": value} for label, value in view.values],
                "note": view.note or None,
                "not_verified": list(view.not_verified),
                "developer_portal_url": view.portal_url or None,
                "docs_url": view.docs_url or None,
            }
        )
    else:
        output.result_lines(as_text(view))
    return 0


def _entry(context: Context, name: str) -> Entry | None:
    """The entry `name`, if there is one."""
    workspace = context.workspace
    if not workspace.vault_exists:
        return None
    with suppress(NotFound):
        return workspace.vault.find(name)
    return None


def show(context: Context) -> int:
    """Print all that is known of a service, with the keys of a service file."""
    import json

    from tui_oauth.services.describe import unverified
    from tui_oauth.services.public import as_facts

    service = context.workspace.catalogue.get(context.args.service)
    facts = as_facts(service)
    if context.args.json:
        output.as_json(facts)
        return 0
    known = [(key, value) for key, value in facts.items() if value not in (None, "", [], {})]
    if hints := unverified(service):
        known.append(("not verified", "; ".join(hints)))
    output.facts(
        [
            (key, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
            for key, value in known
        ]
    )
    return 0


def add(context: Context) -> int:
    """Copy a service file to the person's own services, after looking for mistakes."""
    service = context.workspace.catalogue.add(_path(context))
    output.result(f"Added {service.id} ({service.name})")
    if service.id in context.workspace.catalogue.replaced:
        output.note(f"It replaces the built-in service {service.id}.")
    output.note(f"Next: tui-oauth create NAME --service {service.id}")
    return 0


def check(context: Context) -> int:
    """Look for mistakes in a service file. InvalidService names the first one."""
    from tui_oauth.services.loading import parse_service
    from tui_oauth.services.own_files import read

    path = _path(context)
    service = parse_service(read(path), path.name, own=True)
    output.result(f"{service.id} ({service.name}): no mistakes found")
    return 0


def group(context: Context) -> int:
    """`tui-oauth service` alone."""
    raise UsageProblem("service needs one of: add, show, check.", "Run: tui-oauth service --help")


def _path(context: Context) -> Path:
    return expanded(context.args.file)
