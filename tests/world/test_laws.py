"""What holds of every town: the same seed gives the same bytes, however it is cut, and mechanisms compose."""

from collections.abc import Iterable
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guanxi.core import DataError, SettingError
from guanxi.events import EventBatch, shipped
from guanxi.events.checks import problems
from guanxi.world import Day, Dial, HousePolicy, Planted, Spec, Term, Town
from guanxi.world.spec import CHOICES

DAYS = 6


class Whisper(Planted):
    """Leans on carts, and says so once a day."""

    spec: ClassVar[Spec] = Spec(name="whisper", reads=("people.age",), emits=("Trend Observed",), variants=("a", "b"))

    def lean(self, day: Day) -> Iterable[Term]:
        value = np.full(day.board.count("people"), 3.0 * self.dial.dose, np.float32)
        return (Term(choice="cart", axes=("person",), value=value),)

    def emit(self, day: Day) -> Iterable[EventBatch]:
        high, low = day.pair(self.spec.name, np.array([0]), np.array([0]))
        yield EventBatch(
            "Trend Observed",
            pl.DataFrame(
                {
                    "id_hi": high,
                    "id_lo": low,
                    "at_ms": [day.start_ms],
                    "p_topic": ["whisper"],
                    "_person": np.array([-1], np.int32),
                }
            ),
        )


class Shout(Whisper):
    """Another one, for the order of lists."""

    spec: ClassVar[Spec] = Spec(name="shout", reads=("people.age",), emits=("Trend Observed",))

    def lean(self, day: Day) -> Iterable[Term]:
        value = np.linspace(0, 0.5, day.board.count("categories")).astype(np.float32)
        return (Term(choice="order", axes=("category",), value=value),)


@pytest.fixture(scope="module")
def plain(kit: Any) -> list[tuple[str, str]]:
    town = kit.town()
    return kit.digest(town.step(town.ms_of(DAYS)))


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(kit: Any, plain: list[tuple[str, str]]) -> None:
    again, other = kit.town(), kit.town(seed=8)
    assert kit.digest(again.step(again.ms_of(DAYS))) == plain
    assert kit.digest(other.step(other.ms_of(1))) != plain[: len(plain) // DAYS]


@pytest.mark.parametrize("shard", [1, 7, 128, 300])
def test_one_shard_or_many_give_the_same_bytes(kit: Any, plain: list[tuple[str, str]], shard: int) -> None:
    days = 2 if shard == 1 else DAYS
    town = kit.town(shard=shard)
    found = kit.digest(town.step(town.ms_of(days)))
    assert found == plain[: len(found)]
    assert len(found) > 30


@settings(max_examples=3, deadline=None)
@given(cuts=st.lists(st.integers(0, DAYS), max_size=4))
def test_any_partition_into_steps_gives_the_same_bytes(kit: Any, plain: list[tuple[str, str]], cuts: list[int]) -> None:
    town = kit.town()
    found: list[tuple[str, str]] = []
    for _, day in pairwise([0, *sorted(cuts), DAYS]):
        found += kit.digest(town.step(town.ms_of(day)))
    assert found == plain


def test_the_order_of_mechanisms_is_free(kit: Any) -> None:
    towns = [kit.town(mechanisms=(Whisper(), Shout())), kit.town(mechanisms=(Shout(), Whisper()))]
    one, two = (kit.digest(town.step(town.ms_of(3))) for town in towns)
    assert one == two


def test_an_off_mechanism_changes_no_event_but_its_own(kit: Any, plain: list[tuple[str, str]]) -> None:
    off, on = (kit.town(mechanisms=(Whisper(Dial(strength=strength)),)) for strength in ("off", "on"))
    found = kit.digest(off.step(off.ms_of(DAYS)))
    assert [row for row in found if row[0] != "Trend Observed"] == plain
    assert sum(kind == "Trend Observed" for kind, _ in found) == DAYS
    leaning = dict(kit.digest(on.step(on.ms_of(1))))
    before = dict(plain[: len(leaning) - 1])
    changed = {kind for kind in before if leaning.get(kind) != before[kind]}
    assert changed == {"Product Added"}


def test_trade_detail_has_the_same_orders(kit: Any) -> None:
    full, trade = kit.run(kit.town(), DAYS), kit.run(kit.town(detail="trade"), DAYS)
    assert set(trade) < set(full)
    for kind in (
        "Order Created",
        "Order Line Recorded",
        "Order Completed",
        "Payment Completed",
        "Payment Failed",
        "Message Delivered",
        "Coupon Issued",
        "Coupon Redeemed",
    ):
        assert trade[kind].equals(full[kind]), kind
    people = kit.person_of(kit.town(), trade["Session Started"]["role_actor"])
    assert len(people) == trade["Session Started"].height
    assert trade["Session Started"]["id_lo"].is_in(full["Session Started"]["id_lo"].implode()).all()


def test_the_house_as_an_answerer_gives_the_same_bytes(kit: Any, plain: list[tuple[str, str]]) -> None:
    town = kit.town()
    found = kit.digest(town.step(town.ms_of(3), answer=HousePolicy(seed=7)))
    assert found == plain[: len(found)]
    assert len(found) > 60


def test_a_deterministic_town_has_no_overlap(kit: Any) -> None:
    slates = kit.run(kit.town(deterministic=True), 2)["Slate Shown"]
    assert set(slates["p_propensities"]) == {"[1,1,1,1,1]"}
    explored = kit.run(kit.town(), 2)["Slate Shown"]["p_propensities"]
    assert explored.n_unique() > 5


def test_a_snapshot_goes_on_as_the_town_would(kit: Any, plain: list[tuple[str, str]], tmp_path: Any) -> None:
    town = kit.town()
    first = kit.digest(town.step(town.ms_of(3)))
    one = town.snapshot(tmp_path / "town.npz")
    restored = Town.restore(tmp_path / "town.npz")
    assert restored.snapshot(tmp_path / "again.npz") == one
    assert first + kit.digest(restored.step(restored.ms_of(DAYS))) == plain


def test_a_snapshot_keeps_what_was_told_and_what_was_taken_away(kit: Any, tmp_path: Any) -> None:
    town = kit.town(mechanisms=(Whisper(),)).fork(without="whisper")
    told = kit.tell(town, np.arange(100), "coupon", town.ms_of(2) + 5, amount=3_000, threshold=0)
    told += kit.tell(town, np.arange(100), "message", town.ms_of(4))
    kit.run(town, 3, told=told)
    town.snapshot(tmp_path / "town.npz")
    restored = Town.restore(tmp_path / "town.npz", mechanisms=(Whisper(),))
    assert kit.digest(restored.step(restored.ms_of(6))) == kit.digest(town.step(town.ms_of(6)))
    with pytest.raises(SettingError, match="whisper"):
        Town.restore(tmp_path / "town.npz")


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda raw: raw[: len(raw) // 2], id="cut-short"),
        pytest.param(lambda raw: b"not a town", id="something-else"),
        pytest.param(lambda raw: raw[:5000] + bytes([raw[5000] ^ 1]) + raw[5001:], id="one-bit"),
    ],
)
def test_a_spoilt_snapshot_is_refused(kit: Any, tmp_path: Any, spoil: Any) -> None:
    kit.town(people=30).snapshot(tmp_path / "town.npz")
    (tmp_path / "town.npz").write_bytes(spoil((tmp_path / "town.npz").read_bytes()))
    with pytest.raises(DataError):
        Town.restore(tmp_path / "town.npz")


def test_every_batch_is_what_the_catalogue_says(kit: Any) -> None:
    town, catalogue, seen = kit.town(people=400), shipped(), set()
    ids: list[np.ndarray] = []
    for batch in town.step(town.ms_of(12)):
        assert problems(catalogue[batch.kind], batch.frame, latest_ms=town.now_ms).is_empty(), batch.kind
        kind = catalogue[batch.kind]
        allowed = {f"role_{name}" for name in kind.role_names} | {f"ref_{name}" for name in kind.ref_names}
        allowed |= {f"p_{name}" for name in kind.properties} | {
            "id_hi",
            "id_lo",
            "at_ms",
            "platform",
            "amount",
            "currency",
            "consent",
        }
        assert set(batch.frame.columns) <= allowed, (batch.kind, set(batch.frame.columns) - allowed)
        at = batch.frame["at_ms"].to_numpy()
        assert (np.diff(at) >= 0).all()
        assert at.min() >= town.now_ms - 86_400_000
        assert at.max() < town.now_ms
        ids.append(batch.frame["id_hi"].to_numpy())
        seen.add(batch.kind)
    both = np.concatenate(ids)
    assert len(np.unique(both)) == len(both)
    assert len(seen) > 40


def test_volumes_lie_within_the_budget(kit: Any) -> None:
    people, days = 600, 14
    full = kit.run(kit.town(people=people), days)
    trade = kit.run(kit.town(people=people, detail="trade"), days)
    rate = sum(frame.height for frame in full.values()) / people / days
    assert 0.5 * 8.3 < rate < 2 * 8.3
    assert 0.5 * 1.1 < sum(frame.height for frame in trade.values()) / people / days < 2 * 1.1
    orders = full["Order Created"].height / people / days
    assert 0.05 < orders < 0.11


def test_events_never_name_people(kit: Any) -> None:
    for frame in kit.run(kit.town(), 2).values():
        for column in frame.columns:
            if column.startswith("role_"):
                assert not frame[column].drop_nulls().str.starts_with("person:").any()


def test_orders_add_up(kit: Any) -> None:
    got = kit.run(kit.town(people=500), 10)
    orders, lines = got["Order Created"], got["Order Line Recorded"]
    sums = lines.group_by("ref_order").agg(pl.col("amount").sum(), pl.col("p_quantity").sum())
    both = orders.join(sums, on="ref_order", how="inner", suffix="_lines")
    assert both.height == orders.height
    assert (both["amount"] - both["p_shipping"] == both["amount_lines"]).all()
    assert (both["p_quantity"] == both["p_quantity_lines"]).all()
    assert got["Order Completed"]["ref_order"].is_in(orders["ref_order"].implode()).all()
    balances = got["Points Posted"].with_columns(
        actor=pl.Series(kit.person_of(kit.town(people=500), got["Points Posted"]["role_actor"]))
    )
    running = balances.sort("at_ms", maintain_order=True).with_columns(sum=pl.col("p_points").cum_sum().over("actor"))
    assert (running["sum"] == running["p_balance"]).all()


class Push(Planted):
    """Leans with all its weight on one choice along one axis."""

    spec: ClassVar[Spec] = Spec(name="push")
    choice, axis, weight = "open", "person", 4.0

    def lean(self, day: Day) -> Iterable[Term]:
        board = day.board
        if self.axis == "cell":
            n = board.count("people")
            who, what = np.repeat(np.arange(n), 5), day.public["repeated"].ravel()
            return (Term(choice=self.choice, axes=("cell",), value=np.stack([who, what, np.full(5 * n, self.weight)])),)
        counts = {"person": "people", "platform": "platforms", "category": "categories", "item": "items"}
        length = 24 if self.axis == "hour" else board.count(counts[self.axis])
        value = np.zeros(length, np.float32)
        value[: 1 if self.axis in ("platform", "hour") and self.choice == "open" else length] = self.weight
        return (Term(choice=self.choice, axes=(self.axis,), value=value),)


SHOWN = {
    "open": "Session Started",
    "view": "Product Viewed",
    "react": "Product Added to Wishlist",
    "search": "Products Searched",
    "cart": "Product Added",
    "order": "Order Line Recorded",
    "pay": "Payment Failed",
    "return": "Return Requested",
    "review": "Product Reviewed",
    "contact": "Conversation Started",
    "redeem": "Coupon Redeemed",
    "opt_out": "Message Unsubscribed",
}


@pytest.fixture(scope="module")
def calm(kit: Any) -> dict[str, pl.DataFrame]:
    return kit.run(kit.town(), 8)


@pytest.mark.slow
@pytest.mark.parametrize(("choice", "axis"), [(choice, axis) for choice, axes in CHOICES.items() for axis in axes])
def test_every_axis_of_every_choice_is_felt(kit: Any, calm: dict[str, pl.DataFrame], choice: str, axis: str) -> None:
    push = Push()
    push.choice, push.axis = choice, axis
    got = kit.run(kit.town(mechanisms=(push,)), 8)
    kind = SHOWN[choice]
    counts = [run[kind].height if kind in run else 0 for run in (got, calm)]
    if choice == "open" and axis == "platform":
        counts = [(run[kind]["platform"] == "douyin").sum() for run in (got, calm)]
    elif choice == "open" and axis == "hour":
        counts = [((run[kind]["at_ms"] // 3_600_000 + 8) % 24 == 0).sum() for run in (got, calm)]
    elif choice == "pay":
        counts = counts[::-1]
    assert counts[0] > 1.3 * counts[1]


def test_detail_can_change_on_the_way(kit: Any) -> None:
    town, full = kit.town(detail="trade"), kit.town()
    before = kit.run(town, 3)
    town.detail = "full"
    after, whole = kit.run(town, 6), kit.run(full, 6)
    assert "Slate Shown" not in before
    assert after["Slate Shown"].equals(whole["Slate Shown"].filter(pl.col("at_ms") >= town.ms_of(3)))
    orders = pl.concat([before["Order Created"], after["Order Created"]])
    assert orders.equals(whole["Order Created"].select(orders.columns))
    with pytest.raises(SettingError, match="'half'"):
        town.detail = "half"


@pytest.mark.parametrize("people", [1, 2, 5])
@pytest.mark.parametrize("detail", ["full", "trade"])
def test_a_handful_of_people_live_too(kit: Any, people: int, detail: str) -> None:
    town, catalogue = kit.town(people=people, detail=detail, seed=3), shipped()
    count = 0
    for batch in town.step(town.ms_of(12)):
        assert problems(catalogue[batch.kind], batch.frame, latest_ms=town.now_ms).is_empty()
        count += len(batch)
    assert count > 0
    assert town.truth().label("alive").height == people


@pytest.mark.parametrize(("repeat", "response"), [("b", "b"), ("c", "a")])
def test_the_laws_hold_in_every_variant(kit: Any, repeat: str, response: str) -> None:
    dials = {"repeat": Dial(variant=repeat), "response": Dial(variant=response, strength="strong")}
    whole, parts = kit.town(dials=dials), kit.town(dials=dials, shard=64)
    found = kit.digest(parts.step(parts.ms_of(2))) + kit.digest(parts.fork().step(parts.ms_of(4)))
    assert found == kit.digest(whole.step(whole.ms_of(4)))


def test_variants_and_strengths_share_one_population(kit: Any) -> None:
    one, two = kit.town(), kit.town(dials={"repeat": Dial(variant="c"), "response": Dial(strength="off", variant="b")})
    assert one.board.digest() == two.board.digest()
    assert one.consent().tolist() == two.consent().tolist()
    views = [kit.run(town, 1)["Slate Shown"].select("id_hi", "id_lo", "p_items") for town in (one, two)]
    assert views[0].equals(views[1])
