"""How programs want a token: the forms themselves, exact to the byte, and what they refuse."""

from __future__ import annotations

import base64
import json
import shlex
import subprocess

import pytest

from tests.unit.oauth.making import make_service
from tui_oauth.adapters import git, http_tools, kubernetes, mail
from tui_oauth.adapters.environment import environment_line, variable_of
from tui_oauth.cli.keeping import next_look
from tui_oauth.errors import InvalidService, UsageProblem
from tui_oauth.services.catalogue import Catalogue
from tui_oauth.services.format import GitQuirks, Quirks
from tui_oauth.services.loading import parse_service

GITLAB = make_service(
    quirks=Quirks(git=GitQuirks(("https://git.example", "https://h.example:8443")))
)


@pytest.mark.parametrize(
    ("name", "variable"),
    [
        ("my-intercom", "MY_INTERCOM_ACCESS_TOKEN"),
        ("2 fast", "_2_FAST_ACCESS_TOKEN"),
        ("Café·ß", "CAF____ACCESS_TOKEN"),
        ("日本", "___ACCESS_TOKEN"),
    ],
)
def test_the_variable_of_a_name(name: str, variable: str) -> None:
    assert variable_of(name, "ACCESS_TOKEN") == variable


@pytest.mark.parametrize("value", ["abc.-_~+/==", "a:b,c@d%e^f", "1"])
def test_a_line_that_every_reader_reads_alike(value: str) -> None:
    line = environment_line("TOKEN", value)
    assert line == f"TOKEN={value}\n"
    assert shlex.split(line, comments=True) == [f"TOKEN={value}"]
    shell = subprocess.run(
        ["sh", "-c", f'{line}printf %s "$TOKEN"'], capture_output=True, text=True, check=True
    )
    assert shell.stdout == value


@pytest.mark.parametrize(
    "value",
    ["", "a b", "a$b", "a#b", "a'b", 'a"b', "a\\b", "~a", "a:~b", "a\nB=c", "é", "a`b", "a;b"],
)
def test_a_value_that_readers_read_differently_is_refused(value: str) -> None:
    with pytest.raises(UsageProblem, match="differently"):
        environment_line("TOKEN", value)


def test_a_request_of_git_is_read_to_its_empty_line() -> None:
    text = (
        "protocol=https\nhost=git.example\r\nwwwauth[]=Basic realm=x\nodd\npath=a=b\n\nhost=evil\n"
    )
    assert git.read_request(text) == {
        "protocol": "https", "host": "git.example", "wwwauth[]": "Basic realm=x", "path": "a=b",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("protocol", "host", "meant"),
    [
        ("https", "git.example", True),
        ("https", "GIT.example", True),
        ("https", "git.example:443", True),
        ("https", "h.example:8443", True),
        ("http", "git.example", False),
        ("ssh", "git.example", False),
        ("https", "h.example", False),
        ("https", "git.example:8443", False),
        ("https", "git.example.evil.example", False),
        ("https", "evil.example/git.example", False),
        ("https", "git.example@evil.example", False),
        ("https", "evil.example#git.example", False),
        ("https", "sub.git.example", False),
        ("https", "", False),
        ("", "git.example", False),
    ],
)
def test_rule_93_git_gets_the_token_for_the_services_own_places(
    protocol: str, host: str, meant: bool
) -> None:
    assert git.is_meant(GITLAB, {"protocol": protocol, "host": host}) is meant


def test_without_declared_places_git_gets_nothing() -> None:
    assert not git.is_meant(make_service(), {"protocol": "https", "host": "git.example"})
    assert not git.is_meant(GITLAB, {})


def test_what_git_is_answered() -> None:
    assert git.answer(GITLAB, "tok", None) == "username=oauth2\npassword=tok\n"
    assert git.answer(GITLAB, "tok", 99).endswith("password_expiry_utc=99\n")


def test_the_services_that_take_tokens_for_git(tmp_path) -> None:
    catalogue = Catalogue(tmp_path)
    found = {name: catalogue.get(name).quirks.git for name in ("github", "gitlab", "bitbucket")}
    assert {name: quirks.username for name, quirks in found.items()} == {
        "github": "x-access-token",
        "gitlab": "oauth2",
        "bitbucket": "x-token-auth",
    }
    assert found["gitlab"].origins == ("https://gitlab.com",)
    assert "https://api.github.com" not in found["github"].origins


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('origins = ["http://git.example"]', "https"),
        ('origins = ["https://git.example/path"]', "without path"),
        ('origins = ["https://{nowhere}"]', "nowhere"),
        ('username = "a b"', "letters"),
    ],
)
def test_a_service_file_declares_places_strictly(line: str, words: str) -> None:
    text = f'id = "a"\nname = "A"\ntoken_url = "https://a.example/t"\nauthorize_url = "https://a.example/"\n[quirks.git]\n{line}\n'
    with pytest.raises(InvalidService, match=words):
        parse_service(text, "a.toml")


@pytest.mark.parametrize("version", ["v1", "v1beta1"])
def test_an_exec_credential_of_the_version_asked_for(version: str) -> None:
    info = json.dumps({"apiVersion": f"client.authentication.k8s.io/{version}", "spec": {}})
    found = kubernetes.exec_credential(kubernetes.asked_version(info), "tok", 1_800_000_000)
    assert json.loads(found) == {
        "apiVersion": f"client.authentication.k8s.io/{version}",
        "kind": "ExecCredential",
        "status": {"token": "tok", "expirationTimestamp": "2027-01-15T08:00:00Z"},
    }
    assert "expirationTimestamp" not in kubernetes.exec_credential("v", "tok", None)
    assert kubernetes.asked_version("").endswith("/v1")


@pytest.mark.parametrize(
    "info",
    ["x", "[]", "{}", '{"apiVersion": 1}', '{"apiVersion": "client.authentication.k8s.io/v1alpha1"}', "[" * 100_000, '{"apiVersion": "\\u001b[2J"}', '{"apiVersion": ["v1"]}'],
)  # fmt: skip
def test_another_exec_info_is_refused(info: str) -> None:
    with pytest.raises(UsageProblem) as caught:
        kubernetes.asked_version(info)
    assert str(caught.value).isprintable()


def test_the_example_of_rfc_7628_and_that_of_google() -> None:
    # RFC 7628 section 4.1, and developers.google.com/workspace/gmail/imap/xoauth2-protocol
    token = "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg=="
    assert mail.oauthbearer("user@example.com", token, "server.example.com", 143) == (
        "bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9MTQzAWF1dGg9QmVhcmVyI"
        "HZGOWRmdDRxbVRjMk52YjNSbGNrQmhiSFJoZG1semRHRXVZMjl0Q2c9PQEB"
    )
    assert mail.xoauth2("someuser@example.com", "ya29." + token) == (
        "dXNlcj1zb21ldXNlckBleGFtcGxlLmNvbQFhdXRoPUJlYXJlciB5YTI5LnZGOWRmdDRxbVRjMk52YjNSbGNrQmhiSFJoZG"
        "1semRHRXVZMjl0Q2c9PQEB"
    )


def test_a_name_of_oauthbearer_has_its_commas_escaped() -> None:
    sent = base64.b64decode(mail.oauthbearer("a,b=c@x.example", "t")).decode()
    assert sent == "n,a=a=2Cb=3Dc@x.example,\x01auth=Bearer t\x01\x01"


@pytest.mark.parametrize("user", ["", "a\x01b", "a\nb", "a\u202eb"])
def test_a_user_that_would_break_the_message_is_refused(user: str) -> None:
    for make in (mail.xoauth2, mail.oauthbearer):
        with pytest.raises(UsageProblem):
            make(user, "t")


def test_a_configuration_of_curl_to_the_letter() -> None:
    plain = http_tools.curl_config({"Authorization": 'Bearer a"b\\c', "X-Version": "2"})
    assert plain.splitlines()[:2] == [
        'header = "Authorization: Bearer a\\"b\\\\c"', 'header = "X-Version: 2"',
    ]  # fmt: skip
    whole = http_tools.curl_config({"authorization": "Bearer t"}, "https://a.example/?q=1")
    assert whole == 'header = "authorization: Bearer t"\nglobal\n'.replace(
        "global", 'globoff\nurl = "https://a.example/?q=1"'
    )


def test_netrc_names_hosts_that_take_the_token_as_a_password() -> None:
    assert http_tools.netrc(GITLAB, "tok") == (
        "machine git.example login oauth2 password tok\nmachine h.example login oauth2 password tok\n"
    )
    with pytest.raises(UsageProblem, match="as a password"):
        http_tools.netrc(make_service(), "tok")
    for token in ("a b", "a#b", 'a"b', "a\\b", "", "é"):
        with pytest.raises(UsageProblem, match="differently"):
            http_tools.netrc(GITLAB, token)


@pytest.mark.parametrize(
    ("ends", "due"),
    [(None, None), (4_600, 4_540), (1_061, 1_001), (1_060, 1_030), (1_003, 1_002), (900, 1_002)],
)
def test_when_a_kept_file_is_looked_at_again(ends: int | None, due: int | None) -> None:
    assert next_look(ends, 60, 1_000) == due
