"""The settings file is read strictly, and says where it is wrong."""

import pytest

from tui_oauth.errors import InvalidSettings
from tui_oauth.paths import places
from tui_oauth.settings import Settings, load


def written(tmp_path, text):
    path = tmp_path / "config.toml"
    path.write_text(text)
    return path


def test_no_file_means_the_defaults(tmp_path):
    assert load(tmp_path / "none.toml") == Settings()
    assert Settings().callback.port == 8976
    assert Settings().callback.path == "/callback"


def test_everything_can_be_set(tmp_path):
    found = load(
        written(
            tmp_path,
            'ascii = false\nvault = "~/v.json"\ntheme = "nord"\nsign_in_minutes = 5\n'
            '[callback]\nport = 9000\npath = "/oauth/back"\nhost = "localhost"\n'
            'public_url = "https://auth.example.com/cb"\ncertificate = "c.pem"\nprivate_key = "k.pem"\n'
            '[defaults.zendesk]\nsubdomain = "acme"\n',
        )
    )
    assert found.callback.port == 9000
    assert found.callback.path == "/oauth/back"
    assert found.callback.public_url == "https://auth.example.com/cb"
    assert found.defaults == {"zendesk": {"subdomain": "acme"}}
    assert found.sign_in_minutes == 5
    assert found.ascii is False
    assert Settings().ascii is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("port = ", "not valid TOML"),
        ("colour = 1", "colour"),
        ("[callback]\nport = 0", "callback.port"),
        ("[callback]\nport = true", "callback.port"),
        ('[callback]\nport = "8976"', "callback.port"),
        ('[callback]\nhost = "0.0.0.0"', "callback.host"),
        ('[callback]\nhost = "example.com"', "callback.host"),
        ('[callback]\npath = "callback"', "callback.path"),
        ('[callback]\npath = "/go/x"', "callback.path"),
        ('[callback]\npath = "/a?b"', "callback.path"),
        ('[callback]\npath = "/a\\nb"', "callback.path"),
        ('[callback]\npublic_url = "https://example.com:99999/cb"', "callback.public_url"),
        ('vault = "a\\u0000b"', "control characters"),
        ('[callback]\npublic_url = "http://example.com/cb"', "callback.public_url"),
        ('[callback]\npublic_url = "https://u@example.com/cb"', "callback.public_url"),
        ('[callback]\ncertificate = "c.pem"', "private_key"),
        ("callback = 1", "table"),
        ("[defaults.zendesk]\nsubdomain = 3", "defaults.zendesk.subdomain"),
        ("theme = 1", "theme"),
        ('ascii = "yes"', "ascii"),
        ("x = '\x00'", "not valid TOML"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, text, words):
    path = written(tmp_path, text)
    with pytest.raises(InvalidSettings) as caught:
        load(path)
    assert words in caught.value.message
    assert str(path) in caught.value.message
    assert caught.value.exit_code == 2


def test_bytes_that_are_no_text(tmp_path):
    path = tmp_path / "config.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InvalidSettings, match="not valid TOML"):
        load(path)


def test_places_follow_the_environment(tmp_path):
    home = {"HOME": "/h"}
    assert str(places(home).vault) == "/h/.local/share/tui-oauth/vault.json"
    assert str(places(home).key_file) == "/h/.config/tui-oauth/vault.key"
    assert str(places(home).state) == "/h/.local/state/tui-oauth"
    xdg = {
        "HOME": "/h",
        "XDG_DATA_HOME": "/d",
        "XDG_CONFIG_HOME": "relative",
        "XDG_STATE_HOME": "/s",
    }
    assert str(places(xdg).vault) == "/d/tui-oauth/vault.json"
    assert str(places(xdg).key_file) == "/h/.config/tui-oauth/vault.key"
    named = {"HOME": "/h", "TUI_OAUTH_VAULT": "/v.json", "TUI_OAUTH_CONFIG": "/c/x.toml"}
    assert str(places(named).vault) == "/v.json"
    assert str(places(named).own_services) == "/c/services"
    assert str(places(named, vault="/w.json").vault) == "/w.json"
