"""Asks and decisions: single laws, columnar laws, and that the two are twins."""

from dataclasses import replace
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guanxi.core import DataError, Estimate, Money, Reason
from guanxi.decisions import NONE, NOTHING, Ask, Asks, Candidate, Decision, Decisions, check_answers, decision_id

T = 1_700_000_000_000
COUPON = (("amount", 500), ("days", 7), ("threshold", 3000))
ASK = Ask(
    id="a1", at_ms=T, kind="slate", party="account:app:x", context=(("hour", 3), ("rain", True)), size=2,
    candidates=(
        Candidate(id="i1", params=(("price", 990),), cost=Money(5),
                  value=Estimate(value=1.0, low=0.5, high=2.0, level=0.9, unit="yuan", n=3, method="mean")),
        Candidate(id="i2"), Candidate(id=NOTHING, kind="none"),
    ),
)  # fmt: skip
TOLD = Decision(
    id="d1", at_ms=T, kind="coupon", party="account:app:x", chosen=("c5",), alternatives=("c5", NOTHING),
    propensity=0.5, policy="hold-out", params=COUPON, until_ms=T + 10, reasons=(Reason(zh="常客", en="regular"),),
)  # fmt: skip

BAD: list[Any] = [
    pytest.param({"propensity": 0.0}, "propensity", id="impossible-choice"),
    pytest.param({"propensity": 1.01}, "propensity", id="more-than-certain"),
    pytest.param({"propensity": float("nan")}, "propensity", id="unknown-propensity"),
    pytest.param({"chosen": ("c9",)}, "chosen", id="not-offered"),
    pytest.param({"chosen": ("c5", "c5"), "size": 2}, "chosen", id="twice"),
    pytest.param({"chosen": ("c5", NOTHING)}, "chosen", id="too-many"),
    pytest.param({"alternatives": ()}, "chosen|alternatives", id="nothing-possible"),
    pytest.param({"id": ""}, "id", id="no-id"),
    pytest.param({"policy": ""}, "policy", id="no-policy"),
    pytest.param({"at_ms": 1_700_000_000}, "at_ms", id="seconds"),
    pytest.param({"until_ms": T}, "until_ms", id="ends-at-once"),
    pytest.param({"kind": "wish"}, "kind", id="unknown-kind"),
    pytest.param({"mode": "dream"}, "mode", id="unknown-mode"),
    pytest.param({"party": "x"}, "", id="no-reference"),
    pytest.param({"size": 0, "chosen": ()}, "size", id="nothing-may-be-chosen"),
    pytest.param({"params": ()}, "amount", id="coupon-without-amount"),
    pytest.param({"params": (("amount", 0), *COUPON[1:])}, "amount", id="nothing-off"),
    pytest.param({"params": (("amount", 5.0), *COUPON[1:])}, "amount", id="broken-fen"),
    pytest.param({"kind": "message", "params": (("channel", "pigeon"),)}, "channel", id="unknown-channel"),
    pytest.param(
        {"kind": "message", "params": (("channel", "app"), ("content", "x"))}, "purpose", id="message-without-purpose"
    ),
    pytest.param({"params": (*COUPON, ("x", float("inf")))}, "params|x", id="infinite"),
]


def columns(decision: Decision, changes: dict[str, Any]) -> pl.DataFrame:
    """The frame that holds a decision with changes which the single value would refuse."""
    params = dict(changes.get("params", decision.params))
    fields = {name: getattr(decision, name) for name in Decisions.COLUMNS} | {
        name: value for name, value in changes.items() if name != "params"
    }
    fields["reasons"] = None
    row = {name: list(value) if isinstance(value, tuple) else value for name, value in fields.items()}
    frame = pl.DataFrame({name: pl.Series(name, [row[name]], dtype) for name, dtype in Decisions.COLUMNS.items()})
    return frame.with_columns(pl.Series(f"p_{name}", [value]) for name, value in params.items())


@pytest.mark.parametrize(("changes", "field"), BAD)
def test_a_broken_law_is_refused_singly_and_in_columns(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(DataError) as single:
        replace(TOLD, **changes)
    assert not field or single.value.field in field.split("|")
    with pytest.raises(DataError) as many:
        Decisions(columns(TOLD, changes))
    assert not field or many.value.field in field.split("|")


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"id": ""}, id="no-id"),
        pytest.param({"at_ms": 5}, id="the-year-1970"),
        pytest.param({"kind": "coupon"}, id="a-kind-that-is-told"),
        pytest.param({"party": "account"}, id="no-reference"),
        pytest.param({"candidates": ()}, id="nothing-to-choose"),
        pytest.param({"candidates": (Candidate(id="i"), Candidate(id="i"))}, id="twice"),
        pytest.param({"size": 0}, id="choose-none"),
        pytest.param({"context": (("b", 1), ("a", 1))}, id="unsorted"),
        pytest.param({"context": (("a", 1), ("a", 2))}, id="named-twice"),
        pytest.param({"context": (("A", 1),)}, id="capital"),
    ],
)
def test_a_broken_ask_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(DataError):
        replace(ASK, **changes)


REFS = st.builds("account:{}:{}".format, st.sampled_from(["app", "taobao", ""]), st.text("ab:张 ", min_size=1))
IDS = st.text("abc张", max_size=3)
PARAMS = st.fixed_dictionaries(
    {},
    optional={
        "amount": st.integers(-1, 3), "threshold": st.integers(-1, 2), "days": st.integers(0, 2),
        "channel": st.sampled_from(["app", "sms", "pigeon"]), "content": IDS, "purpose": IDS,
        "x": st.floats(), "y": st.booleans(),
    },
).map(lambda pairs: tuple(sorted(pairs.items())))  # fmt: skip
FIELDS = st.fixed_dictionaries(
    {
        "id": IDS, "ask": IDS, "policy": IDS, "at_ms": st.integers(631_151_999_998, 631_152_000_003) | st.just(T),
        "kind": st.sampled_from(["slate", "coupon", "message", "wish"]), "party": REFS | IDS,
        "chosen": st.lists(IDS, max_size=3).map(tuple), "alternatives": st.lists(IDS, max_size=4).map(tuple),
        "propensity": st.floats(-0.1, 1.1) | st.just(1.0), "mode": st.sampled_from(["auto", "shadow", "no"]),
        "size": st.integers(0, 3), "until_ms": st.none() | st.integers(T - 1, T + 1), "params": PARAMS,
    }
)  # fmt: skip
LAWFUL = FIELDS.map(lambda fields: fields | {
    "id": fields["id"] + "d", "policy": "p", "at_ms": T, "kind": "slate",
    "party": "account:app:" + (fields["ask"] or "x"),
    "chosen": tuple(dict.fromkeys(one or "q" for one in fields["chosen"])),
    "alternatives": tuple(dict.fromkeys([*(one or "q" for one in fields["chosen"]), NOTHING])), "propensity": 0.25,
    "mode": "auto", "size": 3, "until_ms": None, "params": tuple(pair for pair in fields["params"] if pair[0] != "x"),
})  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(FIELDS | LAWFUL)
def test_columns_refuse_exactly_what_single_checks_refuse(fields: dict[str, Any]) -> None:
    try:
        single = replace(TOLD, reasons=(), **fields)
    except DataError:
        with pytest.raises(DataError):
            Decisions(columns(TOLD, fields))
    else:
        assert list(Decisions(columns(TOLD, fields)).rows()) == [single]


@settings(max_examples=60, deadline=None)
@given(st.lists(LAWFUL.map(lambda fields: replace(TOLD, **fields)), max_size=4))
def test_rows_and_columns_are_the_same_decisions(rows: list[Decision]) -> None:
    table = Decisions.from_rows(rows)
    assert list(table.rows()) == rows
    assert Decisions.from_rows(table.rows()) == table
    assert Decisions.concat([Decisions.from_rows([row]) for row in rows]) == table


def test_rows_and_columns_are_the_same_asks() -> None:
    plain = Ask(id="a2", at_ms=T, kind="draw", party="household::7", candidates=(Candidate(id="x", kind="prize"),))
    table = Asks.from_rows([ASK, plain])
    assert list(table.rows()) == [ASK, plain]
    assert Asks.from_rows(table.rows()) == table
    assert Asks.from_rows([ASK]) + Asks.from_rows([plain]) == table
    assert list(table.select("draw").rows()) == [plain]


def test_asks_from_a_frame_get_the_defaults() -> None:
    frame = pl.DataFrame({"id": ["a"], "at_ms": [T], "kind": ["slate"], "party": ["account:app:x"],
                          "candidates": [["i1", "i2"]], "size": pl.Series([2], dtype=pl.UInt8)})  # fmt: skip
    (ask,) = Asks(frame).rows()
    assert ask.candidates == (Candidate(id="i1"), Candidate(id="i2"))
    with pytest.raises(DataError, match="no column"):
        Asks(frame.with_columns(color=pl.lit(1)))
    with pytest.raises(DataError, match="need the column"):
        Asks(frame.drop("party"))
    with pytest.raises(DataError, match="holds"):
        Asks(frame.with_columns(pl.col("at_ms").cast(pl.Float64)))


def test_one_name_has_one_type() -> None:
    first, second = replace(ASK, context=(("a", 1),)), replace(ASK, context=(("a", "1"),))
    with pytest.raises(DataError, match="two types"):
        Asks.from_rows([first, second])
    with pytest.raises(DataError, match="two types"):
        Asks.concat([Asks.from_rows([first]), Asks.from_rows([second])])


@pytest.mark.parametrize(
    ("changes", "start", "end", "held"),
    [
        pytest.param({}, T, T + 1, True, id="now"),
        pytest.param({}, T - 5, T, False, id="not-yet"),
        pytest.param({}, T + 10, T + 20, False, id="just-over"),
        pytest.param({}, T + 9, T + 20, True, id="still"),
        pytest.param({"until_ms": None}, T + 10**9, T + 10**10, True, id="for-good"),
        pytest.param({"mode": "shadow"}, T, T + 1, False, id="only-logged"),
        pytest.param({"mode": "propose"}, T, T + 1, False, id="waits-for-a-person"),
    ],
)
def test_in_force(changes: dict[str, Any], start: int, end: int, held: bool) -> None:
    assert len(Decisions.from_rows([replace(TOLD, **changes)]).in_force(start, end)) == held


def test_acting_leaves_the_hold_out_out() -> None:
    kept = replace(TOLD, id="d2", chosen=(NOTHING,), params=())
    none = replace(TOLD, id="d3", chosen=(), params=())
    assert [one.id for one in Decisions.from_rows([TOLD, kept, none]).acting().rows()] == ["d1"]
    assert (TOLD.acts, kept.acts, none.acts) == (True, False, False)
    assert len(NONE) == 0


def test_an_id_says_what_was_decided() -> None:
    made = Decision.made(at_ms=T, kind="coupon", party="account:app:x", chosen=("c5",), policy="p", propensity=0.5,
                         alternatives=("c5", NOTHING), params=COUPON)  # fmt: skip
    assert made.id == decision_id("p", "account:app:x", "coupon", T, ("c5",))
    assert made.id != decision_id("p", "account:app:x", "coupon", T + 1, ("c5",))
    table = Decisions.from_rows([made])
    assert Decisions.made(table.frame.drop("id")) == table


ANSWER = Decision.made(at_ms=T, kind="slate", party="account:app:x", ask="a1", chosen=("i2",), policy="p", size=2,
                       alternatives=("i1", "i2"), propensity=0.5)  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({"ask": "a7"}, "no ask", id="unasked"),
        pytest.param({"party": "account:app:y"}, "fit", id="another-party"),
        pytest.param({"alternatives": ("i2", "i9")}, "fit", id="not-offered"),
        pytest.param({"kind": "draw"}, "fit", id="another-kind"),
    ],
)
def test_answers_fit_their_asks(changes: dict[str, Any], words: str) -> None:
    asks = Asks.from_rows([ASK])
    check_answers(asks, Decisions.from_rows([ANSWER]))
    check_answers(asks, NONE)
    with pytest.raises(DataError, match=words):
        check_answers(asks, Decisions.from_rows([replace(ANSWER, **changes)]))
    with pytest.raises(DataError, match="twice"):
        check_answers(asks, Decisions.from_rows([ANSWER, replace(ANSWER, id="other")]))
