"""The web pages of the practice provider's Developer Hub, as functions from values to HTML."""

from __future__ import annotations

from collections.abc import Sequence

from tui_oauth.practice.html import Html, element, join
from tui_oauth.practice.layout import hidden, hub, initial
from tui_oauth.practice.records import WORKSPACES, App, Grant
from tui_oauth.text import rfc3339


def your_apps(apps: Sequence[App]) -> Html:
    new = element("a", "New app", href="/apps/new", class_="button main")
    if apps:
        rows = [
            element(
                "li",
                initial(app.name),
                element(
                    "div",
                    element("a", app.name, href=f"/apps/{app.key}/authentication"),
                    element("div", f"{kind(app)} in {WORKSPACES[app.workspace]}", class_="soft"),
                ),
            )
            for app in apps
        ]
        content = element("div", element("ul", *rows, class_="apps"), class_="card")
    else:
        content = element(
            "div",
            element("h2", "No apps yet"),
            element("p", "An app holds the client ID and client secret that an OAuth entry needs."),
            element("p", "Press New app to make the first one."),
            class_="card",
        )
    head = element("div", element("h1", "Your apps"), new, class_="top")
    return hub("Your apps", head, content, here="Your apps")


def kind(app: App) -> str:
    return "Public app" if app.public else "Internal integration"


def new_app(
    csrf: str, *, name: str = "", workspace: str = "", public: bool = False, problem: str = ""
) -> Html:
    """The New app form; `problem` says what was wrong with the name."""
    options = [
        element("option", words, value=key, selected=key == workspace)
        for key, words in WORKSPACES.items()
    ]

    def choice(value: str, words: str, help_: str, checked: bool) -> Html:
        box = element(
            "input", type="radio", name="kind", value=value, id=f"kind-{value}", checked=checked
        )
        label = element("label", element("b", words), help_, for_=f"kind-{value}")
        return element("div", box, label, class_="tick")

    form = element(
        "form",
        hidden("csrf", csrf),
        element(
            "div",
            element("label", "App Name", for_="name"),
            element(
                "input",
                type="text",
                name="name",
                id="name",
                value=name,
                maxlength=80,
                required=True,
                autocomplete="off",
                autofocus=True,
                aria_invalid="true" if problem else None,
                aria_describedby="name-problem" if problem else None,
            ),
            element("p", problem, class_="error", id="name-problem") if problem else None,
            class_="field",
        ),
        element(
            "div",
            element("label", "Workspace", for_="workspace"),
            element("select", *options, name="workspace", id="workspace"),
            element("p", "The workspace that owns the app.", class_="help soft"),
            class_="field",
        ),
        element(
            "fieldset",
            element("legend", "Kind of app"),
            choice("internal", "Internal integration", "Only for the workspace above.", not public),
            choice("public", "Public app", "Any workspace can authorize it.", public),
        ),
        element(
            "div",
            element("button", "Create app", class_="main"),
            element("a", "Cancel", href="/", class_="button"),
            class_="actions",
        ),
        method="post",
        action="/apps/new",
        id="new-app",
        class_="card",
    )
    return hub("New app", element("h1", "New app"), form, here="Your apps")


def basic_information(app: App, origin: str) -> Html:
    """Name, workspace, client ID and client secret; one click selects a value whole.

    `origin` is the provider's own: where standard clients find everything else.
    """

    def value(label: str, text: str, id_: str) -> Html:
        shown = element("code", text, class_="value", id=id_)
        return join(element("dt", label, id=f"{id_}-label"), element("dd", shown))

    return hub(
        "Basic Information",
        element("h1", "Basic Information"),
        element(
            "p", "Paste the client ID and the client secret into Configure OAuth.", class_="soft"
        ),
        element(
            "dl",
            value("Client ID", app.client_id, "client-id"),
            value("Client secret", app.client_secret, "client-secret"),
            class_="card",
        ),
        element(
            "dl",
            element("dt", "App Name"),
            element("dd", app.name),
            element("dt", "Workspace"),
            element("dd", WORKSPACES[app.workspace]),
            element("dt", "Kind of app"),
            element("dd", kind(app)),
            class_="card",
        ),
        element(
            "p",
            "A standard client looks up the rest from the issuer, or from the address of the API.",
            class_="soft",
        ),
        element(
            "dl",
            element("dt", "Issuer"),
            element("dd", element("code", origin)),
            element("dt", "API"),
            element("dd", element("code", f"{origin}/api")),
            element("dt", "Page for the code of a device"),
            element("dd", element("a", f"{origin}/device", href="/device")),
            class_="card",
        ),
        app=app,
        here="Basic Information",
        script=True,
    )


def workspaces(app: App, grants: Sequence[Grant], csrf: str) -> Html:
    """Who has authorized the app; Uninstall ends it, as a person would at the real provider."""
    rows = [
        element(
            "li",
            initial(WORKSPACES[grant.workspace]),
            element(
                "div",
                element("b", WORKSPACES[grant.workspace]),
                element("div", f"Authorized {rfc3339(grant.created_at)}", class_="soft"),
            ),
            element("button", "Uninstall", name="grant", value=grant.id),
        )
        for grant in grants
    ]
    content = element("p", "Nobody has authorized this app yet.", class_="card soft")
    if rows:
        content = element(
            "form",
            hidden("csrf", csrf),
            element("ul", *rows, class_="apps"),
            method="post",
            action=f"/apps/{app.key}/workspaces",
            class_="card",
        )
    lead = (
        "Uninstall ends the tokens of a workspace: the OAuth entry then needs authorization again."
    )
    return hub(
        "Your workspaces",
        element("h1", "Your workspaces"),
        element("p", lead, class_="soft"),
        content,
        app=app,
        here="Your workspaces",
    )


def message(title: str, *paragraphs: str) -> Html:
    """A short page of the hub: not found, form too old."""
    back = element("p", element("a", "Your apps", href="/", class_="button"))
    return hub(title, element("h1", title), *(element("p", text) for text in paragraphs), back)
