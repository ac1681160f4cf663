"""A vault with a key file in the test's own home."""

from __future__ import annotations

from pathlib import Path

import pytest
from vault_helpers import places_of

from tui_oauth.paths import Places
from tui_oauth.vault import Vault, create_vault


@pytest.fixture
def spots(home: Path) -> Places:
    return places_of(home)


@pytest.fixture
def vault(spots: Places) -> Vault:
    return create_vault(spots)
