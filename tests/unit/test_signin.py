"""One sign-in from link to stored tokens: real vault, real provider, real callback server."""

from __future__ import annotations

import asyncio
import socket

import pytest

from tests.stage import Stage
from tui_oauth import net
from tui_oauth.entries import configure_entry, delete_entry, describe
from tui_oauth.errors import (
    Conflict,
    NeedsPerson,
    NotFound,
    PasteProblem,
    ProviderRefused,
    ProviderUnreachable,
    SignInEnded,
)
from tui_oauth.oauth.http import Request
from tui_oauth.practice.behaviour import Behaviour
from tui_oauth.signin import SignIn, SignIns, SignInState


async def started(signin: SignIn) -> asyncio.Task[object]:
    task: asyncio.Task[object] = asyncio.create_task(signin.run())
    async with asyncio.timeout(10):
        while not (signin.listening or signin.problem or task.done()):
            await asyncio.sleep(0.01)
    return task


async def get(url: str):
    return await net.send(Request("GET", url, "page"))


async def test_the_walk_by_the_callback(stage: Stage):
    entry = stage.configured("work")
    signins = SignIns(stage.workspace)
    signin = signins.begin(entry)
    running = await started(signin)
    back = await asyncio.to_thread(stage.consent, signin.authorization_url)
    page = await get(back)
    done = await running
    await signins.close()
    assert b"Authorization Successful" in page.body
    assert signin.state is SignInState.AUTHORIZED
    assert done.account
    shown = describe(stage.workspace, stage.workspace.vault.find("work"))
    assert shown["status"] == "authorized"
    assert shown["expires_at"] is None
    with pytest.raises(ProviderUnreachable):
        await get(back)  # rule 24: the port is closed once nobody waits


async def test_the_walk_by_paste_with_the_port_taken(stage: Stage):
    entry = stage.configured("work")
    with socket.socket() as other:
        other.bind(("127.0.0.1", stage.workspace.settings.callback.port))
        other.listen()
        signins = SignIns(stage.workspace)
        signin = signins.begin(entry)
        running = await started(signin)
        assert str(stage.workspace.settings.callback.port) in signin.problem
        back = await asyncio.to_thread(stage.consent, signin.authorization_url)
        with pytest.raises(PasteProblem):
            signin.paste("hello there")
        assert signin.state is SignInState.WAITING
        signin.paste(f"  '{back[:60]}\n{back[60:]}' ")
        done = await running
        await signins.close()
    assert done.authorized


async def test_rule_36_several_wait_at_once_and_each_answer_finds_its_own(stage: Stage):
    entries = [stage.configured(f"e{number}") for number in range(3)]
    signins = SignIns(stage.workspace)
    waiting = [signins.begin(entry) for entry in entries]
    tasks = [await started(signin) for signin in waiting]
    assert signins.waiting == waiting
    assert signins.begin(entries[0]) is waiting[0]
    for signin in reversed(waiting):
        page = await get(await asyncio.to_thread(stage.consent, signin.authorization_url))
        assert b"Authorization Successful" in page.body
    done = await asyncio.gather(*tasks)
    await signins.close()
    assert [entry.name for entry in done] == ["e0", "e1", "e2"]
    tokens = {stage.workspace.vault.secrets(e).tokens.access_token.reveal() for e in entries}
    assert len(tokens) == 3


async def test_denied_consent_says_so_and_leaves_the_vault_as_it_was(stage: Stage):
    entry = stage.configured("work")
    before = stage.vault_bytes()
    signins = SignIns(stage.workspace)
    signin = signins.begin(entry)
    running = await started(signin)
    page = await get(await asyncio.to_thread(stage.consent, signin.authorization_url, "Cancel"))
    with pytest.raises(ProviderRefused) as caught:
        await running
    await signins.close()
    assert caught.value.code == "access_denied"
    assert caught.value.advice
    assert b"Authorization Successful" not in page.body
    assert stage.vault_bytes() == before
    assert stage.provider.application.count["token"] == 0


async def test_rule_27_a_wrong_state_ends_nothing(stage: Stage):
    entry = stage.configured("work")
    signins = SignIns(stage.workspace)
    signin = signins.begin(entry)
    running = await started(signin)
    for attack in ("?error=access_denied", "?error=x&state=wrong", "?code=stolen&state=wrong"):
        page = await get(signin.callback_url + attack)
        assert page.status >= 400
    with pytest.raises(PasteProblem):
        signin.paste(signin.callback_url + "?code=stolen&state=wrong")
    assert signin.state is SignInState.WAITING
    await get(await asyncio.to_thread(stage.consent, signin.authorization_url))
    assert (await running).authorized
    await signins.close()


async def test_rule_16_an_attempt_ends_and_the_port_closes(stage: Stage):
    entry = stage.configured("work")
    before = stage.vault_bytes()
    signins = SignIns(stage.workspace)
    signin = signins.begin(entry, lifetime=1)
    running = await started(signin)
    back = await asyncio.to_thread(stage.consent, signin.authorization_url)
    with pytest.raises(SignInEnded):
        await running
    assert signin.state is SignInState.EXPIRED
    with pytest.raises(ProviderUnreachable):
        await get(back)
    with pytest.raises(SignInEnded):
        signin.paste(back)
    await signins.close()
    assert stage.vault_bytes() == before
    assert signins.begin(entry) is not signin


async def test_cancelling_ends_it_at_once(stage: Stage):
    entry = stage.configured("work")
    signins = SignIns(stage.workspace)
    signin = signins.begin(entry)
    running = await started(signin)
    signin.cancel()
    with pytest.raises(SignInEnded):
        await running
    assert signin.state is SignInState.CANCELLED
    await signins.close()


async def test_cancelling_in_the_middle_of_the_exchange(stage: Stage):
    stage.provider.application.behaviour = Behaviour(delay=20)
    entry = stage.configured("work")
    before = stage.vault_bytes()
    signins = SignIns(stage.workspace)
    signin = signins.begin(entry)
    running = await started(signin)
    signin.paste(await asyncio.to_thread(stage.consent, signin.authorization_url))
    async with asyncio.timeout(5):
        while stage.provider.application.count["token"] == 0:
            await asyncio.sleep(0.01)
        signin.cancel()
        with pytest.raises(SignInEnded):
            await running
    assert signin.state is SignInState.CANCELLED
    await signins.close()
    assert stage.vault_bytes() == before


@pytest.mark.parametrize(
    ("behaviour", "error"),
    [
        (Behaviour(down=True), ProviderUnreachable),
        (Behaviour(html=True), ProviderUnreachable),
        (Behaviour(redirects=True), (ProviderUnreachable, ProviderRefused)),
        (Behaviour(odd_json="control-characters"), (ProviderUnreachable, ProviderRefused)),
        (Behaviour(odd_json="error-200"), ProviderRefused),
        (Behaviour(odd_json="huge"), ProviderUnreachable),
    ],
)
async def test_a_provider_that_misbehaves_leaves_the_vault_as_it_was(
    stage: Stage, behaviour: Behaviour, error
):
    entry = stage.configured("work")
    before = stage.vault_bytes()
    stage.provider.application.behaviour = behaviour
    signins = SignIns(stage.workspace)
    signin = signins.begin(entry)
    running = await started(signin)
    page = await get(await asyncio.to_thread(stage.consent, signin.authorization_url))
    with pytest.raises(error) as caught:
        await running
    await signins.close()
    assert b"Authorization Successful" not in page.body
    assert caught.value.message.isprintable()
    assert caught.value.advice
    assert stage.vault_bytes() == before
    assert stage.provider.application.count["token"] == 1  # rule 62: a code is sent once
    assert stage.provider.application.count["elsewhere"] == 0  # rule 66


async def test_what_happened_to_the_entry_meanwhile_counts(stage: Stage):
    signins = SignIns(stage.workspace)
    gone = stage.configured("gone")
    changed = stage.configured("changed")
    for entry, error in ((gone, NotFound), (changed, Conflict)):
        signin = signins.begin(entry)
        running = await started(signin)
        back = await asyncio.to_thread(stage.consent, signin.authorization_url)
        if entry is gone:
            delete_entry(stage.workspace, entry)
        else:
            configure_entry(stage.workspace, entry, client_id="another")
        signin.paste(back)
        with pytest.raises(error):
            await running
    await signins.close()


async def test_an_entry_without_credentials_needs_a_person(stage: Stage):
    with pytest.raises(NeedsPerson):
        SignIns(stage.workspace).begin(stage.created("bare"))


async def test_an_https_callback_and_its_fingerprint(stage: Stage):
    entry = stage.configured("secure", "practice-https")
    signins = SignIns(stage.workspace)
    signin = signins.begin(entry)
    running = await started(signin)
    assert signin.callback_url.startswith("https://localhost:")
    assert len(signin.fingerprint) >= 64
    back = await asyncio.to_thread(stage.consent, signin.authorization_url)
    environ = {"SSL_CERT_FILE": str(stage.workspace.places.certificate)}
    page = await net.send(Request("GET", back, "page"), environ=environ)
    assert b"Authorization Successful" in page.body
    assert (await running).authorized
    await signins.close()


async def test_look_at_says_what_is_pasted(stage: Stage):
    signins = SignIns(stage.workspace)
    signin = signins.begin(stage.configured("work"))
    good = signin.callback_url + f"?code=abc&state={signin.attempt.state}"
    words = {
        signin.look_at(text) for text in (good, "", "hello", good.replace("state=", "state=x"))
    }
    assert len(words) == 4
    assert all(word.isprintable() for word in words)
