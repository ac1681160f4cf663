"""Signatures of ID tokens: which keys count, and what is done where there are none."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

from tests.providers.misbehaving import Conversation, answering, reset, serving, silence
from tests.signing import Signer, unb64
from tests.unit.oauth.making import make_service
from tui_oauth import signatures
from tui_oauth.oauth.http import Response
from tui_oauth.oauth.id_token import BadIdToken, Token, parse
from tui_oauth.oauth.jwks import ALGORITHMS, MAX_KEYS, fitting, read_keys
from tui_oauth.services.format import Extensions
from tui_oauth.signatures import is_signed, verify
from tui_oauth.workspace import Workspace

SIGNERS = {name: Signer(name, f"key-{name}") for name in ALGORITHMS}
CLAIMS = {"iss": "https://as.example", "sub": "user-7"}

# RFC 7515 appendix A.2 and A.3.
RFC_BODY = (
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
)
RFC_ES256 = (
    f"eyJhbGciOiJFUzI1NiJ9.{RFC_BODY}.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISl"
    "SApmWQxfKTUJqPP3-Kg6NU1Q"
)
RFC_EC_KEY = {
    "kty": "EC",
    "crv": "P-256",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
}
RFC_RS256 = (
    f"eyJhbGciOiJSUzI1NiJ9.{RFC_BODY}.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZm"
    "h7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75"
    "vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7no"
    "OPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"
)
RFC_RSA_KEY = {
    "kty": "RSA",
    "n": "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0B"
    "m4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rex"
    "MdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK"
    "-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ",
    "e": "AQAB",
}


def signed(name: str = "ES256", **header: Any) -> Token:
    return parse(SIGNERS[name].jwt(CLAIMS, **header))


def keys(*names: str) -> tuple[dict[str, Any], ...]:
    return tuple(SIGNERS[name].jwk() for name in names)


@pytest.mark.parametrize(
    ("text", "key"), [(RFC_ES256, RFC_EC_KEY), (RFC_RS256, RFC_RSA_KEY)], ids=["ES256", "RS256"]
)
def test_rule_109_the_signatures_of_rfc_7515_are_good(text: str, key: dict[str, Any]) -> None:
    verify(parse(text), (key,))
    head, body, signature = text.split(".")
    changed = f"{head}.{body[:-2]}w{body[-1]}.{signature}"
    with pytest.raises(BadIdToken):
        verify(replace(parse(text), signed=changed.encode()), (key,))


@pytest.mark.parametrize("name", ALGORITHMS)
def test_rule_109_each_algorithm_of_the_list_is_verified(name: str) -> None:
    token = signed(name)
    verify(token, keys(*ALGORITHMS))
    flipped = bytes([token.signature[0] ^ 1]) + token.signature[1:]
    with pytest.raises(BadIdToken, match="signature is wrong"):
        verify(replace(token, signature=flipped), keys(*ALGORITHMS))
    with pytest.raises(BadIdToken, match="signature is wrong"):
        verify(replace(token, signed=token.signed + b"x"), keys(*ALGORITHMS))


@pytest.mark.parametrize(
    "change",
    [
        {"use": "enc"},
        {"alg": "ES384"},
        {"kty": "oct"},
        {"crv": "P-384"},
        {"kid": "another"},
        {"kid": None},
        {"key_ops": ["sign"]},
        {"key_ops": "verify"},
    ],
)
def test_rule_109_a_key_for_something_else_is_not_used(change: dict[str, Any]) -> None:
    with pytest.raises(BadIdToken, match="does not list"):
        verify(signed(), (SIGNERS["ES256"].jwk(**change),))


@pytest.mark.parametrize("change", [{"use": None}, {"alg": "ES256"}, {"key_ops": ["verify"]}])
def test_rule_109_a_key_that_says_it_fits_is_used(change: dict[str, Any]) -> None:
    verify(signed(), (SIGNERS["ES256"].jwk(**change),))


@pytest.mark.parametrize(
    "change",
    [
        {"x": None},
        {"x": 7},
        {"x": "not base64!"},
        {"x": "AAAA"},
        {"x": "A" * 100_000},
        {"y": SIGNERS["ES256"].jwk()["x"]},
    ],
)
def test_rule_109_a_broken_key_verifies_nothing_and_breaks_nothing(change: dict[str, Any]) -> None:
    with pytest.raises(BadIdToken, match="signature is wrong"):
        verify(signed(), (SIGNERS["ES256"].jwk(**change),))
    verify(signed(), (SIGNERS["ES256"].jwk(**change), *keys("ES256")))


@pytest.mark.parametrize("change", [{"n": "AQAB"}, {"n": "_" * 3_000}, {"e": "AA"}, {"e": None}])
def test_rule_109_an_rsa_key_of_an_odd_size_verifies_nothing(change: dict[str, Any]) -> None:
    with pytest.raises(BadIdToken, match="signature is wrong"):
        verify(signed("RS256"), (SIGNERS["RS256"].jwk(**change),))


@pytest.mark.parametrize("algorithm", ["HS256", "none ", "ES256K", "RS1", "es256", "dir", "A128KW"])
def test_rule_109_an_algorithm_outside_the_list_is_refused(algorithm: str) -> None:
    with pytest.raises(BadIdToken, match="cannot verify"):
        verify(signed(alg=algorithm), keys(*ALGORITHMS))


def test_rule_109_the_algorithm_is_tied_to_the_type_of_the_key() -> None:
    token = signed("RS256", alg="ES256", kid="key-RS256")
    with pytest.raises(BadIdToken):
        verify(token, keys("RS256"))
    rsa_as_ec = SIGNERS["RS256"].jwk(kid="key-ES256")
    with pytest.raises(BadIdToken, match="does not list"):
        verify(signed(), (rsa_as_ec,))


def test_rule_109_a_token_without_the_name_of_its_key_is_tried_with_all_that_fit() -> None:
    token = signed(kid=None)
    other = Signer("ES256", "other").jwk()
    assert len(fitting(token, (other, *keys(*ALGORITHMS)))) == 2
    verify(token, (other, *keys(*ALGORITHMS)))


def test_an_es256_signature_in_der_is_none() -> None:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    token = signed()
    der = SIGNERS["ES256"].private.sign(token.signed, ec.ECDSA(hashes.SHA256()))
    with pytest.raises(BadIdToken, match="signature is wrong"):
        verify(replace(token, signature=der), keys("ES256"))


def test_a_key_set_keeps_keys_and_nothing_else() -> None:
    many = [*keys("ES256"), "text", 7, None, *({"kty": "oct"} for _ in range(500))]
    response = Response(200, {}, json.dumps({"keys": many}).encode())
    found = read_keys(make_service(), response)
    assert found[0] == keys("ES256")[0]
    assert len(found) <= MAX_KEYS


def verified_at(url: str, token: Token) -> bool:
    service = make_service(extensions=Extensions(jwks_url=url))
    return asyncio.run(is_signed(Workspace.from_environment(), service, token))


def key_set(*found: dict[str, Any]) -> bytes:
    return json.dumps({"keys": found}).encode()


def test_rule_109_the_keys_are_fetched_once_and_verify() -> None:
    with serving(answering(key_set(*keys("RS256", "ES256")))) as server:
        assert verified_at(f"{server.url}/jwks", signed())
    ((head, body),) = server.requests
    assert head.startswith(b"GET /jwks HTTP/1.1\r\n")
    assert b"authorization" not in head.lower()
    assert body == b""


def test_rule_109_a_token_signed_by_somebody_else_is_refused_after_one_request() -> None:
    with serving(answering(key_set(Signer("ES256", "key-ES256").jwk()))) as server:
        with pytest.raises(BadIdToken, match="signature is wrong"):
            verified_at(server.url, signed())
        assert server.connections == 1


def elsewhere(conversation: Conversation) -> None:
    answering(b"", "302 Found", "Location: https://evil.example/jwks")(conversation)


@pytest.mark.parametrize(
    "behaviour",
    [
        answering(b"", "503 Service Unavailable"),
        answering(b"<html>", "200 OK", "Content-Type: text/html"),
        answering(b'{"keys": {}}'),
        answering(b'{"keys": [], "keys": []}'),
        answering(b"[]"),
        answering(b'{"keys": [' + b" " * 1_100_000 + b"]}"),
        elsewhere,
        reset,
    ],
    ids=["down", "html", "object", "twice", "list", "huge", "redirect", "reset"],
)
def test_rule_109_without_the_keys_it_is_not_verified_and_nobody_asks_again(behaviour: Any) -> None:
    with serving(behaviour) as server:
        assert verified_at(server.url, signed()) is False
        assert server.connections == 1


def test_rule_68_a_silent_server_of_keys_does_not_hold_the_sign_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(signatures, "KEYS_SECONDS", 0.3)
    with serving(silence) as server:
        assert verified_at(server.url, signed()) is False


def test_rule_109_without_an_address_of_keys_it_is_not_verified() -> None:
    assert verified_at("", signed()) is False


def test_the_keys_of_these_tests_are_what_they_say() -> None:
    assert len(unb64(SIGNERS["ES512"].jwk()["x"])) == 66
