"""The page that explains the traits: grammar, semantics, measures and every row, made from the rows themselves."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final

from guanxi.core import RowTable
from guanxi.traits.family import traits
from guanxi.traits.measure import Measure, measures
from guanxi.traits.trait import PARTIES, ZERO, Aggregate, Trait
from guanxi.traits.words import TOPICS, name_code

#: aggregate -> what it is of, and what it says.
AGGREGATES: Final[dict[Aggregate, tuple[str, str]]] = {
    "count": ("events", "how many there were"),
    "sum": ("value", "the values added up"),
    "mean": ("value", "the sum over the number of values"),
    "min": ("value", "the smallest"),
    "max": ("value", "the largest"),
    "std": ("value", "the population standard deviation, from exact sums"),
    "distinct": ("code", "how many different ones"),
    "top": ("code", "the one with most events, or the second or third; of equals the one seen later"),
    "top_share": ("code", "the share of events with the most frequent one"),
    "entropy": ("code", "how evenly events spread over them, in bits"),
    "ratio": ("two measures", "sums of values when both measures have one, else counts; null over nothing"),
    "gap_mean": ("events", "the mean time from the event before, over events that have one"),
    "gap_std": ("events", "the standard deviation of that time"),
    "after": ("two measures", "how many had an event of the other measure at most so long before"),
    "versus": ("value", "this event's value over the mean before it; null at events of other kinds"),
    "first": ("value", "that of the first event in the party's life"),
    "last": ("value", "that of the latest event"),
    "since_first": ("events", "the time since the first event"),
    "since_last": ("events", "the time since the latest event"),
    "streak": ("events", "local days in a row with an event, up to today or yesterday"),
    "decayed": ("events or value", "each event, or value, halved every half-life and added up (to 1e-9)"),
    "balance": ("value", "all signed values of the party's life added up"),
}

_HEAD: Final = """\
# Traits 标签与特征

This page is made from `src/guanxi/traits/catalogue/*.toml` by `python scripts/docs.py`; change those rows, not this text.

A trait is a named function of the events of one party before an instant: what a rule, a model or a person asks of it.
There are {all} of them over {measures} measures: {risk} for risk and {profile} for profiles. Each has one definition, whatever computes it:
one event at a time, a replay, columns, or SQL.

## Names

`PARTY.MEASURE.AGGREGATE.WINDOW`, for example `ip.orders.count.10m`. What qualifies an aggregate stands behind it:

| name | says |
|---|---|
| `card.orders.distinct_address.30d` | different addresses (`by`) |
| `card.payment_failures.ratio_payment_tries.1d` | over the other measure |
| `account.orders.after_address_changes_30m.1d` | within 30 minutes after the other measure |
| `person.spend.decayed_7d.life` | halved every 7 days |
| `account.holds.count_via_device.30d` | mean over the other accounts that shared a device |

## Semantics

- **Clock.** Live events count by when they were received, so that nobody back-dates a window; imported history by when it happened. Ties are ordered by `seq`.
- **Sliding windows** (up to 30d) at an event hold the events of the party with a clock in `[t - window, t]` that precede it; the event itself is not among them. As of an instant they hold `[t - window, t)`.
- **Longer windows** are whole local days (China time), today included: 90d reaches back to the local midnight 89 days ago.
- **Life** begins with the party's first event, and anew after a silence of more than 400 days.
- **Neighbours** (`via`) are parties of the same type that shared one of the role in the 30 days before; the trait is the mean of theirs at the last local midnight.
- **Nothing happened:** {zero} are 0; all others are null.
- **Numbers** are exact integers inside: money in minor units of the event's currency, time in milliseconds. Ratios are made when read.
- **Identity.** A person is an account or person with whom it was one as known at that moment; other parties are what the event names. Masked references (张**) name nobody.
- **Privacy.** `behaviour` tells what somebody did; `sensitive` needs a purpose to be read: typing, places, holds, identity checks, chargebacks. No trait reads the vault.
"""  # noqa: E501 - lines of the page


def document() -> str:
    """Return docs/traits.md."""
    rows, known = tuple(traits().values()), measures()
    lines = [
        _HEAD.format(
            all=len(rows), measures=len(known), zero=", ".join(f"`{name}`" for name in ZERO),
            **{use: sum(use in row.uses for row in rows) for use in ("risk", "profile")},
        ),
        *_aggregates(), *_parties(rows), *_measures(known),
    ]  # fmt: skip
    for topic, (zh, en) in TOPICS.items():
        of = [row for row in rows if row.topic == topic]
        if of:
            lines += [f"## {zh} {en}", "", f"{len(of)} traits.", ""]
            lines += _topic(of)
    return "\n".join(lines)


def _aggregates() -> Iterator[str]:
    yield from ("## Aggregates", "", "| aggregate | of | says |", "|---|---|---|")
    yield from (f"| `{name}` | {of} | {says} |" for name, (of, says) in AGGREGATES.items())
    yield ""


def _parties(rows: Iterable[Trait]) -> Iterator[str]:
    names = [row.party for row in rows]
    yield from ("## Parties", "", "| party | 中文 | role of the event | traits |", "|---|---|---|---|")
    for party in PARTIES.values():
        if party.name in names:
            role = f"{party.role}, as identities were known" if party.resolved else party.role
            yield f"| `{party.name}` | {party.zh.removeprefix('此')} | {role} | {names.count(party.name)} |"
    yield ""


def _measures(known: RowTable[Measure]) -> Iterator[str]:
    yield from ("## Measures", "", "Which events, and what is read of each.", "")
    yield from ("| measure | 中文 | English | events | where | reads |", "|---|---|---|---|---|---|")
    for row in known.values():
        kinds, where = ", ".join(row.kinds) or "every kind", "; ".join(f"`{clause}`" for clause in row.where)
        yield f"| `{row.name}` | {row.zh} | {row.en} | {kinds} | {where} | {_reads(row)} |"
    yield ""


def _reads(row: Measure) -> str:
    value = f"{'-' if row.sign < 0 else ''}`{row.value}` ({row.unit})" if row.value else ""
    scale = f" x {row.scale}" if row.scale > 1 else ""
    code = f"`{row.code}` ({row.code_en or name_code(row.code)[1]})" if row.code else ""
    return ", ".join(part for part in (value + scale, code) if part)


def _topic(rows: list[Trait]) -> Iterator[str]:
    """Tables of a topic: what was declared with one reason stands together under it."""
    for (zh, en), group in groupby(rows, key=lambda row: (row.why_zh, row.why_en)):
        yield from (zh, "", en, "", "| trait | 中文 | English | unit | window | privacy |", "|---|---|---|---|---|---|")
        for row in group:
            yield f"| `{row.name}` | {row.zh} | {row.en} | {row.unit} | {row.window} | {row.privacy} |"
        yield ""
