"""Readers: bytes of many formats become chunks of raw cells."""

from guanxi.engines.sources.readers.archive import Opened, expand, printable
from guanxi.engines.sources.readers.base import PLACE, ROW, BadRow, RawChunk, Reader, with_context, without_context

__all__ = [
    "PLACE",
    "ROW",
    "BadRow",
    "Opened",
    "RawChunk",
    "Reader",
    "expand",
    "printable",
    "with_context",
    "without_context",
]
