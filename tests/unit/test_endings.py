"""When an entry will need a person again: from the answer, the service's facts and the person."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tui_oauth.agent.events import ends_soon
from tui_oauth.endings import (
    ACCESS_TOKEN,
    CLIENT_SECRET,
    CONSENT,
    REFRESH_TOKEN,
    day_of,
    days_of,
    endings,
)
from tui_oauth.errors import Fix, UsageProblem
from tui_oauth.health import by_urgency, ending_facts, health_of, status_words
from tui_oauth.model import Entry, Grant, TokenSet, with_tokens, without_tokens
from tui_oauth.oauth.answer import read_tokens
from tui_oauth.oauth.http import Response
from tui_oauth.secret import Secret
from tui_oauth.services.catalogue import Catalogue
from tui_oauth.services.format import RefreshFacts
from tui_oauth.tui.rows import arranged, status_and_tone

NOW = 1_800_000_000
DAY = 86_400
BARE = Entry("1" * 32, "work", "xero", "Xero", NOW, NOW, configured=True)
TOKENS = TokenSet(Secret("a"), "Bearer", NOW, NOW + 1800, Secret("r"))


def service(**facts: int):
    found = Catalogue().get("practice")
    return replace(found, refresh=RefreshFacts(issues_refresh_token=True, **facts))


def granted(facts: dict[str, int], previous: TokenSet | None = None, sent_at: int = NOW, **more):
    body = {"access_token": "a", "token_type": "Bearer", "expires_in": 1800, **more}
    response = Response(200, {"content-type": "application/json"}, json.dumps(body).encode())
    return read_tokens(
        service(**facts), response, requested=(), sent_at=sent_at, previous=previous
    ).refresh_expires_at


def test_the_providers_own_word_comes_first() -> None:
    for name in ("refresh_token_expires_in", "refresh_expires_in", "x_refresh_token_expires_in"):
        assert granted({"refresh_idle_days": 9}, refresh_token="r", **{name: 3600}) == NOW + 3600
        assert granted({"refresh_idle_days": 9}, refresh_token="r", **{name: 0}) is None, "no end"
        assert granted({}, refresh_token="r", **{name: "soon"}) is None, "nothing one could read"


def test_a_token_that_use_prolongs_counts_from_each_use() -> None:
    facts = {"refresh_idle_days": 60}
    assert granted(facts, refresh_token="r") == NOW + 60 * DAY
    later = NOW + 30 * DAY
    held = TOKENS._replace(refresh_expires_at=NOW + 60 * DAY)
    assert granted(facts, held, later) == later + 60 * DAY


def test_a_token_that_use_does_not_prolong_keeps_its_end() -> None:
    facts = {"refresh_fixed_days": 60}
    assert granted(facts, refresh_token="r") == NOW + 60 * DAY
    held = TOKENS._replace(refresh_expires_at=NOW + 60 * DAY)
    assert granted(facts, held, NOW + 30 * DAY, refresh_token="new") == NOW + 60 * DAY


def test_without_a_refresh_token_nothing_of_it_ends() -> None:
    assert granted({"refresh_idle_days": 60}) is None
    assert granted({}, refresh_token="r") is None


def test_what_ends_first_comes_first_and_goes_with_the_tokens() -> None:
    entry = with_tokens(BARE, TOKENS._replace(refresh_expires_at=NOW + 9 * DAY), NOW)
    entry = entry._replace(client_secret_expires_at=NOW + 5 * DAY)
    assert [ending.what for ending in endings(entry)] == [CLIENT_SECRET, REFRESH_TOKEN]
    assert [ending.what for ending in endings(without_tokens(entry, NOW))] == [CLIENT_SECRET]
    alone = with_tokens(BARE, TOKENS._replace(refresh_token=None), NOW)
    assert [(ending.what, ending.at) for ending in endings(alone)] == [(ACCESS_TOKEN, NOW + 1800)]
    assert endings(alone._replace(grant=Grant.CLIENT)) == [], "it renews by itself"


@pytest.mark.parametrize(
    ("refresh", "secret", "words", "tone"),
    [
        (8 * DAY, None, "● Authorized", "good"),
        (6 * DAY, None, "▲ Grant ends soon", "warn"),
        (-DAY, None, "▲ May have ended", "warn"),
        (90 * DAY, 13 * DAY, "▲ Secret ends soon", "warn"),
        (90 * DAY, -5, "▲ Secret has ended", "warn"),
    ],
)
def test_the_list_says_it_in_time(refresh: int, secret: int | None, words: str, tone: str) -> None:
    entry = with_tokens(BARE, TOKENS._replace(refresh_expires_at=NOW + refresh), NOW)
    if secret is not None:
        entry = entry._replace(client_secret_expires_at=NOW + secret)
    assert " ".join(status_words(entry, NOW)) == words
    assert status_and_tone(entry, NOW) == (words, tone)


def test_by_expiry_what_needs_a_person_first_stands_first() -> None:
    def made(name: str, refresh: int | None, secret: int | None = None) -> Entry:
        end = None if refresh is None else NOW + refresh
        entry = with_tokens(BARE._replace(name=name), TOKENS._replace(refresh_expires_at=end), NOW)
        return entry._replace(client_secret_expires_at=None if secret is None else NOW + secret)

    found = arranged(
        [made("a", None), made("b", 9 * DAY), made("c", 90 * DAY, 2 * DAY)], "expires", "", NOW
    )
    assert [entry.name for entry in found] == ["c", "b", "a"]


def test_the_facts_are_told_with_what_helps() -> None:
    entry = with_tokens(BARE, TOKENS._replace(refresh_expires_at=NOW + 9 * DAY), NOW)
    entry = entry._replace(client_secret_expires_at=NOW + 5 * DAY)
    (first, told), (second, other) = ending_facts(entry, NOW)
    assert (first, second) == ("Secret ends", "Grant ends")
    assert "(in 5 days): get a new one" in told
    assert "(in 9 days): as far as known" in other


def test_a_day_is_whole() -> None:
    assert day_of(" 2027-03-31 ") == 1806537599
    assert day_of("Never") is None
    for bad in ("", "31.3.2027", "2027-02-30", "tomorrow"):
        with pytest.raises(UsageProblem, match="is a date"):
            day_of(bad)


def test_a_sign_in_that_lasts_some_days_counts_from_the_sign_in() -> None:
    entry = with_tokens(BARE._replace(consent_days=7, authorized_at=NOW - 4 * DAY), TOKENS, NOW)
    assert [(ending.what, ending.at) for ending in endings(entry)] == [(CONSENT, NOW + 3 * DAY)]
    for later, words, tone in (
        (0, "● Authorized", "good"),
        (DAY + 1, "▲ Sign-in ends soon", "warn"),
        (4 * DAY, "▲ Sign-in has ended", "warn"),
    ):
        assert status_and_tone(entry, NOW + later) == (words, tone)
    assert health_of(entry, NOW + 2 * DAY).fix is Fix.AUTHORIZE
    assert endings(entry._replace(consent_days=None)) == []
    assert endings(without_tokens(entry, NOW)) == []
    before_this_version = entry._replace(authorized_at=None)
    assert [ending.at for ending in endings(before_this_version)] == [NOW + 7 * DAY]


def test_days_are_those_of_the_person_or_of_the_service_in_testing() -> None:
    assert [days_of(word, 7) for word in ("testing", " 30D", "1", "Never")] == [7, 30, 1, None]
    for bad in ("0", "-1", "7 weeks", "x", "", "99999"):
        with pytest.raises(UsageProblem, match="number of days"):
            days_of(bad, 7)
    with pytest.raises(UsageProblem):
        days_of("testing", None)
    assert Catalogue().get("gmail").refresh.refresh_testing_days == 7


@pytest.mark.parametrize(
    ("changes", "words", "why", "fix"),
    [
        ({"configured": False}, "◐ Not Configured", "no client ID", Fix.CONFIGURE),
        ({}, "◐ Not Authorized", "signed in", Fix.AUTHORIZE),
        ({"grant": Grant.CLIENT}, "◐ No token yet", "asked", Fix.AUTHORIZE),
        ({"client_secret_expires_at": NOW + DAY}, "▲ Secret ends soon", "in 24 h", Fix.CONFIGURE),
        ({"client_secret_expires_at": NOW - DAY}, "▲ Secret has ended", "24 h ago", Fix.CONFIGURE),
        (
            {"needs_authorization": True, "last_error": "It said no."},
            "✕ Authorize again", "It said no.", Fix.AUTHORIZE,
        ),
        ({"authorized": True, "expires_at": NOW - 60}, "✕ Expired", "1 min ago", Fix.AUTHORIZE),
        ({"authorized": True, "expires_at": NOW + 60}, "▲ Expires in 1 min", "ends", Fix.AUTHORIZE),
        ({"authorized": True}, "● Authorized", "", Fix.NONE),
    ],
)  # fmt: skip
def test_each_state_has_its_reason_and_what_mends_it(
    changes: dict[str, object], words: str, why: str, fix: Fix
) -> None:
    found = health_of(BARE._replace(**changes), NOW)
    assert f"{found.sign} {found.words}" == words
    assert why in found.why
    assert found.fix is fix


def test_the_most_urgent_comes_first() -> None:
    good = with_tokens(BARE, TOKENS, NOW)
    made = [
        good._replace(name="good"),
        BARE._replace(name="not yet"),
        good._replace(name="later", client_secret_expires_at=NOW + 5 * DAY),
        BARE._replace(name="sooner", client_secret_expires_at=NOW + 2 * DAY),
        good._replace(name="ended", refresh_expires_at=NOW - DAY),
        good._replace(name="again", needs_authorization=True),
    ]
    names = [entry.name for entry in by_urgency(made, NOW)]
    assert names == ["again", "ended", "sooner", "later", "not yet", "good"]
    assert [entry.name for entry in arranged(made, "status", "", NOW)] == names


def test_the_hook_hears_of_each_end_in_its_time() -> None:
    week = 7 * DAY
    granted = with_tokens(BARE, TOKENS, NOW)
    consented = granted._replace(consent_days=7, authorized_at=NOW)
    assert not ends_soon(granted, NOW, week)
    assert ends_soon(granted._replace(client_secret_expires_at=NOW + 6 * DAY), NOW, week)
    assert ends_soon(granted._replace(refresh_expires_at=NOW + 6 * DAY), NOW, week)
    assert not ends_soon(consented, NOW, week), "a week is all that it has"
    assert ends_soon(consented, NOW + 5 * DAY + 1, week)
    assert ends_soon(BARE._replace(client_secret_expires_at=NOW), NOW, week)
