"""The story of a whole sign-in, from the link to the account, as a person sees it afterwards."""

from __future__ import annotations

import asyncio
import json
from urllib.parse import parse_qs, urlsplit

from tests.canary import Canaries
from tests.refreshing import age
from tests.stage import Stage
from tui_oauth.accounts import check_entry
from tui_oauth.entries import configure_entry
from tui_oauth.model import Entry
from tui_oauth.practice.behaviour import Behaviour
from tui_oauth.secret import Secret
from tui_oauth.signin import SignIns
from tui_oauth.tokens import access_token
from tui_oauth.traffic import Recorder, record_lines


async def _signed_in(stage: Stage, canaries: Canaries, client_secret: str = "") -> Entry:
    """Sign in; everything secret about it becomes a canary."""
    entry = stage.configured("work")
    if client_secret:
        wrong = Secret(client_secret)
        entry = configure_entry(stage.workspace, entry, client_secret=wrong)
    signins = SignIns(stage.workspace)
    signin = signins.begin(entry)
    running = asyncio.create_task(signin.run())
    back = await asyncio.to_thread(stage.consent, signin.authorization_url)
    answer = parse_qs(urlsplit(back).query)
    verifier = signin.attempt.code_verifier
    assert verifier is not None
    challenge = parse_qs(urlsplit(signin.authorization_url).query)["code_challenge"][0]
    canaries.add(state=signin.attempt.state, verifier=verifier.reveal(), challenge=challenge)
    canaries.add(**{name: values[0] for name, values in answer.items() if name == "code"})
    while not signin.listening:
        await asyncio.sleep(0.01)
    signin.paste(back)
    await asyncio.gather(running, return_exceptions=True)
    await signins.close()
    held = stage.workspace.vault.secrets(stage.workspace.vault.get(entry.id))
    assert held.client_secret is not None
    canaries.add(client_secret=held.client_secret.reveal())
    if held.tokens is not None:
        canaries.add(access=held.tokens.access_token.reveal())
        if held.tokens.refresh_token is not None:
            canaries.add(refresh=held.tokens.refresh_token.reveal())
    return stage.workspace.vault.get(entry.id)


def _shown(recorder: Recorder) -> str:
    return "\n".join(line for record in recorder.records for line in record_lines(record))


async def test_every_exchange_of_a_sign_in_is_there_and_no_secret(stage: Stage) -> None:
    stage.provider.application.behaviour = Behaviour(rotating_refresh=True, expires_in=3600)
    recorder = Recorder(stage.workspace.now)
    stage.workspace.traffic = recorder
    canaries = Canaries()
    entry = await _signed_in(stage, canaries)
    age(stage, entry, 7_200)
    await asyncio.to_thread(access_token, stage.workspace, entry)
    await check_entry(stage.workspace, stage.workspace.vault.get(entry.id))
    fresh = stage.workspace.vault.secrets(stage.workspace.vault.get(entry.id)).tokens
    assert fresh is not None
    canaries.add(access_2=fresh.access_token.reveal())
    assert [
        (record.step, record.outcome.split()[0], record.bad) for record in recorder.records
    ] == [
        ("authorization request", "by", False),
        ("authorization response", "came", False),
        ("token request", "200", False),
        ("account check", "200", False),
        ("refresh", "200", False),
        ("account check", "200", False),
    ]
    assert {record.host for record in recorder.records} == {
        f"127.0.0.1:{stage.provider.port}",
        f"127.0.0.1:{stage.workspace.settings.callback.port}",
    }
    assert canaries.within(_shown(recorder)) == set()
    assert canaries.within(json.dumps([repr(record) for record in recorder.records])) == set()
    assert "grant_type = authorization_code" in _shown(recorder)
    assert "grant_type = refresh_token" in _shown(recorder)


async def test_what_the_provider_objects_to_is_there(stage: Stage) -> None:
    recorder = Recorder(stage.workspace.now)
    stage.workspace.traffic = recorder
    canaries = Canaries()
    await _signed_in(stage, canaries, client_secret="copied-from-somewhere-else-1")
    assert recorder.records[-1].bad
    assert recorder.records[-1].outcome == "401 unauthorized"
    assert canaries.within(_shown(recorder)) == set()


async def test_nothing_of_it_is_written_anywhere(stage: Stage) -> None:
    recorder = Recorder(stage.workspace.now)
    stage.workspace.traffic = recorder
    await _signed_in(stage, Canaries())
    marks = (b"code_challenge_method = ", b"grant_type = ", b"authorization response")
    assert b"grant_type = " in _shown(recorder).encode()
    home = stage.workspace.places.vault.parents[3]
    files = [path for path in home.rglob("*") if path.is_file()]
    assert stage.workspace.places.vault in files
    for path in files:
        assert not [mark for mark in marks if mark in path.read_bytes()], path
