"""`tui-oauth authorize`: link, paste and device code, and the wait for whichever comes first."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

from tui_oauth.cli import output
from tui_oauth.cli.context import Context, is_terminal
from tui_oauth.cli.device import event_of, narrate
from tui_oauth.cli.elsewhere import check_combination, tell_ask, visit
from tui_oauth.cli.lines import Lines
from tui_oauth.cli.qr import show_qr
from tui_oauth.entries import shell_word
from tui_oauth.errors import (
    CallbackUnavailable,
    PasteProblem,
    ProviderRefused,
    ProviderUnreachable,
    SignInEnded,
    TuiOauthError,
    UsageProblem,
)
from tui_oauth.letters import ascii_only
from tui_oauth.model import Grant
from tui_oauth.pending import kept_sign_ins
from tui_oauth.signin import SignIn, SignIns, SignInState
from tui_oauth.terminal import is_behind_nat, surroundings
from tui_oauth.text import duration, relative, rfc3339
from tui_oauth.tokens import refresh_entry
from tui_oauth.ways import Way, put_first, ways_of

if TYPE_CHECKING:
    from tui_oauth.model import Entry
    from tui_oauth.oauth.device import DeviceCode

# A terminal that reads whole lines cuts a longer one at these lengths (macOS, Linux) silently.
_CUT_BY_TERMINAL = (1023, 4095)
# A pasted address that the terminal wrapped arrives as several lines within this time.
_LINES_BELONG_SECONDS = 0.1


def authorize(context: Context) -> int:
    """Print the link, wait for the answer, store the tokens."""
    args = context.args
    check_combination(args)
    try:
        if args.for_line is not None:
            return visit(context)
        entry = context.workspace.vault.find(args.name)
        if args.first:
            entry = put_first(context.workspace, entry, "" if args.first == "auto" else args.first)
        if entry.grant == Grant.CLIENT:
            _without_person(context, entry)
        else:
            asyncio.run(_authorize(context, entry))
    except TuiOauthError as error:
        if args.json:
            output.event({"event": "failed", "error": _error_name(error), "message": str(error)})
        raise
    except KeyboardInterrupt:
        if args.json:
            words = "The sign-in was interrupted."
            output.event({"event": "failed", "error": "interrupted", "message": words})
        raise
    return 0


def _without_person(context: Context, entry: Entry) -> None:
    """A new token with the client's own credentials (RFC 6749 section 4.4): nobody is asked."""
    for name in ("device", "resume", "remote"):
        if getattr(context.args, name):
            raise UsageProblem(
                f"{entry.name} gets its tokens without a person: there is no code to confirm, no link to open.",
                f"Leave --{name} out.",
            )
    output.note(f"Getting a token from {entry.service_name} with the client's own credentials.")
    _tell_authorized(context, refresh_entry(context.workspace, entry))


def _tell_authorized(context: Context, entry: Entry) -> None:
    """The result: whose account, as words or as the last event."""
    if context.args.json:
        output.event(
            {
                "event": "authorized",
                "account": entry.account or None,
                "scopes": list(entry.granted_scopes),
                "expires_at": rfc3339(entry.expires_at),
            }
        )
        return
    detail = f" ({entry.account_detail})" if entry.account_detail else ""
    whose = f": {entry.account}{detail}" if entry.account else ""
    output.result(f"Authorization Successful{whose}")


async def _authorize(context: Context, entry: Entry) -> None:
    sign_ins = SignIns(context.workspace)
    desk: _Desk | None = None
    try:
        args = context.args
        if args.resume:
            sign_in = sign_ins.resume(entry)
        else:
            _tell_of_earlier(context, entry)
            sign_in = sign_ins.begin(entry, lifetime=args.timeout)
        if args.device:
            sign_in.start_device()
        sign_in.asks_elsewhere = args.remote
        desk = _Desk(context, sign_in)
        sign_in.on_change = desk.changed
        desk.begun()
        try:
            result = await sign_in.run()
        except SignInEnded as error:
            raise desk.no_way_left or error from None
        except asyncio.CancelledError:  # ^C, which cancels
            await sign_in.forget()
            raise
        desk.authorized(result)
    finally:
        if desk is not None:
            desk.close()
        await sign_ins.close()


def _tell_of_earlier(context: Context, entry: Entry) -> None:
    """That a sign-in was begun before and can still be answered. This is a new one all the same."""
    now = context.workspace.now()
    waiting = [one for one in kept_sign_ins(context.workspace, entry) if one.expires_at > now]
    if waiting:
        output.note(
            f"A sign-in of {entry.name} that was begun {relative(waiting[0].begun_at, now)} still "
            "waits for its answer; this is a new one. To go on with that one: "
            f"tui-oauth authorize {shell_word(entry.name)} --resume"
        )


class _Desk:
    """What one waiting sign-in shows and reads on standard input, output and error."""

    def __init__(self, context: Context, sign_in: SignIn) -> None:
        self._context = context
        self._sign_in = sign_in
        self._lines: Lines | None = None
        self._opening: asyncio.Task[None] | None = None
        self._announced = False
        self._seen_browser = False
        self._exchanging = False
        self._no_lines = False
        self._answered = False
        self._pending: list[str] = []
        self._soon: asyncio.TimerHandle | None = None
        self._given_up = False
        self._shown_link = ""
        self._told_trouble = ""
        self._shown_code: DeviceCode | None = None
        self._told_failure: TuiOauthError | None = None

    def begun(self) -> None:
        """Say what is taken up, and what is waited for where there is no link yet to show."""
        sign_in = self._sign_in
        if sign_in.taken_up:
            now = self._context.workspace.now()
            output.note(
                f"Going on with the sign-in of {sign_in.entry.name} that was begun "
                f"{relative(sign_in.begun_at, now)}: the address that its link ends on is taken."
            )
        if self._sign_in.link is not None and not self._sign_in.authorization_url:
            output.note(f"Asking {self._sign_in.service.name} for the link.")

    def changed(self) -> None:
        """The sign-in moved on. It first calls when it is known whether the server listens."""
        sign_in = self._sign_in
        if not self._announced and not sign_in.ended:
            self._announced = True
            self._announce()
        if not sign_in.ended:
            self._look_at_link()
            self._look_at_device()
        if sign_in.seen_browser and not self._seen_browser:
            self._seen_browser = True
            output.note("A browser has reached this terminal.")
        if sign_in.state is SignInState.EXCHANGING and not self._exchanging:
            self._exchanging = True
            output.note(f"{sign_in.service.name} has answered; getting the token.")

    @property
    def no_way_left(self) -> CallbackUnavailable | None:
        """Why this sign-in was given up before its time: no answer could have come."""
        if not self._given_up:
            return None
        word = shell_word(self._sign_in.entry.name)
        return CallbackUnavailable(
            self._sign_in.problem,
            "No address came on standard input either. "
            f"Free the port, or run on a terminal: tui-oauth authorize {word} --paste",
        )

    def close(self) -> None:
        """Read no more."""
        if self._soon is not None:
            self._soon.cancel()
        if self._lines is not None:
            self._lines.close()
            self._lines = None

    def authorized(self, entry: Entry) -> None:
        """The result."""
        if self._sign_in.note:
            output.note(self._sign_in.note)
        _tell_authorized(self._context, entry)

    @property
    def _pictures(self) -> bool:
        """Whether blocks are drawn: not in ASCII, and not where a screen reader would read them out."""
        environ, settings = self._context.environ, self._context.workspace.settings
        dumb = is_terminal(sys.stderr) and surroundings(environ, sys.platform).dumb
        return not dumb and not ascii_only(environ, settings.ascii)

    def _announce(self) -> None:
        args, sign_in = self._context.args, self._sign_in
        if sign_in.link is None:
            output.note(f"Asking {sign_in.service.name} for a code.")
            return
        self._shown_link = sign_in.authorization_url
        reads = Lines.readable(also_files=args.paste)
        if args.json:
            output.event(
                {
                    "event": "waiting",
                    "authorization_url": sign_in.authorization_url,
                    "callback_url": sign_in.callback_url,
                    "ssh_forward": sign_in.ssh_forward,
                    "expires_at": rfc3339(sign_in.expires_at),
                }
            )
        self._narrate(reads)
        self._tell_ask()
        if args.qr and not sign_in.device_waits:
            show_qr(sign_in.authorization_url, pictures=self._pictures)
        # Whoever asks for a code, or wants to paste, goes on elsewhere.
        wanted = sign_in.entry.first_way in {"", Way.CALLBACK}
        here = wanted and not args.device and not args.remote
        self._open_browser(sign_in.authorization_url, by_itself=here)
        if reads:
            self._lines = Lines(self._take, self._no_more_lines)
            self._lines.start()
        else:
            self._no_more_lines()

    def _tell_ask(self) -> None:
        ask = self._sign_in.ask if self._context.args.remote else None
        if ask is not None:
            tell_ask(self._context, ask)

    def _no_more_lines(self) -> None:
        self._take_pending()
        self._no_lines = True
        self._give_up_in_vain()

    def _give_up_in_vain(self) -> None:
        """Without server, device code and standard input nothing can come: do not wait for it."""
        sign_in = self._sign_in
        waits = sign_in.state is SignInState.WAITING and self._announced and not self._answered
        if waits and self._no_lines and sign_in.problem and not sign_in.device_waits:
            self._given_up = True
            sign_in.cancel()

    def _look_at_link(self) -> None:
        """Show a link that takes the place of an earlier one, and say why there is none."""
        sign_in = self._sign_in
        if sign_in.link is None:
            return
        link = sign_in.authorization_url
        if link != self._shown_link and sign_in.state is SignInState.WAITING:
            self._shown_link = link
            if self._context.args.json:
                output.event({"event": "link", "authorization_url": link})
            output.note("The link before ends now, unless it is open in a browser. A new one:")
            output.note()
            output.note(f"  {link}")
            output.note()
            self._tell_ask()
        if sign_in.link.trouble != self._told_trouble:
            self._told_trouble = sign_in.link.trouble
            if self._told_trouble:
                output.note(self._told_trouble)

    def _look_at_device(self) -> None:
        """Show a device code that is new, and say once why there is none any more."""
        args, device = self._context.args, self._sign_in.device
        if device is None:
            return
        if device.code is not None and device.code is not self._shown_code:
            self._shown_code = code = device.code
            address = code.verification_uri_complete or code.verification_uri
            if args.json:
                output.event(event_of(code))
            narrate(self._sign_in, code, self._context.workspace.now(), pictures=self._pictures)
            if args.qr:
                show_qr(address, pictures=self._pictures)
            if self._sign_in.link is None:
                self._open_browser(address, by_itself=False)
        if device.error is not None and device.error is not self._told_failure:
            self._told_failure = device.error
            if self._sign_in.link is not None:
                output.note(f"No device code: {device.error}")
                output.note("The link still works.")
                self._give_up_in_vain()

    def _narrate(self, reads: bool) -> None:
        sign_in, note = self._sign_in, output.note
        note(f"Authorization link of {sign_in.entry.name} ({sign_in.service.name}):")
        note()
        note(f"  {sign_in.authorization_url}")
        note()
        if sign_in.scopes:
            note(f"Asks for: {', '.join(sign_in.scopes)}")
        note(f"Callback URL: {sign_in.callback_url} (if it is refused: register exactly this)")
        if sign_in.unkept:
            note(sign_in.unkept)
        for way in ways_of(sign_in, sign_in.entry.first_way):
            if way is Way.CALLBACK:
                self._narrate_callback()
            elif way is Way.PASTE and reads:
                note(
                    "Paste here the address that the browser ended on, and press enter: a page that"
                )
                note("cannot load is expected there, its address counts.")
            elif way is Way.DEVICE and sign_in.offers_device and sign_in.device is None:
                note("To confirm a code on another device instead, add: --device")
        left = sign_in.expires_at - self._context.workspace.now()
        note(f"Waiting for {duration(left)}, until {rfc3339(sign_in.expires_at)}; ^C cancels.")

    def _narrate_callback(self) -> None:
        sign_in, note = self._sign_in, output.note
        if sign_in.problem:
            note(sign_in.problem)
            return
        if sign_in.tunnel:
            self._narrate_tunnel()
        note(f"A short address of the same link, where this port is reached: {sign_in.short_link}")
        if sign_in.fingerprint:
            note("The browser will ask once about the certificate made on this machine, SHA-256:")
            note(f"  {sign_in.fingerprint}")

    def _narrate_tunnel(self) -> None:
        sign_in, note = self._sign_in, output.note
        if self._context.workspace.in_container:
            note("A container: no browser outside of it gets here without the host's network.")
        note("Browser on another machine? Run this there first, then open the link:")
        note(f"  {sign_in.ssh_forward}")
        if is_behind_nat(self._context.environ):
            note("  (with the name that you gave to ssh as the host)")
        if self._context.environ.get("SSH_CONNECTION"):
            note("Or in this ssh session: enter, ~C (with EnableEscapeCommandline), then:")
            note(f"  {sign_in.ssh_escape}")
        note(f"A browser that reaches this terminal shows it at: {sign_in.first_page}")

    def _open_browser(self, link: str, *, by_itself: bool) -> None:
        """Open `link` where the person asked for it, or, `by_itself`, where there is a browser."""
        from tui_oauth.browser import can_open, open_link

        wanted = self._context.args.open
        if wanted is None:
            # The link of one that goes on has been opened before.
            by_itself = by_itself and not self._sign_in.taken_up
            wanted = by_itself and is_terminal(sys.stderr) and can_open(self._context.environ)
        if not wanted:
            return

        async def opening() -> None:
            fragment = self._sign_in.service.quirks.authorize.fragment
            try:
                await asyncio.to_thread(open_link, link, self._context.environ, fragment=fragment)
            except TuiOauthError as error:
                output.note(str(error))

        # It watches the program for a second, in which the browser may be back already.
        self._opening = asyncio.create_task(opening())

    def _take(self, line: str) -> None:
        """A line of standard input; more of the same paste may follow, so it is looked at a moment later."""
        self._pending.append(line)
        if self._soon is not None:
            self._soon.cancel()
        loop = asyncio.get_running_loop()
        self._soon = loop.call_later(_LINES_BELONG_SECONDS, self._take_pending)

    def _take_pending(self) -> None:
        """What came at once, as one answer, else line by line. A wrong one is explained."""
        if self._soon is not None:
            self._soon.cancel()
            self._soon = None
        lines, self._pending = [line for line in self._pending if line.strip()], []
        if len(lines) > 1 and self._try("\n".join(lines)) is None:
            return
        for line in lines:
            error = self._try(line)
            if error is None:
                return
            output.note(str(error))
            if len(line) in _CUT_BY_TERMINAL and is_terminal(sys.stdin):
                output.note(
                    f"The terminal cut the line at {len(line)} characters. "
                    "Put the address into a file and add: --paste < FILE"
                )
            output.note("Still waiting.")

    def _try(self, text: str) -> PasteProblem | None:
        """Take `text` as the answer; why it is none, or None when nothing more is to be said."""
        try:
            self._sign_in.paste(text.strip())
        except PasteProblem as error:
            return error
        except SignInEnded as error:
            output.note(str(error))
        self._answered = True
        return None


_NAMES: tuple[tuple[type[TuiOauthError], str], ...] = (
    (ProviderUnreachable, "provider_unreachable"),
    (ProviderRefused, "provider_refused"),
    (SignInEnded, "expired"),
)


def _error_name(error: TuiOauthError) -> str:
    """The provider's own error code where it gave one, else a word for the kind of failure."""
    if isinstance(error, ProviderRefused) and error.code:
        return error.code
    for kind, name in _NAMES:
        if isinstance(error, kind):
            return name
    name = type(error).__name__
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")
