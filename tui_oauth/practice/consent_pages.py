"""The consent page, and the page that says why there is none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tui_oauth.practice.assets import ICON
from tui_oauth.practice.html import Html, element, join
from tui_oauth.practice.layout import document, hidden, initial
from tui_oauth.practice.records import WORKSPACES, App


def consent(
    app: App,
    redirect_uri: str,
    sent: Iterable[tuple[str, str]],
    csrf: str,
    *,
    permissions: Sequence[str],
    action: str = "/oauth",
) -> Html:
    """Asks for the workspace (a public app) and for consent. `sent` goes along in the form."""
    asks = f"{app.name} asks for access"
    return document(
        asks,
        element(
            "main",
            element(
                "form",
                hidden("csrf", csrf),
                *(hidden(key, value) for key, value in sent),
                element(
                    "div", initial(app.name), "→", Html(ICON), class_="pair", aria_hidden="true"
                ),
                element("h1", asks),
                *decision(app, permissions),
                method="post",
                action=action,
                class_="card",
            ),
            element(
                "p", "You will be sent back to ", element("code", redirect_uri), class_="foot soft"
            ),
            element("p", "Practice provider. Nothing here is real.", class_="foot soft"),
        ),
        class_="consent",
    )


def decision(app: App, permissions: Sequence[str]) -> tuple[Html | None, ...]:
    """The part of a form in which a person decides: workspace, permissions, two buttons."""
    if app.public:
        options = [
            element("option", words, value=key, selected=key == app.workspace)
            for key, words in WORKSPACES.items()
        ]
        workspace = element(
            "div",
            element("label", "Workspace", for_="workspace"),
            element("select", *options, name="workspace", id="workspace"),
            class_="field",
        )
    else:
        workspace = element("p", "Workspace: ", element("b", WORKSPACES[app.workspace]))
    able = [element("li", words) for words in permissions]
    return (
        workspace,
        element("h2", "It will be able to") if able else None,
        element("ul", *able, class_="plain")
        if able
        else element("p", "It asks for no permissions.", class_="soft"),
        element(
            "div",
            element(
                "button",
                "Authorize access",
                name="answer",
                value="allow",
                class_="main big",
                id="authorize",
            ),
            element(
                "button",
                "Cancel",
                name="answer",
                value="cancel",
                class_="quiet",
                id="cancel",
            ),
            class_="actions",
        ),
    )


def cannot_authorize(
    title: str,
    advice: str,
    sent: Sequence[tuple[str, str]],
    *,
    redirect_links: Sequence[str] | None = None,
    hint: str = "",
    app: App | None = None,
) -> Html:
    """Why the sign-in stops here: what was sent, and what is registered where that is the matter."""

    def compare(words: str, values: Sequence[str]) -> Html:
        shown = [element("code", value or "(empty)") for value in values]
        return element("div", element("dt", words), element("dd", *(shown or [join("(none)")])))

    rows = [compare(f"Sent: {name}", [value]) for name, value in sent]
    if redirect_links is not None:
        rows.append(compare("Registered redirect links", redirect_links))
    repair = None
    if app is not None:
        address = f"/apps/{app.key}/authentication?edit=1"
        words = "Open the app's Authentication page"
        repair = element(
            "div", element("a", words, href=address, class_="button"), class_="actions"
        )
    return document(
        title,
        element(
            "main",
            element(
                "div",
                element("h1", title),
                element("p", advice),
                element("p", hint, class_="notice bad") if hint else None,
                element("dl", *rows, class_="compare") if rows else None,
                repair,
                class_="card",
            ),
        ),
        class_="consent wide",
    )
