"""Commands on entries: create, configure, look at, rename."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from tui_oauth import entries, health
from tui_oauth.cli import output
from tui_oauth.cli.context import Context, ask_line, ask_secret, is_terminal
from tui_oauth.cli.values import variables
from tui_oauth.endings import first_ending
from tui_oauth.errors import Fix, NeedsPerson, UsageProblem
from tui_oauth.model import Entry, Grant, Status
from tui_oauth.text import relative, rfc3339

if TYPE_CHECKING:
    from tui_oauth.secret import Secret
    from tui_oauth.services.format import Service


def create(context: Context) -> int:
    """Create OAuth Entry."""
    workspace, args = context.workspace, context.args
    if args.discover is not None:
        from tui_oauth.cli import discovery

        return discovery.create(context)
    if args.register is not None:
        raise UsageProblem(
            "--register and --no-register go with --discover.",
            "A service of the list is told its client with: tui-oauth configure NAME",
        )
    entry = entries.create_entry(
        workspace,
        args.name,
        args.service,
        variables(args.set),
        None if args.scope is None else tuple(args.scope),
        without_person=args.without_person,
    )
    service = entries.declared_service(workspace, entry)
    if entry.scopes and not service.quirks.authorize.scope:
        output.note(
            f"{service.name} is sent no scopes by a link: they are chosen in its own pages."
        )
    word = entries.shell_word(entry.name)
    output.result(f"Created {entry.name} ({entry.service_name}): Not Configured")
    if entry.grant == Grant.CLIENT:
        output.note("It gets its tokens without a person (client credentials): no Callback URL.")
    else:
        output.note(f"Callback URL to register there: {entries.callback_url(workspace, entry)}")
    output.note(f"The steps there: tui-oauth guide {word}")
    output.note(f"Then: tui-oauth configure {word} --client-id ID --client-secret-stdin < FILE")
    return 0


def callback_url(context: Context) -> int:
    """Print the Callback URL to register."""
    workspace, args = context.workspace, context.args
    entry = workspace.vault.find(args.name) if args.name else None
    if args.lock or args.unlock:
        if entry is None:
            raise UsageProblem("A Callback URL is locked for one entry.", "Name the entry.")
        entry = entries.lock_callback(workspace, entry, args.lock or None)
    url = entries.callback_url(workspace, entry)
    if entry is not None and entry.grant == Grant.CLIENT:
        output.note(f"{entry.name} gets its tokens without a person and needs no Callback URL.")
    if args.all:
        _callback_matrix(context, entry, url)
        return 0
    output.result(url)
    if args.copy:
        _copy(context, url)
    return 0


_ACCEPTED = {True: "● accepted", False: "✕ refused", None: "◐ not known"}


def _callback_matrix(context: Context, entry: Entry | None, sent: str) -> None:
    choices = entries.callback_choices(context.workspace, entry)
    output.table(
        ("CALLBACK URL", "SERVICE", "WHY", "SENT"),
        [
            (one.url, _ACCEPTED[one.accepted], one.why, "sent" if one.url == sent else "")
            for one in choices
        ],
    )
    if entry is not None:
        word = entries.shell_word(entry.name)
        output.note(f"Another one for this entry: tui-oauth callback-url {word} --lock URL")


def _copy(context: Context, text: str) -> None:
    from tui_oauth.clipboard import send

    sent = send(text, context.environ)
    if sent.escape and not is_terminal(sys.stderr):
        output.note("There is no clipboard to send it to from here: copy the line above.")
        return
    if sent.escape:
        sys.stderr.write(sent.escape)
        sys.stderr.flush()
    output.note(sent.words("Callback URL"))


def configure(context: Context) -> int:
    """Configure OAuth: store client ID, client secret, scopes and variables."""
    workspace, args = context.workspace, context.args
    entry = workspace.vault.find(args.name)
    service = entries.declared_service(workspace, entry)
    nothing_given = not any(
        value is not None and value is not False
        for value in (
            args.client_id,
            args.client_secret_stdin,
            args.client_secret_file,
            args.scope,
            args.set,
            args.client_secret_expires,
            args.sign_in_lasts,
        )
    )
    if nothing_given and not context.may_ask:
        raise UsageProblem(
            f"configure has nothing to store for {entry.name}.",
            f"Run: tui-oauth configure {entries.shell_word(entry.name)} "
            "--client-id ID --client-secret-stdin < FILE",
        )
    ask = context.may_ask and (nothing_given or not entry.configured)
    client_id = args.client_id
    if client_id is None and ask:
        client_id = ask_line(f"{service.credential_labels.client_id}: ") or None
    elif client_id and client_id.strip() not in {"", client_id}:
        output.note(f"Blanks around {service.credential_labels.client_id} are removed.")
    entry = entries.configure_entry(
        workspace,
        entry,
        client_id=client_id,
        client_secret=_client_secret(context, entry, service, ask),
        scopes=None if args.scope is None else tuple(args.scope),
        variables=None if args.set is None else variables(args.set),
        secret_ends=args.client_secret_expires,
        sign_in_lasts=args.sign_in_lasts,
        expected_revision=entry.revision,
    )
    output.result(f"Configured {entry.name} ({entry.service_name})")
    if not entry.authorized:
        command = "token" if entry.grant == Grant.CLIENT else "authorize"
        output.note(f"Next: tui-oauth {command} {entries.shell_word(entry.name)}")
    return 0


def _client_secret(context: Context, entry: Entry, service: Service, ask: bool) -> Secret | None:
    from tui_oauth.cli.given import secret_from_file, secret_from_stdin

    args, label = context.args, service.credential_labels.client_secret
    if args.client_secret_stdin:
        word = entries.shell_word(entry.name)
        return secret_from_stdin(label, f"tui-oauth configure {word} --client-secret-stdin")
    if args.client_secret_file is not None:
        return secret_from_file(label, args.client_secret_file)
    if not ask or service.client_auth == ("none",):
        return None
    # Nothing typed keeps what is stored.
    return ask_secret(f"{label} (not shown): ") or None


def list_entries(context: Context) -> int:
    """Print the entries."""
    workspace, args = context.workspace, context.args
    now = workspace.now()
    found = workspace.vault.entries()
    if args.expiring is not None:
        found = [entry for entry in found if _ends_within(entry, now, args.expiring)]
    if args.sort == "urgency" or (args.expiring is not None and args.sort is None):
        found = health.by_urgency(found, now)
    if args.json:
        output.as_json([entries.describe(workspace, entry) for entry in found])
    elif found:
        output.table(("NAME", "SERVICE", "STATUS", "ACCOUNT"), [_row(e, now) for e in found])
    elif args.expiring is not None:
        output.note("No entry ends in this time.")
    else:
        output.note("There are no entries yet. Make one: tui-oauth create NAME --service ID")
    if not args.exit_code:
        return 0
    in_need = args.expiring is not None and bool(found)
    in_need = in_need or any(
        entries.status(workspace, entry) is not Status.AUTHORIZED for entry in found
    )
    return NeedsPerson.exit_code if in_need else 0


def _row(entry: Entry, now: int) -> tuple[str, ...]:
    sign, words = health.status_words(entry, now)
    ends = health.expiry_words(entry, now)
    state = f"{sign} {words}, {ends}" if words == "Authorized" and ends else f"{sign} {words}"
    return entry.name, entry.service_name, state, entry.account


def _ends_within(entry: Entry, now: int, span: int) -> bool:
    """Whether the entry, or its client secret, will need a person within `span` seconds, or does now.

    What was never authorized is about to lose nothing but its client secret.
    """
    ending = first_ending(entry)
    soon = ending is not None and ending.at <= now + span
    return soon or (entry.authorized and entry.needs_authorization)


def show(context: Context) -> int:
    """Print one entry."""
    workspace = context.workspace
    entry = workspace.vault.find(context.args.name)
    if context.args.json:
        output.as_json(entries.describe(workspace, entry))
        return 0
    now = workspace.now()
    found = health.health_of(entry, now)
    by_person = entry.grant == Grant.PERSON
    with_person = entry.authorized and by_person
    output.facts(
        (
            ("Name", entry.name),
            ("Service", f"{entry.service_name} ({entry.service})"),
            *((f"  {name}", value) for name, value in sorted(entry.variables.items())),
            *entries.discovered_facts(workspace, entry),
            ("Status", f"{found.sign} {found.words}"),
            ("Why", found.why),
            ("Mend it", _remedy(entry, found.fix)),
            ("Account", entry.account),
            ("", entry.account_detail),
            *entries.scope_facts(workspace, entry),
            ("Token ends", _when(entry.expires_at, now) if entry.authorized else ""),
            ("Refresh token", _yes_no(entry.has_refresh_token) if with_person else ""),
            *health.ending_facts(entry, now),
            ("Only for", ", ".join(entry.programs)),
            ("Token file", "kept in memory by a running agent" if entry.token_file else ""),
            ("Grant", "" if by_person else "client credentials: nobody has to authorize it"),
            ("Callback URL", entries.needed_callback_url(workspace, entry)),
            ("Created", _when(entry.created_at, now)),
            ("Changed", _when(entry.updated_at, now)),
            ("Last error", "" if entry.last_error == found.why else entry.last_error),
            ("Id", entry.id),
        )
    )
    return 0


def _remedy(entry: Entry, fix: Fix) -> str:
    """The command that mends what ails `entry`."""
    if fix is Fix.NONE:
        return ""
    if fix is Fix.CONFIGURE and entry.configured and entry.pinned:
        return f"tui-oauth discover {entries.shell_word(entry.name)} --register"
    command = "token" if fix is Fix.AUTHORIZE and entry.grant == Grant.CLIENT else fix.value
    return f"tui-oauth {command} {entries.shell_word(entry.name)}"


def _when(seconds: int | None, now: int) -> str:
    stamp = rfc3339(seconds)
    return "never" if stamp is None else f"{stamp} ({relative(seconds, now)})"


def _yes_no(value: Any) -> str:
    return "yes" if value else "no"


def rename(context: Context) -> int:
    """Give an entry another name."""
    workspace, args = context.workspace, context.args
    entry = entries.rename_entry(workspace, workspace.vault.find(args.name), args.new_name)
    output.result(f"Renamed to {entry.name}")
    return 0
