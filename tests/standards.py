"""Services of one's own made of the practice provider's standard endpoints, with what a test wants on."""

from __future__ import annotations

from tests.stage import Stage
from tui_oauth.model import Entry
from tui_oauth.services.catalogue import Catalogue

BASE = "practice-standard"


def service_like(
    stage: Stage, name: str, *changes: tuple[str, str], extensions: str = "", base: str = BASE
) -> str:
    """Add the service `practice-NAME`: the one of `base` after `changes` to its text; its id.

    `extensions` are further lines of its table of that name.
    """
    from importlib.resources import files

    text = (files("tui_oauth") / "services" / "data" / f"{base}.toml").read_text("utf-8")
    if "[extensions]\n" not in text:
        text += "\n[extensions]\n"
    made = f"practice-{name}"
    for old, new in (
        (f'id = "{base}"', f'id = "{made}"'),
        ("[extensions]\n", f"[extensions]\n{extensions}\n"),
        *changes,
    ):
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    folder = stage.workspace.places.own_services
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{made}.toml").write_text(text, "utf-8")
    stage.workspace.__dict__["catalogue"] = Catalogue(folder)
    return made


def held_id_token(stage: Stage, entry: Entry) -> str:
    """The ID token that the vault has for `entry`; empty without one."""
    tokens = stage.workspace.vault.secrets(stage.workspace.vault.get(entry.id)).tokens
    assert tokens is not None
    return tokens.id_token.reveal() if tokens.id_token else ""


PROBE = (
    '[identity_probe]\nurl = "http://127.0.0.1:{port}/api"\nname_path = "workspace"\n'
    'detail_path = "person.email"\n'
)
WITHOUT_PROBE = (PROBE, "")
JWKS = 'jwks_url = "http://127.0.0.1:{port}/oauth/jwks"\n'
WITHOUT_KEYS = (JWKS, "")
