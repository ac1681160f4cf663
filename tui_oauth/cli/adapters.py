"""Commands that give a token to one kind of program, in the form that it asks for."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from tui_oauth.cli import output
from tui_oauth.cli.context import Context
from tui_oauth.cli.handing import one_line, say_if_bound
from tui_oauth.cli.sources import Source, source_of
from tui_oauth.errors import UsageProblem
from tui_oauth.secret import Secret

if TYPE_CHECKING:
    from pathlib import Path

    from tui_oauth.model import Entry, TokenSet
    from tui_oauth.services.format import Service


def git_credential(context: Context) -> int:
    """git's credential helper: `get` answers for the service's own hosts, `erase` renews, `store` is nothing."""
    from tui_oauth.adapters import git

    args = context.args
    if sys.stdin is None:
        raise UsageProblem("git sends its request on standard input, which is closed.")
    text = sys.stdin.buffer.read(git.MAX_REQUEST_CHARACTERS).decode("utf-8", "replace")
    if args.action not in {"get", "erase"}:
        return 0  # what a helper does not know it passes over in silence (gitcredentials(7))
    request = git.read_request(text)
    source = source_of(context, "git-credential")
    service = _service(context, source)
    if not service.quirks.git.origins:
        raise UsageProblem(
            f"{service.name} is not known to take its tokens for git.",
            "In a service file of your own declare [quirks.git] with its origins.",
        )
    if not git.is_meant(service, request):
        return 0
    if args.action == "erase":  # the service refused it: a new one for next time
        source.refused(Secret(request.get("password", "")))
        return 0
    tokens = _bearer(source, "git")
    token = one_line(source.entry, tokens.access_token.reveal())
    output.raw(git.answer(service, token, tokens.expires_at))
    return 0


def kubectl_credential(context: Context) -> int:
    """An ExecCredential for kubectl and other clients of Kubernetes."""
    from tui_oauth.adapters import kubernetes

    version = kubernetes.asked_version(context.environ.get("KUBERNETES_EXEC_INFO", ""))
    source = source_of(context, "kubectl-credential")
    secret: Secret
    ends: int | None
    if context.args.id_token:
        secret, ends = source.id_token()
    else:
        tokens = _bearer(source, "kubectl")
        secret, ends = tokens.access_token, tokens.expires_at
    text = one_line(source.entry, secret.reveal())
    output.raw(kubernetes.exec_credential(version, text, ends))
    return 0


def xoauth2(context: Context) -> int:
    """What a mail server is sent to sign in with the token, in Base64."""
    from tui_oauth.adapters import mail

    args = context.args
    if (args.host or args.port is not None) and not args.oauthbearer:
        raise UsageProblem("--host and --port go with --oauthbearer.", "Leave them out, or add it.")
    source = source_of(context, "xoauth2")
    user = args.user or _mail_address(source.entry)
    tokens = _bearer(source, "a mail program")
    token = one_line(source.entry, tokens.access_token.reveal())
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

    source = source_of(context, "curl")
    tokens = _bearer(source, "curl")
    url = context.args.url
    service = _service(context, source)
    if url and not may_send_to(service, url, tokens):
        raise UsageProblem(
            f"The token of {source.entry.name} must not go to that address.",
            f"It is meant for {service.name} only.",
        )
    output.raw(curl_config(_headers(source, service, tokens), url))
    return 0


def _headers(source: Source, service: Service, tokens: TokenSet) -> dict[str, str]:
    from tui_oauth.oauth.api import api_headers

    one_line(source.entry, tokens.access_token.reveal())
    return api_headers(service, tokens, source.client_id)


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
        self._entry: Entry | None = None
        self._written = Secret("")
        self._ends: int | None = None

    def write(self) -> int | None:
        """Put the token there, unless it is there already; when it ends, in Unix seconds."""
        from tui_oauth.entries import shell_word
        from tui_oauth.text import relative
        from tui_oauth.token_files import write_token_file

        source = source_of(self._context, "write", self._entry)
        now = self._context.workspace.now()
        lasts = self._ends is None or self._ends - now > self._context.args.min_ttl
        if self._entry is not None and self._entry.revision == source.entry.revision and lasts:
            return self._ends  # it was another entry that changed: nothing is taken
        text, self._ends = _content(self._context, source)
        self._entry = source.entry
        if self._written != Secret(text):
            write_token_file(self._path, text.encode("utf-8"))
            self._written = Secret(text)
            until = "does not end" if self._ends is None else f"ends {relative(self._ends, now)}"
            output.note(f"Wrote {shell_word(str(self._path))}. The token {until}.")
        return self._ends


def _content(context: Context, source: Source) -> tuple[str, int | None]:
    """What goes into the file, and when it ends. Each form refuses what it cannot hold exactly."""
    args, form = context.args, context.args.format
    if args.env and form != "env":
        raise UsageProblem("--env goes with --format env.", "Leave one of them out.")
    if form == "id-token":
        identity = source.id_token()
        return one_line(source.entry, identity.text.reveal()), identity.expires_at
    if form in {"curl", "netrc"}:
        tokens = _bearer(source, form)
        return _for_http_tool(context, source, tokens), tokens.expires_at
    tokens = source.tokens()
    say_if_bound(source.entry, tokens)
    return _plain_form(context, source, tokens), tokens.expires_at


def _for_http_tool(context: Context, source: Source, tokens: TokenSet) -> str:
    from tui_oauth.adapters.http_tools import curl_config, netrc

    service = _service(context, source)
    token = one_line(source.entry, tokens.access_token.reveal())
    if context.args.format == "netrc":
        return netrc(service, token)
    return curl_config(_headers(source, service, tokens))


def _plain_form(context: Context, source: Source, tokens: TokenSet) -> str:
    form, entry = context.args.format, source.entry
    if form == "json":
        import json

        from tui_oauth.handing import token_fields

        return json.dumps(token_fields(entry, tokens), indent=2) + "\n"
    token = one_line(entry, tokens.access_token.reveal())
    if form == "env":
        from tui_oauth.adapters.environment import environment_line, variable_of

        return environment_line(context.args.env or variable_of(entry.name, "ACCESS_TOKEN"), token)
    if form == "header":
        from tui_oauth.handing import header_line

        return header_line(context.workspace, entry, tokens) + "\n"
    return token


def _service(context: Context, source: Source) -> Service:
    from tui_oauth.entries import entry_service

    return entry_service(context.workspace, source.entry)


def _bearer(source: Source, program: str) -> TokenSet:
    """A valid token that opens something by itself; UsageProblem where it is bound to a key."""
    tokens = source.tokens()
    if tokens.bound:
        raise UsageProblem(
            f"The token of {source.entry.name} is bound to a key (DPoP): each call needs a proof of its own, "
            f"which {program} cannot make.",
            "In Python, tui_oauth.EntryAuth makes them.",
        )
    return tokens
