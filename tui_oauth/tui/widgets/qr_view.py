"""A QR code that a phone can read from the screen."""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style
from textual.content import Content
from textual.geometry import Size
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Static

from tui_oauth.qr import QrCode, qr_code

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
        self._code: QrCode | None = None

    def show(self, text: str) -> None:
        """Make the code of `text`. It is painted when the widget is visible."""
        try:
            self._code = qr_code(text)
        except ValueError:  # segno's DataOverflowError: more than about 2,950 characters
            self._code = None
        self.call_after_refresh(self._fit)

    def on_resize(self) -> None:
        self._fit()

    def _fit(self) -> None:
        if not self.display or not self.size:
            return
        self.remove_children()
        if getattr(self.app, "ascii_only", False):
            words = "A QR code is drawn in blocks, and this terminal is drawn in ASCII. Copy the link instead."
            self.mount(Static(Content(words)))
            return
        if self._code is None:
            self.mount(Static(Content("The link is too long for a QR code. Copy it instead.")))
            return
        width, height = self._code.width, self._code.height
        if width <= self.size.width and height <= self.size.height:
            self.mount(QrPicture(self._code))
            return
        around = self.app.size - self.size
        need = f"{width + around.width}x{height + around.height}"
        have = f"{self.app.size.width}x{self.app.size.height}"
        self.mount(
            Static(
                Content(
                    f"The QR code of this link needs a terminal of {need}; this one has {have}.\n"
                    "Make the window larger or its letters smaller, or copy the link."
                )
            )
        )
