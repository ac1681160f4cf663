"""Tokens bound to a key (RFC 9449), from the sign-in to the API, at a server that verifies proofs."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

import tui_oauth
from tests.canary import Canaries
from tests.refreshing import age, sign_in
from tests.signing import ProofVerifier
from tests.stage import Stage
from tests.standards import service_like
from tui_oauth.accounts import check_entry
from tui_oauth.entries import configure_entry, entry_service
from tui_oauth.errors import NeedsPerson, ProviderRefused, ProviderUnreachable
from tui_oauth.introspection import introspect
from tui_oauth.model import Entry, EntrySecrets
from tui_oauth.oauth.http import Request
from tui_oauth.practice.behaviour import Behaviour
from tui_oauth.proofs import ProofKey, Proofs
from tui_oauth.secret import Secret
from tui_oauth.signin import SignIns
from tui_oauth.tokens import access_token, refresh_entry

STRICT = Behaviour(dpop_required=True)
NONCES = Behaviour(dpop_required=True, dpop_nonces=True)


def bound_entry(stage: Stage, behaviour: Behaviour = STRICT, name: str = "work") -> Entry:
    stage.provider.application.behaviour = behaviour
    entry = stage.configured(name, service_like(stage, "bound", extensions="dpop = true"))
    return asyncio.run(sign_in(stage, entry))


def held(stage: Stage, entry: Entry) -> EntrySecrets:
    return stage.workspace.vault.secrets(stage.workspace.vault.get(entry.id))


def count(stage: Stage, name: str) -> int:
    return stage.provider.application.count[name]


def test_rule_110_a_sign_in_gives_tokens_that_are_bound_to_a_key_of_the_entry(stage: Stage) -> None:
    entry = bound_entry(stage)
    secrets = held(stage, entry)
    assert secrets.tokens is not None
    assert secrets.tokens.token_type == "DPoP"
    assert secrets.proof_key is not None
    access = stage.provider.application.store.access(secrets.tokens.access_token.reveal())
    assert access is not None
    assert access.jkt == ProofKey.from_pem(secrets.proof_key).thumbprint
    assert entry.account == "Aurora Books"  # the identity check carries a proof too
    assert b"PRIVATE" not in stage.vault_bytes()


def test_rule_110_the_link_binds_the_code_to_the_key(stage: Stage) -> None:
    stage.provider.application.behaviour = STRICT
    entry = stage.configured("work", service_like(stage, "bound", extensions="dpop = true"))
    signin = SignIns(stage.workspace).begin(entry)
    query = parse_qs(urlsplit(signin.authorization_url).query)
    (jkt,) = query["dpop_jkt"]
    assert signin.applicant.key_thumbprint == jkt
    assert held(stage, entry).proof_key is None  # kept with the tokens, not before


def test_rule_110_nonces_are_answered_at_once(stage: Stage) -> None:
    entry = bound_entry(stage, NONCES)
    assert entry.authorized
    assert entry.account == "Aurora Books"
    assert count(stage, "token") == 2  # without the nonce, then with it
    assert count(stage, "api") == 1  # the same origin, the same nonce


@pytest.mark.parametrize("behaviour", [STRICT, NONCES])
def test_rule_110_a_refresh_carries_a_proof_of_the_same_key(
    stage: Stage, behaviour: Behaviour
) -> None:
    entry = bound_entry(stage, behaviour)
    before = held(stage, entry)
    age(stage, entry, 4_000)
    stage.workspace.proof_nonces.clear()
    fresh = access_token(stage.workspace, entry)
    after = held(stage, entry)
    assert before.tokens is not None
    assert before.proof_key is not None
    assert fresh.access_token != before.tokens.access_token
    assert fresh.bound
    assert after.proof_key == before.proof_key
    access = stage.provider.application.store.access(fresh.access_token.reveal())
    assert access is not None
    assert access.jkt == ProofKey.from_pem(before.proof_key).thumbprint


def test_rule_110_a_second_sign_in_keeps_the_key(stage: Stage) -> None:
    entry = bound_entry(stage)
    before = held(stage, entry).proof_key
    again = asyncio.run(sign_in(stage, entry))
    assert held(stage, again).proof_key == before


def test_rule_110_the_key_is_not_sealed_away_with_a_new_client(stage: Stage) -> None:
    entry = bound_entry(stage)
    client_id, secret = stage.credentials(entry)
    configure_entry(stage.workspace, entry, client_id=client_id, client_secret=Secret(secret))
    assert asyncio.run(sign_in(stage, entry)).authorized


def test_rule_110_an_answer_that_is_not_bound_ends_the_sign_in_with_nothing_stored(
    stage: Stage,
) -> None:
    # It knows nothing of proofs: the request is taken, and the token is anybody's.
    made = service_like(stage, "unbound", extensions="dpop = true", base="practice")
    entry = stage.configured("work", made)
    before = stage.vault_bytes()
    with pytest.raises(ProviderUnreachable, match="not bound to the key"):
        asyncio.run(sign_in(stage, entry))
    assert stage.vault_bytes() == before


def test_rule_110_a_lost_key_says_to_authorize_again(stage: Stage) -> None:
    entry = bound_entry(stage)
    stage.workspace.vault.change(
        entry.id, lambda current, secrets: (current, secrets._replace(proof_key=None))
    )
    sent = count(stage, "token")
    with pytest.raises(NeedsPerson, match="key that the tokens"):
        refresh_entry(stage.workspace, entry)
    with pytest.raises(NeedsPerson, match="key that the tokens"):
        asyncio.run(check_entry(stage.workspace, entry))
    assert count(stage, "token") == sent
    assert asyncio.run(sign_in(stage, entry)).authorized


def test_rule_110_a_clock_that_is_far_off_is_what_the_refusal_names(stage: Stage) -> None:
    entry = bound_entry(stage)
    stage.workspace._clock = lambda: 1_000_000_000.0
    with pytest.raises(ProviderRefused, match="a clock is wrong") as caught:
        refresh_entry(stage.workspace, entry)
    assert "clock" in caught.value.advice


def test_rule_110_the_account_check_carries_a_proof(stage: Stage) -> None:
    entry = bound_entry(stage, NONCES)
    account = asyncio.run(check_entry(stage.workspace, entry)).account
    assert account.name == "Aurora Books"


class Watching:
    """A watcher that keeps what is sent."""

    def __init__(self) -> None:
        self.sent: list[Request] = []

    def began(self, request: Request) -> object:
        self.sent.append(request)
        return request

    def ended(self, exchange: object, outcome: object) -> None: ...

    def link(self, url: str) -> None: ...

    def answer(self, redirect_uri: str, parameters: object) -> None: ...


def test_rule_110_introspection_carries_a_proof_of_the_key(stage: Stage) -> None:
    entry = bound_entry(stage)
    secrets = held(stage, entry)
    assert secrets.tokens is not None
    assert secrets.proof_key is not None
    service = entry_service(stage.workspace, entry)
    stage.workspace.traffic = watching = Watching()
    said = asyncio.run(introspect(stage.workspace, service, secrets, secrets.tokens))
    assert said is not None
    assert said.active
    (request,) = watching.sent
    verifier = ProofVerifier(stage.workspace.now())
    mark = verifier.verify(request.headers["DPoP"], "POST", request.url)
    assert mark == ProofKey.from_pem(secrets.proof_key).thumbprint


@pytest.mark.parametrize("behaviour", [STRICT, NONCES])
def test_rule_110_a_token_without_a_person_is_bound_too(stage: Stage, behaviour: Behaviour) -> None:
    stage.provider.application.behaviour = behaviour
    made = service_like(stage, "bound", extensions="dpop = true")
    entry = stage.configured("robot", made, without_person=True)
    first = access_token(stage.workspace, entry)
    key = held(stage, entry).proof_key
    assert first.bound
    assert key is not None
    access = stage.provider.application.store.access(first.access_token.reveal())
    assert access is not None
    assert access.jkt == ProofKey.from_pem(key).thumbprint
    age(stage, stage.workspace.vault.get(entry.id), 4_000)
    second = access_token(stage.workspace, entry)
    assert second.access_token != first.access_token
    assert second.bound
    assert held(stage, entry).proof_key == key


def test_rule_110_a_token_without_a_person_names_its_resource(stage: Stage) -> None:
    resource = 'resource = ["http://127.0.0.1:{port}/api"]'
    made = service_like(stage, "resource", extensions=resource)
    entry = stage.configured("robot", made, without_person=True)
    token = access_token(stage.workspace, entry)
    access = stage.provider.application.store.access(token.access_token.reveal())
    assert access is not None
    assert access.resources == (f"{stage.provider.url}/api",)


# ---- from Python


def get(stage: Stage, path: str = "/api", auth: Any = None) -> httpx.Response:
    return httpx.get(f"{stage.provider.url}{path}", auth=auth or tui_oauth.EntryAuth("work"))


@pytest.mark.parametrize("behaviour", [STRICT, NONCES])
def test_rule_110_an_entry_as_authentication_makes_proofs(
    stage: Stage, behaviour: Behaviour
) -> None:
    bound_entry(stage, behaviour)
    before = count(stage, "api")
    auth = tui_oauth.EntryAuth("work")
    for _ in range(3):
        assert get(stage, "/api?page=1", auth).json()["workspace"] == "Aurora Books"
    extra = 1 if behaviour is NONCES else 0  # the nonce is asked for once
    assert count(stage, "api") == before + 3 + extra


async def test_rule_110_also_in_a_coroutine(stage: Stage) -> None:
    await asyncio.to_thread(bound_entry, stage, NONCES)
    async with httpx.AsyncClient(auth=tui_oauth.EntryAuth("work")) as client:
        answer = await client.get(f"{stage.provider.url}/api")
    assert answer.status_code == 200
    assert answer.request.headers["Authorization"].startswith("DPoP ")
    assert answer.request.headers["DPoP"].count(".") == 2


def test_rule_94_a_refused_bound_token_is_refreshed_once_and_the_nonce_asked_for_again(
    stage: Stage,
) -> None:
    entry = bound_entry(stage, NONCES)
    store = stage.provider.application.store
    tokens = held(stage, entry).tokens
    assert tokens is not None
    access = store.access(tokens.access_token.reveal())
    assert access is not None
    store.revoke(access.grant.app, tokens.access_token.reveal())
    api, asked = count(stage, "api"), count(stage, "refresh")
    assert get(stage).status_code == 200
    assert count(stage, "refresh") == asked + 1
    assert count(stage, "api") == api + 2  # refused, then with the new token and the nonce


def test_rule_94_a_token_that_stays_refused_is_not_tried_for_ever(stage: Stage) -> None:
    bound_entry(stage)
    stage.provider.application.behaviour = replace(STRICT, dpop_nonces=False)
    before = count(stage, "api"), count(stage, "refresh")
    answer = httpx.get(f"{stage.provider.url}/nowhere", auth=tui_oauth.EntryAuth("work"))
    assert answer.status_code == 404
    assert (count(stage, "api"), count(stage, "refresh")) == before


# ---- for scripts


def command(*args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tui_oauth", *args],
        capture_output=True,
        text=True,
        env=dict(os.environ),
        timeout=60,
    )


@pytest.mark.parametrize("args", [("token",), ("token", "--json"), ("header",)])
def test_rule_110_commands_hand_out_a_bound_token_and_say_so_beside_it(
    stage: Stage, args: tuple[str, ...]
) -> None:
    entry = bound_entry(stage)
    tokens = held(stage, entry).tokens
    assert tokens is not None
    done = command(args[0], "work", *args[1:])
    assert done.returncode == 0, done.stderr
    assert tokens.access_token.reveal() in done.stdout
    assert "bound to a key" not in done.stdout
    assert "bound to a key (DPoP)" in done.stderr
    assert "EntryAuth" in done.stderr
    if args == ("header",):
        assert done.stdout.startswith("Authorization: DPoP ")
    if args == ("token",):
        assert done.stdout == tokens.access_token.reveal() + "\n"


def test_a_token_that_is_not_bound_is_handed_out_without_a_word(stage: Stage) -> None:
    entry = stage.configured("work", "practice-standard")
    asyncio.run(sign_in(stage, entry))
    done = command("token", "work")
    assert (done.returncode, done.stderr) == (0, "")


def test_rule_114_key_and_id_token_stay_in_the_vault(stage: Stage, tmp_path: Path) -> None:
    entry = bound_entry(stage, NONCES)
    secrets = held(stage, entry)
    assert secrets.proof_key is not None
    assert secrets.tokens is not None
    assert secrets.tokens.id_token is not None
    pem = secrets.proof_key.reveal().splitlines()
    canaries = Canaries(
        **{f"line_{number}": line for number, line in enumerate(pem[1:-1]) if len(line) > 20},
        id_token=secrets.tokens.id_token.reveal(),
        signature=secrets.tokens.id_token.reveal().rpartition(".")[2],
    )
    assert canaries.within(secrets.proof_key.reveal())
    for args in (("check", "work", "--trace"), ("refresh", "work", "--trace"), ("header", "work")):
        done = command("--debug", *args)
        assert done.returncode == 0, done.stderr
        assert canaries.within(done.stdout + done.stderr) == set()
    assert canaries.within(repr(secrets) + repr(Proofs(stage.workspace, ProofKey.new()))) == set()
    assert canaries.on_disk(tmp_path) == {}


def test_token_of_a_bound_entry_loads_no_more_than_any_other(stage: Stage) -> None:
    bound_entry(stage)
    script = (
        "import sys\nfrom tui_oauth.cli.main import main\nmain(['token', 'work'])\n"
        "names = [n for n in sys.modules if n.startswith(('tui_oauth.oauth', 'tui_oauth.proofs',"
        " 'tui_oauth.id_tokens', 'tui_oauth.signatures', 'httpx', 'asyncio', 'ssl'))]\n"
        "sys.stderr.write(f'loaded: {names}')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env=dict(os.environ)
    )
    assert "loaded: []" in done.stderr, done.stderr
