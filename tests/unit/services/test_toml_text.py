"""A service written as a file says what it said."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tui_oauth.practice.played.moved import moved, playable
from tui_oauth.services.catalogue import BUILT_IN, Catalogue
from tui_oauth.services.loading import parse_service
from tui_oauth.services.toml_text import service_text

CATALOGUE = Catalogue()
IDS = sorted(path.stem for path in BUILT_IN.glob("*.toml"))


@pytest.mark.parametrize("service_id", IDS)
def test_what_is_written_reads_the_same(service_id: str) -> None:
    service = Catalogue().get(service_id)
    again = parse_service(service_text(service), "again.toml")
    # The sources of a guide belong to whoever wrote it.
    assert again == replace(service, guide=replace(service.guide, sources=()))


@pytest.mark.parametrize("service_id", [one for one in IDS if playable(CATALOGUE.get(one))])
def test_a_service_that_is_played_here_is_a_proper_one(service_id: str) -> None:
    service = moved(Catalogue().get(service_id), "http://127.0.0.1:8977")
    text = service_text(service)
    assert parse_service(text, "played.toml").token_url == service.token_url
    assert service.token_url.startswith("http://127.0.0.1:8977/")
    assert service.id == f"{service_id}-sandbox"


def test_what_is_here_already_and_what_has_no_address_of_its_own_cannot_be_played() -> None:
    left_out = {one for one in IDS if not playable(Catalogue().get(one))}
    assert left_out == {"custom-oauth2", "practice", "practice-https", "practice-standard"}
