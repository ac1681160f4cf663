"""Two versions of one entry: what differs, what is suggested, and what comes of a choice."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tui_oauth.conflicts import (
    CHANGED,
    NONE,
    SAME,
    Difference,
    Draft,
    Side,
    Version,
    differences,
    ends_authorization,
    merged,
    needs_choice,
    suggested,
)
from tui_oauth.model import Entry, EntrySecrets
from tui_oauth.secret import Secret
from tui_oauth.services.fields import CLIENT_ID, CLIENT_SECRET, SCOPES, Field

FIELDS = (
    Field(CLIENT_ID, "Client ID"),
    Field(CLIENT_SECRET, "Client secret", secret=True),
    Field("region", "Region", default="us"),
    Field(SCOPES, "Scopes", default="read"),
)
BASE = Version(
    Entry("a" * 32, "work", "crm", "CRM", 1, 1, revision=3, variables={"region": "us"}),
    EntrySecrets("id-0", Secret("secret-0")),
)
UNTOUCHED = Draft("id-0", None, None, {"region": "us"})


def theirs(
    client_id: str = "id-0",
    secret: Secret | None = BASE.held.client_secret,
    region: str = "us",
    scopes: tuple[str, ...] | None = None,
    authorized: bool = False,
) -> Version:
    """What another process stored meanwhile."""
    entry = BASE.entry._replace(
        revision=4,
        variables={"region": region},
        scopes=scopes,
        authorized=authorized,
    )
    return Version(entry, EntrySecrets(client_id, secret))


def compared(draft: Draft, current: Version) -> list[Difference]:
    return differences(FIELDS, BASE, draft, current)


def names(found: list[Difference]) -> list[str]:
    return [one.name for one in found]


def test_a_refresh_or_a_new_name_elsewhere_is_no_conflict() -> None:
    current = Version(BASE.entry._replace(revision=9, name="other", authorized=True), BASE.held)
    found = compared(replace(UNTOUCHED, client_id="mine"), current)
    assert names(found) == [CLIENT_ID]
    assert not needs_choice(found)
    assert suggested(found) == {CLIENT_ID: Side.MINE}


def test_what_only_they_changed_is_suggested_as_theirs() -> None:
    current = theirs("id-theirs", Secret("other"), "eu", ("write",))
    found = compared(UNTOUCHED, current)
    assert names(found) == [CLIENT_ID, CLIENT_SECRET, "region", SCOPES]
    assert needs_choice(found)
    assert set(suggested(found).values()) == {Side.THEIRS}
    draft = merged(UNTOUCHED, BASE, current, found, suggested(found))
    assert draft == Draft("id-theirs", None, None, {"region": "eu"})


def test_what_both_changed_is_suggested_as_mine_and_can_be_theirs() -> None:
    draft = Draft("mine", Secret("my-secret"), ("a", "b"), {"region": "au"})
    current = theirs("id-theirs", Secret("other"), "eu", ("write",))
    found = compared(draft, current)
    assert set(suggested(found).values()) == {Side.MINE}
    assert merged(draft, BASE, current, found, suggested(found)) == draft
    sides = dict.fromkeys(names(found), Side.THEIRS)
    after = merged(draft, BASE, current, found, sides)
    assert after == Draft("id-theirs", None, None, {"region": "eu"})


def test_each_field_is_chosen_by_itself() -> None:
    draft = Draft("mine", Secret("my-secret"), None, {"region": "au"})
    current = theirs("id-theirs", Secret("other"), "eu")
    found = compared(draft, current)
    sides = {CLIENT_ID: Side.THEIRS, CLIENT_SECRET: Side.MINE, "region": Side.THEIRS}
    after = merged(draft, BASE, current, found, sides)
    assert after == Draft("id-theirs", Secret("my-secret"), None, {"region": "eu"})


def test_my_side_of_an_untouched_secret_puts_the_old_one_back() -> None:
    current = theirs(secret=Secret("other"))
    found = compared(UNTOUCHED, current)
    after = merged(UNTOUCHED, BASE, current, found, {CLIENT_SECRET: Side.MINE})
    assert after.client_secret == Secret("secret-0")


def test_my_side_of_untouched_scopes_puts_the_old_ones_back() -> None:
    current = theirs(scopes=("write",))
    found = compared(UNTOUCHED, current)
    assert [(one.mine, one.theirs) for one in found] == [("read", "write")]
    assert merged(UNTOUCHED, BASE, current, found, {SCOPES: Side.MINE}).scopes == ("read",)


def test_the_same_change_on_both_sides_is_no_difference() -> None:
    draft = Draft("new", Secret("new-secret"), ("a",), {"region": "eu"})
    assert compared(draft, theirs("new", Secret("new-secret"), "eu", ("a",))) == []


@pytest.mark.parametrize(
    ("typed", "stored", "said"),
    [
        (Secret("mine"), Secret("other"), (CHANGED, CHANGED)),
        (None, Secret("other"), (SAME, CHANGED)),
        (Secret("mine"), Secret("secret-0"), (CHANGED, SAME)),
        (Secret("mine"), None, (CHANGED, NONE)),
    ],
)
def test_secrets_are_only_said_to_be_changed_or_not(
    typed: Secret | None, stored: Secret | None, said: tuple[str, str]
) -> None:
    (found,) = compared(replace(UNTOUCHED, client_secret=typed), theirs(secret=stored))
    assert found.secret
    assert (found.mine, found.theirs) == said
    assert "secret-0" not in repr(found)


def test_a_variable_that_the_entry_leaves_open_has_the_person_s_own_default() -> None:
    base = Version(BASE.entry._replace(variables={}), BASE.held)
    current = Version(base.entry._replace(revision=4), base.held)
    draft = replace(UNTOUCHED, variables={"region": "eu"})
    assert differences(FIELDS, base, draft, current, {"region": "eu"}) == []
    assert names(differences(FIELDS, base, draft, current)) == ["region"]


@pytest.mark.parametrize(
    ("draft", "authorized", "ends"),
    [
        (replace(UNTOUCHED, client_id="mine"), True, True),
        (replace(UNTOUCHED, variables={"region": "au"}), True, True),
        (replace(UNTOUCHED, client_secret=Secret("x"), scopes=("x",)), True, False),
        (replace(UNTOUCHED, client_id="mine"), False, False),
    ],
)
def test_whether_a_choice_ends_what_is_authorized(
    draft: Draft, authorized: bool, ends: bool
) -> None:
    current = theirs(authorized=authorized)
    found = compared(draft, current)
    assert ends_authorization(found, suggested(found), current) is ends
    sides = dict.fromkeys(names(found), Side.THEIRS)
    assert not ends_authorization(found, sides, current)
