"""Moves notes from the fine ticks of a file to a coarse grid of steps."""

import dataclasses

import numpy as np


def round_to_grid(score, steps_per_quarter):
    """Rounds the start and the end of every note to the nearest step.

    The grid is that of the ticks, so it follows the written beats through any change of tempo. A
    note sounds from round(start) until before round(end), halves up; one shorter than half a step
    may round to nothing and is left out. Boulanger-Lewandowski's rolls of Piano-midi.de follow
    this rule, as comparing them with the MIDI files shows (his rolls lack the first step).

    Args:
        score: `Score`.
        steps_per_quarter: int, 2 for eighths, 4 for sixteenths.

    Returns:
        `Score` with one tick per step. Tempo and metre changes move to the nearest step as well.

    Raises:
        ValueError: if there is less than one step per quarter.
    """

    def move(ticks):
        # In whole numbers, so that a half is exactly a half.
        return (2 * ticks * steps_per_quarter + score.ticks_per_quarter) // (
            2 * score.ticks_per_quarter
        )

    notes = score.notes.copy()
    notes["start"], notes["end"] = move(notes["start"]), move(notes["end"])
    notes = notes[notes["end"] > notes["start"]]
    order = np.lexsort((notes["track"], notes["pitch"], notes["start"]))
    tempos, metres = score.tempos.copy(), score.time_signatures.copy()
    tempos["start"], metres["start"] = move(tempos["start"]), move(metres["start"])
    return dataclasses.replace(
        score,
        notes=notes[order],
        ticks_per_quarter=steps_per_quarter,
        tempos=tempos,
        time_signatures=metres,
    )
