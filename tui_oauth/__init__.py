"""tui-oauth: the Manage OAuth window for people who live in a terminal.

`Vault`, `EntryAuth` and `RequestsAuth` are loaded on first use, so that importing the package costs nothing.
"""

TYPE_CHECKING = (
    False  # what checkers take for true; `typing` itself costs as much as Python's own start
)
if TYPE_CHECKING:
    from tui_oauth.api import Vault as Vault
    from tui_oauth.entry_auth import EntryAuth as EntryAuth
    from tui_oauth.requests_auth import RequestsAuth as RequestsAuth

# Written here rather than read from the package's metadata, which costs 40 ms at start.
__version__ = "0.1.0"
__all__ = ["EntryAuth", "RequestsAuth", "Vault", "__version__"]


if not TYPE_CHECKING:  # a checker would take every submodule for an object

    def __getattr__(name: str) -> object:
        if name == "Vault":
            from tui_oauth.api import Vault

            return Vault
        if name == "EntryAuth":
            from tui_oauth.entry_auth import EntryAuth

            return EntryAuth
        if name == "RequestsAuth":
            from tui_oauth.requests_auth import RequestsAuth

            return RequestsAuth
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
