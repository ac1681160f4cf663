"""The Developer Hub: what its addresses do. The pages themselves are in `pages`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from tui_oauth.practice import authentication_pages, pages
from tui_oauth.practice.behaviour import Behaviour
from tui_oauth.practice.records import PERMISSIONS, WORKSPACES, App
from tui_oauth.practice.store import Store
from tui_oauth.practice.web import (
    Reply,
    WebRequest,
    csrf_fits,
    csrf_token,
    form,
    page,
    pairs,
    see_other,
)

_MAX_NAME = 80
_MAX_APPS = 100
_MAX_LINKS = 20
_MAX_LINK_LENGTH = 2000
_APP_ADDRESS = re.compile(r"/apps/([0-9a-f]{8})/(authentication|basic-information|workspaces)")


class Hub:
    """Answers requests for the Developer Hub's pages and forms."""

    def __init__(self, store: Store, key: bytes) -> None:
        self._store = store
        self._key = key

    def handle(self, request: WebRequest, behaviour: Behaviour) -> Reply | None:
        """The reply, or None when the address is not the hub's."""
        if request.path == "/":
            return page(pages.your_apps(self._store.apps()))
        if request.path == "/apps/new":
            return self._new_app(request)
        match = _APP_ADDRESS.fullmatch(request.path)
        if match is None:
            return None
        app = self._store.app(match[1])
        if app is None:
            return page(
                pages.message(
                    "No such app",
                    "The practice provider forgets its apps when it stops. Make a new one.",
                ),
                404,
            )
        if match[2] == "authentication":
            return self._authentication(request, app, behaviour)
        if match[2] == "workspaces":
            return self._workspaces(request, app)
        return page(pages.basic_information(app, request.origin))

    def _refused_form(self, request: WebRequest, values: Sequence[tuple[str, str]]) -> Reply | None:
        if csrf_fits(self._key, request.path, values) and not request.from_another_site:
            return None
        return page(
            pages.message(
                "This form is too old",
                "Nothing was changed. Go back, reload the page and send the form again.",
            ),
            403,
        )

    def _new_app(self, request: WebRequest) -> Reply:
        csrf = csrf_token(self._key, request.path)
        if request.method != "POST":
            return page(pages.new_app(csrf))
        values = form(request)
        refused = self._refused_form(request, values)
        if refused is not None:
            return refused
        fields = dict(values)
        name = fields.get("name", "").strip()
        workspace = fields.get("workspace", "")
        public = fields.get("kind") == "public"
        problem = ""
        if not name:
            problem = "Type a name for the app."
        elif len(name) > _MAX_NAME:
            problem = f"The name has {len(name)} characters; {_MAX_NAME} is the most."
        elif len(self._store.apps()) >= _MAX_APPS:
            problem = (
                f"There are {_MAX_APPS} apps already. Stop the practice provider to forget them."
            )
        if problem or workspace not in WORKSPACES:
            again = pages.new_app(
                csrf,
                name=name,
                workspace=workspace,
                public=public,
                problem=problem or "Choose a workspace.",
            )
            return page(again, 422)
        app = self._store.register(name, workspace=workspace, public=public)
        return see_other(f"/apps/{app.key}/authentication")

    def _authentication(self, request: WebRequest, app: App, behaviour: Behaviour) -> Reply:
        csrf = csrf_token(self._key, request.path)
        if request.method != "POST":
            asked = dict(pairs(request.query))
            if "edit" not in asked:
                return page(authentication_pages.authentication(app, saved="saved" in asked))
            form_page = authentication_pages.edit_authentication(
                app,
                csrf,
                use_oauth=app.use_oauth,
                links=app.redirect_links,
                permissions=app.permissions,
            )
            return page(form_page)
        values = form(request)
        refused = self._refused_form(request, values)
        if refused is not None:
            return refused
        fields = dict(values)
        use_oauth = fields.get("use_oauth") == "1"
        # Browsers put blanks around a copied address; nobody wants to register them.
        links = [value.strip() for name, value in values if name == "link"][:_MAX_LINKS]
        ticked = {value for name, value in values if name == "permission"}
        permissions = tuple(name for name in PERMISSIONS if name in ticked)
        focus: int | None = None
        problems: dict[int, str] = {}
        if "add" in fields and len(links) < _MAX_LINKS:
            focus = len(links)
            links.append("")
        elif "remove" in fields:
            gone = fields["remove"]
            links = [link for index, link in enumerate(links) if str(index) != gone]
        else:
            links = [link for link in dict.fromkeys(links) if link]
            found = {
                index: link_problem(link, behaviour.https_only) for index, link in enumerate(links)
            }
            problems = {index: words for index, words in found.items() if words}
            if not problems:
                self._store.configure(
                    app,
                    use_oauth=use_oauth,
                    redirect_links=tuple(links),
                    permissions=permissions,
                )
                return see_other(f"{request.path}?saved=1")
            focus = min(problems)
        again = authentication_pages.edit_authentication(
            app,
            csrf,
            use_oauth=use_oauth,
            links=links,
            permissions=permissions,
            problems=problems,
            focus=focus,
        )
        return page(again, 422 if problems else 200)

    def _workspaces(self, request: WebRequest, app: App) -> Reply:
        if request.method == "POST":
            values = form(request)
            refused = self._refused_form(request, values)
            if refused is not None:
                return refused
            wanted = dict(values).get("grant", "")
            for grant in self._store.grants(app):
                if grant.id == wanted:
                    self._store.end_grant(grant)
            return see_other(request.path)
        csrf = csrf_token(self._key, request.path)
        return page(pages.workspaces(app, self._store.grants(app), csrf))


def link_problem(link: str, https_only: bool) -> str:
    """What is wrong with `link` as a redirect link, in words; empty when nothing is."""
    if len(link) > _MAX_LINK_LENGTH:
        return f"The link is longer than {_MAX_LINK_LENGTH} characters."
    if not re.fullmatch(r"[\x21-\x7e]+", link):
        return "A link holds no blanks and no letters outside ASCII."
    try:
        parts = urlsplit(link)
        port = parts.port
    except ValueError:
        return "This is not an address."
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return "Begin the link with https:// or http://, then the host."
    if not re.fullmatch(r"[A-Za-z0-9._-]+|[0-9a-fA-F:]+", parts.hostname) or port == 0:
        return "The host of this link is not valid."
    if parts.username is not None:
        return "A link holds no user name."
    if "#" in link:
        return "A link holds no fragment (RFC 6749 section 3.1.2)."
    if https_only and parts.scheme != "https":
        return "This provider takes only links that begin with https://."
    return ""
