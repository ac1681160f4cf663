"""A valid token for an entry: read, or refreshed once, whoever asks."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from tests.refreshing import age, authorized, sign_in
from tests.stage import Stage
from tui_oauth import net
from tui_oauth import tokens as tokens_module
from tui_oauth.accounts import check_entry
from tui_oauth.entries import describe
from tui_oauth.errors import (
    NeedsPerson,
    ProviderRefused,
    ProviderUnreachable,
    StorageFailed,
    TuiOauthError,
    UnsafePath,
    VaultBusy,
    VaultDamaged,
    VaultMissing,
)
from tui_oauth.model import Entry
from tui_oauth.oauth.http import Request, Response
from tui_oauth.practice.behaviour import Behaviour
from tui_oauth.secret import Secret
from tui_oauth.text import rfc3339
from tui_oauth.tokens import access_token, refresh_entry
from tui_oauth.workspace import Workspace

ROTATING = Behaviour(rotating_refresh=True, expires_in=3600)


def requests(stage: Stage) -> int:
    return stage.provider.application.count["token"]


def test_rule_90_a_token_without_end_is_given_without_any_traffic(stage: Stage):
    entry = authorized(stage, Behaviour())
    before = requests(stage)
    assert access_token(stage.workspace, entry).access_token.reveal()
    assert requests(stage) == before
    with pytest.raises(NeedsPerson, match="no refresh token"):
        refresh_entry(stage.workspace, entry)


def test_rule_91_a_token_is_refreshed_when_it_is_asked_for_and_not_before(stage: Stage):
    entry = authorized(stage, ROTATING)
    age(stage, entry, 4000)
    before = requests(stage)
    (shown,) = [describe(stage.workspace, each) for each in stage.workspace.vault.entries()]
    assert shown["expires_at"] < rfc3339(stage.workspace.now())
    fresh = Workspace.from_environment(stage.workspace.environ)
    fresh.places.key_file.rename(fresh.places.key_file.with_suffix(".away"))
    with pytest.raises(TuiOauthError):
        access_token(fresh, entry)  # the vault is locked
    assert requests(stage) == before
    assert access_token(stage.workspace, entry).access_token
    assert requests(stage) == before + 1


def test_a_valid_token_is_given_and_an_ending_one_refreshed_first(stage: Stage):
    entry = authorized(stage, ROTATING)
    first = access_token(stage.workspace, entry)
    assert requests(stage) == 1
    assert access_token(stage.workspace, entry, min_ttl=3601).access_token != first.access_token
    assert requests(stage) == 2
    age(stage, entry, 3590)
    third = access_token(stage.workspace, entry)
    assert requests(stage) == 3
    assert third.expires_at - stage.workspace.now() > 3000


def test_rule_84_twenty_processes_make_one_refresh(stage: Stage):
    stage.provider.application.behaviour = replace(ROTATING, delay=0.5)
    entry = authorized(stage, replace(ROTATING, delay=0.5))
    age(stage, entry, 4000)
    before = requests(stage)
    argv = [sys.executable, "-m", "tui_oauth", "token", "work"]
    running = [
        subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(20)
    ]
    outputs = [process.communicate(timeout=60) for process in running]
    assert [process.returncode for process in running] == [0] * 20, outputs
    assert len({out for out, _ in outputs}) == 1
    assert requests(stage) == before + 1


def test_rule_86_a_refused_grant_asks_for_a_person_and_keeps_the_tokens(stage: Stage):
    entry = authorized(stage, ROTATING)
    held = stage.workspace.vault.secrets(entry)
    old = held.tokens
    refresh_entry(stage.workspace, entry)
    spent = old._replace(expires_at=1)

    def back_in_time(current, now_held):
        return current._replace(expires_at=1), now_held._replace(tokens=spent)

    stage.workspace.vault.change(entry.id, back_in_time)
    with pytest.raises(NeedsPerson, match="authorized again"):
        access_token(stage.workspace, entry)
    after = stage.workspace.vault.get(entry.id)
    assert describe(stage.workspace, after)["status"] == "needs_authorization"
    assert after.last_error
    assert stage.workspace.vault.secrets(after).tokens == spent
    count = requests(stage)
    with pytest.raises(NeedsPerson):
        access_token(stage.workspace, entry)
    assert requests(stage) == count  # no loop: the provider is not asked again


@pytest.mark.parametrize("behaviour", [replace(ROTATING, down=True), replace(ROTATING, html=True)])
def test_rule_87_a_provider_in_trouble_changes_nothing(stage: Stage, behaviour: Behaviour):
    entry = authorized(stage, ROTATING)
    age(stage, entry, 4000)
    before = stage.vault_bytes()
    stage.provider.application.behaviour = behaviour
    with pytest.raises(ProviderUnreachable) as caught:
        access_token(stage.workspace, entry)
    assert caught.value.exit_code == 11
    assert stage.vault_bytes() == before
    stage.provider.application.behaviour = ROTATING
    assert access_token(stage.workspace, entry).access_token


def test_an_expired_token_that_cannot_be_refreshed_needs_a_person(stage: Stage):
    entry = authorized(stage, Behaviour(expires_in=3600))
    age(stage, entry, 3590)
    assert access_token(stage.workspace, entry).access_token  # ten seconds are better than none
    age(stage, entry, 20)
    with pytest.raises(NeedsPerson, match="tui-oauth authorize work"):
        access_token(stage.workspace, entry)


def test_rule_83_a_clock_that_went_back_does_not_end_a_token(stage: Stage):
    entry = authorized(stage, ROTATING)
    age(stage, entry, -100_000)
    count = requests(stage)
    assert access_token(stage.workspace, entry, min_ttl=10**6).access_token
    assert requests(stage) == count


def test_rule_82_an_answer_that_cannot_be_written_is_kept_sealed_and_taken_up(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
):
    entry = authorized(stage, ROTATING)
    age(stage, entry, 4000)
    vault = stage.workspace.vault
    change = vault.change

    def full_disk(*args: object, **more: object) -> Entry:
        raise StorageFailed("The vault cannot be written: no space left on device.")

    monkeypatch.setattr(vault, "change", full_disk)
    with pytest.raises(StorageFailed, match="kept beside the vault"):
        access_token(stage.workspace, entry)
    monkeypatch.setattr(vault, "change", change)
    count = requests(stage)
    again = access_token(stage.workspace, entry)
    assert again.expires_at > stage.workspace.now() + 3000
    assert requests(stage) == count
    refresh_entry(stage.workspace, entry)  # the kept refresh token is the good one
    assert requests(stage) == count + 1


@pytest.mark.parametrize("refused", [True, False])
def test_rule_86_a_sign_in_while_a_refresh_is_under_way_is_what_counts(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, refused: bool
):
    entry = authorized(stage, ROTATING)
    age(stage, entry, 4000)
    fetch = net.fetch

    def meanwhile(request: Request, **more: Any) -> Response:
        if request.step != "refresh":
            return fetch(request, **more)
        answer = fetch(request, **more)
        asyncio.run(sign_in(stage, entry))
        no = Response(400, {}, b'{"error":"invalid_grant"}', request.host, request.step)
        return no if refused else answer

    monkeypatch.setattr(net, "fetch", meanwhile)
    given = access_token(stage.workspace, entry)
    now_held = stage.workspace.vault.secrets(entry).tokens
    assert given == now_held
    assert describe(stage.workspace, stage.workspace.vault.get(entry.id))["status"] == "authorized"
    monkeypatch.setattr(net, "fetch", fetch)
    refresh_entry(stage.workspace, entry)  # its refresh token is the unspent one


def test_tokens_that_renew_themselves_are_told_apart_too(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
):
    """Without a refresh token the access token is what a refresh spends."""
    entry = authorized(stage, Behaviour())
    vault = stage.workspace.vault
    newer = vault.secrets(entry).tokens
    older = newer._replace(access_token=Secret("older"))
    fresh = newer._replace(access_token=Secret("of-the-older-grant"))
    assert tokens_module._store(stage.workspace, entry, older, fresh) == newer
    refusal = ProviderRefused("no", code="invalid_grant")
    with vault.entry_lock(entry.id) as intents:
        given = tokens_module._after_refusal(stage.workspace, entry, older, refusal, intents)
    assert given == newer
    assert vault.secrets(entry).tokens == newer
    assert not vault.get(entry.id).needs_authorization


def test_rule_83_and_84_tokens_that_live_shortly_are_shared_too(stage: Stage):
    entry = authorized(stage, replace(ROTATING, expires_in=30))
    stage.provider.application.behaviour = replace(ROTATING, expires_in=30, delay=0.3)
    before = requests(stage)
    with ThreadPoolExecutor(6) as pool:
        given = list(pool.map(lambda _: access_token(stage.workspace, entry), range(6)))
    assert requests(stage) == before + 1
    assert all(each == given[0] for each in given)


def test_a_forced_refresh_beside_a_kept_answer_that_ended_asks_again(stage: Stage):
    entry = authorized(stage, ROTATING)
    vault = stage.workspace.vault
    held = vault.secrets(entry).tokens
    kept = held._replace(access_token=Secret("kept"), expires_at=stage.workspace.now() + 20)
    vault.keep_pending(entry.id, kept, sent=held.refresh_token)
    age(stage, entry, 4000)
    before = requests(stage)
    assert access_token(stage.workspace, entry).access_token != kept.access_token
    assert requests(stage) == before + 1


@pytest.mark.parametrize(
    "problem", [StorageFailed, VaultBusy, VaultMissing, VaultDamaged, UnsafePath]
)
def test_rule_82_whatever_keeps_the_vault_from_being_written_keeps_the_answer(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, problem: type[TuiOauthError]
):
    entry = authorized(stage, ROTATING)
    age(stage, entry, 4000)
    vault = stage.workspace.vault

    def fails(*args: object, **more: object) -> Entry:
        raise problem("Something is wrong with the vault.", "Mend it.")

    with monkeypatch.context() as patched:
        patched.setattr(vault, "change", fails)
        with pytest.raises(problem, match="kept beside the vault") as caught:
            access_token(stage.workspace, entry)
        assert caught.value.advice.startswith("Mend it. Then run the same command again")
    count = requests(stage)
    access_token(stage.workspace, entry)
    assert requests(stage) == count

    age(stage, entry, 4000)
    with monkeypatch.context() as patched:
        patched.setattr(vault, "change", fails)
        patched.setattr(vault, "keep_pending", fails)
        with pytest.raises(problem, match="could not be kept") as caught:
            access_token(stage.workspace, entry)
        assert "tui-oauth authorize work" in caught.value.advice


async def test_check_does_not_name_an_account_for_the_tokens_of_another(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
):
    entry = await sign_in(stage, stage.configured("work"))
    send = net.send

    async def meanwhile(request: Request, **more: Any) -> Response:
        if request.step == "account check":
            stage.workspace.vault.change(
                entry.id,
                lambda current, held: (
                    current._replace(account="somebody else"),
                    held._replace(tokens=held.tokens._replace(access_token=Secret("another"))),
                ),
            )
        return await send(request, **more)

    monkeypatch.setattr(net, "send", meanwhile)
    assert (await check_entry(stage.workspace, entry)).whose
    assert stage.workspace.vault.get(entry.id).account == "somebody else"


async def test_check_says_whose_token_it_is(stage: Stage):
    entry = await sign_in(stage, stage.configured("work"))
    stage.workspace.vault.change(
        entry.id, lambda current, held: (current._replace(account="", account_detail=""), held)
    )
    account = (await check_entry(stage.workspace, entry)).account
    assert account.name
    assert stage.workspace.vault.get(entry.id).account == account.name


def test_a_single_use_token_is_not_spent_where_no_time_is_left_for_the_answer(stage: Stage):
    entry = authorized(stage, ROTATING)
    before = requests(stage)
    with pytest.raises(ProviderUnreachable, match="nothing was sent"):
        refresh_entry(stage.workspace, entry, deadline=0.0)
    assert requests(stage) == before
    assert refresh_entry(stage.workspace, entry).authorized, "the token is as good as it was"
