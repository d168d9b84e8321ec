"""Sources: files of many platforms become events, by mappings that are data."""

from guanxi.engines.sources.mapping import Mapped, TotalGap
from guanxi.engines.sources.mend import is_damaged, map_rows, mended, with_fixes
from guanxi.engines.sources.preset import Preset, preset, presets, read_preset
from guanxi.engines.sources.raw import cells_of, personal_columns, raw_rows
from guanxi.engines.sources.readers import Opened, expand, printable
from guanxi.engines.sources.recognise import Found, format_of, recognise
from guanxi.engines.sources.source import Chunk, open_source
from guanxi.engines.sources.suggest import WORDS, Guess, guesses, suggest

__all__ = [
    "WORDS",
    "Chunk",
    "Found",
    "Guess",
    "Mapped",
    "Opened",
    "Preset",
    "TotalGap",
    "cells_of",
    "expand",
    "format_of",
    "guesses",
    "is_damaged",
    "map_rows",
    "mended",
    "open_source",
    "personal_columns",
    "preset",
    "presets",
    "printable",
    "raw_rows",
    "read_preset",
    "recognise",
    "suggest",
    "with_fixes",
]
