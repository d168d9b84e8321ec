"""Prepared events: the relation that trait SQL reads, from the tables of the lake or from what the intake made."""

from collections.abc import Collection, Iterable
from typing import Final

import numpy as np
import polars as pl

from guanxi.core import RowTable
from guanxi.events import table_name
from guanxi.traits.batch import Batch
from guanxi.traits.clause_sql import CLOCK, sql_code, sql_condition, sql_value
from guanxi.traits.fields import column_of, kind_of, shape_of, source_of
from guanxi.traits.intake import Intake
from guanxi.traits.intake_columns import MASKED
from guanxi.traits.measure import Measure
from guanxi.traits.sql import TraitQuery, name_column, read_by
from guanxi.traits.trait import OF_CODE, PARTIES, PartyRole, Trait

#: Table of resolved identities beside those of the kinds: ref, seq (of the first event that sees it so), person.
KNOWN_PARTY: Final = "known_party"


def prepared_query(
    rows: Iterable[Trait], measures: RowTable[Measure], kinds: Collection[str], *, resolved: bool = False
) -> str:
    """Return the query that makes the relation `events` of `trait_queries` out of the tables of kinds.

    rows      the traits; columns that none of them reads are left out
    kinds     those that ever occurred, each with its table: an event sees traits even if no measure is about it
    resolved  the table `known_party` stands beside them: people are then who they were known to be at each event
    """
    chosen = [row for row in rows if row.plan != "ties"]
    used = [measures[name] for name in sorted({name for row in chosen for name in read_by(row)})]
    codes = sorted({row.by for row in chosen if row.aggregate in OF_CODE})
    parties = [row for row in PARTIES.values() if any(one.party == row.name for one in chosen)]
    types = {"clock_ms": "BIGINT", "seq": "BIGINT"} | {f"m_{one.name}": "BOOLEAN" for one in used}
    types |= {f"v_{one.name}": "BIGINT" for one in used if source_of(one)}
    types |= {name_column(code): "VARCHAR" for code in codes} | {f"party_{one.name}": "VARCHAR" for one in parties}
    selects = [f"SELECT {', '.join(f'NULL::{type_} AS {name}' for name, type_ in types.items())} WHERE FALSE"]
    for kind in kinds:
        columns = {"clock_ms": CLOCK, "seq": "seq"}
        for one in used:
            if not one.kinds or kind in one.kinds:
                columns[f"m_{one.name}"] = sql_condition(one, kind)
                if source_of(one):
                    columns[f"v_{one.name}"] = sql_value(one, kind)
        columns |= {name_column(code): sql_code(code, kind) for code in codes}
        columns |= {f"party_{one.name}": _party(one, resolved) for one in parties if _names(one, kind)}
        listed = ", ".join(f"{sql} AS {name}" for name, sql in columns.items())
        selects.append(f"SELECT {listed} FROM {table_name(kind)} AS own")
    return "\nUNION ALL BY NAME ".join(selects)


def one_query(query: TraitQuery, prepared: str) -> str:
    """Return one statement that makes the prepared events and reads traits of them, as a person may run it."""
    return f"WITH events AS MATERIALIZED ({prepared}),\n{query.sql.removeprefix('WITH ')}"


def prepared_frame(intake: Intake, batch: Batch) -> pl.DataFrame:
    """Return the relation `events` of what an intake read; names and parties are hashes there."""
    columns: dict[str, pl.Series] = {"clock_ms": pl.Series(batch.clock_ms), "seq": pl.Series(batch.seq)}
    for place, measure in enumerate(intake.measures):
        belongs = batch.bits[:, place // 64] >> np.uint64(place % 64) & np.uint64(1)
        columns[f"m_{measure.name}"] = pl.Series(belongs.astype(np.bool_))
        if (value := intake.value_of(measure)) >= 0:
            there = pl.Series((batch.present >> np.uint64(value) & np.uint64(1)).astype(np.bool_))
            columns[f"v_{measure.name}"] = pl.Series(batch.values[:, value]).set(~there, None)
    for place, code in enumerate(intake.codes):
        columns[name_column(code)] = _hashes(pl.Series(batch.codes[:, place]))
    for place, party in enumerate(intake.parties):
        columns[f"party_{party.name}"] = _hashes(pl.Series(batch.parties[:, place]))
    return pl.DataFrame(columns)


def _hashes(column: pl.Series) -> pl.Series:
    return column.set(column == 0, None)


def _names(party: PartyRole, kind: str) -> bool:
    return shape_of(f"role.{party.role}", kind_of(kind)) is not None


def _party(party: PartyRole, resolved: bool) -> str:
    """SQL of the reference of a party, NULL when it is missing, masked or of a type that has no such traits."""
    ref = column_of(f"role.{party.role}")
    usable = f"{ref} <> '' AND NOT regexp_matches({ref}, '{MASKED}')"
    if party.types:
        types = ", ".join(f"'{name}'" for name in party.types)
        usable += f" AND split_part({ref}, ':', 1) IN ({types})"
    who = ref
    if party.resolved and resolved:
        who = (f"coalesce((SELECT arg_max(known.person, known.seq) FROM {KNOWN_PARTY} AS known"
               f" WHERE known.ref = {ref} AND known.seq <= own.seq), {ref})")  # fmt: skip
    return f"CASE WHEN {usable} THEN {who} END"
