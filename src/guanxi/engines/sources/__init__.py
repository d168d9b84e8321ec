"""Sources: files of many platforms become events, by mappings that are data."""

from guanxi.engines.sources.mapping import Mapped, TotalGap
from guanxi.engines.sources.preset import Preset, preset, presets, read_preset
from guanxi.engines.sources.readers import Opened, expand
from guanxi.engines.sources.recognise import Found, recognise
from guanxi.engines.sources.source import Chunk, map_rows, open_source
from guanxi.engines.sources.suggest import suggest

__all__ = [
    "Chunk",
    "Found",
    "Mapped",
    "Opened",
    "Preset",
    "TotalGap",
    "expand",
    "map_rows",
    "open_source",
    "preset",
    "presets",
    "read_preset",
    "recognise",
    "suggest",
]
