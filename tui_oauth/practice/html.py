"""HTML that cannot be broken by what people type: every text is escaped unless it is `Html`."""

from __future__ import annotations

from html import escape


class Html(str):
    """Markup that was made here. Anything else is text and gets escaped."""

    __slots__ = ()


Child = str | Html | None
_VOID = frozenset({"input", "link", "meta", "br", "hr"})


def element(name: str, /, *children: Child, **attributes: str | bool | int | None) -> Html:
    """`<name attributes>children</name>`.

    An attribute that is False or None is left out, True stands alone; a trailing `_` is dropped
    and other `_` become `-`, so that `class_` and `aria_label` can be written.
    """
    parts = [f"<{name}"]
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        shown = key.rstrip("_").replace("_", "-")
        parts.append(f" {shown}" if value is True else f' {shown}="{escape(str(value))}"')
    parts.append(">")
    if name not in _VOID:
        parts.extend(_child(child) for child in children)
        parts.append(f"</{name}>")
    return Html("".join(parts))


def join(*children: Child) -> Html:
    """The children one after the other, texts escaped."""
    return Html("".join(_child(child) for child in children))


def _child(child: Child) -> str:
    if child is None:
        return ""
    return str(child) if isinstance(child, Html) else escape(child)
