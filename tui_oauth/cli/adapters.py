"""Commands that give a token to one kind of program, in the form that it asks for."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from tui_oauth.cli import output
from tui_oauth.cli.context import Context
from tui_oauth.cli.handing import obtain, one_line, taking
from tui_oauth.deadline import Deadline
from tui_oauth.errors import UsageProblem
from tui_oauth.secret import Secret

if TYPE_CHECKING:
    from pathlib import Path

    from tui_oauth.model import Entry, TokenSet
    from tui_oauth.services.format import Service


def git_credential(context: Context) -> int:
    """git's credential helper: `get` answers for the service's own hosts, `erase` renews, `store` is nothing."""
    from tui_oauth.adapters import git

    workspace, args = context.workspace, context.args
    if sys.stdin is None:
        raise UsageProblem("git sends its request on standard input, which is closed.")
    text = sys.stdin.buffer.read(git.MAX_REQUEST_CHARACTERS).decode("utf-8", "replace")
    if args.action not in {"get", "erase"}:
        return 0  # what a helper does not know it passes over in silence (gitcredentials(7))
    request = git.read_request(text)
    entry = workspace.vault.find(args.name)
    service = _service(context, entry)
    if not service.quirks.git.origins:
        raise UsageProblem(
            f"{service.name} is not known to take its tokens for git.",
            "In a service file of your own declare [quirks.git] with its origins.",
        )
    if not git.is_meant(service, request):
        return 0
    if args.action == "erase":
        return _refused_by_git(context, entry, request.get("password", ""))
    tokens = _bearer(context, entry, "git")
    token = one_line(entry, tokens.access_token.reveal())
    output.raw(git.answer(service, token, tokens.expires_at))
    return 0


def _refused_by_git(context: Context, entry: Entry, password: str) -> int:
    """The service refused the token: a new one for next time, unless there is one already."""
    from tui_oauth.model import renews
    from tui_oauth.tokens import refresh_entry

    held = context.workspace.vault.secrets(entry).tokens
    if held is not None and held.access_token == Secret(password) and renews(entry):
        refresh_entry(context.workspace, entry, context.args.deadline)
    return 0


def kubectl_credential(context: Context) -> int:
    """An ExecCredential for kubectl and other clients of Kubernetes."""
    from tui_oauth.adapters import kubernetes

    workspace, args = context.workspace, context.args
    version = kubernetes.asked_version(context.environ.get("KUBERNETES_EXEC_INFO", ""))
    entry = workspace.vault.find(args.name)
    if args.id_token:
        from tui_oauth.identity_token import id_token

        with taking(context, entry, args.path):
            identity = id_token(workspace, entry, args.min_ttl, args.deadline)
        text, ends = identity.text.reveal(), identity.expires_at
        output.raw(kubernetes.exec_credential(version, one_line(entry, text), ends))
        return 0
    tokens = _bearer(context, entry, "kubectl")
    text = one_line(entry, tokens.access_token.reveal())
    output.raw(kubernetes.exec_credential(version, text, tokens.expires_at))
    return 0


def xoauth2(context: Context) -> int:
    """What a mail server is sent to sign in with the token, in Base64."""
    from tui_oauth.adapters import mail

    args = context.args
    if (args.host or args.port is not None) and not args.oauthbearer:
        raise UsageProblem("--host and --port go with --oauthbearer.", "Leave them out, or add it.")
    entry = context.workspace.vault.find(args.name)
    user = args.user or _mail_address(entry)
    tokens = _bearer(context, entry, "a mail program")
    token = one_line(entry, tokens.access_token.reveal())
    if args.oauthbearer:
        output.raw(mail.oauthbearer(user, token, args.host, args.port) + "\n")
    else:
        output.raw(mail.xoauth2(user, token) + "\n")
    return 0


def _mail_address(entry: Entry) -> str:
    known = [text for text in (entry.account, entry.account_detail) if "@" in text]
    if len(known) != 1 or " " in known[0]:
        raise UsageProblem(
            f"The mail address of {entry.name} is not known.", "Give it: --user ann@example.com"
        )
    return known[0]


def curl(context: Context) -> int:
    """A configuration for curl that sends the token, as all headers that the service's API wants."""
    from tui_oauth.adapters.http_tools import curl_config
    from tui_oauth.oauth.api import may_send_to

    entry = context.workspace.vault.find(context.args.name)
    tokens = _bearer(context, entry, "curl")
    url = context.args.url
    service = _service(context, entry)
    if url and not may_send_to(service, url, tokens):
        raise UsageProblem(
            f"The token of {entry.name} must not go to that address.",
            f"It is meant for {service.name} only.",
        )
    output.raw(curl_config(_headers(context, entry, service, tokens), url))
    return 0


def _headers(context: Context, entry: Entry, service: Service, tokens: TokenSet) -> dict[str, str]:
    from tui_oauth.oauth.api import api_headers

    one_line(entry, tokens.access_token.reveal())
    return api_headers(service, tokens, context.workspace.vault.secrets(entry).client_id)


def write(context: Context) -> int:
    """Write the token to a file that another program reads; with `--keep` whenever it is a new one."""
    from tui_oauth.paths import expanded

    path = expanded(context.args.file).absolute()
    file = _File(context, path)
    if context.args.keep:
        from tui_oauth.cli.keeping import keep_written

        return keep_written(context, file.write)
    file.write()
    return 0


class _File:
    """The file of `write`, and what is in it by now."""

    def __init__(self, context: Context, path: Path) -> None:
        self._context = context
        self._path = path
        self._entry = context.workspace.vault.find(context.args.name)
        self._written = Secret("")

    def write(self) -> int | None:
        """Put the token there, unless it is there already; when it ends, in Unix seconds."""
        from tui_oauth.entries import shell_word
        from tui_oauth.text import relative
        from tui_oauth.token_files import write_token_file

        workspace = self._context.workspace
        text, ends = _content(self._context, workspace.vault.get(self._entry.id))
        if self._written != Secret(text):
            write_token_file(self._path, text.encode("utf-8"))
            self._written = Secret(text)
            until = "does not end" if ends is None else f"ends {relative(ends, workspace.now())}"
            output.note(f"Wrote {shell_word(str(self._path))}. The token {until}.")
        return ends


def _content(context: Context, entry: Entry) -> tuple[str, int | None]:
    """What goes into the file, and when it ends. Each form refuses what it cannot hold exactly."""
    import json

    from tui_oauth.cli.handing import say_if_bound

    workspace, args = context.workspace, context.args
    form = args.format
    if args.env and form != "env":
        raise UsageProblem("--env goes with --format env.", "Leave one of them out.")
    if form == "id-token":
        from tui_oauth.identity_token import id_token

        with taking(context, entry, args.path):
            identity = id_token(workspace, entry, args.min_ttl, args.deadline)
        return one_line(entry, identity.text.reveal()), identity.expires_at
    if form in {"curl", "netrc"}:
        tokens = _bearer(context, entry, form)
        service = _service(context, entry)
        token = one_line(entry, tokens.access_token.reveal())
        from tui_oauth.adapters.http_tools import curl_config, netrc

        if form == "netrc":
            return netrc(service, token), tokens.expires_at
        return curl_config(_headers(context, entry, service, tokens)), tokens.expires_at
    tokens = obtain(context, entry, args.path, Deadline(args.deadline), args.min_ttl)
    say_if_bound(entry, tokens)
    if form == "json":
        from tui_oauth.handing import token_fields

        facts = token_fields(workspace.vault.get(entry.id), tokens)
        return json.dumps(facts, indent=2) + "\n", tokens.expires_at
    token = one_line(entry, tokens.access_token.reveal())
    if form == "env":
        from tui_oauth.adapters.environment import environment_line, variable_of

        return environment_line(
            args.env or variable_of(entry.name, "ACCESS_TOKEN"), token
        ), tokens.expires_at
    if form == "header":
        from tui_oauth.handing import header_line

        return header_line(workspace, entry, tokens) + "\n", tokens.expires_at
    return token, tokens.expires_at


def _service(context: Context, entry: Entry) -> Service:
    from tui_oauth.entries import entry_service

    return entry_service(context.workspace, entry)


def _bearer(context: Context, entry: Entry, program: str) -> TokenSet:
    """A valid token that opens something by itself; UsageProblem where it is bound to a key."""
    args = context.args
    tokens = obtain(context, entry, args.path, Deadline(args.deadline), args.min_ttl)
    if tokens.bound:
        raise UsageProblem(
            f"The token of {entry.name} is bound to a key (DPoP): each call needs a proof of its own, "
            f"which {program} cannot make.",
            "In Python, tui_oauth.EntryAuth makes them.",
        )
    return tokens
