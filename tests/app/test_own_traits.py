"""Traits that a workspace defines: taken whole, seen by every process, equal in every execution."""

import itertools
import re
from collections.abc import Iterator
from datetime import date
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from guanxi.app import Workspace, own_traits
from guanxi.app.trait_explain import explain
from guanxi.app.trait_table import table
from guanxi.app.traits import as_of, everyone
from guanxi.bench.traits_equal import compared, random_batch, replayed
from guanxi.core import DAY_MS, NotFound, Refused, SettingError, midnight_ms
from guanxi.engines.log import SqliteLog
from guanxi.events import Event, RawEvent
from guanxi.traits import read_own, shipped_traits
from guanxi.traits.state import compile_plan

PAGE = Path(__file__).resolve().parents[2] / "docs" / "own-traits.md"
GIFTS = re.findall(r"```toml\n(.*?)```", PAGE.read_text("utf-8"), re.S)[0]
JAN = midnight_ms(date(2026, 1, 1))
HOUR = DAY_MS // 24
ANN, PHONE = "account:app:ann", "device::d1"
MORE = """
[[family]]
party = ["account"]
of = ["orders"]
aggregate = ["count"]
window = ["3h"]
topic = "velocity"
uses = ["risk", "profile"]
why_zh = "三小时。"
why_en = "Three hours."
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    made, _ = Workspace.create(tmp_path / "ws")
    with made:
        yield made


def send(workspace: Workspace, *raws: RawEvent) -> None:
    intake, events = workspace.intake(), []
    for raw in raws:
        event = intake.check(raw, "server", received_ms=JAN + 800 * DAY_MS, source="test")
        assert isinstance(event, Event), event
        events.append(event)
    log = SqliteLog(workspace.folder)
    log.append(events)
    log.close()


def bought(hours: float, amount: str, platform: str = "app") -> RawEvent:
    return RawEvent(
        kind="Order Completed", at=JAN + round(hours * HOUR), message_id=f"{hours}", historical=True, amount=amount,
        platform=platform, roles={"actor": ANN, "device": PHONE}, refs={"order": f"{hours}"},
    )  # fmt: skip


def signed_in(hours: float) -> RawEvent:
    return RawEvent(kind="Signed In", at=JAN + round(hours * HOUR), message_id=f"s{hours}", historical=True,
                    platform="app", roles={"actor": ANN, "device": PHONE})  # fmt: skip


def test_the_example_of_the_page_by_hand(workspace: Workspace) -> None:
    done = own_traits.add_traits(workspace, GIFTS, "gifts.toml", who="test")
    names = [row.name for row in done.added]
    assert (len(names), done.own, all(row.own for row in done.added)) == (9, 9, True)
    send(
        workspace, signed_in(1.0), bought(1.25, "600.00"), bought(1.9, "499.99"), bought(2.0, "700.00"),
        bought(2.1, "900.00", "jd"), bought(50.0, "500.00"),
    )  # fmt: skip
    at = JAN + round(2.2 * HOUR)
    found = as_of(workspace, [ANN, PHONE], [*names, "amounts"], until=at)
    told = {name: found[name].to_list() for name in names}
    assert told["account.card_buys.count.1h"] == [2, None]
    assert told["device.card_buys.sum.30d"] == [None, 130_000]
    assert told["account.card_buys.after_sign_ins_30m.1d"] == [1, None]
    assert as_of(workspace, [PHONE], names, until=JAN + 60 * HOUR)["device.card_buys.sum.30d"][0] == 180_000
    why = explain(workspace, ANN, "account.card_buys.sum.1h", until=at)
    assert (why.value, why.total) == (130_000, 2)
    assert why.lineage == ("Order Completed (2) → card_buys → account.card_buys.sum.1h",)
    [frame] = table(workspace, "card_buys", ["account.card_buys.count.30d"], cut_off=JAN + 60 * HOUR)
    assert frame["account.card_buys.count.30d"].to_list() == [0, 1, 2]
    [frame] = everyone(workspace, "device", ["device.card_buys.count.30d"], until=JAN + 60 * HOUR)
    assert frame.rows() == [(PHONE, 3)]


def test_other_processes_see_a_change_and_a_broken_file_changes_nothing(workspace: Workspace) -> None:
    with Workspace.open(workspace.folder) as another:
        assert another.traits is shipped_traits()
        own_traits.add_traits(workspace, MORE, "more.toml", who="test")
        assert another.traits.own == frozenset()  # a question sees one catalogue from its begin to its end
        another.refresh()
        assert another.traits.own == {"account.orders.count.3h"}
        (workspace.folder / "traits.toml").write_text(MORE.replace('"count"', '"amount"'), "utf-8")
        another.refresh()
        assert another.traits.own == {"account.orders.count.3h"}
        for change in (lambda: own_traits.add_traits(workspace, GIFTS, "gifts.toml", who="test"),
                       lambda: own_traits.remove_trait(workspace, "account.orders.count.3h", who="test")):  # fmt: skip
            with pytest.raises(SettingError, match=r"traits.toml, line 2, family 1: aggregate = \['amount'\]"):
                change()
    with Workspace.open(workspace.folder) as fresh, pytest.raises(SettingError, match="line 2"):
        as_of(fresh, [ANN], ["velocity"], until=JAN)


def test_all_of_a_file_or_nothing(workspace: Workspace) -> None:
    path = workspace.folder / "traits.toml"
    assert len(own_traits.check_traits(workspace, GIFTS, "gifts.toml").added) == 9
    assert not path.exists()
    for wrong, what in (
        (GIFTS.replace('"sign_ins"', '"sign_outs"'), "gifts.toml, line 22, family 2: no measure is called 'sign_outs'"),
        (GIFTS + GIFTS[GIFTS.index("[[family]]") :], "is defined already"),
        ("# nothing\n", "defines nothing"),
        (many_measures(), "person has more than 62 measures"),
    ):
        with pytest.raises(SettingError, match=re.escape(what)):
            own_traits.add_traits(workspace, wrong, "gifts.toml", who="test")
        assert not path.exists()
    own_traits.add_traits(workspace, "# by hand\n" + GIFTS, "gifts.toml", who="test")
    with pytest.raises(SettingError, match="'card_buys' is defined already"):
        own_traits.add_traits(workspace, GIFTS, "gifts.toml", who="test")
    assert "# by hand" in path.read_text("utf-8")
    assert len(own_traits.add_traits(workspace, MORE, "more.toml", who="test").added) == 1


def many_measures() -> str:
    one = '[[measure]]\nname = "m{0}"\nkinds = ["Order Created"]\nzh = "单{0}"\nen = "orders {0}"\n'
    names = ", ".join(f'"m{number}"' for number in range(7))
    text = "".join(one.format(number) for number in range(7))
    return text + MORE.replace('["orders"]', f"[{names}]").replace('"account"', '"person"')


def test_removing_one_trait_leaves_the_others(workspace: Workspace) -> None:
    made = [row.name for row in own_traits.add_traits(workspace, GIFTS, "gifts.toml", who="test").added]
    rows = dict(workspace.traits.rows)
    for place, name in enumerate(reversed(made)):
        left = made[: len(made) - place - 1]
        assert own_traits.remove_trait(workspace, name, who="test").removed == (name,)
        assert [one for one in workspace.traits.rows if one in workspace.traits.own] == sorted(left, key=made.index)
        assert {one: workspace.traits.rows[one] for one in left} == {one: rows[one] for one in left}
        if left:
            with pytest.raises(Refused, match=f"{len(left)} traits read the measure 'card_buys'"):
                own_traits.remove_trait(workspace, "card_buys", who="test")
    own_traits.remove_trait(workspace, "card_buys", who="test")
    assert workspace.traits.measures == shipped_traits().measures
    with pytest.raises(NotFound, match="does not define 'card_buys'"):
        own_traits.remove_trait(workspace, "card_buys", who="test")
    with pytest.raises(NotFound, match="What ships stays"):
        own_traits.remove_trait(workspace, "account.orders.count.1h", who="test")


some = partial(st.lists, min_size=1, max_size=3, unique=True)
FAMILIES = st.fixed_dictionaries(
    {
        "party": some(st.sampled_from(["account", "device", "ip"])), "of": some(st.sampled_from(["orders", "spend"])),
        "aggregate": some(st.sampled_from(["count", "gap_mean", "distinct"])),
        "topic": st.just("velocity"), "uses": st.just(["risk"]), "why_zh": st.just("试。"), "why_en": st.just("Try."),
        "by": some(st.sampled_from(["role.card", "platform", "role.shop"])),
        "window": some(st.sampled_from(["7m", "9h", "8d"])),
    },
    optional={"zh": st.just("{party}{window}"), "rank": st.just([1])},
)  # fmt: skip


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_whatever_family_loses_one_trait_and_no_other(workspace: Workspace, data: st.DataObject) -> None:
    family = data.draw(FAMILIES)
    if set(family["aggregate"]) - {"distinct"}:  # a name that is counted makes no other trait of these
        family["by"] = family["by"][:1]
    path = workspace.folder / "traits.toml"
    path.write_text(own_traits.as_toml({"measure": [], "family": [family]}), "utf-8")
    before = read_own(path.read_text("utf-8"), "traits.toml")
    gone = data.draw(st.sampled_from(sorted(before.own)))
    own_traits.remove_trait(workspace, gone, who="test")
    after = read_own(path.read_text("utf-8"), "traits.toml")
    assert after.own == before.own - {gone}
    assert all(after.rows[name] == before.rows[name] for name in after.own)


def test_a_change_is_taken_back_and_back_again(workspace: Workspace) -> None:
    with pytest.raises(NotFound, match="never changed"):
        own_traits.undo_traits(workspace, who="test")
    own_traits.add_traits(workspace, MORE, "more.toml", who="ann", ip="192.0.2.1")
    for own in (0, 1, 0, 1):
        assert own_traits.undo_traits(workspace, who="ann").own == own
    with Workspace.open(workspace.folder) as another:
        assert another.traits.own == {"account.orders.count.3h"}
    told = [(one.who, one.verb, one.object, one.detail["count"]) for one in workspace.control.operations()[:5]]
    assert told[:2] == [("ann", "trait.undo", "account.orders.count.3h", 1)] * 2
    assert told[4] == ("ann", "trait.define", "account.orders.count.3h", 1)


VARIED = """
[[measure]]
name = "odd_pays"
kinds = ["Order Completed", "Payment Failed"]
where = ["platform != jd"]
value = "amount"
unit = "money"
code = "role.device"
zh = "异常付款"
en = "odd payments"
value_zh = "金额"
value_en = "amount"

[[measure]]
name = "dwells"
kinds = ["Content Viewed"]
value = "p.dwell_s"
scale = 1000
unit = "s"
zh = "停留"
en = "stays"
value_zh = "时长"
value_en = "time"

[[family]]
party = ["account", "person", "ip"]
of = ["odd_pays"]
aggregate = ["count", "sum", "mean", "min", "max", "std", "distinct", "gap_mean", "versus"]
window = ["17m", "5h", "11d"]
topic = "failures"
uses = ["risk"]
why_zh = "试。"
why_en = "A try."

[[family]]
party = ["person"]
of = ["dwells"]
aggregate = ["sum", "mean", "max", "std"]
window = ["2d", "45d", "life"]
topic = "content"
uses = ["profile"]
why_zh = "试。"
why_en = "A try."

[[family]]
party = ["account"]
of = ["odd_pays"]
aggregate = ["top", "top_share", "entropy"]
window = ["77d"]
topic = "failures"
uses = ["risk"]
why_zh = "试。"
why_en = "A try."

[[family]]
party = ["account"]
of = ["odd_pays"]
aggregate = ["ratio"]
over = "orders"
window = ["5h", "90d"]
topic = "failures"
uses = ["risk"]
why_zh = "试。"
why_en = "A try."

[[family]]
party = ["account"]
of = ["odd_pays"]
aggregate = ["first", "last", "since_first", "since_last", "streak", "balance"]
topic = "failures"
uses = ["risk"]
why_zh = "试。"
why_en = "A try."
"""


def test_every_execution_gives_the_same_cells() -> None:
    known = read_own(VARIED, "traits.toml")
    plan = compile_plan((known.rows[name] for name in sorted(known.own)), known.measures)
    batch = random_batch(plan.intake, 2_500, seed=3)
    seen = replayed(plan, batch)
    for name, (differing, _) in compared(plan, batch, seen).items():
        assert differing == {}, name
    assert sum((column != column[0]).any() for column in seen.view("int64")) == len(plan.traits)


def test_lives_are_those_of_all_measures_own_ones_too(workspace: Workspace) -> None:
    silence = RawEvent(kind="Ad Closed", at=JAN + 350 * DAY_MS, message_id="b", historical=True, platform="app",
                       roles={"actor": ANN})  # fmt: skip
    send(workspace, bought(0.5, "10.00"), silence, bought(700 * 24, "20.00"))
    until = JAN + 701 * DAY_MS

    def first() -> int:
        return as_of(workspace, [ANN], ["person.spend.since_first.life"], until=until).item(0, 1)

    assert first() == DAY_MS  # of the ad no measure of a person tells: 700 days of silence
    closed = '[[measure]]\nname = "closed"\nkinds = ["Ad Closed"]\nzh = "关广告"\nen = "ads closed"\n'
    own_traits.add_traits(workspace, closed + MORE.replace("orders", "closed").replace('"account"', '"person"'),
                          "closed.toml", who="test")  # fmt: skip
    assert first() == 701 * DAY_MS - HOUR // 2


def test_names_are_made_of_every_part() -> None:
    known = read_own(VARIED, "traits.toml")
    parts = itertools.product(("account", "person", "ip"), ("17m", "5h", "11d"))
    assert {f"{party}.odd_pays.versus.{window}" for party, window in parts} <= known.own
    assert "account.odd_pays.top_device.77d" in known.own
