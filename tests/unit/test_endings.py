"""When an entry will need a person again: from the answer, the service's facts and the person."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tui_oauth.endings import ACCESS_TOKEN, CLIENT_SECRET, REFRESH_TOKEN, day_of, endings
from tui_oauth.entries import ending_facts, status_words
from tui_oauth.errors import UsageProblem
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
    held = replace(TOKENS, refresh_expires_at=NOW + 60 * DAY)
    assert granted(facts, held, later) == later + 60 * DAY


def test_a_token_that_use_does_not_prolong_keeps_its_end() -> None:
    facts = {"refresh_fixed_days": 60}
    assert granted(facts, refresh_token="r") == NOW + 60 * DAY
    held = replace(TOKENS, refresh_expires_at=NOW + 60 * DAY)
    assert granted(facts, held, NOW + 30 * DAY, refresh_token="new") == NOW + 60 * DAY


def test_without_a_refresh_token_nothing_of_it_ends() -> None:
    assert granted({"refresh_idle_days": 60}) is None
    assert granted({}, refresh_token="r") is None


def test_what_ends_first_comes_first_and_goes_with_the_tokens() -> None:
    entry = with_tokens(BARE, replace(TOKENS, refresh_expires_at=NOW + 9 * DAY), NOW)
    entry = replace(entry, client_secret_expires_at=NOW + 5 * DAY)
    assert [ending.what for ending in endings(entry)] == [CLIENT_SECRET, REFRESH_TOKEN]
    assert [ending.what for ending in endings(without_tokens(entry, NOW))] == [CLIENT_SECRET]
    alone = with_tokens(BARE, replace(TOKENS, refresh_token=None), NOW)
    assert [(ending.what, ending.at) for ending in endings(alone)] == [(ACCESS_TOKEN, NOW + 1800)]
    assert endings(replace(alone, grant=Grant.CLIENT)) == [], "it renews by itself"


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
    entry = with_tokens(BARE, replace(TOKENS, refresh_expires_at=NOW + refresh), NOW)
    if secret is not None:
        entry = replace(entry, client_secret_expires_at=NOW + secret)
    assert " ".join(status_words(entry, NOW)) == words
    assert status_and_tone(entry, NOW) == (words, tone)


def test_by_expiry_what_needs_a_person_first_stands_first() -> None:
    def made(name: str, refresh: int | None, secret: int | None = None) -> Entry:
        end = None if refresh is None else NOW + refresh
        entry = with_tokens(replace(BARE, name=name), replace(TOKENS, refresh_expires_at=end), NOW)
        return replace(entry, client_secret_expires_at=None if secret is None else NOW + secret)

    found = arranged(
        [made("a", None), made("b", 9 * DAY), made("c", 90 * DAY, 2 * DAY)], "expires", "", NOW
    )
    assert [entry.name for entry in found] == ["c", "b", "a"]


def test_the_facts_are_told_with_what_helps() -> None:
    entry = with_tokens(BARE, replace(TOKENS, refresh_expires_at=NOW + 9 * DAY), NOW)
    entry = replace(entry, client_secret_expires_at=NOW + 5 * DAY)
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
