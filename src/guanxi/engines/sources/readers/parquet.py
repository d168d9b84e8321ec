"""Parquet, in slices of rows, only the columns that are needed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from guanxi.core import DataError
from guanxi.engines.sources.headers import clean_header, clean_headers
from guanxi.engines.sources.preset import Table
from guanxi.engines.sources.readers.archive import Opened
from guanxi.engines.sources.readers.base import ROW, RawChunk


@dataclass(slots=True)
class ParquetReader:
    """Reads one Parquet file; its cells keep their types."""

    source: Opened
    table: Table

    def chunks(self, *, start: int = 1, columns: Sequence[str] | None = None) -> Iterator[RawChunk]:
        """Yield the rows from number `start` on."""
        with self.source.seekable() as file:
            # A plain file is scanned by its path, so that row groups outside the slice are never read.
            target = self.source.path if file.name == str(self.source.path) else file
            yield from self._chunks(target, start, columns)

    def _chunks(self, target: object, start: int, columns: Sequence[str] | None) -> Iterator[RawChunk]:
        at = start - 1
        try:
            scan = pl.scan_parquet(target, low_memory=True, cache=False)  # type: ignore[arg-type]
            names = scan.collect_schema().names()
            height = scan.select(pl.len()).collect().item()
            aliases = {clean_header(old): clean_header(new) for old, new in self.table.aliases.items()}
            cleaned = {name: aliases.get(text, text) for name, text in zip(names, clean_headers(names), strict=True)}
            keep = {name: text for name, text in cleaned.items() if text not in self.table.drop}
            wanted = [name for name, text in keep.items() if columns is None or text in columns]
            while at < height:
                size = min(self.table.chunk_rows, height - at)
                frame = scan.select(wanted).slice(at, size).collect().rename({name: keep[name] for name in wanted})
                numbers = pl.int_range(at + 1, at + size + 1, dtype=pl.Int64, eager=True).alias(ROW)
                yield RawChunk({"": frame.with_columns(numbers) if wanted else numbers.to_frame()}, at + size + 1)
                at += size
        except (pl.exceptions.PolarsError, OSError, ValueError) as error:
            raise _damaged(self.source.name, at, error) from error
        except BaseException as error:
            if type(error).__name__ != "PanicException":  # polars panics on some damaged pages
                raise
            raise _damaged(self.source.name, at, error) from error


def columns_of(source: Opened) -> list[str]:
    """Return the cleaned column names of a Parquet file."""
    with source.seekable() as file:
        try:
            return clean_headers(list(pl.read_parquet_schema(file)))
        except (pl.exceptions.PolarsError, OSError, ValueError) as error:
            raise _damaged(source.name, 0, error) from error
        except BaseException as error:
            if type(error).__name__ != "PanicException":
                raise
            raise _damaged(source.name, 0, error) from error


def _damaged(name: str, rows: int, error: BaseException) -> DataError:
    if isinstance(error, DataError):
        return error
    text = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
    return DataError(
        f"{name} is damaged Parquet after {rows:,} rows: {text}",
        "It was cut off or changed on the way: download or export it again",
    )
