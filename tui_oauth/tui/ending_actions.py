"""What the keys of Manage OAuth do that ends something: revoke and delete."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tui_oauth.model import Entry
from tui_oauth.tui.base import in_thread
from tui_oauth.tui.choice import Choice
from tui_oauth.tui.entry_actions import EntryActions

if TYPE_CHECKING:
    from tui_oauth.revocation import Deleted, Revocation

_CANCEL = "esc cancels"


class EndingActions(EntryActions):
    """The actions, each after a question."""

    # ---- revoke

    def action_revoke(self) -> None:
        from tui_oauth import revocation  # not before the first paint, here and below

        entry = self._chosen()
        if entry is None:
            return
        workspace = self.home.workspace
        if not entry.authorized:
            self.say(f"{entry.name} holds no tokens: there is nothing to revoke.")
        elif not revocation.can_revoke(workspace, entry):
            self._ask_to_forget(
                entry,
                f"{entry.name} cannot be revoked from here",
                f"{entry.service_name} has no way for a program to revoke a token.\n\n"
                f"{revocation.where_to_end(workspace, entry)}",
            )
        else:
            more = (
                "\n\nAll that the account granted the same client ends with it, for other entries "
                "and programs too."
                if revocation.ends_more(workspace, entry)
                else ""
            )
            self.home.ask(
                f"Revoke the access of {entry.name}?",
                f"{entry.service_name} is asked to end the tokens of this entry, and they are "
                "removed here. Client ID and secret stay, so it can be authorized again."
                f"{more}",
                yes="Revoke",
                no="Keep",
                done=lambda sure: self._revoke(entry, self._revoked) if sure else None,
            )

    def _revoke(self, entry: Entry, done: Callable[[Revocation], None]) -> None:
        from tui_oauth.revocation import revoke_entry

        words = f"Revoking {entry.name} at {entry.service_name}… {_CANCEL}"
        work = self.home.workspace
        self.job(words, lambda: in_thread(revoke_entry, work, entry), done)

    def _revoked(self, outcome: Revocation) -> None:
        entry, problem = outcome.entry, outcome.problem
        self.reload()
        if problem is not None:
            reason = f"{problem.message} {problem.advice}".rstrip()
            self._ask_to_forget(
                entry, f"{entry.name} is not revoked", f"{reason}\n\nIts tokens are still here."
            )
        else:
            self.say(f"{entry.name}: {outcome.words}. {outcome.note or 'Press a to authorize it.'}")

    def _ask_to_forget(self, entry: Entry, title: str, reason: str) -> None:
        """The tokens are not revoked; remove them here all the same?"""
        self.home.ask(
            title,
            reason,
            yes="Remove them here",
            no="Keep",
            done=lambda sure: self._forget(entry) if sure else None,
        )

    def _forget(self, entry: Entry) -> None:
        from tui_oauth.revocation import forget_tokens

        workspace = self.home.workspace

        def told(after: Entry) -> None:
            self.reload()
            self.say(f"{after.name}: tokens removed here; not revoked at {after.service_name}.")

        words = f"Removing the tokens of {entry.name}…"
        self.job(words, lambda: in_thread(forget_tokens, workspace, entry), told)

    # ---- delete

    def action_delete(self) -> None:
        from tui_oauth import revocation

        entry = self._chosen()
        if entry is None:
            return
        workspace = self.home.workspace
        choices = [Choice("y", "Delete")]
        said = "Its client ID and secret are removed from this vault."
        if entry.authorized:
            said = "Its client ID, secret and tokens are removed from this vault. "
            if revocation.can_revoke(workspace, entry):
                choices.insert(0, Choice("r", "Revoke and delete"))
                said += f"Unless revoked, the tokens stay valid at {entry.service_name}."
            else:
                said += (
                    f"The tokens stay valid at {entry.service_name}, which has no way for a "
                    f"program to revoke them.\n\n{revocation.where_to_end(workspace, entry)}"
                )
        self.home.choose(
            f"Delete the entry {entry.name}?",
            said,
            keep="Keep",
            choices=choices,
            done=lambda answer: self._delete_as(entry, answer),
        )

    def _delete_as(self, entry: Entry, answer: str) -> None:
        if answer == "r":
            self._revoke(entry, self._revoked_to_delete)
        elif answer == "y":
            self._delete(entry)

    def _revoked_to_delete(self, outcome: Revocation) -> None:
        entry, problem = outcome.entry, outcome.problem
        if problem is None:
            self._delete(entry, f"; {outcome.words.partition(';')[0]}")
            return
        self.reload()
        self.home.ask(
            f"{entry.name} is not revoked",
            f"{problem.message}\n\nThe entry is still here, with its tokens.",
            yes="Delete all the same",
            no="Keep",
            done=lambda sure: self._delete(entry) if sure else None,
        )

    def _delete(self, entry: Entry, and_revoked: str = "") -> None:
        workspace = self.home.workspace

        async def delete() -> Deleted:
            from tui_oauth.revocation import delete_everywhere

            signins = self.home.signins_or_none
            signin = signins.get(entry.id) if signins is not None else None
            if signin is not None:
                signin.cancel()
            return await delete_everywhere(workspace, entry)

        def told(deleted: Deleted) -> None:
            self.reload()
            client = "; its client there was removed as well" if deleted.unregistered else ""
            self.say(f"{entry.name} deleted{and_revoked}{client}. {deleted.note}".rstrip())

        self.job(f"Deleting {entry.name}…", delete, told)
