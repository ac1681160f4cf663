"""Token answers of every bad kind, through the real sign-in and the real refresh."""

from __future__ import annotations

import asyncio
import time

import pytest

from tests.hostile.hostile_machine import Machine, check_message, check_traffic, machine
from tests.hostile.token_answers import (
    ACCEPTED,
    ERRORS,
    MALFORMED,
    REFUSED,
    TRANSPORT,
    Accepted,
    Refused,
)
from tui_oauth.deadline import PROVIDER_SHARE
from tui_oauth.errors import ProviderUnreachable, TuiOauthError
from tui_oauth.model import Status, status_of


def _each(table: dict[str, Refused] | dict[str, Accepted]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", table.values(), ids=table.keys())


async def _refused_sign_in(case: Refused, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui_oauth.exchange.EXCHANGE_SECONDS", case.seconds)
    with machine(case.answer) as place:
        before = place.vault_bytes()
        with pytest.raises(TuiOauthError) as caught:
            await place.sign_in()
        error = caught.value
        assert type(error) is case.error
        assert case.words in error.message
        check_message(error, f"127.0.0.1:{place.server.port}")
        assert "token request" in error.message
        assert place.vault_bytes() == before, "something was stored"
        assert place.server.connections == 1, "a code is sent once only (rule 62)"
        check_traffic(place.recorder)


@_each(MALFORMED)
async def test_rule_75_and_77_and_78_a_malformed_answer_ends_in_one_error_and_stores_nothing(
    case: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _refused_sign_in(case, monkeypatch)


@_each(ERRORS)
async def test_rule_76_and_121_an_error_in_any_shape_is_told_with_step_host_and_status(
    case: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _refused_sign_in(case, monkeypatch)


@_each(TRANSPORT)
async def test_rule_66_and_68_and_69_what_is_wrong_below_the_answer_ends_in_time(
    case: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    began = time.monotonic()
    await _refused_sign_in(case, monkeypatch)
    assert time.monotonic() - began < case.seconds + 10


def _refresh_loses_nothing(place: Machine, case: Refused, before: bytes) -> None:
    tokens = place.tokens()
    assert tokens is not None
    assert tokens.refresh_token is not None
    assert tokens.access_token.reveal().startswith("canary-old")
    assert tokens.refresh_token.reveal().startswith("canary-old")
    if case.error is ProviderUnreachable:
        assert place.vault_bytes() == before, "what may pass changes nothing (rule 87)"


@_each(REFUSED)
async def test_rule_86_and_87_a_refresh_that_is_answered_so_keeps_every_token(
    case: Refused,
) -> None:
    with machine(case.answer) as place:
        place.with_old_tokens()
        before = place.vault_bytes()
        with pytest.raises(TuiOauthError) as caught:
            await place.refresh(case.seconds)
        error = caught.value
        assert type(error) is (case.refresh or case.error)
        # Of the deadline of a refresh the provider gets a part; a sign-in gives it all.
        whole, part = f"within {case.seconds:g} s", f"within {case.seconds * PROVIDER_SHARE:g} s"
        assert case.words.replace(whole, part) in error.message
        check_message(error)
        assert f"127.0.0.1:{place.server.port}" in error.message
        _refresh_loses_nothing(place, case, before)
        assert place.server.connections == 1
        check_traffic(place.recorder)
        entry = place.workspace.vault.get(place.entry.id)
        over = status_of(entry, place.workspace.now()) is Status.NEEDS_AUTHORIZATION
        assert over == (case.refresh is not None)


@_each(ACCEPTED)
async def test_rule_75_and_79_and_80_and_81_an_odd_answer_is_good_enough(case: Accepted) -> None:
    with machine(case.answer) as place:
        entry = await place.sign_in()
        tokens = place.tokens()
        assert tokens is not None
        expected = {"access_token": "tok-1", "token_type": "Bearer", **case.expected}
        assert tokens.access_token.reveal() == expected.pop("access_token")
        for name, value in expected.items():
            assert getattr(tokens, name) == value, name
        assert tokens.refresh_token is None
        lifetime = None if tokens.expires_at is None else tokens.expires_at - tokens.issued_at
        assert lifetime == case.lifetime
        assert entry.authorized
        assert dict(tokens.extra) == {}
        assert len(place.vault_bytes()) < 200_000
        check_traffic(place.recorder)


async def test_rule_68_and_100_a_dripping_answer_can_be_cancelled_at_once() -> None:
    case = TRANSPORT["dripping body"]
    with machine(case.answer) as place:
        before = place.vault_bytes()
        running = asyncio.create_task(place.sign_in())
        await asyncio.to_thread(place.server.arrived.wait, 10)
        began = time.monotonic()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert time.monotonic() - began < 2
        assert place.vault_bytes() == before


def test_the_table_is_as_long_as_it_is_meant_to_be() -> None:
    assert len(ACCEPTED) >= 23
    assert len(REFUSED) == len(MALFORMED) + len(ERRORS) + len(TRANSPORT) >= 60
