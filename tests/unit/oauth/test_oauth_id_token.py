"""ID tokens (OpenID Connect Core 3.1.3.7 and 12.2): which ones are used, and which end a sign-in."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.signing import Signer, b64, segment
from tests.unit.oauth.making import NOW
from tui_oauth.oauth.id_token import (
    MAX_LENGTH,
    BadIdToken,
    Claims,
    account_in,
    check,
    check_renewed,
    parse,
)

ISSUER = "https://as.example/realms/one"
SIGNER = Signer()


def claims(**changes: Any) -> dict[str, Any]:
    """Good claims; a change to None leaves one out."""
    good = {
        "iss": ISSUER,
        "sub": "user-7",
        "aud": "my-client",
        "exp": NOW + 300,
        "iat": NOW,
        "nonce": "the-nonce",
    }
    return {name: value for name, value in (good | changes).items() if value is not None}


def token(*, header: dict[str, Any] | None = None, **changes: Any) -> str:
    return SIGNER.jwt(claims(**changes), **(header or {}))


def checked(text: str, **changes: Any) -> Claims:
    given: dict[str, Any] = {
        "issuer": ISSUER,
        "client_id": "my-client",
        "nonce": "the-nonce",
        "now": NOW,
    }
    return check(parse(text), **(given | changes))


def raw(header: str, body: str, signature: str = "c2ln") -> str:
    return f"{b64(header.encode())}.{b64(body.encode())}.{signature}"


HEADER = '{"alg":"ES256"}'

# What an ID token must not look like: it is not used, and not stored.
MALFORMED: dict[str, Callable[[], str]] = {
    "empty": lambda: "",
    "not a token": lambda: "hello there",
    "two parts": lambda: ".".join(token().split(".")[:2]),
    "four parts": lambda: token() + ".x",
    "encrypted": lambda: "a.b.c.d.e",
    "too long": lambda: token(padding="x" * MAX_LENGTH),
    "padding": lambda: token() + "=",
    "a line break": lambda: token().replace(".", "\n.", 1),
    "the other alphabet": lambda: raw(HEADER, json.dumps(claims()), "ab+/"),
    "header is no JSON": lambda: raw("{alg:ES256}", json.dumps(claims())),
    "header is a list": lambda: raw('["ES256"]', json.dumps(claims())),
    "body is no JSON": lambda: raw(HEADER, "iss=me"),
    "body is a text": lambda: raw(HEADER, '"claims"'),
    "body is not UTF-8": lambda: f"{b64(HEADER.encode())}.{b64(bytes([0xFF, 0xFE]))}.c2ln",
    "a claim twice": lambda: raw(HEADER, '{"sub":"a","sub":"b"}'),
    "nested too deep": lambda: raw(HEADER, '{"a":' + "[" * 20_000 + "]" * 20_000 + "}"),
    "a number too long": lambda: raw(HEADER, '{"exp":' + "9" * 5_000 + "}"),
    "NaN": lambda: raw(HEADER, '{"exp": NaN}'),
    "alg none": lambda: raw('{"alg":"none"}', json.dumps(claims()), ""),
    "alg None with a signature": lambda: token(header={"alg": "None"}),
    "no alg": lambda: token(header={"alg": None}),
    "alg is a list": lambda: token(header={"alg": ["ES256"]}),
    "no signature": lambda: token().rpartition(".")[0] + ".",
    "crit": lambda: token(header={"crit": ["exp"], "exp": NOW}),
    "empty crit": lambda: token(header={"crit": []}),
    "a key of its own": lambda: token(header={"jwk": SIGNER.jwk()}),
    "an address of keys": lambda: token(header={"jku": "https://evil.example/jwks"}),
    "an address of a certificate": lambda: token(header={"x5u": "https://evil.example/cert"}),
    "an access token": lambda: token(header={"typ": "at+jwt"}),
    "a logout token": lambda: token(header={"typ": "logout+jwt"}),
    "kid is a number": lambda: token(header={"kid": 7}),
    "another issuer": lambda: token(iss="https://evil.example"),
    "issuer with a slash more": lambda: token(iss=ISSUER + "/"),
    "issuer in upper case": lambda: token(iss=ISSUER.upper()),
    "no issuer": lambda: token(iss=None),
    "issuer is a list": lambda: token(iss=[ISSUER]),
    "several audiences, no azp": lambda: token(aud=["my-client", "other"]),
    "azp is another": lambda: token(aud=["my-client", "other"], azp="other"),
    "azp is another, one audience": lambda: token(azp="other"),
    "audience missing": lambda: token(aud=None),
    "audience empty": lambda: token(aud=[]),
    "audience holds a number": lambda: token(aud=["my-client", 7]),
    "expired": lambda: token(exp=NOW - 121, iat=NOW - 400),
    "exp missing": lambda: token(exp=None),
    "exp is a text": lambda: token(exp=str(NOW + 300)),
    "exp is true": lambda: token(exp=True),
    "exp is beyond all time": lambda: token(exp=10**15),
    "iat missing": lambda: token(iat=None),
    "iat in the future": lambda: token(iat=NOW + 121),
    "iat two days ago": lambda: token(iat=NOW - 2 * 86_400),
    "iat negative": lambda: token(iat=-1),
    "not valid yet": lambda: token(nbf=NOW + 121),
    "nbf is a text": lambda: token(nbf="now"),
    "sub missing": lambda: token(sub=None),
    "sub empty": lambda: token(sub=""),
    "sub is a number": lambda: token(sub=7),
    "sub far too long": lambda: token(sub="x" * 256),
}

# Made for somebody else, or for another sign-in: no honest server sends it.
ATTACKS: dict[str, Callable[[], str]] = {
    "another audience": lambda: token(aud="other-client"),
    "other audiences": lambda: token(aud=["a", "b"], azp="my-client"),
    "audience in upper case": lambda: token(aud="MY-CLIENT"),
    "another nonce": lambda: token(nonce="another"),
    "no nonce": lambda: token(nonce=None),
    "an empty nonce": lambda: token(nonce=""),
    "nonce is a list": lambda: token(nonce=["the-nonce"]),
    "nonce with a lone surrogate": lambda: token(nonce="\ud800"),
    "another audience, expired too": lambda: token(aud="other", exp=1, iat=1),
    "another nonce of another issuer": lambda: token(nonce="x", iss="https://evil.example"),
}


@pytest.mark.parametrize("what", MALFORMED)
def test_rule_109_a_bad_id_token_is_not_used(what: str) -> None:
    with pytest.raises(BadIdToken) as caught:
        checked(MALFORMED[what]())
    assert not caught.value.attack
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("what", ATTACKS)
def test_rule_109_one_for_somebody_else_is_an_attack(what: str) -> None:
    with pytest.raises(BadIdToken) as caught:
        checked(ATTACKS[what]())
    assert caught.value.attack


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"exp": NOW - 119, "iat": NOW - 400},
        {"iat": NOW + 90, "exp": NOW + 390},
        {"iat": NOW - 90, "exp": NOW - 89},
        {"iat": NOW + 0.5, "exp": float(NOW + 300)},
        {"aud": ["my-client"]},
        {"aud": ["my-client", "other"], "azp": "my-client"},
        {"azp": "my-client"},
        {"nbf": NOW + 90},
        {"address": {"country": "NL"}, "groups": ["a"] * 500},
        {"header": {"typ": None, "kid": None}},
        {"header": {"typ": "jwt", "x5c": ["ignored"], "x5t": "ignored"}},
        {"header": {"alg": "HS256"}},
    ],
)
def test_rule_109_a_good_one_is_used(changes: dict[str, Any]) -> None:
    assert checked(token(**changes)).subject == "user-7"


def test_rule_109_no_nonce_was_sent_so_none_is_wanted() -> None:
    assert checked(token(nonce=None), nonce="").nonce == ""


def test_rule_109_a_service_that_does_not_repeat_the_nonce_is_a_declared_one() -> None:
    assert checked(token(nonce=None), nonce=None).subject == "user-7"


def test_rule_109_without_a_known_issuer_it_is_not_used_but_still_held_against_the_client() -> None:
    with pytest.raises(BadIdToken, match="no issuer") as caught:
        checked(token(), issuer="")
    assert not caught.value.attack
    with pytest.raises(BadIdToken) as caught:
        checked(token(aud="other"), issuer="")
    assert caught.value.attack


def test_rule_109_the_words_on_a_bad_one_are_neutralised() -> None:
    with pytest.raises(BadIdToken) as caught:
        checked(token(iss="https://evil.example\x1b]0;x\x07\u202e"))
    assert "\\x1b" in str(caught.value)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"email": "a@b.example", "preferred_username": "ab", "name": "A B"}, "a@b.example"),
        ({"email": "a@b.example", "email_verified": True, "name": "A B"}, "a@b.example"),
        ({"email": "a@b.example", "email_verified": False, "name": "A B"}, "A B"),
        ({"email": "a@b.example", "email_verified": "no", "preferred_username": "ab"}, "ab"),
        ({"preferred_username": "ab", "name": "A B"}, "ab"),
        ({"name": "A\x1b[31m B"}, "A\\x1b[31m B"),
        ({"name": 7, "email": ["a@b.example"]}, "user-7"),
        ({"name": "   "}, "user-7"),
        ({}, "user-7"),
    ],
)
def test_rule_109_a_good_one_names_the_account(given: dict[str, Any], name: str) -> None:
    assert account_in(checked(token(**given)), verified=True).name == name


def test_rule_109_not_verified_is_said() -> None:
    found = checked(token())
    assert account_in(found, verified=False).detail == (
        "as.example/realms/one, by its ID token, not verified"
    )
    assert "not verified" not in account_in(found, verified=True).detail


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"nonce": None},
        {"aud": ["my-client"]},
        {"iat": NOW + 9_000, "exp": NOW + 9_300},
        {"exp": 1},
        {"name": "A new name"},
    ],
)
def test_rule_109_a_renewed_one_speaks_of_the_same_person(changes: dict[str, Any]) -> None:
    check_renewed(parse(token(**changes)), parse(token()))


@pytest.mark.parametrize(
    "changes",
    [
        {"sub": "user-8"},
        {"sub": None},
        {"sub": ["user-7"]},
        {"iss": "https://evil.example"},
        {"iss": ISSUER + "/"},
        {"iss": None},
        {"aud": "other"},
        {"aud": ["my-client", "other"], "azp": "my-client"},
        {"nonce": "another"},
    ],
)
def test_rule_109_a_renewed_one_of_somebody_else_is_an_attack(changes: dict[str, Any]) -> None:
    with pytest.raises(BadIdToken) as caught:
        check_renewed(parse(token(**changes)), parse(token()))
    assert caught.value.attack


def test_a_token_taken_apart_shows_nothing_of_itself() -> None:
    assert "user-7" not in repr(parse(token(email="a@b.example")))


def test_the_signed_part_is_exactly_what_came() -> None:
    text = token()
    assert parse(text).signed == text.rpartition(".")[0].encode()
    assert segment({"a": 1}) in raw('{"a": 1}', "{}")
