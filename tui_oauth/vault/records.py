"""Entries and their secrets as JSON, and back.

What equals its default is left out; what is missing gets its default. That keeps the sealed parts
short and lets this version read records from before a field existed. `schema` stands inside the
sealed `meta` and rises when a field changes its meaning.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from tui_oauth.errors import VaultDamaged
from tui_oauth.model import Entry, EntrySecrets, TokenSet
from tui_oauth.secret import Secret

SCHEMA = 1
META_BLOCK = 64
SECRETS_BLOCK = 256

Built = TypeVar("Built", Entry, EntrySecrets, TokenSet)


class UnreadableRecord(Exception):
    """An authentic record of another shape than ours: a defect, never an attack."""


def entry_text(entry: Entry) -> bytes:
    """The `meta` part of `entry`: everything but its id and revision, which stand beside it."""
    text = _text({"schema": SCHEMA, **_without_defaults(entry, skip=("id", "revision"))})
    return _checked(text, lambda: read_entry(text, entry.id, entry.revision) == entry)


def read_entry(text: bytes, entry_id: str, revision: int) -> Entry:
    """The entry behind `entry_text`. VaultDamaged if a newer tui-oauth wrote it."""
    value = _object(text)
    schema = value.pop("schema", None)
    if isinstance(schema, int) and schema > SCHEMA:
        raise VaultDamaged(
            f"An entry of the vault was written by a newer tui-oauth (schema {schema}).",
            "Update tui-oauth. Nothing was written.",
        )
    return _build(Entry, _ENTRY, {**value, "id": entry_id, "revision": revision})


def secrets_text(secrets: EntrySecrets) -> bytes:
    """The `sec` part of an entry. This is where secrets leave their `Secret`s to be sealed."""
    plain = _without_defaults(secrets, skip=("tokens",))
    if secrets.tokens is not None:
        plain["tokens"] = _without_defaults(secrets.tokens)
    text = _text(plain)
    return _checked(text, lambda: read_secrets(text) == secrets)


def read_secrets(text: bytes) -> EntrySecrets:
    """The secrets behind `secrets_text`."""
    return _build(EntrySecrets, _SECRETS, _object(text))


def pending_text(tokens: TokenSet, sent: Secret) -> bytes:
    """An answer to a refresh that could not be stored, with the refresh token that was `sent`."""
    text = _text({"tokens": _without_defaults(tokens), "sent": sent.reveal()})
    return _checked(text, lambda: read_pending(text) == (tokens, sent))


def read_pending(text: bytes) -> tuple[TokenSet, Secret]:
    """The answer and the sent refresh token behind `pending_text`."""
    value = _object(text)
    return _tokens(value.get("tokens")), _secret(value.get("sent"))


def _checked(text: bytes, reads_back: Callable[[], bool]) -> bytes:
    # A time that is no whole number, say, would be sealed now and not be readable later.
    try:
        same = reads_back()
    except UnreadableRecord:
        same = False
    if not same:
        raise TypeError("a field holds another type of value than the model says")
    return text


def _without_defaults(value: Built, skip: tuple[str, ...] = ()) -> dict[str, object]:
    out: dict[str, object] = {}
    defaults = value._field_defaults
    for name, held in value._asdict().items():
        if name in skip or (name in defaults and held == defaults[name]):
            continue
        out[name] = _plain(held)
    return out


def _plain(value: object) -> object:
    if isinstance(value, Secret):
        return value.reveal()
    if isinstance(value, Mapping):
        return dict(value)
    return list(value) if isinstance(value, tuple) else value


def _text(value: object) -> bytes:
    # ASCII escapes carry any text there is, lone surrogates of a careless provider included.
    return json.dumps(value, separators=(",", ":")).encode("ascii")


def _object(text: bytes) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UnreadableRecord from error
    if not isinstance(value, dict):
        raise UnreadableRecord
    return value


def _words(value: object) -> str:
    if isinstance(value, str):
        return value
    raise UnreadableRecord


def _number(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise UnreadableRecord


def _flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise UnreadableRecord


def _list(value: object) -> tuple[str, ...]:
    if isinstance(value, list):
        return tuple(_words(item) for item in value)
    raise UnreadableRecord


def _mapping(value: object) -> dict[str, str]:
    if isinstance(value, dict):
        return {key: _words(item) for key, item in value.items()}
    raise UnreadableRecord


def _secret(value: object) -> Secret:
    return Secret(_words(value))


def _tokens(value: object) -> TokenSet:
    if isinstance(value, dict):
        return _build(TokenSet, _TOKENS, value)
    raise UnreadableRecord


_Readers = Mapping[str, Callable[[object], object]]

# A value that is None equals its default and is never written, so no reader knows None.
_ENTRY: _Readers = {
    "id": _words,
    "name": _words,
    "service": _words,
    "service_name": _words,
    "created_at": _number,
    "updated_at": _number,
    "revision": _number,
    "variables": _mapping,
    "scopes": _list,
    "callback_url": _words,
    "configured": _flag,
    "authorized": _flag,
    "needs_authorization": _flag,
    "has_refresh_token": _flag,
    "account": _words,
    "account_detail": _words,
    "granted_scopes": _list,
    "issued_at": _number,
    "expires_at": _number,
    "last_error": _words,
    "grant": _words,
    "pinned": _words,
    "client_secret_expires_at": _number,
    "token_file": _flag,
    "programs": _list,
    "refresh_expires_at": _number,
    "first_way": _words,
    "authorized_at": _number,
    "consent_days": _number,
}
_SECRETS: _Readers = {
    "client_id": _words,
    "client_secret": _secret,
    "tokens": _tokens,
    "registration_token": _secret,
    "registration_url": _words,
    "proof_key": _secret,
}
_TOKENS: _Readers = {
    "access_token": _secret,
    "token_type": _words,
    "issued_at": _number,
    "expires_at": _number,
    "refresh_token": _secret,
    "id_token": _secret,
    "scopes": _list,
    "extra": _mapping,
    "refresh_expires_at": _number,
}


def _build(kind: type[Built], readers: _Readers, value: Mapping[str, object]) -> Built:
    try:
        given: dict[str, Any] = {name: readers[name](held) for name, held in value.items()}
        return kind(**given)
    except (KeyError, TypeError) as error:
        raise UnreadableRecord from error
