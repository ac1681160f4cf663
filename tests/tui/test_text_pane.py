"""A text drawn by lines: its bar, its scrolling, and marking it with the mouse."""

from __future__ import annotations

import subprocess
import sys

from rich.segment import Segment
from textual.app import App, ComposeResult
from textual.content import Content
from textual.pilot import Pilot
from textual.strip import Strip

from tui_oauth.tui.widgets.drawn_lines import DrawnLines
from tui_oauth.tui.widgets.text_pane import TextPane


class Lines(TextPane):
    """So many numbered lines, and how often each was drawn."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.wanted = count
        self.mark = ""
        self.drawn: list[int] = []

    def content_for(self, width: int) -> Content:
        words = [f"line {number} of {width}" for number in range(self.wanted)]
        return Content("\n".join([*words[:-1], words[-1] + self.mark]))

    def draw(self, place: int, width: int) -> Strip:
        self.drawn.append(place)
        return super().draw(place, width)


class Words(DrawnLines):
    """A line for each word."""

    def __init__(self, words: list[str]) -> None:
        super().__init__()
        self.words = words

    @property
    def count(self) -> int:
        return len(self.words)

    def look(self, place: int) -> str:
        return self.words[place]

    def draw(self, place: int, width: int) -> Strip:
        return Strip([Segment(self.words[place])]).adjust_cell_length(width)


class Host(App[None]):
    CSS = """
    Lines, Words { height: 10; overflow-x: hidden; overflow-y: scroll; scrollbar-size-vertical: 0; }
    Lines > .drawn-lines--bar { color: red; text-style: reverse; }
    """

    def __init__(self, count: int) -> None:
        super().__init__()
        self.pane = Lines(count)

    def compose(self) -> ComposeResult:
        yield self.pane


def rows(pilot: Pilot[None]) -> list[str]:
    return [strip.text for strip in pilot.app.screen._compositor.render_strips()][:10]


async def test_only_a_text_that_is_longer_than_the_pane_gets_a_bar() -> None:
    async with Host(10).run_test(size=(40, 12)) as pilot:
        assert [row.rstrip() for row in rows(pilot)] == [f"line {n} of 40" for n in range(10)]
    async with Host(11).run_test(size=(40, 12)) as pilot:
        assert rows(pilot)[0].rstrip() == "line 0 of 38", "room for the bar and a gap"
        strips = pilot.app.screen._compositor.render_strips()
        last = [list(strip)[-1] for strip in strips[:10]]
        thumb = [bool(cell.style and cell.style.reverse) for cell in last]
        assert thumb == [True] * 9 + [False], "reversed: seen without colour"


async def test_the_bar_is_dragged_and_the_wheel_turns() -> None:
    host = Host(30)
    async with host.run_test(size=(40, 12)) as pilot:
        await pilot.mouse_down(Lines, offset=(39, 9))
        await pilot.pause()
        assert rows(pilot)[9].startswith("line 29")
        await pilot.hover(Lines, offset=(39, 0))
        await pilot.mouse_up(Lines, offset=(39, 0))
        await pilot.pause()
        assert rows(pilot)[0].startswith("line 0 ")
        host.pane.scroll_down(animate=False)
        await pilot.pause()
        assert rows(pilot)[0].startswith("line 1 ")


async def test_of_a_text_that_changes_only_the_other_lines_are_drawn() -> None:
    host = Host(8)
    async with host.run_test(size=(40, 12)) as pilot:
        await pilot.pause(0.1)
        host.pane.drawn.clear()
        host.pane.mark = " now"
        host.pane.write()
        await pilot.pause()
        assert rows(pilot)[7].rstrip() == "line 7 of 40 now"
        assert set(host.pane.drawn) == {7}


async def test_a_line_comes_back_to_where_it_stood_before_the_scrolling() -> None:
    words = Words([f"word {number}" for number in range(30)])
    host = Host(8)
    async with host.run_test(size=(40, 24)) as pilot:
        await host.mount(words)
        await pilot.pause(0.1)
        words.redraw()
        words.scroll_to(y=5, animate=False, immediate=True)
        await pilot.pause(0.1)
        words.words[:0] = ["new"] * 5
        words.redraw()
        await pilot.pause(0.1)
        shown = [strip.text for strip in host.screen._compositor.render_strips()][10:20]
        assert [row.split()[:2] for row in shown] == [["word", str(n)] for n in range(10)]


async def test_what_the_mouse_marks_can_be_copied() -> None:
    host = Host(8)
    async with host.run_test(size=(40, 12)) as pilot:
        await pilot.mouse_down(Lines, offset=(0, 1))
        await pilot.hover(Lines, offset=(5, 2))
        await pilot.mouse_up(Lines, offset=(5, 2))
        await pilot.pause()
        assert host.screen.get_selected_text() == "line 1 of 40\nline 2"


GARBAGE = """
import gc, weakref
from tui_oauth.tui.garbage import Garbage

class Circle:
    def __init__(self): self.itself = self

gc.disable()
garbage = Garbage()
lost = weakref.ref(Circle())
garbage.tick()
assert lost() is not None, "not begun"
garbage.begin()
lost = []
for _ in range(40):
    circle = Circle()
    lost.append(weakref.ref(circle))
    gc.collect(1)
    del circle
assert all(ref() is not None for ref in lost), "only a look at everything finds the old ones"
garbage.pressed()
garbage.tick()
assert all(ref() is not None for ref in lost), "not while keys are pressed"
garbage.tick()
assert not any(ref() is not None for ref in lost)
"""


def test_garbage_is_looked_for_while_no_key_is_pressed() -> None:
    subprocess.run([sys.executable, "-c", GARBAGE], check=True)
