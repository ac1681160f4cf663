"""ID tokens in a sign-in and in a refresh: what is kept, shown, dropped, and what ends it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.refreshing import age, sign_in
from tests.signing import Signer
from tests.stage import Stage
from tests.standards import WITHOUT_KEYS, WITHOUT_PROBE, held_id_token, service_like
from tests.unit.oauth.making import NOW, make_service, make_tokens
from tui_oauth.errors import NeedsPerson, ProviderRefused
from tui_oauth.id_tokens import ANOTHER_PERSON, judge, renewed
from tui_oauth.model import Entry, Status, status_of
from tui_oauth.practice.behaviour import Behaviour
from tui_oauth.secret import Secret
from tui_oauth.signin import SignIns
from tui_oauth.tokens import access_token, refresh_entry

ISSUER = "https://as.example"
SIGNER = Signer()


async def signed_in(
    stage: Stage, *changes: tuple[str, str], behaviour: Behaviour | None = None
) -> tuple[Entry, str]:
    """A fresh entry of such a service after its sign-in, and the note of it."""
    stage.provider.application.behaviour = behaviour or Behaviour()
    entry = stage.configured("work", service_like(stage, "open", *changes))
    signins = SignIns(stage.workspace)
    signin = signins.begin(entry)
    running = asyncio.create_task(signin.run())
    try:
        signin.paste(await asyncio.to_thread(stage.consent, signin.authorization_url))
        return await running, signin.note
    finally:
        await signins.close()
        await asyncio.gather(running, return_exceptions=True)


async def test_rule_109_a_good_id_token_names_the_account_where_nothing_else_does(
    stage: Stage,
) -> None:
    entry, note = await signed_in(stage, WITHOUT_PROBE)
    assert note == ""
    assert entry.account == "robin@practice.example"
    assert entry.account_detail == f"127.0.0.1:{stage.provider.port}, by its ID token"
    assert held_id_token(stage, entry).count(".") == 2
    assert stage.provider.application.count["jwks"] == 1


async def test_rule_109_not_verified_is_said_where_the_keys_are_not_known(stage: Stage) -> None:
    entry, note = await signed_in(stage, WITHOUT_PROBE, WITHOUT_KEYS)
    assert note == ""
    assert entry.account == "robin@practice.example"
    assert entry.account_detail.endswith("by its ID token, not verified")
    assert stage.provider.application.count["jwks"] == 0


async def test_rule_109_the_account_check_comes_before_the_id_token(stage: Stage) -> None:
    entry, note = await signed_in(stage)
    assert (entry.account, entry.account_detail) == ("Aurora Books", "robin@practice.example")
    assert note == ""
    assert held_id_token(stage, entry)


@pytest.mark.parametrize("odd", ["audience", "nonce", "nonce-missing"])
async def test_rule_109_one_for_somebody_else_ends_the_sign_in_as_an_attack(
    stage: Stage, odd: str
) -> None:
    stage.provider.application.behaviour = Behaviour(odd_id_token=odd)
    entry = stage.configured("work", "practice-standard")
    before = stage.vault_bytes()
    with pytest.raises(ProviderRefused, match="not for this sign-in") as caught:
        await sign_in(stage, entry)
    assert "attack" in caught.value.advice
    assert caught.value.code == ANOTHER_PERSON
    assert stage.vault_bytes() == before
    assert stage.provider.application.count["api"] == 0


@pytest.mark.parametrize(
    ("odd", "words"),
    [
        ("issuer", "its issuer is http://127.0.0.1:1"),
        ("azp", "azp"),
        ("expired", "expired"),
        ("future", "future"),
        ("unsigned", "alg none"),
        ("signature", "its signature"),
        ("text", "three parts"),
        ("huge", "characters"),
    ],
)
async def test_rule_109_a_bad_one_is_neither_used_nor_stored_and_the_sign_in_goes_on(
    stage: Stage, odd: str, words: str
) -> None:
    entry, note = await signed_in(stage, WITHOUT_PROBE, behaviour=Behaviour(odd_id_token=odd))
    assert entry.authorized
    assert entry.account == ""
    assert held_id_token(stage, entry) == ""
    if odd != "huge":  # which is no token that the answer's reader takes
        assert "is not used" in note
        assert words in note


async def test_rule_109_where_the_service_was_asked_nobody_misses_the_id_token(
    stage: Stage,
) -> None:
    entry, note = await signed_in(stage, behaviour=Behaviour(odd_id_token="issuer"))
    assert entry.account == "Aurora Books"
    assert note == ""
    assert held_id_token(stage, entry) == ""


async def test_rule_5_a_service_that_does_not_repeat_the_nonce_declares_it(stage: Stage) -> None:
    declared = ("[quirks.api]\n", "[quirks.answer]\nid_token_nonce = false\n\n[quirks.api]\n")
    behaviour = Behaviour(odd_id_token="nonce-missing")
    entry, note = await signed_in(stage, WITHOUT_PROBE, declared, behaviour=behaviour)
    assert (entry.account, note) == ("robin@practice.example", "")


async def test_rule_109_without_the_scope_openid_an_id_token_is_nothing_to_us(
    stage: Stage,
) -> None:
    scopes = (
        'default_scopes = ["openid", "profile", "email", "read"]',
        'default_scopes = ["read"]',
    )
    entry, note = await signed_in(stage, WITHOUT_PROBE, scopes)
    assert (entry.account, note, held_id_token(stage, entry)) == ("", "", "")


# ---- the refresh


def authorized(stage: Stage) -> Entry:
    entry, _ = asyncio.run(signed_in(stage, WITHOUT_PROBE))
    age(stage, entry, 4_000)
    return entry


def test_rule_109_a_refresh_keeps_a_new_id_token_of_the_same_person(stage: Stage) -> None:
    entry = authorized(stage)
    before = held_id_token(stage, entry)
    access_token(stage.workspace, entry)
    after = held_id_token(stage, entry)
    assert after
    assert after != before


def test_rule_109_a_refresh_that_answers_with_another_person_stores_nothing(stage: Stage) -> None:
    entry = authorized(stage)
    before = stage.workspace.vault.secrets(stage.workspace.vault.get(entry.id))
    stage.provider.application.behaviour = Behaviour(odd_id_token="subject")
    with pytest.raises(NeedsPerson, match="somebody else") as caught:
        access_token(stage.workspace, entry)
    assert "tui-oauth authorize work" in caught.value.advice
    current = stage.workspace.vault.get(entry.id)
    assert stage.workspace.vault.secrets(current).tokens == before.tokens
    assert status_of(current, stage.workspace.now()) is Status.NEEDS_AUTHORIZATION
    assert "somebody else" in current.last_error
    asked = stage.provider.application.count["token"]
    with pytest.raises(NeedsPerson, match="somebody else"):
        access_token(stage.workspace, entry)
    assert stage.provider.application.count["token"] == asked  # not again and again


@pytest.mark.parametrize("odd", ["issuer", "audience", "azp"])
def test_rule_109_issuer_and_audience_have_to_stay_too(stage: Stage, odd: str) -> None:
    entry = authorized(stage)
    stage.provider.application.behaviour = Behaviour(odd_id_token=odd)
    with pytest.raises(NeedsPerson, match="somebody else"):
        refresh_entry(stage.workspace, entry)


@pytest.mark.parametrize("odd", ["text", "unsigned", "huge"])
def test_rule_109_a_new_one_that_cannot_be_read_leaves_the_first_one(
    stage: Stage, odd: str
) -> None:
    entry = authorized(stage)
    before = held_id_token(stage, entry)
    stage.provider.application.behaviour = Behaviour(odd_id_token=odd)
    assert access_token(stage.workspace, entry)
    assert held_id_token(stage, entry) == before


# ---- the pure parts


def id_token(**changes: Any) -> Secret:
    claims = {"iss": ISSUER, "sub": "7", "aud": "my-client", "exp": NOW + 300, "iat": NOW}
    return Secret(SIGNER.jwt({**claims, "nonce": "n", **changes}))


def test_rule_109_a_template_for_an_issuer_means_the_id_token_is_not_used() -> None:
    tokens = make_tokens(id_token=id_token(iss="https://as.example/tenant-of-the-person"))
    service = make_service(issuer="https://as.example/common")
    judged = judge(service, "my-client", tokens, nonce="n", expected=True, now=NOW)
    assert "its issuer is" in judged.problem
    assert (judged.text, judged.claims, judged.account) == (None, None, None)


def test_rule_109_a_service_without_a_known_issuer_has_no_id_token_to_use() -> None:
    tokens = make_tokens(id_token=id_token())
    judged = judge(make_service(), "my-client", tokens, nonce="n", expected=True, now=NOW)
    assert judged.account is None
    with pytest.raises(ProviderRefused):
        judge(make_service(), "another", tokens, nonce="n", expected=True, now=NOW)


def test_a_refresh_without_a_first_id_token_has_nothing_to_compare_with() -> None:
    service, previous = make_service(), make_tokens()
    fresh = previous._replace(id_token=id_token(sub="somebody"))
    assert renewed(service, fresh, previous).id_token is None
    kept = previous._replace(id_token=id_token())
    assert renewed(service, kept, kept) is kept
    spoilt = previous._replace(id_token=Secret("not a token"))
    assert renewed(service, fresh, spoilt).id_token == spoilt.id_token
