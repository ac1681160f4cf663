"""The practice provider, a visitor for its pages, and a way to call it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from practice_calls import Client, send

from tests.browser import browser as browser
from tests.browser import chromium as chromium
from tui_oauth.practice.application import Application
from tui_oauth.practice.provider import PracticeProvider
from tui_oauth.practice.visitor import Visitor


@pytest.fixture
def client() -> Client:
    return Client(Application())


@pytest.fixture
def provider() -> Iterator[PracticeProvider]:
    with PracticeProvider() as running:
        yield running


@pytest.fixture
def visitor() -> Visitor:
    return Visitor(send)
