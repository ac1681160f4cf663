"""A QR code that a phone can read from the screen."""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style
from textual.content import Content
from textual.geometry import Size
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Static

from tui_oauth.qr import BORDER, QrCode, qr_code

# Not of the theme on purpose: scanners read dark on light only, whatever the screen looks like.
_INK = Style(color="#000000", bgcolor="#ffffff")


class QrPicture(Widget):
    """The code itself, black on white."""

    def __init__(self, code: QrCode) -> None:
        super().__init__()
        self.code = code
        self.styles.width = code.width
        self.styles.height = code.height

    def get_content_width(self, container: Size, viewport: Size) -> int:
        return self.code.width

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return self.code.height

    def render_line(self, y: int) -> Strip:
        if y >= self.code.height:
            return Strip.blank(self.code.width)
        return Strip([Segment(self.code.rows[y], _INK)], self.code.width)


class QrView(Widget):
    """`text` as a QR code where the widget is large enough for it, else how large the terminal
    would have to be.
    """

    def __init__(self, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._codes: tuple[QrCode, ...] = ()
        self._instead = ""

    def show(self, text: str, instead: str = "Copy it instead.") -> None:
        """Make the code of `text`. It is painted when the widget is visible.

        `instead` is the sentence on what to do where it does not fit.
        """
        self._instead = instead
        try:
            self._codes = tuple(qr_code(text, border) for border in (BORDER, 1))
        except ValueError:  # segno's DataOverflowError: more than about 2,950 characters
            self._codes = ()
        self.call_after_refresh(self._fit)

    def on_resize(self) -> None:
        self._fit()

    def _fit(self) -> None:
        if not self.display or not self.size:
            return
        self.remove_children()
        if getattr(self.app, "ascii_only", False):
            self._explain("A QR code is drawn in blocks, and this terminal is drawn in ASCII.")
            return
        if not self._codes:
            self._explain("The link is too long for a QR code.")
            return
        for code in self._codes:
            if code.width <= self.size.width and code.height <= self.size.height:
                self.mount(QrPicture(code))
                return
        smallest, around = self._codes[-1], self.app.size - self.size
        need = f"{smallest.width + around.width}x{smallest.height + around.height}"
        have = f"{self.app.size.width}x{self.app.size.height}"
        self._explain(
            f"The QR code of this link needs a terminal of {need}; this one has {have}.\n"
            "Make the window larger or its letters smaller."
        )

    def _explain(self, why: str) -> None:
        self.mount(Static(Content(f"{why}\n{self._instead}")))
