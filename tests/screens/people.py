"""A vault whose pictures never change: fixed places, fixed clock, an entry in every state."""

from __future__ import annotations

from pathlib import Path

from tui_oauth import audit
from tui_oauth.model import Entry, EntrySecrets, TokenSet
from tui_oauth.paths import Places
from tui_oauth.programs import Program
from tui_oauth.secret import Secret
from tui_oauth.settings import Settings
from tui_oauth.vault import create_vault
from tui_oauth.workspace import Workspace

NOW = 1_795_448_000  # 2026-11-23 15:33:20 UTC


def entry(number: int, name: str, service: str, service_name: str, **more: object) -> Entry:
    """An entry made nine days ago and changed an hour ago."""
    return Entry(
        id=f"{number:032x}",
        name=name,
        service=service,
        service_name=service_name,
        created_at=NOW - 9 * 86_400,
        updated_at=NOW - 3_600,
        **more,  # type: ignore[arg-type]
    )


ENTRIES = (
    entry(
        1,
        "my-intercom",
        "intercom",
        "Intercom",
        configured=True,
        authorized=True,
        account="Acme Europe",
        account_detail="workspace ab12cd",
    ),
    entry(
        2,
        "crm",
        "hubspot",
        "HubSpot",
        configured=True,
        authorized=True,
        has_refresh_token=True,
        expires_at=NOW + 1_500,
        account="portal 4711",
        granted_scopes=("oauth", "crm.objects.contacts.read"),
    ),
    entry(
        3,
        "books",
        "xero",
        "Xero",
        configured=True,
        authorized=True,
        expires_at=NOW + 240,
        account="名前 Ltd [/users]",
    ),
    entry(4, "tickets", "zendesk", "Zendesk", variables={"subdomain": "acme"}),
    entry(5, "repo-sync", "github", "GitHub", configured=True),
    entry(
        6,
        "old-google",
        "google",
        "Google (generic)",
        configured=True,
        authorized=True,
        needs_authorization=True,
        last_error="The refresh token was refused (invalid_grant).",
    ),
)


# What the sign-in's pictures are made with: the practice provider's two services.
SIGN_INS = (
    entry(7, "my-practice", "practice", "Practice provider", configured=True),
    entry(8, "my-https", "practice-https", "Practice provider (HTTPS callback)", configured=True),
    entry(9, "fresh", "practice", "Practice provider"),
    entry(
        10,
        "signed-in",
        "practice",
        "Practice provider",
        configured=True,
        authorized=True,
        has_refresh_token=True,
        expires_at=NOW + 7_200,
        account="Aurora Books",
        account_detail="robin@practice.example",
        granted_scopes=("read", "write"),
    ),
)


def workspace(
    home: Path,
    filled: bool = True,
    vault: bool = True,
    entries: tuple[Entry, ...] = ENTRIES,
    **environ: str,
) -> Workspace:
    """A workspace with a still clock; `filled` with `entries`."""
    places = Places(
        vault=home / "vault.json",
        key_file=home / "vault.key",
        settings=home / "config.toml",
        own_services=home / "services",
        state=home / "state",
    )
    surroundings = {"HOME": str(home), "TERM": "xterm-256color", **environ}
    made = Workspace(surroundings, places, Settings(), clock=lambda: NOW)
    if vault:
        made.use_vault(create_vault(places))
    for one in entries if filled else ():
        tokens = TokenSet(Secret("a-token"), "Bearer", NOW - 3_600, one.expires_at)
        held = EntrySecrets("an-id", Secret("a-secret"), tokens)
        made.vault.add(one, held if one.configured else EntrySecrets())
    return made


AUDITED = (
    ("crm", "token", "/usr/bin/bash", False),
    ("crm", "exec", "/opt/extract/releases/2026-11/venv/bin/python3.12", False),
    ("my-intercom", "agent", "/usr/bin/curl", False),
    ("crm", "git-credential", "/usr/bin/git", True),
    ("", "python", "", False),
    ("my-intercom", "kubectl-credential", "/usr/local/bin/kubectl", False),
)
"""Who took which token: entry (none: one that was deleted), way, program, refused."""


def audited(home: Path) -> Workspace:
    """The usual entries, of which one is for curl only; and a record, a line each ten minutes."""
    moments = iter(range(NOW - 3_600, NOW, 600))
    only = [one._replace(programs=("/usr/bin/curl",) * (one.name == "crm")) for one in ENTRIES]
    made = workspace(home, entries=tuple(only))
    ids = {one.name: one.id for one in ENTRIES}
    for number, (name, way, path, refused) in enumerate(AUDITED):
        at = Workspace(made.environ, made.places, made.settings, clock=lambda: next(moments))
        who = Program(1000, 4000 + number, path, path.rpartition("/")[2])
        audit.note(at, ids.get(name, "9" * 32), way, who, refused=refused)
    return made
