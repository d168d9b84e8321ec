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
    first_seen_ms: int | None


class People(msgspec.Struct, frozen=True, kw_only=True):
    """A page of people."""

    known: int
    total: int
    page: int
    size: int
    rows: tuple[PersonLine, ...]
    currency: str
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


class FunnelStep(msgspec.Struct, frozen=True, kw_only=True):
    """One step: how many reached it, what share of the step before, how long it took (median)."""

    kind: str
    zh: str
    people: int
    of_previous: float | None
    of_first: float | None
    median_ms: float | None


class Funnel(msgspec.Struct, frozen=True, kw_only=True):
    """People who did the steps in order within a time limit that starts at their first step."""

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
    """What people do after (or before) a kind of event, step by step, within sessions."""

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
    of: str
    unit: str
    people: int
    mean: float | None
    median: float | None
    p90: float | None
    bins: tuple[Bin, ...]
    took_ms: float


class Intervals(msgspec.Struct, frozen=True, kw_only=True):
    """How long it takes from one kind of event to the next of another (or the same), per person."""

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
