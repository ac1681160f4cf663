"""What the keys of the Vault screen do with the keys of the vault: add, remove, change, rekey, unlock."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from typing import TYPE_CHECKING

from tui_oauth import vault_care
from tui_oauth.errors import TuiOauthError, UsageProblem, VaultLocked
from tui_oauth.secret import Secret
from tui_oauth.text import duration, neutralise
from tui_oauth.tui.base import in_thread, sentence
from tui_oauth.tui.bundle_actions import BundleActions, file_path
from tui_oauth.tui.forms import (
    DERIVING,
    PASSPHRASE,
    Answers,
    Blank,
    Form,
    label_blank,
    passphrase_twice,
)
from tui_oauth.tui.words import clock_words, with_tilde

if TYPE_CHECKING:
    from tui_oauth.vault import SlotInfo, Vault
    from tui_oauth.vault.rekey import Plan
    from tui_oauth.vault.slots import Slot
    from tui_oauth.vault_care import Locked, Rekeyed

OLD_COPIES = (
    "It still opens copies of the vault that were made before. If it may be in the wrong hands, "
    "go on with Rekey (r)."
)


class VaultActions(BundleActions):
    """The actions; the screen itself says which key is meant and shows what came of it."""

    @abstractmethod
    def chosen_slot(self) -> SlotInfo | None:
        """The key under the cursor."""

    # ---- keys

    def action_add_key(self) -> None:
        self.home.open_new_key(self._add)

    def _add(self, kind: str | None) -> None:
        forms = {
            "key-file": self._key_file_form,
            "passphrase": self._passphrase_form,
            "recovery": self._recovery_form,
            "keyring": self._keyring_form,
        }
        if kind in forms:
            form = forms[kind]()
            done = self._code_made if kind == "recovery" else self._added
            self.home.open_form(form, done)

    def _added(self, info: SlotInfo | None) -> None:
        if info is not None:
            self.changed(f"Added the {named(info)}.")

    def _code_made(self, made: tuple[SlotInfo, Secret] | None) -> None:
        if made is not None:
            info, code = made
            self.home.open_code(code, lambda _: self.changed(f"Added the {named(info)}."))

    def _key_file_form(self) -> Form:
        vault = self.home.workspace.vault

        def work(answers: Answers) -> SlotInfo:
            from tui_oauth.vault import slot_changes

            path = file_path(answers.texts["file"])
            return slot_changes.add_key_file(vault, path, answers.texts["label"])[0]

        return Form(
            "Add a key file",
            "A new file with a key of its own is made, unless it is there. Whoever has it and the "
            "vault can open it.",
            "Add",
            "Adding the key file",
            work,
            (
                Blank("file", "File", "Where the key is, or is to be made; only you may read it."),
                label_blank(),
            ),
        )

    def _passphrase_form(self) -> Form:
        vault = self.home.workspace.vault

        def work(answers: Answers) -> SlotInfo:
            from tui_oauth.vault import slot_changes

            given = answers.secrets[PASSPHRASE]
            return slot_changes.add_passphrase(vault, given, answers.texts["label"])

        words = "It opens the vault alone, beside the keys that there are."
        blanks = (*passphrase_twice(), label_blank())
        return Form("Add a passphrase", words, "Add", DERIVING, work, blanks)

    def _recovery_form(self) -> Form:
        vault = self.home.workspace.vault

        def work(answers: Answers) -> tuple[SlotInfo, Secret]:
            from tui_oauth.vault import slot_changes

            return slot_changes.add_recovery(vault, answers.texts["label"])

        words = "A code is made that opens the vault alone. It is shown once: have a pen ready."
        return Form(
            "Add a recovery code", words, "Make it", "Making the code", work, (label_blank(),)
        )

    def _keyring_form(self) -> Form:
        workspace = self.home.workspace

        def work(answers: Answers) -> SlotInfo:
            from tui_oauth.vault import slot_changes

            label = answers.texts["label"]
            return slot_changes.add_keyring(workspace.vault, workspace.environ, label)

        words = "The system's keyring keeps a key that opens the vault, as long as it is unlocked."
        blanks = (label_blank(),)
        return Form("Add the system keyring", words, "Add", "Asking the keyring", work, blanks)

    def action_remove_key(self) -> None:
        from tui_oauth.vault import slot_changes

        chosen = self.chosen_slot()
        if chosen is None:
            return
        try:
            before = self.home.workspace.vault.header.slots
            left = tuple(slot for slot in before if slot.id != chosen.id)
            slot_changes.slot_with_id(before, chosen.id)
            if not any(slot.kind in _words() for slot in left):
                self.complain("This is the last key that opens the vault; it stays. Press a first.")
                return
        except TuiOauthError as error:
            self.complain(sentence(error))
            return
        self.home.ask(
            f"Remove the {named(chosen)}?",
            f"The vault then opens with: {_list(left)}. {OLD_COPIES}",
            yes="Remove",
            no="Keep",
            done=lambda sure: self._remove(chosen) if sure else None,
        )

    def _remove(self, chosen: SlotInfo) -> None:
        workspace = self.home.workspace

        def remove() -> str:
            from tui_oauth.vault import slot_changes, slots

            vault = workspace.vault
            slot = slot_changes.remove_slot(vault, chosen.id)
            if slot.kind != slots.KEYRING:
                return ""
            return slot_changes.forget_in_keyring(workspace.environ, vault.header.vault_id, slot)

        def removed(why_not: str) -> None:
            left = f" The system's keyring still has it: {why_not}." if why_not else ""
            self.changed(f"Removed the {named(chosen)}.{left}")

        self.job("Removing the key", lambda: in_thread(remove), removed)

    def action_passphrase(self) -> None:
        vault = self.home.workspace.vault
        try:
            mine = [slot.info for slot in vault.header.slots if slot.kind == PASSPHRASE]
        except TuiOauthError as error:
            self.complain(sentence(error))
            return
        under_cursor = [info for info in mine if info == self.chosen_slot()]
        if not mine:
            self.complain("This vault has no passphrase. Press a to add one.")
            return
        if len(mine) > 1 and not under_cursor:
            self.complain(f"There are {len(mine)} passphrases. Go to one in the list and press p.")
            return
        slot = (under_cursor or mine)[0]

        def work(answers: Answers) -> SlotInfo:
            from tui_oauth.vault import slot_changes

            return slot_changes.change_passphrase(vault, answers.secrets[PASSPHRASE], slot.id)

        def done(info: SlotInfo | None) -> None:
            if info is not None:
                self.changed("Changed the passphrase; the old one opens the vault no longer.")

        words = "The old one opens the vault no longer then; it still opens copies made before."
        blanks = passphrase_twice("New passphrase")
        self.home.open_form(
            Form("Change the passphrase", words, "Change", DERIVING, work, blanks), done
        )

    # ---- for a while

    def action_unlock(self) -> None:
        workspace = self.home.workspace
        self.job(
            "Looking what opens it",
            lambda: in_thread(vault_care.unlock_asks, workspace),
            self._ask_unlock,
        )

    def _ask_unlock(self, asks: bool) -> None:
        workspace = self.home.workspace

        def work(answers: Answers) -> tuple[int, int]:
            try:
                seconds = vault_care.unlock_seconds(answers.texts["span"])
            except ValueError as error:
                raise UsageProblem(f"For how long: {error}.") from None
            typed = answers.secrets.get(PASSPHRASE)
            return vault_care.keep_unlocked(workspace, seconds, typed), seconds

        def done(given: tuple[int, int] | None) -> None:
            if given is not None:
                until, seconds = given
                when = clock_words(until, workspace.now())
                self.changed(f"Unlocked until {when} ({duration(seconds)}). Press l to end it.")

        blanks = [Blank("span", "For how long", "Such as 30m, 8h or 7d; up to 30 days.", "8h")]
        if asks:
            words = "Or a recovery code; nobody prolongs this without one."
            blanks.append(Blank(PASSPHRASE, "Passphrase", words, secret=True))
        words = (
            "Scripts and cron then open the vault without a question, and so can every program "
            "that runs as you. The kernel keeps the key, never the disk, and forgets it after "
            "that time, at a restart, or with Lock (l)."
        )
        busy = DERIVING if asks else "Unlocking"
        self.home.open_form(Form("Unlock", words, "Unlock", busy, work, tuple(blanks)), done)

    def action_lock(self) -> None:
        workspace = self.home.workspace

        def locked(done: Locked) -> None:
            if not done.was_kept:
                self.changed("The vault was not unlocked for a while: there is nothing to end.")
                return
            self.changed("Locked.")
            words = [with_tilde(workspace, said) for said in lock_words(done)]
            self.home.show_result("Locked", words)

        self.job("", lambda: in_thread(vault_care.lock, workspace), locked)

    # ---- a new data key

    def action_rekey(self) -> None:
        workspace = self.home.workspace

        def planned(found: tuple[Vault, Plan]) -> None:
            self._ask_rekey(*found)

        def failed(error: TuiOauthError) -> None:
            if isinstance(error, VaultLocked):
                self._ask_key_for_rekey(error)
            else:
                self.complain(sentence(error))

        self.job(
            "Looking which keys can be carried over",
            lambda: in_thread(vault_care.plan_rekey, workspace),
            planned,
            failed,
        )

    def _ask_key_for_rekey(self, error: TuiOauthError) -> None:
        """Only a key that is given now can be carried over: the open vault has kept none."""
        workspace = self.home.workspace
        kinds = {slot.kind for slot in workspace.vault.header.slots}
        if not kinds & {PASSPHRASE, "recovery"}:
            self.complain(sentence(error))
            return

        def work(answers: Answers) -> tuple[Vault, Plan]:
            return vault_care.plan_rekey(workspace, answers.secrets[PASSPHRASE])

        def done(found: tuple[Vault, Plan] | None) -> None:
            if found is not None:
                self._ask_rekey(*found)

        words = "The vault gets a new key, and this passphrase is to open that one too."
        blank = Blank(PASSPHRASE, "Passphrase", "The present one, or a recovery code.", secret=True)
        self.home.open_form(
            Form("Rekey", words, "Go on", DERIVING, work, (blank,), harmless=True), done
        )

    def _ask_rekey(self, vault: Vault, plan: Plan) -> None:
        said = ["Everything is sealed anew, against a key that may have leaked."]
        said.append(f"Carried over: {_list(slot for slot, _ in plan.carried)}.")
        if plan.dropped:
            said.append(f"Cannot be carried over and are removed: {_list(plan.dropped)}.")
        if plan.replaced:
            said.append("A new recovery code replaces the present one.")
        said.append("Copies made before still open with the old keys. Tokens that somebody may")
        said.append("have read stay valid: revoke those at the services.")
        self.home.ask(
            "Rekey the vault?",
            " ".join(said),
            yes="Rekey",
            no="Keep",
            done=lambda sure: self._rekey(vault, plan) if sure else None,
        )

    def _rekey(self, vault: Vault, plan: Plan) -> None:
        workspace = self.home.workspace

        def work(_: Answers) -> Rekeyed:
            return vault_care.carry_out_rekey(workspace, vault, plan)

        def done(after: Rekeyed) -> None:
            def tell(_: object = None) -> None:
                words = "Everything is sealed under a new key."
                self.changed(words)
                self.home.show_result("Rekeyed", [words, *vault_care.after_rekey(after)])

            if after.code is None:
                tell()
            else:
                self.home.open_code(after.code, tell)

        self.job("Sealing everything anew", lambda: in_thread(work, Answers({}, {})), done)


def lock_words(done: Locked) -> list[str]:
    """What it means that the vault is not kept unlocked any more."""
    if done.key_file is not None:
        scripts = (
            f"The kernel has forgotten the key. The key file {done.key_file} goes on opening the "
            "vault without a question, for scripts and for this window."
        )
    else:
        scripts = (
            "The kernel has forgotten the key: scripts, cron and every new command need the "
            "passphrase again, or a key file of their own."
        )
    return [
        scripts,
        "This window stays open and goes on working: it keeps the key in its own memory until you "
        "leave it (ctrl+q).",
    ]


def named(slot: SlotInfo | Slot) -> str:
    """A key by its kind and label, or its id where it has no label."""
    return f"{_words().get(slot.kind, neutralise(slot.kind, 20))} ({neutralise(slot.label or slot.id)})"


def _words() -> dict[str, str]:
    from tui_oauth.vault.slots import WORDS

    return WORDS


def _list(slots: Iterable[SlotInfo | Slot]) -> str:
    return ", ".join(named(slot) for slot in slots)
