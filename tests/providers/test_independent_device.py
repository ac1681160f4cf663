"""The device grant (RFC 8628) against servers that we did not write."""

from __future__ import annotations

from typing import Any

import pytest

from tests.providers.machine import Machine, machine, wait_until
from tui_oauth.entries import status
from tui_oauth.errors import ProviderRefused, SignInEnded
from tui_oauth.model import Status
from tui_oauth.signin import SignIn
from tui_oauth.tokens import access_token

BOTH = pytest.mark.parametrize("server", ["authlib", "panva"], indirect=True)


def on_a_device(here: Machine, *, allow: bool = True) -> Any:
    """What the person does: takes the code to another device, and decides there."""

    def answer(signin: SignIn) -> None:
        wait_until(lambda: signin.device and signin.device.code)
        assert signin.device is not None
        assert signin.device.code is not None
        server: Any = here.server
        server.decide(signin.device.code.user_code, allow=allow)

    return answer


@pytest.fixture(autouse=True)
def no_browser_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without a browser asks for a device code by itself (rule 3)."""
    monkeypatch.setenv("SSH_CONNECTION", "192.0.2.1 1 192.0.2.2 22")


@pytest.fixture(autouse=True)
def quick(request: pytest.FixtureRequest) -> None:
    """The Authlib server lets itself be polled every second."""
    if "authlib" in request.node.name:
        request.getfixturevalue("authlib_server").interval = 1


@pytest.mark.parametrize(
    ("server", "method"),
    [
        ("authlib", "client_secret_basic"),
        ("authlib", "client_secret_post"),
        ("authlib", "none"),
        ("panva", "client_secret_basic"),
        ("panva", "none"),
    ],
    indirect=["server"],
)
async def test_a_code_confirmed_elsewhere_gives_tokens(server: Any, method: str) -> None:
    here = machine(server, method)
    entry = await here.sign_in(on_a_device(here))
    assert status(here.workspace, entry) is Status.AUTHORIZED
    assert here.person_of(here.held.access_token.reveal()) == 200
    renewed = access_token(here.workspace, entry, 4000)
    assert here.person_of(renewed.access_token.reveal()) == 200


@BOTH
async def test_a_person_who_says_no(server: Any) -> None:
    here = machine(server)
    before = here.workspace.places.vault.read_bytes()
    with pytest.raises(ProviderRefused) as refused:
        await here.sign_in(on_a_device(here, allow=False))
    assert refused.value.code == "access_denied"
    assert here.workspace.places.vault.read_bytes() == before


async def test_rule_99_the_interval_of_the_authlib_server_is_kept(authlib_server: Any) -> None:
    here = machine(authlib_server)

    def late(signin: SignIn) -> None:
        wait_until(lambda: authlib_server.count["/token"] >= 2)
        on_a_device(here)(signin)

    await here.sign_in(late)
    (device,) = authlib_server.store.devices.values()
    assert device["interval"] == 1, "it was never told to slow down"


async def test_a_code_that_ends(authlib_server: Any) -> None:
    authlib_server.device_lifetime = 2
    here = machine(authlib_server)
    seen: list[Any] = []

    def look(signin: SignIn) -> None:
        wait_until(lambda: signin.device and signin.device.error)
        assert signin.device is not None
        seen.append(signin.device.error)
        signin.cancel()

    with pytest.raises(SignInEnded):
        await here.sign_in(look)
    assert isinstance(seen[0], SignInEnded)


@BOTH
async def test_the_link_still_works_beside_it(server: Any) -> None:
    here = machine(server)
    await here.sign_in()
    assert here.person_of(here.held.access_token.reveal()) == 200


@BOTH
async def test_from_the_command_line(server: Any, shell: Any) -> None:
    from tui_oauth.workspace import Workspace

    here = machine(server, workspace=Workspace.from_environment(shell.environ))
    with shell.start("authorize", "independent", "--device", "--json") as running:
        events = [running.event(), running.event()]
        (device,) = [event for event in events if event["event"] == "device"]
        assert device["verification_uri"] == f"{server.issuer}/device"
        server.decide(device["user_code"])
        assert running.event()["event"] == "authorized"
        running.end()
    token = shell.run("token", "independent").out.strip()
    assert here.person_of(token) == 200
