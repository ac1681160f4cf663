"""Revoking at the service and removing here: two outcomes, both told as they are (rules 95, 96)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from tests.providers.misbehaving import Behaviour, Server, answering, reset, serving
from tests.providers.revoking import (
    ACCESS,
    CLIENT_ID,
    CLIENT_SECRET,
    REFRESH,
    Asked,
    Reading,
    granting,
)
from tests.stage import Stage
from tui_oauth.entries import describe
from tui_oauth.errors import NeedsPerson, ProviderRefused, ProviderUnreachable, VaultBusy
from tui_oauth.model import Entry, EntrySecrets, TokenSet, with_tokens
from tui_oauth.oauth.revoke import is_standard
from tui_oauth.revocation import (
    AtService,
    Revocation,
    can_revoke,
    ends_more,
    forget_tokens,
    revoke_entry,
    where_to_end,
)
from tui_oauth.secret import Secret
from tui_oauth.services.catalogue import Catalogue
from tui_oauth.services.format import CallbackQuirks, Guide, Service
from tui_oauth.services.pinned import pin
from tui_oauth.services.resolve import asked_variables, resolve

EXPIRES_IN = 3_600


def entry_of(stage: Stage, service: Service, refresh: bool = True, **extra: str) -> Entry:
    """An authorized entry that carries `service`, with the tokens of `Grant`."""
    now = stage.workspace.now()
    tokens = TokenSet(
        Secret(ACCESS),
        "Bearer",
        now,
        now + EXPIRES_IN,
        Secret(REFRESH) if refresh else None,
        scopes=("read",),
        extra=extra,
    )
    plain = Entry("", "work", service.id, service.name, now, now, configured=True)
    entry = with_tokens(plain._replace(pinned=pin(service), account="Acme"), tokens, now)
    held = EntrySecrets(CLIENT_ID, Secret(CLIENT_SECRET), tokens)
    return stage.workspace.vault.add(entry, held)


def standard(url: str, **changes: Any) -> Service:
    plain: dict[str, Any] = {
        "id": "example",
        "name": "Example",
        "authorize_url": f"{url}/authorize",
        "token_url": f"{url}/token",
        "revoke_url": f"{url}/revoke",
    }
    return Service(**{**plain, **changes})


def built_in(service_id: str, url: str) -> Service:
    """A service of the catalogue as it stands, with its revocation on loopback."""
    declared = Catalogue().get(service_id)
    given = {
        variable.name: variable.choices[-1].value if variable.choices else variable.example
        for variable in asked_variables(declared)
    }
    service = resolve(declared, given)
    path = service.revoke_url.partition("://")[2].partition("/")[2]
    quirks = replace(service.quirks, callback=CallbackQuirks())  # it may set variables
    return replace(service, variables=(), quirks=quirks, revoke_url=f"{url}/{path}")


# ---- each way in which services take tokens back


def rfc7009(asked: Asked) -> str:
    """Section 2.1, with the client's credentials in one place (RFC 6749 section 2.3)."""
    assert asked.method == "POST"
    form = asked.form
    hint = {REFRESH: "refresh_token", ACCESS: "access_token"}[form["token"]]
    assert form["token_type_hint"] == hint
    if "authorization" in asked.headers:
        assert asked.basic == (CLIENT_ID, CLIENT_SECRET)
        assert form.keys() == {"token", "token_type_hint"}
    else:
        named = [name for name in form if name in {"client_id", "client_key"}]
        assert [form[name] for name in named] == [CLIENT_ID]
        assert form.get("client_secret", CLIENT_SECRET) == CLIENT_SECRET  # a public client has none
    return form["token"]


def rfc7009_basic(asked: Asked) -> str:
    assert (asked.method, asked.path) == ("POST", "/revoke")
    assert "authorization" in asked.headers
    return rfc7009(asked)


def bearer(method: str) -> Reading:
    def reading(asked: Asked) -> str:
        assert (asked.method, asked.body) == (method, b"")
        scheme, _, token = asked.headers["authorization"].partition(" ")
        assert scheme == "Bearer"
        return token

    return reading


def json_of(*credentials: str) -> Reading:
    """A JSON object with the token; the credentials in it where `credentials` names them."""

    def reading(asked: Asked) -> str:
        assert asked.method == "POST"
        sent = asked.json
        if credentials:
            assert [sent[name] for name in credentials] == [CLIENT_ID, CLIENT_SECRET]
        else:
            assert asked.basic == (CLIENT_ID, CLIENT_SECRET)
        return sent["token"]

    return reading


def form_of(**more: str) -> Reading:
    """A form with exactly these parameters and the token, and no Authorization."""

    def reading(asked: Asked) -> str:
        assert asked.method == "POST"
        assert "authorization" not in asked.headers
        form = asked.form
        token = form.pop("token", None) or form.pop("access_token")
        assert form == more
        return token

    return reading


def github(asked: Asked) -> str:
    assert (asked.method, asked.path) == ("DELETE", f"/applications/{CLIENT_ID}/grant")
    assert asked.basic == (CLIENT_ID, CLIENT_SECRET)
    return asked.json["access_token"]


def mollie(asked: Asked) -> str:
    assert asked.method == "DELETE"
    assert asked.basic == (CLIENT_ID, CLIENT_SECRET)
    return asked.form["token"]


def in_path(asked: Asked) -> str:
    assert (asked.method, asked.body) == ("DELETE", b"")
    assert "authorization" not in asked.headers
    return asked.path.removeprefix("/oauth/v1/refresh-tokens/")


def square(asked: Asked) -> str:
    assert asked.headers["authorization"] == f"Client {CLIENT_SECRET}"
    assert asked.json["client_id"] == CLIENT_ID
    return asked.json["access_token"]


def stripe(asked: Asked) -> str:
    assert asked.path == "/oauth/deauthorize"
    assert asked.headers["authorization"] == f"Bearer {CLIENT_SECRET}"
    assert asked.form == {"client_id": CLIENT_ID, "stripe_user_id": "acct_7"}
    return REFRESH  # the account is disconnected: everything ends


OWN_WAYS: dict[str, Reading] = {
    "acuity-scheduling": form_of(client_id=CLIENT_ID, client_secret=CLIENT_SECRET),
    "dropbox": bearer("POST"),
    "facebook": bearer("DELETE"),
    "facebook-ads": bearer("DELETE"),
    "facebook-pages": bearer("DELETE"),
    "freshbooks": json_of("client_id", "client_secret"),
    "github": github,
    "hubspot": in_path,
    "intercom": bearer("POST"),
    "mollie": mollie,
    "notion": json_of(),
    "quickbooks-online": json_of(),
    "quickbooks-online-sandbox": json_of(),
    "razorpay": json_of("client_id", "client_secret"),
    "slack": bearer("POST"),
    "square": square,
    "square-sandbox": square,
    "strava": form_of(),
    "stripe-connect": stripe,
    "tiktok": form_of(client_key=CLIENT_ID, client_secret=CLIENT_SECRET),
    "trakt": json_of("client_id", "client_secret"),
    "twitch": form_of(client_id=CLIENT_ID, client_secret=CLIENT_SECRET),
}
CATALOGUE = Catalogue()
REVOCABLE = sorted(
    found.id
    for found in CATALOGUE.all()
    if CATALOGUE.get(found.id).revoke_url and not found.id.startswith("practice")
)


def test_rule_95_every_service_with_a_way_of_its_own_is_played() -> None:
    services = [built_in(service_id, "https://as.example") for service_id in REVOCABLE]
    assert {service.id for service in services if not is_standard(service)} == set(OWN_WAYS)


@pytest.mark.parametrize("service_id", REVOCABLE)
def test_rule_95_each_way_of_revoking_ends_the_grant_and_removes_the_tokens(
    service_id: str, stage: Stage
) -> None:
    with granting(OWN_WAYS.get(service_id, rfc7009), b'{"ok": true}') as grant:
        entry = entry_of(stage, built_in(service_id, grant.url), stripe_user_id="acct_7")
        assert can_revoke(stage.workspace, entry)
        outcome = revoke_entry(stage.workspace, entry)
    assert grant.wrong == []
    assert len(grant.asked) == (1 if service_id in OWN_WAYS else 2)
    assert grant.good <= {REFRESH}
    assert outcome == Revocation(outcome.entry, AtService.REVOKED, removed=True)
    held = stage.workspace.vault.secrets(entry)
    assert held.tokens is None
    assert (held.client_id, held.client_secret) == (CLIENT_ID, Secret(CLIENT_SECRET))
    shown = describe(stage.workspace, stage.workspace.vault.get(entry.id))
    assert (shown["status"], shown["account"], shown["last_error"]) == ("configured", None, None)


def test_rule_95_the_refresh_token_goes_first_then_the_access_token(stage: Stage) -> None:
    with granting(rfc7009_basic) as grant:
        revoke_entry(stage.workspace, entry_of(stage, standard(grant.url)))
    assert [asked.form["token"] for asked in grant.asked] == [REFRESH, ACCESS]


def test_rule_95_without_a_refresh_token_there_is_one_request(stage: Stage) -> None:
    with granting(rfc7009_basic) as grant:
        revoke_entry(stage.workspace, entry_of(stage, standard(grant.url), refresh=False))
    assert [asked.form["token"] for asked in grant.asked] == [ACCESS]


def by_turns(*behaviours: Behaviour) -> Behaviour:
    """The first request is answered by the first, and so on."""
    left = iter(behaviours)
    return lambda conversation: next(left)(conversation)


GOOD = answering(b"")
GONE = answering(b'{"error":"invalid_token"}', "400 Bad Request")
WRONG_KIND = answering(b'{"error":"unsupported_token_type"}', "400 Bad Request")
REFUSED = answering(b'{"error":"invalid_client"}', "401 Unauthorized")
BUSY = answering(b"", "503 Service Unavailable")
HTML = answering(b"<html>Sign in to the hotel</html>", "200 OK", "Content-Type: text/html")


@contextlib.contextmanager
def revoking(stage: Stage, *behaviours: Behaviour) -> Iterator[tuple[Server, Entry]]:
    with serving(by_turns(*behaviours)) as server:
        yield server, entry_of(stage, standard(server.url))


@pytest.mark.parametrize(
    ("behaviours", "at_service"),
    [
        ((GOOD, GOOD), AtService.REVOKED),
        ((GOOD, GONE), AtService.REVOKED),  # as services that end both with the first
        ((GONE, GONE), AtService.ENDED),
        ((GONE, GOOD), AtService.REVOKED),
        ((GOOD, WRONG_KIND), AtService.REVOKED),
        ((GOOD, REFUSED), AtService.REVOKED),
    ],
    ids=["good", "gone with the first", "gone before", "refresh gone", "wrong kind", "refused"],
)
def test_rule_96_ended_there_and_removed_here(
    behaviours: tuple[Behaviour, ...], at_service: AtService, stage: Stage
) -> None:
    with revoking(stage, *behaviours) as (server, entry):
        outcome = revoke_entry(stage.workspace, entry)
    assert (outcome.at_service, outcome.removed, outcome.problem) == (at_service, True, None)
    assert len(server.requests) == 2
    assert stage.workspace.vault.secrets(entry).tokens is None
    # An access token that cannot be called back goes on until it ends, and that is said.
    cannot = behaviours[1] in (WRONG_KIND, REFUSED)
    assert bool(outcome.note) == cannot
    assert not cannot or "59 min" in outcome.note or "1 h" in outcome.note


@pytest.mark.parametrize(
    ("behaviours", "at_service", "problem", "words"),
    [
        ((BUSY,), AtService.NOT_REVOKED, ProviderUnreachable, "not revoked"),
        ((reset,), AtService.NOT_REVOKED, ProviderUnreachable, "127.0.0.1"),
        ((REFUSED,), AtService.NOT_REVOKED, ProviderRefused, "invalid_client"),
        ((WRONG_KIND, WRONG_KIND), AtService.NOT_REVOKED, ProviderRefused, "unsupported"),
        ((WRONG_KIND, GOOD), AtService.PARTLY, ProviderRefused, "access token is revoked"),
        ((GOOD, BUSY), AtService.PARTLY, ProviderUnreachable, "refresh token is revoked"),
        ((GOOD, reset), AtService.PARTLY, ProviderUnreachable, "refresh token is revoked"),
    ],
    ids=["503", "reset", "refused", "no kind", "only access", "503 then", "reset then"],
)
def test_rule_96_what_is_not_revoked_is_said_and_stays_here(
    behaviours: tuple[Behaviour, ...],
    at_service: AtService,
    problem: type[Exception],
    words: str,
    stage: Stage,
) -> None:
    with revoking(stage, *behaviours) as (server, entry):
        before = stage.workspace.vault.secrets(entry)
        outcome = revoke_entry(stage.workspace, entry)
    assert len(server.requests) == len(behaviours)
    assert (outcome.at_service, outcome.removed, outcome.done) == (at_service, False, False)
    assert isinstance(outcome.problem, problem)
    assert words in str(outcome.problem)
    assert "tokens kept here" in outcome.words
    assert stage.workspace.vault.secrets(entry) == before
    partly = at_service is AtService.PARTLY
    assert bool(stage.workspace.vault.get(entry.id).last_error) == partly


def test_rule_96_the_person_may_forget_what_the_service_did_not_end(stage: Stage) -> None:
    with revoking(stage, BUSY) as (_, entry):
        outcome = revoke_entry(stage.workspace, entry, forget=True)
    assert (outcome.at_service, outcome.removed) == (AtService.NOT_REVOKED, True)
    assert isinstance(outcome.problem, ProviderUnreachable)
    assert outcome.words == "not revoked at Example; tokens removed here"
    assert stage.workspace.vault.secrets(entry).tokens is None


@pytest.mark.parametrize("told", ["Open Settings and press Disconnect.", ""])
def test_rule_96_without_an_endpoint_nothing_is_claimed(told: str, stage: Stage) -> None:
    service = standard("https://as.example", revoke_url="", guide=Guide(revoke=told))
    entry = entry_of(stage, service)
    assert not can_revoke(stage.workspace, entry)
    before = stage.vault_bytes()
    outcome = revoke_entry(stage.workspace, entry)
    assert (outcome.at_service, outcome.removed) == (AtService.NOT_REVOKED, False)
    assert isinstance(outcome.problem, NeedsPerson)
    assert "stays valid there" in outcome.problem.message
    assert "revoke work --forget" in outcome.problem.advice
    assert stage.vault_bytes() == before
    # A pinned service carries facts and no guide, so the general words have to do for it.
    assert "your account at Example" in outcome.problem.advice


def test_rule_96_each_service_says_where_a_person_ends_the_access(stage: Stage) -> None:
    for found in Catalogue().all():
        service = Catalogue().get(found.id)
        entry = Entry("0" * 32, "x", service.id, service.name, 0, 0)
        told = where_to_end(stage.workspace, entry)
        assert told.endswith("."), service.id
        assert service.guide.revoke or service.name in told


def test_an_entry_without_tokens_has_nothing_to_revoke(stage: Stage) -> None:
    entry = stage.configured("work")
    before = stage.vault_bytes()
    outcome = revoke_entry(stage.workspace, entry)
    assert (outcome.at_service, outcome.problem) == (AtService.NOTHING, None)
    assert "nothing to revoke" in outcome.words
    assert stage.vault_bytes() == before


def test_a_missing_service_file_is_said_and_the_tokens_can_be_forgotten(stage: Stage) -> None:
    entry = entry_of(stage, standard("https://as.example"))
    gone = stage.workspace.vault.change(
        entry.id, lambda current, held: (current._replace(pinned="", service="went-away"), held)
    )
    assert not can_revoke(stage.workspace, gone)
    assert not ends_more(stage.workspace, gone)
    outcome = revoke_entry(stage.workspace, gone)
    assert "went-away" in str(outcome.problem)
    assert not outcome.removed
    after = forget_tokens(stage.workspace, gone)
    assert not after.authorized
    assert stage.workspace.vault.secrets(gone).tokens is None


def test_revoking_waits_for_a_refresh_that_runs(stage: Stage) -> None:
    with granting(rfc7009_basic) as grant:
        entry = entry_of(stage, standard(grant.url))
        with (
            stage.workspace.vault.entry_lock(entry.id),
            ThreadPoolExecutor(1) as pool,
            pytest.raises(VaultBusy),
        ):
            pool.submit(revoke_entry, stage.workspace, entry, deadline=0.1).result(20)
        assert grant.asked == []
        assert revoke_entry(stage.workspace, entry).done


def test_an_answer_kept_beside_the_vault_is_what_is_revoked(stage: Stage) -> None:
    """A refresh whose tokens could not be stored has left the newer ones sealed beside the vault."""
    with granting(lambda asked: asked.form["token"]) as grant:
        entry = entry_of(stage, standard(grant.url))
        newer = TokenSet(Secret("access-2"), "Bearer", 0, None, Secret("refresh-2"))
        stage.workspace.vault.keep_pending(entry.id, newer, sent=Secret(REFRESH))
        assert revoke_entry(stage.workspace, entry).removed
    assert [asked.form["token"] for asked in grant.asked] == ["refresh-2", "access-2"]
    assert stage.workspace.vault.take_pending(entry.id) is None


def test_tokens_of_a_sign_in_that_came_in_between_are_kept(stage: Stage) -> None:
    fresh = TokenSet(Secret("access-new"), "Bearer", 0)
    entry: Entry | None = None

    def reading(asked: Asked) -> str:
        assert entry is not None
        stage.workspace.vault.change(
            entry.id, lambda current, held: (current, held._replace(tokens=fresh))
        )
        return asked.form["token"]

    with granting(reading) as grant:
        entry = entry_of(stage, standard(grant.url))
        outcome = revoke_entry(stage.workspace, entry)
    assert grant.wrong == []
    assert (outcome.at_service, outcome.removed) == (AtService.REVOKED, False)
    assert "authorized anew" in outcome.note
    assert stage.workspace.vault.secrets(entry).tokens == fresh


def test_secrets_of_a_revocation_are_not_in_what_is_said(stage: Stage) -> None:
    echo = answering(f"No: {REFRESH} {ACCESS}".encode(), "400 Bad Request")
    with revoking(stage, echo) as (_, entry):
        outcome = revoke_entry(stage.workspace, entry)
    assert CLIENT_SECRET not in str(outcome.problem)


def test_ends_more_is_what_the_service_declares(stage: Stage) -> None:
    google = "https://oauth2.googleapis.com/revoke"
    for service_id in REVOCABLE:
        service = Catalogue().get(service_id)
        assert service.revoke_url != google or service.quirks.revoke.ends_consent, service_id
    assert not Catalogue().get("gitlab").quirks.revoke.ends_consent
    entry = stage.configured()
    assert not ends_more(stage.workspace, entry)
    assert ends_more(stage.workspace, entry._replace(service="google"))


def test_the_practice_provider_ends_its_grant(stage: Stage) -> None:
    from tests.refreshing import authorized
    from tui_oauth.practice.behaviour import Behaviour as Practice

    entry = authorized(stage, Practice())
    outcome = revoke_entry(stage.workspace, entry)
    assert outcome.at_service is AtService.REVOKED
    store = stage.provider.application.store
    assert [grant for app in store.apps() for grant in store.grants(app)] == []
    again = stage.workspace.vault.change(
        entry.id,
        lambda current, held: (
            current._replace(authorized=True),
            held._replace(tokens=TokenSet(Secret("was-revoked"), "Bearer", 0)),
        ),
    )
    assert revoke_entry(stage.workspace, again).at_service is AtService.ENDED
