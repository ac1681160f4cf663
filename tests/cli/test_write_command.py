"""Files that other programs read a token from: `write`, once and kept fresh."""

from __future__ import annotations

import base64
import json
import os
import signal
import stat

import pytest
from adapter_home import declare, needs, run

from tests.hostile.texts import hostile_path
from tests.providers.misbehaving import answering, serving
from tui_oauth.practice.behaviour import Behaviour


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
    assert "make its folder first" in done.err
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


def test_a_file_with_a_bound_token_is_written_with_a_word(shell, authorized, hold):
    authorized(token="tok")
    hold(token_type="DPoP")
    done = shell.run("write", "practice", str(shell.home / "file"), "--format", "header")
    assert (shell.home / "file").read_text() == "Authorization: DPoP tok\n"
    assert "bound to a key (DPoP)" in done.err
