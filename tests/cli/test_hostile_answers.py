"""Hostile answers as a person meets them: one clean line, the right exit code, nothing for the terminal."""

from __future__ import annotations

import pytest
from cli_tools import Done, Shell

from tests.hostile.device_answers import CODES_REFUSED, code, device_server
from tests.hostile.hostile_machine import CANARIES, FORBIDDEN, SERVICE, Machine, machine
from tests.hostile.test_hostile_discovery import REFUSED as METADATA_REFUSED
from tests.hostile.token_answers import REFUSED, body
from tests.providers.publishing import publishing


def clean(done: Done, code: int) -> str:
    """The line on standard error that says what went wrong; all of the output is harmless."""
    assert done.code == code
    for stream in (done.out, done.err):
        assert not (FORBIDDEN - {"\n"}) & set(stream), stream
        assert CANARIES.within(stream) == set()
    assert "Traceback" not in done.err
    (last,) = [line for line in done.err.splitlines() if line.startswith("tui-oauth: ")]
    return last


def ready(shell: Shell, place: Machine) -> None:
    """The machine's home is the test's own, so that commands find its entry."""
    assert place.workspace.places.vault == shell.vault
    assert (place.workspace.places.own_services / "hostile.toml").read_text() == SERVICE


@pytest.mark.parametrize("trace", [("--debug",), ("--trace",)], ids=str)
@pytest.mark.parametrize(
    "name",
    [
        "deep", "twice", "html that says json", "hostile names alone", "token with escape", "type hostile",
        "hostile words", "hostile page", "redirect hostile", "encoding hostile", "status hostile", "long words",
    ],
)  # fmt: skip
def test_rule_118_and_120_a_hostile_token_answer_is_one_clean_line(
    name: str, trace: tuple[str, ...], shell: Shell
) -> None:
    case = REFUSED[name]
    with machine(case.answer) as place:
        place.with_old_tokens()
        ready(shell, place)
        done = shell.run("refresh", "work", *trace, code=None)
        line = clean(done, (case.refresh or case.error).exit_code)
        assert case.words in line
        assert done.out == ""
        traced = [line for line in done.err.splitlines() if line.startswith(("> ", "< "))]
        assert bool(traced) == (trace == ("--trace",))
        shown = shell.run("show", "work", code=0)
        assert not (FORBIDDEN - {"\n"}) & set(shown.out), "the last error stays with the entry"
        shell.run("list", code=0)


@pytest.mark.parametrize("name", ["user code hostile", "address javascript", "error hostile"])
def test_rule_118_a_hostile_device_code_is_one_clean_line(name: str, shell: Shell) -> None:
    with machine(device_server(CODES_REFUSED[name].answer)) as place:
        ready(shell, place)
        done = shell.run("authorize", "work", "--device", "--trace", "--timeout", "2", code=None)
        assert CODES_REFUSED[name].words in done.err
        assert not (FORBIDDEN - {"\n"}) & set(done.out + done.err)
        assert "Traceback" not in done.err


def test_rule_118_a_hostile_answer_to_a_poll_is_one_clean_line(shell: Shell) -> None:
    denied = body({"error": "access_denied", "error_description": "\x1b]0;x\x07\x9b2J\u202e[/]"})
    with machine(device_server(code(), denied)) as place:
        ready(shell, place)
        done = shell.run("authorize", "work", "--device", "--trace", code=None)
        assert "\\x1b]0;x\\x07\\x9b2J[/]" in clean(done, 10)


@pytest.mark.parametrize(
    "name",
    ["issuer hostile", "token endpoint hostile", "link shell", "redirect hostile", "deep", "500"],
)
def test_rule_118_hostile_metadata_is_one_clean_line(
    name: str, shell: Shell, workspace: object
) -> None:
    publish, kind, words = METADATA_REFUSED[name]
    before = shell.vault.read_bytes()
    with publishing() as site:
        publish(site)
        done = shell.run("create", "api", "--discover", site.url, "--trace", code=None)
    assert words in clean(done, kind.exit_code)
    assert done.out == ""
    assert shell.vault.read_bytes() == before
