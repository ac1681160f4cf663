"""Proofs made with a real key, held against a server that really verifies them."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest

from tests.providers.misbehaving import Conversation, Server, answering, serving
from tests.signing import ProofRefused, ProofVerifier
from tests.unit.oauth.making import make_service, make_tokens
from tui_oauth.errors import NeedsPerson
from tui_oauth.model import EntrySecrets
from tui_oauth.oauth.http import Request, Response
from tui_oauth.proofs import ProofKey, Proofs, prover_for_sign_in, prover_of
from tui_oauth.secret import Secret
from tui_oauth.sending import fetch, send
from tui_oauth.services.format import Extensions
from tui_oauth.workspace import Workspace

NOW = 1_800_000_000
BOUND = make_service(extensions=Extensions(dpop=True))


def workspace_at(now: int) -> Workspace:
    base = Workspace.from_environment()
    return Workspace(base.environ, base.places, base.settings, clock=lambda: now)


@dataclass
class Strict:
    """A server that takes no request without a good proof; `resource`: in the way of an API."""

    verifier: ProofVerifier
    resource: bool = False
    token: str = ""
    thumbprints: list[str] = field(default_factory=list)
    url: str = ""

    def __call__(self, conversation: Conversation) -> None:
        lines = conversation.head.decode().split("\r\n")
        method, target, _ = lines[0].split(" ")
        headers = {n.lower(): v for n, _, v in (line.partition(": ") for line in lines[1:])}
        nonce = f"DPoP-Nonce: {self.verifier.nonce}"
        try:
            mark = self.verifier.verify(
                headers["dpop"], method, self.url + urlsplit(target).path, self.token
            )
        except ProofRefused as problem:
            if self.resource:
                words = f'WWW-Authenticate: DPoP error="{problem.code}", algs="ES256"'
                answering(b"", "401 Unauthorized", nonce, words)(conversation)
            else:
                body = json.dumps({"error": problem.code, "error_description": str(problem)})
                answering(body.encode(), "400 Bad Request", nonce)(conversation)
            return
        self.thumbprints.append(mark)
        extra = [nonce] if self.verifier.nonce else []
        answering(b'{"good": true}', "200 OK", *extra)(conversation)


def ask(workspace: Workspace, server: Server, proofs: Proofs, blocking: bool = False) -> Response:
    request = Request("POST", f"{server.url}/token?x=1", "token request", {"X-Own": "kept"})
    if blocking:
        return fetch(workspace, request, deadline=5, prover=proofs)
    return asyncio.run(send(workspace, request, deadline=5, prover=proofs))


@pytest.mark.parametrize("off", [0, 90, -90])
@pytest.mark.parametrize("blocking", [False, True])
def test_rule_110_a_server_that_verifies_takes_the_proof_with_a_clock_off_by_90_s(
    off: int, blocking: bool
) -> None:
    key, workspace = ProofKey.new(), workspace_at(NOW + off)
    strict = Strict(ProofVerifier(NOW))
    with serving(strict) as server:
        strict.url = server.url
        proofs = Proofs(workspace, key)
        assert ask(workspace, server, proofs, blocking).status == 200
        assert ask(workspace, server, proofs, blocking).status == 200  # another jti
    assert strict.thumbprints == [key.thumbprint] * 2
    assert b"X-Own: kept" in server.requests[0][0]


@pytest.mark.parametrize("resource", [False, True])
def test_rule_110_the_servers_nonce_is_used_at_once_and_kept_for_the_next_time(
    resource: bool,
) -> None:
    workspace, token = workspace_at(NOW), Secret("an-access-token")
    strict = Strict(ProofVerifier(NOW, nonce="n-1"), resource, token.reveal())
    proofs = Proofs(workspace, ProofKey.new(), token)
    with serving(strict) as server:
        strict.url = server.url
        assert ask(workspace, server, proofs).status == 200
        assert server.connections == 2
        assert ask(workspace, server, proofs).status == 200
        assert server.connections == 3
        strict.verifier.nonce = "n-2"
        assert ask(workspace, server, proofs).status == 200
        assert server.connections == 5


def test_rule_110_a_nonce_that_comes_with_a_good_answer_is_the_next_one() -> None:
    workspace = workspace_at(NOW)
    proofs = Proofs(workspace, ProofKey.new())
    with serving(answering(b"{}", "200 OK", "DPoP-Nonce: next")) as server:
        ask(workspace, server, proofs)
    assert list(workspace.proof_nonces.values()) == ["next"]


def test_rule_110_a_nonce_stays_with_the_server_that_gave_it() -> None:
    workspace = workspace_at(NOW)
    proofs = Proofs(workspace, ProofKey.new())
    strict = Strict(ProofVerifier(NOW))
    with serving(answering(b"{}", "200 OK", "DPoP-Nonce: of-the-first")) as first:
        ask(workspace, first, proofs)
    with serving(strict) as second:
        strict.url = second.url
        ask(workspace, second, proofs)
    head = second.requests[0][0]
    proof = next(line for line in head.split(b"\r\n") if line.lower().startswith(b"dpop:"))
    assert "nonce" not in json.loads(_claims(proof.decode().partition(": ")[2]))


def _claims(proof: str) -> bytes:
    from tests.signing import unb64

    return unb64(proof.split(".")[1])


def test_rule_110_a_server_that_is_never_content_is_asked_twice() -> None:
    workspace = workspace_at(NOW)
    body = b'{"error": "use_dpop_nonce"}'
    with serving(answering(body, "400 Bad Request", "DPoP-Nonce: n")) as server:
        response = ask(workspace, server, Proofs(workspace, ProofKey.new()))
        assert server.connections == 2
    assert response.status == 400


def test_the_key_comes_back_from_the_vault_as_it_was() -> None:
    key = ProofKey.new()
    again = ProofKey.from_pem(key.pem)
    assert again.jwk == key.jwk
    assert again.thumbprint == key.thumbprint
    assert set(key.jwk) == {"kty", "crv", "x", "y"}
    assert ProofKey.new().thumbprint != key.thumbprint
    assert len(key.sign(b"data")) == 64
    assert "PRIVATE" not in repr(key) + repr(Proofs(workspace_at(NOW), key)) + repr(key.pem)


RSA_PEM = """import sys
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives import serialization as s
key = rsa.generate_private_key(65537, 2048)
sys.stdout.write(key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption()).decode())
"""


def test_a_key_that_is_gone_or_spoilt_says_to_authorize_again() -> None:
    rsa_pem = subprocess.run(
        [sys.executable, "-c", RSA_PEM], capture_output=True, text=True, check=True
    ).stdout
    for pem in (None, Secret("nonsense"), Secret(rsa_pem)):
        held = EntrySecrets(client_id="me", proof_key=pem)
        with pytest.raises(NeedsPerson, match="key that the tokens"):
            prover_of(workspace_at(NOW), BOUND, held)
        made = prover_for_sign_in(workspace_at(NOW), BOUND, held)
        assert made is not None
        assert len(made.key.thumbprint) == 43


def test_the_kept_key_is_used_again_and_nothing_is_made_where_no_token_is_bound() -> None:
    workspace, key = workspace_at(NOW), ProofKey.new()
    held = EntrySecrets(client_id="me", proof_key=key.pem)
    for made in (prover_of(workspace, BOUND, held), prover_for_sign_in(workspace, BOUND, held)):
        assert made is not None
        assert made.key.thumbprint == key.thumbprint
    plain = make_service()
    assert prover_of(workspace, plain, held) is None
    assert prover_for_sign_in(workspace, plain, held) is None


def test_a_bound_token_keeps_its_proof_whatever_the_file_says_later() -> None:
    workspace = workspace_at(NOW)
    held = EntrySecrets(client_id="me", proof_key=ProofKey.new().pem)
    tokens = make_tokens(token_type="DPoP")
    assert prover_of(workspace, make_service(), held, tokens) is not None
    assert prover_of(workspace, BOUND, held, make_tokens()) is None
