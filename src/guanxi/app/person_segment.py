"""A person's RFM segment: where they stand among all buyers, by the same scores as the list of people."""

import time
from typing import Any

import msgspec
import polars as pl

from guanxi.app.analysis import cut_off_of, scored, took
from guanxi.app.identity import identities
from guanxi.app.scope import scope
from guanxi.app.workspace import Workspace
from guanxi.traits.metrics import CLASSIC, Variant, rule_words


class PersonSegment(msgspec.Struct, frozen=True, kw_only=True):
    """A person among all buyers before the cut-off; nothing but counts when they never bought.

    segment  id of one of the eight classic segments, "" for who never bought
    rule_zh  its rule in words
    r, f, m  scores 1 (worst) to 5
    buyers   all who bought
    amount   minor units of `currency`, before the cut-off
    """

    known: int
    cut_off_ms: int
    variant: Variant
    buyers: int
    currency: str
    segment: str = ""
    zh: str = "没有下过单"
    en: str = "no order"
    rule_zh: str = ""
    rule_en: str = ""
    r: int | None = None
    f: int | None = None
    m: int | None = None
    recency_days: int | None = None
    orders: int = 0
    amount: int = 0
    took_ms: float = 0.0


def person_segment(
    workspace: Workspace, ref: str, *, asof: str = "", variant: Variant | None = None
) -> PersonSegment:  # fmt: skip
    """Return a person's segment now, or as it was known at an earlier instant.

    variant  None: as `[rfm]` of the settings says
    """
    begin = time.perf_counter()
    variant = variant or workspace.settings.rfm.variant
    asked = scope(workspace, t="today", cmp="none", asof=asof)
    buyers = scored(workspace, asked, variant=variant)
    known: dict[str, Any] = {
        "known": asked.known,
        "cut_off_ms": cut_off_of(asked),
        "variant": variant,
        "buyers": buyers.height,
    }
    mine = buyers.filter(pl.col("person").is_in(list(identities(workspace).members(ref, asked.known))))
    if not mine.height:
        return PersonSegment(currency=asked.currency, took_ms=took(begin), **known)
    row = mine.row(0, named=True)
    segment = next(one for one in CLASSIC if one.id == row["segment"])
    zh, en = rule_words(segment, "mean")
    return PersonSegment(
        currency=asked.currency, segment=segment.id, zh=segment.zh, en=segment.en, rule_zh=zh, rule_en=en, r=row["r"],
        f=row["f"], m=row["m"], recency_days=row["recency_days"], orders=row["orders"], amount=row["amount"],
        took_ms=took(begin), **known,
    )  # fmt: skip
