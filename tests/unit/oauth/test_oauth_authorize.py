from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

import tui_oauth
from tests.unit.oauth.making import (
    CALLBACK,
    NOW,
    make_answer,
    make_attempt,
    make_client,
    make_service,
)
from tui_oauth.errors import PasteProblem, ProviderRefused, SignInEnded, UsageProblem
from tui_oauth.oauth.authorize import Attempt, StateMismatch, read_answer
from tui_oauth.oauth.pkce import code_challenge, code_verifier, unguessable
from tui_oauth.oauth.signature import Signature
from tui_oauth.oauth.token import code_request
from tui_oauth.secret import Secret


def sent(attempt: Attempt) -> dict[str, str]:
    pairs = parse_qsl(urlsplit(attempt.authorization_url).query, keep_blank_values=True)
    assert len(dict(pairs)) == len(pairs), "a parameter comes twice"
    return dict(pairs)


def answer(attempt: Attempt, *pairs: tuple[str, str], **changes: Any) -> Any:
    service = changes.pop("service", make_service())
    given = [("state", attempt.state), *pairs]
    return read_answer(attempt, service, given, changes.pop("now", NOW + 1))


def test_rule_12_the_verifier_is_43_url_safe_characters_and_never_repeats() -> None:
    drawn = {code_verifier(secrets.token_bytes) for _ in range(10_000)}
    assert len(drawn) == 10_000
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", verifier) for verifier in drawn)


def test_rule_12_the_challenge_is_that_of_rfc_7636_appendix_b() -> None:
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    assert code_challenge(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_rule_15_no_module_imports_random() -> None:
    package = Path(tui_oauth.__file__).parent
    for path in package.rglob("*.py"):
        assert not re.search(r"^\s*(import|from) random\b", path.read_text(), re.MULTILINE), path


def test_rule_8_the_link_carries_these_parameters_and_nothing_secret() -> None:
    attempt = make_attempt()
    assert sent(attempt) == {
        "response_type": "code",
        "client_id": "my-client",
        "redirect_uri": CALLBACK,
        "scope": "read write",
        "state": attempt.state,
        "code_challenge": code_challenge(attempt.code_verifier.reveal()),  # type: ignore[union-attr]
        "code_challenge_method": "S256",
    }
    assert attempt.code_verifier is not None
    assert attempt.code_verifier.reveal() not in attempt.authorization_url


def test_rule_8_openid_brings_a_nonce_of_its_own() -> None:
    attempt = make_attempt(scopes=("openid", "email"))
    assert sent(attempt)["nonce"] == attempt.nonce
    assert attempt.nonce not in {"", attempt.state}


def test_rule_8_no_scope_and_no_redirect_uri_are_left_out_not_sent_empty() -> None:
    assert not {"scope", "redirect_uri"} & set(sent(make_attempt(scopes=(), redirect_uri="")))


@pytest.mark.parametrize("pkce", ["required", "supported", "unknown"])
def test_rule_13_s256_is_sent_unless_the_service_declares_otherwise(pkce: str) -> None:
    assert sent(make_attempt(make_service(pkce=pkce)))["code_challenge_method"] == "S256"


def test_rule_13_a_service_without_pkce_is_a_declared_quirk() -> None:
    attempt = make_attempt(make_service(pkce="unsupported"))
    assert attempt.code_verifier is None
    assert not {name for name in sent(attempt) if name.startswith("code_")}


def test_rule_14_every_attempt_has_a_state_verifier_and_nonce_of_its_own() -> None:
    service = make_service(authorize={"nonce": True})
    attempts = [make_attempt(service, random=secrets.token_bytes) for _ in range(50)]
    texts = [a.state for a in attempts] + [a.nonce for a in attempts]
    texts += [a.code_verifier.reveal() for a in attempts if a.code_verifier]
    assert len(set(texts)) == 150


def test_rule_114_the_repr_of_an_attempt_and_an_answer_shows_no_secret() -> None:
    attempt = make_attempt(scopes=("openid",))
    shown = repr(attempt) + repr(answer(attempt, ("code", "the-code")))
    assert attempt.code_verifier is not None
    for secret in (attempt.state, attempt.nonce, attempt.code_verifier.reveal(), "the-code"):
        assert secret not in shown


@pytest.mark.parametrize(
    ("table", "gone", "there"),
    [
        ({"scope": False}, "scope", {}),
        ({"response_type": ""}, "response_type", {}),
        ({"scope_parameter": "user_scope"}, "scope", {"user_scope": "read write"}),
        ({"client_id_parameter": "client_key"}, "client_id", {"client_key": "my-client"}),
        ({"redirect_uri": "My_RuName"}, "", {"redirect_uri": "My_RuName"}),
    ],
)
def test_rule_5_each_quirk_of_the_authorization_request_changes_just_its_part(
    table: dict[str, Any], gone: str, there: dict[str, str]
) -> None:
    plain = sent(make_attempt())
    changed = sent(make_attempt(make_service(authorize=table)))
    plain.pop(gone, None)
    assert changed == {**plain, **there}


def test_rule_5_a_fragment_route_gets_its_parameters_after_the_fragment() -> None:
    service = make_service(
        authorize_url="https://app.example/#/oauth/authorize", authorize={"fragment": True}
    )
    url = make_attempt(service).authorization_url
    assert url.startswith("https://app.example/#/oauth/authorize?response_type=code&client_id=")
    with pytest.raises(UsageProblem, match="fragment"):
        make_attempt(make_service(authorize_url="https://app.example/#/oauth/authorize"))


def test_rule_5_scopes_are_joined_as_the_service_wants() -> None:
    assert sent(make_attempt(make_service(scope_separator=",")))["scope"] == "read,write"


def test_rule_9_fixed_parameters_are_added_and_may_name_the_client() -> None:
    extra = {"access_type": "offline", "app": "{client_id}", "claims": '{"a": 1}'}
    parameters = sent(make_attempt(make_service(extra_authorize_params=extra)))
    assert {name: parameters[name] for name in extra} == {**extra, "app": "my-client"}


@pytest.mark.parametrize(
    "name",
    [
        "state",
        "redirect_uri",
        "client_id",
        "response_type",
        "nonce",
        "code_challenge",
        "scope",
        "client_secret",
        "code_challenge_method",
        "response_mode",
    ],
)
def test_rule_9_reserved_names_are_refused_among_them(name: str) -> None:
    with pytest.raises(UsageProblem, match=name):
        make_attempt(make_service(extra_authorize_params={name: "x"}))


@pytest.mark.parametrize("response_type", ["token", "id_token token", "code token"])
def test_rule_2_the_implicit_grant_is_refused_with_a_reason(response_type: str) -> None:
    with pytest.raises(UsageProblem, match="implicit"):
        make_attempt(make_service(authorize={"response_type": response_type}))


def test_a_service_without_a_browser_sign_in_says_so() -> None:
    with pytest.raises(UsageProblem, match="no sign-in through the browser"):
        make_attempt(make_service(grants=("client_credentials",)))


def test_rule_65_an_authorization_endpoint_without_tls_is_refused_at_use() -> None:
    with pytest.raises(UsageProblem, match="unencrypted"):
        make_attempt(make_service(authorize_url="http://as.example/authorize"))


def test_the_code_of_a_good_answer_comes_back() -> None:
    got = answer(make_attempt(), ("code", "ab=="), ("whatever", "x"), ("whatever", "y"))
    assert got.code == Secret("ab==")
    assert got.extra == {}


@pytest.mark.parametrize("states", [[], ["wrong"], [""], ["é"], ["twice", "twice"]])
@pytest.mark.parametrize("rest", [("code", "c"), ("error", "access_denied")])
def test_rule_27_without_the_state_nothing_else_counts(
    states: list[str], rest: tuple[str, str]
) -> None:
    attempt = make_attempt()
    pairs = [("state", attempt.state if state == "twice" else state) for state in states]
    with pytest.raises(StateMismatch) as caught:
        read_answer(attempt, make_service(), [*pairs, rest], NOW + 9999)
    assert isinstance(caught.value, PasteProblem)


def test_rule_14_swapped_callbacks_do_not_fit() -> None:
    one, two = (make_attempt(random=secrets.token_bytes) for _ in range(2))
    with pytest.raises(StateMismatch, match="another sign-in"):
        read_answer(one, make_service(), [("state", two.state), ("code", "c")], NOW)


def test_rule_16_after_its_time_the_genuine_answer_is_refused() -> None:
    attempt = make_attempt()
    assert answer(attempt, ("code", "c"), now=NOW + 599).code == Secret("c")
    with pytest.raises(SignInEnded):
        answer(attempt, ("code", "c"), now=NOW + 600)


@pytest.mark.parametrize("name", ["code", "error", "iss", "realm"])
def test_rule_28_a_repeated_parameter_that_means_something_is_refused(name: str) -> None:
    service = make_service(callback={"keep": ("realm",)})
    attempt = make_attempt(service)
    pairs = [("code", "c"), (name, "a"), (name, "b")]
    with pytest.raises(ProviderRefused, match="twice"):
        answer(attempt, *pairs, service=service)


def test_rule_28_sixty_unknown_parameters_are_ignored() -> None:
    got = answer(make_attempt(), *((f"p{i}", "v") for i in range(60)), ("code", "c"))
    assert got.code == Secret("c")


@pytest.mark.parametrize("issuer", ["https://other.example", "https://as.example/", "", "é"])
def test_rule_54_another_issuer_ends_the_sign_in(issuer: str) -> None:
    service = make_service(issuer="https://as.example")
    with pytest.raises(ProviderRefused, match="attack") as caught:
        answer(make_attempt(service), ("code", "c"), ("iss", issuer), service=service)
    assert caught.value.code == "issuer_mismatch"


@pytest.mark.parametrize("issuer", ["https://as.example", ""])
def test_rule_54_the_right_issuer_or_an_unknown_one_goes_on(issuer: str) -> None:
    service = make_service(issuer=issuer)
    pair = ("iss", "https://as.example")
    assert answer(make_attempt(service), ("code", "c"), pair, service=service).code == Secret("c")


def test_rule_54_the_issuer_is_looked_at_before_the_error() -> None:
    service = make_service(issuer="https://as.example")
    with pytest.raises(ProviderRefused) as caught:
        answer(make_attempt(service), ("error", "x"), ("iss", "https://o.example"), service=service)
    assert caught.value.code == "issuer_mismatch"


@pytest.mark.parametrize(
    ("code", "words", "advice"),
    [
        ("access_denied", "declined", "again"),
        ("invalid_scope", "scopes", "scopes"),
        ("unauthorized_client", "app", "permissions"),
        ("invalid_request", "malformed", CALLBACK),
        ("unsupported_response_type", "grant", "file"),
        ("server_error", "error of its own", "Try again"),
        ("temporarily_unavailable", "overloaded", "Try again"),
        ("login_required", "sign in there first", "Sign in"),
        ("consent_required", "consent", "again"),
        ("interaction_required", "ask you", "again"),
        ("redirect_uri_mismatch", "Callback URL", CALLBACK),
        ("something\x1b[2J_new", "refused", "file"),
    ],
)
def test_rule_56_error_codes_become_sentences_with_a_next_step(
    code: str, words: str, advice: str
) -> None:
    with pytest.raises(ProviderRefused) as caught:
        answer(make_attempt(), ("error", code), ("error_description", "It\x1b[31m said\nno"))
    assert words in caught.value.message
    assert "Example" in caught.value.message
    assert "It\\x1b[31m said no" in caught.value.message
    assert advice in caught.value.advice
    assert caught.value.code.replace("\\x1b", "\x1b") == code
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    "pairs", [[], [("code", "")], [("code", "c"), ("error", "x")], [("code", "c\x00d")]]
)
def test_rule_57_both_neither_and_no_proper_code_are_refused(pairs: list[tuple[str, str]]) -> None:
    with pytest.raises(ProviderRefused) as caught:
        answer(make_attempt(), *pairs)
    assert caught.value.code == "invalid_response"


def test_rule_5_the_code_may_have_another_name() -> None:
    service = make_service(callback={"code_parameter": "auth_code"})
    attempt = make_attempt(service)
    assert answer(attempt, ("auth_code", "c"), service=service).code == Secret("c")
    with pytest.raises(ProviderRefused, match="neither"):
        answer(attempt, ("code", "c"), service=service)


def test_rule_5_declared_parameters_are_kept_and_variables_handed_on() -> None:
    service = make_service(callback={"keep": ("realmId", "shop"), "sets": {"location": "dc"}})
    got = answer(
        make_attempt(service),
        ("code", "c"),
        ("realmId", "9130"),
        ("location", "eu"),
        ("other", "x"),
        service=service,
    )
    assert got.extra == {"realmId": "9130"}
    assert got.sets == {"location": "eu"}


@pytest.mark.parametrize("value", ["a\r\nX: y", "\x1b[2J", "x" * 3000])
def test_rule_81_a_kept_parameter_must_be_storable(value: str) -> None:
    service = make_service(callback={"keep": ("realmId",)})
    with pytest.raises(ProviderRefused, match="cannot be stored"):
        answer(make_attempt(service), ("code", "c"), ("realmId", value), service=service)


def test_rule_5_a_declared_signature_is_checked_before_the_code_is_sent() -> None:
    service = make_service(callback={"hmac_parameter": "hmac", "keep": ("shop",)})
    attempt, client = make_attempt(service), make_client()
    assert client.client_secret is not None
    pairs = [("code", "c"), ("shop", "a.example"), ("timestamp", "1"), ("state", attempt.state)]
    message = f"code=c&shop=a.example&state={attempt.state}&timestamp=1"
    made = hmac.new(client.client_secret.reveal().encode(), message.encode(), hashlib.sha256)
    for given, good in ((made.hexdigest(), True), ("0" * 64, False), ("", False), ("é", False)):
        got = read_answer(attempt, service, [*pairs, ("hmac", given)], NOW)
        if good:
            assert b"code=c" in code_request(service, client, attempt, got).body
        else:
            with pytest.raises(ProviderRefused, match="not signed"):
                code_request(service, client, attempt, got)


def test_rule_5_a_signature_cannot_be_moved_between_parameters() -> None:
    one = Signature.of("hmac", [("a", "1&b=2"), ("hmac", "x")])
    two = Signature.of("hmac", [("a", "1"), ("b", "2"), ("hmac", "x")])
    assert one is not None
    assert two is not None
    assert one.message != two.message
    assert not one.fits(None)


def test_randomness_of_thirty_two_bytes_is_asked_for() -> None:
    asked: list[int] = []

    def draw(count: int) -> bytes:
        asked.append(count)
        return bytes(count)

    assert unguessable(draw) == "A" * 43
    assert asked == [32]
    assert make_answer().code == Secret("the-code")
