"""The issuer in the authorization response (RFC 9207): rule 54 of the checklist, to the letter."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.oauth.making import CALLBACK, NOW, make_attempt, make_service
from tui_oauth.errors import PasteProblem, ProviderRefused
from tui_oauth.oauth.authorize import Answer, StateMismatch, read_answer
from tui_oauth.oauth.paste import describe_paste, read_paste
from tui_oauth.services.format import Extensions, Service

ISSUER = "https://as.example/tenant"
NAMES_ITSELF = Extensions(iss_parameter=True)


def service(**changes: Any) -> Service:
    return make_service(**{"issuer": ISSUER, "extensions": NAMES_ITSELF, **changes})


def answer(*pairs: tuple[str, str], state: str | None = None, of: Service | None = None) -> Answer:
    made = service() if of is None else of
    attempt = make_attempt(made)
    given = [("state", attempt.state if state is None else state), *pairs]
    return read_answer(attempt, made, given, NOW + 1)


CODE = ("code", "the-code")


def test_rule_54_the_same_issuer_goes_on() -> None:
    assert answer(CODE, ("iss", ISSUER)).code.reveal() == "the-code"


def test_rule_54_an_issuer_that_was_not_announced_is_compared_all_the_same() -> None:
    unannounced = service(extensions=Extensions())
    assert answer(CODE, ("iss", ISSUER), of=unannounced).code.reveal() == "the-code"
    with pytest.raises(ProviderRefused):
        answer(CODE, ("iss", ISSUER + "/"), of=unannounced)


@pytest.mark.parametrize(
    "issuer",
    [
        "https://evil.example",
        ISSUER + "/",
        ISSUER.upper(),
        ISSUER.replace("https", "http"),
        ISSUER.replace(".example", ".example:443"),
        ISSUER + "?",
        ISSUER + "#",
        " " + ISSUER,
        ISSUER + "\n",
        "https://as.example/%74enant",
        "https://as.example",
        "",
    ],
)
@pytest.mark.parametrize("rest", [CODE, ("error", "access_denied")])
def test_rule_54_any_other_text_ends_the_sign_in_as_an_attack(
    issuer: str, rest: tuple[str, str]
) -> None:
    with pytest.raises(ProviderRefused) as caught:
        answer(rest, ("iss", issuer))
    assert caught.value.code == "issuer_mismatch"
    assert "attack" in caught.value.advice
    assert "was not used" in caught.value.message
    assert str(caught.value).isprintable()


def test_rule_54_a_code_without_the_announced_issuer_is_an_attack() -> None:
    with pytest.raises(ProviderRefused) as caught:
        answer(CODE)
    assert caught.value.code == "issuer_missing"
    assert "attack" in caught.value.advice
    assert "was not used" in caught.value.message


def test_rule_54_a_code_without_an_issuer_is_fine_where_none_is_announced() -> None:
    assert answer(CODE, of=service(extensions=Extensions())).code.reveal() == "the-code"


def test_rule_54_an_error_without_the_announced_issuer_is_failed_and_unverified() -> None:
    with pytest.raises(ProviderRefused) as caught:
        answer(("error", "access_denied"), ("error_description", "You said no"))
    assert caught.value.code == "access_denied"
    assert "Unverified" in caught.value.message
    assert "You said no" in caught.value.message
    with pytest.raises(ProviderRefused) as named:
        answer(("error", "access_denied"), ("iss", ISSUER))
    assert "nverified" not in named.value.message


def test_rule_54_the_issuer_twice_is_refused() -> None:
    with pytest.raises(ProviderRefused, match="iss twice"):
        answer(CODE, ("iss", ISSUER), ("iss", ISSUER))


@pytest.mark.parametrize(
    "rest", [CODE, ("error", "access_denied"), ("iss", "https://evil.example")]
)
def test_rule_27_the_state_still_comes_before_the_issuer(rest: tuple[str, str]) -> None:
    with pytest.raises(StateMismatch):
        answer(rest, ("iss", "https://evil.example"), state="another")


@pytest.mark.parametrize("text", ["the-code", "{state}"])
def test_rule_54_a_bare_code_does_not_say_whom_it_comes_from(text: str) -> None:
    attempt = make_attempt(service())
    pasted = f"the-code#{attempt.state}" if "{state}" in text else text
    with pytest.raises(PasteProblem, match="whom it comes from") as caught:
        read_paste(pasted, attempt, service())
    assert "whole address" in caught.value.advice
    assert "whole address" in describe_paste(pasted, attempt, service())
    assert read_paste(pasted, attempt, service(extensions=Extensions()))


def test_rule_54_a_pasted_address_with_the_issuer_is_the_answer() -> None:
    attempt = make_attempt(service())
    pasted = f"{CALLBACK}?code=the-code&state={attempt.state}&iss=https%3A%2F%2Fas.example%2Ftenant"
    found = read_answer(attempt, service(), read_paste(pasted, attempt, service()), NOW)
    assert found.code.reveal() == "the-code"
