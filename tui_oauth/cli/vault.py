"""Commands on the vault as a whole: make it, and say how things stand."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from tui_oauth.cli import output
from tui_oauth.cli.context import Context
from tui_oauth.cli.given import typed_twice
from tui_oauth.errors import AlreadyExists, TuiOauthError, UsageProblem, VaultLocked
from tui_oauth.text import rfc3339
from tui_oauth.vault_care import unlock_state

if TYPE_CHECKING:
    from tui_oauth.secret import Secret
    from tui_oauth.workspace import Workspace

_KEY_FILE = (
    "Protected by a key file: works in scripts and cron. It protects copies of the vault "
    "(a backup, a sync, a commit by mistake) as long as the key file is not copied with it."
)
_PASSPHRASE = (
    "Protected by a passphrase: it also protects a stolen disk or backup. Scripts need an "
    "unlocked vault (tui-oauth unlock --for 8h), a key file of their own, or the passphrase."
)
_NOT_PROTECTED = (
    "Not protected: from root, from programs that run as you, and from anyone who can read "
    "both your vault and what unlocks it."
)


def group(context: Context) -> int:
    """`tui-oauth vault` alone."""
    raise UsageProblem(
        "vault needs one of: key, passphrase, rekey, backup.", "Run: tui-oauth vault --help"
    )


def init(context: Context) -> int:
    """Make the vault. AlreadyExists when there is one: it is never touched."""
    from tui_oauth.cli.keys import show_code
    from tui_oauth.vault import create_vault
    from tui_oauth.vault.recovery import code_of, new_secret

    workspace = context.workspace
    key_file = workspace.places.key_file
    had_key = os.path.lexists(key_file)
    if workspace.vault_exists:  # said before anybody types a passphrase for nothing
        raise AlreadyExists(
            f"There is a vault at {workspace.places.vault} already; it was not touched.",
            "See: tui-oauth status",
        )
    passphrase = _new_passphrase(context) if context.args.passphrase else None
    secret = new_secret() if context.args.recovery else None
    vault = create_vault(workspace.places, passphrase=passphrase, recovery=secret)
    output.result(f"Made the vault {vault.path}")
    if passphrase is None:
        output.result(f"{'Uses' if had_key else 'Made'} the key file {key_file}")
    if secret is not None:
        show_code(code_of(secret))
    output.note(_PASSPHRASE if passphrase is not None else _KEY_FILE)
    if secret is None:
        output.note(
            "For the day the key is lost: a recovery code. tui-oauth vault key add recovery"
        )
    output.note("Next: tui-oauth create NAME --service ID; tui-oauth services shows the ids.")
    return 0


def _new_passphrase(context: Context) -> Secret:
    """The passphrase of a new vault: from where one was named, else typed twice."""
    given = _given_passphrase(context)
    if given is not None:
        return given
    if not context.may_ask:
        raise UsageProblem(
            "init --passphrase needs a passphrase, and nobody can be asked here.",
            "Name a command that prints it: tui-oauth init --passphrase --passphrase-command LINE",
        )
    return typed_twice("Passphrase for the new vault")


def _given_passphrase(context: Context) -> Secret | None:
    """What the options say, else the environment, in the order in which a vault is unlocked."""
    from tui_oauth.secret import Secret
    from tui_oauth.vault.passphrase import from_command, from_descriptor

    options, environ = context.key_options, context.environ
    number = "" if options.passphrase_fd is None else str(options.passphrase_fd)
    for command, descriptor, prefix in (
        (options.passphrase_command, number, "--passphrase-"),
        (
            environ.get("TUI_OAUTH_PASSPHRASE_COMMAND", ""),
            environ.get("TUI_OAUTH_PASSPHRASE_FD", ""),
            "TUI_OAUTH_PASSPHRASE_",
        ),
    ):
        names = ("command", "fd") if prefix.startswith("-") else ("COMMAND", "FD")
        if command and descriptor:
            raise UsageProblem(
                f"{prefix}{names[0]} and {prefix}{names[1]} are given together.", "Keep one."
            )
        if command:
            return from_command(command, environ, prefix + names[0])
        if descriptor:
            return from_descriptor(descriptor, prefix + names[1])
    plain = environ.get("TUI_OAUTH_PASSPHRASE", "")
    return Secret(plain) if plain else None


def status(context: Context) -> int:
    """Say where things are and how the vault stands. Works without a vault and when it is locked."""
    workspace = context.workspace
    workspace.ask = None  # how things stand is said without a question
    if context.args.accept_older:
        workspace.tell = None
    facts = _facts(workspace)
    problem = _look_into(workspace, facts)
    if context.args.accept_older and workspace.accept_older():
        output.note("The vault is taken as it is from now on.")
    if context.args.json:
        output.as_json(facts)
    else:
        _print(facts)
    if problem is None or isinstance(problem, VaultLocked):
        return 0  # no key and no vault are states to report, not failures of this command
    return problem.exit_code


def _facts(workspace: Workspace) -> dict[str, Any]:
    places = workspace.places
    return {
        "vault": str(places.vault),
        "vault_state": "missing",
        "protection": None,
        "unlocked_until": None,
        "unlock_problem": None,
        "entries": None,
        "problem": None,
        "key_file": str(places.key_file),
        "settings": str(places.settings),
        "own_services": str(places.own_services),
        "state": str(places.state),
        "log": str(places.log),
        "callback_urls": _callback_urls(workspace),
        "not_protected": _NOT_PROTECTED,
    }


def _look_into(workspace: Workspace, facts: dict[str, Any]) -> TuiOauthError | None:
    """Fill in how the vault stands; what is wrong with it is a result here, not a failure."""
    from tui_oauth.vault import read_header
    from tui_oauth.vault.slots import protection

    if not workspace.vault_exists:
        facts["problem"] = "There is no vault yet. Make one: tui-oauth init"
        return None
    try:
        header = read_header(workspace.places.vault)
        facts["protection"] = protection(header.slots)
        until, problem = unlock_state(header)
        facts["unlocked_until"], facts["unlock_problem"] = rfc3339(until), problem or None
        facts["vault_state"] = "locked"
        facts["entries"] = len(workspace.vault.entries())
        facts["vault_state"] = "open"
    except TuiOauthError as error:
        if not isinstance(error, VaultLocked):
            facts["vault_state"] = "unusable"
        facts["problem"] = str(error)
        return error
    return None


def _callback_urls(workspace: Workspace) -> dict[str, str]:
    """The Callback URL for services that accept http on loopback, and for those that do not."""
    from tui_oauth.entries import callback_url
    from tui_oauth.services.format import RedirectUriRules, Service

    https = RedirectUriRules(https_required=True, loopback_http_allowed=False)
    strict = Service(id="", name="", token_url="", category="any", redirect_uri_rules=https)
    return {
        "http": callback_url(workspace),
        "https": callback_url(workspace, service=strict),
    }


def _print(facts: dict[str, Any]) -> None:
    held = facts["entries"]
    output.facts(
        (
            ("Vault", facts["vault"]),
            ("State", facts["vault_state"]),
            ("Protection", facts["protection"] or ""),
            ("Unlocked until", facts["unlocked_until"] or ""),
            ("Cannot unlock", facts["unlock_problem"] or ""),
            ("Entries", "" if held is None else str(held)),
            ("Problem", facts["problem"] or ""),
            ("Key file", facts["key_file"]),
            ("Settings", facts["settings"]),
            ("Own services", facts["own_services"]),
            ("State folder", facts["state"]),
            ("Log", facts["log"]),
            ("Callback URL", facts["callback_urls"]["http"]),
            ("with https", facts["callback_urls"]["https"]),
        )
    )
    output.result(facts["not_protected"])
