"""Device codes and polls of every bad kind, through the real device grant."""

from __future__ import annotations

import pytest

from tests.hostile.device_answers import (
    CODES_ACCEPTED,
    CODES_REFUSED,
    POLLS_ACCEPTED,
    POLLS_REFUSED,
    code,
    device_server,
)
from tests.hostile.hostile_machine import FORBIDDEN, check_message, check_traffic, machine
from tests.hostile.token_answers import Accepted, Refused, good
from tests.providers.misbehaving import Behaviour
from tui_oauth.errors import SignInEnded, TuiOauthError
from tui_oauth.oauth.device import DeviceCode, grouped
from tui_oauth.oauth.urls import check_link
from tui_oauth.signin import SignIns


@pytest.mark.parametrize("case", CODES_REFUSED.values(), ids=CODES_REFUSED.keys())
async def test_rule_98_and_48_a_malformed_or_malicious_device_code_is_never_shown(
    case: Refused,
) -> None:
    with machine(device_server(case.answer)) as place:
        before = place.vault_bytes()
        with pytest.raises(TuiOauthError) as caught:
            await place.by_device()
        error = caught.value
        assert type(error) is case.error
        assert case.words in error.message
        check_message(error, f"127.0.0.1:{place.server.port}")
        assert "device code request" in error.message
        assert place.vault_bytes() == before
        assert place.server.connections == 1, "nothing is polled for"
        check_traffic(place.recorder)


@pytest.mark.parametrize(("answer", "fits"), CODES_ACCEPTED.values(), ids=CODES_ACCEPTED.keys())
async def test_rule_98_and_102_an_odd_device_code_is_made_the_best_of(
    answer: Behaviour, fits: object
) -> None:
    with machine(device_server(answer, good())) as place:
        way, tokens = await place.by_device()
        found = way.code
        assert isinstance(found, DeviceCode)
        assert callable(fits)
        assert fits(found)
        now = place.workspace.now()
        assert now < found.expires_at <= now + 600, "the sign-in's own time bounds it"
        for shown in (found.user_code, grouped(found.user_code), found.verification_uri):
            assert not FORBIDDEN & set(shown)
        for link in (found.verification_uri, found.verification_uri_complete):
            assert not link or check_link(link) == link
        assert tokens.access_token.reveal() == "tok-1"
        check_traffic(place.recorder)


@pytest.mark.parametrize(("polls", "case"), POLLS_REFUSED.values(), ids=POLLS_REFUSED.keys())
async def test_rule_99_and_75_a_bad_answer_to_a_poll_ends_the_polling_and_stores_nothing(
    polls: list[Behaviour], case: Refused
) -> None:
    with machine(device_server(code(), *polls)) as place:
        before = place.vault_bytes()
        with pytest.raises(TuiOauthError) as caught:
            await place.by_device()
        error = caught.value
        assert type(error) is case.error
        assert case.words in error.message
        check_message(error, "" if case.error is SignInEnded else f":{place.server.port}")
        assert place.vault_bytes() == before
        assert place.server.connections == 1 + len(polls), "no poll after the one that ends it"
        check_traffic(place.recorder)


@pytest.mark.parametrize(("polls", "case"), POLLS_ACCEPTED.values(), ids=POLLS_ACCEPTED.keys())
async def test_rule_99_what_may_pass_is_waited_out(polls: list[Behaviour], case: Accepted) -> None:
    with machine(device_server(code(), *polls)) as place:
        way, tokens = await place.by_device()
        assert tokens.access_token.reveal() == "tok-1"
        assert not FORBIDDEN & set(way.trouble)
        assert place.server.connections == 1 + len(polls)
        check_traffic(place.recorder)


async def test_a_hostile_device_endpoint_leaves_the_link_of_the_sign_in() -> None:
    """In the whole sign-in, without a browser here, beside the Authorization link."""
    case = CODES_REFUSED["user code hostile"]
    with machine(device_server(case.answer)) as place:
        before = place.vault_bytes()
        signins = SignIns(place.workspace)
        signin = signins.begin(place.entry)
        signin.start_device()
        way = signin.device
        assert way is not None
        with pytest.raises(TuiOauthError):
            await way.run()
        assert way.error is not None
        check_message(way.error)
        assert not signin.ended
        signin.cancel()
        await signins.close()
        assert place.vault_bytes() == before
