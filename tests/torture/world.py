"""A home with a filled vault, copied for each blow; what state it is in, and what lies about in it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tui_oauth.model import Entry, EntrySecrets, TokenSet, with_tokens
from tui_oauth.paths import Places, places
from tui_oauth.practice.behaviour import Behaviour
from tui_oauth.practice.provider import PracticeProvider
from tui_oauth.practice.records import Wanted
from tui_oauth.secret import Secret
from tui_oauth.vault import Vault, create_vault, open_vault

FULL = os.environ.get("TUI_OAUTH_TORTURE", "") == "full"
"""Whether to do all of it; otherwise a bounded part, for every run of the tests."""

ROOT = Path(__file__).parents[2]
REUSABLE = Behaviour(refresh_tokens=True, expires_in=3600)
_KEPT = re.compile(
    r"\.local/share/tui-oauth/(vault\.(json|lock|json(\.[0-9TZ-]+)?\.bak)|locks/[0-9a-f]{32}\.lock)"
    r"|\.config/tui-oauth/(config\.toml|(vault|second)\.key)"
    r"|\.local/state/tui-oauth/(last-seen\.json|audit\.log)"
    r"|(bundle|secret|backup)\.[a-z]+"
)


@dataclass
class Command:
    """One command that changes the vault: its arguments below `tui-oauth`, and its standard input."""

    name: str
    argv: list[str]
    stdin: str | None = None


COMMANDS = [
    Command("create", ["create", "new", "--service", "practice", "--set", "port=1"]),
    Command("discover", ["create", "found", "--discover", "PROVIDER", "--no-register"]),
    Command(
        "configure",
        ["configure", "other", "--client-id", "id-2", "--client-secret-stdin"],
        "another-secret\n",
    ),
    Command("rename", ["rename", "other", "renamed"]),
    Command("revoke", ["revoke", "work"]),
    Command("delete", ["delete", "other", "--yes"]),
    Command("refresh", ["refresh", "work"]),
    Command("token", ["token", "ended"]),
    Command("import", ["import", "bundle.json"]),
    Command("key add", ["vault", "key", "add", "key-file", "second.key"]),
    Command("agent file", ["agent", "file", "other"]),
    Command("agent allow", ["agent", "allow", "other", "/bin/sh"]),
    Command("rekey", ["vault", "rekey", "--yes"]),
]


@dataclass
class World:
    """The template home, and the means to strike copies of it."""

    folder: Path
    provider: PracticeProvider
    copies: int = 0
    template: Path = field(init=False)

    def __post_init__(self) -> None:
        self.template = self.folder / "template"
        self.template.mkdir(mode=0o700)
        _fill(self.template, self.provider)

    def copy(self) -> Path:
        """A home that is like the template."""
        self.copies += 1
        home = self.folder / f"home-{self.copies}"
        shutil.copytree(self.template, home, copy_function=shutil.copy2)
        return home

    def environ(self, home: Path) -> dict[str, str]:
        kept = {
            name: os.environ[name] for name in ("PATH", "LANG", "PYTHONPATH") if name in os.environ
        }
        return {**kept, "HOME": str(home)}

    def arguments(self, home: Path, command: Command) -> list[str]:
        named = {
            "PROVIDER": self.provider.url,
            "bundle.json": home / "bundle.json",
            "second.key": spots(home).key_file.with_name("second.key"),
        }
        return [str(named.get(word, word)) for word in command.argv]


def spots(home: Path) -> Places:
    return places({"HOME": str(home)})


def state(home: Path) -> dict[str, Any]:
    """What the vault in `home` holds, without times and random numbers; everything is opened.

    Tokens that the template does not have are all alike, since a provider makes them up.
    """
    vault = open_vault(spots(home), {})
    found: dict[str, Any] = {}
    for entry in vault.entries():
        held = vault.secrets(entry)
        tokens = held.tokens.access_token.reveal() if held.tokens else ""
        secret = held.client_secret.reveal() if held.client_secret else ""
        known = (
            tokens if tokens in {"", "old-token", "ended-token", "untouched-token"} else "a new one"
        )
        found[entry.name] = (
            entry.service,
            held.client_id,
            secret,
            known,
            entry.needs_authorization,
            entry.token_file,
            entry.programs,
        )
    return {"entries": found, "slots": len(vault.header.slots), "key": vault.data_key.hex()}


def which(found: dict[str, Any], old: dict[str, Any], new: dict[str, Any]) -> str:
    """Whether `found` is the state before a command (`old`) or after it, or neither."""
    if found == old:
        return "old"
    # A new data key is another one each time; what counts is whether there is one.
    rekeyed = [each["key"] != old["key"] for each in (found, new)]
    contents = [{**each, "key": ""} for each in (found, new)]
    return "new" if rekeyed[0] == rekeyed[1] and contents[0] == contents[1] else "neither"


def debris(home: Path) -> set[str]:
    """Files in `home` that nobody needs: leftovers, and what belongs to entries that are gone."""
    ids = {entry.id for entry in open_vault(spots(home), {}).entries()}
    out = set()
    for path in home.rglob("*"):
        name = str(path.relative_to(home))
        if path.is_dir():
            continue
        if not _KEPT.fullmatch(name) or (path.parent.name == "locks" and path.stem not in ids):
            out.add(name)
    return out


def write_once_more(home: Path) -> None:
    """What anybody does next with the vault: one more entry, and one less."""
    vault = open_vault(spots(home), {})
    vault.remove(vault.add(_entry("afterwards")).id)


class Server:
    """The fork server of `injector.py`."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("injector.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        assert self._answer() == "ready"

    def run(self, environ: dict[str, str], argv: list[str], **more: Any) -> dict[str, Any]:
        """Run one command; `fault` and `at` as in `injector.py`."""
        assert self._process.stdin is not None
        job = {"environ": environ, "argv": argv, **more}
        print(json.dumps(job), file=self._process.stdin, flush=True)
        answer: dict[str, Any] = json.loads(self._answer())
        return answer

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(20)
        self._process.stdout.close()

    def _answer(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().rstrip("\n")


def _entry(name: str, **more: Any) -> Entry:
    return Entry(
        id="", name=name, service="practice", service_name="Practice provider",
        created_at=1_700_000_000, updated_at=1_700_000_000, **more,
    )  # fmt: skip


def _fill(home: Path, provider: PracticeProvider) -> None:
    """Entries: `work` and `ended` can be refreshed, `other` is configured, `untouched` stays so."""
    provider.application.behaviour = REUSABLE
    place = spots(home)
    place.settings.parent.mkdir(parents=True, mode=0o700)
    place.settings.write_text(f'[defaults.practice]\nport = "{provider.port}"\n')
    vault = create_vault(place)
    _add_authorized(vault, provider, "work", "old-token", ends_in=86_400)
    _add_authorized(vault, provider, "ended", "ended-token", ends_in=-10)
    other = vault.add(_entry("other", configured=True), EntrySecrets("id-1", Secret("a-secret")))
    with vault.entry_lock(other.id):
        pass  # its lock stays, and goes with it
    untouched = TokenSet(Secret("untouched-token"), "Bearer", 1_700_000_000, None)
    vault.add(
        with_tokens(_entry("untouched", configured=True), untouched, 1_700_000_000),
        EntrySecrets("id-3", Secret("untouched-secret"), untouched),
    )
    imported = vault.add(_entry("imported"))
    bundle = home / "bundle.json"
    bundle.write_bytes(place.vault.read_bytes())
    bundle.chmod(0o600)
    vault.remove(imported.id)


def _add_authorized(
    vault: Vault, provider: PracticeProvider, name: str, token: str, ends_in: int
) -> None:
    import time

    link = "http://127.0.0.1:8976/callback"
    app = provider.register(name, link)
    store = provider.application.store
    code = store.consent(app, app.workspace, link, "")
    granted = store.exchange(
        app, code, verifier="", redirect_uri=None, wanted=Wanted(3600), refresh=True
    )
    now = int(time.time())
    tokens = TokenSet(
        Secret(token), "Bearer", now - 3600, now + ends_in, Secret(granted.refresh_token)
    )
    entry = with_tokens(
        _entry(name, configured=True)._replace(variables={"port": str(provider.port)}), tokens, now
    )
    vault.add(entry, EntrySecrets(app.client_id, Secret(app.client_secret), tokens))
