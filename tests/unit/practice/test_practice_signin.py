"""A whole sign-in in a real Chromium: consent page, redirect, callback server, stored tokens."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from tests.browser import Browser, BrowserProblem, Chromium, find_chromium, spki_hash
from tui_oauth.errors import ProviderRefused
from tui_oauth.signin import SignIn, SignIns
from tui_oauth.signin_link import certificate_files

if TYPE_CHECKING:
    from tests.stage import Stage

pytestmark = pytest.mark.chromium
DONE = "Authorization Successful"


@asynccontextmanager
async def signing_in(stage: Stage, service: str):
    """A sign-in that waits for the browser, and its task."""
    signins = SignIns(stage.workspace)
    signin = signins.begin(stage.configured("mine", service))
    changed = asyncio.Event()
    signin.on_change = changed.set
    running = asyncio.create_task(signin.run())
    try:
        async with asyncio.timeout(10):
            while not signin.listening:
                changed.clear()
                await changed.wait()
        yield signin, running
    finally:
        await signins.close()


async def authorize(page: Browser, signin: SignIn, running: Awaitable[object]) -> None:
    """Clicks through the consent page; the tokens are stored when it returns."""

    def clicks() -> None:
        page.navigate(signin.authorization_url)
        page.click_text("Authorize access")
        page.wait_for_text(DONE)

    await asyncio.to_thread(clicks)
    await asyncio.wait_for(running, 10)


async def test_with_an_http_callback(browser, stage):
    async with signing_in(stage, "practice") as (signin, running):
        await authorize(browser, signin, running)
    assert stage.workspace.vault.find("mine").authorized
    assert stage.provider.application.count["code"] == 1


async def test_with_an_https_callback_whose_key_is_trusted(stage, tmp_path):
    program = find_chromium()
    if program is None:
        pytest.skip("no Chromium found")
    certificate, _ = certificate_files(stage.workspace)
    folder = tmp_path / "browser"
    folder.mkdir()
    own = await asyncio.to_thread(Chromium, program, folder, trusted_spki=[spki_hash(certificate)])
    try:
        async with signing_in(stage, "practice-https") as (signin, running):
            assert signin.callback_url.startswith("https://")
            await authorize(own.new_page(), signin, running)
    finally:
        await asyncio.to_thread(own.close)
    assert stage.workspace.vault.find("mine").authorized


async def test_a_warned_person_can_go_on_to_an_https_callback(browser, stage):
    async with signing_in(stage, "practice-https") as (signin, running):
        with pytest.raises(BrowserProblem, match="ERR_CERT_AUTHORITY_INVALID"):
            await asyncio.to_thread(browser.navigate, signin.callback_url)
        browser.accept_any_certificate()
        await authorize(browser, signin, running)
    assert stage.workspace.vault.find("mine").authorized


async def test_cancel_in_the_browser(browser, stage):
    async with signing_in(stage, "practice") as (signin, running):

        def clicks() -> str:
            browser.navigate(signin.authorization_url)
            browser.click_text("Cancel")
            browser.wait_for_url(signin.callback_url)
            return browser.text

        shown = await asyncio.to_thread(clicks)
        with pytest.raises(ProviderRefused) as refused:
            await asyncio.wait_for(running, 10)
    assert refused.value.code == "access_denied"
    assert DONE not in shown
    assert not stage.workspace.vault.find("mine").authorized
