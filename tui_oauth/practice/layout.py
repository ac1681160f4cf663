"""The frame of every page: head, sidebar, content."""

from __future__ import annotations

from tui_oauth.practice.assets import ICON
from tui_oauth.practice.html import Child, Html, element, join
from tui_oauth.practice.records import App


def document(title: str, *body: Child, script: bool = False, class_: str = "") -> Html:
    """A whole page. `title` is what the tab shows."""
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", f"{title} - Practice provider"),
        element("link", rel="icon", href="/icon.svg", type="image/svg+xml"),
        element("link", rel="stylesheet", href="/style.css"),
        element("script", src="/copy.js", defer=True) if script else None,
    )
    page = element("html", head, element("body", *body, class_=class_ or None), lang="en")
    return join(Html("<!doctype html>\n"), page)


def hidden(name: str, value: str) -> Html:
    return element("input", type="hidden", name=name, value=value)


def initial(name: str) -> Html:
    """The square with an app's first letter."""
    return element("span", name.strip()[:1].upper() or "?", class_="sign", aria_hidden="true")


def hub(
    title: str, *body: Child, app: App | None = None, here: str = "", script: bool = False
) -> Html:
    """A page of the Developer Hub: sidebar on the left, `body` beside it."""

    def item(words: str, address: str) -> Html:
        current = "page" if words == here else None
        return element("li", element("a", words, href=address, aria_current=current))

    groups: list[Html] = [element("ul", item("Your apps", "/"))]
    if app is not None:
        base = f"/apps/{app.key}"
        groups.append(
            element(
                "ul",
                element("li", app.name, class_="head"),
                item("Authentication", f"{base}/authentication"),
                item("Basic Information", f"{base}/basic-information"),
                item("Your workspaces", f"{base}/workspaces"),
            )
        )
    side = element(
        "aside",
        element("a", Html(ICON), "Developer Hub", href="/", class_="brand"),
        element("p", "Practice provider. Nothing here is real.", class_="note soft"),
        element("nav", *groups, aria_label="Developer Hub"),
        class_="side",
    )
    return document(
        title,
        element("a", "Skip to content", href="#content", class_="skip"),
        element("div", side, element("main", *body, id="content"), class_="hub"),
        script=script,
    )
