"""Labels (人群标签) over a workspace: who bears which, how many, and what they bought; beside the segments of RFM.

A label is a characteristic of a person, so consent is looked at before one is made: who does not allow analysis or
personalisation bears none, is found by none, and is counted as withheld.
"""

import time
from collections import OrderedDict
from typing import Any, Final
from weakref import WeakKeyDictionary

import msgspec
import polars as pl

from guanxi.app.analysis import same_party, took
from guanxi.app.consents import refusing
from guanxi.app.everybody import everybody
from guanxi.app.scope import Scope
from guanxi.app.stated import stated
from guanxi.app.tags import deleted_tags
from guanxi.app.workspace import Workspace
from guanxi.core import DataError
from guanxi.traits.labels import LABELS, STATED, UNKNOWN, Label, find_label, label_columns, label_words
from guanxi.traits.metrics import Variant

PURPOSES: Final = ("analyse", "personalise")  # whoever does not allow one of these bears no label
SHOWN: Final = 40  # values of a label that are named
_HELD: Final = 4


class LabelValue(msgspec.Struct, frozen=True, kw_only=True):
    """One value of a label.

    people   who bear it; share of those whose value is known
    buyers   of them, who bought; amount they paid, minor units
    """

    value: str
    zh: str
    en: str
    people: int
    share: float
    buyers: int
    amount: int


class PeopleLabel(msgspec.Struct, frozen=True, kw_only=True):
    """One label with its values.

    told     people whose value is known; unknown the others
    rest     people of values beyond those that are named
    """

    id: str
    zh: str
    en: str
    definition_zh: str
    definition_en: str
    told: int
    unknown: int
    rest: int
    values: tuple[LabelValue, ...]


class PeopleLabels(msgspec.Struct, frozen=True, kw_only=True):
    """All labels of the people of a scope.

    people    all of them: told + unknown + withheld of every label
    withheld  who does not allow analysis or personalisation: no label of theirs is made
    """

    known: int
    segment: str
    people: int
    withheld: int
    labels: tuple[PeopleLabel, ...]
    currency: str
    took_ms: float


def labels(workspace: Workspace, asked: Scope, *, segment: str = "", variant: Variant | None = None) -> PeopleLabels:
    """Return every label of the people who acted before the end of the asked time.

    segment  only these: as for `people`
    variant  of RFM; None: as `[rfm]` of the settings says
    raises   DataError for another segment
    """
    begin = time.perf_counter()
    all_of_them = everybody(workspace, asked, segment=segment, variant=variant)
    rows = _with_labels(workspace, asked, all_of_them)
    return PeopleLabels(
        known=asked.known, segment=segment, people=all_of_them.height, withheld=all_of_them.height - rows.height,
        labels=tuple(_label(rows, row) for row in LABELS), currency=asked.currency, took_ms=took(begin),
    )  # fmt: skip


def bearing(workspace: Workspace, asked: Scope, people: pl.DataFrame, wanted: str) -> pl.DataFrame:
    """Return the rows of the people who bear all labels of a text such as "gender:female,age:25-34".

    people  person and what else; one row a person
    raises  DataError when one is no label
    """
    rows = _with_labels(workspace, asked, people)
    for one in filter(None, (part.strip() for part in wanted.split(","))):
        name, colon, value = one.partition(":")
        label = find_label(name)
        if not colon or not value:
            raise DataError(f"the label is {one[:40]!r}", "Write the label and its value, as age:25-34", "label")
        rows = rows.filter(pl.col(f"label_{label.id}") == value)
    return rows.select(people.columns)


def _label(rows: pl.DataFrame, label: Label) -> PeopleLabel:
    found = rows.group_by(pl.col(f"label_{label.id}").alias("value")).agg(
        pl.len().alias("people"), pl.col("orders").is_not_null().sum().alias("buyers"),
        pl.col("amount").fill_null(0).sum().alias("amount"),
    )  # fmt: skip
    known = found.filter(pl.col("value") != UNKNOWN).sort(["people", "value"], descending=[True, False]).to_dicts()
    told = sum(row["people"] for row in known)
    shown = known[:SHOWN]
    if label.order is not None:
        order = label.order
        shown.sort(key=lambda row: order(row["value"]))
    values = []
    for row in shown:
        zh, en = label_words(label, row["value"])
        values.append(LabelValue(zh=zh, en=en, share=row["people"] / told, **row))
    return PeopleLabel(
        id=label.id, zh=label.zh, en=label.en, definition_zh=label.definition_zh, definition_en=label.definition_en,
        told=told, unknown=rows.height - told, rest=told - sum(row["people"] for row in shown), values=tuple(values),
    )  # fmt: skip


#: Labels, and who bears none, by what was asked; a reader serves one thread at a time.
_READ: WeakKeyDictionary[Workspace, "OrderedDict[tuple[Any, ...], tuple[pl.DataFrame, pl.Series]]"] = (
    WeakKeyDictionary()
)


def _with_labels(workspace: Workspace, asked: Scope, people: pl.DataFrame) -> pl.DataFrame:
    """Return the people who may be labelled, with a column label_<id> for each; who said nothing is unknown."""
    told, refused = _read(workspace, asked)
    allowed = people.filter(~pl.col("person").is_in(refused.implode()))
    return allowed.join(told, on="person", how="left").with_columns(pl.col(told.columns[1:]).fill_null(UNKNOWN))


def _read(workspace: Workspace, asked: Scope) -> tuple[pl.DataFrame, pl.Series]:
    """Return what people stated as labels, and who allows no labels; the last few are kept until the log grows."""
    held = _READ.setdefault(workspace, OrderedDict())
    key = (id(workspace.reader), asked.known, asked.window.end_ms, len(workspace.vault.tombstones()))
    if key not in held:
        pairs = same_party(workspace, asked.known)
        told = stated(workspace, STATED, pairs, known=asked.known, until_ms=asked.window.end_ms)
        refused = refusing(workspace, PURPOSES, told.select("person", "consent"), known=asked.known)
        allowed = label_columns(told.filter(~pl.col("person").is_in(refused.implode())))
        held[key] = _without_deleted(allowed, deleted_tags(workspace, known=asked.known)), refused
        while len(held) > _HELD:
            held.popitem(last=False)
    held.move_to_end(key)
    return held[key]


def _without_deleted(told: pl.DataFrame, deleted: pl.DataFrame) -> pl.DataFrame:
    """Labels without those that people had deleted, by the label's id or by the property that it is read from."""
    for label in LABELS:
        named = [label.id, *(name for name, ids in _READ_FROM.items() if label.id in ids)]
        whose = deleted.filter(pl.col("tag").is_in(named))["person"]
        column = f"label_{label.id}"
        hidden = pl.col("person").is_in(whose.implode())
        told = told.with_columns(pl.when(hidden).then(pl.lit(UNKNOWN)).otherwise(pl.col(column)).alias(column))
    return told


_READ_FROM: Final = {"age_band": ("age",), "occupation": ("job",), "province": ("region",), "city": ("region", "tier")}
