"""The profile catalogue: enough rows, every topic, and nothing that stays empty for everybody."""

from datetime import date
from functools import cache

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from guanxi.core import RowTable
from guanxi.engines.sources import presets
from guanxi.events import EventBatch
from guanxi.traits.clause import FIELDS
from guanxi.traits.family import traits
from guanxi.traits.fields import DAY
from guanxi.traits.intake import Intake
from guanxi.traits.measure import SINCE, Measure, measures
from guanxi.traits.trait import OF_CODE, OF_VALUE, PARTIES, Trait
from guanxi.traits.words import TOPICS
from guanxi.world import Town

#: Kinds that neither the town nor a file of a platform gives: what an operator's own app, mini program or WeCom
#: service sends through the SDK doors. A row may stay empty in the town only for these, or for a preset's kinds.
SENT_BY_OWN_APPS = {
    "Message Clicked": "the short links of messages",
    "Group Buy Opened": "the group-buying mini program",
    "Group Buy Joined": "the group-buying mini program",
    "Account Followed": "the shop's own app",
    "Invitation Sent": "the fission mini program",
    "Group Joined": "the call-back of WeCom groups",
    "Payment Aid Requested": "the checkout of the shop's own app",
    "Payment Completed": "the payment service, which knows the payer",
}
ASKED = (
    "rhythm", "life", "purchase", "taste", "price", "promotion", "reach", "content", "live", "service", "social",
    "platforms", "recipient", "loyalty",
)  # fmt: skip


def rows() -> list[Trait]:
    return [row for row in traits().values() if "profile" in row.uses]


def parts(row: Trait) -> list[Measure]:
    return [measures()[name] for name in (row.of, row.over, row.after) if name]


class Seen:
    """What happened in a small town, as the intake of the catalogue reads it."""

    def __init__(self, known: RowTable[Measure], codes: list[str]) -> None:
        self.intake = Intake(list(known.values()), codes)
        town = Town(seed=7, people=600, start=date(2025, 9, 1), horizon=60)
        columns = {"seq": pl.lit(0), "live": pl.lit(False), "received_ms": pl.col("at_ms")}
        frames: dict[str, list[pl.DataFrame]] = {}
        for one in town.step(town.ms_of(21)):
            frames.setdefault(one.kind, []).append(one.frame.with_columns(**columns))
        batches = [
            self.intake.columns(EventBatch(kind, pl.concat(days, how="diagonal_relaxed")))
            for kind, days in frames.items()
        ]
        self.bits = np.concatenate([one.bits for one in batches])
        self.present = np.concatenate([one.present for one in batches])
        self.codes = np.concatenate([one.codes for one in batches]) != 0
        self.parties = np.concatenate([one.parties for one in batches]) != 0
        self.places = {measure.name: at for at, measure in enumerate(self.intake.measures)}

    def holds(self, measure: Measure, party: str) -> NDArray[np.bool_]:
        """The events of a measure that name a party."""
        bit = self.places[measure.name]
        inside = (self.bits[:, bit // 64] >> np.uint64(bit % 64)) & np.uint64(1)
        at = [row.name for row in self.intake.parties].index(party)
        return np.asarray(inside.astype(bool) & self.parties[:, at])

    def fills(self, row: Trait) -> bool:
        """Whether some party of the town has something to tell of a row."""
        return all(self.counts(row, one) for one in parts(row))

    def counts(self, row: Trait, measure: Measure) -> bool:
        """Whether the town has events of one of a row's measures, with the number or the name that it reads."""
        found = self.holds(measure, row.party)
        if measure.name != row.of:
            return bool(found.any())
        if row.aggregate in OF_VALUE:
            number = self.intake.value_of(measure)
            found &= (self.present >> np.uint64(number) & np.uint64(1)).astype(bool)
        if row.aggregate in OF_CODE:
            found &= self.codes[:, self.intake.codes.index(row.by)]
        return bool(found.any())


@pytest.fixture(scope="module")
def seen() -> Seen:
    return Seen(measures(), sorted({row.by for row in rows() if row.by}))


@cache
def given() -> dict[str, set[str]]:
    """Kind -> the fields that files of real platforms give."""
    found: dict[str, set[str]] = {}
    for preset in presets().values():
        for event in preset.events:
            fields = found.setdefault(event.kind, {*FIELDS, DAY})
            fields |= {f"role.{name}" for name in event.roles} | {f"ref.{name}" for name in event.refs}
            fields |= {f"p.{name}" for name in event.properties}
    return found


def fields_of(measure: Measure, row: Trait) -> set[str]:
    """What an event has to have to count for a row."""
    needed = {clause.field for clause in measure.clauses if clause.op != "lacks"}
    needed |= {clause.other for clause in measure.clauses if clause.other} | {f"role.{PARTIES[row.party].role}"}
    if measure.name == row.of and row.aggregate in OF_VALUE:
        needed.add(measure.value.removeprefix(SINCE))
    if measure.name == row.of and row.aggregate in OF_CODE:
        needed.add(row.by)
    return needed


def provided(row: Trait, measure: Measure) -> bool:
    """Whether a real platform's files, or an operator's own apps, give what a row reads of a measure."""
    return any(
        kind in SENT_BY_OWN_APPS or fields_of(measure, row) <= given().get(kind, set()) for kind in measure.kinds
    )


def test_there_are_two_hundred_and_more() -> None:
    assert len(rows()) >= 200
    assert sum(row.party == "person" for row in rows()) >= 200


@pytest.mark.parametrize("topic", ASKED)
def test_every_topic_is_there(topic: str) -> None:
    assert topic in TOPICS
    assert sum(row.topic == topic for row in rows()) >= 3


def test_a_person_is_about_a_few_measures() -> None:
    # Each costs every person memory: a plan holds them in one word.
    used = {one.name for row in traits().values() if row.party == "person" for one in parts(row)}
    assert len(used) <= 62


@pytest.mark.slow
def test_every_row_can_be_filled(seen: Seen) -> None:
    empty = [row for row in rows() if not seen.fills(row)]
    missing = [(row, one) for row in empty for one in parts(row) if not seen.counts(row, one)]
    assert [(row.name, one.name) for row, one in missing if not provided(row, one)] == []
    assert len(empty) <= 60  # by far the most have something to tell in the town


@pytest.mark.slow
def test_no_exemption_is_idle(seen: Seen) -> None:
    asked = {kind for row in rows() if not seen.fills(row) for one in parts(row) for kind in one.kinds}
    assert set(SENT_BY_OWN_APPS) <= asked


def test_every_row_says_why() -> None:
    for row in rows():
        assert len(row.why_zh) >= 10, row.name
        assert len(row.why_en) >= 20, row.name
        assert row.why_zh.endswith("。"), row.name
        assert not set(row.zh) & set("{。"), row.name
        assert not any("a" <= letter <= "z" for letter in row.zh), row.name  # no field's name is left in the Chinese
        assert not set(row.en) & set("{_."), row.name


def test_sentences_tell_rows_apart() -> None:
    for language in ("zh", "en"):
        said = [getattr(row, language) for row in rows()]
        assert sorted({text for text in said if said.count(text) > 1}) == []
