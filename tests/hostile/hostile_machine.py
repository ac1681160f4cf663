"""A machine whose one entry signs in at a server that answers as a test says, over real HTTP.

Nothing here stands in for a part of the program: the vault is a file, the answers come through
`net` and `sending`, and what is shown is what a command or a window would show.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from tests.canary import Canaries
from tests.providers.misbehaving import Behaviour, Server, serving
from tests.stage import make_workspace
from tui_oauth.applicant import applicant_of
from tui_oauth.entries import configure_entry, create_entry
from tui_oauth.errors import TuiOauthError
from tui_oauth.model import Entry, EntrySecrets, TokenSet, with_tokens
from tui_oauth.secret import Secret
from tui_oauth.signin import SignIns
from tui_oauth.signin_device import DeviceWay
from tui_oauth.text import is_plain
from tui_oauth.tokens import refresh_entry
from tui_oauth.traffic import Recorder, record_lines
from tui_oauth.workspace import Workspace

SERVICE = """
id = "hostile"
name = "Hostile"
category = "test"
authorize_url = "http://127.0.0.1:{port}/authorize"
token_url = "http://127.0.0.1:{port}/token"
device_authorization_url = "http://127.0.0.1:{port}/device"
grants = ["authorization_code", "refresh_token", "device_code"]
pkce = "supported"
client_auth = "client_secret_post"
default_scopes = ["read", "write"]

[[variables]]
name = "port"
label = "Port"
example = "1"
"""
CODE = "canary-code-5e1f77"
CLIENT_SECRET = "canary-client-secret-5e1f77"
OLD_ACCESS = "canary-old-access-5e1f77"
OLD_REFRESH = "canary-old-refresh-5e1f77"
CANARIES = Canaries(code=CODE, secret=CLIENT_SECRET, access=OLD_ACCESS, refresh=OLD_REFRESH)
# Everything that a terminal, a log or a reader could be fooled with.
FORBIDDEN = frozenset(
    [
        *map(
            chr, (*range(0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A))
        ),
        *"\u061c\u200b\u200d\u200e\u200f\u2028\u2029\ufeff\U000e0041\U000e007f\ud800",
    ]
)


@dataclass
class Machine:
    """The workspace, its one entry, the server behind it, and what was recorded of the traffic."""

    workspace: Workspace
    entry: Entry
    server: Server
    recorder: Recorder

    def vault_bytes(self) -> bytes:
        """The vault file as it is, to show that nothing changed."""
        return self.workspace.places.vault.read_bytes()

    def tokens(self) -> TokenSet | None:
        return self.workspace.vault.secrets(self.workspace.vault.get(self.entry.id)).tokens

    async def sign_in(self) -> Entry:
        """Sign in with a pasted code; the server answers the token request."""
        signins = SignIns(self.workspace)
        try:
            signin = signins.begin(self.entry)
            signin.paste(CODE)
            return await signin.run()
        finally:
            await signins.close()

    async def refresh(self, deadline: float) -> Entry:
        """Refresh tokens that are there already; the server answers the request."""
        return await asyncio.to_thread(refresh_entry, self.workspace, self.entry, deadline)

    async def by_device(self) -> tuple[DeviceWay, TokenSet]:
        """Ask for a device code and poll without a pause; the server answers all of it."""

        async def at_once(seconds: int) -> None:
            await asyncio.sleep(0)

        applicant = await asyncio.to_thread(applicant_of, self.workspace, self.entry)
        way = DeviceWay(applicant, self.workspace.now() + 600, lambda: None, at_once)
        return way, await way.run()

    def with_old_tokens(self) -> None:
        """As after a sign-in, some time ago."""
        now = self.workspace.now()
        tokens = TokenSet(
            Secret(OLD_ACCESS), "Bearer", now - 7_200, now - 3_600, Secret(OLD_REFRESH),
            scopes=("read", "write"),
        )  # fmt: skip

        def edit(entry: Entry, held: EntrySecrets) -> tuple[Entry, EntrySecrets]:
            return with_tokens(entry, tokens, now), held._replace(tokens=tokens)

        self.entry = self.workspace.vault.change(self.entry.id, edit)


@contextmanager
def machine(behaviour: Behaviour, environ: Mapping[str, str] | None = None) -> Iterator[Machine]:
    """A machine, as long as the block lasts, whose server answers by `behaviour`."""
    with serving(behaviour) as server:
        workspace = make_workspace(1)
        workspace.environ = {**workspace.environ, **(environ or {})}
        folder = workspace.places.own_services
        folder.mkdir(parents=True, mode=0o700, exist_ok=True)
        (folder / "hostile.toml").write_text(SERVICE)
        entry = create_entry(workspace, "work", "hostile", {"port": str(server.port)})
        entry = configure_entry(
            workspace, entry, client_id="client", client_secret=Secret(CLIENT_SECRET)
        )
        workspace.traffic = recorder = Recorder(workspace.now)
        yield Machine(workspace, entry, server, recorder)


def check_message(error: TuiOauthError, host: str = "") -> None:
    """One clean sentence or two: where it happened, nothing that a terminal obeys, no secret."""
    words = str(error)
    assert words
    assert not FORBIDDEN & set(words), words
    assert is_plain(error.message)
    assert is_plain(error.advice)
    assert len(error.message) < 700, "a body is quoted in 200 characters at most (rule 121)"
    assert "Traceback" not in words
    assert host in words
    assert error.advice, "what to do next is missing"
    assert CANARIES.within(words) == set()


def check_traffic(recorder: Recorder) -> None:
    """What the Traffic screen and `--trace` would show is as clean, and has no secret either."""
    assert recorder.records
    for record in recorder.records:
        for line in record_lines(record):
            assert not FORBIDDEN & set(line), line
            assert len(line) < 500
            assert CANARIES.within(line) == set()
