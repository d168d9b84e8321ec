"""Handing over: a staged segment becomes part of the log."""

from guanxi.engines.log import Committed, Manifest, SqliteLog


def hand_over(log: SqliteLog, manifest: Manifest) -> Committed:
    """Commit a staged segment, or only its import's progress when it holds nothing new."""
    if manifest.rows:
        return log.commit(manifest)
    log.progress(manifest)
    return Committed(last_seq=log.last_seq)
