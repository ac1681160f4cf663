"""The Authentication page of an app: as it is read, and its form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tui_oauth.practice.html import Html, element, join
from tui_oauth.practice.layout import hidden, hub
from tui_oauth.practice.records import PEOPLE_PERMISSIONS, WORKSPACE_PERMISSIONS, App


def authentication(app: App, *, saved: bool = False) -> Html:
    """The Authentication page as it is read: Edit leads to the form."""
    edit = element("a", "Edit", href=f"/apps/{app.key}/authentication?edit=1", class_="button main")
    links: Html = element("p", "None yet. Press Edit to add one.", class_="soft")
    if app.redirect_links:
        rows = [
            element(
                "li",
                element("code", link),
                " (default)" if index == 0 and len(app.redirect_links) > 1 else "",
            )
            for index, link in enumerate(app.redirect_links)
        ]
        links = element("ul", *rows, class_="plain")
    permissions: Html = element("p", "None.", class_="soft")
    if app.permissions:
        permissions = element(
            "ul", *(element("li", name) for name in app.permissions), class_="plain"
        )
    use = "Yes" if app.use_oauth else "No. Press Edit and tick Use OAuth."
    return hub(
        "Authentication",
        element("div", element("h1", "Authentication"), edit, class_="top"),
        element("p", "Saved.", class_="notice", role="status") if saved else None,
        element("section", element("h2", "Use OAuth"), element("p", use), class_="card"),
        element("section", element("h2", "Redirect links"), links, class_="card"),
        element("section", element("h2", "Permissions"), permissions, class_="card"),
        app=app,
        here="Authentication",
    )


def edit_authentication(
    app: App,
    csrf: str,
    *,
    use_oauth: bool,
    links: Sequence[str],
    permissions: Sequence[str],
    problems: Mapping[int, str] | None = None,
    focus: int | None = None,
) -> Html:
    """The Authentication form. `problems`: what is wrong, by the link's index; `focus` a link's."""
    problems = problems or {}

    def link_row(index: int, link: str) -> Html:
        problem = problems.get(index)
        field = element(
            "input",
            type="text",
            inputmode="url",
            name="link",
            value=link,
            spellcheck="false",
            autocomplete="off",
            autofocus=index == focus,
            aria_label=f"Redirect link {index + 1}",
            aria_invalid="true" if problem else None,
            aria_describedby=f"link-problem-{index}" if problem else None,
        )
        remove = element(
            "button",
            "Remove",
            name="remove",
            value=index,
            class_="quiet",
            aria_label=f"Remove redirect link {index + 1}",
        )
        row = element("div", field, remove, class_="link")
        note = (
            element("p", problem, class_="error", id=f"link-problem-{index}") if problem else None
        )
        return join(row, note)

    def ticks(legend: str, names: Sequence[str], start: int) -> Html:
        boxes = [
            element(
                "div",
                element(
                    "input",
                    type="checkbox",
                    name="permission",
                    value=name,
                    id=f"p{start + at}",
                    checked=name in permissions,
                ),
                element("label", name, for_=f"p{start + at}"),
                class_="tick",
            )
            for at, name in enumerate(names)
        ]
        return element(
            "fieldset", element("legend", legend), element("div", *boxes, class_="ticks")
        )

    address = f"/apps/{app.key}/authentication"
    form = element(
        "form",
        hidden("csrf", csrf),
        # Enter in a field presses the first button of a form: that must be Save, not Remove.
        element(
            "button",
            "Save",
            name="save",
            value="1",
            class_="skip",
            tabindex="-1",
            aria_hidden="true",
        ),
        element(
            "p", "Not saved: correct the redirect links below.", class_="notice bad", role="alert"
        )
        if problems
        else None,
        element(
            "section",
            element(
                "div",
                element(
                    "input",
                    type="checkbox",
                    name="use_oauth",
                    value="1",
                    id="use-oauth",
                    checked=use_oauth,
                ),
                element(
                    "label",
                    element("b", "Use OAuth"),
                    "People authorize the app in their browser.",
                    for_="use-oauth",
                ),
                class_="tick",
            ),
            class_="card",
        ),
        element(
            "section",
            element("h2", "Redirect links"),
            element(
                "p",
                "Where the browser may be sent back to. The first one is the default.",
                class_="soft",
            ),
            *(link_row(index, link) for index, link in enumerate(links)),
            element("button", "+ Add redirect link", name="add", value="1", id="add-link"),
            class_="card with-oauth",
        ),
        element(
            "section",
            element("h2", "Permissions"),
            ticks("People and conversations", PEOPLE_PERMISSIONS, 0),
            ticks("Workspace", WORKSPACE_PERMISSIONS, len(PEOPLE_PERMISSIONS)),
            class_="card",
        ),
        element(
            "div",
            element("button", "Save", name="save", value="1", class_="main", id="save"),
            element("a", "Cancel", href=address, class_="button"),
            class_="actions",
        ),
        method="post",
        action=address,
        id="authentication",
    )
    return hub(
        "Edit Authentication", element("h1", "Authentication"), form, app=app, here="Authentication"
    )
