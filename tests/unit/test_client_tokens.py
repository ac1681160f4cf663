"""Entries without a person: the token is there when it is asked for, fetched once whoever asks."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.refreshing import age
from tests.stage import Stage
from tui_oauth import client_tokens
from tui_oauth.entries import (
    configure_entry,
    create_entry,
    delete_entry,
    describe,
)
from tui_oauth.errors import (
    Conflict,
    NeedsPerson,
    NotFound,
    ProviderRefused,
    ProviderUnreachable,
    StorageFailed,
    UsageProblem,
)
from tui_oauth.health import expiry_words, status_words
from tui_oauth.model import Entry, Grant
from tui_oauth.practice.behaviour import Behaviour
from tui_oauth.secret import Secret
from tui_oauth.services.catalogue import Catalogue
from tui_oauth.signin import SignIns
from tui_oauth.tokens import access_token, refresh_entry
from tui_oauth.workspace import Workspace


def requests(stage: Stage) -> int:
    return stage.provider.application.count["client_credentials"]


def now(stage: Stage, entry: Entry) -> Entry:
    return stage.workspace.vault.get(entry.id)


def words(stage: Stage, entry: Entry) -> tuple[str, str]:
    current, moment = now(stage, entry), stage.workspace.now()
    return " ".join(status_words(current, moment)), expiry_words(current, moment)


# ---- who is one


@pytest.mark.parametrize(
    ("service", "without_person", "grant"),
    [
        ("practice-standard", False, Grant.PERSON),
        ("practice-standard", True, Grant.CLIENT),
        ("marketo", False, Grant.CLIENT),
        ("marketo", True, Grant.CLIENT),
        ("practice", False, Grant.PERSON),
    ],
)
def test_rule_4_it_is_chosen_or_the_only_way(
    stage: Stage, service: str, without_person: bool, grant: Grant
) -> None:
    variables = {"munchkin": "123-ABC-456"} if service == "marketo" else {}
    entry = create_entry(stage.workspace, "e", service, variables, without_person=without_person)
    assert entry.grant == grant
    assert now(stage, entry).grant == grant


def test_rule_4_only_where_the_service_offers_it(stage: Stage) -> None:
    with pytest.raises(UsageProblem, match="without a person"):
        create_entry(stage.workspace, "e", "practice", without_person=True)
    assert stage.workspace.vault.entries() == []


def test_it_needs_a_secret_also_where_a_person_would_not(stage: Stage) -> None:
    assert "none" in Catalogue(None).get("practice-standard").client_auth
    entry = stage.created("robot", "practice-standard", without_person=True)
    with pytest.raises(UsageProblem, match="Client secret is empty"):
        configure_entry(stage.workspace, entry, client_id="an-id")
    with pytest.raises(NeedsPerson, match="not configured"):
        access_token(stage.workspace, entry)


def test_no_sign_in_begins_and_no_callback_url_is_asked_for(stage: Stage) -> None:
    entry = stage.without_person()
    assert describe(stage.workspace, entry)["callback_url"] is None
    with pytest.raises(UsageProblem, match="without a person"):
        SignIns(stage.workspace).begin(entry)


# ---- the token


def test_rule_4_the_first_token_comes_by_itself_and_the_next_when_it_has_ended(
    stage: Stage,
) -> None:
    entry = stage.without_person()
    assert describe(stage.workspace, entry)["status"] == "configured"
    assert words(stage, entry) == ("◐ No token yet", "")
    first = access_token(stage.workspace, entry)
    assert first.refresh_token is None
    assert first.scopes == ("read",)
    assert requests(stage) == 1
    assert access_token(stage.workspace, entry) == first
    assert requests(stage) == 1
    shown = describe(stage.workspace, now(stage, entry))
    assert (shown["status"], shown["has_refresh_token"]) == ("authorized", False)
    assert shown["scopes"] == ["read"]
    assert words(stage, entry)[0] == "● Authorized"
    age(stage, entry, 3590)
    assert words(stage, entry)[0] == "● Authorized", "its end concerns nobody"
    age(stage, entry, 100)
    assert describe(stage.workspace, now(stage, entry))["status"] == "authorized"
    assert words(stage, entry) == ("● Authorized", "renewed on use")
    second = access_token(stage.workspace, entry)
    assert second.access_token != first.access_token
    assert requests(stage) == 2


def test_a_refresh_gets_a_new_token_whenever_it_is_asked_for(stage: Stage) -> None:
    entry = stage.without_person()
    refresh_entry(stage.workspace, entry)
    first = access_token(stage.workspace, entry)
    refresh_entry(stage.workspace, entry)
    assert access_token(stage.workspace, entry).access_token != first.access_token
    assert requests(stage) == 2


@pytest.mark.parametrize("has_one", [False, True])
def test_rule_84_twenty_processes_send_one_request(stage: Stage, has_one: bool) -> None:
    entry = stage.without_person()
    if has_one:
        access_token(stage.workspace, entry)
        age(stage, entry, 4000)
    before = requests(stage)
    stage.provider.application.behaviour = Behaviour(delay=0.5)
    argv = [sys.executable, "-m", "tui_oauth", "token", "robot"]
    running = [
        subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(20)
    ]
    outputs = [process.communicate(timeout=60) for process in running]
    assert [process.returncode for process in running] == [0] * 20, outputs
    assert len({out for out, _ in outputs}) == 1
    assert requests(stage) == before + 1


def test_rule_84_what_one_was_refused_the_others_do_not_ask_again(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = stage.without_person()
    configure_entry(stage.workspace, entry, client_secret=Secret("not-the-secret"))
    together = threading.Barrier(5)
    asked: list[str] = []
    ask, lock = client_tokens._ask, type(stage.workspace.vault).entry_lock

    def counted(*args: Any) -> Any:
        asked.append("once more")
        return ask(*args)

    def at_the_lock(*args: Any, **more: Any) -> Any:
        together.wait(20)  # all have read the entry as it was
        return lock(*args, **more)

    monkeypatch.setattr(client_tokens, "_ask", counted)
    monkeypatch.setattr(type(stage.workspace.vault), "entry_lock", at_the_lock)

    def get(_: int) -> Exception | None:
        fresh = Workspace.from_environment(stage.workspace.environ)
        try:
            access_token(fresh, fresh.vault.find("robot"))
        except ProviderRefused as error:
            return error
        return None

    with ThreadPoolExecutor(5) as pool:
        refused = list(pool.map(get, range(5)))
    assert all(isinstance(error, ProviderRefused) for error in refused), refused
    assert asked == ["once more"]
    assert "invalid_client" in now(stage, entry).last_error


def test_a_refusal_is_kept_for_the_list_and_mended_by_the_right_secret(stage: Stage) -> None:
    entry = stage.created("robot", "practice-standard", without_person=True)
    client_id, secret = stage.credentials(entry)
    configure_entry(
        stage.workspace, entry, client_id=client_id, client_secret=Secret("not-the-secret")
    )
    with pytest.raises(ProviderRefused) as caught:
        access_token(stage.workspace, entry)
    assert caught.value.exit_code == 10
    assert now(stage, entry).last_error == caught.value.message
    assert not now(stage, entry).needs_authorization
    with pytest.raises(ProviderRefused, match="invalid_client"):
        access_token(stage.workspace, entry)  # asked anew, as nobody else was before it
    configure_entry(stage.workspace, entry, client_secret=Secret(secret))
    assert access_token(stage.workspace, entry).access_token
    assert now(stage, entry).last_error == ""


@pytest.mark.parametrize("behaviour", [Behaviour(down=True), Behaviour(html=True)])
def test_rule_87_a_provider_in_trouble_changes_nothing(stage: Stage, behaviour: Behaviour) -> None:
    entry = stage.without_person()
    access_token(stage.workspace, entry)
    age(stage, entry, 4000)
    before = stage.vault_bytes()
    stage.provider.application.behaviour = behaviour
    with pytest.raises(ProviderUnreachable):
        access_token(stage.workspace, entry)
    assert stage.vault_bytes() == before


# ---- what happens to the entry meanwhile


def test_other_scopes_end_the_token_and_are_asked_for_by_the_next(stage: Stage) -> None:
    entry = stage.without_person()
    access_token(stage.workspace, entry)
    configure_entry(stage.workspace, entry, scopes=("read",))
    assert words(stage, entry)[0] == "◐ No token yet"
    access_token(stage.workspace, entry)
    configure_entry(stage.workspace, entry, scopes=("read",))
    assert words(stage, entry)[0] == "● Authorized", "nothing has changed"


def meddle(monkeypatch: pytest.MonkeyPatch, change: Any) -> None:
    """Do `change` between the provider's answer and its way into the vault."""
    ask = client_tokens._ask

    def asked(*args: Any) -> Any:
        tokens = ask(*args)
        change()
        return tokens

    monkeypatch.setattr(client_tokens, "_ask", asked)


def test_a_token_for_what_was_before_is_not_stored(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = stage.without_person()
    meddle(monkeypatch, lambda: configure_entry(stage.workspace, entry, client_id="another"))
    with pytest.raises(Conflict):
        access_token(stage.workspace, entry)
    assert stage.workspace.vault.secrets(entry).tokens is None


def test_a_token_of_a_deleted_entry_is_dropped(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = stage.without_person()
    meddle(monkeypatch, lambda: delete_entry(stage.workspace, entry))
    with pytest.raises(NotFound, match="deleted while"):
        access_token(stage.workspace, entry)


def test_rule_82_a_token_that_cannot_be_stored_is_not_given(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = stage.without_person()

    def full(*_: object, **__: object) -> Entry:
        raise StorageFailed("No space left on device.")

    monkeypatch.setattr(stage.workspace.vault, "change", full)
    with pytest.raises(StorageFailed):
        access_token(stage.workspace, entry)


def test_rule_110_a_bound_token_gets_a_key_that_is_kept(stage: Stage) -> None:
    stage.provider.application.behaviour = Behaviour(dpop_required=True, dpop_nonces=True)
    folder = stage.workspace.places.own_services
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    port = stage.provider.port
    (folder / "bound.toml").write_text(
        'id = "bound"\nname = "Bound"\ngrants = ["client_credentials"]\n'
        f'token_url = "http://127.0.0.1:{port}/oauth/token"\n'
        "[extensions]\ndpop = true\n"
    )
    entry = create_entry(stage.workspace, "robot", "bound")
    client_id, secret = stage.credentials(entry)
    configure_entry(stage.workspace, entry, client_id=client_id, client_secret=Secret(secret))
    first = access_token(stage.workspace, entry)
    assert first.bound
    key = stage.workspace.vault.secrets(entry).proof_key
    assert key
    refresh_entry(stage.workspace, entry)
    held = stage.workspace.vault.secrets(entry)
    assert held.proof_key == key
    assert held.tokens is not None
    assert held.tokens.access_token != first.access_token


def test_start_up_a_valid_token_loads_nothing_of_the_network(stage: Stage, home: Path) -> None:
    access_token(stage.workspace, stage.without_person())
    code = (
        "import sys\nfrom tui_oauth.cli.main import main\n"
        "assert main(['token', 'robot']) == 0\n"
        "print(sorted({'httpx', 'asyncio', 'ssl'} & set(sys.modules)), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "[]\n"
    assert done.stdout.strip()


def test_rule_96_an_entry_of_a_person_is_told_apart(stage: Stage) -> None:
    person = stage.configured("person", "practice-standard")
    with pytest.raises(NeedsPerson, match="not authorized yet"):
        access_token(stage.workspace, person)
    assert words(stage, person)[0] == "◐ Not Authorized"
    assert person._replace(grant=Grant.CLIENT).grant == "client_credentials"
