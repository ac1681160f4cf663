"""An entry's client registers itself, over real HTTP: stored, renewed, refused, removed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.providers.authlib_server import AuthlibServer
from tests.providers.misbehaving import Conversation, answering, reset
from tests.providers.mock_server import MockServer
from tests.providers.publishing import Site, publishing
from tests.stage import make_workspace
from tui_oauth.applicant import applicant_of
from tui_oauth.discover import look_up
from tui_oauth.discovered import create_discovered
from tui_oauth.entries import (
    callback_choices,
    callback_url,
    declared_service,
    lock_callback,
)
from tui_oauth.errors import Conflict, NeedsPerson, ProviderRefused, ProviderUnreachable
from tui_oauth.model import Entry, EntrySecrets, Status, TokenSet, status_of, with_tokens
from tui_oauth.practice.behaviour import Behaviour
from tui_oauth.practice.provider import PracticeProvider
from tui_oauth.registering import can_register, is_registered, register, unregister
from tui_oauth.secret import Secret
from tui_oauth.tokens import refresh_entry
from tui_oauth.workspace import Workspace

TOKEN = "registration-token-77aa"


@pytest.fixture
def workspace(home: object) -> Workspace:
    return make_workspace(8977)


@pytest.fixture
def site() -> Iterator[Site]:
    with publishing() as made:
        made.issuer(registration_endpoint=f"{made.url}/register")
        yield made


def made_at(workspace: Workspace, url: str, name: str = "api") -> Entry:
    found = asyncio.run(look_up(workspace, url))
    return create_discovered(workspace, name, found)


def answers(site: Site, **members: Any) -> None:
    """The site registers whoever asks, and lets the client look after it."""
    document = {
        "client_id": "client-1",
        "token_endpoint_auth_method": "none",
        "registration_access_token": TOKEN,
        "registration_client_uri": f"{site.url}/register/client-1",
        **members,
    }
    known = {name: value for name, value in document.items() if value is not None}
    body = json.dumps(known).encode()
    site.answer("POST /register", answering(body, "201 Created"))


def sent(site: Site, where: str) -> list[tuple[bytes, bytes]]:
    """Heads and bodies of the requests `where`."""
    every = zip(site.asked, site.heads, site.bodies, strict=True)
    return [(head, body) for asked, head, body in every if asked == where]


def test_rule_108_what_the_server_returned_is_stored(workspace: Workspace, site: Site) -> None:
    answers(
        site,
        client_id="the server's id",
        client_secret="its secret",
        client_secret_expires_at=1_999_999_999,
        token_endpoint_auth_method="client_secret_post",
    )
    entry = made_at(workspace, site.url)
    assert can_register(workspace, entry)
    assert not is_registered(workspace, entry)
    stored = asyncio.run(register(workspace, entry))
    held = workspace.vault.secrets(stored)
    assert held == EntrySecrets(
        client_id="the server's id",
        client_secret=Secret("its secret"),
        registration_token=Secret(TOKEN),
        registration_url=f"{site.url}/register/client-1",
    )
    assert status_of(stored, 0) is Status.CONFIGURED
    assert stored.client_secret_expires_at == 1_999_999_999
    assert declared_service(workspace, stored).client_auth == ("client_secret_post",)
    assert is_registered(workspace, stored)
    ((head, body),) = sent(site, "POST /register")
    asked = json.loads(body)
    assert asked["redirect_uris"] == [callback_url(workspace, entry)]
    assert asked["application_type"] == "native"
    assert asked["token_endpoint_auth_method"] == "none"
    assert b"authorization:" not in head.lower()
    assert TOKEN.encode() not in workspace.places.vault.read_bytes()


def test_the_callback_url_that_was_registered_stays_the_entry_s(
    workspace: Workspace, site: Site
) -> None:
    answers(site)
    entry = asyncio.run(register(workspace, made_at(workspace, site.url)))
    before = callback_url(workspace, entry)
    settings = workspace.settings
    moved = settings._replace(callback=settings.callback._replace(port=1))
    workspace.settings = moved
    assert callback_url(workspace, entry) == before


def test_a_callback_url_that_the_person_locked_is_the_one_that_is_registered(
    workspace: Workspace, site: Site
) -> None:
    answers(site)
    entry = made_at(workspace, site.url)
    chosen = [choice.url for choice in callback_choices(workspace, entry)][-1]
    assert chosen != callback_url(workspace, entry)
    asyncio.run(register(workspace, lock_callback(workspace, entry, chosen)))
    ((_, body),) = sent(site, "POST /register")
    assert json.loads(body)["redirect_uris"] == [chosen]
    assert callback_url(workspace, workspace.vault.get(entry.id)) == chosen


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_rule_108_another_redirect_uri_of_the_server_is_used_if_it_leads_here(
    workspace: Workspace, site: Site, host: str
) -> None:
    port = workspace.settings.callback.port
    entry = made_at(workspace, site.url)
    path = urlsplit(callback_url(workspace, entry)).path
    answers(site, redirect_uris=["https://elsewhere.example/", f"http://{host}:{port}{path}"])
    entry = asyncio.run(register(workspace, entry))
    assert callback_url(workspace, entry) == f"http://{host}:{port}{path}"


def test_rule_108_redirect_uris_that_lead_elsewhere_are_refused_and_the_client_removed(
    workspace: Workspace, site: Site
) -> None:
    answers(site, redirect_uris=["https://elsewhere.example/"])
    site.answer("DELETE /register/client-1", answering(b"", "204 No Content"))
    entry = made_at(workspace, site.url)
    with pytest.raises(ProviderRefused, match=r"elsewhere\.example"):
        asyncio.run(register(workspace, entry))
    ((head, _),) = sent(site, "DELETE /register/client-1")
    assert f"authorization: bearer {TOKEN}".encode() in head.lower()
    assert workspace.vault.secrets(entry) == EntrySecrets()


@pytest.mark.parametrize(
    ("behaviour", "error"),
    [
        (answering(b'{"error": "invalid_redirect_uri"}', "400 Bad Request"), ProviderRefused),
        (answering(b"", "401 Unauthorized"), ProviderRefused),
        (answering(b"<html>", "200 OK"), ProviderUnreachable),
        (
            answering(b"", "307 Temporary Redirect", "Location: http://127.0.0.1:1/"),
            ProviderUnreachable,
        ),
        (reset, ProviderUnreachable),
    ],
    ids=["refused", "401", "html", "redirect", "reset"],
)
def test_a_registration_that_failed_leaves_the_entry_and_says_why(
    workspace: Workspace, site: Site, behaviour: Any, error: type[Exception]
) -> None:
    site.answer("POST /register", behaviour)
    entry = made_at(workspace, site.url)
    with pytest.raises(error) as caught:
        asyncio.run(register(workspace, entry))
    after = workspace.vault.get(entry.id)
    assert after.last_error in str(caught.value)
    assert after.last_error
    assert status_of(after, 0) is Status.NOT_CONFIGURED
    assert workspace.vault.secrets(after) == EntrySecrets()
    assert len(sent(site, "POST /register")) == 1, "it is not sent again by itself"


def test_an_entry_that_was_configured_meanwhile_keeps_its_client(
    workspace: Workspace, site: Site
) -> None:
    entry = made_at(workspace, site.url)

    def behave(conversation: Conversation) -> None:
        workspace.vault.change(
            entry.id, lambda current, held: (current, held._replace(client_id="by hand"))
        )
        answering(b'{"client_id": "client-1"}', "201 Created")(conversation)

    site.answer("POST /register", behave)
    with pytest.raises(Conflict):
        asyncio.run(register(workspace, entry))
    assert workspace.vault.secrets(entry).client_id == "by hand"


# ---- an end to the secret


def authorized(workspace: Workspace, entry: Entry) -> Entry:
    """The entry with a token that has ended and a refresh token."""
    now = workspace.now()
    tokens = TokenSet(Secret("old"), "Bearer", now - 9_000, now - 60, Secret("refresh"))
    return workspace.vault.change(
        entry.id,
        lambda current, held: (
            with_tokens(current, tokens, now),
            held._replace(tokens=tokens),
        ),
    )


def test_rule_108_an_expired_client_secret_is_reported_as_such(
    workspace: Workspace, site: Site
) -> None:
    answers(
        site,
        client_secret="short-lived",
        client_secret_expires_at=workspace.now() - 3_700,
        token_endpoint_auth_method="client_secret_basic",
    )
    entry = asyncio.run(register(workspace, made_at(workspace, site.url)))
    for use in (applicant_of, refresh_entry):
        subject = authorized(workspace, entry) if use is refresh_entry else entry
        with pytest.raises(NeedsPerson) as caught:
            use(workspace, subject)
        assert "The client secret that 127.0.0.1:" in caught.value.message
        assert "ended 1 h ago" in caught.value.message
        assert "tui-oauth discover api --register" in caught.value.advice
    assert not sent(site, "POST /token")


def test_rule_108_a_new_secret_is_had_by_a_look_at_the_registration(
    workspace: Workspace, site: Site
) -> None:
    """RFC 7592 section 2.1; the tokens of the same client stay."""
    with_secret = {"token_endpoint_auth_method": "client_secret_basic"}
    answers(site, client_secret="one", client_secret_expires_at=1, **with_secret)
    entry = asyncio.run(register(workspace, made_at(workspace, site.url)))
    authorized(workspace, entry)
    site.publish(
        "/register/client-1",
        {
            "client_id": "client-1",
            "client_secret": "two",
            "client_secret_expires_at": 0,
            "registration_access_token": "rotated",
            **with_secret,
        },
    )
    renewed = asyncio.run(register(workspace, entry))
    held = workspace.vault.secrets(renewed)
    assert held.client_secret == Secret("two")
    assert held.registration_token == Secret("rotated")
    assert held.tokens is not None
    assert renewed.authorized
    assert renewed.client_secret_expires_at is None
    assert len(sent(site, "POST /register")) == 1


def test_a_registration_whose_way_back_has_moved_is_changed(
    workspace: Workspace, site: Site
) -> None:
    """RFC 7592 section 2.2."""
    entry = made_at(workspace, site.url)
    answers(site, redirect_uris=[callback_url(workspace, entry)])
    entry = asyncio.run(register(workspace, entry))
    path = urlsplit(callback_url(workspace, entry)).path
    port = workspace.settings.callback.port + 1
    settings = workspace.settings
    workspace.settings = settings._replace(callback=settings.callback._replace(port=port))
    now_at = f"http://127.0.0.1:{port}{path}"
    site.publish(
        "/register/client-1",
        {"client_id": "client-1", "redirect_uris": [callback_url(workspace, entry)]},
    )
    site.answer(
        "PUT /register/client-1",
        answering(json.dumps({"client_id": "client-1", "redirect_uris": [now_at]}).encode()),
    )
    changed = asyncio.run(register(workspace, entry))
    ((_, body),) = sent(site, "PUT /register/client-1")
    assert json.loads(body)["redirect_uris"] == [now_at]
    assert json.loads(body)["client_id"] == "client-1"
    assert callback_url(workspace, changed) == now_at
    assert len(sent(site, "POST /register")) == 1


def test_a_registration_that_is_gone_is_made_anew(workspace: Workspace, site: Site) -> None:
    answers(site)
    entry = asyncio.run(register(workspace, made_at(workspace, site.url)))
    authorized(workspace, entry)
    answers(site, client_id="client-2")
    site.publish("/register/client-1", {}, status="401 Unauthorized")
    again = asyncio.run(register(workspace, entry))
    assert workspace.vault.secrets(again).client_id == "client-2"
    assert not again.authorized, "the tokens were another client's"
    assert sent(site, "DELETE /register/client-1"), "what is of no use is not left behind"


# ---- its end


def test_the_registration_ends_with_its_own_token(workspace: Workspace, site: Site) -> None:
    answers(site)
    entry = asyncio.run(register(workspace, made_at(workspace, site.url)))
    site.answer("DELETE /register/client-1", answering(b"", "204 No Content"))
    before = workspace.places.vault.read_bytes()
    assert asyncio.run(unregister(workspace, entry)) is True
    ((head, _),) = sent(site, "DELETE /register/client-1")
    assert f"authorization: bearer {TOKEN}".encode() in head.lower()
    assert workspace.places.vault.read_bytes() == before


def test_an_entry_without_a_registration_has_none_to_end(workspace: Workspace, site: Site) -> None:
    entry = made_at(workspace, site.url)
    assert asyncio.run(unregister(workspace, entry)) is False
    assert all(not asked.startswith("DELETE") for asked in site.asked)


@pytest.mark.parametrize("status", ["403 Forbidden", "405 Method Not Allowed", "503 Unavailable"])
def test_a_registration_that_could_not_be_ended_is_told(
    workspace: Workspace, site: Site, status: str
) -> None:
    answers(site)
    entry = asyncio.run(register(workspace, made_at(workspace, site.url)))
    site.answer("DELETE /register/client-1", answering(b"", status))
    with pytest.raises((ProviderRefused, ProviderUnreachable), match=status[:3]):
        asyncio.run(unregister(workspace, entry))


# ---- the practice provider, and servers that we did not write


@pytest.mark.parametrize("method", ["", "client_secret_basic", "client_secret_post"])
def test_rule_108_at_the_practice_provider_which_may_decide_on_a_secret(
    workspace: Workspace, method: str
) -> None:
    behaviour = Behaviour(register_as=method, secret_lifetime=3_600)
    with PracticeProvider(0, behaviour) as provider:
        entry = asyncio.run(register(workspace, made_at(workspace, provider.url)))
        client = applicant_of(workspace, entry).client
        assert client.auth_method == (method or "none")
        assert (client.client_secret is not None) is bool(method)
        assert (entry.client_secret_expires_at is not None) is bool(method)
        assert provider.application.store.app_of_client(client.client_id) is not None
        assert asyncio.run(unregister(workspace, entry))
        assert provider.application.store.app_of_client(client.client_id) is None


def test_at_a_server_of_authlib_from_the_url_to_a_client_and_its_end(
    workspace: Workspace, authlib_server: AuthlibServer
) -> None:
    entry = asyncio.run(register(workspace, made_at(workspace, authlib_server.issuer)))
    held = workspace.vault.secrets(entry)
    registered = authlib_server.store.clients[held.client_id]
    assert registered.client_metadata["redirect_uris"] == [callback_url(workspace, entry)]
    assert registered.client_metadata["token_endpoint_auth_method"] == "none"
    assert applicant_of(workspace, entry).client.auth_method == "none"
    if is_registered(workspace, entry):
        assert asyncio.run(unregister(workspace, entry))
        assert held.client_id not in authlib_server.store.clients


def test_rule_61_at_oidc_provider_mock_which_names_no_method_it_is_basic(
    workspace: Workspace, mock_server: MockServer
) -> None:
    entry = asyncio.run(register(workspace, made_at(workspace, mock_server.issuer)))
    client = applicant_of(workspace, entry).client
    assert client.auth_method == "client_secret_basic"
    assert client.client_secret
