"""What can be done with entries. Commands and screens call these, and nothing else, for it.

Each function that changes an entry writes the vault once and raises before it writes when the
request cannot be carried out, so that the vault stays as it was.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from tui_oauth.endings import day_of, days_of
from tui_oauth.errors import InvalidService, NeedsPerson, NotFound, TuiOauthError, UsageProblem
from tui_oauth.model import (
    Entry,
    EntrySecrets,
    Grant,
    Status,
    clean_value,
    status_of,
    valid_name,
    without_tokens,
)
from tui_oauth.secret import Secret
from tui_oauth.text import neutralise, relative, rfc3339

if TYPE_CHECKING:
    from tui_oauth.services.callback_matrix import CallbackChoice
    from tui_oauth.services.format import Service
    from tui_oauth.workspace import Workspace

MOST_RESOLVED = 500
"""How many services with their variables in place are kept at most."""


def create_entry(
    workspace: Workspace,
    name: str,
    service_id: str,
    variables: Mapping[str, str] | None = None,
    scopes: tuple[str, ...] | None = None,
    *,
    without_person: bool = False,
) -> Entry:
    """Create OAuth Entry: a new entry called `name`, Not Configured.

    `without_person`: it gets its tokens with the client's own credentials, which a service that
    offers nothing else implies. Raises UsageProblem for a bad name or variable and for a service
    that gives no tokens this way, NotFound for an unknown service,
    AlreadyExists when an entry has this name.
    """
    name = valid_name(name)
    service = workspace.catalogue.get(service_id)
    given = _known_variables(service, variables or {})
    _check_variables(workspace, service, given)
    now = workspace.now()
    entry = Entry(
        id=os.urandom(16).hex(),
        name=name,
        service=service.id,
        service_name=service.name,
        created_at=now,
        updated_at=now,
        variables=given,
        scopes=None if scopes is None else clean_scopes(scopes),
        grant=grant_for(service, without_person=without_person),
    )
    return workspace.vault.add(entry, EntrySecrets())


def is_choice(service: Service) -> bool:
    """Whether entries of `service` may be authorized by a person or by nobody."""
    by_person = {"authorization_code", "device_code"} & set(service.grants)
    return "client_credentials" in service.grants and bool(by_person)


def grant_for(service: Service, *, without_person: bool = False) -> Grant:
    """How an entry of `service` gets its first token. Raises UsageProblem where it cannot so."""
    offers = "client_credentials" in service.grants
    if without_person and not offers:
        raise UsageProblem(
            f"{service.name} gives no tokens without a person (client credentials grant).",
            "Create the entry without this choice, and authorize it.",
        )
    alone = offers and not is_choice(service)
    return Grant.CLIENT if without_person or alone else Grant.PERSON


def configure_entry(
    workspace: Workspace,
    entry: Entry,
    *,
    client_id: str | None = None,
    client_secret: Secret | None = None,
    scopes: tuple[str, ...] | None = None,
    variables: Mapping[str, str] | None = None,
    secret_ends: str | None = None,
    sign_in_lasts: str | None = None,
    expected_revision: int | None = None,
) -> Entry:
    """Configure OAuth. What is None stays as it is; an empty client secret removes the stored one.

    A new client ID or variable ends what was authorized with the old ones: tokens of another
    client cannot be refreshed with it (RFC 6749 section 6). A new client secret does not: it is
    the same client's. `secret_ends` is the last day of the client secret as the provider shows it
    (2027-03-31, or never), `sign_in_lasts` for how many days a person's consent counts there (7d, never, or
    testing). Raises UsageProblem, or Conflict when `expected_revision` is no longer the entry's.
    """
    service = declared_service(workspace, entry)
    given = None if variables is None else _known_variables(service, variables)
    labels = service.credential_labels
    new_id = None if client_id is None else clean_value(labels.client_id, client_id)
    new_secret = (
        None
        if client_secret is None
        else Secret(clean_value(labels.client_secret, client_secret.reveal()))
    )
    ends_at = None if secret_ends is None else day_of(secret_ends)
    testing = service.refresh.refresh_testing_days
    days = None if sign_in_lasts is None else days_of(sign_in_lasts, testing)
    now = workspace.now()

    def edit(current: Entry, held: EntrySecrets) -> tuple[Entry, EntrySecrets]:
        after = held._replace(
            client_id=held.client_id if new_id is None else new_id,
            client_secret=held.client_secret if new_secret is None else (new_secret or None),
        )
        merged = {**current.variables, **(given or {})}
        resolved = _check_variables(workspace, service, merged)
        _check_credentials(resolved, after, current.grant)
        changed = current._replace(
            configured=True,
            variables=merged,
            scopes=current.scopes if scopes is None else clean_scopes(scopes),
            updated_at=now,
        )
        if secret_ends is not None or after.client_secret != held.client_secret:
            # What was known of the old secret says nothing of a new one.
            changed = changed._replace(client_secret_expires_at=ends_at)
        if sign_in_lasts is not None:
            changed = changed._replace(consent_days=days)
        ends = after.client_id != held.client_id or merged != dict(current.variables)
        # Without a person other scopes are simply asked for, by the next one who wants a token.
        if ends or (current.grant == Grant.CLIENT and changed.scopes != current.scopes):
            return without_tokens(changed, now), after._replace(tokens=None)
        return changed, after

    return workspace.vault.change(entry.id, edit, expected_revision=expected_revision)


def used_services(entries: Iterable[Entry]) -> list[str]:
    """The ids of the services that `entries` are of: the most used first, then the newest."""
    counted: dict[str, tuple[int, int]] = {}
    for entry in entries:
        if not entry.pinned:
            count, newest = counted.get(entry.service, (0, 0))
            counted[entry.service] = count + 1, max(newest, entry.created_at)
    return sorted(counted, key=lambda one: counted[one], reverse=True)


def rename_entry(workspace: Workspace, entry: Entry, new_name: str) -> Entry:
    """Give `entry` another name. Raises UsageProblem or AlreadyExists."""
    name = valid_name(new_name)
    now = workspace.now()
    return workspace.vault.change(
        entry.id, lambda current, held: (current._replace(name=name, updated_at=now), held)
    )


def delete_entry(workspace: Workspace, entry: Entry) -> None:
    """Remove `entry` and its secrets from this machine. Its tokens stay valid at the provider."""
    workspace.vault.remove(entry.id)


def declared_service(workspace: Workspace, entry: Entry) -> Service:
    """The service of `entry` as its file declares it, or as the entry itself carries it."""
    if entry.pinned:
        from tui_oauth.services.pinned import unpin

        return unpin(entry.pinned)
    try:
        return workspace.catalogue.get(entry.service)
    except NotFound as error:
        raise NotFound(
            f"The service of {neutralise(entry.name)} is gone: no file declares "
            f"'{neutralise(entry.service)}' any more.",
            "Add it again: tui-oauth service add FILE.toml",
        ) from error


def entry_service(workspace: Workspace, entry: Entry) -> Service:
    """The service of `entry` with the entry's variables in place.

    It is kept: whoever calls an API a thousand times asks a thousand times.
    """
    service = declared_service(workspace, entry)
    key = (id(service), frozenset(entry.variables.items()))
    kept = workspace.resolved.get(key)
    if kept is None or kept[0] is not service:  # a file that was changed is another object
        if len(workspace.resolved) >= MOST_RESOLVED:
            workspace.resolved.clear()
        kept = (service, _check_variables(workspace, service, entry.variables))
        workspace.resolved[key] = kept
    return kept[1]


def callback_url(
    workspace: Workspace, entry: Entry | None = None, service: Service | None = None
) -> str:
    """The Callback URL to register for `entry`, for a `service`, or where neither is known yet."""
    from tui_oauth.services.redirect import callback_path
    from tui_oauth.services.redirect import callback_url as by_rule

    if entry is not None and entry.callback_url:
        return entry.callback_url
    if service is None and entry is not None:
        service = declared_service(workspace, entry)
    settings = workspace.settings.callback
    return by_rule(
        service,
        port=settings.port,
        path=callback_path(settings.path, service, pinned=bool(entry and entry.pinned)),
        host=settings.host,
        public_url=settings.public_url,
    )


def callback_choices(
    workspace: Workspace, entry: Entry | None = None, service: Service | None = None
) -> tuple[CallbackChoice, ...]:
    """Every Callback URL that can be served for `entry` or `service`, and what is known of each."""
    from tui_oauth.services.callback_matrix import callback_choices as by_rule
    from tui_oauth.services.redirect import callback_path

    if service is None and entry is not None:
        service = declared_service(workspace, entry)
    settings = workspace.settings.callback
    return by_rule(
        service,
        port=settings.port,
        path=callback_path(settings.path, service, pinned=bool(entry and entry.pinned)),
        public_url=settings.public_url,
    )


def lock_callback(workspace: Workspace, entry: Entry, url: str | None) -> Entry:
    """Send `url` for `entry` from now on, whatever the service's rule says; None: the rule again.

    It has to be one that can be served here. Tokens stay good: they do not depend on it. Raises
    UsageProblem for any other address.
    """
    if url is not None:
        choices = [choice.url for choice in callback_choices(workspace, entry)]
        if url not in choices:
            raise UsageProblem(
                f"{neutralise(url, 120)} cannot be served here.",
                "These can: " + ", ".join(choices),
            )
    now = workspace.now()
    return workspace.vault.change(
        entry.id, lambda current, held: (current._replace(callback_url=url, updated_at=now), held)
    )


def callback_url_or_empty(workspace: Workspace, entry: Entry) -> str:
    """As `callback_url`, and empty where the entry's service file has gone."""
    try:
        return callback_url(workspace, entry)
    except (NotFound, UsageProblem):
        return ""


def needed_callback_url(workspace: Workspace, entry: Entry) -> str:
    """The Callback URL to register for `entry`; empty where none is needed or can be known."""
    return "" if entry.grant == Grant.CLIENT else callback_url_or_empty(workspace, entry)


def status(workspace: Workspace, entry: Entry) -> Status:
    """Where `entry` stands now."""
    return status_of(entry, workspace.now())


def describe(workspace: Workspace, entry: Entry) -> dict[str, Any]:
    """The public view of `entry`, as `list --json` and `show --json` print it. No secrets."""
    return {
        "id": entry.id,
        "name": entry.name,
        "service": entry.service,
        "service_name": entry.service_name,
        "status": status(workspace, entry).value,
        "account": entry.account or None,
        "scopes": list(entry.granted_scopes),
        "expires_at": rfc3339(entry.expires_at),
        "has_refresh_token": entry.has_refresh_token,
        "callback_url": needed_callback_url(workspace, entry) or None,
        "created_at": rfc3339(entry.created_at),
        "updated_at": rfc3339(entry.updated_at),
        "last_error": entry.last_error or None,
    }


def discovered_facts(workspace: Workspace, entry: Entry) -> list[tuple[str, str]]:
    """What a person may want to know of an entry that was made from a URL; nothing for others."""
    if not entry.pinned:
        return []
    try:
        service = declared_service(workspace, entry)
    except InvalidService as error:
        # Another program has written it; the rest of the entry is shown.
        return [("Service", error.message)]
    return [("Issuer", service.issuer), ("For", " ".join(service.extensions.resource))]


def asked_scopes(workspace: Workspace, entry: Entry) -> tuple[str, ...]:
    """The scopes that a sign-in of `entry` asks for; empty where its service file has gone."""
    try:
        service = entry_service(workspace, entry)
    except TuiOauthError:
        return entry.scopes or ()
    if entry.grant == Grant.CLIENT:
        from tui_oauth.oauth.client_credentials import client_scopes

        return client_scopes(service, entry.scopes)
    return service.default_scopes if entry.scopes is None else entry.scopes


def scope_facts(workspace: Workspace, entry: Entry) -> list[tuple[str, str]]:
    """The granted scopes of `entry`, and those asked for where they are others or not granted yet."""
    asked, granted = asked_scopes(workspace, entry), entry.granted_scopes
    facts = [("Scopes", " ".join(granted) or "not named by the provider")] * entry.authorized
    if asked and set(asked) != set(granted):
        facts.append(("Scopes asked", " ".join(asked)))
    return facts


def require_credentials(entry: Entry, held: EntrySecrets) -> None:
    """NeedsPerson unless `entry` has been configured."""
    if not entry.configured or not held.client_id:
        raise NeedsPerson(
            f"{entry.name} is not configured: it has no client ID yet.",
            f"Run: tui-oauth configure {shell_word(entry.name)}",
        )


def require_lasting_secret(entry: Entry, now: int) -> None:
    """NeedsPerson when the server gave `entry` a client secret that has ended (RFC 7591 section 3.2.1)."""
    ends = entry.client_secret_expires_at
    # Of other entries a person has told the day, and may be wrong: the provider's word counts.
    if entry.pinned and ends is not None and ends <= now:
        raise NeedsPerson(
            f"The client secret that {entry.service_name} gave {entry.name} ended "
            f"{relative(ends, now)}.",
            f"Get a new one: tui-oauth discover {shell_word(entry.name)} --register",
        )


def shell_word(name: str) -> str:
    """`name` as one word of a shell command, for the commands that messages suggest."""
    import shlex

    return shlex.quote(name)


def _check_variables(
    workspace: Workspace, service: Service, variables: Mapping[str, str]
) -> Service:
    from tui_oauth.services.resolve import resolve

    return resolve(service, variables, workspace.settings.defaults.get(service.id, {}))


def _known_variables(service: Service, variables: Mapping[str, str]) -> dict[str, str]:
    known = {variable.name for variable in service.variables if variable.derived is None}
    for name in variables:
        if name not in known:
            have = ", ".join(sorted(known)) or "none"
            raise UsageProblem(
                f"{service.name} has no variable {name[:40]!r}.", f"It knows these: {have}."
            )
    return {name: value.strip() for name, value in variables.items() if value.strip()}


def _check_credentials(service: Service, held: EntrySecrets, grant: str) -> None:
    labels = service.credential_labels
    if not held.client_id:
        raise UsageProblem(
            f"{labels.client_id} is empty.", f"Copy it from {service.name} and paste it."
        )
    # RFC 6749 section 4.4: only a client that can prove itself gets a token of its own.
    public = "none" in service.client_auth and grant != Grant.CLIENT
    if held.client_secret is None and not public:
        raise UsageProblem(
            f"{labels.client_secret} is empty.", f"Copy it from {service.name} and paste it."
        )


def clean_scopes(scopes: tuple[str, ...]) -> tuple[str, ...]:
    """Scope tokens as RFC 6749 section 3.3 allows them: printable ASCII without blank, \" and \\."""
    out: list[str] = []
    for scope in scopes:
        for token in scope.split():
            if not all(0x21 <= ord(char) <= 0x7E and char not in '"\\' for char in token):
                raise UsageProblem(
                    f"The scope {token[:60]!r} has characters that a scope cannot have.",
                    "Use the words that the service documents.",
                )
            if token not in out:
                out.append(token)
    return tuple(out)
