"""A short code in letters that are read from across the table: three rows of half blocks.

Five by five dots each. Letters beyond A to Z, digits, dash and blank are not drawn: whoever shows
a code shows it as plain text beside them, to be selected and to be read aloud.
"""

from __future__ import annotations

WIDTH = 5
HEIGHT = 3
_CELLS = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}

# One letter a line: its five rows of dots.
_DOTS = """
A .###. #...# ##### #...# #...#
B ####. #...# ####. #...# ####.
C .#### #.... #.... #.... .####
D ####. #...# #...# #...# ####.
E ##### #.... ####. #.... #####
F ##### #.... ####. #.... #....
G .#### #.... #..## #...# .####
H #...# #...# ##### #...# #...#
I ##### ..#.. ..#.. ..#.. #####
J ..### ....# ....# #...# .###.
K #...# #..#. ###.. #..#. #...#
L #.... #.... #.... #.... #####
M #...# ##.## #.#.# #...# #...#
N #...# ##..# #.#.# #..## #...#
O .###. #...# #...# #...# .###.
P ####. #...# ####. #.... #....
Q .###. #...# #.#.# #..#. .##.#
R ####. #...# ####. #..#. #...#
S .#### #.... .###. ....# ####.
T ##### ..#.. ..#.. ..#.. ..#..
U #...# #...# #...# #...# .###.
V #...# #...# #...# .#.#. ..#..
W #...# #...# #.#.# ##.## #...#
X #...# .#.#. ..#.. .#.#. #...#
Y #...# .#.#. ..#.. ..#.. ..#..
Z ##### ...#. ..#.. .#... #####
0 .###. #..## #.#.# ##..# .###.
1 ..#.. .##.. ..#.. ..#.. .###.
2 ####. ....# .###. #.... #####
3 ####. ....# .###. ....# ####.
4 #..#. #..#. ##### ...#. ...#.
5 ##### #.... ####. ....# ####.
6 .###. #.... ####. #...# .###.
7 ##### ....# ...#. ..#.. ..#..
8 .###. #...# .###. #...# .###.
9 .###. #...# .#### ....# .###.
- ..... ..... .###. ..... .....
"""

_LETTERS = {
    letter: tuple(rows) for letter, *rows in (line.split() for line in _DOTS.strip().splitlines())
}
_LETTERS[" "] = ("...",) * 5


def large(text: str) -> tuple[str, ...]:
    """`text` as HEIGHT rows of equal width; empty when it has a letter that cannot be drawn."""
    if not text or any(letter not in _LETTERS for letter in text):
        return ()
    dots = [" ".join(_LETTERS[letter][row] for letter in text) for row in range(5)]
    dots.append("." * len(dots[0]))
    return tuple(
        "".join(
            _CELLS[(upper == "#", lower == "#")]
            for upper, lower in zip(dots[row], dots[row + 1], strict=True)
        )
        for row in (0, 2, 4)
    )
