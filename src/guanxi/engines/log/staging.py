"""Staging: the events of one chunk of an import get their ids and lie on disk before the log takes them."""

import os
import shutil
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import polars as pl

from guanxi.core import Busy
from guanxi.engines.log.hot import STAGED, Committed, Manifest, StagedFile
from guanxi.engines.log.index import Known
from guanxi.engines.log.runs import Run, Seen, Words, flush_folder, sorting
from guanxi.events import SEPARATOR, Catalogue, EventBatch, conform, content_hash, hash_texts, id_text

POS: Final = "pos"  # 0-based place of a row within its segment


@dataclass(slots=True)
class Staged:
    """A chunk, compared and written; hand `manifest` to the log, or only its progress when `manifest.rows` is 0."""

    manifest: Manifest
    counts: list[Run] = field(default_factory=list)  # for Seen.add_run once the chunk is part of the log


@dataclass(slots=True)
class _Part:
    kind: str
    frame: pl.DataFrame
    ids: Words
    keys: Words | None  # natural keys, (n, 2); None when the preset has none
    keyed: np.ndarray  # which rows have one, or came with their id


def stage(
    folder: Path,
    batches: Sequence[EventBatch],
    *,
    preset: str,
    seen: Seen,
    known: Known,
    catalogue: Catalogue,
    **progress: object,
) -> Staged:
    """Give ids to the events of a chunk, leave out those that the log holds, and write the rest durably.

    batches   frames as sources emit them: no ids, natural key text in `nk`; or with an id in every row, which it keeps
    seen      occurrences in the chunks of this file that came before
    known     what the log holds
    progress  fields of Manifest: job, chunk, cursor, accepted, parked, done
    raises    Busy when the disk is full: nothing is left behind
    """
    counts: list[Run] = []
    parts = []
    for batch in _one_per_kind(batches):
        part, count = _identify(batch, preset, seen)
        parts.append(part)
        counts.append(count)
    parts = [_drop_known(part, known) for part in parts]
    for run in (*known.ids.runs, *known.keys.runs, *seen.runs):
        run.release()
    total = sum(part.frame.height for part in parts)
    given = sum(batch.frame.height for batch in batches)
    home = folder / STAGED / uuid.uuid4().hex
    names: list[StagedFile] = []
    try:
        if total:
            home.mkdir()
            _write(home, parts, names, known, catalogue)
        manifest = Manifest(
            folder=home.name if total else "", source=f"import:{preset}", files=tuple(names), rows=total,
            checked=known.run, hot_seq=known.hot_seq, duplicates=given - total,
            **progress,  # type: ignore[arg-type]  # fields of Manifest
        )  # fmt: skip
        if total:
            _write_bytes(home / "manifest.json", msgspec.json.encode(manifest))
            flush_folder(home)
            flush_folder(home.parent)
    except BaseException as error:
        shutil.rmtree(home, ignore_errors=True)
        if isinstance(error, OSError) or (isinstance(error, pl.exceptions.PolarsError) and "os error" in str(error)):
            raise Busy(
                f"the import cannot be staged: {error}", "Free disk space, then run it again; it goes on"
            ) from error
        raise
    return Staged(manifest, counts)


def discard(folder: Path, staged: Staged) -> None:
    """Remove the files of a staged chunk that the log did not take."""
    if staged.manifest.rows:
        shutil.rmtree(folder / STAGED / staged.manifest.folder, ignore_errors=True)


def settle(seen: Seen, staged: Staged, answer: Committed) -> None:
    """Remember the chunk's occurrences once the log has taken it."""
    if not answer.conflict:
        for run in staged.counts:
            seen.add_run(run)


def _one_per_kind(batches: Sequence[EventBatch]) -> list[EventBatch]:
    """Join the batches of one kind, so that equal events of a chunk meet whichever rule made them."""
    groups: dict[str, list[pl.DataFrame]] = {}
    for batch in batches:
        if batch.frame.height:
            groups.setdefault(batch.kind, []).append(batch.frame)
    return [
        EventBatch(kind, frames[0] if len(frames) == 1 else pl.concat(frames, how="diagonal_relaxed"))
        for kind, frames in groups.items()
    ]


def _identify(batch: EventBatch, preset: str, seen: Seen) -> tuple[_Part, Run]:
    frame = batch.frame
    keyed = np.zeros(frame.height, np.bool_)
    if {"id_hi", "id_lo"} <= set(frame.columns) and not frame["id_hi"].null_count() + frame["id_lo"].null_count():
        given = np.column_stack([frame["id_hi"].to_numpy(), frame["id_lo"].to_numpy()])
        return _Part(batch.kind, frame, given, None, ~keyed), Run(np.zeros((3, 0), np.uint64))
    keys: Words | None = None
    if "nk" in frame.columns and frame["nk"].null_count() < frame.height:
        keyed = frame["nk"].is_not_null().to_numpy()
        keys = hash_texts(frame["nk"].fill_null(""), preset, batch.kind)
        content = frame.with_columns(pl.col("nk").alias("natural_key"))
    else:
        content = frame
    base = content_hash(content, preset, batch.kind)
    # A natural key makes a row unique, so the same row twice is one fact; without a key each occurrence counts.
    occurrence, counts = seen.count(base[~keyed])
    nth = np.zeros(frame.height, np.int64)
    nth[~keyed] = occurrence
    ids = base.copy()
    again = np.flatnonzero(nth)
    if len(again):
        texts = [f"{id_text(*base[i].tolist())}{SEPARATOR}{nth[i]}" for i in again.tolist()]
        ids[again] = hash_texts(texts)
    return _Part(batch.kind, frame, ids, keys, keyed), counts


def _drop_known(part: _Part, known: Known) -> _Part:
    old = np.zeros(len(part.ids), np.bool_)
    old[~part.keyed] = known.others.contains(part.ids[~part.keyed])
    old[part.keyed] = known.ids.contains(part.ids[part.keyed])
    if len(known.hot):
        old |= Run.of(known.hot).find(part.ids) >= 0
    if part.keyed.any():  # only rows with a natural key, or with an id of their own, can have one twice in a chunk
        order = sorting(part.ids)
        ordered = part.ids[order]
        twice = np.zeros(len(order), np.bool_)
        twice[1:] = (ordered[1:] == ordered[:-1]).all(axis=1)
        old[order[twice]] = True
    if not old.any():
        return part
    keep = ~old
    return _Part(
        part.kind, part.frame.filter(pl.Series(keep)), part.ids[keep],
        None if part.keys is None else part.keys[keep], part.keyed[keep],
    )  # fmt: skip


def _write(home: Path, parts: list[_Part], names: list[StagedFile], known: Known, catalogue: Catalogue) -> None:
    places = _places(parts)
    keys, owners, olds = [], [], []
    for index, (part, place) in enumerate(zip(parts, places, strict=True)):
        frame = part.frame
        if not frame.height:
            continue
        if part.keys is not None:
            superseded, old = _supersede(part, part.keys, place, known)
            keys.append(part.keys[part.keyed])
            owners.append(part.ids[part.keyed])
            frame = frame.with_columns(pl.Series("ref_supersedes", superseded, pl.String()))
            olds.append(old)
        frame = frame.drop("nk", strict=False).with_columns(
            pl.Series("id_hi", part.ids[:, 0]), pl.Series("id_lo", part.ids[:, 1])
        )
        kind = catalogue.find(part.kind)
        if catalogue.own_table(part.kind) is None:
            frame = frame.with_columns(pl.lit(part.kind).alias("kind"))
        frame = conform(kind, frame).with_columns(pl.Series(POS, place))
        name = f"{index:03d}.parquet"
        frame.write_parquet(home / name, compression="lz4", statistics=False)
        _flush(home / name)
        names.append(StagedFile(part.kind, name, frame.height, frame["at_ms"].is_sorted()))
    Run.of(np.concatenate([part.ids for part in parts])).save(home / "ids.npy")
    if keys:
        _key_run(np.concatenate(keys), np.concatenate(owners)).save(home / "keys.npy")
    replaced = [old for old in olds if len(old)]
    if replaced:
        Run(np.ascontiguousarray(np.concatenate(replaced).T)).save(home / "supersedes.npy")  # in no order


def _places(parts: list[_Part]) -> list[np.ndarray]:
    """The 0-based order of every event in the segment: by source row, then as the preset lists its events."""
    rows = [part.frame["row"].fill_null(0).to_numpy() for part in parts]
    which = [np.full(len(row), index) for index, row in enumerate(rows)]
    order = np.lexsort((np.concatenate(which), np.concatenate(rows)))
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    return np.split(place, np.cumsum([len(row) for row in rows])[:-1])


def _supersede(part: _Part, natural: Words, place: np.ndarray, known: Known) -> tuple[list[str | None], np.ndarray]:
    """For every row the id it replaces, and (n, 3) words: replaced id, place of the newer event."""
    rows = np.flatnonzero(part.keyed)
    keys = natural[rows]
    order = np.lexsort((place[rows], keys[:, 1], keys[:, 0]))
    rows, keys = rows[order], keys[order]
    found, owner = known.keys.latest(keys, 2)
    same = np.zeros(len(rows), np.bool_)
    same[1:] = (keys[1:] == keys[:-1]).all(axis=1)  # an earlier row of this chunk has the same key
    owner[same] = part.ids[rows[np.flatnonzero(same) - 1]]
    replaces = found | same
    texts: list[str | None] = [None] * part.frame.height
    for row, (high, low) in zip(rows[replaces].tolist(), owner[replaces].tolist(), strict=True):
        texts[row] = id_text(high, low)
    words = np.column_stack([owner[replaces], place[rows[replaces]].astype(np.uint64)])
    return texts, words


def _key_run(keys: Words, owners: Words) -> Run:
    """A run from natural key to the id of its newest event; the last of equal keys wins."""
    last = Run.of(keys[::-1], owners[::-1])
    first = np.ones(len(last), np.bool_)
    first[1:] = (last.words[0, 1:] != last.words[0, :-1]) | (last.words[1, 1:] != last.words[1, :-1])
    return Run(np.ascontiguousarray(last.words[:, first]))


def _write_bytes(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    _flush(path)


def _flush(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())
