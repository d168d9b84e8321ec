"""What questions about people and their paths are answered with: RFM, cohorts, retention, funnels, paths, spreads."""

import msgspec

from guanxi.traits.metrics.answers import Point, Span


class RfmCell(msgspec.Struct, frozen=True, kw_only=True):
    """People of one recency score and one frequency score; scores 1 (worst) to 5."""

    recency: int
    frequency: int
    people: int
    amount: int  # minor units, in the window


class RfmSegment(msgspec.Struct, frozen=True, kw_only=True):
    """One classic segment, e.g. 重要价值客户: its rule in words, how many, what they bring."""

    id: str
    zh: str
    en: str
    rule_zh: str
    rule_en: str
    people: int
    share: float
    amount: int
    recency_days: float | None  # medians of the segment
    frequency: float | None
    monetary: float | None  # minor units


class Rfm(msgspec.Struct, frozen=True, kw_only=True):
    """RFM of all who bought before the cut-off.

    variant  "quantile" or "rule"; cuts_* are the bounds that were used
    """

    known: int
    cut_off_ms: int
    window: Span
    variant: str
    buyers: int
    cuts_recency: tuple[float, ...]
    cuts_frequency: tuple[float, ...]
    cuts_monetary: tuple[float, ...]
    cells: tuple[RfmCell, ...]
    segments: tuple[RfmSegment, ...]
    currency: str
    took_ms: float
    split: str = "mean"  # what high and low are measured against: "mean" or "median" of the scores
    naming: str = "classic"  # eight segments of R, F and M, or "grid": ten of R and F


class PersonLine(msgspec.Struct, frozen=True, kw_only=True):
    """One person in a list; the name is masked."""

    ref: str
    name: str
    platforms: tuple[str, ...]
    city: str
    orders: int
    amount: int
    last_order_ms: int | None
    recency_days: int | None
    r: int | None
    f: int | None
    m: int | None
    segment: str
    segment_zh: str
    segment_en: str
    first_seen_ms: int | None


class People(msgspec.Struct, frozen=True, kw_only=True):
    """A page of people.

    total   people that the filters leave
    states  how sure we are of who is who: "single" one reference, "merged" several that are one person, "masked"
            references made from masked values, which may stand for several people and are not listed
    """

    known: int
    total: int
    page: int
    size: int
    rows: tuple[PersonLine, ...]
    currency: str
    took_ms: float
    states: dict[str, int] = {}


class RepeatPoint(msgspec.Struct, frozen=True, kw_only=True):
    """Share of buyers with a second order within so many days; at_risk: those still watched on the last of them."""

    days: int
    share: float | None
    at_risk: int


class Repeat(msgspec.Struct, frozen=True, kw_only=True):
    """Repeat purchase of those who first bought in the window.

    A buyer counts on a day only when that whole day has been watched, so those who came late neither lower nor raise
    the share (Kaplan-Meier); share None: nobody was watched that long.
    again     buyers with a second order so far
    gap_*     days between one order and the next of the same buyer, of all orders before the end
    """

    known: int
    window: Span
    buyers: int
    again: int
    points: tuple[RepeatPoint, ...]
    gaps: int
    gap_p10_days: float | None
    gap_median_days: float | None
    gap_p90_days: float | None
    took_ms: float


class Cohort(msgspec.Struct, frozen=True, kw_only=True):
    """Those who first came in one period; `kept` per later period, None where the period is not over."""

    start_ms: int
    people: int
    kept: tuple[int | None, ...]


class Cohorts(msgspec.Struct, frozen=True, kw_only=True):
    """Who came back in later periods (day, week or month); the same for first purchases and for any start event."""

    known: int
    start: str  # kind of event that lets someone in
    back: str  # kind of event that counts as coming back
    period: str
    window: Span
    rows: tuple[Cohort, ...]
    overall: tuple[float | None, ...]  # weighted share kept, per period
    took_ms: float


class LtvRow(msgspec.Struct, frozen=True, kw_only=True):
    """Those who first bought in one period: net paid per buyer up to each age, minor units; None: not over yet."""

    start_ms: int
    people: int
    amount: tuple[float | None, ...]


class Ltv(msgspec.Struct, frozen=True, kw_only=True):
    """What buyers brought so far by the age of their cohort: paid less refunded, cumulated, per buyer.

    overall  of all buyers whose cohort has reached the age, weighted by people
    """

    known: int
    period: str
    window: Span
    rows: tuple[LtvRow, ...]
    overall: tuple[float | None, ...]
    currency: str
    took_ms: float


class FunnelStep(msgspec.Struct, frozen=True, kw_only=True):
    """One step: how many reached it, what share of the step before, how long it took from there (median)."""

    kind: str
    zh: str
    people: int
    of_previous: float | None
    of_first: float | None
    median_ms: float | None


class Funnel(msgspec.Struct, frozen=True, kw_only=True):
    """People who did the steps in order within a time limit that starts at their first step.

    Each person counts once, from the first time in the window that they did the first step; every later step is the
    first one of its kind after the step before, and may lie past the window's end but not past the limit.
    """

    known: int
    window: Span
    within_ms: int
    by: str
    groups: tuple[tuple[str, tuple[FunnelStep, ...]], ...]  # key of the split ("" for all), steps
    took_ms: float


class PathLink(msgspec.Struct, frozen=True, kw_only=True):
    """So many sessions went from one step to the next at one place in the path."""

    place: int
    source: str
    target: str
    sessions: int


class Paths(msgspec.Struct, frozen=True, kw_only=True):
    """What people do after (or before) a kind of event, step by step, within sessions.

    Each session counts once, from the first `start` in it; the same kind several times in a row is one step.
    links     place 0 leads from `start`; targets "end" (the session ends, or began) and "other" (less frequent kinds)
    """

    known: int
    window: Span
    start: str
    backwards: bool
    sessions: int
    links: tuple[PathLink, ...]
    names: dict[str, str]
    took_ms: float


class Bin(msgspec.Struct, frozen=True, kw_only=True):
    """People whose value lies in [low, high); high None is open."""

    low: float
    high: float | None
    people: int


class Distribution(msgspec.Struct, frozen=True, kw_only=True):
    """How a count or an amount per person is spread."""

    known: int
    window: Span
    of: str  # kind of event
    unit: str  # "count" of events, or "money" in minor units
    people: int
    mean: float | None
    median: float | None
    p90: float | None
    bins: tuple[Bin, ...]
    took_ms: float
    currency: str = "CNY"


class Intervals(msgspec.Struct, frozen=True, kw_only=True):
    """How long it takes from one kind of event to the next of another (or the same), per person.

    An event of `back` ends an interval when the person's latest event of the two kinds before it is one of `start`.
    """

    known: int
    window: Span
    start: str
    back: str
    pairs: int
    median_days: float | None
    p10_days: float | None
    p90_days: float | None
    bins: tuple[Bin, ...]
    took_ms: float


class EventTrend(msgspec.Struct, frozen=True, kw_only=True):
    """How often kinds of event occurred over time, by whom they were done, split if asked."""

    known: int
    window: Span
    kind: str
    measure: str  # "events", "people" or "amount"
    by: str
    series: tuple[tuple[str, tuple[Point, ...]], ...]
    took_ms: float
    currency: str = "CNY"
