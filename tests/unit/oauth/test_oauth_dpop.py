"""Proofs of possession (RFC 9449) as pure functions, held against the RFC's own examples."""

from __future__ import annotations

import base64
import json

import pytest

from tests.signing import ProofVerifier, Signer, segment, unb64
from tests.unit.oauth.making import NOW, make_service, make_tokens
from tui_oauth.errors import ProviderUnreachable
from tui_oauth.oauth.answer import read_tokens
from tui_oauth.oauth.api import api_headers, authorization_header
from tui_oauth.oauth.dpop import nonce_in, proof, target_of, thumbprint, wants_nonce
from tui_oauth.oauth.encoding import from_base64url
from tui_oauth.oauth.http import Response
from tui_oauth.oauth.reading import Unreadable
from tui_oauth.secret import Secret
from tui_oauth.services.format import Extensions

# RFC 9449 section 4.1, the key, the proof and (section 7.1) the access token with its hash.
RFC_KEY = {
    "kty": "EC",
    "x": "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
    "y": "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA",
    "crv": "P-256",
}
RFC_PROOF = (
    "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNo"
    "UklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERW"
    "clUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh"
    "0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8"
    "v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg"
)
RFC_TOKEN = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU"
RFC_ATH = "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo"


def claims_of(made: str) -> dict[str, object]:
    return json.loads(unb64(made.split(".")[1]))  # type: ignore[no-any-return]


def test_rule_110_the_proof_is_that_of_rfc_9449_section_4_1_byte_for_byte() -> None:
    head, _, tail = RFC_PROOF.partition(".")
    signature = tail.partition(".")[2]
    signed: list[bytes] = []

    def sign(data: bytes) -> bytes:
        signed.append(data)
        return unb64(signature)

    made = proof(
        RFC_KEY,
        sign,
        method="POST",
        url="https://server.example.com/token",
        issued_at=1562262616,
        identifier="-BwC3ESc6acc2lTc",
    )
    assert made == RFC_PROOF
    assert signed == [RFC_PROOF.rpartition(".")[0].encode()]
    assert json.loads(unb64(head))["jwk"] == RFC_KEY


def test_rule_110_the_access_token_is_hashed_as_in_rfc_9449_section_7_1() -> None:
    made = proof(
        RFC_KEY,
        lambda data: b"",
        method="GET",
        url="https://resource.example.org/protectedresource",
        issued_at=1562262618,
        identifier="e1j3V_bKic8-LAEB",
        access_token=RFC_TOKEN,
    )
    assert claims_of(made)["ath"] == RFC_ATH


def test_rule_110_the_thumbprint_is_that_of_rfc_9449_section_6_1() -> None:
    assert thumbprint(RFC_KEY) == "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"


def test_rule_110_the_thumbprint_is_that_of_rfc_7638_section_3_1() -> None:
    key = {
        "kty": "RSA",
        "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_"
        "BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2"
        "QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6W"
        "eZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
        "e": "AQAB",
        "alg": "RS256",
        "kid": "2011-04-29",
    }
    assert thumbprint(key) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


def test_the_verifier_of_these_tests_takes_the_proof_of_the_rfc() -> None:
    verifier = ProofVerifier(now=1562262616 + 90)
    assert verifier.verify(RFC_PROOF, "POST", "https://server.example.com/token") == thumbprint(
        RFC_KEY
    )


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://as.example/token", "https://as.example/token"),
        ("https://as.example/token?a=1&b=2", "https://as.example/token"),
        ("https://as.example/a/b?x#y", "https://as.example/a/b"),
        ("https://AS.example:443/Token", "https://as.example/Token"),
        ("https://as.example:8443/token", "https://as.example:8443/token"),
        ("https://as.example", "https://as.example/"),
        ("https://as.example?x=1", "https://as.example/"),
        ("http://127.0.0.1:8080/me", "http://127.0.0.1:8080/me"),
        ("http://[::1]:80/me", "http://[::1]/me"),
        ("https://as.example/a%2Fb", "https://as.example/a%2Fb"),
    ],
)
def test_rule_110_the_target_has_neither_query_nor_fragment(url: str, target: str) -> None:
    assert target_of(url) == target


def test_rule_110_a_nonce_stands_in_the_proof_only_when_there_is_one() -> None:
    signer = Signer()

    def made(nonce: str) -> str:
        return proof(
            signer.jwk(),
            signer.sign,
            method="POST",
            url="https://as.example/token",
            issued_at=NOW,
            identifier="one",
            nonce=nonce,
        )

    assert "nonce" not in claims_of(made(""))
    assert claims_of(made("n-1"))["nonce"] == "n-1"
    assert not {"nonce", "ath"} & set(claims_of(made("")))


def answer(status: int, body: str = "", **headers: str) -> Response:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(status, sent, body.encode(), "as.example", "token request")


WANTS = '{"error": "use_dpop_nonce", "error_description": "use this"}'


@pytest.mark.parametrize(
    ("response", "wanted"),
    [
        (answer(400, WANTS, dpop_nonce="n1"), True),
        (answer(401, WANTS, dpop_nonce="n1"), True),
        (answer(401, "", dpop_nonce="n1", www_authenticate='DPoP error="use_dpop_nonce"'), True),
        (
            answer(
                401,
                "",
                dpop_nonce="n1",
                www_authenticate='Bearer realm="x", dpop realm="y", error="use_dpop_nonce", algs="ES256"',
            ),
            True,
        ),
        (answer(401, "", dpop_nonce="n1", www_authenticate="DPoP error=use_dpop_nonce"), True),
        (answer(401, "", dpop_nonce="n1", www_authenticate='Bearer error="use_dpop_nonce"'), False),
        (answer(401, "", dpop_nonce="n1", www_authenticate='DPoP error="invalid_token"'), False),
        (answer(401, "", www_authenticate='DPoP error="use_dpop_nonce"'), False),
        (answer(400, WANTS), False),
        (answer(400, '{"error": "invalid_grant"}', dpop_nonce="n1"), False),
        (answer(400, '["use_dpop_nonce"]', dpop_nonce="n1"), False),
        (answer(400, '{"error": "use_dpop_nonce"', dpop_nonce="n1"), False),
        (answer(200, WANTS, dpop_nonce="n1"), False),
        (answer(500, WANTS, dpop_nonce="n1"), False),
    ],
)
def test_rule_110_only_a_missing_nonce_is_a_reason_to_ask_again(
    response: Response, wanted: bool
) -> None:
    assert wants_nonce(response) is wanted


@pytest.mark.parametrize(
    "nonce", ["", "two words", 'a"b', "back\\slash", "é", "a, b", "x" * 2_000, "a\tb"]
)
def test_rule_110_a_nonce_that_no_header_value_may_be_counts_as_none(nonce: str) -> None:
    assert nonce_in(answer(400, WANTS, dpop_nonce=nonce)) == ""


def test_rule_110_a_nonce_of_the_rfc_is_taken() -> None:
    assert (
        nonce_in(answer(200, dpop_nonce="eyJ7S_zG.eyJH0-Z.HX4w-7v")) == "eyJ7S_zG.eyJH0-Z.HX4w-7v"
    )


BOUND = make_service(extensions=Extensions(dpop=True))


def tokens_of(token_type: object, service: object = BOUND) -> object:
    document = {"access_token": "a-token", "token_type": token_type, "expires_in": 60}
    if token_type is None:
        del document["token_type"]
    response = Response(200, {}, json.dumps(document).encode(), "as.example", "token request")
    return read_tokens(service, response, requested=(), sent_at=NOW)  # type: ignore[arg-type]


@pytest.mark.parametrize("token_type", ["DPoP", "dpop", "DPOP"])
def test_rule_110_the_token_type_has_to_come_back_dpop(token_type: str) -> None:
    assert tokens_of(token_type).bound  # type: ignore[attr-defined]


@pytest.mark.parametrize("token_type", ["Bearer", "bearer", "mac", "", 1, ["DPoP"], None])
def test_rule_110_a_token_that_is_not_bound_is_refused(token_type: object) -> None:
    with pytest.raises(ProviderUnreachable, match="not bound"):
        tokens_of(token_type)


def test_rule_110_a_bound_token_is_refused_where_no_proof_was_sent() -> None:
    with pytest.raises(ProviderUnreachable, match="token_type"):
        tokens_of("DPoP", make_service())


def test_rule_110_a_bound_token_goes_under_its_own_scheme() -> None:
    tokens = make_tokens(token_type="dpop", access_token=Secret(RFC_TOKEN))
    service = make_service(api={"scheme": "Bearer"})
    assert authorization_header(service, tokens) == ("Authorization", f"DPoP {RFC_TOKEN}")
    assert api_headers(service, tokens, "me") == {"Authorization": f"DPoP {RFC_TOKEN}"}


@pytest.mark.parametrize("data", [b"", b"\x00", b"\xff\xfe", b"abc", bytes(range(256))])
def test_base64url_comes_back_as_it_was(data: bytes) -> None:
    text = base64.urlsafe_b64encode(data).rstrip(b"=").decode()
    assert from_base64url(text) == data


@pytest.mark.parametrize("text", ["a", "ab==", "ab+/", "a b", "ab\n", "é", "ab.c", "YR", "YWJ"])
def test_base64url_has_one_spelling(text: str) -> None:
    with pytest.raises(Unreadable):
        from_base64url(text)


def test_the_segments_of_these_tests_are_those_of_the_program() -> None:
    assert segment({"a": 1}) == base64.urlsafe_b64encode(b'{"a": 1}').rstrip(b"=").decode()
