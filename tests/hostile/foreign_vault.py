"""A vault that a foreign program with the key has filled, and services of one's own beside it.

The program itself takes no such names and keeps no such words; what it shows has to be harmless all
the same.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.hostile.texts import MARKUP, PLAIN, hostile
from tui_oauth.model import Entry, EntrySecrets, TokenSet
from tui_oauth.secret import Secret
from tui_oauth.workspace import Workspace

NOW = 1_795_448_000  # 2026-11-23 15:33:20 UTC
SERVICE = f"""
id = "evil"
name = "{PLAIN}"
category = "test"
aliases = ["{PLAIN}"]
authorize_url = "http://127.0.0.1:9/authorize?x=[@click=app.owned]"
token_url = "http://127.0.0.1:{{port}}/token"
device_authorization_url = "http://127.0.0.1:{{port}}/device"
developer_portal_url = "https://portal.example/[@click=app.owned]"
docs_url = "https://docs.example/[/]"
grants = ["authorization_code", "device_code", "refresh_token"]
pkce = "supported"
client_auth = ["client_secret_post"]
default_scopes = ["[@click=app.owned]x[/]", "[bold"]

[[variables]]
name = "port"
label = "{PLAIN}"
example = "{PLAIN}"

[redirect_uri_rules]
https_required = false
loopback_http_allowed = true
note = "{PLAIN}"

[credential_labels]
client_id = "{PLAIN}"
client_secret = "{PLAIN}"

[guide]
steps = ["{PLAIN}", "[link=file:///etc/passwd]read[/] {{callback_url}} [/]"]
"""
"""Every text of a service file that a screen shows. Control characters do not pass its reading."""


def entry(number: int, **changes: Any) -> Entry:
    """An entry whose every text is hostile, as a foreign vault or bundle may hold it."""
    texts: dict[str, Any] = {
        "name": hostile(f"name{number}").replace("\ud800", ""),
        "service": "evil",
        "service_name": hostile("service"),
        "variables": {"port": "9", hostile("variable"): hostile("value")},
        "scopes": (hostile("scope"),),
        "account": hostile("account"),
        "account_detail": hostile("detail"),
        "granted_scopes": (hostile("granted"), "[/]"),
        "last_error": hostile("error"),
    }
    return Entry(
        id=f"{number:032x}", created_at=NOW - 9_000, updated_at=NOW - 60, **{**texts, **changes}
    )


ENTRIES = (
    entry(1, configured=True, authorized=True, has_refresh_token=True, expires_at=NOW + 9_000),
    entry(2, configured=True, authorized=True, needs_authorization=True),
    entry(3, configured=True),
    entry(4),
    entry(5, service=hostile("nowhere"), configured=True, authorized=True),
    entry(6, pinned=hostile("pinned"), service="", configured=True),
)
HELD = EntrySecrets(
    hostile("client"),
    Secret("a-secret"),
    TokenSet(Secret("a-token"), "Bearer", NOW - 60, extra={hostile("key"): hostile("kept")}),
)


def fill(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the entries and the services into `workspace`."""
    folder = workspace.places.own_services
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / "evil.toml").write_text(SERVICE)
    (folder / "broken[@click=app.owned]\x1b[2J.toml").write_text(f'id = "{MARKUP}"')
    with monkeypatch.context() as foreign:
        foreign.setattr("tui_oauth.vault.repository.valid_name", lambda name: name)
        for one in ENTRIES:
            workspace.vault.add(one, HELD if one.configured else EntrySecrets())
