"""A QR code on standard error."""

from __future__ import annotations

import sys

from tui_oauth.cli import output
from tui_oauth.cli.context import is_terminal


def show_qr(link: str, *, pictures: bool = True) -> None:
    """`link` as a QR code, painted where a terminal is; without `pictures` the reason for none."""
    if not pictures:
        output.note("A QR code is drawn in blocks, which this terminal does not show.")
        return
    from tui_oauth.qr import qr_code

    try:
        code = qr_code(link)
    except ValueError:
        output.note("The link is too long for a QR code.")
        return
    if is_terminal(sys.stderr):
        _painted(code.rows)
        return
    for row in code.rows:
        output.note(row)


def _painted(rows: tuple[str, ...]) -> None:
    """Black on white whatever the colours of the terminal are, or scanners do not read it."""
    for row in rows:
        sys.stderr.write(f"\x1b[38;5;16;48;5;231m{row}\x1b[0m\n")
    sys.stderr.flush()
