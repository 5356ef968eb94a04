"""Results of finished runs, the paper-versus-measured tables, and the documents made of them."""

from keras_music_vae.reproduction.results import Result, ResultsError, append, finished_run, read
from keras_music_vae.reproduction.tables import as_markdown, as_text, card_rows, cells

__all__ = [
    "Result",
    "ResultsError",
    "append",
    "as_markdown",
    "as_text",
    "card_rows",
    "cells",
    "finished_run",
    "read",
]
