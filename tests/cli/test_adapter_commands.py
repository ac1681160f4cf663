"""Tokens for curl, kubectl, AWS and mail programs, with the programs themselves."""

from __future__ import annotations

import base64
import contextlib
import json
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from adapter_home import US, declare, needs, run
from cli_tools import COMMAND
from test_imports import HEAVY, loaded

from tests.providers.mail_server import mail_server
from tests.providers.misbehaving import Conversation, answering, serving
from tui_oauth.callback.certificate import ensure_certificate, tls_context
from tui_oauth.secret import Secret

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
    workspace.vault.change(entry.id, lambda e, h: (e._replace(account_detail="ann@example.com"), h))
    sent = base64.b64decode(shell.run("xoauth2", "practice").out)
    assert sent == b"user=ann@example.com\x01auth=Bearer tok\x01\x01"
    assert "--oauthbearer" in shell.run("xoauth2", "practice", "--host", "x", code=2).err
    assert shell.run("xoauth2", "practice", "--user", "a\x01b", code=2).out == ""


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
