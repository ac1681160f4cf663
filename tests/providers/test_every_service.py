"""A sign-in to every service of the catalogue, over real HTTP, against the service as it is played."""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest

from tests.stage import free_port
from tui_oauth import net
from tui_oauth.accounts import check_entry
from tui_oauth.entries import callback_url, configure_entry, entry_service
from tui_oauth.model import Entry
from tui_oauth.oauth.device import offers_device
from tui_oauth.oauth.http import Request
from tui_oauth.practice.played.application import CLIENT_ID, CLIENT_SECRET
from tui_oauth.practice.played.provider import PlayedProvider
from tui_oauth.practice.played.shapes import ACCOUNT
from tui_oauth.practice.visitor import Visitor
from tui_oauth.revocation import revoke_entry
from tui_oauth.secret import Secret
from tui_oauth.services.catalogue import BUILT_IN, Catalogue
from tui_oauth.services.pinned import pin
from tui_oauth.services.resolve import asked_variables
from tui_oauth.signin import SignIns
from tui_oauth.tokens import access_token, refresh_entry
from tui_oauth.vault import create_vault
from tui_oauth.workspace import Workspace

CATALOGUE = Catalogue()
OTHERS = {"custom-oauth2", "practice", "practice-https", "practice-standard"}
SERVICES = [
    path.stem
    for path in sorted(BUILT_IN.glob("*.toml"))
    if path.stem not in OTHERS and "authorization_code" in CATALOGUE.get(path.stem).grants
]


@pytest.fixture
def workspace(home: Path) -> Workspace:
    first = Workspace.from_environment(dict(os.environ))
    first.places.settings.parent.mkdir(parents=True, mode=0o700, exist_ok=True)
    first.places.settings.write_text(f"[callback]\nport = {free_port()}\n")
    workspace = Workspace.from_environment(dict(os.environ))
    workspace.use_vault(create_vault(workspace.places))
    return workspace


@pytest.fixture
def played(request: pytest.FixtureRequest, workspace: Workspace) -> Iterator[PlayedProvider]:
    service = CATALOGUE.get(request.param)
    with PlayedProvider(service, callback_url(workspace, service=service), port=0) as provider:
        yield provider


def an_entry(workspace: Workspace, played: PlayedProvider) -> Entry:
    """A configured entry that carries the played service itself."""
    service = played.service
    made = Entry(
        id=os.urandom(16).hex(),
        name=service.id,
        service=service.id,
        service_name=service.name,
        created_at=workspace.now(),
        updated_at=workspace.now(),
        pinned=pin(service),
        callback_url=played.callback_url,
        variables={one.name: one.example for one in asked_variables(service)},
    )
    from tui_oauth.model import EntrySecrets

    entry = workspace.vault.add(made, EntrySecrets())
    public = service.client_auth == ("none",)
    secret = None if public else Secret(CLIENT_SECRET)
    return configure_entry(workspace, entry, client_id=CLIENT_ID, client_secret=secret)


def consent(link: str) -> str:
    """Authorize access in a browser of sorts; where the browser is sent then, with its parameters."""
    parts = urlsplit(link)
    if parts.fragment:  # the page's own script would go there
        link = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}{parts.fragment}"
    visitor = Visitor(net.fetch)
    page = visitor.open(link)
    assert page.status == 200, page.heading
    form = page.form
    request = Request(
        "POST",
        f"{parts.scheme}://{parts.netloc}{form.action}",
        "page",
        {"Content-Type": "application/x-www-form-urlencoded"},
        form.content("Authorize access").encode(),
    )
    response = net.fetch(request)
    if response.status == 303:
        return response.headers["location"]
    # The code comes by POST, from a form that the browser sends by itself.
    names = re.findall(r'name="(\w+)" value="([^"]*)"', response.body.decode())
    return urlencode(names)


async def signed_in(workspace: Workspace, entry: Entry) -> Entry:
    sign_ins = SignIns(workspace)
    try:
        signin = sign_ins.begin(entry)
        running = asyncio.create_task(signin.run())
        answer = await asyncio.to_thread(consent, signin.authorization_url)
        signin.paste(answer)
        result = await running
        assert signin.note == ""
        return result
    finally:
        await sign_ins.close()


@pytest.mark.parametrize("played", SERVICES, indirect=True)
def test_the_whole_sign_in(workspace: Workspace, played: PlayedProvider) -> None:
    service = played.service
    entry = an_entry(workspace, played)
    result = asyncio.run(signed_in(workspace, entry))
    held = workspace.vault.secrets(result)
    assert held.tokens is not None
    assert held.tokens.access_token.reveal().startswith("access-")
    counted = played.application.count
    assert counted["token"] == 1
    assert counted["long_lived"] == (service.quirks.answer.long_lived is not None)
    if service.identity_probe is not None:
        assert result.account == ACCOUNT
        assert counted["probe"] == 1
        assert asyncio.run(check_entry(workspace, result)).whose == ACCOUNT
    resolved = entry_service(workspace, workspace.vault.get(entry.id))
    for name in (*service.quirks.answer.keep, *service.quirks.callback.keep):
        assert held.tokens.extra[name]
    if "openid" not in resolved.default_scopes:
        assert json.dumps(dict(held.tokens.extra))
    renewable = held.tokens.refresh_token or service.quirks.refresh.with_access_token
    assert bool(renewable) == (
        "refresh_token" in service.grants or service.quirks.refresh.with_access_token
    )
    if renewable:
        before = access_token(workspace, result).access_token
        refresh_entry(workspace, result)
        assert counted["refresh"] == 1
        assert access_token(workspace, result).access_token != before


OF_DEVICES = {"t_device_same_endpoint"}
EXPECTED_FACTS = Path(__file__).parents[1] / "unit/services/expected_facts.json"
DEVICES = [one for one in SERVICES if offers_device(CATALOGUE.get(one))]


@pytest.mark.parametrize("played", DEVICES, indirect=True)
def test_the_sign_in_over_another_device(workspace: Workspace, played: PlayedProvider) -> None:
    entry = an_entry(workspace, played)

    async def sign_in() -> Entry:
        sign_ins = SignIns(workspace)
        try:
            signin = sign_ins.begin(entry)
            signin.start_device()
            shown = asyncio.Event()

            def changed() -> None:
                if signin.device is not None and signin.device.code is not None:
                    shown.set()

            signin.on_change = changed
            running = asyncio.create_task(signin.run())
            await asyncio.wait_for(shown.wait(), 10)
            assert signin.device is not None
            assert signin.device.code is not None
            await asyncio.to_thread(confirmed, signin.device.code.verification_uri_complete)
            return await asyncio.wait_for(running, 20)
        finally:
            await sign_ins.close()

    result = asyncio.run(sign_in())
    assert result.authorized
    assert played.application.count["device"] == 1


def confirmed(address: str) -> None:
    """Authorize access on another device."""
    visitor = Visitor(net.fetch)
    visitor.open(address)
    assert visitor.press("Authorize access").heading == "Back to your device"


REVOCABLE = [one for one in SERVICES if CATALOGUE.get(one).revoke_url]


@pytest.mark.parametrize("played", REVOCABLE, indirect=True)
def test_the_grant_is_ended_as_the_service_wants_it(
    workspace: Workspace, played: PlayedProvider
) -> None:
    entry = asyncio.run(signed_in(workspace, an_entry(workspace, played)))
    revoked = revoke_entry(workspace, entry)
    assert revoked.done
    assert revoked.removed
    assert played.application.all_revoked
    assert workspace.vault.secrets(entry).tokens is None


def test_every_way_of_the_vocabulary_is_played_by_some_service() -> None:
    """Each departure from plain OAuth 2.0 goes over the wire in one of the tests above."""
    facts = json.loads(EXPECTED_FACTS.read_text(encoding="utf-8"))
    tags: dict[str, set[str]] = {}
    for one in facts:
        for tag in one["quirks"]:
            tags.setdefault(tag, set()).add(one["id"])
    assert len(tags) == 62
    needed = {
        tag: set(REVOCABLE if tag.startswith("v_") else DEVICES if tag in OF_DEVICES else SERVICES)
        for tag in tags
    }
    # Three services keep files of their own making and are played like all others.
    missing = {tag for tag, ids in tags.items() if not ids & needed[tag]}
    assert missing == set()
