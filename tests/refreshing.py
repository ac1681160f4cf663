"""Entries whose tokens are old, for tests of the refresh."""

from __future__ import annotations

import asyncio

from tests.stage import Stage
from tui_oauth.model import Entry, EntrySecrets
from tui_oauth.practice.behaviour import Behaviour
from tui_oauth.signin import SignIns


async def sign_in(stage: Stage, entry: Entry) -> Entry:
    """Authorize `entry` by pasting the address that the browser ends on."""
    signins = SignIns(stage.workspace)
    signin = signins.begin(entry)
    running = asyncio.create_task(signin.run())
    await asyncio.sleep(0)
    signin.paste(await asyncio.to_thread(stage.consent, signin.authorization_url))
    done = await running
    await signins.close()
    return done


def authorized(stage: Stage, behaviour: Behaviour, name: str = "work") -> Entry:
    """A new entry, authorized at a provider that behaves so."""
    stage.provider.application.behaviour = behaviour
    return asyncio.run(sign_in(stage, stage.configured(name)))


def age(stage: Stage, entry: Entry, seconds: int) -> None:
    """Move the entry's tokens into the past."""

    def edit(current: Entry, held: EntrySecrets) -> tuple[Entry, EntrySecrets]:
        tokens = held.tokens
        assert tokens is not None
        assert tokens.expires_at is not None
        moved = tokens._replace(
            issued_at=tokens.issued_at - seconds,
            expires_at=tokens.expires_at - seconds,
        )
        return current._replace(expires_at=moved.expires_at), held._replace(tokens=moved)

    stage.workspace.vault.change(entry.id, edit)
