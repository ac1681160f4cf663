"""One sign-in from link to stored tokens: real vault, real provider, real callback server."""

from __future__ import annotations

import asyncio
import hashlib
import socket
import ssl
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.stage import Stage
from tui_oauth import net
from tui_oauth.callback.certificate import ensure_certificate, fingerprint
from tui_oauth.entries import configure_entry, delete_entry, describe
from tui_oauth.errors import (
    Conflict,
    NeedsPerson,
    NotFound,
    PasteProblem,
    ProviderRefused,
    ProviderUnreachable,
    SignInEnded,
    StorageFailed,
)
from tui_oauth.model import Entry
from tui_oauth.oauth.http import Request, Response
from tui_oauth.paths import places
from tui_oauth.practice.behaviour import Behaviour
from tui_oauth.secret import Secret
from tui_oauth.settings import CallbackSettings, Settings
from tui_oauth.signin import SignIn, SignIns, SignInState
from tui_oauth.tokens import refresh_entry
from tui_oauth.workspace import Workspace


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


async def test_the_browser_is_told_before_it_is_known_whose_tokens_they_are(
    stage: Stage, monkeypatch
):
    entry = stage.configured("work")
    asked, answered = asyncio.Event(), threading.Event()
    check = AccountCheck(first=answered.wait, reached=asked)
    monkeypatch.setattr(net, "send", check.send)
    signins = SignIns(stage.workspace)
    signin = signins.begin(entry)
    running = await started(signin)
    page = await get(await asyncio.to_thread(stage.consent, signin.authorization_url))
    assert b"Authorization Successful" in page.body
    await asked.wait()
    assert stage.workspace.vault.get(entry.id).authorized  # it is said of what is stored only
    assert not running.done()
    answered.set()
    assert (await running).account
    await signins.close()


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


async def test_a_full_disk_is_found_before_the_code_is_spent(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
):
    def full(*_: int) -> None:
        raise OSError(28, "No space left on device")

    entry = stage.configured("work")
    signin = SignIns(stage.workspace).begin(entry)
    running = await started(signin)
    back = await asyncio.to_thread(stage.consent, signin.authorization_url)
    monkeypatch.setattr("os.posix_fallocate", full)
    page = await get(back)
    assert "Authorization Successful" not in page.body.decode()
    with pytest.raises(StorageFailed, match="Nothing was asked of the provider"):
        await running
    assert stage.provider.application.count["token"] == 0
    assert not list(stage.workspace.places.vault.parent.glob("locks/*.reserve"))


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


async def test_an_entry_configured_anew_gets_a_link_of_its_own(stage: Stage):
    signins = SignIns(stage.workspace)
    entry = stage.configured("work")
    for change in (
        {"client_id": "another"},
        {"client_secret": Secret("corrected")},
        {"scopes": ("read",)},
        {"variables": {"port": "8977"}},
    ):
        old = signins.begin(entry)
        running = await started(old)
        assert signins.begin(entry) is old
        configure_entry(stage.workspace, entry, **change)
        new = signins.begin(entry)
        assert new is not old
        assert signins.waiting == [new]
        with pytest.raises(SignInEnded):
            await running
        new.cancel()
    await signins.close()


async def test_tokens_for_other_variables_are_not_stored(stage: Stage):
    signins = SignIns(stage.workspace)
    entry = stage.configured("work")
    signin = signins.begin(entry)
    running = await started(signin)
    back = await asyncio.to_thread(stage.consent, signin.authorization_url)
    configure_entry(stage.workspace, entry, variables={"port": "8977"})
    signin.paste(back)
    with pytest.raises(Conflict):
        await running
    assert not stage.workspace.vault.get(entry.id).authorized
    await signins.close()


async def test_cancelling_after_the_answer_and_before_it_is_taken_up(stage: Stage):
    signins = SignIns(stage.workspace)
    signin = signins.begin(stage.configured("work"))
    running = await started(signin)
    signin.paste(await asyncio.to_thread(stage.consent, signin.authorization_url))
    signin.cancel()
    with pytest.raises(SignInEnded):
        await running
    assert signin.state is SignInState.CANCELLED
    assert stage.provider.application.count["token"] == 0
    await signins.close()


@dataclass
class AccountCheck:
    """Stands before the account check: runs `first`, then lets it through or fails it."""

    first: Callable[[], object] | None = None
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    forever: bool = False
    down: bool = False
    real: Callable[..., Awaitable[Response]] = net.send

    async def send(self, request: Request, **more: Any) -> Response:
        if request.step == "account check":
            self.reached.set()
            if self.first is not None:
                await asyncio.to_thread(self.first)
            if self.forever:
                await asyncio.Event().wait()
            if self.down:
                return Response(503, {}, b"", request.host, request.step)
        return await self.real(request, **more)


async def authorize(stage: Stage, entry: Entry) -> tuple[SignIn, SignIns, asyncio.Task[object]]:
    signins = SignIns(stage.workspace)
    signin = signins.begin(entry)
    running = await started(signin)
    signin.paste(await asyncio.to_thread(stage.consent, signin.authorization_url))
    return signin, signins, running


async def test_what_is_stored_is_not_denied_by_a_late_cancel(stage: Stage, monkeypatch):
    entry = stage.configured("work")
    check = AccountCheck(forever=True)
    monkeypatch.setattr(net, "send", check.send)
    signin, signins, running = await authorize(stage, entry)
    async with asyncio.timeout(10):
        await check.reached.wait()
        # Browser and window have said so by now, whoever it is.
        assert signin.state is SignInState.AUTHORIZED
        assert signin.learning
        signin.cancel()
        done = await running
    assert signin.state is SignInState.AUTHORIZED
    assert not signin.learning
    assert done == stage.workspace.vault.get(entry.id)
    assert done.authorized
    await signins.close()


async def test_the_account_of_an_earlier_sign_in_is_not_shown_for_a_new_one(
    stage: Stage, monkeypatch
):
    entry = stage.configured("work")
    _, signins, running = await authorize(stage, entry)
    assert (await running).account
    await signins.close()
    monkeypatch.setattr(net, "send", AccountCheck(down=True).send)
    signin, signins, running = await authorize(stage, entry)
    done = await running
    await signins.close()
    assert signin.note
    assert (done.authorized, done.account, done.account_detail) == (True, "", "")


async def test_a_refresh_during_the_account_check_is_not_undone(stage: Stage, monkeypatch):
    stage.provider.application.behaviour = Behaviour(rotating_refresh=True, expires_in=3600)
    entry = stage.configured("work")
    check = AccountCheck(first=lambda: refresh_entry(stage.workspace, entry))
    monkeypatch.setattr(net, "send", check.send)
    signin, signins, running = await authorize(stage, entry)
    await running
    await signins.close()
    assert signin.state is SignInState.AUTHORIZED
    # A refresh token that was spent already would end the grant here.
    await asyncio.to_thread(refresh_entry, stage.workspace, entry)


async def test_an_account_that_cannot_be_asked_for_or_stored_does_not_undo_the_sign_in(
    stage: Stage, monkeypatch
):
    entry = stage.configured("work")

    def full_disk(*args: object) -> Entry:
        raise StorageFailed("The vault cannot be written: no space left on device.")

    monkeypatch.setattr("tui_oauth.accounts._keep_account", full_disk)
    signin, signins, running = await authorize(stage, entry)
    assert (await running).authorized
    assert signin.state is SignInState.AUTHORIZED
    assert "no space" in signin.note
    await signins.close()


def test_the_host_of_a_public_url_is_the_one_that_browsers_send(home: Path):
    settings = CallbackSettings(public_url="https://Auth.Example.com:443/cb")
    workspace = Workspace({}, places({"HOME": str(home)}), Settings(callback=settings))
    assert "auth.example.com" in SignIns(workspace)._callback_server()._hosts


async def test_an_entry_without_credentials_needs_a_person(stage: Stage):
    with pytest.raises(NeedsPerson):
        SignIns(stage.workspace).begin(stage.created("bare"))


async def test_rule_41_the_fingerprint_that_is_shown_is_that_of_the_served_certificate(
    stage: Stage,
):
    entry = stage.configured("secure", "practice-https")
    signins = SignIns(stage.workspace)
    signin = signins.begin(entry)
    running = await started(signin)
    assert signin.callback_url.startswith("https://localhost:")
    port = stage.workspace.settings.callback.port
    served = await asyncio.to_thread(ssl.get_server_certificate, ("127.0.0.1", port), timeout=10)
    digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(served)).digest()
    assert signin.fingerprint == digest.hex(":").upper()
    back = await asyncio.to_thread(stage.consent, signin.authorization_url)
    environ = {"SSL_CERT_FILE": str(stage.workspace.places.certificate)}
    page = await net.send(Request("GET", back, "page"), environ=environ)
    assert b"Authorization Successful" in page.body
    assert (await running).authorized
    await signins.close()


async def test_rule_39_an_answer_that_the_browser_could_not_deliver_can_be_pasted(stage: Stage):
    """The browser refuses the certificate that nobody vouches for, and stays at the address."""
    signins = SignIns(stage.workspace)
    signin = signins.begin(stage.configured("secure", "practice-https"))
    running = await started(signin)
    back = await asyncio.to_thread(stage.consent, signin.authorization_url)
    with pytest.raises(ProviderUnreachable, match="certificate"):
        await get(back)
    assert signin.state is SignInState.WAITING
    signin.paste(back)
    assert (await running).authorized
    await signins.close()


async def test_rule_17_what_a_sign_in_knows_is_in_memory_alone(stage: Stage):
    home = stage.workspace.places.vault.parents[3]
    assert stage.workspace.places.settings.is_relative_to(home)
    signins = SignIns(stage.workspace)
    signin = signins.begin(stage.configured("secure", "practice-https"))
    running = await started(signin)
    attempt = signin.attempt
    assert attempt.code_verifier is not None
    kept = [path.read_bytes() for path in home.rglob("*") if path.is_file()]
    assert len(kept) >= 4
    for secret in (attempt.state, attempt.code_verifier.reveal()):
        assert not any(secret.encode() in data for data in kept)
    back = await asyncio.to_thread(stage.consent, signin.authorization_url)
    await signins.close()
    assert isinstance((await asyncio.gather(running, return_exceptions=True))[0], SignInEnded)
    again = SignIns(stage.workspace)
    later = again.begin(stage.workspace.vault.find("secure"))
    with pytest.raises(PasteProblem, match="another sign-in"):
        later.paste(back)
    assert stage.provider.application.count["token"] == 0


async def test_look_at_says_what_is_pasted(stage: Stage):
    signins = SignIns(stage.workspace)
    signin = signins.begin(stage.configured("work"))
    good = signin.callback_url + f"?code=abc&state={signin.attempt.state}"
    words = {
        signin.look_at(text) for text in (good, "", "hello", good.replace("state=", "state=x"))
    }
    assert len(words) == 4
    assert all(word.isprintable() for word in words)


async def test_an_https_callback_with_a_certificate_of_ones_own(stage: Stage, tmp_path):
    own = ensure_certificate(tmp_path / "own" / "mine.pem", stage.workspace.now())
    settings = stage.workspace.settings
    callback = settings.callback._replace(
        certificate=str(own.certificate), private_key=str(own.private_key)
    )
    stage.workspace.settings = settings._replace(callback=callback)
    signins = SignIns(stage.workspace)
    signin = signins.begin(stage.configured("secure", "practice-https"))
    running = await started(signin)
    assert signin.fingerprint == fingerprint(own.certificate)
    back = await asyncio.to_thread(stage.consent, signin.authorization_url)
    page = await net.send(
        Request("GET", back, "page"), environ={"SSL_CERT_FILE": str(own.certificate)}
    )
    assert b"Authorization Successful" in page.body
    assert (await running).authorized
    assert not stage.workspace.places.certificate.exists()
    await signins.close()


async def test_rule_39_a_certificate_that_cannot_be_used_leaves_pasting(stage: Stage, tmp_path):
    (tmp_path / "empty.pem").write_text("")
    settings = stage.workspace.settings
    broken = str(tmp_path / "empty.pem")
    callback = settings.callback._replace(certificate=broken, private_key=broken)
    stage.workspace.settings = settings._replace(callback=callback)
    signins = SignIns(stage.workspace)
    signin = signins.begin(stage.configured("secure", "practice-https"))
    running = await started(signin)
    assert "empty.pem" in signin.problem
    assert "Pasting the address still works" in signin.problem
    signin.paste(await asyncio.to_thread(stage.consent, signin.authorization_url))
    assert (await running).authorized
    await signins.close()


async def test_cancelled_before_it_runs_it_ends_at_once(stage: Stage):
    signins = SignIns(stage.workspace)
    signin = signins.begin(stage.configured("work"))
    signin.cancel()
    async with asyncio.timeout(5):
        with pytest.raises(SignInEnded):
            await signin.run()
    assert signin.state is SignInState.CANCELLED
    await signins.close()
