"""What the environment says about where the person sits, and what follows from it."""

import os
import stat
from pathlib import Path

import pytest

from tui_oauth.browser import can_open, open_link, opener
from tui_oauth.errors import StorageFailed, UsageProblem
from tui_oauth.qr import qr_code
from tui_oauth.signin import SignIns
from tui_oauth.terminal import (
    in_container,
    is_behind_nat,
    ssh_escape_forward,
    ssh_forward,
    surroundings,
)
from tui_oauth.ways import Way, ways_of

LINK = "https://app.intercom.com/oauth?client_id=a&state=b"


def program(folder: Path, name: str, body: str) -> Path:
    path = folder / name
    path.write_text("#!/bin/sh\n" + body)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def environment(folder: Path, **more: str) -> dict[str, str]:
    return {"PATH": f"{folder}:{os.environ['PATH']}", **more}


def test_surroundings():
    ssh = surroundings({"SSH_CONNECTION": "1 2 3 4", "DISPLAY": ":0", "TERM": "xterm"}, "linux")
    assert ssh.over_ssh
    assert not ssh.graphical
    assert not ssh.dumb
    desk = surroundings({"WAYLAND_DISPLAY": "w", "TMUX": "x"}, "linux")
    assert desk.graphical
    assert desk.in_tmux
    assert desk.dumb
    assert surroundings({}, "darwin").graphical
    assert not surroundings({}, "linux").graphical


def test_the_forward_line_names_the_server_as_the_laptop_knows_it():
    line = ssh_forward(8976, {"SSH_CONNECTION": "10.0.0.9 5000 10.0.0.5 22"}, user="ann", host="h")
    assert line == "ssh -N -L 8976:127.0.0.1:8976 ann@10.0.0.5"
    line = ssh_forward(1, {"SSH_CONNECTION": "::1 5000 fe80::2 2222"}, user="ann", host="h")
    assert line == "ssh -N -L 1:127.0.0.1:1 -p 2222 ann@fe80::2"
    assert ssh_forward(2, {}, user="", host="server") == "ssh -N -L 2:127.0.0.1:2 server"
    hostile = ssh_forward(2, {"SSH_CONNECTION": "a b $(reboot) 22"}, user="", host="")
    assert "'$(reboot)'" in hostile


def test_the_same_forward_for_the_session_that_is_open():
    assert ssh_escape_forward(8976) == "-L 8976:127.0.0.1:8976"


@pytest.mark.parametrize(
    ("connection", "translated"),
    [
        ("8.8.8.8 5000 10.0.0.5 22", True),
        ("10.0.0.9 5000 10.0.0.5 22", False),
        ("8.8.8.8 5000 1.1.1.1 22", False),
        ("2001:4860::1 5000 fe80::2%eth0 22", True),
        ("nonsense", False),
        ("", False),
    ],
)
def test_an_address_that_the_laptop_cannot_have_used_is_known(connection, translated):
    assert is_behind_nat({"SSH_CONNECTION": connection}) is translated


CGROUP, SYSTEMD = "/proc/1/cgroup", "/run/systemd/container"


@pytest.mark.parametrize(
    ("environ", "files", "container"),
    [
        ({}, {}, False),
        ({}, {"/.dockerenv": ""}, True),
        ({}, {"/run/.containerenv": 'engine="podman-4.3.1"\n'}, True),
        ({}, {SYSTEMD: "systemd-nspawn\n"}, True),
        ({}, {SYSTEMD: "wsl\n"}, False),
        ({"container": "lxc"}, {}, True),
        ({"container": "flatpak"}, {}, False),
        ({"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, {}, True),
        ({}, {CGROUP: "0::/init.scope\n"}, False),
        ({}, {CGROUP: "0::/\n"}, False),
        ({}, {CGROUP: "1:name=systemd:/docker/1f2e\n"}, True),
        ({}, {CGROUP: "0::/system.slice/docker-1f2e.scope\n"}, True),
        ({}, {CGROUP: "11:pids:/kubepods.slice/kubepods-pod1.slice/cri-containerd-1f\n"}, True),
        ({}, {CGROUP: "4:memory:/lxc.payload.web/init.scope\n"}, True),
        ({}, {CGROUP: "0::/user.slice/my-docker-notes.scope\n"}, False),
        ({}, {"/run/.containerenv": "", "/run/.toolboxenv": ""}, False),
        ({"DISTROBOX_ENTER_PATH": "/usr/bin/distrobox-enter"}, {"/.dockerenv": ""}, False),
    ],
    ids=str,
)
def test_a_container_is_known_by_what_its_runtime_leaves(environ, files, container):
    assert in_container(environ, files) is container


def test_in_a_container_a_browser_does_not_bring_the_answer_back(stage, tmp_path):
    program(tmp_path, "xdg-open", "exit 0\n")
    workspace = stage.workspace
    workspace.environ = environment(tmp_path, DISPLAY=":0")
    signin = SignIns(workspace).begin(stage.configured())
    workspace.machine_files = dict
    assert ways_of(signin, "")[0] is Way.CALLBACK
    del workspace.in_container
    workspace.machine_files = lambda: {"/.dockerenv": ""}
    assert ways_of(signin, "") == (Way.PASTE, Way.DEVICE, Way.CALLBACK)
    assert ways_of(signin, "callback")[0] is Way.CALLBACK


def test_rule_51_trap_3_no_browser_is_opened_on_a_server_and_never_a_text_browser(tmp_path):
    for name in ("lynx", "w3m", "www-browser", "xdg-open"):
        program(tmp_path, name, "exit 0\n")
    assert not can_open(environment(tmp_path), "linux")
    assert not can_open(environment(tmp_path, DISPLAY=":0", SSH_CONNECTION="a b c d"), "linux")
    found = opener(environment(tmp_path, DISPLAY=":0", BROWSER="lynx:w3m"), "linux")
    assert found == [str(tmp_path / "xdg-open")]
    program(tmp_path, "sensible-browser", "exit 0\n")
    (tmp_path / "x-www-browser").symlink_to(tmp_path / "lynx")
    for named in ("sensible-browser", str(tmp_path / "x-www-browser"), "w3m %s"):
        found = opener(environment(tmp_path, DISPLAY=":0", BROWSER=named), "linux")
        assert found == [str(tmp_path / "xdg-open")]


@pytest.mark.parametrize("named", ["lynx:w3m", "", "lynx:firefox"])
def test_trap_3_xdg_open_is_not_left_a_text_browser_to_fall_back_on(tmp_path, named):
    for name in ("lynx", "w3m", "firefox"):
        program(tmp_path, name, "exit 0\n")
    seen = tmp_path / "seen"
    program(tmp_path, "xdg-open", f'echo "$BROWSER" > {seen}\n')
    program(tmp_path, "firefox", f'echo "$BROWSER" > {seen}\n')
    open_link(LINK, environment(tmp_path, DISPLAY=":0", BROWSER=named), "linux")
    left = seen.read_text().strip().split(":")
    assert "firefox" in left
    assert not {"lynx", "w3m"} & set(left)


def test_rule_49_the_browser_gets_exactly_one_argument_and_no_shell(tmp_path):
    seen = tmp_path / "seen"
    program(tmp_path, "firefox", f'printf "%s\\n" "$#" "$@" > {seen}\n')
    link = LINK + "&x=$(touch%20gone)&y=`id`".replace("`", "%60")
    open_link(link, environment(tmp_path, DISPLAY=":0", BROWSER="firefox"), "linux")
    assert seen.read_text().splitlines() == ["1", link]


def test_rule_51_browser_is_split_like_a_shell_and_run_without_one(tmp_path):
    seen = tmp_path / "seen"
    program(tmp_path, "my browser", f'printf "%s\\n" "$@" > {seen}\n')
    browser = f"'{tmp_path}/my browser' --new $(touch\\ {tmp_path}/gone) `id` %s --last"
    open_link(LINK, environment(tmp_path, DISPLAY=":0", BROWSER=browser), "linux")
    words = ["--new", f"$(touch {tmp_path}/gone)", "`id`", LINK, "--last"]
    assert seen.read_text().splitlines() == words
    assert not (tmp_path / "gone").exists()
    for broken in ("'unclosed", ":", " : ", str(tmp_path / "missing")):
        program(tmp_path, "xdg-open", "exit 0\n")
        found = opener(environment(tmp_path, DISPLAY=":0", BROWSER=broken), "linux")
        assert found == [str(tmp_path / "xdg-open")]


def test_rule_50_a_launcher_that_fails_is_reported_and_one_that_runs_on_is_left(tmp_path, capfd):
    program(tmp_path, "failing", "echo noise; echo noise >&2; read -r line && echo typed; exit 3\n")
    with pytest.raises(StorageFailed, match="status 3"):
        open_link(LINK, environment(tmp_path, DISPLAY=":0", BROWSER="failing"), "linux")
    assert capfd.readouterr() == ("", "")
    program(tmp_path, "staying", "exec sleep 2\n")
    open_link(LINK, environment(tmp_path, DISPLAY=":0", BROWSER="staying"), "linux")
    with pytest.raises(StorageFailed, match="no browser"):
        open_link(LINK, {"PATH": str(tmp_path)}, "linux")


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)",
        "file:///etc/passwd",
        "--version",
        "https://a b/",
        "https://u@evil/",
        "%action",
    ],
)
def test_rule_48_what_must_not_be_opened_is_not(tmp_path, link):
    program(tmp_path, "firefox", f"touch {tmp_path}/opened\n")
    with pytest.raises(UsageProblem):
        open_link(link, environment(tmp_path, DISPLAY=":0", BROWSER="firefox"), "linux")
    assert not (tmp_path / "opened").exists()


def test_a_qr_code_has_the_size_that_the_screen_is_told():
    code = qr_code("x" * 300)
    assert (code.width, code.height) == (65, 33)
    assert all(len(row) == code.width for row in code.rows)
    assert set("".join(code.rows)) <= set(" ▀▄█")
    assert not code.rows[0].strip()
    with pytest.raises(ValueError):
        qr_code("x" * 5000)


def test_in_wsl_the_link_opens_in_windows_or_nowhere(tmp_path):
    """Where wslu is not installed there is nothing to open it with, and no text browser is started."""
    wsl = {"PATH": str(tmp_path), "WSL_DISTRO_NAME": "Debian", "TERM": "xterm"}
    program(tmp_path, "w3m", "exit 0\n")
    assert not can_open(wsl, "linux")
    asked = tmp_path / "asked"
    viewer = program(tmp_path, "wslview", f'echo "$1" > {asked}\n')
    assert opener(wsl, "linux") == [str(viewer)]
    open_link(LINK, wsl, "linux")
    assert asked.read_text() == f"{LINK}\n"


def test_a_container_offers_no_browser():
    assert not can_open({"PATH": os.environ["PATH"], "TERM": "xterm", "container": "oci"}, "linux")
