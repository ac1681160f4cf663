"""Over SSH: the program on a server, the browser on a laptop, and a real sshd between the two.

Both are this machine. What keeps them apart is that the laptop's browser looks for the callback port
at 127.0.0.2, where nothing listens unless a tunnel does, as on a laptop of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser import Browser, browser_elsewhere
from tests.stage import free_port
from tests.terminal.person import COMMAND, Person
from tests.terminal.ssh_server import SshServer, reachable, serving
from tui_oauth.practice.provider import PracticeProvider

pytestmark = [pytest.mark.sshd, pytest.mark.chromium]

LAPTOP = "127.0.0.2"


@pytest.fixture
def port() -> int:
    """Where the callback server listens."""
    return free_port()


@pytest.fixture
def laptop(tmp_path: Path, port: int) -> Iterator[Browser]:
    """The browser of the laptop: 127.0.0.1 and localhost are its own."""
    there = f"{LAPTOP}:{port}"
    names = (f"127.0.0.1:{port}", f"localhost:{port}")
    yield from browser_elsewhere(tmp_path / "laptop", dict.fromkeys(names, there))


@pytest.fixture
def person(tmp_path: Path, port: int, laptop: Browser) -> Iterator[Person]:
    with PracticeProvider() as provider:
        yield Person(tmp_path, provider, laptop, port)


@pytest.fixture
def server(tmp_path: Path, person: Person) -> Iterator[SshServer]:
    yield from serving(tmp_path / "sshd", person.environ)


def test_the_walk_over_ssh_by_pasting_back(person: Person, server: SshServer) -> None:
    with server.session(*COMMAND) as window:
        person.to_configured(window, "practice", "Practice provider")
        window.wait_for("ssh -N -L")  # the way home is shown without being asked for
        link = person.copied(window, "ctrl+y")
        person.browser.navigate(link)
        person.browser.click_text("Authorize access")
        person.browser.wait_for_text("can’t be reached")
        window.paste(person.browser.address)
        person.ends_authorized(window, "practice")


@pytest.mark.parametrize(
    ("typed", "service", "name", "scheme"),
    [
        ("practice", "Practice provider", "practice", "http"),
        ("https callback", "Practice provider (HTTPS callback)", "practice-https", "https"),
    ],
)
def test_the_walk_over_ssh_through_the_tunnel_that_the_window_shows(
    person: Person, server: SshServer, typed: str, service: str, name: str, scheme: str
) -> None:
    with server.session(*COMMAND) as window:
        person.to_configured(window, typed, service)
        link = person.copied(window, "ctrl+y")
        line = person.copied(window, "ctrl+t")
        assert line.endswith(f" -p {server.port} {server.user}@127.0.0.1")
        assert not reachable(LAPTOP, person.port)
        person.browser.accept_any_certificate()  # a person's click on the browser's warning
        with server.tunnel(line, LAPTOP):
            host = "localhost" if scheme == "https" else "127.0.0.1"
            person.browser.navigate(f"{scheme}://{host}:{person.port}/")
            person.browser.wait(
                "the probe", lambda: "reaches your terminal" in person.browser.text.lower()
            )
            window.wait_for("Your browser reaches this terminal")
            person.browser.navigate(link)
            person.browser.click_text("Authorize access")
            person.browser.wait_for_text("Authorization Successful")
            assert person.browser.url.startswith(f"{scheme}://{host}:{person.port}/callback")
            person.ends_authorized(window, name)
