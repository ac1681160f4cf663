"""What all screens of tui-oauth have in common: the app by its type, and slow things in workers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast

from textual.screen import ModalScreen, Screen
from textual.worker import Worker

from tui_oauth.errors import TuiOauthError
from tui_oauth.tui.widgets.quiet_line import QuietLine

if TYPE_CHECKING:
    from tui_oauth.tui.app import ManageOAuth

ResultT = TypeVar("ResultT")
ValueT = TypeVar("ValueT")


def sentence(error: TuiOauthError) -> str:
    """The words of `error` for one line: what happened, and what to do next."""
    return f"{error.message} {error.advice}".strip()


class _Common(Screen[ResultT]):
    """The shared part; use `AppScreen` or `AppDialog`."""

    KEY_GROUP: ClassVar[str] = "manage"
    """The group of `keys.GROUPS` that the help screen shows first."""

    @property
    def home(self) -> ManageOAuth:
        """The app, by its type."""
        return cast("ManageOAuth", self.app)

    def quiet(self) -> QuietLine | None:
        """This screen's quiet line, if it has one."""
        return self.query_one_optional(QuietLine)

    def say(self, text: str) -> None:
        """A small confirmation."""
        line = self.quiet()
        if line is None:
            self.home.say(text)
        else:
            line.say(text)

    def complain(self, text: str) -> None:
        """What went wrong, in words; an empty text takes it away."""
        line = self.quiet()
        if line is not None:
            line.error(text)
        elif text:
            self.notify(text, severity="error", timeout=10, markup=False)

    def job(
        self,
        words: str,
        work: Callable[[], Awaitable[ValueT]],
        done: Callable[[ValueT], object] | None = None,
        failed: Callable[[TuiOauthError], object] | None = None,
        group: str = "job",
    ) -> Worker[None]:
        """Run `work` as the one job of this screen, with `words` in the quiet line meanwhile.

        Another job of the same `group` is cancelled; `stop_job` ends those of the group "job".

        An error goes to `failed`, else to the quiet line; a defect goes to the log as well, and
        arrives as an error that says so: what was begun for the job has to be ended in any case.
        None ends the app.
        """
        return self.run_worker(
            # Not a coroutine yet: a job that is replaced before it began would warn that it never ran.
            partial(self._run_job, words, work, done, failed),
            group=group,
            exclusive=True,
            exit_on_error=False,
        )

    def stop_job(self) -> bool:
        """Cancel the running job; whether there was one."""
        running = [
            worker
            for worker in self.workers
            if worker.group == "job" and worker.node is self and worker.is_running
        ]
        for worker in running:
            worker.cancel()
        return bool(running)

    async def _run_job(
        self,
        words: str,
        work: Callable[[], Awaitable[ValueT]],
        done: Callable[[ValueT], object] | None,
        failed: Callable[[TuiOauthError], object] | None,
    ) -> None:
        busy = self._show_busy if words else _nothing  # silent work leaves the line alone
        busy(words)
        try:
            value = await work()
        except TuiOauthError as error:
            problem = error
        except Exception as error:
            problem = TuiOauthError(self.home.defect(error))
        else:
            busy("")
            if done is not None:
                self._finish(partial(done, value))
            return
        finally:
            busy("")
        if failed is not None:
            self._finish(partial(failed, problem))
        else:
            self.complain(sentence(problem))

    def _finish(self, told: Callable[[], object]) -> None:
        """Tell how a job ended. Textual would keep a defect there to itself."""
        try:
            told()
        except Exception as error:
            if self.is_attached:  # what was left meanwhile has nothing to say, and nothing to show
                self.complain(self.home.defect(error))

    def _show_busy(self, words: str) -> None:
        line = self.quiet()
        if line is not None:
            line.running(words)


def _nothing(_: str) -> None:
    """For work that is not announced."""


async def in_thread(function: Callable[..., ValueT], *args: Any, **kwargs: Any) -> ValueT:
    """`function` in a thread. When the waiting is cancelled, the function still finishes by itself."""
    return await asyncio.to_thread(function, *args, **kwargs)


class AppScreen(_Common[ResultT]):
    """A screen that fills the terminal."""


class AppDialog(ModalScreen[ResultT], _Common[ResultT]):
    """A dialog over the screen below."""
