"""`check`: whose token it is and whether it is taken, over real HTTP (rule 97)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.providers.misbehaving import answering
from tests.providers.publishing import Site, publishing
from tests.refreshing import sign_in
from tests.stage import Stage
from tui_oauth.accounts import Checked, activity, check_entry
from tui_oauth.entries import describe
from tui_oauth.errors import Fix, NeedsPerson, ProviderRefused, ProviderUnreachable, UsageProblem
from tui_oauth.model import Entry, EntrySecrets, TokenSet, with_tokens
from tui_oauth.oauth.introspect import SIGNED_TYPE, Introspection
from tui_oauth.practice.behaviour import Behaviour
from tui_oauth.practice.jose import SigningKey, unsigned
from tui_oauth.secret import Secret
from tui_oauth.services.format import Extensions, IdentityProbe, Service
from tui_oauth.services.pinned import pin
from tui_oauth.tokens import refresh_entry


async def checked(stage: Stage, entry: Entry) -> Checked:
    return await check_entry(stage.workspace, stage.workspace.vault.get(entry.id))


async def signed_in(stage: Stage, **behaviour: Any) -> Entry:
    stage.provider.application.behaviour = Behaviour(**behaviour)
    return await sign_in(stage, stage.configured("work", "practice-standard"))


def end_access(stage: Stage, entry: Entry) -> None:
    """The provider takes the access token no longer; the grant goes on."""
    held = stage.workspace.vault.secrets(entry)
    store = stage.provider.application.store
    app = store.app_of_client(held.client_id)
    assert app is not None
    assert held.tokens is not None
    store.revoke(app, held.tokens.access_token.reveal())


async def test_rule_97_an_active_token_its_account_scopes_end_and_client(stage: Stage) -> None:
    entry = await signed_in(stage, refresh_tokens=True, expires_in=3_600)
    found = await checked(stage, entry)
    held = stage.workspace.vault.secrets(entry)
    assert found.account is not None
    assert found.account.name == found.whose == found.entry.account
    token = found.token
    assert token is not None
    assert (token.active, token.client_id) == (True, held.client_id)
    assert token.expires_at == found.entry.expires_at
    assert set(token.scopes or ()) == set(found.entry.granted_scopes)
    assert (found.problem, found.note) == (None, "")
    words = activity(token, stage.workspace.now())
    assert words.startswith("active; ends in ")
    assert "scopes openid" in words


async def test_rule_97_one_that_is_not_active_is_marked_and_can_be_refreshed(stage: Stage) -> None:
    entry = await signed_in(stage, refresh_tokens=True, expires_in=3_600)
    end_access(stage, entry)
    probes = stage.provider.application.count["me"]
    found = await checked(stage, entry)
    assert found.token == Introspection(active=False)
    assert isinstance(found.problem, ProviderRefused)
    assert found.problem.fix is Fix.REFRESH
    assert stage.provider.application.count["me"] == probes, "there is no account to ask for"
    shown = describe(stage.workspace, found.entry)
    assert (shown["status"], shown["last_error"]) == ("authorized", found.problem.message)
    assert stage.workspace.vault.secrets(entry).tokens is not None
    refresh_entry(stage.workspace, found.entry)
    again = await checked(stage, entry)
    assert again.token is not None
    assert again.token.active
    assert again.entry.last_error == ""


async def test_rule_97_without_a_refresh_token_a_person_is_needed(stage: Stage) -> None:
    entry = await signed_in(stage)
    without = stage.workspace.vault.change(
        entry.id,
        lambda current, held: (
            current._replace(has_refresh_token=False),
            held._replace(tokens=held.tokens._replace(refresh_token=None)),
        ),
    )
    end_access(stage, without)
    found = await checked(stage, without)
    assert isinstance(found.problem, NeedsPerson)
    assert "tui-oauth authorize work" in found.problem.advice
    assert describe(stage.workspace, found.entry)["status"] == "needs_authorization"


async def test_tokens_of_a_sign_in_that_came_in_between_are_not_marked(stage: Stage) -> None:
    entry = await signed_in(stage, refresh_tokens=True)
    end_access(stage, entry)
    newer = TokenSet(Secret("another"), "Bearer", 0)
    vault = stage.workspace.vault
    stage.workspace.traffic = Meanwhile(
        lambda: vault.change(entry.id, lambda current, held: (current, held._replace(tokens=newer)))
    )
    found = await check_entry(stage.workspace, entry)
    assert found.problem is not None
    assert stage.workspace.vault.get(entry.id).last_error == ""


class Meanwhile:
    """Does something when a request is about to be sent."""

    def __init__(self, act: Any) -> None:
        self._act = act

    def began(self, request: object) -> object:
        self._act()
        return None

    def ended(self, exchange: object, outcome: object) -> None:
        raise AssertionError("nothing is watched")


@pytest.fixture
def site() -> Iterator[Site]:
    with publishing() as made:
        yield made


def at(stage: Stage, site: Site, *, probe: bool = False, keys: bool = True) -> Entry:
    """An authorized entry of a service at `site`."""
    service = Service(
        id="example",
        name="Example",
        token_url=f"{site.url}/token",
        authorize_url=f"{site.url}/authorize",
        introspect_url=f"{site.url}/introspect",
        issuer=site.url,
        identity_probe=IdentityProbe(f"{site.url}/me", name_paths=("name",)) if probe else None,
        extensions=Extensions(jwks_url=f"{site.url}/keys" if keys else ""),
    )
    now = stage.workspace.now()
    tokens = TokenSet(Secret("the-token"), "Bearer", now, None, Secret("refresh"))
    plain = Entry("", "work", "example", "Example", now, now, configured=True, pinned=pin(service))
    held = EntrySecrets("the-client", Secret("the-secret"), tokens)
    return stage.workspace.vault.add(with_tokens(plain, tokens, now), held)


async def test_a_service_without_account_check_names_whom_it_says(stage: Stage, site: Site) -> None:
    said = {"active": True, "username": "ann", "sub": "u-1"}
    site.answer("POST /introspect", answering(json.dumps(said).encode()))
    entry = stage.workspace.vault.change(
        at(stage, site).id, lambda one, held: (one._replace(last_error="was so"), held)
    )
    found = await checked(stage, entry)
    assert (found.account, found.whose) == (None, "ann")
    assert found.entry.last_error == ""
    (body,) = site.bodies
    assert b"token=the-token" in body


@pytest.mark.parametrize(
    ("status", "words"),
    [("401 Unauthorized", "HTTP 401"), ("404 Not Found", "HTTP 404"), ("503 Busy", "HTTP 503")],
)
async def test_an_introspection_that_is_not_allowed_is_a_note_beside_the_account(
    status: str, words: str, stage: Stage, site: Site
) -> None:
    site.answer("POST /introspect", answering(b"{}", status))
    site.publish("/me", {"name": "Ann"})
    found = await checked(stage, at(stage, site, probe=True))
    assert (found.whose, found.token) == ("Ann", None)
    assert words in found.note


async def test_without_account_check_it_is_an_error(stage: Stage, site: Site) -> None:
    site.answer("POST /introspect", answering(b"{}", "503 Busy"))
    entry = at(stage, site)
    before = stage.vault_bytes()
    with pytest.raises(ProviderUnreachable, match="HTTP 503"):
        await checked(stage, entry)
    assert stage.vault_bytes() == before


async def test_a_service_that_can_be_asked_nothing(stage: Stage) -> None:
    as_ = "https://as.example"
    service = Service(id="x", name="X", token_url=f"{as_}/token", authorize_url=f"{as_}/a")
    tokens = TokenSet(Secret("t"), "Bearer", 0)
    plain = Entry("", "work", "x", "X", 0, 0, configured=True, pinned=pin(service))
    held = EntrySecrets("id", None, tokens)
    entry = stage.workspace.vault.add(with_tokens(plain, tokens, 0), held)
    with pytest.raises(UsageProblem, match="no request that tells"):
        await checked(stage, entry)


async def test_a_refused_account_check_is_kept_as_the_last_error(stage: Stage) -> None:
    entry = await sign_in(stage, stage.configured("work"))
    store = stage.provider.application.store
    for app in store.apps():
        for grant in store.grants(app):
            store.end_grant(grant)
    with pytest.raises(ProviderRefused, match="HTTP 401") as caught:
        await checked(stage, entry)
    after = stage.workspace.vault.get(entry.id)
    assert after.last_error == caught.value.message
    assert not after.needs_authorization, "401 alone does not prove that the token is at an end"


# ---- signed answers (RFC 9701)

KEY = SigningKey()


def signed(site: Site, key: SigningKey = KEY, kind: str = SIGNED_TYPE, **changes: Any) -> str:
    claims = {
        "iss": site.url,
        "aud": "the-client",
        "iat": 0,
        "token_introspection": {"active": True, "scope": "read", "username": "ann"},
        **changes,
    }
    return key.sign(claims, kind)


def answer_signed(site: Site, text: str) -> None:
    kind = f"Content-Type: application/{SIGNED_TYPE}"
    site.answer("POST /introspect", answering(text.encode(), "200 OK", kind))
    site.publish("/keys", {"keys": [KEY.jwk]})


async def test_rule_97_a_signed_answer_that_can_be_checked_counts(stage: Stage, site: Site) -> None:
    answer_signed(site, signed(site, iat=stage.workspace.now()))
    found = await checked(stage, at(stage, site))
    assert found.token is not None
    assert (found.token.active, found.token.scopes, found.whose) == (True, ("read",), "ann")
    assert site.asked == ["POST /introspect", "GET /keys"]
    gone = signed(site, iat=stage.workspace.now(), token_introspection={"active": "true"})
    answer_signed(site, gone)
    entry = stage.workspace.vault.entries()[0]
    assert (await checked(stage, entry)).problem is not None


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ("other key", "its signature is wrong"),
        ("no keys", "keys are not known here"),
        ("no address", "keys are not known here"),
        ("unsigned", "not signed"),
        ("id token", "of another kind"),
        ("no type", "of another kind"),
        ("other issuer", "issuer"),
        ("other client", "another client"),
        ("old", "a clock may be wrong"),
        ("nonsense", "three parts"),
    ],
)
async def test_rule_97_a_signed_answer_that_cannot_be_checked_is_refused_with_the_reason(
    wrong: str, why: str, stage: Stage, site: Site
) -> None:
    now = stage.workspace.now()
    other = SigningKey()
    other.jwk["kid"] = KEY.jwk["kid"]
    text = {
        "other key": signed(site, other, iat=now),
        "unsigned": unsigned({"iss": site.url}),
        "id token": signed(site, kind="JWT", iat=now),
        "no type": signed(site, kind="", iat=now),
        "other issuer": signed(site, iss="https://other.example", iat=now),
        "other client": signed(site, aud="somebody", iat=now),
        "old": signed(site, iat=now - 3_600),
        "nonsense": "abc",
    }.get(wrong, signed(site, iat=now))
    answer_signed(site, text)
    if wrong == "no keys":
        site.answer("GET /keys", answering(b"", "500 Oops"))
    entry = at(stage, site, keys=wrong != "no address")
    before = stage.vault_bytes()
    with pytest.raises(ProviderUnreachable, match="it is signed, and") as caught:
        await checked(stage, entry)
    assert why in str(caught.value)
    assert stage.vault_bytes() == before
