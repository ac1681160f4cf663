"""Articles in their collections, news and newsfeeds, in Intercom's shapes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tui_oauth.practice.data import people, words
from tui_oauth.practice.data.templates import Template, spread

if TYPE_CHECKING:
    from tui_oauth.practice.data.dataset import Dataset


def stamped(dataset: Dataset, resource: str, number: int) -> dict[str, object]:
    """What rows say of their number and times."""
    stamps = dataset.stamps[resource]
    return {
        "number": number,
        "created_at": stamps.created(number),
        "updated_at": stamps.updated(number),
    }


_ARTICLE = Template(
    {
        "type": "article",
        "id": "{number}",
        "workspace_id": people.WORKSPACE,
        "title": "{title}",
        "description": "",
        "body": "<p>{title}</p>",
        "author_id": "#author",
        "state": "{state}",
        "parent_id": "#parent",
        "parent_type": "collection",
        "parent_ids": ["#parent"],
        "tags": {"type": "tag.list", "tags": []},
        "url": "https://help.practice.example/en/articles/{number}",
        "created_at": "#created_at",
        "updated_at": "#updated_at",
    }
)


def article(dataset: Dataset, number: int) -> str:
    chance = spread(number, 42 + dataset.seed)
    return _ARTICLE.filled(
        {
            **stamped(dataset, "articles", number),
            "title": f"About {words.TRADES[chance % len(words.TRADES)].lower()}, part {number}",
            "author": people.admin_id(1 + chance % max(1, dataset.count("admins"))),
            "state": "published" if chance % 5 else "draft",
            "parent": 1 + chance % max(1, dataset.count("collections")),
        }
    )


_COLLECTION = Template(
    {
        "id": "{number}",
        "workspace_id": people.WORKSPACE,
        "name": "{name}",
        "description": None,
        "url": "https://help.practice.example/collections/{number}",
        "icon": "bookmark",
        "order": "#number",
        "parent_id": None,
        "help_center_id": 1,
        "created_at": "#created_at",
        "updated_at": "#updated_at",
    }
)


def collection(dataset: Dataset, number: int) -> str:
    name = words.TRADES[(number - 1) % len(words.TRADES)]
    return _COLLECTION.filled({**stamped(dataset, "collections", number), "name": name})


_NEWS = Template(
    {
        "type": "news-item",
        "id": "{number}",
        "workspace_id": people.WORKSPACE,
        "title": "{title}",
        "body": "<p>{title}</p>",
        "sender_id": "#sender",
        "state": "{state}",
        "labels": ["{label}"],
        "cover_image_url": None,
        "reactions": ["👍", None],
        "deliver_silently": False,
        "newsfeed_assignments": [],
        "created_at": "#created_at",
        "updated_at": "#updated_at",
    }
)


def news_item(dataset: Dataset, number: int) -> str:
    chance = spread(number, 43 + dataset.seed)
    trade = words.TRADES[chance % len(words.TRADES)]
    return _NEWS.filled(
        {
            **stamped(dataset, "news_items", number),
            "title": f"New {trade.lower()} in {words.PLACES[chance % len(words.PLACES)][2]}",
            "sender": people.admin_id(1 + chance % max(1, dataset.count("admins"))),
            "state": "live" if chance % 4 else "draft",
            "label": trade,
        }
    )


_NEWSFEED = Template(
    {
        "type": "newsfeed",
        "id": "{number}",
        "name": "Feed {number}",
        "created_at": "#created_at",
        "updated_at": "#updated_at",
    }
)


def newsfeed(dataset: Dataset, number: int) -> str:
    return _NEWSFEED.filled(stamped(dataset, "newsfeeds", number))


TEXTS: dict[str, Callable[[Dataset, int], str]] = {
    "articles": article,
    "collections": collection,
    "news_items": news_item,
    "newsfeeds": newsfeed,
}
