"""The catalogue: one file for one service, own files first, and none that breaks the others."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import Never

import pytest

from tui_oauth.errors import (
    AlreadyExists,
    InvalidService,
    NotFound,
    StorageFailed,
    UnsafePath,
    UsageProblem,
)
from tui_oauth.services import catalogue as catalogue_module
from tui_oauth.services.catalogue import BUILT_IN, Catalogue
from tui_oauth.services.listing import INDEX, index_text, indexed, listing_of

ACME = """
id = "acme"
name = "Acme"
authorize_url = "https://acme.example/authorize"
token_url = "https://acme.example/token"
"""
OWN_GITHUB = ACME.replace('"acme"', '"github"').replace('"Acme"', '"GitHub of ours"')


@pytest.fixture
def own(tmp_path: Path) -> Path:
    folder = tmp_path / "services"
    folder.mkdir(mode=0o700)
    return folder


def put(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    return path


def test_get_reads_one_file(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    parse = catalogue_module.parse_service

    def counting(text: str, source: str, own: bool = False) -> object:
        read.append(source)
        return parse(text, source, own)

    monkeypatch.setattr(catalogue_module, "parse_service", counting)
    catalogue = Catalogue()
    assert catalogue.get("intercom").name == "Intercom"
    assert catalogue.get("intercom") is catalogue.get("intercom")
    assert read == ["intercom.toml"]


def test_all_is_sorted_by_name_with_nobodys_providers_last() -> None:
    ids = [service.id for service in Catalogue().all()]
    assert ids[-4:] == ["custom-oauth2", "practice", "practice-standard", "practice-https"]
    assert len(ids) >= 245
    names = [service.name.casefold() for service in Catalogue().all()[:-4]]
    assert names == sorted(names)
    assert {"intercom", "github", "zendesk"} <= set(ids)


def test_a_new_file_is_picked_up_by_being_there(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    shutil.copytree(BUILT_IN, folder)
    put(folder, "acme.toml", ACME)
    catalogue = Catalogue(builtin=folder)
    assert catalogue.get("acme").name == "Acme"
    assert "acme" in [service.id for service in catalogue.all()]
    assert catalogue.search("acm")[0].id == "acme"


@pytest.mark.parametrize(
    ("asked", "suggested"),
    [("intercm", "intercom"), ("Intercom", "intercom"), ("gh", "github"), ("qbo", "quickbooks")],
)
def test_a_misspelt_id_is_answered_with_the_nearest(asked: str, suggested: str) -> None:
    with pytest.raises(NotFound) as caught:
        Catalogue().get(asked)
    assert suggested in caught.value.advice
    assert caught.value.exit_code == 3


@pytest.mark.parametrize(
    "asked", ["", "../../etc/passwd", "a/b", ".", "intercom.toml", "\x1b[2J", "a" * 999]
)
def test_an_id_is_never_a_path(asked: str) -> None:
    with pytest.raises(NotFound) as caught:
        Catalogue().get(asked)
    assert str(caught.value).isprintable()


def test_no_folder_for_own_services_is_no_problem(tmp_path: Path) -> None:
    catalogue = Catalogue(tmp_path / "missing")
    assert catalogue.problems == []
    assert catalogue.replaced == frozenset()
    assert len(catalogue.all()) == len(list(BUILT_IN.glob("*.toml")))


def test_an_own_service_stands_beside_the_others(own: Path) -> None:
    put(own, "whatever.toml", ACME)
    catalogue = Catalogue(own)
    assert catalogue.get("acme").own
    assert catalogue.replaced == frozenset()
    assert catalogue.all()[0].id == "acme"


def test_an_own_service_replaces_the_built_in_one_and_says_so(own: Path) -> None:
    put(own, "mine.toml", OWN_GITHUB)
    catalogue = Catalogue(own)
    assert catalogue.get("github").token_url == "https://acme.example/token"
    assert catalogue.get("github").own
    assert catalogue.replaced == {"github"}
    assert [service.name for service in catalogue.all() if service.id == "github"] == [
        "GitHub of ours"
    ]


def test_own_files_are_read_again_when_they_change(own: Path) -> None:
    catalogue = Catalogue(own)
    with pytest.raises(NotFound):
        catalogue.get("acme")
    path = put(own, "acme.toml", ACME)
    assert catalogue.get("acme").name == "Acme"
    put(own, "acme.toml", ACME.replace('"Acme"', '"Acme Corporation"'))
    assert catalogue.get("acme").name == "Acme Corporation"
    path.unlink()
    assert "acme" not in [service.id for service in catalogue.all()]


BAD = {
    "syntax.toml": "id = ",
    "binary.toml": "\x00\x01",
    "unknown.toml": ACME + 'magic = "yes"\n',
    "huge.toml": "# " + "x" * 300_000,
    "empty.toml": "",
}


def test_a_broken_own_file_does_not_break_the_others(own: Path) -> None:
    for name, text in BAD.items():
        put(own, name, text)
    (own / "latin.toml").write_bytes(b'name = "\xff"')
    (own / "folder.toml").mkdir()
    (own / "dangling.toml").symlink_to(own / "nowhere")
    os.mkfifo(own / "pipe.toml")
    put(own, "good.toml", ACME.replace('"acme"', '"good"'))
    catalogue = Catalogue(own)
    assert catalogue.get("good").name == "Acme"
    assert catalogue.get("intercom").name == "Intercom"
    assert len(catalogue.all()) == len(list(BUILT_IN.glob("*.toml"))) + 1
    named = {path.name for path, _ in catalogue.problems}
    assert named == {*BAD, "latin.toml", "folder.toml", "dangling.toml", "pipe.toml"}
    assert all(message for _, message in catalogue.problems)


@pytest.mark.parametrize("name", ["github.toml", "other.toml"])
def test_the_built_in_service_never_steps_in_for_a_broken_own_one(own: Path, name: str) -> None:
    put(own, name, OWN_GITHUB + 'magic = "yes"\n')
    catalogue = Catalogue(own)
    with pytest.raises(InvalidService, match="magic"):
        catalogue.get("github")
    assert "github" not in [service.id for service in catalogue.all()]


def test_two_own_files_with_one_id_are_both_out(own: Path) -> None:
    put(own, "a.toml", ACME)
    put(own, "b.toml", ACME)
    catalogue = Catalogue(own)
    with pytest.raises(InvalidService, match="another file declares acme"):
        catalogue.get("acme")


def test_an_own_file_that_everybody_may_change_is_not_used(own: Path) -> None:
    put(own, "acme.toml", ACME).chmod(0o666)
    catalogue = Catalogue(own)
    with pytest.raises(UnsafePath, match="changed by everybody"):
        catalogue.get("acme")
    assert catalogue.problems[0][0].name == "acme.toml"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_an_own_file_of_another_user_is_not_used(own: Path) -> None:
    os.chown(put(own, "acme.toml", ACME), 12345, 12345)
    with pytest.raises(UnsafePath, match="belongs to another user"):
        Catalogue(own).get("acme")


def test_add_copies_the_file_for_its_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "config" / "services"
    source = put(tmp_path, "from-a-friend.toml", ACME)
    before = os.umask(0)
    try:
        service = Catalogue(folder).add(source)
    finally:
        os.umask(before)
    target = folder / "acme.toml"
    assert service.own
    assert target.read_text(encoding="utf-8") == ACME
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [path.name for path in folder.iterdir()] == ["acme.toml"]
    assert Catalogue(folder).get("acme").name == "Acme"


def test_add_of_the_same_file_again_changes_nothing(tmp_path: Path, own: Path) -> None:
    catalogue = Catalogue(own)
    source = put(tmp_path, "acme.toml", ACME)
    assert catalogue.add(source) == catalogue.add(source)
    assert catalogue.add(own / "acme.toml").id == "acme"


def test_add_does_not_overwrite_another_own_service(tmp_path: Path, own: Path) -> None:
    catalogue = Catalogue(own)
    catalogue.add(put(tmp_path, "acme.toml", ACME))
    other = put(tmp_path, "other.toml", ACME.replace('"Acme"', '"Other"'))
    with pytest.raises(AlreadyExists, match="own service acme already"):
        catalogue.add(other)
    assert catalogue.get("acme").name == "Acme"
    assert catalogue.add(other, replace=True).name == "Other"


def test_add_over_a_built_in_service_says_so(tmp_path: Path, own: Path) -> None:
    catalogue = Catalogue(own)
    assert catalogue.get("github").name == "GitHub"
    assert catalogue.add(put(tmp_path, "x.toml", OWN_GITHUB)).id in catalogue.replaced
    assert catalogue.get("github").name == "GitHub of ours"


def test_add_refuses_what_is_no_safe_file(tmp_path: Path, own: Path) -> None:
    catalogue = Catalogue(own)
    os.mkfifo(tmp_path / "pipe.toml")
    (tmp_path / "folder").mkdir()
    open_to_all = put(tmp_path, "open.toml", ACME)
    open_to_all.chmod(0o666)
    for path in (tmp_path / "pipe.toml", tmp_path / "folder", open_to_all):
        with pytest.raises(UnsafePath):
            catalogue.add(path)
    with pytest.raises(StorageFailed, match="cannot be read"):
        catalogue.add(tmp_path / "missing.toml")
    with pytest.raises(InvalidService, match="magic"):
        catalogue.add(put(tmp_path, "bad.toml", ACME + 'magic = "yes"\n'))
    assert list(own.iterdir()) == []


def test_add_refuses_a_folder_that_others_may_change(tmp_path: Path, own: Path) -> None:
    own.chmod(0o777)
    with pytest.raises(UnsafePath, match="chmod"):
        Catalogue(own).add(put(tmp_path, "acme.toml", ACME))


def test_add_without_a_place_for_own_services_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="no folder for own services"):
        Catalogue().add(put(tmp_path, "acme.toml", ACME))


def test_add_into_a_place_that_is_no_folder_reports_it(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageFailed, match="could not be written"):
        Catalogue(tmp_path / "file" / "services").add(put(tmp_path, "acme.toml", ACME))


def test_the_index_says_what_the_files_say() -> None:
    """Made anew by: python -m tui_oauth.services.listing"""
    services = [Catalogue().get(path.stem) for path in BUILT_IN.glob("*.toml")]
    assert INDEX.read_text(encoding="utf-8") == index_text(services)


def test_a_line_of_the_index_is_the_line_of_its_service() -> None:
    known = indexed()
    for path in BUILT_IN.glob("*.toml"):
        assert known[path.stem] == listing_of(Catalogue().get(path.stem))


def test_without_an_index_every_file_is_read(tmp_path: Path) -> None:
    assert indexed(tmp_path / "none.json") == {}


def test_the_dropdown_reads_no_service_file(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> Never:
        raise AssertionError("a service file was read")

    monkeypatch.setattr("tui_oauth.services.catalogue.parse_service", refuse)
    assert len(Catalogue().all()) > 245
    assert Catalogue().search("zoho")


READING = """
import resource
import tui_oauth.tui.app, tui_oauth.tui.screens.create  # what the window has loaded by then

def spent():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return (used.ru_utime + used.ru_stime) * 1000

before = spent()
from tui_oauth.services.catalogue import Catalogue
assert len(Catalogue().all()) > 245
assert Catalogue().search("a")
print(spent() - before)
"""


def test_the_dropdown_is_filled_within_60_ms_of_process_time() -> None:
    """Measured in a fresh process, with the modules that nobody else has loaded; about 15 ms."""
    argv = [sys.executable, "-c", READING]
    assert min(float(subprocess.check_output(argv)) for _ in range(3)) < 60
