"""A real Chromium for tests, driven over its debugging pipe (no network port, no library).

`from tests.browser import browser, chromium` in a conftest.py gives the fixture `browser`: a fresh
page, with cookies of its own, in a Chromium that the test run shares (`chromium`). It skips where
there is no Chromium.
What a test does with a page is what a person can do: real mouse clicks and typed text.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.chromium import NAMES, WAIT_S, BrowserProblem, ChromiumProcess, find_chromium
from tests.chromium import spki_hash as spki_hash


class Chromium(ChromiumProcess):
    """A running browser, and its pages."""

    def new_page(self) -> Browser:
        """A page in a profile of its own."""
        context = self.call("Target.createBrowserContext")["browserContextId"]
        target = self.call("Target.createTarget", url="about:blank", browserContextId=context)
        found = self.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        return Browser(self, found["sessionId"], context)


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
    def address(self) -> str:
        """What stands in the address bar, also when the page there could not be loaded."""
        history = self.call("Page.getNavigationHistory")
        shown: str = history["entries"][history["currentIndex"]]["url"]
        return shown

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

    def wait(self, what: str, condition: Callable[[], Any], timeout: float = WAIT_S) -> Any:
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

    def wait_for(self, selector: str, timeout: float = WAIT_S) -> None:
        self.wait(selector, lambda: self.evaluate(f"!!{_one(selector)}"), timeout)

    def wait_for_text(self, text: str, timeout: float = WAIT_S) -> None:
        self.wait(repr(text), lambda: text in self.text, timeout)

    def wait_for_url(self, part: str, timeout: float = WAIT_S) -> str:
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


def browser_elsewhere(folder: Path, elsewhere: Mapping[str, str]) -> Iterator[Browser]:
    """For a fixture: a page of a Chromium on another machine (see `ChromiumProcess`)."""
    program = find_chromium()
    if program is None:
        pytest.skip("Chromium is not installed (Debian: apt-get install chromium)")
    folder.mkdir()
    running = Chromium(program, folder, elsewhere=elsewhere)
    try:
        yield running.new_page()
    finally:
        running.close()


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    """One Chromium for the whole run."""
    program = find_chromium()
    if program is None:
        pytest.skip(f"no Chromium found (looked for {', '.join(NAMES)})")
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
