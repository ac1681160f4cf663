"""Hostile texts in every place that a command shows, for every command (rules 118 and 119)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli_tools import Done, Shell

from tests.hostile.foreign_vault import ENTRIES, HELD, NOW, SERVICE, entry, fill
from tests.hostile.hostile_machine import FORBIDDEN
from tests.hostile.texts import PLAIN, hostile, hostile_path
from tui_oauth.cli.commands import COMMANDS
from tui_oauth.model import EntrySecrets, TokenSet
from tui_oauth.secret import Secret
from tui_oauth.vault import bundle, create_vault
from tui_oauth.workspace import Workspace

# Not to be sent to a terminal by us; a line break between two lines of ours is fine.
OBEYED = FORBIDDEN - {"\n"}
ARGUMENT = hostile("argument").replace("\x00", "").replace("\ud800", "")


class Foreign:
    """Runs commands in a home whose path and contents are hostile, and looks at what they print."""

    def __init__(self, shell: Shell, workspace: Workspace, folder: Path) -> None:
        self.shell = shell
        self.workspace = workspace
        self.folder = folder
        self.done: set[str] = set()

    def run(self, *args: str, stdin: str | None = None) -> Done:
        """Run a command, whatever its exit code; its output acts on no terminal."""
        names = [
            command.name
            for command in COMMANDS
            if args[: len(command.name.split())] == tuple(command.name.split())
        ]
        self.done |= set(names)
        done = self.shell.run(*args, stdin=stdin, code=None)
        assert "defect of tui-oauth" not in done.err, done.err
        for stream in (done.out, done.err):
            assert not OBEYED & set(stream), (args, stream)
        if "--json" in args and done.out:
            assert done.out.isascii()
            for line in done.out.splitlines() if "authorize" in args else [done.out]:
                json.loads(line)
        return done


@pytest.fixture
def foreign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_port: int) -> Foreign:
    home = tmp_path / hostile_path("home")
    home.mkdir(mode=0o700)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USER", ARGUMENT)
    shell = Shell(home)
    shell.configure(f"[callback]\nport = {free_port}\n")
    workspace = Workspace.from_environment(shell.environ)
    workspace.use_vault(create_vault(workspace.places))
    fill(workspace, monkeypatch)
    folder = tmp_path / hostile_path("folder")
    folder.mkdir()
    return Foreign(shell, workspace, folder)


def _an_entry(foreign: Foreign, name: str, **changes: object) -> None:
    """One more such entry, with a name that can be given as an argument."""
    now = foreign.workspace.now()
    one = entry(50 + ord(name[0]))._replace(name=name, configured=True, **changes)  # type: ignore[arg-type]
    tokens = TokenSet(
        Secret("a-token"), "Bearer", now - 60, None, Secret("a-refresh-token"),
        extra={hostile("key"): hostile("kept")}, scopes=(hostile("granted"),),
    )  # fmt: skip
    held = EntrySecrets("client", Secret("a-secret"), tokens)
    foreign.workspace.vault.add(one._replace(authorized=True, has_refresh_token=True), held)


def test_rule_118_and_119_no_command_prints_what_a_terminal_would_obey(foreign: Foreign) -> None:
    run, folder = foreign.run, foreign.folder
    _an_entry(foreign, "work", variables={"port": "9"})
    _an_entry(foreign, "lost", service=hostile("nowhere"))
    _reading(foreign)
    _services(foreign)
    run("exec", "work", "--env", ARGUMENT, "--", "true")
    run("exec", "work", "--", ARGUMENT)
    for name in ("work", "lost", ARGUMENT):
        for command in ("show", "token", "header", "check", "refresh", "callback-url", "guide"):
            run(command, name)
            if command in {"show", "token", "check"}:
                run(command, name, "--json")
        run("exec", name, "--", "true")
        run("curl", name)
        run("curl", name, f"https://{ARGUMENT}")
        run("git-credential", name, "get", stdin=f"protocol={ARGUMENT}\nhost={ARGUMENT}\n\n")
        run("kubectl-credential", name)
        run("kubectl-credential", name, "--id-token")
        run("xoauth2", name)
        run("xoauth2", name, "--user", ARGUMENT)
        for form in ("env", "header", "json", "netrc"):
            run("write", name, str(folder / hostile_path("token")), "--format", form)
        run("write", name, str(folder / "none" / hostile_path("token")), "--env", ARGUMENT)
        run("exec", name, "--header-file", "--env", f"{ARGUMENT}=X", "--", "true")
        run("configure", name, "--scope", ARGUMENT, "--set", f"port={ARGUMENT}")
        run("configure", name, "--client-id", ARGUMENT, "--client-secret-file", str(folder / "no"))
        run("configure", name, "--scope", PLAIN)
        run("authorize", name, "--timeout", "1")
        run("authorize", name, "--timeout", "1", "--json")
        run("authorize", name, "--timeout", "1", "--paste", stdin=f"{ARGUMENT}\n")
        run("callback-url", name, "--lock", ARGUMENT)
        run("callback-url", name, "--all")
        run("discover", name)
        run("revoke", name, "--json")
        run("revoke", name)
        run("rename", name, ARGUMENT)
        run("extract", name, "--list")
        run("extract", name, ARGUMENT, "--to", ARGUMENT)
        run("delete", name, "--yes", "--revoke")
        run("delete", name, "--yes")
    run("callback-url", "--all")
    run("create", ARGUMENT, "--service", "evil")
    run("create", "again", "--service", ARGUMENT, "--set", ARGUMENT)
    run("create", "again", "--service", "evil", "--set", f"{ARGUMENT}=x")
    run("create", "again", "--discover", f"https://{ARGUMENT}")
    run("discover", f"https://as.example/{ARGUMENT}")
    _agent(foreign)
    _vault(foreign)
    _bundles(foreign)
    run("doctor", "--json")
    run("doctor")
    run("doctor", "--salvage", str(folder / hostile_path("salvaged")))
    vault = foreign.workspace.places.vault
    vault.write_bytes(vault.read_bytes()[:-40])
    run("doctor", "--salvage", str(folder / hostile_path("salvaged-2")))
    run("list")
    run("init")
    run("lock")
    run("unlock", "--for", ARGUMENT)
    # These two run a provider of their own and show nothing from outside.
    assert foreign.done | {"sandbox", "demo"} == {command.name for command in COMMANDS}


def _reading(foreign: Foreign) -> None:
    for args in (
        ("list",), ("list", "--json"), ("list", "--expiring", "7d"), ("status",), ("status", "--json"),
        ("--debug", "list"), ("services",), ("services", "zz"), ("services", ARGUMENT), ("services", "--json"),
        ("refresh", "--all"), (ARGUMENT,), ("list", f"--{ARGUMENT}"), ("list", ARGUMENT), ("vault", ARGUMENT),
    ):  # fmt: skip
        foreign.run(*args)
    shown = foreign.run("list").out
    for one in ENTRIES:
        assert f"name{one.id[-1]}[/][0]" in shown, "it can be read all the same"


def _agent(foreign: Foreign) -> None:
    run, shell = foreign.run, foreign.shell
    run("agent")
    run("agent", "install")
    run("agent", "install", "--print")
    runtime = foreign.folder / "run"
    runtime.mkdir(mode=0o700)
    shell.more["XDG_RUNTIME_DIR"] = str(runtime)
    with shell.start("agent") as agent:
        said = agent.said("The vault is open")
        shown = run("agent", "status").out
        assert f"name{ENTRIES[0].id[-1]}[/][0]" in shown
        run("agent", "status", "--json")
        run("token", ARGUMENT)
        run("agent", "file", ARGUMENT)
        run("agent", "file", ARGUMENT, "--off")
        run("agent", "allow", ARGUMENT, "/usr/bin/env", ARGUMENT)
        run("agent", "allow", ARGUMENT)
        agent.interrupt()
        said += agent.end().err
    assert not OBEYED & set(said)
    del shell.more["XDG_RUNTIME_DIR"]
    record = shell.state / "audit.log"
    with record.open("a", encoding="utf-8", errors="replace") as file:
        texts = "\t".join(hostile(f"audit {place}") for place in ("id", "way"))
        file.write(f"1800000000\t{texts}\t1\t2\tgiven\t{hostile('name')}\t{hostile('path')}\n")
        file.write(hostile("line"))
    run("audit")
    run("audit", "--json")
    run("audit", ARGUMENT)


def _services(foreign: Foreign) -> None:
    run, folder = foreign.run, foreign.folder
    for command in (("guide", "evil"), ("service", "show", "evil")):
        assert "zz[/][0]" in run(*command).out
        run(*command, "--json")
        run(*command[:-1], ARGUMENT)
    texts = {
        "markup": SERVICE.replace('"evil"', '"other"'),
        "escapes": SERVICE.replace("[bold", "\\u001b[2J"),
        "raw": SERVICE.replace("[bold", "\x1b[2J"),
        "keys": SERVICE + '\n["\\u001b[2J"]\n"\\u202e" = "x"\n',
        "no toml": hostile("text"),
    }
    for name, text in texts.items():
        path = folder / f"{hostile_path(name)}.toml"
        path.write_text(text, encoding="utf-8", errors="replace")
        run("service", "check", str(path))
        run("service", "add", str(path))
    run("service", "check", str(folder / "nothing\x1b[2J.toml"))
    run("services")


def _vault(foreign: Foreign) -> None:
    run, folder = foreign.run, foreign.folder
    key = str(folder / hostile_path("key"))
    run("vault", "key", "add", "key-file", key, "--label", PLAIN[:30])
    run("vault", "key", "add", "key-file", key, "--label", ARGUMENT)
    run("vault", "key", "add", "key-file", str(folder / "no" / hostile_path("key")))
    run("vault", "key", "add", ARGUMENT)
    run("vault", "key", "list")
    run("vault", "key", "list", "--json")
    run("vault", "key", "remove", ARGUMENT, "--yes")
    run("vault", "passphrase", "--slot", ARGUMENT)
    run("vault", "rekey", "--yes")
    run("vault", "backup", str(folder / hostile_path("backup")))
    run("vault", "backup", str(folder / hostile_path("backup")))
    run("--key-file", str(folder / hostile_path("nothing")), "list")
    run("--vault", str(folder / hostile_path("nothing")), "list")
    run("--passphrase-command", f"echo {PLAIN!r}; exit 3", "list")


def _bundles(foreign: Foreign) -> None:
    run, folder = foreign.run, foreign.folder
    path = folder / hostile_path("bundle")
    give = ("--new-passphrase-command", "echo some words of it")
    take = ("--bundle-passphrase-command", "echo some words of it")
    run("export", str(path), *give)
    run("export", str(path), *give)
    run("export", str(folder / "other"), ARGUMENT, *give)
    run("import", str(path), *take)
    run("import", str(path), *take, "--json", "--dry-run")
    run("import", str(folder / hostile_path("nothing")), *take)
    incoming = [
        (one._replace(id=f"{number + 80:032x}", name=f"{number} [/][@click=app.owned]x"), HELD)
        for number, one in enumerate(ENTRIES)
    ]
    other = folder / hostile_path("incoming")
    bundle.write_bundle(other, incoming, Secret("some words of it"), NOW)
    for more in (("--dry-run",), ("--dry-run", "--json"), (), ("--replace",)):
        run("import", str(other), *take, *more)
    written = folder / hostile_path("foreign")
    with pytest.MonkeyPatch.context() as another_program:
        another_program.setattr("tui_oauth.vault.bundle.valid_name", lambda name: name)
        named = [(one._replace(name=ENTRIES[0].name), HELD) for one, _ in incoming[:1]]
        bundle.write_bundle(written, named, Secret("some words of it"), NOW)
    assert run("import", str(written), *take).code == 6


def test_rule_118_settings_that_cannot_be_read_are_told_without_acting(foreign: Foreign) -> None:
    port = foreign.workspace.settings.callback.port
    for text in (
        f'theme = "{PLAIN}"\n[callback]\nport = {port}\n',
        'theme = "\\u001b]0;owned\\u0007"\n',
        '"\\u001b[2J" = "x"\n',
        "theme = \x1b[2J\n",
        f'[defaults.evil]\n"{PLAIN}" = "x"\n',
        f'[callback]\npublic_url = "https://{PLAIN}/"\n',
        f'[callback]\ncertificate = "/no/{PLAIN}"\nprivate_key = "/no/{PLAIN}"\n',
        f'vault = "/no/{PLAIN}"\n',
    ):
        foreign.shell.configure(text)
        for command in (("status",), ("list",), ("callback-url", "--all")):
            foreign.run(*command)


def test_rule_118_a_vault_that_is_made_in_such_a_home(foreign: Foreign) -> None:
    foreign.workspace.places.vault.unlink()
    foreign.run("list")
    foreign.run("init", "--recovery")
