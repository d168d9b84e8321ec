"""Erasure of one person from the log, the lake and the vault."""

from guanxi.engines.erasure.erase import COMPLETED, REQUESTED, Erased, erase_all, reapply
from guanxi.engines.erasure.keep_out import keep_out, keep_out_events
from guanxi.engines.erasure.retention import RETENTION, Retention, kept_until_ms

__all__ = [
    "COMPLETED",
    "REQUESTED",
    "RETENTION",
    "Erased",
    "Retention",
    "erase_all",
    "keep_out",
    "keep_out_events",
    "kept_until_ms",
    "reapply",
]
