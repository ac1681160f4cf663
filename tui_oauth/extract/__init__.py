"""Extracting data with an entry, in anyone's dlt pipeline: `from tui_oauth.extract import intercom`.

```
import dlt
from tui_oauth.extract import intercom

pipeline = dlt.pipeline("crm", destination="duckdb", dataset_name="intercom")
pipeline.run(intercom("my-intercom", "contacts", "conversations"))
```

Each run reads what has changed since the last one, where the service can be asked for that. This
module loads nothing of weight; dlt comes with `pip install 'tui-oauth[extract]'`.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tui_oauth.api import Vault

__all__ = ["hubspot", "intercom", "source"]


def intercom(
    entry: str,
    *resources: str,
    vault: Vault | None = None,
    since: date | None = None,
    limit: int | None = None,
) -> Any:
    """A source of dlt: `resources` (all, without any) of the Intercom workspace that `entry` is authorized for.

    As `source`; raises NotFound also when the entry is of another service.
    """
    return _made("intercom", entry, resources, vault, since, limit)


def hubspot(
    entry: str,
    *resources: str,
    vault: Vault | None = None,
    since: date | None = None,
    limit: int | None = None,
) -> Any:
    """As `intercom`, for HubSpot."""
    return _made("hubspot", entry, resources, vault, since, limit)


def source(
    entry: str,
    *resources: str,
    vault: Vault | None = None,
    since: date | None = None,
    limit: int | None = None,
) -> Any:
    """A source of dlt for any entry whose service is declared in `tui_oauth/extract/data`.

    `vault` is an open `tui_oauth.Vault`; without it the person's own is opened. `since` asks for what has
    changed from then on (a moment without a zone is in UTC), instead of since the pipeline's last run;
    `limit` for so many rows of each at most. The token is taken for each call, and refreshed when it has
    to be. Raises TuiOauthError: UsageProblem without dlt, NeedsPerson when the entry has to be
    authorized, also in the middle of a run.
    """
    return _made("", entry, resources, vault, since, limit)


def _made(
    wanted: str,
    name: str,
    resources: tuple[str, ...],
    vault: Vault | None,
    since: date | None,
    limit: int | None,
) -> Any:
    from tui_oauth.api import Vault as _Vault
    from tui_oauth.errors import NotFound
    from tui_oauth.extract.calls import Calls
    from tui_oauth.extract.reading import Reading, Told, Wanted
    from tui_oauth.extract.running import source_of
    from tui_oauth.extract.source import chosen, make

    workspace = (vault or _Vault.open()).workspace
    declared = source_of(workspace, name)
    if wanted and declared.id != wanted:
        raise NotFound(
            f"{name} is an entry of {declared.name}.", f"Use tui_oauth.extract.{declared.id}."
        )
    calls = Calls(workspace, name, declared)
    asked = Wanted(None if since is None else _milliseconds(since), limit=limit)
    return make(
        declared,
        [
            Reading(calls, resource, asked, Told(called))
            for called, resource in chosen(declared, resources)
        ],
    )


def _milliseconds(since: date) -> int:
    moment = since if isinstance(since, datetime) else datetime(since.year, since.month, since.day)
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)
