"""Extracting data with an entry: what there is, and the rows into a destination."""

from __future__ import annotations

import signal
import sys
import threading
import time
from types import FrameType
from typing import TYPE_CHECKING, Any

from tui_oauth.cli import output
from tui_oauth.cli.context import Context, is_terminal
from tui_oauth.errors import UsageProblem
from tui_oauth.extract.words import dataset_words, end_words, moment_words, size_words

if TYPE_CHECKING:
    from tui_oauth.extract.running import Extracted, Progress, Summary

INTERRUPTED = 130
_EVERY = 0.2  # seconds between two drawings of the line that says how far it is


def extract(context: Context) -> int:
    """Extract, or with --list say what can be extracted."""
    args = context.args
    if args.list:
        return _list(context)
    if not args.resources:
        raise UsageProblem(
            "extract needs the names of resources, or all.",
            f"Look what there is: tui-oauth extract {args.name} --list",
        )
    if args.full and args.since is not None:
        raise UsageProblem("--since and --full exclude each other.", "Give one of them.")
    from tui_oauth.extract.running import extract as run

    names = [] if args.resources == ["all"] else args.resources
    stop, ended = threading.Event(), threading.Event()
    done: list[Any] = []
    shown = _Shown(drawing=not args.trace)

    def work() -> None:
        try:
            done.append(
                run(
                    context.workspace,
                    args.name,
                    names,
                    args.to,
                    since=args.since,
                    full=args.full,
                    limit=args.limit,
                    watch=shown.watch,
                    stop=stop,
                )
            )
        except BaseException as error:
            done.append(error)
        finally:
            ended.set()

    # In a thread of its own: in the main one dlt would answer signals itself, and end in its own way.
    _ = context.workspace.vault  # a passphrase is asked for here
    _stop_on_signals(stop)
    threading.Thread(target=work, name="tui-oauth-extract", daemon=True).start()
    while not ended.wait(1.0):
        pass  # a wait without end would not let a signal through on every system
    shown.close()
    if isinstance(done[0], BaseException):
        raise done[0]
    return _result(context, done[0])


def _stop_on_signals(stop: threading.Event) -> None:
    """The first ^C ends the run with everything kept, the second at once."""

    def end(number: int, frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        output.note("Ending: what has been fetched is loaded. Once more ends it at once.")

    signal.signal(signal.SIGINT, end)
    signal.signal(signal.SIGTERM, end)


def _list(context: Context) -> int:
    from tui_oauth.extract.available import offered

    found = offered(context.workspace, context.args.name)
    if context.args.json:
        output.as_json(
            [
                {
                    "resource": one.name,
                    "what": one.words,
                    "permission": one.permission or None,
                    "incremental": one.incremental,
                    "parent": one.parent or None,
                    "argument": one.argument or None,
                }
                for one in found
            ]
        )
        return 0
    rows = [
        (
            f"{one.name}:{one.argument.upper()}" if one.argument else one.name,
            one.words,
            "changes" if one.incremental else "all",
            one.permission,
        )
        for one in found
    ]
    output.table(("Resource", "What it holds", "Next run", "Permission"), rows)
    return 0


def _result(context: Context, summary: Summary) -> int:
    if summary.problem is not None and not any(one.calls for one in summary.resources):
        raise summary.problem  # it did not even begin: there is nothing to tell
    if context.args.json:
        output.as_json(_fields(summary))
    else:
        heads = ("Resource", "Rows", "Calls", "Received", "Waited", "")
        output.table(heads, [_row(one) for one in summary.resources])
        output.result(
            f"Into {summary.destination}, {dataset_words(summary)}, in {summary.seconds:.1f} s."
        )
        output.note(f"Kept for the next run: {summary.state}")
    if summary.problem is not None:
        output.finish()
        raise summary.problem
    return INTERRUPTED if summary.stopped else 0


def _row(one: Extracted) -> tuple[str, ...]:
    waited = f"{one.waited:.1f} s" if one.waits else ""
    return (
        one.resource,
        f"{one.rows:,}",
        f"{one.calls:,}",
        size_words(one.bytes),
        waited,
        end_words(one),
    )


def _fields(summary: Summary) -> dict[str, object]:
    problem = summary.problem
    return {
        "entry": summary.entry,
        "destination": summary.destination,
        "place": summary.place or None,
        "dataset": summary.dataset,
        "seconds": round(summary.seconds, 3),
        "state": str(summary.state),
        "stopped": summary.stopped,
        "error": None if problem is None else str(problem),
        "resources": [
            {
                "resource": one.resource,
                "table": one.table,
                "rows": one.rows,
                "calls": one.calls,
                "bytes": one.bytes,
                "waits": one.waits,
                "waited": round(one.waited, 3),
                "finished": one.finished,
                "went_on": one.went_on,
                "since": moment_words(one.since),
                "next_since": moment_words(one.next_since),
                "error": None if one.problem is None else str(one.problem),
            }
            for one in summary.resources
        ],
    }


class _Shown:
    """The progress on standard error: a line that is drawn anew, or one a resource: on no terminal, and with --trace."""

    def __init__(self, *, drawing: bool) -> None:
        self._terminal = drawing and is_terminal(sys.stderr)
        self._drawn = 0.0
        self._lock = threading.Lock()

    def watch(self, progress: Progress) -> None:
        """Told by the run, in its thread."""
        rows = f"{progress.rows:,}"
        if progress.total and progress.phase != "done":
            rows = f"{progress.rows + progress.before:,} of {progress.total:,}"
        line = f"{progress.resource}: {rows} rows, {progress.calls:,} calls, {size_words(progress.bytes)}"
        if progress.phase != "done":
            line += f", {progress.phase}"
        with self._lock:
            if progress.phase == "done":
                self._clear()
                output.note(line)
            elif self._terminal and time.monotonic() - self._drawn > _EVERY:
                self._drawn = time.monotonic()
                sys.stderr.write(f"\r\x1b[K{output.plain(line)}")
                sys.stderr.flush()

    def close(self) -> None:
        """Take the drawn line away."""
        with self._lock:
            self._clear()

    def _clear(self) -> None:
        if self._terminal and self._drawn:
            self._drawn = 0.0
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
