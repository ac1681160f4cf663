"""After a new sign-in of the same account the old access ends, where that harms nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.providers.misbehaving import answering, serving
from tests.refreshing import sign_in
from tests.stage import Stage
from tui_oauth import lingering
from tui_oauth.accounts import check_entry
from tui_oauth.lingering import may_end
from tui_oauth.model import Entry, TokenSet
from tui_oauth.secret import Secret
from tui_oauth.services.catalogue import Catalogue
from tui_oauth.services.format import RevokeQuirks, Service
from tui_oauth.signin import SignIns


@pytest.fixture
def standard(stage: Stage) -> Entry:
    """An entry at the practice provider's standard addresses, where one token is revoked alone."""
    return stage.configured("work", "practice-standard")


def revocations(stage: Stage) -> int:
    return stage.provider.application.count["revoke"]


def tokens_of(stage: Stage, entry: Entry) -> TokenSet:
    tokens = stage.workspace.vault.secrets(entry).tokens
    assert tokens is not None
    return tokens


async def introspected(stage: Stage, token: Secret) -> bool:
    """Whether the provider still takes this access token."""
    from tui_oauth.net import send
    from tui_oauth.oauth.http import Request

    url = f"http://127.0.0.1:{stage.provider.port}/api"
    headers = {"Authorization": f"Bearer {token.reveal()}"}
    return (await send(Request("GET", url, "call", headers))).status == 200


async def test_a_new_sign_in_of_the_same_account_ends_the_old_access(
    stage: Stage, standard: Entry
) -> None:
    await sign_in(stage, standard)
    first = tokens_of(stage, standard)
    assert revocations(stage) == 0
    again = await sign_in(stage, standard)
    assert revocations(stage) == 2
    assert not await introspected(stage, first.access_token)
    second = tokens_of(stage, standard)
    assert second.access_token != first.access_token
    assert await introspected(stage, second.access_token)
    assert (await check_entry(stage.workspace, again)).whose == again.account


async def note_of(stage: Stage, entry: Entry) -> str:
    """What is said after one more sign-in, which succeeds."""
    import asyncio

    signins = SignIns(stage.workspace)
    signin = signins.begin(entry)
    running = asyncio.create_task(signin.run())
    await asyncio.sleep(0)
    signin.paste(await asyncio.to_thread(stage.consent, signin.authorization_url))
    assert (await running).authorized
    await signins.close()
    return signin.note


def moved(stage: Stage, url: str) -> Entry:
    """An entry whose tokens are revoked at `url`, by an own service file of the same id."""
    from tui_oauth.services.toml_text import service_text

    service = replace(Catalogue().get("practice-standard"), revoke_url=url)
    folder = stage.workspace.places.own_services
    folder.mkdir(parents=True, mode=0o700, exist_ok=True)
    (folder / "practice-standard.toml").write_text(service_text(service))
    return stage.configured("work", "practice-standard")


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        ("503 Service Unavailable", b"", "HTTP 503"),
        ("400 Bad Request", b'{"error":"invalid_request"}', "invalid_request"),
    ],
)
async def test_that_it_failed_is_a_note_and_nothing_more(
    status: str, body: bytes, words: str, stage: Stage
) -> None:
    with serving(answering(body, status)) as server:
        entry = moved(stage, f"{server.url}/revoke")
        await sign_in(stage, entry)
        note = await note_of(stage, entry)
    assert "was not revoked" in note
    assert words in note
    assert len(server.requests) == 1


async def test_a_service_that_is_slow_delays_nobody(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.providers.misbehaving import silence

    monkeypatch.setattr(lingering, "LINGERING_SECONDS", 0.3)
    with serving(silence) as server:
        entry = moved(stage, f"{server.url}/revoke")
        await sign_in(stage, entry)
        assert "was not revoked" in await note_of(stage, entry)


async def test_a_token_that_is_gone_already_is_no_note(stage: Stage) -> None:
    with serving(answering(b'{"error":"invalid_token"}', "400 Bad Request")) as server:
        entry = moved(stage, f"{server.url}/revoke")
        await sign_in(stage, entry)
        assert await note_of(stage, entry) == ""
    assert len(server.requests) == 2


async def test_where_one_token_ends_everything_nothing_is_sent(stage: Stage) -> None:
    entry = stage.configured("work", "practice")  # it uninstalls the app
    await sign_in(stage, entry)
    await sign_in(stage, entry)
    assert stage.provider.application.count["uninstall"] == 0


PLAIN: dict[str, Any] = {"id": "x", "name": "X", "token_url": "https://as.example/token"}
REVOCABLE = Service(**PLAIN, revoke_url="https://as.example/revoke")
BEFORE = Entry("0" * 32, "work", "x", "X", 0, 0, account="Acme", account_detail="ab12")
OLD = TokenSet(Secret("a1"), "Bearer", 0, None, Secret("r1"))
NEW = TokenSet(Secret("a2"), "Bearer", 0, None, Secret("r2"))


def quirks(**given: Any) -> Service:
    return replace(REVOCABLE, quirks=replace(REVOCABLE.quirks, revoke=RevokeQuirks(**given)))


def test_only_what_surely_ends_alone_is_ended() -> None:
    assert may_end(REVOCABLE, BEFORE, BEFORE, OLD, NEW)
    assert may_end(quirks(auth="basic"), BEFORE, BEFORE, OLD, NEW)
    assert may_end(REVOCABLE, BEFORE, BEFORE, OLD._replace(refresh_token=None), NEW)


@pytest.mark.parametrize(
    "service",
    [
        Service(**PLAIN),
        replace(REVOCABLE, revoke_url="https://as.example/{refresh_token}"),
        quirks(ends_consent=True),
        quirks(auth="bearer", body="none"),
        quirks(method="DELETE"),
        quirks(body="json"),
        quirks(parameters={"token": "{access_token}"}),
    ],
)
def test_never_where_the_service_may_end_more_than_that(service: Service) -> None:
    assert not may_end(service, BEFORE, BEFORE, OLD, NEW)


@pytest.mark.parametrize(
    "changes",
    [
        {"account": "Other"},
        {"account": ""},
        {"account_detail": "cd34"},
        {"variables": {"region": "eu"}},
    ],
)
def test_never_where_the_account_may_be_another(changes: dict[str, Any]) -> None:
    assert not may_end(REVOCABLE, BEFORE, BEFORE._replace(**changes), OLD, NEW)
    assert not may_end(
        REVOCABLE, BEFORE._replace(account=""), BEFORE._replace(account=""), OLD, NEW
    )


def test_never_where_nobody_has_looked_into_the_service() -> None:
    pinned = BEFORE._replace(pinned="{}")
    assert not may_end(REVOCABLE, pinned, pinned, OLD, NEW)


@pytest.mark.parametrize("same", [{"access_token": Secret("a1")}, {"refresh_token": Secret("r1")}])
def test_never_where_the_new_tokens_are_the_old_ones(same: dict[str, Any]) -> None:
    assert not may_end(REVOCABLE, BEFORE, BEFORE, OLD, NEW._replace(**same))
