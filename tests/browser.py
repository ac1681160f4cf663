"""A real Chromium for tests, driven over its debugging pipe (no network port, no library).

`from browser import browser` in a conftest.py gives the fixture `browser`: a fresh page, with
cookies of its own, in a Chromium that the test run shares. It skips where there is no Chromium.
What a test does with a page is what a person can do: real mouse clicks and typed text.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import shutil
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--mute-audio",
    "--no-default-browser-check",
    "--password-store=basic",
    "--remote-debugging-pipe",
)
_START_S = 60.0
_WAIT_S = 20.0


class BrowserProblem(Exception):
    """Chromium did not do what it was asked in time; the message says what and where."""


def find_chromium() -> str | None:
    """The path of an installed Chromium or Chrome."""
    return next((path for name in _NAMES if (path := shutil.which(name))), None)


class Chromium:
    """One running browser. `folder` is empty and gets the profile; `close` ends the process.

    `trusted_spki`: base64 SHA-256 hashes of public keys whose certificates are accepted although
    nobody signed them (for a callback server with its own certificate).
    """

    def __init__(self, program: str, folder: Path, *, trusted_spki: Sequence[str] = ()) -> None:
        flags = [*_FLAGS, f"--user-data-dir={folder / 'profile'}"]
        if trusted_spki:
            flags.append(f"--ignore-certificate-errors-spki-list={','.join(trusted_spki)}")
        self._buffer = b""
        self._number = 0
        read_end, self._write = os.pipe()
        self._read, write_end = os.pipe()
        # Above 4, so that neither is overwritten when they become descriptors 3 and 4.
        low = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in (read_end, write_end)]
        output = os.open(folder / "chromium.log", os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        null = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        environ = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(folder),
            "LANG": "C.UTF-8",
        }
        moves = [(null, 0), (output, 1), (output, 2), (low[0], 3), (low[1], 4)]
        try:
            self.pid = os.posix_spawn(
                program,
                [program, *flags, "about:blank"],
                environ,
                file_actions=[(os.POSIX_SPAWN_DUP2, source, target) for source, target in moves],
                setpgroup=0,
            )
        finally:
            for end in (read_end, write_end, *low, output, null):
                os.close(end)
        self._ended = False
        self.call("Browser.getVersion", timeout=_START_S)

    def call(
        self, method: str, session: str = "", timeout: float = _WAIT_S, **parameters: Any
    ) -> dict[str, Any]:
        """One command of the DevTools protocol and its result."""
        self._number += 1
        number = self._number
        message: dict[str, Any] = {"id": number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        self._send(json.dumps(message).encode() + b"\0", method)
        deadline = time.monotonic() + timeout
        while True:
            answer = json.loads(self._receive(deadline, method))
            if answer.get("id") != number:
                continue  # an event, or the answer to a command that was given up
            if "error" in answer:
                raise BrowserProblem(f"{method}: {answer['error'].get('message')}")
            result: dict[str, Any] = answer["result"]
            return result

    def new_page(self) -> Browser:
        """A page in a profile of its own."""
        context = self.call("Target.createBrowserContext")["browserContextId"]
        target = self.call("Target.createTarget", url="about:blank", browserContextId=context)
        found = self.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        return Browser(self, found["sessionId"], context)

    def close(self) -> None:
        """Ends the process: politely first, then by its process group."""
        if self._ended:
            return
        try:
            self.call("Browser.close", timeout=5)
        except BrowserProblem:
            self._signal(signal.SIGTERM)
        if not self._gone(5):
            self._signal(signal.SIGKILL)
            self._gone(5)
        else:
            self._signal(signal.SIGKILL)  # what is left of its helpers
        self._ended = True
        os.close(self._read)
        os.close(self._write)

    def _signal(self, number: int) -> None:
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            return

    def _gone(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                if os.waitpid(self.pid, os.WNOHANG)[0] == self.pid:
                    return True
            except ChildProcessError:
                return True
            time.sleep(0.02)
        return False

    def _send(self, data: bytes, what: str) -> None:
        view = memoryview(data)
        while view:
            try:
                view = view[os.write(self._write, view) :]
            except BrokenPipeError:
                raise BrowserProblem(f"{what}: Chromium has ended") from None

    def _receive(self, deadline: float, what: str) -> bytes:
        while b"\0" not in self._buffer:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._read], [], [], left)[0]:
                raise BrowserProblem(f"{what}: no answer from Chromium in time")
            piece = os.read(self._read, 1 << 16)
            if not piece:
                raise BrowserProblem(f"{what}: Chromium has ended")
            self._buffer += piece
        message, _, self._buffer = self._buffer.partition(b"\0")
        return message


class Browser:
    """One page, as a person uses it."""

    def __init__(self, chromium: Chromium, session: str, context: str) -> None:
        self._chromium = chromium
        self._session = session
        self._context = context
        self.size(1100, 800)

    def close(self) -> None:
        self._chromium.call("Target.disposeBrowserContext", browserContextId=self._context)

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """A DevTools command for this page."""
        return self._chromium.call(method, self._session, **parameters)

    # Set-up

    def size(self, width: int, height: int) -> None:
        """The window, in CSS pixels."""
        self._size = (width, height)
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    def dark(self, on: bool = True) -> None:
        """Whether the person prefers dark pages."""
        feature = {"name": "prefers-color-scheme", "value": "dark" if on else "light"}
        self.call("Emulation.setEmulatedMedia", features=[feature])

    def without_javascript(self) -> None:
        """Pages loaded from now on run no scripts."""
        self.call("Emulation.setScriptExecutionDisabled", value=True)

    def accept_any_certificate(self) -> None:
        self.call("Security.setIgnoreCertificateErrors", ignore=True)

    # Looking

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression in the page."""
        answer = self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            problem = details.get("exception", {}).get("description") or details.get("text")
            raise BrowserProblem(f"{expression[:80]}: {problem}")
        return answer["result"].get("value")

    @property
    def url(self) -> str:
        return str(self.evaluate("location.href"))

    @property
    def title(self) -> str:
        return str(self.evaluate("document.title"))

    @property
    def text(self) -> str:
        """The page's visible text."""
        return str(self.evaluate("document.body ? document.body.innerText : ''"))

    def value(self, selector: str) -> str:
        """The text of an element, or what is typed in a field."""
        found = self.evaluate(f"(e => e && (e.value ?? e.textContent))({_one(selector)})")
        if found is None:
            raise BrowserProblem(f"{selector}: not on {self.url}")
        return str(found)

    def wait(self, what: str, condition: Callable[[], Any], timeout: float = _WAIT_S) -> Any:
        """What `condition` gives as soon as it is true; while pages change it may fail."""
        deadline = time.monotonic() + timeout
        problem = ""
        while time.monotonic() < deadline:
            try:
                found = condition()
            except BrowserProblem as failed:
                problem = f" ({failed})"
            else:
                if found:
                    return found
                problem = ""
            time.sleep(0.02)
        raise BrowserProblem(
            f"waited {timeout:g} s for {what} at {self.url}{problem}: {self.text[:400]!r}"
        )

    def wait_for(self, selector: str, timeout: float = _WAIT_S) -> None:
        self.wait(selector, lambda: self.evaluate(f"!!{_one(selector)}"), timeout)

    def wait_for_text(self, text: str, timeout: float = _WAIT_S) -> None:
        self.wait(repr(text), lambda: text in self.text, timeout)

    def wait_for_url(self, part: str, timeout: float = _WAIT_S) -> str:
        """The address as soon as it has `part` in it and the page is loaded."""
        self.wait(part, lambda: part in self.url and self._loaded(), timeout)
        return self.url

    def screenshot(self, path: Path, *, whole: bool = False) -> None:
        """A PNG of what is seen, or of the `whole` page."""
        width, height = self._size
        if whole:
            # captureBeyondViewport would leave later clicks in the wrong places.
            self.size(width, int(self.evaluate("document.documentElement.scrollHeight")))
        answer = self.call("Page.captureScreenshot", format="png")
        path.write_bytes(base64.b64decode(answer["data"]))
        self.size(width, height)

    # Doing

    def navigate(self, url: str) -> None:
        """As typed in the address bar. BrowserProblem when the page cannot be had."""
        self._leave()
        answer = self.call("Page.navigate", url=url)
        if answer.get("errorText"):
            raise BrowserProblem(f"{url}: {answer['errorText']}")
        self._arrive(url)

    def fill(self, selector: str, text: str) -> None:
        """Clicks a field, selects what is in it, and types `text`."""
        self.click(selector)
        self.evaluate(f"{_one(selector)}.select()")
        self.call("Input.insertText", text=text)

    def press(self, key: str) -> None:
        """One key: `Tab`, `Enter`, `ArrowDown`, ..."""
        number = {"Tab": 9, "Enter": 13, "ArrowDown": 40, "ArrowUp": 38, "Space": 32}[key]
        name = " " if key == "Space" else key
        typed = {"Enter": "\r", "Space": " "}.get(key)
        event: dict[str, Any] = {"key": name, "code": key, "windowsVirtualKeyCode": number}
        down = {**event, "text": typed} if typed else event
        self.call("Input.dispatchKeyEvent", type="keyDown" if typed else "rawKeyDown", **down)
        self.call("Input.dispatchKeyEvent", type="keyUp", **event)

    def click(self, selector: str) -> None:
        """A real mouse click on the middle of the element."""
        self._click(selector, _one(selector))

    def click_text(self, text: str) -> None:
        """A click on the link, button or label whose words are exactly `text`."""
        self._click(repr(text), _worded(text))

    def follow(self, selector: str) -> None:
        """A click that leads to another page, and that page loaded."""
        self._leave()
        self.click(selector)
        self._arrive(selector)

    def follow_text(self, text: str) -> None:
        self._leave()
        self.click_text(text)
        self._arrive(repr(text))

    def _click(self, what: str, element: str) -> None:
        # The element must be what is really at that point, not something that covers it.
        script = f"""(e => {{
          if (!e) return null;
          e.scrollIntoView({{block: "center", inline: "nearest", behavior: "instant"}});
          const box = e.getClientRects()[0];
          if (!box || !box.width || !box.height) return null;
          const x = box.left + box.width / 2, y = box.top + box.height / 2;
          const top = document.elementFromPoint(x, y);
          return top && (e.contains(top) || top.contains(e)) ? [x, y] : null;
        }})({element})"""
        x, y = self.wait(f"{what} to click", lambda: self.evaluate(script))
        spot = {"x": x, "y": y, "button": "left", "clickCount": 1}
        self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
        self.call("Input.dispatchMouseEvent", type="mousePressed", **spot)
        self.call("Input.dispatchMouseEvent", type="mouseReleased", **spot)

    def _leave(self) -> None:
        """Marks the document, so that the next one can be told from it."""
        self.evaluate("void (document.seenByTest = true)")

    def _arrive(self, what: str) -> None:
        self.wait(
            f"the page after {what}",
            lambda: self.evaluate("!document.seenByTest") and self._loaded(),
        )

    def _loaded(self) -> bool:
        return bool(self.evaluate("document.readyState === 'complete'"))


def _one(selector: str) -> str:
    return f"document.querySelector({json.dumps(selector)})"


def _worded(text: str) -> str:
    return (
        "[...document.querySelectorAll('a, button, label, summary, [role=button]')]"
        f".find(e => e.innerText.trim() === {json.dumps(text)})"
    )


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    """One Chromium for the whole run."""
    program = find_chromium()
    if program is None:
        pytest.skip(f"no Chromium found (looked for {', '.join(_NAMES)})")
    running = Chromium(program, tmp_path_factory.mktemp("chromium"))
    try:
        yield running
    finally:
        running.close()


@pytest.fixture
def browser(chromium: Chromium) -> Iterator[Browser]:
    """A fresh page of the shared Chromium."""
    page = chromium.new_page()
    try:
        yield page
    finally:
        page.close()
