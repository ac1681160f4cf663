"""The pages on which a person lets a device in (RFC 8628 section 3.3)."""

from __future__ import annotations

from collections.abc import Sequence

from tui_oauth.practice.assets import ICON
from tui_oauth.practice.consent_pages import decision
from tui_oauth.practice.html import Html, element
from tui_oauth.practice.layout import document, hidden, initial
from tui_oauth.practice.pending import Device


def enter_code(csrf: str, *, typed: str = "", problem: str = "") -> Html:
    """Asks for the code that the device shows."""
    return _page(
        "Connect a device",
        element(
            "form",
            hidden("csrf", csrf),
            element("h1", "Connect a device"),
            element(
                "div",
                element("label", "Code", for_="user_code"),
                element(
                    "input",
                    type="text",
                    name="user_code",
                    id="user_code",
                    value=typed,
                    maxlength=40,
                    required=True,
                    autocomplete="off",
                    autocapitalize="characters",
                    spellcheck="false",
                    autofocus=True,
                    aria_invalid="true" if problem else None,
                    aria_describedby="code-problem" if problem else "code-help",
                ),
                element("p", problem, class_="error", id="code-problem", role="alert")
                if problem
                else element("p", "The device shows it.", class_="help soft", id="code-help"),
                class_="field",
            ),
            element("div", element("button", "Continue", class_="main big"), class_="actions"),
            method="post",
            action="/device",
            class_="card",
        ),
    )


def decide(device: Device, permissions: Sequence[str], csrf: str) -> Html:
    """Shows who asks and the code once more, and asks for consent."""
    asks = f"{device.app.name} asks for access"
    return _page(
        asks,
        element(
            "form",
            hidden("csrf", csrf),
            hidden("user_code", device.user_code),
            element(
                "div", initial(device.app.name), "→", Html(ICON), class_="pair", aria_hidden="true"
            ),
            element("h1", asks),
            element("p", "Go on only if the device in front of you shows this code:"),
            element("p", element("code", device.user_code, class_="value", id="user-code")),
            *decision(device.app, permissions),
            method="post",
            action="/device",
            class_="card",
        ),
    )


def decided(device: Device, allowed: bool) -> Html:
    """What the person has done, and where it goes on."""
    title = "Device connected" if allowed else "Device not connected"
    words = (
        f"{device.app.name} may go on. Close this page and look at the device."
        if allowed
        else f"{device.app.name} was told that you said no. You can close this page."
    )
    return _message(title, words)


def too_old() -> Html:
    """The form of a provider that has been started anew."""
    return _message(
        "This form is too old", "Nothing was authorized. Open the page again and type the code."
    )


def _message(title: str, words: str) -> Html:
    return _page(title, element("div", element("h1", title), element("p", words), class_="card"))


def _page(title: str, content: Html) -> Html:
    foot = element("p", "Practice provider. Nothing here is real.", class_="foot soft")
    return document(title, element("main", content, foot), class_="consent")
