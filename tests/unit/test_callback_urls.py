"""Which Callback URL a sign-in announces, that it is the one which is served, and for whom."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.stage import Stage
from tui_oauth import net
from tui_oauth.callback import listener
from tui_oauth.callback.server import CallbackServer
from tui_oauth.entries import callback_url, configure_entry, create_entry
from tui_oauth.errors import CallbackUnavailable, InvalidSettings, PasteProblem
from tui_oauth.model import Entry
from tui_oauth.oauth.http import Request, Response
from tui_oauth.practice.provider import PracticeProvider
from tui_oauth.secret import Secret
from tui_oauth.services.catalogue import BUILT_IN
from tui_oauth.services.pinned import DISCOVERED, pin
from tui_oauth.settings import load
from tui_oauth.signin import SignIn, SignIns
from tui_oauth.workspace import Workspace


async def get(url: str) -> Response:
    return await net.send(Request("GET", url, "page"))


async def started(signin: SignIn) -> asyncio.Task[Entry]:
    task = asyncio.create_task(signin.run())
    async with asyncio.timeout(10):
        while not (signin.listening or signin.problem or task.done()):
            await asyncio.sleep(0.005)
    return task


def settings(workspace: Workspace, text: str) -> Workspace:
    """`workspace` as it is after a line more under [callback]."""
    path = workspace.places.settings
    path.write_text(path.read_text().replace("[callback]", f"[callback]\n{text}"))
    fresh = Workspace.from_environment(workspace.environ)
    fresh.use_vault(workspace.vault)
    return fresh


def own_service(
    workspace: Workspace, provider: PracticeProvider, name: str, more: str = ""
) -> Entry:
    """An entry of a service of one's own, whose server is `provider`."""
    text = (BUILT_IN / "practice.toml").read_text()
    text = text.replace('id = "practice"', f'id = "{name}"')
    text = text.replace('default = "8977"', f'default = "{provider.port}"')
    folder = workspace.places.own_services
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.toml").write_text(f"{text}\n{more}")
    entry = create_entry(workspace, name, name)
    app = provider.register(name, callback_url(workspace, entry))
    return configure_entry(
        workspace, entry, client_id=app.client_id, client_secret=Secret(app.client_secret)
    )


async def test_rule_55_services_that_anybody_may_name_have_a_path_of_their_own(
    stage: Stage,
) -> None:
    workspace, port = stage.workspace, stage.workspace.settings.callback.port
    shared = f"http://127.0.0.1:{port}/callback"
    assert callback_url(workspace) == callback_url(workspace, stage.created()) == shared
    assert (
        callback_url(workspace, own_service(workspace, stage.provider, "acme")) == f"{shared}/acme"
    )
    custom = workspace.catalogue.get("custom-oauth2")
    assert callback_url(workspace, service=custom) == f"{shared}/custom-oauth2"
    service = replace(workspace.catalogue.get("gitlab"), authorize_url="https://As.Example:8443/a")
    pinned = Entry("1" * 32, "mcp", DISCOVERED, "MCP", 0, 0, pinned=pin(service))
    assert callback_url(workspace, pinned) == f"{shared}/as.example-8443"


async def test_rule_55_a_code_of_one_service_never_reaches_the_token_endpoint_of_another(
    stage: Stage,
) -> None:
    with PracticeProvider() as elsewhere:
        honest = stage.configured("honest")
        other = own_service(stage.workspace, elsewhere, "other")
        signins = SignIns(stage.workspace)
        ours, theirs = signins.begin(honest), signins.begin(other)
        tasks = [await started(ours), await started(theirs)]
        assert urlsplit(theirs.callback_url).path == "/callback/other"
        back = await asyncio.to_thread(stage.consent, ours.authorization_url)
        # The mix-up: the other server has sent the browser on to the honest one, with its state.
        mixed = back.replace(ours.attempt.state, theirs.attempt.state)
        moved = back.replace("/callback?", "/callback/other?")
        for url in (mixed, moved):
            page = await get(url)
            assert (page.status, b"No Sign-In Waits for This" in page.body) == (400, True)
        with pytest.raises(PasteProblem, match="/callback/other"):
            theirs.paste(mixed)
        with pytest.raises(PasteProblem, match="its path is another"):
            ours.paste(moved)
        assert elsewhere.application.count["token"] == 0
        assert stage.provider.application.count["token"] == 0
        await get(back)
        await get(await asyncio.to_thread(stage.consent, theirs.authorization_url))
        done = await asyncio.gather(*tasks)
        await signins.close()
        assert [entry.authorized for entry in done] == [True, True]
        assert elsewhere.application.count["token"] == 1


POSTS = """
[quirks.callback]
form_post = true

[extra_authorize_params]
response_mode = "form_post"
"""


async def test_rule_26_a_service_that_posts_its_answer_can_be_signed_in_to(stage: Stage) -> None:
    signins = SignIns(stage.workspace)
    posting = signins.begin(own_service(stage.workspace, stage.provider, "acme", POSTS))
    plain = signins.begin(stage.configured("plain"))
    tasks = [await started(posting), await started(plain)]
    assert parse_qs(urlsplit(posting.authorization_url).query)["response_mode"] == ["form_post"]
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    for signin, status in ((plain, 405), (posting, 200)):
        back = await asyncio.to_thread(stage.consent, signin.authorization_url)
        address, _, query = back.partition("?")
        page = await net.send(Request("POST", address, "page", headers, query.encode()))
        assert page.status == status
    assert b"Authorization Successful" in page.body
    assert (await tasks[0]).authorized
    await signins.close()
    assert plain.result is None
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_rule_22_every_service_may_have_a_path_of_its_own_matched_exactly(
    stage: Stage,
) -> None:
    stage.workspace = settings(stage.workspace, 'path = "/back/{service}/x9"')
    entry = stage.configured()
    signins = SignIns(stage.workspace)
    signin = signins.begin(entry)
    running = await started(signin)
    assert urlsplit(signin.callback_url).path == "/back/practice/x9"
    back = await asyncio.to_thread(stage.consent, signin.authorization_url)
    for wrong in (
        "/back/practice/x9/",
        "/back/practice",
        "/back/Practice/x9",
        "/callback",
        "/back",
    ):
        assert (await get(back.replace("/back/practice/x9", wrong))).status == 404
    assert b"Authorization Successful" in (await get(back)).body
    assert (await running).authorized
    await signins.close()


async def test_rule_19_a_machine_without_ipv4_loopback_says_so_and_announces_ipv6(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listener, "LOOPBACK", listener.LOOPBACK[1:])
    signins = SignIns(stage.workspace)
    running = await started(signin := signins.begin(stage.configured("first")))
    assert "has no address 127.0.0.1" in signin.problem
    assert 'host = "[::1]"' in signin.problem
    assert not signin.listening
    await signins.close()
    assert (await asyncio.gather(running, return_exceptions=True))[0] is signin.error
    stage.workspace = settings(stage.workspace, 'host = "[::1]"')
    signins = SignIns(stage.workspace)
    running = await started(signin := signins.begin(stage.configured("second")))
    port = stage.workspace.settings.callback.port
    assert signin.callback_url == f"http://[::1]:{port}/callback"
    page = await get(await asyncio.to_thread(stage.consent, signin.authorization_url))
    assert b"Authorization Successful" in page.body
    assert (await running).authorized
    await signins.close()


async def test_rule_19_the_url_is_the_same_after_a_restart(stage: Stage) -> None:
    entry = stage.created()
    fresh = Workspace.from_environment(stage.workspace.environ)
    assert callback_url(fresh, entry) == callback_url(stage.workspace, entry)


async def test_rule_19_a_url_with_another_port_than_the_bound_one_is_not_announced_in_vain(
    free_port: int,
) -> None:
    server = CallbackServer(free_port)

    async def finish(parameters: list[tuple[str, str]]) -> None:
        raise AssertionError("nothing can come")

    with pytest.raises(CallbackUnavailable, match="names port 9"):
        await server.expect("s", finish, redirect_uri="http://localhost:9/callback")  # type: ignore[arg-type]
    assert not server.listening


def test_rule_22_a_path_that_a_browser_would_change_is_no_setting(stage: Stage) -> None:
    path = stage.workspace.places.settings
    for wrong in (
        "/a//b",
        "/a/../b",
        "/./a",
        "/a/",
        "/a{b}",
        "/{service}{service}",
        "/ä",
        "/",
        "/a%2e",
    ):
        path.write_text(f'[callback]\npath = "{wrong}"\n')
        with pytest.raises(InvalidSettings, match=r"callback\.path"):
            load(path)
    for right in ("/a", "/callback/{service}", "/oauth/..back/~x", "/a.b"):
        path.write_text(f'[callback]\npath = "{right}"\n')
        assert load(path).callback.path == right
