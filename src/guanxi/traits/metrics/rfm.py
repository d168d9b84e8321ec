"""RFM: buyers by how recently, how often and for how much they bought; the classic segments (人群)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

import numpy as np
import polars as pl
from numpy.typing import NDArray

from guanxi.core import DataError, SettingError, local_day
from guanxi.traits.metrics.acts import ORDER, Query, Slice, main_currency, order_rows, unit_number, unit_sql
from guanxi.traits.metrics.shapes import RfmCell, RfmSegment

Variant = Literal["quantile", "rule"]
Split = Literal["mean", "median"]
Naming = Literal["classic", "grid"]
SCORES: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class RfmCuts:
    """Business cut points, four each; the variant "rule" uses them.

    recency_days  ascending: fewer days than the first score 5, than the second 4 …; all else 1
    orders        ascending: at least the last score 5 …; fewer than the first 1
    amount        minor units, as orders; None: by quintiles, since what is much depends on the shop
    """

    recency_days: tuple[int, ...] = (30, 60, 90, 180)
    orders: tuple[int, ...] = (2, 3, 5, 10)
    amount: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        for name in ("recency_days", "orders", "amount"):
            cuts = getattr(self, name)
            if cuts is not None and (len(cuts) != SCORES - 1 or list(cuts) != sorted(cuts)):
                raise SettingError(f"the cut points {name} are {cuts}", "Give four numbers, ascending", name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One segment by the marks of R, F and M: True high, False low."""

    id: str
    zh: str
    en: str
    recent: bool
    often: bool
    much: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class GridSegment:
    """One segment by the scores of R and F alone."""

    id: str
    zh: str
    en: str
    recency: tuple[int, ...]
    frequency: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RfmScores:
    """Scored buyers.

    frame  person, last_ms, recency_days, orders, amount, r, f, m (1..5), segment (id of CLASSIC), named (id of NAMED);
           one row a buyer, sorted by person
    cuts   the bounds that were used, also those found from quintiles
    """

    frame: pl.DataFrame
    cuts: RfmCuts


CLASSIC: Final[tuple[Segment, ...]] = (
    Segment(id="key_value", zh="重要价值客户", en="Key: value", recent=True, often=True, much=True),
    Segment(id="key_develop", zh="重要发展客户", en="Key: develop", recent=True, often=False, much=True),
    Segment(id="key_keep", zh="重要保持客户", en="Key: keep", recent=False, often=True, much=True),
    Segment(id="key_win_back", zh="重要挽留客户", en="Key: win back", recent=False, often=False, much=True),
    Segment(id="value", zh="一般价值客户", en="Value", recent=True, often=True, much=False),
    Segment(id="develop", zh="一般发展客户", en="Develop", recent=True, often=False, much=False),
    Segment(id="keep", zh="一般保持客户", en="Keep", recent=False, often=True, much=False),
    Segment(id="win_back", zh="一般挽留客户", en="Win back", recent=False, often=False, much=False),
)

#: The ten names common in English texts; every pair of scores has exactly one.
NAMED: Final[tuple[GridSegment, ...]] = (
    GridSegment(id="champions", zh="冠军客户", en="Champions", recency=(5,), frequency=(4, 5)),
    GridSegment(id="loyal", zh="忠诚客户", en="Loyal customers", recency=(3, 4), frequency=(4, 5)),
    GridSegment(id="potential", zh="潜在忠诚", en="Potential loyalists", recency=(4, 5), frequency=(2, 3)),
    GridSegment(id="new", zh="新客户", en="New customers", recency=(5,), frequency=(1,)),
    GridSegment(id="promising", zh="有希望", en="Promising", recency=(4,), frequency=(1,)),
    GridSegment(id="attention", zh="需要关注", en="Need attention", recency=(3,), frequency=(3,)),
    GridSegment(id="fading", zh="即将沉睡", en="About to sleep", recency=(3,), frequency=(1, 2)),
    GridSegment(id="at_risk", zh="有流失风险", en="At risk", recency=(1, 2), frequency=(3, 4)),
    GridSegment(id="cannot_lose", zh="不能失去", en="Cannot lose them", recency=(1, 2), frequency=(5,)),
    GridSegment(id="hibernating", zh="沉睡客户", en="Hibernating", recency=(1, 2), frequency=(1, 2)),
)


def rfm(
    orders: pl.DataFrame, cut_off_ms: int, *, variant: Variant = "quantile", cuts: RfmCuts | None = None,
    split: Split = "mean",
) -> RfmScores:  # fmt: skip
    """Score every buyer before a cut-off.

    orders      one row a paid order: person, at_ms, amount (minor units; null counts 0)
    cut_off_ms  recency is counted in local days back from the last day before it: 0 = bought on that day
    variant     "quantile": 1 + how many fifths of the buyers are strictly worse, so equal values score equally and
                the order of rows does not matter · "rule": by `cuts`
    split       high = a score strictly above the mean (or median) score of all buyers
    raises      DataError when an order lies at or after the cut-off: the future leaked into the past
    source      Hughes, Strategic Database Marketing, 1994; the eight segments as Chinese textbooks name them
    """
    late = int((orders["at_ms"] >= cut_off_ms).sum()) if orders.height else 0
    if late:
        raise DataError(f"{late} orders lie at or after the cut-off", "Leave out what came after it")
    _check(variant, split)
    chosen = cuts or RfmCuts()
    buyers = orders.group_by("person").agg(
        pl.col("at_ms").max().alias("last_ms"),
        pl.len().cast(pl.Int64).alias("orders"),
        pl.col("amount").fill_null(0).sum().cast(pl.Int64).alias("amount"),
    )
    today = unit_number(cut_off_ms - 1, "day")
    days = today - ((buyers["last_ms"].to_numpy() + 28_800_000) // 86_400_000)
    counts, paid = buyers["orders"].to_numpy(), buyers["amount"].to_numpy()
    by_rule = variant == "rule"
    r = _reached(-days, [1 - cut for cut in chosen.recency_days]) if by_rule else _fifths(-days)
    f = _reached(counts, chosen.orders) if by_rule else _fifths(counts)
    m = _reached(paid, chosen.amount) if by_rule and chosen.amount else _fifths(paid)
    high = [_above(score, split) for score in (r, f, m)]
    frame = buyers.select("person", "last_ms").with_columns(
        pl.Series("recency_days", days, pl.Int64), buyers["orders"], buyers["amount"],
        pl.Series("r", r, pl.Int64), pl.Series("f", f, pl.Int64), pl.Series("m", m, pl.Int64),
        pl.Series("segment", _classic(*high), pl.String), pl.Series("named", _named(r, f), pl.String),
    )  # fmt: skip
    frame = frame.sort("person")
    return RfmScores(frame=frame, cuts=cuts_of(frame, variant, chosen))


def rfm_query(
    of: Slice, *, variant: Variant = "quantile", cuts: RfmCuts | None = None, split: Split = "mean"
) -> Query:  # fmt: skip
    """Return the query that scores every buyer before the window's end; the same rows as `rfm`, and their first order.

    returns  the columns of `RfmScores.frame`, first_ms, currency; orders in other currencies count, their money not
    """
    _check(variant, split)
    chosen = cuts or RfmCuts()
    by_rule = variant == "rule"
    r = _reached_sql("recency_days", chosen.recency_days, "<") if by_rule else _fifths_sql("recency_days DESC")
    f = _reached_sql("orders", chosen.orders, ">=") if by_rule else _fifths_sql("orders")
    m = _reached_sql("amount", chosen.amount, ">=") if by_rule and chosen.amount else _fifths_sql("amount")
    sql = f"""
WITH paid AS MATERIALIZED ({order_rows(of)}),
main AS (SELECT {main_currency("paid", of)} AS currency),
buyers AS (
  SELECT person, min(at_ms) AS first_ms, max(at_ms) AS last_ms,
    $today - {unit_sql("max(at_ms)", "day")} AS recency_days, count(*) AS orders, any_value(main.currency) AS currency,
    coalesce(sum(amount) FILTER (paid.currency IS NOT DISTINCT FROM main.currency), 0)::BIGINT AS amount
  FROM paid, main GROUP BY person),
scored AS (SELECT *, {r} AS r, {f} AS f, {m} AS m FROM buyers),
marked AS (SELECT *, {", ".join(f"{_above_sql(name, split)} AS high_{name}" for name in "rfm")} FROM scored)
SELECT person, first_ms, last_ms, recency_days, orders, amount, currency, r, f, m, {_classic_sql()} AS segment,
  {_named_sql()} AS named
FROM marked ORDER BY person"""
    return of.query(sql, [ORDER], today=unit_number(of.window.end_ms - 1, "day"))


def cuts_of(scored: pl.DataFrame, variant: Variant, cuts: RfmCuts) -> RfmCuts:
    """Return the bounds that lead to scores, in the meaning of `RfmCuts`; all are found, also those nobody hits."""
    if not scored.height:
        return cuts

    def bound(value: str, score: str, pick: Callable[[pl.Series], Any], places: Sequence[int]) -> tuple[int, ...]:
        return tuple(int(pick(scored.filter(pl.col(score) <= place)[value])) for place in places)

    if variant == "rule" and cuts.amount:
        return cuts
    amount = tuple(one + 1 for one in bound("amount", "m", pl.Series.max, (1, 2, 3, 4)))
    if variant == "rule":
        return RfmCuts(recency_days=cuts.recency_days, orders=cuts.orders, amount=amount)
    return RfmCuts(
        recency_days=bound("recency_days", "r", pl.Series.min, (4, 3, 2, 1)),
        orders=tuple(one + 1 for one in bound("orders", "f", pl.Series.max, (1, 2, 3, 4))), amount=amount,
    )  # fmt: skip


def rfm_cells(scored: pl.DataFrame) -> tuple[RfmCell, ...]:
    """Return all 25 cells of recency and frequency, the empty ones too."""
    found = scored.group_by("r", "f").agg(pl.len().alias("people"), pl.col("amount").sum())
    cells = {(row["r"], row["f"]): row for row in found.to_dicts()}
    empty = {"people": 0, "amount": 0}
    return tuple(
        RfmCell(recency=r, frequency=f, people=cell["people"], amount=cell["amount"])
        for r in range(1, SCORES + 1) for f in range(1, SCORES + 1) for cell in [cells.get((r, f), empty)]
    )  # fmt: skip


def rfm_segments(scored: pl.DataFrame, *, split: Split = "mean", naming: Naming = "classic") -> tuple[RfmSegment, ...]:
    """Return every segment with its people, in the order of CLASSIC or NAMED; the empty ones too.

    raises  DataError for another naming
    """
    if naming not in get_args(Naming):
        raise DataError(f"the naming is {naming[:40]!r}", f"Use one of {', '.join(get_args(Naming))}", "naming")
    column = "segment" if naming == "classic" else "named"
    found = {
        row[column]: row
        for row in scored.group_by(column).agg(
            pl.len().alias("people"), pl.col("amount").sum(), pl.col("recency_days").median().alias("days"),
            pl.col("orders").median().alias("often"), pl.col("amount").median().alias("much"),
        ).to_dicts()
    }  # fmt: skip
    shown = []
    for one in CLASSIC if naming == "classic" else NAMED:
        zh, en = rule_words(one, split)
        row = found.get(one.id, {"people": 0, "amount": 0})
        shown.append(
            RfmSegment(
                id=one.id, zh=one.zh, en=one.en, rule_zh=zh, rule_en=en, people=row["people"],
                share=row["people"] / max(scored.height, 1), amount=row["amount"], recency_days=row.get("days"),
                frequency=row.get("often"), monetary=row.get("much"),
            )
        )  # fmt: skip
    return tuple(shown)


def rule_words(row: Segment | GridSegment, split: Split = "mean") -> tuple[str, str]:
    """Return the rule of a segment in Chinese and English words."""
    if isinstance(row, GridSegment):
        r, f = ("、".join(map(str, one)) for one in (row.recency, row.frequency))
        return f"R 分 {r}，F 分 {f}", f"R {r.replace('、', ' or ')}, F {f.replace('、', ' or ')}"
    zh, en = ("平均分", "mean") if split == "mean" else ("中位分", "median")
    marks = ((row.recent, "R", "最近买过", "bought lately"), (row.often, "F", "买得勤", "buys often"),
             (row.much, "M", "花得多", "spends much"))  # fmt: skip
    chinese = "，".join(f"{name} 分{'高于' if high else '不高于'}{zh}" for high, name, _, _ in marks)
    english = ", ".join(f"{name} {'above' if high else 'not above'} the {en}" for high, name, _, _ in marks)
    told = [zh_word for high, _, zh_word, _ in marks if high]
    said = [en_word for high, _, _, en_word in marks if high]
    return (
        f"{chinese}（{'、'.join(told) or '都不突出'}）", f"{english} ({', '.join(said) or 'nothing stands out'})",
    )  # fmt: skip


def segment_name(segment: str) -> tuple[str, str]:
    """Return the Chinese and English name of a segment of either naming; "" for none.

    raises  DataError with what is allowed
    """
    rows: dict[str, Segment | GridSegment] = {one.id: one for one in CLASSIC}
    rows |= {one.id: one for one in NAMED}
    if not segment:
        return "", ""
    if segment not in rows:
        raise DataError(f"no segment is called {segment[:40]!r}", f"Use one of {', '.join(rows)}", "segment")
    return rows[segment].zh, rows[segment].en


def local_cut_off(window_end_ms: int, now_ms: int) -> int:
    """Return the cut-off of a range: its end, or for one that still runs the end of the local day of `now_ms`."""
    day = local_day(now_ms)
    tomorrow = (day.toordinal() - 719_162) * 86_400_000 - 28_800_000
    return min(window_end_ms, tomorrow)


def _check(variant: str, split: str) -> None:
    if variant not in get_args(Variant):
        raise DataError(f"the variant is {variant[:40]!r}", f"Use one of {', '.join(get_args(Variant))}", "variant")
    if split not in get_args(Split):
        raise DataError(f"the split is {split[:40]!r}", f"Use one of {', '.join(get_args(Split))}", "split")


def _fifths(value: NDArray[np.int64]) -> NDArray[np.int64]:
    """1 + the number of whole fifths of all values that are strictly smaller."""
    less = np.searchsorted(np.sort(value), value, "left")
    return 1 + SCORES * less // max(len(value), 1)


def _reached(value: NDArray[np.int64], bounds: Sequence[int]) -> NDArray[np.int64]:
    return 1 + np.searchsorted(np.sort(np.asarray(bounds, np.int64)), value, "right")


def _above(score: NDArray[np.int64], split: Split) -> NDArray[np.bool_]:
    if not len(score):
        return np.zeros(0, bool)
    high = score * len(score) > score.sum() if split == "mean" else score > np.median(score)  # no rounding decides
    return np.asarray(high, bool)


def _classic(r: NDArray[np.bool_], f: NDArray[np.bool_], m: NDArray[np.bool_]) -> NDArray[np.object_]:
    names = np.empty(8, object)
    for one in CLASSIC:
        names[one.recent * 4 + one.often * 2 + one.much] = one.id
    return np.asarray(names[r * 4 + f * 2 + m * 1], object)


def _named(r: NDArray[np.int64], f: NDArray[np.int64]) -> NDArray[np.object_]:
    names = np.empty((SCORES + 1, SCORES + 1), object)
    for one in NAMED:
        for recency in one.recency:
            for frequency in one.frequency:
                names[recency, frequency] = one.id
    return np.asarray(names[r, f], object)


def _fifths_sql(order: str) -> str:
    return f"1 + ({SCORES} * (rank() OVER (ORDER BY {order}) - 1)) // count(*) OVER ()"


def _reached_sql(column: str, cuts: Sequence[int], sign: str) -> str:
    return "1 + " + " + ".join(f"({column} {sign} {int(cut)})::BIGINT" for cut in cuts)


def _above_sql(score: str, split: Split) -> str:
    if split == "mean":
        return f"{score} * count(*) OVER () > sum({score}) OVER ()"
    return f"{score} > median({score}) OVER ()"


def _classic_sql() -> str:
    cases = " ".join(f"WHEN {_marks_sql(one)} THEN '{one.id}'" for one in CLASSIC)
    return f"CASE {cases} END"


def _marks_sql(one: Segment) -> str:
    marks = (("high_r", one.recent), ("high_f", one.often), ("high_m", one.much))
    return " AND ".join(name if high else f"NOT {name}" for name, high in marks)


def _named_sql() -> str:
    cases = " ".join(f"WHEN r IN {_in(one.recency)} AND f IN {_in(one.frequency)} THEN '{one.id}'" for one in NAMED)
    return f"CASE {cases} END"


def _in(numbers: Sequence[int]) -> str:
    return f"({', '.join(map(str, numbers))})"
