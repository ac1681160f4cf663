"""Every failure a person can meet, as one tree.

Each error carries a sentence for the person, what to do next, and the exit code that scripts
rely on (README, "Exit codes"). Text that came from outside (a provider, a file, a paste) must be
neutralised with `tui_oauth.text.neutralise` before it is put into an error.
"""

from __future__ import annotations

import enum


class Fix(enum.StrEnum):
    """The one thing of ours that mends a failure: a key in the window, a command in a shell."""

    NONE = ""
    CONFIGURE = "configure"
    """Other credentials, scopes or variables."""
    CALLBACK_URL = "callback-url"
    """The Callback URL, to be registered at the provider."""
    AUTHORIZE = "authorize"
    """A person signs in again."""
    REFRESH = "refresh"
    """A new access token."""


class TuiOauthError(Exception):
    """Something that went wrong in a way we can explain.

    `message` says what happened, at which step and where; `advice` says what to do next and may
    be empty when the message already does.
    """

    exit_code = 1
    fix = Fix.NONE

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice

    def __str__(self) -> str:
        return f"{self.message} {self.advice}".rstrip()


class UsageProblem(TuiOauthError):
    """The request itself cannot be carried out as given: a bad name, value or combination."""

    exit_code = 2


class InvalidService(UsageProblem):
    """A service file breaks the format; the message names the file, the key and what is wrong."""


class InvalidSettings(UsageProblem):
    """The settings file cannot be read; the message names the file, the key and what is wrong."""


class NotFound(TuiOauthError):
    """No such entry or service."""

    exit_code = 3


class AlreadyExists(TuiOauthError):
    """An entry, vault or service of this name exists already."""

    exit_code = 3


class VaultLocked(TuiOauthError):
    """No key was found for the vault, or it was the wrong one."""

    exit_code = 4


class VaultMissing(VaultLocked):
    """There is no vault yet; `tui-oauth init` makes one. No other command ever does."""


class VaultBusy(TuiOauthError):
    """Another process holds the lock for longer than we wait."""

    exit_code = 5


class VaultDamaged(TuiOauthError):
    """The vault file is damaged, was tampered with, or was made by a newer version."""

    exit_code = 6


class NeedsPerson(TuiOauthError):
    """The entry has to be configured or authorized by a person before this can work."""

    exit_code = 7


class Conflict(TuiOauthError):
    """The entry was changed by another process since it was read; nothing was written."""

    exit_code = 5


class StorageFailed(TuiOauthError):
    """Reading or writing a file failed: disk full, no permission, an I/O error."""

    exit_code = 8


class UnsafePath(TuiOauthError):
    """A file or folder has permissions, an owner or a type that make it unsafe to use."""

    exit_code = 9


class NotAllowed(TuiOauthError):
    """The entry's list of programs does not have the one that asked for its token."""

    exit_code = 9


class ProviderRefused(TuiOauthError):
    """The provider answered, and its answer is no.

    `code` is the OAuth error code (RFC 6749 sections 4.1.2.1 and 5.2) where there was one,
    neutralised; `status` the HTTP status, or None for an answer that came through the browser.
    `fix` is what of ours mends it: whoever knows the entry names the key or the command.
    """

    exit_code = 10

    def __init__(
        self,
        message: str,
        advice: str = "",
        *,
        code: str = "",
        status: int | None = None,
        fix: Fix = Fix.NONE,
    ) -> None:
        super().__init__(message, advice)
        self.code = code
        self.status = status
        self.fix = fix


class ProviderUnreachable(TuiOauthError):
    """The provider could not be reached or answered nonsense; trying again may help.

    `sent` tells whether the request may have reached the provider: a code or a single-use
    refresh token that may have been received must not be sent again (RFC 6749 section 4.1.2).
    """

    exit_code = 11

    def __init__(self, message: str, advice: str = "", *, sent: bool = True) -> None:
        super().__init__(message, advice)
        self.sent = sent


class SignInEnded(TuiOauthError):
    """The sign-in ended without an answer: its time was up, or it was cancelled."""

    exit_code = 7


class PasteProblem(TuiOauthError):
    """What was pasted is not the answer that this sign-in waits for. The sign-in goes on."""

    exit_code = 2


class CallbackUnavailable(TuiOauthError):
    """The callback server cannot listen: the port is taken, or loopback is not to be had.

    A sign-in goes on without it, by pasting the address that the browser ended on.
    """

    exit_code = 8
