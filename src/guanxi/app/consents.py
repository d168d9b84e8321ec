"""Consent by purpose: the rows of purposes, what one person allows, how many allow what."""

from collections.abc import Collection, Iterable, Mapping
from typing import Final, Literal

import msgspec
import polars as pl

from guanxi.app.identity import identities
from guanxi.app.workspace import Workspace
from guanxi.decisions import CONSENTS
from guanxi.engines.lake import aggregate
from guanxi.events import CONSENT_BITS, columns_of, id_text

GIVEN: Final = "Consent Given"
WITHDRAWN: Final = "Consent Withdrawn"
SWITCHED: Final = "Personalisation Switched"
KINDS: Final = (GIVEN, WITHDRAWN, SWITCHED)
PROPERTIES: Final = ("purpose", "enabled")  # of these kinds, that say what is allowed

State = Literal["given", "withdrawn", "unknown"]

#: purpose -> (Chinese, English)
PURPOSES: Final = CONSENTS


class PersonConsent(msgspec.Struct, frozen=True, kw_only=True):
    """What a person says of one purpose.

    since_ms, event  when it was said, and the event that says it; None and "" when nothing does
    stated           True: no event of consent says so, only the bits that came with another event
    """

    purpose: str
    bit: int
    zh: str
    en: str
    state: State
    since_ms: int | None = None
    event: str = ""
    stated: bool = False


class Purpose(msgspec.Struct, frozen=True, kw_only=True):
    """One purpose of consent: its bit on events, and how many people allow it, or took it back, now."""

    purpose: str
    bit: int
    zh: str
    en: str
    given: int
    withdrawn: int


def consents_of(rows: pl.DataFrame) -> tuple[PersonConsent, ...]:
    """Return what one person allows, a row for each purpose.

    rows  the person's events, newest first: kind, at_ms, consent, id_hi, id_lo, p_purpose, p_enabled
    """
    said = _said(rows)
    bits = rows.filter(pl.col("consent").is_not_null()).head(1).to_dicts()
    return tuple(_consent(purpose, said.get(purpose), bits[0] if bits else None) for purpose in PURPOSES)


def purposes(workspace: Workspace, *, known: int | None = None) -> list[Purpose]:
    """Return every purpose and how many people, each counted once, gave or withdrew it, as known at a moment."""
    last = spoken(workspace, known).group_by("purpose", "given").len()
    counts = {(purpose, given): count for purpose, given, count in last.iter_rows()}
    return [
        Purpose(
            purpose=purpose, bit=CONSENT_BITS[purpose], zh=zh, en=en, given=counts.get((purpose, True), 0),
            withdrawn=counts.get((purpose, False), 0),
        )
        for purpose, (zh, en) in PURPOSES.items()
    ]  # fmt: skip


def refusing(
    workspace: Workspace, purposes: Collection[str], bits: pl.DataFrame, *, known: int | None = None,
    pairs: pl.DataFrame | None = None,
) -> pl.Series:  # fmt: skip
    """Return the people who do not allow one of these purposes, as known at a moment; as a person's page says it.

    bits     person, consent: the newest bits that came with another event; they count where no event speaks of consent
    pairs    ref, person: look at what these references said alone; None = at everybody's
    returns  persons, each once; who said nothing at all is not among them
    """
    last = spoken(workspace, known, pairs).filter(pl.col("purpose").is_in(list(purposes)))
    found = [last.filter(~pl.col("given"))["person"]]
    for purpose in purposes:
        heard = last.filter(pl.col("purpose") == purpose)["person"]
        lacking = bits.filter(pl.col("consent") & CONSENT_BITS[purpose] == 0, ~pl.col("person").is_in(heard.implode()))
        found.append(lacking["person"])
    return pl.concat(found).unique()


def spoken(workspace: Workspace, known: int | None, pairs: pl.DataFrame | None = None) -> pl.DataFrame:
    """Return person, purpose, given: the newest event of each person about each purpose.

    pairs  ref, person: of these references alone; None = of everybody
    """
    rows = _all_words(workspace, known) if pairs is None else _words_of(workspace, known, pairs)
    rows = _stands(rows).with_columns(pl.coalesce("person", "actor").alias("person")).sort("at_ms", "seq")
    return rows.unique(["person", "purpose"], keep="last").select("person", "purpose", "given")


def _all_words(workspace: Workspace, known: int | None) -> pl.DataFrame:
    names = pl.DataFrame(
        list(identities(workspace).mapping(known).items()), {"actor": pl.String, "person": pl.String}, orient="row"
    )
    parts = [workspace.reader.frame(kind, known=known) for kind in KINDS]
    parts = [
        frame.select(
            pl.lit(kind).alias("kind"), pl.col("role_actor").alias("actor"), "at_ms", "seq",
            *(pl.col(f"p_{name}").cast(pl.String) if f"p_{name}" in frame.columns
              else pl.lit(None, pl.String).alias(f"p_{name}") for name in PROPERTIES),
        )
        for kind, frame in zip(KINDS, parts, strict=True)
    ]  # fmt: skip
    return pl.concat(parts).join(names, on="actor", how="left")


def _words_of(workspace: Workspace, known: int | None, pairs: pl.DataFrame) -> pl.DataFrame:
    """The same of some references alone, found where the rows lie."""
    counts = workspace.reader.counts()
    kinds = [kind for kind in KINDS if counts.get(kind)]
    names = ", ".join(f"p_{name}" for name in PROPERTIES)
    schema = {"kind": pl.String, "actor": pl.String, "at_ms": pl.Int64, "seq": pl.Int64,
              **{f"p_{name}": pl.String for name in PROPERTIES}, "person": pl.String}  # fmt: skip
    parts = []
    for kind in kinds:
        have = columns_of(workspace.catalogue[kind])
        said = ", ".join(
            f"p_{name}::VARCHAR AS p_{name}" if f"p_{name}" in have else f"NULL::VARCHAR AS p_{name}"
            for name in PROPERTIES
        )
        parts.append(
            f"SELECT '{kind}' AS kind, role_actor AS ref, at_ms, seq, {said} FROM {workspace.catalogue[kind].table}"
            " WHERE role_actor IN (SELECT ref FROM pairs)"
        )
    if not parts:
        return pl.DataFrame(schema=schema)
    sql = (
        f"SELECT kind, ref AS actor, at_ms, seq, {names}, person FROM ({' UNION ALL '.join(parts)})"
        " LEFT JOIN pairs USING (ref)"
    )
    return aggregate(workspace.reader, sql, {}, kinds=kinds, known=known, frames={"pairs": pairs})


def _stands(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the rows that speak of a purpose, with `purpose` and `given`."""
    switched = pl.col("kind") == SWITCHED
    return rows.with_columns(
        pl.when(switched).then(pl.lit("personalise")).otherwise(pl.col("p_purpose")).alias("purpose"),
        pl.when(switched).then(pl.col("p_enabled") == "true").otherwise(pl.col("kind") == GIVEN).alias("given"),
    ).filter(pl.col("kind").is_in(list(KINDS)), pl.col("purpose").is_in(list(PURPOSES)), pl.col("given").is_not_null())


def _said(rows: pl.DataFrame) -> dict[str, Mapping[str, object]]:
    newest: Iterable[Mapping[str, object]] = _stands(rows).unique("purpose", keep="first").to_dicts()
    return {str(row["purpose"]): row for row in newest}


def _consent(purpose: str, said: Mapping[str, object] | None, bits: Mapping[str, object] | None) -> PersonConsent:
    zh, en = PURPOSES[purpose]
    bit, state, row = CONSENT_BITS[purpose], "unknown", said
    if said is not None:
        state = "given" if said["given"] else "withdrawn"
    elif bits is not None:
        row, state = bits, "given" if int(str(bits["consent"])) & bit else "withdrawn"
    if row is None:
        return PersonConsent(purpose=purpose, bit=bit, zh=zh, en=en, state="unknown")
    return PersonConsent(
        purpose=purpose, bit=bit, zh=zh, en=en, state=state,  # type: ignore[arg-type]  # one of the two words
        since_ms=int(str(row["at_ms"])), event=id_text(int(str(row["id_hi"])), int(str(row["id_lo"]))),
        stated=said is None,
    )  # fmt: skip
