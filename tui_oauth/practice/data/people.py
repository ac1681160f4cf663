"""Contacts, companies and what they are sorted by, in Intercom's shapes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tui_oauth.practice.data import words
from tui_oauth.practice.data.templates import Template, inside, spread

if TYPE_CHECKING:
    from tui_oauth.practice.data.dataset import Dataset

WORKSPACE = "aurora01"
KINDS = 1021  # of contacts; a prime, so that kinds and companies do not go together


def contact_id(number: int) -> str:
    """Ids have 24 hexadecimal digits at Intercom; here the number stands in them."""
    return f"66c0{number:020x}"


def company_id(number: int) -> str:
    return f"66d0{number:020x}"


def segment_id(number: int) -> str:
    return f"66e0{number:020x}"


def number_of(kind: Callable[[int], str], text: str) -> int:
    """The number in an id that `kind` made, 0 for any other text."""
    try:
        number = int(text[4:], 16)
    except ValueError:
        return 0
    return number if number >= 0 and kind(number) == text else 0


def admin_id(number: int) -> int:
    return 1000 + number


def kind_of(dataset: Dataset, number: int) -> int:
    """Contacts of one kind differ in what hangs on their number and in their stamps only."""
    return spread(number, dataset.seed) % KINDS


def tags_of(dataset: Dataset, number: int) -> list[int]:
    """The numbers of the tags that a contact has."""
    return some(dataset.count("tags"), spread(kind_of(dataset, number), 1), 4)


def segments_of(dataset: Dataset, number: int) -> list[int]:
    """The numbers of the segments that a contact is in."""
    return some(dataset.count("segments"), spread(kind_of(dataset, number), 2), 3)


def notes_of(dataset: Dataset, number: int) -> range:
    """The numbers of a contact's notes, from 1."""
    return range(1, 1 + spread(kind_of(dataset, number), 4) % 3)


def subscriptions_of(dataset: Dataset, number: int) -> list[int]:
    """The numbers of the subscription types that a contact has."""
    return some(dataset.count("subscription_types"), spread(kind_of(dataset, number), 6), 3)


def company_segments_of(dataset: Dataset, company: int) -> list[int]:
    """The numbers of the segments that a company is in."""
    return some(dataset.count("segments"), spread(company, 12 + dataset.seed), 3)


def company_of(dataset: Dataset, number: int) -> int:
    """The number of the company that a contact belongs to; 0 for one without."""
    companies = dataset.count("companies")
    if not companies or kind_of(dataset, number) % 8 == 0:
        return 0
    return 1 + (number - 1) % companies


def contacts_of(dataset: Dataset, company: int) -> list[int]:
    """The numbers of the contacts of a company."""
    candidates = range(company, dataset.count("contacts") + 1, dataset.count("companies"))
    return [number for number in candidates if company_of(dataset, number)]


def some(count: int, chance: int, below: int) -> list[int]:
    """Fewer than `below` different numbers from 1 to `count`."""
    several = min(chance % below, count)
    first = chance >> 8
    return [1 + (first + place) % count for place in range(several)]


_CONTACT = Template(
    {
        "type": "contact",
        "id": "{id}",
        "workspace_id": WORKSPACE,
        "external_id": "user-{number}",
        "role": "{role}",
        "email": "person{number}@mail.example",
        "email_domain": "mail.example",
        "phone": "#phone",
        "name": "{name}",
        "avatar": None,
        "owner_id": "#owner_id",
        "social_profiles": {"type": "list", "data": []},
        "has_hard_bounced": "#bounced",
        "marked_email_as_spam": False,
        "unsubscribed_from_emails": "#unsubscribed",
        "created_at": "#created_at",
        "updated_at": "#updated_at",
        "signed_up_at": "#created_at",
        "last_seen_at": "#updated_at",
        "last_replied_at": None,
        "last_contacted_at": "#updated_at",
        "last_email_opened_at": None,
        "last_email_clicked_at": None,
        "language_override": None,
        "browser": "{browser}",
        "browser_version": "{browser_version}",
        "browser_language": "{language}",
        "os": "{system}",
        "location": {"type": "location", "country": "{country}", "region": "{region}",
                     "city": "{city}"},
        "custom_attributes": {"plan": "{plan}", "seats": "#seats", "score": "#score"},
        "tags": "#tags",
        "notes": "#notes",
        "companies": "#companies",
    }
)  # fmt: skip


def name_of(dataset: Dataset, number: int) -> str:
    """The name of a contact."""
    chance = spread(kind_of(dataset, number), 5)
    last = words.LAST_NAMES[(chance >> 5) % len(words.LAST_NAMES)]
    return f"{words.FIRST_NAMES[chance % len(words.FIRST_NAMES)]} {last}"


def contact(dataset: Dataset, number: int) -> str:
    kind = kind_of(dataset, number)
    text = dataset.contact_kinds.get(kind) or dataset.contact_kinds.setdefault(
        kind, _kind(dataset, number, spread(kind, 5))
    )
    stamps = dataset.stamps["contacts"]
    # Where the kind has no company, its text has no place for one.
    company = 1 + (number - 1) % (dataset.stamps["companies"].count or 1)
    return text % {
        "id": contact_id(number),
        "number": number,
        "created_at": stamps.created(number),
        "updated_at": stamps.updated(number),
        "company": company_id(company),
    }


def _kind(dataset: Dataset, number: int, chance: int) -> str:
    """The text of all contacts of the kind that this one is of."""
    country, region, city = words.PLACES[(chance >> 11) % len(words.PLACES)]
    admins = dataset.count("admins")
    tags = [
        f'{{"id":"{tag}","type":"tag","url":"/tags/{tag}"}}' for tag in tags_of(dataset, number)
    ]
    notes = [
        f'{{"id":"\0number\0{note}","type":"note","url":"/notes/\0number\0{note}"}}'
        for note in notes_of(dataset, number)
    ]
    company = '{"id":"\0company\0","type":"company","url":"/companies/\0company\0"}'
    return _CONTACT.partly(
        {
            "role": "user" if chance & 3 else "lead",
            "phone": f'"+1555{chance % 10**7:07d}"' if chance & 16 else "null",
            "name": inside(name_of(dataset, number)),
            "owner_id": admin_id(1 + chance % admins) if admins and chance & 64 else "null",
            "bounced": "true" if chance % 97 == 0 else "false",
            "unsubscribed": "true" if chance % 23 == 0 else "false",
            "browser": words.BROWSERS[(chance >> 14) % len(words.BROWSERS)],
            "browser_version": 100 + chance % 40,
            "language": words.LANGUAGES[(chance >> 17) % len(words.LANGUAGES)],
            "system": words.SYSTEMS[(chance >> 19) % len(words.SYSTEMS)],
            "country": inside(country),
            "region": inside(region),
            "city": inside(city),
            "plan": words.PLANS[(chance >> 21) % 4],
            "seats": 1 + (chance >> 7) % 50,
            "score": f"{(chance >> 9) % 1000 / 10:.1f}",
            "tags": _few(tags, "tags"),
            "notes": _few(notes, "notes"),
            "companies": _few([company] if company_of(dataset, number) else [], "companies"),
        }
    )


def _few(items: list[str], which: str) -> str:
    """The list of what belongs to a contact, as it stands in the contact itself."""
    return (
        f'{{"type":"list","data":[{",".join(items)}],"url":"/contacts/\0id\0/{which}",'
        f'"total_count":{len(items)},"has_more":false}}'
    )


_COMPANY = Template(
    {
        "type": "company",
        "id": "{id}",
        "company_id": "customer-{number}",
        "app_id": WORKSPACE,
        "name": "{name}",
        "website": "https://customer-{number}.example",
        "industry": "{trade}",
        "size": "#size",
        "remote_created_at": "#created_at",
        "created_at": "#created_at",
        "updated_at": "#updated_at",
        "last_request_at": "#updated_at",
        "monthly_spend": "#spend",
        "session_count": "#sessions",
        "user_count": "#users",
        "plan": {"type": "plan", "id": "{plan_id}", "name": "{plan}"},
        "tags": {"type": "tag.list", "tags": []},
        "segments": {"type": "segment.list", "segments": []},
        "custom_attributes": {"contract": "C-{number}"},
    }
)


def company(dataset: Dataset, number: int) -> str:
    chance = spread(number, 11 + dataset.seed)
    stamps = dataset.stamps["companies"]
    trade = words.TRADES[(chance >> 4) % len(words.TRADES)]
    return _COMPANY.filled(
        {
            "id": company_id(number),
            "number": number,
            "name": f"{words.LAST_NAMES[chance % len(words.LAST_NAMES)]} {trade}",
            "trade": trade,
            "size": 1 + chance % 300,
            "created_at": stamps.created(number),
            "updated_at": stamps.updated(number),
            "spend": chance % 5000,
            "sessions": (chance >> 6) % 900,
            "users": 1 + (chance >> 9) % 40,
            "plan_id": 1 + (chance >> 21) % 4,
            "plan": words.PLANS[(chance >> 21) % 4],
        }
    )


TEXTS: dict[str, Callable[[Dataset, int], str]] = {
    "contacts": contact,
    "companies": company,
}
