"""The device grant within a sign-in: real HTTP, real vault, whichever way finishes first."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from tests.providers.authlib_server import AuthlibServer
from tests.providers.device_server import (
    DENIED,
    EXPIRED,
    PENDING,
    SLOW_DOWN,
    TOKENS,
    DeviceServer,
    device_server,
)
from tests.stage import Stage
from tui_oauth import net
from tui_oauth.applicant import applicant_of
from tui_oauth.entries import configure_entry, create_entry
from tui_oauth.errors import (
    ProviderRefused,
    ProviderUnreachable,
    SignInEnded,
    TuiOauthError,
    UsageProblem,
)
from tui_oauth.model import Entry
from tui_oauth.oauth.http import Request
from tui_oauth.secret import Secret
from tui_oauth.signin import SignIn, SignIns, SignInState
from tui_oauth.signin_device import DeviceWay
from tui_oauth.workspace import Workspace


@pytest.fixture
def server() -> Any:
    with device_server() as made:
        yield made


@pytest.fixture
async def signins(stage: Stage) -> AsyncIterator[SignIns]:
    made = SignIns(stage.workspace)
    yield made
    await made.close()


@pytest.fixture
def with_browser(stage: Stage, tmp_path: Any) -> None:
    """A graphical session with a browser that does nothing."""
    program = tmp_path / "bin" / "xdg-open"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    stage.workspace.environ = {
        **stage.workspace.environ,
        "DISPLAY": ":0",
        "PATH": str(program.parent),
    }


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(15):
        while not condition():
            await asyncio.sleep(0.01)


async def running(signin: SignIn) -> asyncio.Task[Entry]:
    """The sign-in under way, with its device code if it asked for one."""
    task = asyncio.create_task(signin.run())
    await until(lambda: task.done() or signin.link is None or signin.listening or signin.problem)
    if signin.device_waits:
        device = signin.device
        assert device is not None
        await until(lambda: device.code or device.error or task.done())
    return task


async def callback(signin: SignIn, **answer: str) -> bytes:
    """What a browser does that comes back from the provider."""
    assert signin.attempt is not None
    query = "&".join(f"{name}={value}" for name, value in answer.items())
    url = f"{signin.callback_url}?{query}&state={signin.attempt.state}"
    return (await net.send(Request("GET", url, "page"))).body


def token_of(workspace: Workspace, entry: Entry) -> str:
    tokens = workspace.vault.secrets(entry).tokens
    return tokens.access_token.reveal() if tokens is not None else ""


def polling() -> list[asyncio.Task[Any]]:
    """What still runs for a device code in this process."""
    return [task for task in asyncio.all_tasks() if "_by_device" in repr(task.get_coro())]


async def nothing_more(server: DeviceServer) -> None:
    """Longer than the interval of the polls: whoever still polled would be seen."""
    before = len(server.asked)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1.5):
            await until(lambda: len(server.asked) > before)


# ---- who is asked how


@pytest.mark.usefixtures("with_browser")
async def test_rule_3_with_a_browser_here_no_device_code_is_asked_for(
    stage: Stage, server: DeviceServer, signins: SignIns
) -> None:
    signin = signins.begin(server.entry(stage.workspace))
    task = await running(signin)
    assert signin.device is None
    assert signin.offers_device
    assert b"Authorization Successful" in await callback(signin, code="c")
    await task
    assert server.devices == 0


async def test_rule_3_without_a_browser_here_it_waits_beside_link_and_paste(
    stage: Stage, server: DeviceServer, signins: SignIns
) -> None:
    server.polls = [PENDING, TOKENS]
    entry = server.entry(stage.workspace)
    signin = signins.begin(entry)
    task = await running(signin)
    assert signin.listening
    assert signin.authorization_url
    assert signin.device is not None
    assert signin.device.code is not None
    assert signin.device.code.user_code == "WDJBMJHT"
    done = await task
    assert signin.state is SignInState.AUTHORIZED
    assert done.authorized
    assert token_of(stage.workspace, entry) == "by-device"
    assert done.has_refresh_token
    assert done.granted_scopes == ("read",)
    assert server.asked[0]["scope"] == "read write"
    assert [form["device_code"] for form in server.asked[1:]] == ["the-device-code"] * 2


@pytest.mark.parametrize(
    "environ",
    [{"SSH_CONNECTION": "192.0.2.1 5 192.0.2.2 22", "DISPLAY": ":10"}, {"DISPLAY": ""}, {}],
)
@pytest.mark.usefixtures("with_browser")
async def test_rule_3_ssh_and_no_display_are_no_browser_here(
    stage: Stage, server: DeviceServer, signins: SignIns, environ: dict[str, str]
) -> None:
    here = {name: text for name, text in stage.workspace.environ.items() if name != "DISPLAY"}
    stage.workspace.environ = {**here, **environ}
    assert signins.begin(server.entry(stage.workspace)).device is not None


@pytest.mark.usefixtures("with_browser")
async def test_a_service_with_the_device_grant_alone_needs_no_callback_server(
    stage: Stage, server: DeviceServer, signins: SignIns
) -> None:
    server.polls = [TOKENS]
    entry = server.entry(stage.workspace, link=False)
    signin = signins.begin(entry)
    task = await running(signin)
    assert signin.link is None
    assert (signin.authorization_url, signin.callback_url, signin.ssh_forward) == ("", "", "")
    assert not signin.listening
    with pytest.raises(TuiOauthError):
        signin.paste("http://127.0.0.1:8976/callback?code=x&state=y")
    assert (await task).authorized
    assert token_of(stage.workspace, entry) == "by-device"


@pytest.mark.usefixtures("with_browser")
async def test_a_device_code_can_be_had_on_demand_and_once(
    stage: Stage, server: DeviceServer, signins: SignIns
) -> None:
    server.polls = [PENDING, TOKENS]
    entry = server.entry(stage.workspace)
    signin = signins.begin(entry)
    seen: list[bool] = []
    signin.on_change = lambda: seen.append(signin.device is not None)
    task = await running(signin)
    signin.start_device()
    signin.start_device()
    assert seen[-1]
    assert (await task).authorized
    assert server.devices == 1
    with pytest.raises(SignInEnded):
        signin.start_device()


async def test_a_service_without_the_grant_has_no_device_code(
    stage: Stage, signins: SignIns
) -> None:
    signin = signins.begin(stage.configured())
    assert not signin.offers_device
    assert signin.device is None
    with pytest.raises(UsageProblem):
        signin.start_device()


# ---- the race


async def test_the_browser_wins_and_the_polling_stops(
    stage: Stage, server: DeviceServer, signins: SignIns
) -> None:
    entry = server.entry(stage.workspace)
    signin = signins.begin(entry)
    task = await running(signin)
    await until(lambda: server.polled)
    assert b"Authorization Successful" in await callback(signin, code="c")
    await task
    assert token_of(stage.workspace, entry) == "by-code"
    assert not polling()


async def test_a_paste_wins_and_the_polling_stops(
    stage: Stage, server: DeviceServer, signins: SignIns
) -> None:
    entry = server.entry(stage.workspace)
    signin = signins.begin(entry)
    task = await running(signin)
    assert signin.attempt is not None
    signin.paste(f"{signin.callback_url}?code=c&state={signin.attempt.state}")
    await task
    assert token_of(stage.workspace, entry) == "by-code"
    assert not polling()


async def test_the_device_wins_and_a_late_callback_changes_nothing(
    stage: Stage, server: DeviceServer, signins: SignIns
) -> None:
    server.polls = [TOKENS]
    first = server.entry(stage.workspace)
    second = signins.begin(stage.configured("other"))  # keeps the port open
    other = await running(second)
    signin = signins.begin(first)
    task = await running(signin)
    await task
    page = await callback(signin, code="late")
    assert b"Authorization Successful" not in page
    assert token_of(stage.workspace, first) == "by-device"
    assert server.exchanged == 0
    second.cancel()
    with pytest.raises(SignInEnded):
        await other


async def test_while_the_tokens_of_the_device_are_stored_no_other_answer_is_taken(
    stage: Stage, server: DeviceServer, signins: SignIns, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.polls = [TOKENS]
    entry = server.entry(stage.workspace)
    signin = signins.begin(entry)
    change = stage.workspace.vault.change
    reached, go_on = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def slow(*args: Any, **more: Any) -> Entry:
        loop.call_soon_threadsafe(reached.set)
        asyncio.run_coroutine_threadsafe(go_on.wait(), loop).result(10)
        return change(*args, **more)

    monkeypatch.setattr(stage.workspace.vault, "change", slow)
    task = await running(signin)
    async with asyncio.timeout(10):
        await reached.wait()
    assert signin.state is SignInState.EXCHANGING
    assert b"Authorization Successful" not in await callback(signin, code="c")
    with pytest.raises(SignInEnded):
        signin.paste(f"{signin.callback_url}?code=c&state=x")
    signin.cancel()  # too late: what was granted is not thrown away
    go_on.set()
    assert (await task).authorized
    assert server.exchanged == 0
    assert token_of(stage.workspace, entry) == "by-device"


# ---- how it ends


@pytest.mark.parametrize("link", [True, False])
async def test_a_person_who_declines_there_ends_the_sign_in(
    stage: Stage, server: DeviceServer, signins: SignIns, link: bool
) -> None:
    server.polls = [DENIED]
    entry = server.entry(stage.workspace, link=link)
    before = stage.vault_bytes()
    signin = signins.begin(entry)
    task = await running(signin)
    with pytest.raises(ProviderRefused) as caught:
        await task
    assert caught.value.code == "access_denied"
    assert signin.state is SignInState.FAILED
    assert stage.vault_bytes() == before
    assert not polling()


@pytest.mark.parametrize(
    ("answer", "error", "state"),
    [
        (EXPIRED, SignInEnded, SignInState.EXPIRED),
        ({"error": "invalid_grant"}, ProviderRefused, SignInState.FAILED),
        ({"error": "never_heard_of"}, ProviderRefused, SignInState.FAILED),
        (["nonsense"], ProviderUnreachable, SignInState.FAILED),
        ({"access_token": "a\nb", "token_type": "Bearer"}, ProviderUnreachable, SignInState.FAILED),
    ],
)
async def test_rule_99_what_ends_the_polling_ends_a_sign_in_without_a_link(
    stage: Stage,
    server: DeviceServer,
    signins: SignIns,
    answer: Any,
    error: type[TuiOauthError],
    state: SignInState,
) -> None:
    server.polls = [PENDING, answer]
    signin = signins.begin(server.entry(stage.workspace, link=False))
    before = stage.vault_bytes()
    with pytest.raises(error) as caught:
        await signin.run()
    assert signin.state is state
    assert signin.error is caught.value
    assert caught.value.advice
    assert (server.polled, stage.vault_bytes()) == (2, before)


async def test_with_a_link_the_sign_in_goes_on_and_a_new_code_can_be_had(
    stage: Stage, server: DeviceServer, signins: SignIns
) -> None:
    server.polls = [EXPIRED, TOKENS]
    entry = server.entry(stage.workspace)
    signin = signins.begin(entry)
    task = await running(signin)
    await until(lambda: not signin.device_waits)
    assert signin.device is not None
    assert isinstance(signin.device.error, SignInEnded)
    assert signin.state is SignInState.WAITING
    signin.start_device()
    assert signin.device_waits
    await task
    assert server.devices == 2
    assert token_of(stage.workspace, entry) == "by-device"


async def test_a_provider_that_gives_no_device_code_leaves_the_link(
    stage: Stage, server: DeviceServer, signins: SignIns
) -> None:
    server.code = {"error": "unauthorized_client"}
    entry = server.entry(stage.workspace)
    signin = signins.begin(entry)
    task = await running(signin)
    assert signin.device is not None
    assert isinstance(signin.device.error, ProviderRefused)
    assert b"Authorization Successful" in await callback(signin, code="c")
    await task
    assert token_of(stage.workspace, entry) == "by-code"


async def test_rule_16_the_sign_ins_own_time_bounds_the_code_too(
    stage: Stage, server: DeviceServer, signins: SignIns
) -> None:
    signin = signins.begin(server.entry(stage.workspace, link=False), lifetime=2)
    task = await running(signin)
    assert signin.device is not None
    assert signin.device.code is not None
    assert signin.device.code.expires_at == signin.expires_at
    with pytest.raises(SignInEnded):
        await task
    assert signin.state is SignInState.EXPIRED
    assert not polling()


async def test_rule_99_a_code_that_ends_soon_is_not_polled_any_more(
    stage: Stage, server: DeviceServer, signins: SignIns
) -> None:
    server.code = server.good_code(expires_in=1, interval=5)
    signin = signins.begin(server.entry(stage.workspace, link=False))
    with pytest.raises(SignInEnded):
        await signin.run()
    assert server.polled == 0


@pytest.mark.parametrize(
    ("how", "link"), [("cancel", True), ("cancel", False), ("close", True), ("program", False)]
)
async def test_rule_100_no_request_after_cancel_and_quit(
    stage: Stage, server: DeviceServer, signins: SignIns, how: str, link: bool
) -> None:
    signin = signins.begin(server.entry(stage.workspace, link=link))
    task = await running(signin)
    await until(lambda: server.polled)
    if how == "cancel":
        signin.cancel()
    elif how == "close":
        await signins.close()
    else:
        task.cancel()
    with pytest.raises((SignInEnded, asyncio.CancelledError)):
        await task
    assert signin.state is SignInState.CANCELLED
    assert not polling()
    await nothing_more(server)


async def test_rule_100_a_poll_that_is_under_way_is_broken_off_and_stores_nothing(
    stage: Stage, server: DeviceServer, signins: SignIns
) -> None:
    def late() -> Any:
        server.hold.wait(10)
        return TOKENS

    server.polls = [late]
    before_entry = server.entry(stage.workspace)
    before = stage.vault_bytes()
    signin = signins.begin(before_entry)
    task = await running(signin)
    await until(lambda: server.polled)
    signin.cancel()
    with pytest.raises(SignInEnded):
        await task
    server.hold.set()
    await nothing_more(server)
    assert stage.vault_bytes() == before


# ---- the time between


async def gaps(stage: Stage, server: DeviceServer, entry: Entry) -> list[int]:
    """The waits of one device way, on a clock that only they move."""
    waited: list[int] = []

    async def sleep(seconds: int) -> None:
        waited.append(seconds)
        clock[0] += seconds

    clock = [1_800_000_000.0]
    workspace = Workspace(
        stage.workspace.environ,
        stage.workspace.places,
        stage.workspace.settings,
        clock=lambda: clock[0],
    )
    way = DeviceWay(applicant_of(workspace, entry), int(clock[0]) + 3600, lambda: None, sleep=sleep)
    await way.run()
    return waited


@pytest.mark.parametrize(
    ("polls", "waits"),
    [
        ([PENDING, SLOW_DOWN, PENDING, PENDING, TOKENS], [5, 5, 10, 10, 10]),
        ([SLOW_DOWN, SLOW_DOWN, TOKENS], [5, 10, 15]),
        (["reset", "reset", PENDING, TOKENS], [5, 10, 20, 5]),
    ],
)
async def test_rule_99_the_gaps_between_polls(
    stage: Stage, server: DeviceServer, polls: list[Any], waits: list[int]
) -> None:
    server.code = server.good_code(interval=5)
    server.polls = polls
    assert await gaps(stage, server, server.entry(stage.workspace)) == waits
    assert server.polled == len(polls)


async def test_trouble_on_the_way_is_told_and_forgotten(
    stage: Stage, server: DeviceServer, signins: SignIns
) -> None:
    server.polls = ["reset", PENDING, TOKENS]
    signin = signins.begin(server.entry(stage.workspace))
    told: list[str] = []
    signin.on_change = lambda: told.append(signin.device.trouble if signin.device else "")
    await signin.run()
    assert any("127.0.0.1" in words for words in told)
    assert told[-1] == ""


# ---- against a server that is not ours


def authlib_entry(stage: Stage, server: AuthlibServer, method: str) -> Entry:
    client = server.client(method)
    folder = stage.workspace.places.own_services
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / "authlib.toml").write_text(
        'id = "authlib"\nname = "Authlib"\n'
        f'token_url = "{server.issuer}/token"\n'
        f'device_authorization_url = "{server.issuer}/device_authorization"\n'
        f'grants = ["device_code"]\nclient_auth = ["{method}"]\ndefault_scopes = ["read"]\n'
    )
    entry = create_entry(stage.workspace, "theirs", "authlib")
    secret = Secret(client.secret) if client.secret else None
    return configure_entry(stage.workspace, entry, client_id=client.id, client_secret=secret)


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post", "none"])
async def test_the_device_grant_with_authlib_in_each_way_to_authenticate(
    stage: Stage, authlib_server: AuthlibServer, signins: SignIns, method: str
) -> None:
    authlib_server.interval = 1
    entry = authlib_entry(stage, authlib_server, method)
    signin = signins.begin(entry)
    task = await running(signin)
    assert signin.device is not None
    code = signin.device.code
    assert code is not None
    assert code.verification_uri == f"{authlib_server.issuer}/device"
    assert code.verification_uri_complete
    await until(lambda: authlib_server.count["/token"] >= 2)
    await asyncio.to_thread(authlib_server.decide, code.user_code)
    assert (await task).authorized
    assert signin.device.trouble == ""
    # It would have told us to slow down, and then two seconds would not have been enough.
    assert not any(device["interval"] > 1 for device in authlib_server.store.devices.values())


async def test_declining_at_authlib(
    stage: Stage, authlib_server: AuthlibServer, signins: SignIns
) -> None:
    authlib_server.interval = 1
    signin = signins.begin(authlib_entry(stage, authlib_server, "client_secret_basic"))
    task = await running(signin)
    assert signin.device is not None
    assert signin.device.code is not None
    code = signin.device.code.user_code
    await asyncio.to_thread(lambda: authlib_server.decide(code, allow=False))
    with pytest.raises(ProviderRefused) as caught:
        await task
    assert caught.value.code == "access_denied"
