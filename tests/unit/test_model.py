"""Entries as values: where they stand, which names and credentials are taken."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui_oauth.entries import used_services
from tui_oauth.errors import UsageProblem
from tui_oauth.model import (
    Account,
    Entry,
    Status,
    TokenSet,
    clean_value,
    normalised_name,
    status_of,
    valid_name,
    with_tokens,
    without_tokens,
)
from tui_oauth.secret import Secret

ENTRY = Entry("0" * 32, "work", "intercom", "Intercom", created_at=1, updated_at=1)
NOW = 1000


def tokens(**changes):
    return TokenSet(Secret("t"), "Bearer", issued_at=NOW)._replace(**changes)


def test_the_life_of_an_entry():
    assert status_of(ENTRY, NOW) is Status.NOT_CONFIGURED
    configured = ENTRY._replace(configured=True)
    assert status_of(configured, NOW) is Status.CONFIGURED
    forever = with_tokens(configured, tokens(), NOW, Account("Acme", "ann@acme.example"))
    assert status_of(forever, 10**10) is Status.AUTHORIZED
    assert (forever.account, forever.account_detail) == ("Acme", "ann@acme.example")
    short = with_tokens(configured, tokens(expires_at=NOW + 5), NOW)
    assert status_of(short, NOW + 4) is Status.AUTHORIZED
    assert status_of(short, NOW + 5) is Status.EXPIRED
    renewable = with_tokens(configured, tokens(expires_at=NOW + 5, refresh_token=Secret("r")), NOW)
    assert status_of(renewable, NOW + 500) is Status.AUTHORIZED
    refused = renewable._replace(needs_authorization=True)
    assert status_of(refused, NOW) is Status.NEEDS_AUTHORIZATION
    assert status_of(without_tokens(refused, NOW), NOW) is Status.CONFIGURED


def test_a_new_grant_keeps_the_account_until_it_is_known_better():
    known = with_tokens(ENTRY, tokens(), NOW, Account("Acme"))
    assert with_tokens(known, tokens(), NOW).account == "Acme"
    assert with_tokens(known, tokens(), NOW, Account("Other")).account == "Other"


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("", "needs a name"),
        ("   \t ", "needs a name"),
        ("x" * 10_000, "10,000 characters"),
        ("a\x1b[2Jb", "cannot be shown"),
        ("a\nb", "cannot be shown"),
        ("a\u202eb", "cannot be shown"),
        ("a\ud800", "cannot be shown"),
        ("-rf", "begins with a dash"),
    ],
)
def test_bad_names_are_refused_with_words(name, word):
    with pytest.raises(UsageProblem) as caught:
        valid_name(name)
    assert word in caught.value.message
    assert caught.value.advice
    assert str(caught.value).isprintable()


def test_names_are_trimmed_and_compared_without_case_and_form():
    assert valid_name("  my intercom ") == "my intercom"
    assert valid_name("my\u00a0own\u3000one") == "my own one"
    assert normalised_name("CAFÉ") == normalised_name("cafe\u0301")
    assert normalised_name("straße") == normalised_name("STRASSE")


@settings(deadline=None)
@given(st.text(max_size=120))
def test_a_name_is_either_taken_whole_or_refused(name):
    try:
        taken = valid_name(name)
    except UsageProblem:
        return
    assert valid_name(taken) == taken
    assert taken.isprintable()


@pytest.mark.parametrize(
    "pasted", ["  s3cret ", "s3cret\n", "\r\ns3cret\r\n", "s3c\nret", "\ts3cret\u2028"]
)
def test_rule_122_blanks_and_breaks_of_a_paste_go(pasted):
    assert clean_value("Client secret", pasted) == "s3cret"


def test_control_characters_inside_a_credential_are_refused():
    with pytest.raises(UsageProblem, match="control characters"):
        clean_value("Client secret", "a\x1bb")
    with pytest.raises(UsageProblem, match="characters"):
        clean_value("Client ID", "a" * 20_000)


def test_the_services_of_entries_the_most_used_first() -> None:
    def made(name: str, service: str, at: int, pinned: str = "") -> Entry:
        return Entry(
            id=name, name=name, service=service, service_name=service, created_at=at,
            updated_at=at, pinned=pinned,
        )  # fmt: skip

    entries = [
        made("a", "xero", 1),
        made("b", "intercom", 2),
        made("c", "github", 3),
        made("d", "intercom", 4),
        made("e", "from-url", 5, "{}"),
    ]
    assert used_services(entries) == ["intercom", "github", "xero"]
