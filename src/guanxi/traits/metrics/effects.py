"""What changes are worth: carried to paid GMV where that can be done, else against their own usual variation."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Final, Literal

from guanxi.traits.metrics.answers import MetricChange, Reading, Unit

#: Readings of one part: metric -> (current, compared).
Readings = Mapping[str, tuple[Reading, Reading]]


@dataclass(frozen=True, slots=True)
class Step:
    """One factor that carries a change to paid GMV.

    metric  whose reading of the same part it is
    when    "now" or "then"; where that window has none, the other one's
    field   of the reading
    over    divide by it
    """

    metric: str
    when: Literal["now", "then"] = "then"
    field: Literal["value", "denominator"] = "value"
    over: bool = False


#: metric -> what its change is multiplied by, those nearest to money first; what is not here has no effect in money.
CARRIED: Final[Mapping[str, tuple[Step, ...]]] = {
    "gmv_paid": (),
    "orders_paid": (Step("gmv_paid"), Step("orders_paid", over=True)),
    "buyers": (Step("basket_value"),),
    "gmv_created": (Step("gmv_paid"), Step("gmv_created", over=True)),
    "orders_created": (Step("gmv_paid"), Step("orders_created", over=True)),
    "new_buyers": (Step("basket_value"),),
    "basket_value": (Step("buyers", "now"),),
    "visitors": (Step("conversion"), Step("basket_value")),
    "conversion": (Step("visitors", "now"), Step("basket_value")),
    "refund_rate": (Step("gmv_paid", "now"),),
    "roi": (Step("roi", "now", "denominator"),),
}
LOST: Final = frozenset({"refund_rate"})  # a rise of these takes money away
#: They count the same purchases.
PURCHASES: Final = frozenset({"gmv_paid", "orders_paid", "buyers", "gmv_created", "orders_created"})

MOST: Final = 8  # changes that are shown
OF_METRIC: Final = 2  # of them of one metric
OF_PART: Final = 3  # of them of one part
UNUSUAL: Final = 2.0  # usual variations from which a change without an effect in money is shown
KEPT: Final = 2  # places that are kept for those
EARLIER: Final = 6  # windows before the compared one that tell what is usual
FEWEST: Final = 3  # fewer of them say nothing

RULE_ZH: Final = (
    "「变在哪里」按折成金额的影响从大到小排：变化量乘以把它带到支付GMV的数（订单 × 笔单价，人数 × 客单价，"
    "转化率 × 访客 × 客单价，退款率 × 支付GMV，ROI × 花费）；量变按对比期的率与单价算，率与单价变按本期的量算。"
    "GMV、订单、人数数的是同一批购买，一个平台只列一行。"
    f"折不成金额的，变化达到平时波动（此前 {EARLIER} 个等长时段的标准差）的 {UNUSUAL:g} 倍才列，排在后面。"
    f"一个指标至多 {OF_METRIC} 行，一个平台至多 {OF_PART} 行。影响是折算，不是原因。"
)
RULE_EN: Final = (
    "Changes are ranked by their effect in money: the change times what carries it to paid GMV (orders by spend per"
    " order, people by spend per buyer, conversion by visitors by spend per buyer, refund rate by paid GMV, ROI by"
    " spend); volumes at the rates and prices of the compared period, rates and prices at the volumes of this one."
    " GMV, orders and buyers count the same purchases: a platform shows one row of them. What cannot be carried to"
    f" money comes after these, and only when it moved by {UNUSUAL:g} of its usual variations (standard deviation of"
    f" the {EARLIER} equal windows before). At most {OF_METRIC} rows of a metric and {OF_PART} of a platform. The"
    " effect is arithmetic, not a cause."
)


def effect(metric: str, part: Readings) -> float | None:
    """Return what a part's change of a metric is worth, in minor units of the currency; below 0 money is lost.

    None when the metric is not carried to money, or a factor of it cannot be said.
    """
    steps = CARRIED.get(metric)
    moved = _moved(part.get(metric))
    if steps is None or moved is None:
        return None
    for step in steps:
        factor = _factor(step, part)
        if factor is None:
            return None
        moved = moved / factor if step.over else moved * factor
    return -moved if metric in LOST else moved


def unusual(current: float | None, compared: float | None, earlier: Iterable[float | None], unit: Unit) -> float | None:
    """Return a change in usual variations: over the standard deviation of the values of earlier equal windows.

    A count varies by at least its square root, so that quiet counts do not make a change of one unusual.
    None when fewer than FEWEST earlier windows have a value, or none of them varies.
    """
    values = [value for value in earlier if value is not None]
    if current is None or compared is None or len(values) < FEWEST:
        return None
    usual = max(stdev(values), max(fmean(values), 1.0) ** 0.5 if unit == "count" else 0.0)
    return (current - compared) / usual if usual else None


def rank(found: Iterable[MetricChange], *, most: int = MOST) -> tuple[MetricChange, ...]:
    """Return the changes that are shown, in their order; the rule is RULE_EN."""
    told = list(found)
    rest: list[MetricChange] = []
    for one in sorted(told, key=lambda one: -abs(one.unusual or 0.0)):
        if one.effect is None and abs(one.unusual or 0.0) >= UNUSUAL and _fits(one, rest) and len(rest) < KEPT:
            rest.append(one)
    chosen: list[MetricChange] = []
    for group in _groups(told):
        fitting = [one for one in group if _fits(one, [*chosen, *rest])]
        if fitting and len(chosen) + len(rest) < most:
            chosen.append(fitting[0])
    return (*sorted(chosen, key=lambda one: -abs(one.effect or 0.0)), *rest)


def _groups(told: Sequence[MetricChange]) -> list[list[MetricChange]]:
    """Changes with an effect by part and by what they count, the largest effect first, the nearest to money inside."""
    groups: dict[tuple[str, str, str], list[MetricChange]] = {}
    for one in told:
        if one.effect:
            key = (one.dimension, one.part, "" if one.metric in PURCHASES else one.metric)
            groups.setdefault(key, []).append(one)
    order = list(CARRIED)
    for group in groups.values():
        group.sort(key=lambda one: order.index(one.metric))
    return sorted(groups.values(), key=lambda group: -abs(group[0].effect or 0.0))


def _fits(one: MetricChange, chosen: Sequence[MetricChange]) -> bool:
    """Whether there is room for one more row of its metric and of its part."""
    same = sum(other.metric == one.metric for other in chosen)
    beside = sum((other.dimension, other.part) == (one.dimension, one.part) for other in chosen)
    return same < OF_METRIC and beside < OF_PART


def _moved(pair: tuple[Reading, Reading] | None) -> float | None:
    if pair is None or pair[0].value is None or pair[1].value is None:
        return None
    return pair[0].value - pair[1].value


def _factor(step: Step, part: Readings) -> float | None:
    """The factor in its window, else in the other one; a factor of nothing carries nothing."""
    now, then = part.get(step.metric, (None, None))
    for reading in (now, then) if step.when == "now" else (then, now):
        value = getattr(reading, step.field, None)
        if value:
            return float(value)
    return None
