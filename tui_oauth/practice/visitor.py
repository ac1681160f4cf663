"""A browser without windows: reads the practice provider's pages, fills their forms, sends them.

It knows pages only as a person does: by the words on links, buttons and labels.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlencode, urljoin, urlsplit

from tui_oauth.errors import ProviderUnreachable
from tui_oauth.oauth.http import Request, Response
from tui_oauth.text import neutralise

_MAX_REDIRECTS = 5
_REDIRECTS = frozenset({301, 302, 303})
_WORDED = frozenset({"a", "button", "label", "dt", "dd", "h1", "title", "option"})


@dataclass(slots=True)
class _Field:
    name: str
    kind: str
    value: str
    label: str = ""
    id: str = ""
    on: bool = True


@dataclass(slots=True)
class Form:
    """A form of a page, being filled in. Raises LookupError for words that are not there."""

    action: str
    method: str
    fields: list[_Field] = field(default_factory=list)
    buttons: list[tuple[str, str, str]] = field(default_factory=list)

    def type(self, label: str, text: str) -> None:
        """Replaces what stands in the text field."""
        self._find(label, {"text"}).value = text

    def tick(self, label: str) -> None:
        """Ticks a box, or chooses one of several round ones."""
        chosen = self._find(label, {"checkbox", "radio"})
        if chosen.kind == "radio":
            for other in self.fields:
                if other.kind == "radio" and other.name == chosen.name:
                    other.on = False
        chosen.on = True

    def content(self, button: str) -> str:
        """The form's body when `button` is pressed."""
        for words, name, value in self.buttons:
            if words == button:
                values = [(field.name, field.value) for field in self.fields if field.on]
                return urlencode([*values, (name, value)] if name else values)
        raise LookupError(f"no button {button!r}")

    def _find(self, label: str, kinds: set[str]) -> _Field:
        for found in self.fields:
            if found.kind in kinds and (found.label + " ").startswith(label + " "):
                return found
        raise LookupError(f"no field {label!r}")


@dataclass(slots=True)
class Page:
    """What came back: where from, and what is on it."""

    url: str
    status: int
    title: str = ""
    heading: str = ""
    links: dict[str, str] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict, repr=False)
    forms: list[Form] = field(default_factory=list)

    @property
    def form(self) -> Form:
        if not self.forms:
            raise LookupError(f"no form on {self.title!r}")
        return self.forms[0]


class Visitor:
    """Goes from page to page; `page` is the one that is open.

    `send` sends a request without following redirects. Only loopback addresses are visited.
    """

    def __init__(self, send: Callable[[Request], Response]) -> None:
        self._send = send
        self.page = Page("", 0)

    def open(self, url: str) -> Page:
        return self._go(Request("GET", url, "page"))

    def follow(self, words: str) -> Page:
        """Presses the link with these words."""
        if words not in self.page.links:
            raise LookupError(f"no link {words!r} on {self.page.title!r}")
        return self.open(urljoin(self.page.url, self.page.links[words]))

    def press(self, button: str) -> Page:
        """Presses a button of the form."""
        form = self.page.form
        address = urljoin(self.page.url, form.action)
        content = form.content(button)
        if form.method != "post":
            return self.open(f"{address}?{content}")
        parts = urlsplit(self.page.url)
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Origin": f"{parts.scheme}://{parts.netloc}",
        }
        return self._go(Request("POST", address, "form", headers, content.encode()))

    def connect_device(self, verification_uri: str, user_code: str, *, allow: bool = True) -> Page:
        """Lets in the device that shows `user_code`, or turns it away (RFC 8628 section 3.3)."""
        self.open(verification_uri)
        self.page.form.type("Code", user_code)
        self.press("Continue")
        return self.press("Authorize access" if allow else "Cancel")

    def _go(self, request: Request) -> Page:
        for _ in range(_MAX_REDIRECTS):
            if urlsplit(request.url).hostname not in {"127.0.0.1", "localhost", "::1"}:
                raise ProviderUnreachable(
                    f"The page at {neutralise(request.host)} is not on this machine.", sent=False
                )
            response = self._send(request)
            target = response.headers.get("location")
            if response.status not in _REDIRECTS or target is None:
                self.page = _read(request.url, response)
                return self.page
            request = Request("GET", urljoin(request.url, target), "page")
        raise ProviderUnreachable(f"{neutralise(request.host)} redirects without an end.")


def _read(url: str, response: Response) -> Page:
    reader = _Reader(Page(url, response.status))
    reader.feed(response.body.decode("utf-8", "replace"))
    reader.close()
    return reader.finished()


class _Reader(HTMLParser):
    """Collects what a `Page` holds."""

    def __init__(self, page: Page) -> None:
        super().__init__(convert_charrefs=True)
        self._page = page
        self._form: Form | None = None
        self._open: list[tuple[str, dict[str, str], list[str]]] = []
        self._labels: dict[str, str] = {}
        self._select: _Field | None = None
        self._term = ""

    def finished(self) -> Page:
        for form in self._page.forms:
            for each in form.fields:
                each.label = each.label or self._labels.get(each.id, "")
        return self._page

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag in _WORDED:
            self._open.append((tag, given, []))
        elif tag == "form":
            method = given.get("method", "get").lower()
            self._form = Form(given.get("action", ""), method)
            self._page.forms.append(self._form)
        elif tag == "select":
            self._select = self._add(given, "select", "")
        elif tag == "input":
            kind = given.get("type", "text")
            made = self._add(given, kind, given.get("value", "on" if kind == "checkbox" else ""))
            made.on = kind not in {"checkbox", "radio"} or "checked" in given

    def handle_data(self, data: str) -> None:
        for _, _, words in self._open:
            words.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "select":
            self._select = None
        if not self._open or self._open[-1][0] != tag:
            return
        _, given, pieces = self._open.pop()
        words = " ".join(" ".join(pieces).split())
        match tag:
            case "a":
                self._page.links.setdefault(words, given.get("href", ""))
            case "button" if self._form is not None:
                self._form.buttons.append((words, given.get("name", ""), given.get("value", "")))
            case "label":
                self._labels[given.get("for", "")] = words
            case "option" if self._select is not None:
                if "selected" in given or not self._select.value:
                    self._select.value = given.get("value", words)
            case "dt":
                self._term = words
            case "dd":
                self._page.values[self._term] = words
            case "h1":
                self._page.heading = words
            case "title":
                self._page.title = words

    def _add(self, given: dict[str, str], kind: str, value: str) -> _Field:
        made = _Field(
            given.get("name", ""), kind, value, given.get("aria-label", ""), given.get("id", "")
        )
        if self._form is not None and made.name:
            self._form.fields.append(made)
        return made
