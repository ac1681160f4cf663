"""The person's settings: `config.toml`, read strictly. An absent file means the defaults."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tui_oauth.errors import InvalidSettings, StorageFailed
from tui_oauth.text import neutralise

DEFAULT_PORT = 8976
MAX_SETTINGS_BYTES = 262_144
# What a browser sends as it was registered: no dot segments, nothing to be encoded on the way.
_PATH = r"(?:/(?!\.{1,2}(?:/|\Z))[A-Za-z0-9\-._~!$&()*+,;=:@]+)+"
NO_DEFAULTS: Mapping[str, Mapping[str, str]] = {}


class CallbackSettings(NamedTuple):
    """How the Callback URL looks and where the callback server listens.

    `path` may hold `{service}`, so that every service has its own; `services.redirect` says what
    stands there. `host` empty follows the service's rule. With `public_url` (a reverse proxy in
    front) that URL is shown and sent; the server still listens on loopback only. `certificate`
    and `private_key` are the person's own PEM files; empty means one made on first use.
    """

    port: int = DEFAULT_PORT
    path: str = "/callback"
    host: str = ""
    public_url: str = ""
    certificate: str = ""
    private_key: str = ""


class HookSettings(NamedTuple):
    """A person's commands for what happens to entries, as words; empty for none (`agent.hooks`).

    `seconds` is how long one may take; `soon_days` how long before its end an access that nothing
    renews counts as ending soon.
    """

    refreshed: tuple[str, ...] = ()
    failing: tuple[str, ...] = ()
    needs_authorization: tuple[str, ...] = ()
    expiring_soon: tuple[str, ...] = ()
    seconds: int = 10
    soon_days: int = 7


class Settings(NamedTuple):
    """All settings. `defaults` holds a person's own defaults of services' variables, by service id.

    `ascii`: whether only ASCII is drawn; None leaves that to the locale.
    """

    callback: CallbackSettings = CallbackSettings()
    vault: str = ""
    theme: str = ""
    sign_in_minutes: int = 10
    ascii: bool | None = None
    defaults: Mapping[str, Mapping[str, str]] = NO_DEFAULTS
    hooks: HookSettings = HookSettings()


def load(path: Path) -> Settings:
    """The settings in the file at `path`.

    Raises InvalidSettings naming the file, the key and what is wrong; StorageFailed when the file
    exists and cannot be read.
    """
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return Settings()
    except OSError as error:
        raise StorageFailed(
            f"The settings file {neutralise(path)} cannot be read: {error.strerror}.",
            "Check its permissions.",
        ) from error
    if len(raw) > MAX_SETTINGS_BYTES:
        raise _invalid(path, "", "the file is too large to be a settings file")
    import tomllib  # 4 ms that only a person with a settings file pays

    try:
        data = tomllib.loads(raw.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise _invalid(path, "", f"it is not valid TOML ({neutralise(error)})") from error
    return _settings(path, data)


def _settings(path: Path, data: dict[str, Any]) -> Settings:
    _only(
        path,
        "",
        data,
        {"vault", "theme", "ascii", "sign_in_minutes", "callback", "defaults", "hooks"},
    )
    return Settings(
        callback=_callback(path, _table(path, data, "callback")),
        vault=_text(path, data, "vault"),
        theme=_text(path, data, "theme"),
        sign_in_minutes=_number(path, data, "sign_in_minutes", 10, 1, 60),
        ascii=_flag(path, data, "ascii"),
        defaults=_defaults(path, _table(path, data, "defaults")),
        hooks=_hooks(path, _table(path, data, "hooks")),
    )


def _hooks(path: Path, data: dict[str, Any]) -> HookSettings:
    kinds = ("refreshed", "failing", "needs_authorization", "expiring_soon")
    _only(path, "hooks.", data, {*kinds, "seconds", "soon_days"})
    commands = {kind: _words(path, data, kind, "hooks.") for kind in kinds}
    return HookSettings(
        **commands,
        seconds=_number(path, data, "seconds", 10, 1, 600, "hooks."),
        soon_days=_number(path, data, "soon_days", 7, 1, 365, "hooks."),
    )


def _callback(path: Path, data: dict[str, Any]) -> CallbackSettings:
    import re  # the pattern costs 1 ms, which only a person with these settings pays

    keys = {"port", "path", "host", "public_url", "certificate", "private_key"}
    _only(path, "callback.", data, keys)
    callback_path = _text(path, data, "path", "callback.") or "/callback"
    if not re.fullmatch(_PATH, callback_path.replace("{service}", "service", 1)):
        raise _invalid(
            path,
            "callback.path",
            "choose plain letters, for instance /callback, or /callback/{service} to have one for "
            "each service",
        )
    if callback_path.startswith("/go/"):
        raise _invalid(path, "callback.path", "/go/ leads to the Authorization link")
    host = _text(path, data, "host", "callback.")
    if host not in {"", "127.0.0.1", "localhost", "[::1]"}:
        raise _invalid(path, "callback.host", "only 127.0.0.1, localhost or [::1] are served")
    public_url = _text(path, data, "public_url", "callback.")
    if public_url:
        _check_public_url(path, public_url)
    certificate = _text(path, data, "certificate", "callback.")
    private_key = _text(path, data, "private_key", "callback.")
    if bool(certificate) != bool(private_key):
        raise _invalid(path, "callback", "certificate and private_key belong together: set both")
    return CallbackSettings(
        port=_number(path, data, "port", DEFAULT_PORT, 1, 65535, "callback."),
        path=callback_path,
        host=host,
        public_url=public_url,
        certificate=certificate,
        private_key=private_key,
    )


def _check_public_url(path: Path, url: str) -> None:
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(url)
        host = parts.hostname
        _ = parts.port  # ValueError for one that no host has
    except ValueError:
        host = None
    if not host or parts.scheme != "https" or parts.username is not None:
        raise _invalid(
            path, "callback.public_url", "it has to be an https address without user name"
        )
    if parts.query or parts.fragment or not url.isascii() or any(c.isspace() for c in url):
        raise _invalid(path, "callback.public_url", "leave out query, fragment and blanks")


def _defaults(path: Path, data: dict[str, Any]) -> dict[str, dict[str, str]]:
    out: dict[str, dict[str, str]] = {}
    for service in data:
        table = _table(path, data, service, "defaults.")
        out[service] = {name: _text(path, table, name, f"defaults.{service}.") for name in table}
    return out


def _only(path: Path, prefix: str, data: dict[str, Any], known: set[str]) -> None:
    for key in data:
        if key not in known:
            names = ", ".join(sorted(known))
            raise _invalid(path, prefix + key, f"there is no such setting; known are {names}")


def _table(path: Path, data: dict[str, Any], key: str, prefix: str = "") -> dict[str, Any]:
    value = data.get(key, {})
    if not isinstance(value, dict):
        raise _invalid(path, prefix + key, f"it has to be a table: [{prefix}{key}]")
    return value


def _text(path: Path, data: dict[str, Any], key: str, prefix: str = "") -> str:
    value = data.get(key, "")
    if not isinstance(value, str):
        raise _invalid(path, prefix + key, "it has to be a text in quotes")
    if any(ord(char) < 0x20 or ord(char) == 0x7F for char in value):
        raise _invalid(path, prefix + key, "it holds control characters")
    return value


def _flag(path: Path, data: dict[str, Any], key: str) -> bool | None:
    value = data.get(key)
    if value is not None and not isinstance(value, bool):
        raise _invalid(path, key, "it has to be true or false, without quotes")
    return value


def _words(path: Path, data: dict[str, Any], key: str, prefix: str) -> tuple[str, ...]:
    value = data.get(key, [])
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise _invalid(path, prefix + key, 'it has to be a list of words: ["notify-send", "OAuth"]')
    if (value and not value[0]) or any("\0" in word for word in value):
        raise _invalid(path, prefix + key, "it begins with the program to start")
    return tuple(value)


def _number(
    path: Path, data: dict[str, Any], key: str, default: int, low: int, high: int, prefix: str = ""
) -> int:
    value = data.get(key, default)
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise _invalid(path, prefix + key, f"it has to be a whole number from {low} to {high}")
    return value


def _invalid(path: Path, key: str, problem: str) -> InvalidSettings:
    where = f", {neutralise(key, 80)}" if key else ""
    return InvalidSettings(
        f"The settings file {neutralise(path)}{where}: {problem}.", "Mend it and try again."
    )
