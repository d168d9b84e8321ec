"""What questions about metrics are answered with: typed, with unit, window, as-of and the rows behind it."""

from typing import Literal

import msgspec

Unit = Literal["money", "count", "share", "days", "ratio"]
Better = Literal["higher", "lower", "neither"]
FreshState = Literal["fresh", "late", "stopped", "never"]


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """A half-open stretch of time as it was asked for.

    start_ms, end_ms  [start, end), milliseconds UTC
    partial           the period still runs, so it is compared with the same elapsed part
    """

    start_ms: int
    end_ms: int
    partial: bool = False


class MetricRow(msgspec.Struct, frozen=True, kw_only=True):
    """One metric's definition (口径) as a catalogue shows it.

    grain       what one counted thing is: order, line, payment, person, event
    dimensions  by what it may be split; splitting by another would count wrongly and is refused
    needs       kinds of event that must be there
    """

    id: str
    zh: str
    en: str
    unit: Unit
    better: Better
    grain: str
    definition_zh: str
    definition_en: str
    dimensions: tuple[str, ...]
    needs: tuple[str, ...]


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """One metric's value in one window.

    value     minor units for money, 0..1 for a share, else as the unit says; None: cannot be said, see `missing`
    numerator, denominator  of a share or a ratio
    n         how many things of the metric's grain stand behind it
    """

    value: float | None
    n: int
    numerator: float | None = None
    denominator: float | None = None
    missing: str = ""


class MetricAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A metric now and in the window it is compared with.

    change    (value - compared) / compared; for a share the plain difference; None when it cannot be said
    currency  of money
    """

    metric: str
    zh: str
    en: str
    unit: Unit
    better: Better
    current: Reading
    compared: Reading | None
    change: float | None
    currency: str = "CNY"


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """One bucket of a series; value None is a gap in the data, not a zero."""

    start_ms: int
    value: float | None
    partial: bool = False


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """A metric over time; `key` is what it was split by, "" for the whole."""

    key: str
    zh: str
    points: tuple[Point, ...]


class Freshness(msgspec.Struct, frozen=True, kw_only=True):
    """How fresh a platform's data is, against its own promise.

    newest_at_ms    when its latest event happened; None: never had data
    learnt_ms       when its last event was learnt
    promise_ms      how old the newest event may be before it is late
    """

    platform: str
    zh: str
    en: str
    disc: str
    state: FreshState
    newest_at_ms: int | None
    learnt_ms: int | None
    promise_ms: int
    events: int


class MetricChange(msgspec.Struct, frozen=True, kw_only=True):
    """Where a metric changed: one part's own change and its share of the whole change.

    part       value of the dimension, e.g. a platform id
    of_total   share of the whole change that this part makes up; may exceed 1 when others moved the other way
    stale      the part's data is late, so its fall may not be real
    effect     what the change is worth in money, minor units, below 0 when it is lost; None: not carried to money
    unusual    the change in usual variations of the part, where it is not carried to money
    """

    metric: str
    zh: str
    en: str
    unit: Unit
    better: Better
    dimension: str
    part: str
    part_zh: str
    current: float | None
    compared: float | None
    change: float | None
    of_total: float | None
    stale: bool
    effect: float | None = None
    unusual: float | None = None


class DateNote(msgspec.Struct, frozen=True, kw_only=True):
    """One dated line on every time chart.

    source  person, calendar, source or play
    who     the member who wrote it
    """

    id: str
    day: str  # YYYY-MM-DD, local
    text: str
    source: str
    text_en: str = ""
    platform: str = ""
    who: str = ""


class Todo(msgspec.Struct, frozen=True, kw_only=True):
    """Something that waits for a person; `count` things, `path` of the page where it is done.

    since_ms  when the oldest of them began to wait; None = not kept
    zh, en    why it is here; cost_zh, cost_en: what waiting costs, "" = nothing is known; act_zh, act_en: the verb
    money     fen that are at stake while it waits; people: who are; None = not known
    until_ms  when it is too late; None = never
    patient   True: waiting costs nothing by the minute
    id        of the one thing; "" when they are several
    """

    kind: str
    count: int
    path: str
    since_ms: int | None
    zh: str = ""
    en: str = ""
    cost_zh: str = ""
    cost_en: str = ""
    act_zh: str = ""
    act_en: str = ""
    money: int | None = None
    people: int | None = None
    until_ms: int | None = None
    patient: bool = False
    id: str = ""


class Cockpit(msgspec.Struct, frozen=True, kw_only=True):
    """The many platforms at a glance, as known at one sequence number.

    as_of_ms   the instant that "now" stands for
    rows       events that were looked at
    trend      series of the chosen metric: current and compared, aligned bucket by bucket
    multiples  the chosen metric by platform
    took_ms    server time
    """

    known: int
    as_of_ms: int
    window: Span
    compared: Span | None
    cards: tuple[MetricAnswer, ...]
    freshness: tuple[Freshness, ...]
    changes: tuple[MetricChange, ...]
    metric: str
    trend: tuple[Series, ...]
    multiples: tuple[Series, ...]
    notes: tuple[DateNote, ...]
    todo: tuple[Todo, ...]
    newest_at_ms: int | None
    rows: int
    took_ms: float


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What stands behind a number.

    of         "metric:gmv_paid", "event:…", "party:…"
    sql        the query that gives the value, as it may be run by hand
    sample     first rows behind it: column names, then rows
    people     how many people stand behind it, None where people are not counted
    person_refs  some of them; empty without the right to see people
    lineage    from sources over kinds of event to this number, one line each
    """

    of: str
    zh: str
    en: str
    definition_zh: str
    definition_en: str
    unit: str
    known: int
    as_of_ms: int
    window: Span | None
    current: Reading | None
    compared: Reading | None
    sql: str
    columns: tuple[str, ...]
    sample: tuple[tuple[str | int | float | None, ...], ...]
    rows: int
    people: int | None
    person_refs: tuple[str, ...]
    method_zh: str
    method_en: str
    lineage: tuple[str, ...]
    command: str
