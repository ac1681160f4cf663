"""Search: what people type, and the order of what they get."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from tui_oauth.services.catalogue import Catalogue
from tui_oauth.services.listing import Listing
from tui_oauth.services.search import search, used_first


def ids(query: str) -> list[str]:
    return [service.id for service in Catalogue().search(query)]


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("intercom", "intercom"),
        ("INTER", "intercom"),
        ("gh", "github"),
        ("git", "github"),
        ("gitl", "gitlab"),
        ("msft", "microsoft"),
        ("azure", "microsoft"),
        ("qbo", "quickbooks-online"),
        ("quick books", "quickbooks-online"),
        ("online books", "quickbooks-online"),
        ("quickbooks-online", "quickbooks-online"),
        ("sfdc", "salesforce"),
        ("slck", "slack"),
        ("zd", "zendesk"),
        ("custom", "custom-oauth2"),
        ("demo", "practice"),
        ("  intercom  ", "intercom"),
        ("íntercom", "intercom"),
    ],
)
def test_the_first_one_is_the_one_meant(query: str, first: str) -> None:
    assert ids(query)[0] == first


def test_a_category_finds_its_services() -> None:
    found = ids("crm")
    assert found[0] == "zoho-crm"  # its name says so
    of_category = {one.id for one in Catalogue().all() if one.category == "crm"}
    assert {"hubspot", "salesforce", "close"} <= of_category <= set(found)
    assert {"quickbooks-online", "xero", "datev"} <= set(ids("accounting"))


def test_an_empty_query_gives_all_in_their_order() -> None:
    catalogue = Catalogue()
    assert tuple(catalogue.search("")) == catalogue.all()
    assert tuple(catalogue.search(" - ")) == catalogue.all()


@pytest.mark.parametrize("query", ["zzzz", "qqq", "[bold]xx", "\x1b[2Jzz", "x" * 5000])
def test_what_fits_nothing_finds_nothing(query: str) -> None:
    assert ids(query) == []


def test_prefix_comes_before_part_before_letters() -> None:
    plain = Listing(id="x", name="x", category="generic")
    services = [
        replace(plain, id="l", name="Nordic Eaten Things"),
        replace(plain, id="p", name="Planet"),
        replace(plain, id="c", name="Acme", category="net"),
        replace(plain, id="w", name="Acme Net"),
        replace(plain, id="s", name="Netlify"),
        replace(plain, id="e", name="Net"),
    ]
    assert [one.id for one in search(services, "net")] == ["e", "s", "w", "p", "c", "l"]


def test_three_hundred_services_are_searched_between_two_keystrokes() -> None:
    plain = Listing(id="x", name="x", category="generic")
    services = [
        replace(plain, id=f"service-{n}", name=f"Service number {n}", aliases=(f"sn{n}",))
        for n in range(300)
    ]
    search(services, "warm up")
    best = min(_seconds(services, query) for query in ("s", "number 29", "svcnmb", "zz") * 3)
    assert best < 0.02
    assert search(services, "sn299")[0].id == "service-299"


def _seconds(services: list[Listing], query: str) -> float:
    begun = time.perf_counter()
    search(services, query)
    return time.perf_counter() - begun


def test_those_that_are_used_come_first_in_their_order() -> None:
    everything = Catalogue().all()
    found = [one.id for one in used_first(everything, ["xero", "intercom", "gone"])]
    assert found[:2] == ["xero", "intercom"]
    rest = [one.id for one in everything if one.id not in {"xero", "intercom"}]
    assert found[2:] == rest
