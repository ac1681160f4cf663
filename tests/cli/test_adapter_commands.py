"""Tokens for git, curl, kubectl, AWS and mail programs, with the programs themselves."""

from __future__ import annotations

import base64
import contextlib
import functools
import http.server
import json
import os
import shutil
import signal
import stat
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from importlib.resources import files
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from cli_tools import COMMAND, Shell
from test_imports import HEAVY, loaded

from tests.hostile.texts import hostile_path
from tests.providers.mail_server import mail_server
from tests.providers.misbehaving import Conversation, answering, serving
from tests.signing import b64, segment
from tui_oauth.callback.certificate import ensure_certificate, tls_context
from tui_oauth.practice.behaviour import Behaviour
from tui_oauth.secret import Secret

US = " ".join(COMMAND)


def needs(program: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(not shutil.which(program), reason=f"needs {program}")


def declare(shell: Shell, lines: str) -> None:
    """Let the service of the entry `practice` differ by `lines` of its file."""
    folder = shell.settings.parent / "services"
    folder.mkdir(mode=0o700, exist_ok=True)
    built_in = (files("tui_oauth.services") / "data" / "practice.toml").read_text()
    (folder / "practice.toml").write_text(built_in.replace("[quirks.api]", lines, 1))


def run(shell: Shell, *args: str, code: int = 0, **more: str) -> str:
    """Another program, in the home of the test; what it prints."""
    done = subprocess.run(
        args, env={**shell.environ, **more}, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == code, done
    return done.stdout


@pytest.fixture
def hold(workspace):
    """Changes the tokens of the entry `practice`."""

    def change(**changes: object) -> None:
        entry = workspace.vault.find("practice")
        workspace.vault.change(
            entry.id, lambda e, held: (e, replace(held, tokens=replace(held.tokens, **changes)))
        )

    return change


@pytest.fixture
def with_id_token(hold, authorized, workspace):
    """Gives `practice` an ID token that ends so many seconds from now."""

    def make(ends_in: int) -> str:
        authorized()
        claims = {"sub": "robin", "exp": workspace.now() + ends_in}
        text = f"{segment({'alg': 'RS256'})}.{segment(claims)}.{b64(b'signature')}"
        hold(id_token=Secret(text))
        return text

    return make


# git


@dataclass
class GitServer:
    """A repository behind a password, served as plain files (gitprotocol-http(5), dumb clients)."""

    port: int
    password: str = ""
    refused: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/repo.git"


@pytest.fixture
def git_server(tmp_path: Path, shell: Shell) -> Iterator[GitServer]:
    root = tmp_path / "git"
    bare, work = root / "repo.git", tmp_path / "work"
    who = ("-c", "user.name=Ann", "-c", "user.email=ann@example.com")
    run(shell, "git", "init", "-q", "-b", "main", str(work))
    (work / "file").write_text("content\n")
    run(shell, "git", "-C", str(work), "add", "file")
    run(shell, "git", "-C", str(work), *who, "commit", "-q", "-m", "first")
    run(shell, "git", "clone", "-q", "--bare", str(work), str(bare))
    run(shell, "git", "-C", str(bare), "update-server-info")

    class Files(http.server.SimpleHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = base64.b64encode(f"oauth2:{server.password}".encode()).decode()
            given = self.headers.get("Authorization", "")
            if given == f"Basic {wanted}":
                super().do_GET()
                return
            if given:
                server.refused.append(given)
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="git"')
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *words: object) -> None:
            """Nothing: the test looks at what git says."""

    with http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Files, directory=str(root))
    ) as listener:
        server = GitServer(listener.server_address[1])
        thread = threading.Thread(target=listener.serve_forever, args=(0.02,))
        thread.start()
        yield server
        listener.shutdown()
        thread.join()


def as_helper(shell: Shell) -> dict[str, str]:
    """git with our helper and no other, and nobody to ask."""
    return {
        "GIT_TERMINAL_PROMPT": "0", "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "credential.helper",
        "GIT_CONFIG_VALUE_0": f"!{US} git-credential practice",
    }  # fmt: skip


def git_places(shell: Shell, server: GitServer) -> None:
    declare(shell, f'[quirks.git]\norigins = ["http://127.0.0.1:{server.port}"]\n\n[quirks.api]')


@needs("git")
def test_git_clones_with_the_token(shell, authorized, git_server, tmp_path):
    authorized(token="tok.en+/==")
    git_places(shell, git_server)
    git_server.password = "tok.en+/=="
    run(shell, "git", "clone", "-q", git_server.url, str(tmp_path / "copy"), **as_helper(shell))
    assert (tmp_path / "copy" / "file").read_text() == "content\n"
    assert git_server.refused == []


@needs("git")
def test_git_credential_fill_for_its_own_host_only(shell, authorized, git_server, workspace):
    authorized(token="tok", ends_in=3_600)
    git_places(shell, git_server)
    ends = workspace.vault.find("practice").expires_at
    for host, protocol, expected in (
        (f"127.0.0.1:{git_server.port}", "http", ["username=oauth2", "password=tok"]),
        ("evil.example", "https", []),
        (f"127.0.0.1:{git_server.port}.evil.example", "http", []),
        (f"127.0.0.1:{git_server.port}", "https", []),
    ):
        asked = f"protocol={protocol}\nhost={host}\n\n"
        done = subprocess.run(
            ["git", "credential", "fill"], input=asked, env={**shell.environ, **as_helper(shell)},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert [
            line for line in done.stdout.splitlines() if line in {"username=oauth2", "password=tok"}
        ] == expected
        assert (done.returncode == 0) == bool(expected)
        assert "tok" not in done.stderr
        given = shell.run("git-credential", "practice", "get", stdin=asked)
        assert given.out == (
            f"username=oauth2\npassword=tok\npassword_expiry_utc={ends}\n" if expected else ""
        )
        assert given.err == ""


@needs("git")
def test_a_token_that_git_was_refused_is_renewed_for_the_next_time(
    shell, signed_in, provider, git_server, tmp_path
):
    signed_in(rotating_refresh=True, expires_in=3_600)
    git_places(shell, git_server)
    first = shell.run("token", "practice").out.strip()
    git_server.password = "another"
    copy = str(tmp_path / "copy")
    run(shell, "git", "clone", "-q", git_server.url, copy, code=128, **as_helper(shell))
    assert len(git_server.refused) == 1
    assert provider.application.count["refresh"] == 1
    git_server.password = shell.run("token", "practice").out.strip()
    assert git_server.password != first
    run(shell, "git", "clone", "-q", git_server.url, copy, **as_helper(shell))
    asked = (
        f"protocol=http\nhost=127.0.0.1:{git_server.port}\nusername=oauth2\npassword={first}\n\n"
    )
    shell.run("git-credential", "practice", "erase", stdin=asked)
    assert provider.application.count["refresh"] == 1, "that one is not ours any more"


@pytest.mark.usefixtures("unchanged")
def test_what_git_tells_and_a_helper_need_not_know_changes_nothing(shell):
    for action in ("store", "capability", "\x1b[2J"):
        done = shell.run("git-credential", "practice", action, stdin="protocol=https\nhost=x\n\n")
        assert (done.out, done.err) == ("", "")
    done = shell.run("git-credential", "practice", "get", stdin="", code=2)
    assert "[quirks.git]" in done.err


def test_an_entry_that_needs_a_person_says_so_to_git(shell, authorized, git_server):
    authorized(ends_in=-10)
    git_places(shell, git_server)
    asked = f"protocol=http\nhost=127.0.0.1:{git_server.port}\n\n"
    done = shell.run("git-credential", "practice", "get", stdin=asked, code=7)
    assert done.out == ""
    assert "tui-oauth authorize practice" in done.err


# curl


@needs("curl")
def test_curl_reads_its_configuration_from_us(shell, signed_in, provider):
    signed_in()
    script = f"{US} curl practice >cfg; curl -sS -K cfg {provider.url}/me"
    assert (
        json.loads(run(shell, "sh", "-c", f"cd {shell.home}; {script}"))["app"]["name"]
        == "Aurora Books"
    )
    script = f"{US} curl practice {provider.url}/me | curl -sS -K -"
    assert json.loads(run(shell, "sh", "-c", script))["app"]["name"] == "Aurora Books"


def test_rule_93_curl_gets_no_configuration_for_another_place(shell, authorized, provider):
    authorized()
    for url in (
        "https://evil.example/",
        f"http://localhost:{provider.port}/me",
        "file:///etc/passwd",
        "-x",
    ):
        done = shell.run("curl", "practice", "--", url, code=2)
        assert done.out == ""


@needs("curl")
@pytest.mark.parametrize(
    "token", ['q"uo\\te', "a#b", "\\n\\t", "'", " blank ", '"', "\\", "{[1-3]}", "%41"]
)
def test_curl_sends_exactly_the_token(token, shell, authorized, provider):
    authorized(token=token)
    declare(shell, '[quirks.api]\nheader = "X-Own"\nscheme = ""')
    with serving(answering()) as server:
        config = shell.run("curl", "practice").out
        (shell.home / "cfg").write_text(config)
        run(shell, "curl", "-sS", "-K", str(shell.home / "cfg"), f"{server.url}/a")
        head = server.requests[0][0].decode().split("\r\n")
    assert (
        next(line for line in head if line.startswith("X-Own:")).rstrip()
        == f"X-Own: {token}".rstrip()
    )


@needs("curl")
def test_curl_does_not_take_a_services_own_header_to_another_host(shell, authorized):
    authorized(token="tok")
    with serving(answering()) as other, serving(
        answering(b"", "302 Found", f"Location: {other.url}/b")
    ) as server:  # fmt: skip
        for lines, code in (('[quirks.api]\nheader = "X-Own"', 47), ("[quirks.api]", 0)):
            declare(shell, lines)
            (shell.home / "cfg").write_text(shell.run("curl", "practice").out)
            run(shell, "curl", "-sSL", "-K", str(shell.home / "cfg"), f"{server.url}/a", code=code)
        assert all(b"tok" in head for head, _ in server.requests)
        assert all(b"tok" not in head for head, _ in other.requests)
        assert other.connections == 1


# kubectl


@dataclass
class Cluster:
    """An API server that knows one path and keeps the tokens that it is shown."""

    url: str = ""
    tokens: list[str] = field(default_factory=list)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    found = Cluster()

    def behave(conversation: Conversation) -> None:
        for line in conversation.head.decode().split("\r\n"):
            if line.lower().startswith("authorization:"):
                found.tokens.append(line.partition(" ")[2])
        answering(
            b'{"gitVersion": "v1.32.0"}',
            "200 OK",
            "Content-Type: application/json",
            "Connection: close",
        )(conversation)

    paths = ensure_certificate(tmp_path / "tls" / "certificate.pem", int(time.time()))
    with serving(behave, tls_context(*paths[:2])) as server:
        found.url = server.url
        yield found


@needs("kubectl")
@pytest.mark.parametrize("version", ["v1", "v1beta1"])
@pytest.mark.parametrize("more", [(), ("--id-token",)])
def test_kubectl_signs_in_with_the_token(more, version, shell, with_id_token, cluster):
    identity = with_id_token(3_600)
    token = shell.run("token", "practice").out.strip()
    plugin = {
        "apiVersion": f"client.authentication.k8s.io/{version}", "command": COMMAND[0],
        "args": [*COMMAND[1:], "kubectl-credential", "practice", *more], "interactiveMode": "Never",
    }  # fmt: skip
    config = {
        "apiVersion": "v1", "kind": "Config", "current-context": "here",
        "clusters": [{"name": "here", "cluster": {"server": cluster.url, "insecure-skip-tls-verify": True}}],
        "users": [{"name": "ann", "user": {"exec": plugin}}],
        "contexts": [{"name": "here", "context": {"cluster": "here", "user": "ann"}}],
    }  # fmt: skip
    (shell.home / "kubeconfig").write_text(json.dumps(config))
    out = run(
        shell, "kubectl", "--kubeconfig", str(shell.home / "kubeconfig"), "get", "--raw", "/version"
    )
    assert json.loads(out) == {"gitVersion": "v1.32.0"}
    assert set(cluster.tokens) == {f"Bearer {identity if more else token}"}


def test_an_exec_credential_says_when_it_ends(shell, authorized):
    authorized(token="tok", ends_in=3_600)
    found = shell.run("kubectl-credential", "practice").json
    assert found["apiVersion"] == "client.authentication.k8s.io/v1"
    assert found["kind"] == "ExecCredential"
    assert set(found["status"]) == {"token", "expirationTimestamp"}
    assert (
        found["status"]["expirationTimestamp"]
        == shell.run("show", "practice", "--json").json["expires_at"]
    )
    done = shell.run(
        "kubectl-credential", "practice", environ={"KUBERNETES_EXEC_INFO": "{"}, code=2
    )
    assert "KUBERNETES_EXEC_INFO" in done.err


def test_an_id_token_that_is_not_there_or_has_ended_is_7(shell, with_id_token, hold):
    with_id_token(-5)
    done = shell.run("kubectl-credential", "practice", "--id-token", code=7)
    assert "has ended" in done.err
    hold(id_token=Secret("not a JWT"))
    assert "openid" in shell.run("kubectl-credential", "practice", "--id-token", code=7).err
    hold(id_token=None)
    done = shell.run("write", "practice", str(shell.home / "x"), "--format", "id-token", code=7)
    assert "openid" in done.err
    assert not (shell.home / "x").exists()


# AWS


@needs("aws")
def test_aws_takes_a_role_with_the_id_token_in_a_file(shell, with_id_token):
    identity = with_id_token(3_600)
    file = shell.home / "identity"
    shell.run("write", "practice", str(file), "--format", "id-token")
    forms = []

    def behave(conversation: Conversation) -> None:
        form = {name: one[0] for name, one in parse_qs(conversation.body.decode()).items()}
        forms.append(form)
        action = form["Action"]
        inner = (
            "<Credentials><AccessKeyId>AKIA</AccessKeyId><SecretAccessKey>s</SecretAccessKey>"
            "<SessionToken>t</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>"
            if action == "AssumeRoleWithWebIdentity"
            else "<Account>123456789012</Account>"
        )
        body = f'<{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{action}Result>{inner}</{action}Result></{action}Response>'
        answering(body.encode(), "200 OK", "Content-Type: text/xml", "Connection: close")(
            conversation
        )

    with serving(behave) as server:
        out = run(
            shell, "aws", "sts", "get-caller-identity", "--output", "json",
            AWS_ENDPOINT_URL_STS=server.url, AWS_WEB_IDENTITY_TOKEN_FILE=str(file), AWS_DEFAULT_REGION="eu-central-1",
            AWS_ROLE_ARN="arn:aws:iam::123456789012:role/extract", AWS_EC2_METADATA_DISABLED="true",
        )  # fmt: skip
    assert json.loads(out)["Account"] == "123456789012"
    assert forms[0]["WebIdentityToken"] == identity


# Mail


@needs("curl")
@pytest.mark.parametrize("mechanism", ["XOAUTH2", "OAUTHBEARER"])
def test_a_mail_server_is_sent_what_curl_sends(mechanism, shell, authorized):
    authorized(token="ya29.to-k_en/+==")
    (shell.home / "cfg").write_text('oauth2-bearer = "ya29.to-k_en/+=="\n')
    with mail_server(mechanism) as server:
        url = f"smtp://127.0.0.1:{server.port}"
        run(
            shell, "curl", "-sS", url, "-K", str(shell.home / "cfg"), "-u", "ann@example.com:",
            "--login-options", f"AUTH={mechanism}", "-X", "NOOP", "--sasl-ir",
        )  # fmt: skip
        more = ["--oauthbearer", "--host", "127.0.0.1", "--port", str(server.port)]
        ours = shell.run(
            "xoauth2", "practice", "--user", "ann@example.com", *(more if mechanism == "OAUTHBEARER" else ()),
        ).out.strip()  # fmt: skip
        assert server.signed_in == [f"{mechanism} {ours}"]


@needs("msmtp")
def test_msmtp_signs_in_with_the_token_alone(shell, authorized):
    authorized(token="tok")
    with mail_server("OAUTHBEARER") as server:
        (shell.home / "rc").write_text(
            f"account default\nhost 127.0.0.1\nport {server.port}\nfrom ann@example.com\n"
            f"auth oauthbearer\nuser ann@example.com\npasswordeval {US} token practice\ntls off\n"
        )
        (shell.home / "rc").chmod(0o600)
        subprocess.run(
            ["msmtp", "-C", str(shell.home / "rc"), "bo@example.com"], input=b"Subject: x\n\nx\n",
            env=shell.environ, capture_output=True, check=True,
        )  # fmt: skip
        mechanism, _, message = server.signed_in[0].partition(" ")
    assert mechanism == "OAUTHBEARER"
    assert b"auth=Bearer tok\x01" in base64.b64decode(message)


def test_the_mailbox_is_the_account_where_that_is_an_address(shell, authorized, workspace):
    entry = authorized(token="tok")
    done = shell.run("xoauth2", "practice", code=2)
    assert "--user" in done.err
    workspace.vault.change(entry.id, lambda e, h: (replace(e, account_detail="ann@example.com"), h))
    sent = base64.b64decode(shell.run("xoauth2", "practice").out)
    assert sent == b"user=ann@example.com\x01auth=Bearer tok\x01\x01"
    assert "--oauthbearer" in shell.run("xoauth2", "practice", "--host", "x", code=2).err
    assert shell.run("xoauth2", "practice", "--user", "a\x01b", code=2).out == ""


# Files


@pytest.mark.parametrize(
    ("form", "content"),
    [
        ((), "tok"),
        (("--format", "token"), "tok"),
        (("--format", "env"), "PRACTICE_ACCESS_TOKEN=tok\n"),
        (("--format", "env", "--env", "X"), "X=tok\n"),
        (("--format", "header"), "Authorization: Bearer tok\n"),
        (("--format", "curl"), 'header = "Authorization: Bearer tok"\n'),
        (("--format", "netrc"), "machine 127.0.0.1 login oauth2 password tok\n"),
    ],
)
def test_a_file_for_another_program(form, content, shell, authorized, tmp_path):
    authorized(token="tok")
    declare(shell, '[quirks.git]\norigins = ["http://127.0.0.1:1"]\n\n[quirks.api]')
    file = tmp_path / "out" / "file"
    file.parent.mkdir(mode=0o755)
    file.write_text("old")
    file.chmod(0o666)
    done = shell.run("write", "practice", str(file), *form)
    assert done.out == ""
    assert "does not end" in done.err
    assert "tok " not in done.err
    assert file.read_text() == content
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(file.parent.iterdir()) == [file]


def test_a_file_with_all_that_is_known(shell, authorized, tmp_path):
    authorized(token="tok", ends_in=5_400)
    shell.run("write", "practice", str(tmp_path / "file"), "--format", "json")
    assert (
        json.loads((tmp_path / "file").read_text()) == shell.run("token", "practice", "--json").json
    )


@needs("curl")
def test_curl_takes_a_netrc_file(shell, authorized, tmp_path):
    authorized(token="tok")
    declare(shell, '[quirks.git]\norigins = ["http://127.0.0.1:1"]\n\n[quirks.api]')
    shell.run("write", "practice", str(tmp_path / "netrc"), "--format", "netrc")
    with serving(answering()) as server:
        run(shell, "curl", "-sS", "--netrc-file", str(tmp_path / "netrc"), server.url)
        head = server.requests[0][0]
    assert b"Basic " + base64.b64encode(b"oauth2:tok") in head


def test_rule_111_what_is_not_a_file_of_ones_own_is_left_alone(shell, authorized, tmp_path):
    authorized()
    target = tmp_path / "target"
    target.write_text("mine")
    (tmp_path / "link").symlink_to(target)
    os.mkfifo(tmp_path / "fifo")
    loose = tmp_path / "loose"
    loose.mkdir()
    loose.chmod(0o777)
    for name in ("link", "fifo", "out", "loose/file"):
        (tmp_path / "out").mkdir(exist_ok=True)
        shell.run("write", "practice", str(tmp_path / name), code=9)
    done = shell.run(
        "write", "practice", str(tmp_path / "none" / hostile_path("file")[:60]), code=8
    )
    assert done.err.rstrip("\n").isprintable()
    assert target.read_text() == "mine"
    assert list(loose.iterdir()) == []


@pytest.mark.parametrize(
    ("token", "form", "code"),
    [("a\nb", "token", 10), ("a\nb", "header", 10), ("a\x1bb", "netrc", 10), ("a$b", "env", 2), ("é", "header", 2), ("a b", "netrc", 2)],
)  # fmt: skip
def test_rule_117_what_a_form_cannot_hold_exactly_is_refused(
    token, form, code, shell, authorized, tmp_path
):
    authorized(token=token)
    declare(shell, '[quirks.git]\norigins = ["http://127.0.0.1:1"]\n\n[quirks.api]')
    done = shell.run("write", "practice", str(tmp_path / "file"), "--format", form, code=code)
    assert done.err.rstrip("\n").isprintable()
    assert not (tmp_path / "file").exists()


def test_a_kept_file_follows_the_token(shell, signed_in, tmp_path):
    signed_in(rotating_refresh=True, expires_in=3_600)
    file = tmp_path / "token"
    with shell.start("write", "practice", str(file), "--keep") as running:
        running.said("Wrote ")
        first = file.read_text()
        assert first == shell.run("token", "practice").out.strip()
        shell.run("refresh", "practice")
        running.said("Wrote ")
        assert file.read_text() == shell.run("token", "practice").out.strip() != first
        running.interrupt(signal.SIGINT)
        running.end(130)


def test_a_kept_file_outlives_a_provider_that_is_away_and_ends_with_its_entry(
    shell, signed_in, provider, tmp_path
):
    signed_in(rotating_refresh=True, expires_in=3_600)
    provider.application.behaviour = Behaviour(down=True)
    file = tmp_path / "token"
    with shell.start("write", "practice", str(file), "--keep", "--min-ttl", "4000") as running:
        running.said("127.0.0.1")
        provider.application.behaviour = Behaviour(rotating_refresh=True, expires_in=7_200)
        running.said("Wrote ")
        shell.run("delete", "practice", "--yes")
        running.end(3)


# What holds for all of them


EVERY = [
    ("git-credential", "practice", "get"), ("kubectl-credential", "practice"),
    ("xoauth2", "practice", "--user", "u"), ("curl", "practice"),
    ("write", "practice", "FILE", "--format", "curl"), ("write", "practice", "FILE", "--format", "netrc"),
]  # fmt: skip


@pytest.mark.parametrize("args", EVERY)
def test_a_bound_token_is_refused_by_what_cannot_prove_it(args, shell, authorized, hold):
    authorized()
    hold(token_type="DPoP")
    declare(shell, '[quirks.git]\norigins = ["http://127.0.0.1:1"]\n\n[quirks.api]')
    words = [str(shell.home / "file") if word == "FILE" else word for word in args]
    done = shell.run(*words, stdin="protocol=http\nhost=127.0.0.1:1\n\n", code=2)
    assert done.out == ""
    assert "bound to a key (DPoP)" in done.err
    assert not (shell.home / "file").exists()


def test_a_file_with_a_bound_token_is_written_with_a_word(shell, authorized, hold):
    authorized(token="tok")
    hold(token_type="DPoP")
    done = shell.run("write", "practice", str(shell.home / "file"), "--format", "header")
    assert (shell.home / "file").read_text() == "Authorization: DPoP tok\n"
    assert "bound to a key (DPoP)" in done.err


@pytest.mark.parametrize("args", EVERY[:4])
def test_rule_117_control_characters_reach_no_program(args, shell, authorized):
    authorized(token="a\nb")
    declare(shell, '[quirks.git]\norigins = ["http://127.0.0.1:1"]\n\n[quirks.api]')
    done = shell.run(*args, stdin="protocol=http\nhost=127.0.0.1:1\n\n", code=10)
    assert done.out == ""


@pytest.mark.parametrize("args", [*EVERY[1:5], ("write", "practice", "FILE"), ("write", "practice", "FILE", "--format", "id-token")])  # fmt: skip
def test_adapters_load_little(args, shell, with_id_token):
    with_id_token(3_600)
    words = [str(shell.home / "file") if word == "FILE" else word for word in args]
    with contextlib.suppress(FileNotFoundError):
        shell.settings.unlink()
    assert not loaded(shell, *words) & (HEAVY | {"subprocess", "socket"})
