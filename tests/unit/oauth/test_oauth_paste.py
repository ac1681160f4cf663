from __future__ import annotations

import secrets
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.oauth.making import CALLBACK, NOW, make_attempt, make_service
from tui_oauth.errors import PasteProblem, ProviderRefused
from tui_oauth.oauth.authorize import Attempt, StateMismatch, read_answer
from tui_oauth.oauth.paste import describe_paste, find_state, read_paste
from tui_oauth.services.format import Service

SERVICE = make_service()
ATTEMPT = make_attempt(SERVICE, random=secrets.token_bytes)
NO_PKCE = make_service(pkce="unsupported")
WITHOUT = make_attempt(NO_PKCE, random=secrets.token_bytes)
STATE = ATTEMPT.state
URL = f"{CALLBACK}?code=ab%2Fcd%3D%3D&state={STATE}"
CODE = "ab/cd=="


def code_in(text: str, attempt: Attempt = ATTEMPT, service: Service = SERVICE) -> str:
    pairs = read_paste(text, attempt, service)
    return read_answer(attempt, service, pairs, NOW + 1).code.reveal()


FORMS = {
    "as it is": URL,
    "blanks around": f"  {URL}\t\n",
    "double quotes": f'"{URL}"',
    "single quotes": f"'{URL}'",
    "back quotes": f"`{URL}`",
    "angle brackets": f"<{URL}>",
    "typographic quotes": f"“{URL}”",
    "quotes in brackets": f"<'{URL}'>",
    "wrapped": "\n".join(URL[i : i + 20] for i in range(0, len(URL), 20)),
    "wrapped and indented": "\r\n    ".join(URL[i : i + 33] for i in range(0, len(URL), 33)),
    "wrapped with blanks at the end": "   \n".join([URL[:40], URL[40:70], URL[70:]]),
    "encoded once more": quote(URL, safe=""),
    "query encoded once more": URL.replace("?", "%3F", 1)[: len(CALLBACK)]
    + "?"
    + quote(URL.partition("?")[2], safe=""),
    "question mark encoded too": CALLBACK + quote("?" + URL.partition("?")[2], safe=""),
    "escaped for a shell": URL.replace("?", "\\?").replace("=", "\\=").replace("&", "\\&"),
    "ampersand as in HTML": URL.replace("&", "&amp;"),
    "ampersand as in JSON": URL.replace("&", "\\u0026"),
    "after a header name": f"Location: {URL}",
    "in a command": f"curl '{URL}' -v",
    "zero-width characters": f"\u200b{URL}\ufeff",
    "query with its mark": "?" + URL.partition("?")[2],
    "query": URL.partition("?")[2],
    "query, state first": f"state={STATE}&code=ab%2Fcd%3D%3D",
    "query encoded": quote(URL.partition("?")[2], safe=""),
    "without scheme": URL.removeprefix("http://"),
    "code and state": f"{CODE}#{STATE}",
    "bare code": CODE,
    "bare code encoded": "ab%2Fcd%3D%3D",
    "code parameter alone": "code=ab%2Fcd%3D%3D",
    "quoted code": f" '{CODE}' ",
    "raw signs": f"{CALLBACK}?code={CODE}&state={STATE}",
    "facebook's ending": f"{URL}#_=_",
    "empty fragment": f"{URL}#",
    "answer in the fragment": URL.replace("?", "#"),
    "other loopback name": URL.replace("127.0.0.1", "localhost"),
    "https instead": URL.replace("http://", "https://"),
    "other host, right state": URL.replace("127.0.0.1:8976", "callback.example"),
    "issuer unencoded": f"{URL}&iss=https://as.example",
}


@pytest.mark.parametrize("text", FORMS.values(), ids=FORMS.keys())
def test_rule_43_an_answer_is_accepted_in_every_form_it_arrives_in(text: str) -> None:
    assert code_in(text) == CODE
    assert describe_paste(text, ATTEMPT, SERVICE) in {
        "this is the answer",
        "a code without its address",
    }


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("code=ab==", "ab=="),
        ("code=a%2Bbcdef", "a+bcdef"),
        ("code=a%2526bcdef", "a%26bcdef"),
        ("code=a%252Fbcdef", "a%2Fbcdef"),
        ("code=a+bcdef", "a bcdef"),
        ("code=a/b.c-d_e~f", "a/b.c-d_e~f"),
    ],
)
def test_rule_45_the_code_stays_byte_for_byte_after_one_decoding(query: str, code: str) -> None:
    assert code_in(f"{CALLBACK}?{query}&state={STATE}") == code
    assert code_in(f"{query}&state={STATE}") == code


def test_rule_45_a_raw_plus_stays_where_the_service_declares_it() -> None:
    service = make_service(callback={"plus_is_literal": True})
    assert code_in(f"{CALLBACK}?code=a+bcdef&state={STATE}", service=service) == "a+bcdef"
    assert code_in("a+bcdef") == "a+bcdef"


@settings(deadline=None)
@given(st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=60))
def test_rule_45_every_possible_code_survives_an_address(code: str) -> None:
    url = f"{CALLBACK}?code={quote(code, safe='')}&state={STATE}"
    assert code_in(url) == code
    assert code_in(quote(url, safe="")) == code


def test_rule_44_a_bare_code_needs_pkce() -> None:
    for text in (CODE, "code=abcdefgh"):
        with pytest.raises(PasteProblem, match="has no PKCE") as caught:
            read_paste(text, WITHOUT, NO_PKCE)
        assert "whole address" in caught.value.advice
        assert describe_paste(text, WITHOUT, NO_PKCE) == "only a code: the whole address is needed"
    assert code_in(f"{CODE}#{WITHOUT.state}", WITHOUT, NO_PKCE) == CODE


OTHER = make_attempt(random=secrets.token_bytes)
IMPLICIT = f"{CALLBACK}#access_token=t&token_type=bearer&state={STATE}"
PROBLEMS: dict[str, tuple[str, str, str]] = {
    "nothing": ("''", "Nothing was pasted", "nothing yet"),
    "the link": (ATTEMPT.authorization_url, "Authorization link itself", "this is the Authorization link, not the answer"),
    "an older link": (OTHER.authorization_url, "Authorization link itself", "this is the Authorization link, not the answer"),
    "older attempt": (f"{CALLBACK}?code=abcdef&state={OTHER.state}", "another sign-in", "from an older attempt"),
    "older code and state": (f"abcdef#{OTHER.state}", "another sign-in", "from an older attempt"),
    "older error": (f"{CALLBACK}?error=access_denied&state={OTHER.state}", "another sign-in", "from an older attempt"),
    "no state": (f"{CALLBACK}?code=abcdef", "no state", "no state in it: it may be cut"),
    "cut in the state": (URL[:-3], "another sign-in", "from an older attempt"),
    "no code": (f"{CALLBACK}?state={STATE}", "no code", "the Callback URL without an answer"),
    "callback alone": (CALLBACK, "no code in it", "the Callback URL without an answer"),
    "state alone in a query": (f"state={STATE}", "no code", "no code in it"),
    "other host": ("https://login.example/consent?x=1", "login.example", "an address on another host: login.example"),
    "other host with a code": ("https://o.example/?code=abcdef&state=z", "o.example", "an address on another host: o.example"),
    "implicit": (IMPLICIT, "implicit grant", "a token in the fragment, not an answer"),
    "error without state": (f"{CALLBACK}?error=access_denied", "said: access denied", "the provider said: access denied (without a state)"),
    "words": ("I have approved it", "neither an address nor a code", "neither an address nor a code"),
    "a short word": ("yes", "neither an address nor a code", "neither an address nor a code"),
    "the client id": ("my-client", "the client ID", "this is the client ID"),
    "the state": (STATE, "the state alone", "this is the state alone"),
    "a broken address": ("https://[::1/cb?code=a&state=b", "malformed", "a broken address"),
    "far too long": ("a" * 20_000, "20,000", "much too long for an answer"),
    "letters": ("кодкодкод", "neither an address nor a code", "neither an address nor a code"),
    "escape sequences": ("\x1b]0;x\x07\x1b[2J", "neither", "neither an address nor a code"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "message", "words"), PROBLEMS.values(), ids=PROBLEMS.keys())
def test_rule_47_what_is_wrong_with_a_paste_is_said(text: str, message: str, words: str) -> None:
    with pytest.raises(PasteProblem) as caught:
        read_paste(text, ATTEMPT, SERVICE)
    assert message in caught.value.message
    assert caught.value.advice
    assert describe_paste(text, ATTEMPT, SERVICE) == words
    assert str(caught.value).isprintable()
    assert "abcdef" not in str(caught.value)


def test_rule_27_an_older_attempt_is_a_state_mismatch_and_the_sign_in_goes_on() -> None:
    with pytest.raises(StateMismatch):
        read_paste(f"{CALLBACK}?code=abcdef&state={OTHER.state}", ATTEMPT, SERVICE)
    assert code_in(URL) == CODE


def test_rule_43_whose_answer_it_is_can_be_found_by_its_state() -> None:
    assert find_state(f"'{CALLBACK}?code=abcdef&state={OTHER.state}'") == OTHER.state
    assert find_state(quote(URL, safe="")) == STATE
    assert find_state("no such thing") == ""
    assert find_state("?state=a&state=b") == ""


def test_rule_47_an_error_answer_ends_the_sign_in_with_its_meaning() -> None:
    text = f"{CALLBACK}?error=access_denied&error_description=No+thanks&state={STATE}"
    assert describe_paste(text, ATTEMPT, SERVICE) == "the provider said: access denied"
    with pytest.raises(ProviderRefused, match="No thanks"):
        code_in(text)


def test_rule_47_a_service_that_posts_its_code_says_so() -> None:
    service = make_service(callback={"form_post": True})
    with pytest.raises(PasteProblem, match="POST"):
        read_paste(CALLBACK, ATTEMPT, service)


def test_rule_5_the_code_may_have_another_name() -> None:
    service = make_service(callback={"code_parameter": "auth_code"})
    assert code_in(f"{CALLBACK}?auth_code=abcdef&state={STATE}", service=service) == "abcdef"
    assert code_in(f"auth_code=abcdef&state={STATE}", service=service) == "abcdef"
    assert code_in("abcdef", service=service) == "abcdef"


def test_rule_5_an_answer_to_a_fragment_route_link_is_told_from_the_link() -> None:
    service = make_service(authorize_url="https://a.example/#/oauth", authorize={"fragment": True})
    attempt = make_attempt(service)
    words = describe_paste(attempt.authorization_url, attempt, service)
    assert words == "this is the Authorization link, not the answer"


@settings(deadline=None)
@given(st.text(max_size=80))
def test_whatever_is_typed_gets_words_and_no_other_error(text: str) -> None:
    words = describe_paste(text, ATTEMPT, SERVICE)
    assert words.isprintable()
    assert bool(words) == bool(text.strip())
    problem = ""
    try:
        assert ("state", STATE) in read_paste(text, ATTEMPT, SERVICE)
    except PasteProblem as error:
        problem = str(error)
    assert problem.isprintable()


def test_typing_an_address_letter_by_letter_never_fails() -> None:
    seen = {describe_paste(URL[:length], ATTEMPT, SERVICE) for length in range(len(URL) + 1)}
    assert "" in seen
    assert "this is the answer" in seen


def test_rule_54_what_stands_beside_a_code_without_state_counts_too() -> None:
    service = make_service(issuer="https://as.example", callback={"keep": ("tenant",)})
    attempt = make_attempt(service)
    pairs = read_paste("code=ab%2Fcd%3D%3D&tenant=t1&iss=https://as.example", attempt, service)
    answer = read_answer(attempt, service, pairs, NOW + 1)
    assert (answer.code.reveal(), answer.extra) == (CODE, {"tenant": "t1"})
    pairs = read_paste("code=ab%2Fcd%3D%3D&iss=https://evil.example", attempt, service)
    with pytest.raises(ProviderRefused, match="attack"):
        read_answer(attempt, service, pairs, NOW + 1)
