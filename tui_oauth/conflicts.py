"""Two people, or two windows, changed one entry: both versions field by field, and one of them.

Configure OAuth knows three states of an entry: as the form was opened (`base`), what the person
wants (`Draft`), and what another process stored meanwhile (`current`). Fields that only one side
changed are suggested as that side has them; which one counts is the person's choice where the
other process changed something. Secrets are compared and never shown.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from tui_oauth.model import Entry, EntrySecrets
from tui_oauth.secret import Secret
from tui_oauth.services.fields import CLIENT_ID, CLIENT_SECRET, SCOPES, Field

CHANGED = "changed"
SAME = "as it was"
NONE = "none"


class Side(enum.StrEnum):
    """Whose value of a field counts."""

    MINE = "mine"
    THEIRS = "theirs"


@dataclass(frozen=True, slots=True)
class Version:
    """An entry with its secrets, as it stood at one revision."""

    entry: Entry
    held: EntrySecrets


@dataclass(frozen=True, slots=True)
class Draft:
    """What a form asks for. A secret or scopes that are None stay as the vault has them."""

    client_id: str
    client_secret: Secret | None
    scopes: tuple[str, ...] | None
    variables: Mapping[str, str]


class Difference(NamedTuple):
    """A field in which the two versions differ. For a secret, `mine` and `theirs` only say whether
    that side changed it.
    """

    name: str
    label: str
    mine: str
    theirs: str
    i_changed: bool
    they_changed: bool
    secret: bool = False

    @property
    def suggested(self) -> Side:
        """The side that changed the field; mine where both did."""
        return Side.MINE if self.i_changed else Side.THEIRS


class Resolution(NamedTuple):
    """What the person chose: a side for each field, or to begin again from what is stored."""

    sides: dict[str, Side]
    reload: bool = False


def differences(
    fields: Sequence[Field],
    base: Version,
    draft: Draft,
    current: Version,
    defaults: Mapping[str, str] | None = None,
) -> list[Difference]:
    """The fields in which what the person wants is not what the vault holds now.

    `defaults` are the person's own values for variables that an entry leaves open.
    """
    found = []
    for field in fields:
        if field.secret:
            difference = _secret_difference(field, base, draft, current)
        else:
            before, theirs = _text(field, base, defaults), _text(field, current, defaults)
            mine = _wanted(field, draft, before)
            changed = mine != before, theirs != before
            difference = (
                Difference(field.name, field.label, mine, theirs, *changed)
                if mine != theirs
                else None
            )
        if difference is not None:
            found.append(difference)
    return found


def needs_choice(found: Sequence[Difference]) -> bool:
    """Whether the other process changed a field that would now be lost or taken over unseen."""
    return any(difference.they_changed for difference in found)


def suggested(found: Sequence[Difference]) -> dict[str, Side]:
    """What to begin with: each field as the side has it that changed it."""
    return {difference.name: difference.suggested for difference in found}


def ends_authorization(
    found: Sequence[Difference], sides: Mapping[str, Side], current: Version
) -> bool:
    """Whether this choice ends what is authorized now: tokens belong to client ID and variables."""
    return current.entry.authorized and any(
        sides[one.name] is Side.MINE and not one.secret and one.name != SCOPES for one in found
    )


def merged(
    draft: Draft,
    base: Version,
    current: Version,
    found: Sequence[Difference],
    sides: Mapping[str, Side],
) -> Draft:
    """The draft with the chosen side of each difference, to be stored at the current revision."""
    for one in found:
        mine = sides[one.name] is Side.MINE
        if one.name == CLIENT_ID:
            draft = replace(draft, client_id=one.mine if mine else one.theirs)
        elif one.name == CLIENT_SECRET:
            secret = draft.client_secret or base.held.client_secret or Secret("")
            draft = replace(draft, client_secret=secret if mine else None)
        elif one.name == SCOPES:
            draft = replace(draft, scopes=tuple(one.mine.split()) if mine else None)
        else:
            value = one.mine if mine else one.theirs
            draft = replace(draft, variables={**draft.variables, one.name: value})
    return draft


def _secret_difference(
    field: Field, base: Version, draft: Draft, current: Version
) -> Difference | None:
    before, theirs = base.held.client_secret, current.held.client_secret
    mine = draft.client_secret or before
    if mine == theirs:
        return None
    i_changed, they_changed = mine != before, theirs != before
    return Difference(
        field.name,
        field.label,
        _said(mine, i_changed),
        _said(theirs, they_changed),
        i_changed,
        they_changed,
        secret=True,
    )


def _said(secret: Secret | None, changed: bool) -> str:
    if secret is None:
        return NONE
    return CHANGED if changed else SAME


def _text(field: Field, version: Version, defaults: Mapping[str, str] | None) -> str:
    """The value of a field as the form shows it."""
    if field.name == CLIENT_ID:
        return version.held.client_id
    if field.name == SCOPES:
        scopes = version.entry.scopes
        return field.default if scopes is None else " ".join(scopes)
    return version.entry.variables.get(field.name) or (defaults or {}).get(
        field.name, field.default
    )


def _wanted(field: Field, draft: Draft, before: str) -> str:
    if field.name == CLIENT_ID:
        return draft.client_id
    if field.name == SCOPES:
        return before if draft.scopes is None else " ".join(draft.scopes)
    return draft.variables.get(field.name, before)
