"""A service that an entry carries itself."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tui_oauth.errors import InvalidService
from tui_oauth.services.catalogue import BUILT_IN, Catalogue
from tui_oauth.services.format import Extensions, Guide
from tui_oauth.services.pinned import pin, unpin

IDS = sorted(path.stem for path in Path(BUILT_IN).glob("*.toml"))


@pytest.mark.parametrize("service_id", IDS)
def test_what_was_pinned_comes_back(service_id: str) -> None:
    service = Catalogue().get(service_id)
    assert unpin(pin(service)) == replace(service, guide=Guide(), aliases=())


def test_extensions_are_pinned_too() -> None:
    offered = Extensions(
        par_url="https://as.example/par",
        par_required=True,
        iss_parameter=True,
        jwks_url="https://as.example/jwks",
        registration_url="https://as.example/register",
        resource=("https://api.example/mcp",),
        dpop=True,
        client_id_metadata_document=True,
    )
    service = replace(Catalogue().get("gitlab"), extensions=offered, issuer="https://as.example")
    assert unpin(pin(service)).extensions == offered


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "[" * 100_000,
        '{"id": "a", "name": "A", "token_url": "http://as.example/token"}',
        '{"id": "a", "name": "A", "token_url": "https://as.example/t", "surprise": "1"}',
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(InvalidService):
        unpin(text)
