"""A piece of music to write."""

from collections.abc import Callable
from typing import Any, NamedTuple


class Piece(NamedTuple):
    """What a command writes and says of one piece.

    Attributes:
        score: `midi.Score`.
        length: str, for people: "64 steps".
        quarters: float, its length in quarter notes.
        draw: function that gives a matplotlib Figure.
    """

    score: Any
    length: str
    quarters: float
    draw: Callable[[], Any]
