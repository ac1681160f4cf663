"""Tags, segments, and the admins in their teams, in Intercom's shapes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tui_oauth.practice.data import words
from tui_oauth.practice.data.people import admin_id, segment_id, some
from tui_oauth.practice.data.templates import Template, inside, spread

if TYPE_CHECKING:
    from tui_oauth.practice.data.dataset import Dataset

_TAG = Template({"type": "tag", "id": "{number}", "name": "{name}"})


def tag(dataset: Dataset, number: int) -> str:
    name = words.TAGS[(number - 1) % len(words.TAGS)]
    again = (number - 1) // len(words.TAGS)
    return _TAG.filled({"number": number, "name": f"{name} {again + 1}" if again else name})


_SEGMENT = Template(
    {
        "type": "segment",
        "id": "{id}",
        "name": "{name}",
        "created_at": "#created_at",
        "updated_at": "#updated_at",
        "person_type": "{person}",
    }
)


def segment(dataset: Dataset, number: int) -> str:
    stamps = dataset.stamps["segments"]
    return _SEGMENT.filled(
        {
            "id": segment_id(number),
            "name": f"{words.PLANS[number % 4]} in {words.PLACES[number % len(words.PLACES)][2]}",
            "created_at": stamps.created(number),
            "updated_at": stamps.updated(number),
            "person": "user" if number % 3 else "lead",
        }
    )


_ADMIN = Template(
    {
        "type": "admin",
        "id": "{id}",
        "name": "{name}",
        "email": "admin{number}@practice.example",
        "job_title": "#job",
        "away_mode_enabled": "#away",
        "away_mode_reassign": False,
        "has_inbox_seat": True,
        "team_ids": "#teams",
    }
)


def admin(dataset: Dataset, number: int) -> str:
    teams = [
        str(team)
        for team in range(1, dataset.count("teams") + 1)
        if number in members_of(dataset, team)
    ]
    return _ADMIN.filled({**admin_values(number), "teams": f"[{','.join(teams)}]"})


def members_of(dataset: Dataset, team: int) -> list[int]:
    """The numbers of the admins in a team."""
    return some(dataset.count("admins"), spread(team, 21 + dataset.seed), 4)


def admin_values(number: int) -> dict[str, object]:
    """What other rows say of an admin as well."""
    return {
        "id": admin_id(number),
        "number": number,
        "name": inside(
            f"{words.FIRST_NAMES[-number % len(words.FIRST_NAMES)]} "
            f"{words.LAST_NAMES[number % len(words.LAST_NAMES)]}"
        ),
        "job": '"Support"' if number % 3 else "null",
        "away": "true" if number % 4 == 0 else "false",
    }


_TEAM = Template({"type": "team", "id": "{number}", "name": "{name}", "admin_ids": "#admins"})


def team(dataset: Dataset, number: int) -> str:
    admins = [str(admin_id(each)) for each in members_of(dataset, number)]
    name = words.TRADES[(number - 1) % len(words.TRADES)]
    return _TEAM.filled({"number": number, "name": name, "admins": f"[{','.join(admins)}]"})


TEXTS: dict[str, Callable[[Dataset, int], str]] = {
    "tags": tag,
    "segments": segment,
    "admins": admin,
    "teams": team,
}
