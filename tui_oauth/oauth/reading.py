"""Reading what a provider sent: strict JSON, dotted paths, texts that may be shown.

A body is outside data of any shape. Every way in which it can be wrong ends as one
`Unreadable` with a few words, never as some other exception (checklist rule 78).
"""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import urlsplit

from tui_oauth.text import neutralise

EXCERPT_LENGTH = 200
_TOKEN_LIKE = re.compile(r"[A-Za-z0-9_\-.+~=]{20,}")
_MARKUP = re.compile(r"<(script|style)\b.*?</\1\s*>|<[^>]*>", re.DOTALL | re.IGNORECASE)


class Unreadable(ValueError):
    """The body is not JSON as RFC 8259 wants it; the text says what is wrong with it."""


def parse_json(body: bytes) -> Any:
    """The JSON value in `body`: UTF-8 (a byte order mark is tolerated), no member twice, no NaN.

    Raises Unreadable for everything else, too deep nesting and absurdly long numbers included.
    """
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unreadable("it is not UTF-8") from None
    if not text.strip():
        raise Unreadable("it is empty")
    try:
        return json.loads(text, object_pairs_hook=_object, parse_constant=_no_constant)
    except Unreadable:
        raise
    except RecursionError:
        raise Unreadable("it is nested too deep") from None
    except ValueError:
        raise Unreadable("it is not JSON") from None


def at_path(document: Any, path: str) -> Any:
    """What `document` holds at the dotted `path`, numbers indexing lists; None when absent.

    A member whose name has dots in it is found by its whole name first.
    """
    if not path:
        return None
    if isinstance(document, dict) and path in document:
        return document[path]
    current = document
    for step in path.split("."):
        if isinstance(current, dict):
            current = current.get(step)
        elif isinstance(current, list) and step.isascii() and step.isdigit() and len(step) < 7:
            index = int(step)
            current = current[index] if index < len(current) else None
        else:
            return None
    return current


def scalar(value: Any) -> str:
    """A text, number or truth value as text; empty for anything else."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, int, float)):
        return str(value)
    return ""


def masked(text: str) -> str:
    """`text` without long runs of letters and digits: a provider may repeat a secret in an error."""
    return _TOKEN_LIKE.sub(_mask, text)


def said(text: object, limit: int = EXCERPT_LENGTH) -> str:
    """A provider's own words, safe to show: masked, neutralised, on one line."""
    return neutralise(" ".join(masked(str(text)[: limit * 8]).split()), limit)


def excerpt(body: bytes) -> str:
    """The beginning of an answer that was not understood, in at most 200 characters, no markup."""
    text = body[: EXCERPT_LENGTH * 40].decode("utf-8", "replace")
    return said(_MARKUP.sub(" ", text))


def looks_like_html(body: bytes, content_type: str) -> bool:
    """Whether a person would call this a web page."""
    start = body[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return "html" in content_type.lower() or start.startswith((b"<!doctype", b"<html", b"<?xml"))


def host_in(location: str) -> str:
    """The host (and port) that a Location header points to, neutralised; empty when relative."""
    try:
        return neutralise(urlsplit(location).netloc.rpartition("@")[2], 100)
    except ValueError:
        return ""


def _mask(match: re.Match[str]) -> str:
    run = match[0]
    mixed = any(char.isdigit() for char in run) and any(char.isalpha() for char in run)
    return "…" if mixed else run


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise Unreadable("it names a member twice")
    return made


def _no_constant(name: str) -> Any:
    raise Unreadable(f"it holds {name}, which JSON has not")
