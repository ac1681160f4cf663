"""QR codes in half blocks: two modules to a character cell."""

from __future__ import annotations

from dataclasses import dataclass

BORDER = 2
_CELLS = {(0, 0): " ", (1, 0): "▀", (0, 1): "▄", (1, 1): "█"}


@dataclass(frozen=True, slots=True)
class QrCode:
    """A QR code as rows of text: ink is the dark module.

    It has to be painted black on white whatever the theme is: scanners do not read a light code on
    a dark ground.
    """

    rows: tuple[str, ...]

    @property
    def width(self) -> int:
        """Columns needed."""
        return len(self.rows[0])

    @property
    def height(self) -> int:
        """Rows needed."""
        return len(self.rows)


def qr_code(text: str, border: int = BORDER) -> QrCode:
    """`text` as a QR code at error level L, the smallest. Raises ValueError when it cannot hold it.

    `border` are the light modules around it; scanners were seen to make do with one.
    """
    import segno  # 40 ms that only a person who asks for the code pays

    code = segno.make(text, error="l", micro=False, boost_error=False)
    matrix = [[int(bool(cell)) for cell in row] for row in code.matrix_iter(border=border)]
    if len(matrix) % 2:
        matrix.append([0] * len(matrix[0]))
    rows = tuple(
        "".join(_CELLS[pair] for pair in zip(upper, lower, strict=True))
        for upper, lower in zip(matrix[::2], matrix[1::2], strict=True)
    )
    return QrCode(rows)
