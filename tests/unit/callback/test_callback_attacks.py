"""After each attack of the table a genuine callback succeeds within a second."""

from __future__ import annotations

import ssl
import time
from collections.abc import AsyncIterator, Callable

import abuses
import attacks
import pytest
from attacks import Attack, Scene
from callback_client import Client, SignIn

from tui_oauth.callback.certificate import CertificatePaths, ensure_certificate, tls_context
from tui_oauth.callback.server import MAX_CONNECTIONS, CallbackServer

ALL = [
    *attacks.HOSTS,
    *attacks.ADDRESSES,
    *attacks.STATES,
    *attacks.REPEATS,
    *attacks.REPLAYS,
    *abuses.LIMITS,
    *attacks.SYNTAX,
    *attacks.ORIGINS,
    *attacks.PREFETCHES,
    *abuses.FORMS,
    *abuses.PLAIN_PORT,
    *abuses.TLS,
]


def each(table: list[Attack]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("attack", table, ids=[one.name for one in table])


@pytest.fixture
async def scene(server: CallbackServer, sign_in: SignIn, client: Client) -> AsyncIterator[Scene]:
    made = Scene(client, server, sign_in)
    yield made
    for sock in made.hanging:
        sock.close()


async def assert_prompt(scene: Scene, tls: ssl.SSLContext | None = None) -> None:
    """The callback of the sign-in that waits, as its browser brings it: one, whole and at once."""
    assert scene.sign_in.got == []
    started = time.monotonic()
    answer = await scene.client.get(scene.sign_in.target, tls=tls)
    took = time.monotonic() - started
    assert answer.title == "Authorization Successful"
    assert scene.sign_in.got == [[("code", "C0de"), ("state", scene.sign_in.state)]]
    assert took < 1
    assert len(scene.server._connections) <= MAX_CONNECTIONS


def test_the_table_is_long_enough_and_names_each_attack_once() -> None:
    assert len(ALL) >= 60
    for table in (attacks.HOSTS, attacks.ADDRESSES, abuses.LIMITS, attacks.SYNTAX, abuses.TLS):
        assert len({one.name for one in table}) == len(table)


@each(attacks.HOSTS)
async def test_rule_25_no_other_name_reaches_the_sign_in(attack: Attack, scene: Scene) -> None:
    await attack.happen(scene)
    await assert_prompt(scene)


@each(attacks.ADDRESSES)
async def test_rule_26_no_other_method_or_path_reaches_it(attack: Attack, scene: Scene) -> None:
    await attack.happen(scene)
    await assert_prompt(scene)


@each(attacks.STATES)
async def test_rule_27_nothing_without_its_state_changes_it(attack: Attack, scene: Scene) -> None:
    await attack.happen(scene)
    await assert_prompt(scene)


@each(attacks.REPEATS)
async def test_rule_28_nothing_repeated_uses_it_up(attack: Attack, scene: Scene) -> None:
    await attack.happen(scene)
    await assert_prompt(scene)


@each(attacks.REPLAYS)
async def test_rule_29_no_replay_is_a_second_callback(attack: Attack, scene: Scene) -> None:
    await attack.happen(scene)
    await assert_prompt(scene)


@each(abuses.LIMITS)
async def test_rule_30_no_abuse_holds_it_up(attack: Attack, scene: Scene) -> None:
    started = time.monotonic()
    await attack.happen(scene)
    assert time.monotonic() - started < 5
    await assert_prompt(scene)


@each(attacks.SYNTAX)
async def test_rule_31_nothing_malformed_is_read_as_a_callback(
    attack: Attack, scene: Scene
) -> None:
    await attack.happen(scene)
    await assert_prompt(scene)


@each(attacks.ORIGINS)
async def test_rule_34_no_page_of_another_origin_gets_at_it(attack: Attack, scene: Scene) -> None:
    await attack.happen(scene)
    await assert_prompt(scene)


@each(attacks.PREFETCHES)
async def test_rule_35_nothing_ahead_of_time_uses_it_up(attack: Attack, scene: Scene) -> None:
    await attack.happen(scene)
    await assert_prompt(scene)


@each(abuses.FORMS)
async def test_rule_30_a_service_that_posts_opens_no_door(attack: Attack, scene: Scene) -> None:
    posting = SignIn()
    await scene.server.expect(posting.state, posting.finish, form_post=True)
    await attack.happen(Scene(scene.client, scene.server, posting, scene.hanging))
    await assert_prompt(scene)
    started = time.monotonic()
    answer = await scene.client.post(posting.query)
    assert time.monotonic() - started < 1
    assert answer.title == "Authorization Successful"
    assert posting.got == [[("code", "C0de"), ("state", posting.state)]]


@each(abuses.PLAIN_PORT)
async def test_rule_42_tls_on_a_port_without_it_does_no_harm(attack: Attack, scene: Scene) -> None:
    await attack.happen(scene)
    await assert_prompt(scene)


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> CertificatePaths:
    folder = tmp_path_factory.mktemp("certificate")
    folder.chmod(0o700)
    return ensure_certificate(folder / "certificate.pem", int(time.time()))


@each(abuses.TLS)
async def test_rule_42_no_abuse_of_tls_holds_it_up(
    attack: Attack,
    make_server: Callable[..., CallbackServer],
    client: Client,
    paths: CertificatePaths,
) -> None:
    server, sign_in = make_server(certificate=lambda: tls_context(*paths)), SignIn()
    await server.expect(sign_in.state, sign_in.finish)
    scene = Scene(client, server, sign_in)
    await attack.happen(scene)
    await assert_prompt(scene, ssl.create_default_context(cafile=str(paths.certificate)))
    for sock in scene.hanging:
        sock.close()
