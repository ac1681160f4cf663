"""Sign-ins that outlive their process: what is kept, taken up, claimed and forgotten."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace

import pytest

from tests.stage import Stage
from tests.standards import service_like
from tui_oauth.applicant import applicant_of
from tui_oauth.errors import Conflict, NeedsPerson, SignInEnded
from tui_oauth.model import Entry
from tui_oauth.oauth.device import DeviceCode
from tui_oauth.pending import (
    MAX_KEPT,
    Keeper,
    kept_sign_ins,
    kept_text,
    new_pending,
    read_kept,
)
from tui_oauth.practice.behaviour import Behaviour
from tui_oauth.proofs import ProofKey
from tui_oauth.secret import Secret
from tui_oauth.signin import SignIn, SignIns
from tui_oauth.workspace import Workspace

CODE = DeviceCode(
    Secret("device-code\u2028ü"), "WDJB MJHT", "https://a.example/activate", "", 1_800_000_600, 5
)


def again(stage: Stage) -> SignIns:
    """What a new start of the program has: the same files, nothing in memory."""
    known = stage.workspace
    return SignIns(Workspace(known.environ, known.places, known.settings))


async def begun(signins: SignIns, entry: Entry) -> SignIn:
    """A sign-in that was begun and whose process is gone."""
    signin = signins.begin(entry)
    running = asyncio.create_task(signin.run())
    async with asyncio.timeout(10):
        while not (signin.listening or signin.problem):
            await asyncio.sleep(0.01)
    running.cancel()  # as the end of the program does
    await asyncio.wait({running})
    await signins.close()
    return signin


async def waiting(signin: SignIn) -> asyncio.Task[Entry]:
    task = asyncio.create_task(signin.run())
    async with asyncio.timeout(10):
        while not (signin.listening or signin.problem or task.done()):
            await asyncio.sleep(0.01)
    return task


async def test_what_is_kept_reads_back_as_it_was(stage: Stage):
    applicant = applicant_of(stage.workspace, stage.configured("work"))
    signin = SignIns(stage.workspace).begin(applicant.entry)
    pending = replace(
        new_pending(applicant, signin.attempt, 1_800_000_000),
        device=CODE,
        proof_key=ProofKey.new().pem,
    )
    device_only = new_pending(applicant, None, 1_800_000_000)
    text = kept_text([pending, device_only])
    assert read_kept(text) == [pending, device_only]
    assert signin.attempt.code_verifier.reveal() not in repr(pending)
    assert signin.attempt.state not in repr(pending)


@pytest.mark.parametrize(
    "text",
    [b"", b"{}", b"[]", b"nonsense", b'{"v":2,"kept":[]}', b'{"v":1}', b'{"v":1,"kept":[{}]}'],
)
def test_what_another_version_wrote_is_nothing(text):
    assert read_kept(text) == []


async def test_taken_up_it_is_the_same_sign_in(stage: Stage):
    entry = stage.configured("work")
    first = await begun(SignIns(stage.workspace), entry)
    signins = again(stage)
    second = signins.begin(entry, take_up=True)
    assert second.taken_up
    assert not first.taken_up
    assert second.attempt == first.attempt
    assert (second.expires_at, second.begun_at) == (first.expires_at, first.begun_at)
    running = await waiting(second)
    second.paste(await asyncio.to_thread(stage.consent, first.authorization_url))
    assert (await running).authorized
    await signins.close()
    assert kept_sign_ins(stage.workspace, entry) == []


async def test_unasked_it_is_not_taken_up(stage: Stage):
    entry = stage.configured("work")
    first = await begun(SignIns(stage.workspace), entry)
    assert again(stage).begin(entry).attempt.state != first.attempt.state


async def test_one_with_little_time_left_is_not_worth_it(stage: Stage):
    entry = stage.configured("work")
    first = SignIns(stage.workspace).begin(entry, lifetime=30)
    running = await waiting(first)
    signins = again(stage)
    assert not signins.begin(entry, take_up=True).taken_up
    assert signins.resume(entry).attempt == first.attempt  # whoever asks for it gets it
    running.cancel()
    await asyncio.wait({running})


async def test_another_callback_url_of_the_settings_leaves_the_paste(stage: Stage):
    entry = stage.configured("work")
    first = await begun(SignIns(stage.workspace), entry)
    known = stage.workspace
    callback = known.settings.callback
    moved = known.settings._replace(callback=callback._replace(port=callback.port + 1))
    signins = SignIns(Workspace(known.environ, known.places, moved))
    assert not signins.begin(entry, take_up=True).taken_up
    second = SignIns(Workspace(known.environ, known.places, moved)).resume(entry)
    running = await waiting(second)
    assert second.callback_url == first.callback_url
    assert second.problem
    second.paste(await asyncio.to_thread(stage.consent, second.authorization_url))
    assert (await running).authorized


async def test_a_service_with_other_addresses_is_not_sent_the_answer(stage: Stage):
    entry = stage.configured("work", service_like(stage, "mine"))
    await begun(SignIns(stage.workspace), entry)
    token_url = ('token_url = "http://127.0.0.1', 'token_url = "http://localhost')
    service_like(stage, "mine", token_url)
    signins = again(stage)
    with pytest.raises(Conflict):
        signins.resume(entry)
    assert not signins.begin(entry, take_up=True).taken_up


async def test_the_key_that_tokens_are_bound_to_comes_along(stage: Stage):
    stage.provider.application.behaviour = Behaviour(dpop_required=True)
    entry = stage.configured("work", service_like(stage, "bound", extensions="dpop = true"))
    first = await begun(SignIns(stage.workspace), entry)
    assert stage.workspace.vault.secrets(entry).proof_key is None  # stored with the tokens only
    second = again(stage).resume(entry)
    assert second.applicant.key_thumbprint == first.applicant.key_thumbprint
    running = await waiting(second)
    second.paste(await asyncio.to_thread(stage.consent, first.authorization_url))
    assert (await running).authorized
    held = stage.workspace.vault.secrets(stage.workspace.vault.get(entry.id))
    assert ProofKey.from_pem(held.proof_key).thumbprint == first.applicant.key_thumbprint


async def test_what_was_pushed_is_pushed_anew_and_the_earlier_link_still_counts(stage: Stage):
    stage.provider.application.behaviour = Behaviour(par_required=True, par_lifetime=60)
    entry = stage.configured(
        "work", service_like(stage, "pushed", extensions="par_required = true")
    )
    first = await begun(SignIns(stage.workspace), entry)
    second = again(stage).resume(entry)
    assert second.authorization_url == ""
    running = await waiting(second)
    assert second.authorization_url not in {"", first.authorization_url}
    assert second.attempt.state == first.attempt.state
    second.paste(await asyncio.to_thread(stage.consent, first.authorization_url))
    assert (await running).authorized


async def test_cancelled_before_it_ran_it_is_gone_too(stage: Stage):
    entry = stage.configured("work")
    await begun(SignIns(stage.workspace), entry)
    again(stage).resume(entry).cancel()
    assert kept_sign_ins(stage.workspace, entry) == []
    with pytest.raises(NeedsPerson):
        again(stage).resume(entry)


async def test_the_oldest_of_many_goes(stage: Stage):
    entry = stage.configured("work")
    for _ in range(MAX_KEPT + 2):
        await begun(SignIns(stage.workspace), entry)
    assert len(kept_sign_ins(stage.workspace, entry)) == MAX_KEPT


async def test_where_nothing_can_be_kept_the_sign_in_goes_on_and_says_so(stage: Stage):
    entry = stage.configured("work")
    locks = stage.workspace.places.vault.parent / "locks"
    locks.mkdir(mode=0o700, exist_ok=True)
    locks.chmod(0o500)
    if os.access(locks, os.W_OK):
        locks.rmdir()
        locks.write_text("no folder")
    signins = SignIns(stage.workspace)
    signin = signins.begin(entry)
    running = await waiting(signin)
    assert "would not outlive a lost connection" in signin.unkept
    signin.paste(await asyncio.to_thread(stage.consent, signin.authorization_url))
    assert (await running).authorized
    await signins.close()


async def test_a_claim_is_given_once(stage: Stage):
    entry = stage.configured("work")
    applicant = applicant_of(stage.workspace, entry)
    pending = new_pending(applicant, None, stage.workspace.now() + 600)
    first, second = Keeper(applicant, pending, kept=False), Keeper(applicant, pending, kept=True)
    await first.keep()
    await asyncio.gather(first.keep(), second.keep(device=CODE))
    outcomes = await asyncio.gather(first.claim(), second.claim(), return_exceptions=True)
    assert sorted(type(outcome) for outcome in outcomes if outcome) == [SignInEnded]
    await first.keep()
    assert kept_sign_ins(stage.workspace, entry) == []


async def test_what_was_cancelled_elsewhere_is_not_kept_again(stage: Stage):
    entry = stage.configured("work")
    applicant = applicant_of(stage.workspace, entry)
    pending = new_pending(applicant, None, stage.workspace.now() + 600)
    first = Keeper(applicant, pending, kept=False)
    await first.keep()
    await Keeper(applicant, pending, kept=True).forget()
    await first.keep(device=CODE)
    assert kept_sign_ins(stage.workspace, entry) == []
    with pytest.raises(SignInEnded):
        await first.claim()
