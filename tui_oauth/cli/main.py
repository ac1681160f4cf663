"""The command `tui-oauth`: parse, run one command, turn what happened into an exit code."""

from __future__ import annotations

import gc
import os
import sys
import time

from tui_oauth.cli import output, shortcut
from tui_oauth.errors import Fix, TuiOauthError

TYPE_CHECKING = (
    False  # `typing` is not for free, and a `token` that asks the agent needs it nowhere
)
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn

    from tui_oauth.cli.context import Arguments

DEFECT = 1
INPUT_OUTPUT = 8
INTERRUPTED = 130


def run() -> NoReturn:
    """Run the command of `sys.argv` and exit."""
    argv = sys.argv[1:]
    if shortcut.parse(argv) is None:
        sys.exit(main(argv))
    # What follows lives for milliseconds: there is nothing to collect, and `main` has written
    # everything when it returns. Taking Python apart object by object would cost a fifth of it all.
    gc.disable()
    os._exit(_printed(main(argv)))


def main(argv: Sequence[str]) -> int:
    """Run the command that `argv` names. Returns its exit code; the table is in the README."""
    output.be_lenient()
    args: Arguments | None = None
    try:
        args = shortcut.parse(argv)
        if args is None:
            from tui_oauth.cli.tree import parse

            args = parse(argv)
        code = _command(args)
        output.finish()
    except SystemExit as done:  # --help and --version have printed and are done
        return _printed(done.code if isinstance(done.code, int) else 0)
    except KeyboardInterrupt:
        # The terminal has echoed the key, or a question stands there: the words get a line of their own.
        if sys.stderr is not None and sys.stderr.isatty():
            output.note()
        output.note("tui-oauth: Interrupted.")
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read the output has seen enough: nothing to complain about.
        output.abandon()
        return INPUT_OUTPUT
    except TuiOauthError as error:
        output.note(f"tui-oauth: {error}{_remedy(error, args)}")
        return error.exit_code
    except OSError as error:
        return _input_output(error)
    except Exception as error:
        return _defect(error, args)
    return code


def _command(args: Arguments) -> int:
    from importlib import import_module

    from tui_oauth.cli.context import Context

    module, _, function = args.handler.partition(":")
    context = Context(args, os.environ)
    if not args.debug:
        code: int = getattr(import_module(f"tui_oauth.cli.{module}"), function)(context)
        return code
    from tui_oauth import __version__
    from tui_oauth.cli.debug import start

    began = time.monotonic()
    logger = start(args.path, __version__)
    logger.debug("vault %s, settings %s", context.places.vault, context.places.settings)
    try:
        code = getattr(import_module(f"tui_oauth.cli.{module}"), function)(context)
        logger.debug("exit code %d", code)
        return code
    except TuiOauthError as error:
        logger.debug("%s, exit code %d", type(error).__name__, error.exit_code)
        raise
    finally:
        logger.debug("took %.0f ms", (time.monotonic() - began) * 1000)


def _remedy(error: TuiOauthError, args: Arguments | None) -> str:
    """The command that mends `error`, where one does and the entry is named."""
    name = getattr(args, "name", None)
    if not error.fix or not isinstance(name, str) or not name:
        return ""
    if error.fix is Fix.CALLBACK_URL and "://" in error.advice:
        return ""  # it is there already, at the end, where it is copied most easily
    from tui_oauth.entries import shell_word

    return f" Run: tui-oauth {error.fix.value} {shell_word(name)}"


def _printed(code: int) -> int:
    try:
        output.finish()
    except BrokenPipeError:
        output.abandon()
        return INPUT_OUTPUT
    except OSError as error:
        return _input_output(error)
    return code


def _input_output(error: OSError) -> int:
    """A file or stream failed where nothing nearer to it has said so."""
    where = f": {error.filename}" if error.filename else ""
    reason = error.strerror or type(error).__name__
    output.note(
        f"tui-oauth: Input or output failed{where}: {reason}. Free space or mend it, then try again."
    )
    try:
        output.finish()
    except OSError:
        output.abandon()
    return INPUT_OUTPUT


def _defect(error: Exception, args: Arguments | None) -> int:
    from tui_oauth import __version__
    from tui_oauth.defects import record
    from tui_oauth.paths import places

    vault, command = (args.vault, args.path) if args is not None else ("", "")
    where = record(error, places(os.environ, vault=vault).log, command, __version__)
    output.note(f"tui-oauth: This is a defect of tui-oauth ({type(error).__name__}). {where}")
    return DEFECT
