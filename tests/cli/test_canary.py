"""Every command, with secrets that are easy to find: they are where they belong and nowhere else."""

from __future__ import annotations

import base64
import json
import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
from cli_tools import Done, Shell

from tests import canary
from tests.canary import Canaries, Onlooker
from tests.providers.misbehaving import answering
from tests.providers.publishing import publishing
from tests.stage import consent
from tui_oauth import net
from tui_oauth.cli.commands import COMMANDS
from tui_oauth.model import TokenSet, with_tokens
from tui_oauth.oauth.http import Request
from tui_oauth.paths import places
from tui_oauth.practice.behaviour import Behaviour
from tui_oauth.practice.provider import PracticeProvider
from tui_oauth.secret import Secret
from tui_oauth.vault import KeyOptions, Vault, open_vault

OLD_PASSPHRASE = canary.SPECIAL.format("first passphrase")
PASSPHRASE = canary.SPECIAL.format("second passphrase")
BUNDLE = canary.SPECIAL.format("bundle passphrase")
CLIENT_SECRET = canary.SPECIAL.format("client secret")
ACCESS = "canary-access-token/+~." + "A1b2" * 8
REFRESH = canary.SPECIAL.format("refresh token")
CRASH = """
import sys
from tui_oauth import tokens
from tui_oauth.cli.main import main
def broken(workspace, entry, *rest, **more):
    held = workspace.vault.secrets(entry)
    plain = held.client_secret.reveal(), held.tokens.access_token.reveal()
    raise KeyError(f"{plain[0]} and {plain[1]}", plain)
tokens.access_token = broken
sys.exit(main(sys.argv[1:]))
"""


class Session:
    """Runs commands and looks at all that they print."""

    def __init__(self, shell: Shell, canaries: Canaries, hidden: Path) -> None:
        self.shell = shell
        self.canaries = canaries
        self.hidden = hidden
        self.done: set[str] = set()

    def given(self, name: str, text: str) -> str:
        """A command line that prints a secret, from a file that is nobody's business here."""
        path = self.hidden / name
        path.write_text(text)
        return f"cat {path}"

    def run(self, *args: str, shows: str = "", code: int | None = 0, **more: str) -> Done:
        """Run a command; of the secrets it may print that called `shows`, on standard output."""
        names = [
            command.name
            for command in COMMANDS
            if args[: len(command.name.split())] == tuple(command.name.split())
        ]
        self.done |= set(names)
        done = self.shell.run("--debug", *args, code=code, **more)
        assert self.canaries.within(done.err) == set(), args
        assert self.canaries.within(done.out, but=[shows] if shows else []) == set(), args
        if shows:
            assert self.canaries.within(done.out) == {shows}, args
        return done


@pytest.fixture
def session(
    shell: Shell, provider: PracticeProvider, tmp_path_factory: pytest.TempPathFactory
) -> Session:
    canaries = Canaries(
        old_passphrase=OLD_PASSPHRASE,
        passphrase=PASSPHRASE,
        bundle=BUNDLE,
        client_secret=CLIENT_SECRET,
        access_token=ACCESS,
        refresh_token=REFRESH,
    )
    session = Session(shell, canaries, tmp_path_factory.mktemp("hidden"))
    runtime = shell.home / "runtime"
    runtime.mkdir(mode=0o700)
    shell.more["XDG_RUNTIME_DIR"] = str(runtime)
    settings = shell.settings.read_text()
    shell.configure(f'{settings}\n[defaults.practice]\nport = "{provider.port}"\n')
    return session


def test_rule_113_and_114_no_secret_leaves_the_vault(
    session: Session, shell: Shell, provider: PracticeProvider, tmp_path: Path
) -> None:
    assert session.canaries.within(json.dumps({"x": ACCESS})) == {"access_token"}
    with Onlooker(session.canaries) as onlooker:
        _whole_session(session, shell, provider, tmp_path)
    assert onlooker.looks > 30
    assert onlooker.seen == set(), "a secret on a command line"
    assert session.done == {command.name for command in COMMANDS}, "a command was left out"
    assert session.canaries.on_disk(tmp_path) == {}
    assert any(path.suffix == ".log" for path in shell.state.iterdir()), "the crash was kept"


def _whole_session(
    session: Session, shell: Shell, provider: PracticeProvider, tmp_path: Path
) -> None:
    run = session.run
    old = session.given("old", OLD_PASSPHRASE)
    run("init", "--passphrase", "--passphrase-command", old)
    shell.more["TUI_OAUTH_PASSPHRASE_COMMAND"] = old
    _sign_in(session, provider)
    _special_entry(session)
    _from_a_url(session)
    _reading(session, provider, tmp_path)
    _agent(session, shell, tmp_path)
    _keys_and_copies(session, shell, tmp_path)
    _crash(session, shell)
    _practice(session, shell)
    run("revoke", "special", "--json")
    run("rename", "special", "renamed")
    run("delete", "renamed", "--yes")
    shell.vault.write_bytes(shell.vault.read_bytes()[:-40])
    run("token", "practice", code=6)
    run("doctor", "--salvage", str(tmp_path / "salvaged.json"), code=None)


def _sign_in(session: Session, provider: PracticeProvider) -> None:
    """From nothing to tokens of the practice provider, which all become canaries."""
    shell, run = session.shell, session.run
    provider.application.behaviour = Behaviour(rotating_refresh=True, expires_in=3600)
    run("create", "practice", "--service", "practice")
    link = run("callback-url", "practice").out.strip()
    app = provider.register("Canary", link)
    session.canaries.add(client_secret=app.client_secret)
    run(
        "configure", "practice", "--client-id", app.client_id, "--client-secret-stdin",
        stdin=app.client_secret,
    )  # fmt: skip
    session.done.add("authorize")
    with shell.start("--debug", "authorize", "practice", "--json", "--timeout", "20") as running:
        consented = consent(running.event()["authorization_url"])
        net.fetch(Request("GET", consented, "callback"))
        done = running.end()
    _learn(session)
    assert session.canaries.within(done.out + done.err) == set()
    run("token", "practice", shows="practice_token")
    run("token", "practice", "--json", shows="practice_token")
    run("header", "practice", shows="practice_token")
    run("check", "practice")
    run("extract", "practice", "tags", "--to", f"jsonl:{shell.home}/extracted", code=None)
    run("refresh", "practice")
    _learn(session)
    provider.application.behaviour = Behaviour(html=True, expires_in=3600)
    run("refresh", "practice", code=11)
    provider.application.behaviour = Behaviour(rotating_refresh=True, odd_json="token-missing")
    run("refresh", "practice", code=None)
    _learn(session)
    run("refresh", "practice", code=7)


def _learn(session: Session) -> None:
    """What the provider has given is a canary from now on."""
    held = _open(session).secrets(_open(session).find("practice")).tokens
    assert held is not None
    assert held.refresh_token is not None
    session.canaries.add(
        practice_token=held.access_token.reveal(), practice_refresh=held.refresh_token.reveal()
    )


def _open(session: Session) -> Vault:
    environ = session.shell.environ
    command = environ["TUI_OAUTH_PASSPHRASE_COMMAND"]
    bare = {name: value for name, value in environ.items() if not name.startswith("TUI_OAUTH_")}
    return open_vault(places(bare), bare, KeyOptions(passphrase_command=command))


def _special_entry(session: Session) -> None:
    """An entry whose secrets look different in each encoding."""
    session.run("create", "special", "--service", "practice")
    session.run(
        "configure", "special", "--client-id", "an-id", "--client-secret-stdin", stdin=CLIENT_SECRET
    )
    vault = _open(session)
    tokens = TokenSet(Secret(ACCESS), "Bearer", 1_700_000_000, None, Secret(REFRESH))
    vault.change(
        vault.find("special").id,
        lambda held, kept: (with_tokens(held, tokens, 1_700_000_000), kept._replace(tokens=tokens)),
    )
    session.run("token", "special", shows="access_token")
    session.run("header", "special", shows="access_token")
    for more, script in (
        ([], 'printf %s "$SPECIAL_ACCESS_TOKEN"'),
        (["--header-file"], 'cat "$SPECIAL_HEADER_FILE"'),
    ):
        words = ("exec", "special", *more, "--", "sh", "-c", script)
        session.run(*words, shows="access_token")
    session.run("curl", "special", shows="access_token")
    session.run("kubectl-credential", "special", shows="access_token")
    session.run("xoauth2", "special", "--user", "ann@example.com", shows="access_token")
    asked = "protocol=http\nhost=127.0.0.1:1\npassword=wrong\n\n"
    session.run("git-credential", "special", "erase", stdin=asked, code=2)
    for form in ("token", "env", "header", "json", "curl"):
        session.run("write", "special", str(session.hidden / "file"), "--format", form)
    session.run("refresh", "special", code=None)


def _from_a_url(session: Session) -> None:
    """An entry whose client registers itself: the server gives a secret and a registration token."""
    run = session.run
    registration_token = "canary-registration" + "Z9y8" * 8
    registered_secret = canary.SPECIAL.format("registered").encode("ascii", "ignore").decode()
    session.canaries.add(registration_token=registration_token, registered_secret=registered_secret)
    with publishing() as site:
        issuer = site.issuer(registration_endpoint=f"{site.url}/register")
        client = {
            "client_id": "client-1",
            "client_secret": registered_secret,
            "client_secret_expires_at": 0,
            "token_endpoint_auth_method": "client_secret_basic",
            "registration_access_token": registration_token,
            "registration_client_uri": f"{site.url}/register/client-1",
        }
        site.answer("POST /register", answering(json.dumps(client).encode(), "201 Created"))
        run("create", "found", "--discover", issuer)
        run("discover", "found")
        run("discover", "found", "--json")
        site.publish("/register/client-1", client)
        run("discover", "found", "--register")
        refusal = {"error": "invalid_token", "error_description": f"not {registration_token}"}
        site.publish("/register/client-1", refusal, status="401 Unauthorized")
        site.answer("POST /register", answering(json.dumps(refusal).encode(), "403 Forbidden"))
        run("discover", "found", "--register", code=10)
    for words in (["show", "found"], ["guide", "found"], ["list", "--json"]):
        run(*words)


def _reading(session: Session, provider: PracticeProvider, tmp_path: Path) -> None:
    run = session.run
    for words in (["list"], ["list", "--json"], ["status"], ["status", "--json"], ["services"]):
        run(*words)
    run("show", "special")
    run("show", "special", "--json")
    run("show", CLIENT_SECRET.replace("cänary", "another"), code=3)
    run("guide", "practice")
    run("service", "show", "practice")
    own = tmp_path / "own.toml"
    own.write_text(
        'id="own"\nname="Own"\ntoken_url="https://own.example/token"\nauthorize_url="https://own.example/"\n'
    )
    run("service", "check", str(own), code=None)
    run("service", "add", str(own), code=None)


def _agent(session: Session, shell: Shell, tmp_path: Path) -> None:
    """The same tokens from a running agent, which keeps and says nothing of them."""
    runtime = tmp_path / "run"
    runtime.mkdir(mode=0o700)
    shell.more["XDG_RUNTIME_DIR"] = str(runtime)
    session.run("agent", "install")
    session.run("agent", "status", code=3)
    own_key = shell.more.pop("TUI_OAUTH_PASSPHRASE_COMMAND")
    with shell.start("--debug", "--passphrase-command", own_key, "agent") as agent:
        said = agent.said("The vault is open")
        session.run("agent", "status")
        session.run("agent", "status", "--json")
        session.run("token", "special", shows="access_token")
        session.run("header", "special", shows="access_token")
        session.run("token", "special", "--json", shows="access_token")
        session.run("agent", "file", "special", code=4)
        session.run("lock", code=None)
        session.run("token", "special", code=4)
        agent.interrupt(signal.SIGTERM)
        done = agent.end()
    session.done.add("agent")
    session.run("agent", "allow", "special", code=4)
    assert session.canaries.within(said + done.out + done.err) == set()
    shell.more["TUI_OAUTH_PASSPHRASE_COMMAND"] = own_key
    del shell.more["XDG_RUNTIME_DIR"]
    assert "special" in session.run("audit").out
    session.run("audit", "special", "--json")


def _keys_and_copies(session: Session, shell: Shell, tmp_path: Path) -> None:
    run = session.run
    run("unlock", "--for", "1m", code=None)
    run("lock", code=None)
    run("vault", "key", "add", "key-file", str(tmp_path / "cron.key"))
    run("vault", "key", "list")
    slots = run("vault", "key", "list", "--json").out
    new = session.given("new", PASSPHRASE)
    run("vault", "passphrase", "--new-passphrase-command", new)
    shell.more["TUI_OAUTH_PASSPHRASE_COMMAND"] = new
    slot = next(s["id"] for s in _slots(slots) if s["kind"] == "key-file")
    run("vault", "key", "remove", slot, "--yes")
    run("vault", "rekey", "--yes")
    run("vault", "backup", str(tmp_path / "copy.bak"))
    bundle = session.given("bundle", BUNDLE)
    file = str(tmp_path / "bundle.json")
    run("export", file, "--new-passphrase-command", bundle)
    run("import", file, "--bundle-passphrase-command", bundle, "--dry-run")
    run("import", file, "--bundle-passphrase-command", bundle)
    run("doctor", code=None)
    run("doctor", "--json", code=None)


def _slots(text: str) -> list[dict[str, str]]:
    found = json.loads(text)
    slots: list[dict[str, str]] = found if isinstance(found, list) else found["keys"]
    return slots


def _crash(session: Session, shell: Shell) -> None:
    """A defect of ours whose message holds secrets in clear."""
    done = subprocess.run(
        [sys.executable, "-c", CRASH, "--debug", "token", "special"],
        env=shell.environ, capture_output=True, timeout=30, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert b"defect" in done.stderr
    assert session.canaries.within(done.stdout + done.stderr) == set()


def _practice(session: Session, shell: Shell) -> None:
    session.done |= {"sandbox", "demo"}
    with shell.start("--debug", "sandbox", "--port", "0", "--json") as running:
        running.line()
        running.interrupt(signal.SIGINT)
        done = running.end(code=None)
        assert session.canaries.within(done.out + done.err) == set()
    session.run("demo")


@pytest.mark.parametrize("around", ["", "x", "xy", "Bearer ", "client:"])
def test_a_canary_is_found_in_each_of_its_forms(around: str, tmp_path: Path) -> None:
    """The search itself: it would be no use if it found nothing."""
    canaries = Canaries(one=CLIENT_SECRET)
    text = f"{around}{CLIENT_SECRET}{around}"
    for encoded in (
        text.encode(),
        json.dumps(text).encode(),
        urlencode({"client_secret": text}).encode(),
        quote(text, safe="").encode(),
        base64.b64encode(text.encode()),
        base64.urlsafe_b64encode(text.encode()),
    ):
        assert canaries.within(b"before " + encoded + b" after") == {"one"}, encoded
        (tmp_path / "file").write_bytes(encoded)
        assert canaries.on_disk(tmp_path) == {str(tmp_path / "file"): {"one"}}
    assert canaries.within(CLIENT_SECRET[:-3]) == set()
