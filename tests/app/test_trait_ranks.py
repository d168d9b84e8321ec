"""Ranks over a workspace: all people counted one by one, as of a midnight; kept on the disk; made by the keeper."""

import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import msgspec
import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from guanxi.app import (
    Workspace,
    care,
    found_town,
    identity,
    plan_town,
    run_town,
    seal_now,
    trait_ranks,
    trait_ranks_job,
)
from guanxi.app.trait_answers import party_traits
from guanxi.app.trait_ranks import find_ranks, make_ranks, ranked_rows, ranks_due
from guanxi.app.traits import everyone
from guanxi.cli import cli
from guanxi.core import DAY_MS, DataError, midnight_ms
from guanxi.engines.log import SqliteLog
from guanxi.engines.trait_ranks import RankSheet, RankStore
from guanxi.events import Event, RawEvent

JAN = midnight_ms(date(2026, 1, 1))
NOW = JAN + 20 * DAY_MS + 9 * 3_600_000
MIDNIGHT = JAN + 20 * DAY_MS
SPEND, VIEWS, TOP = "person.spend.sum.30d", "person.product_views.count.7d", "person.purchases.top_category.365d"
PEOPLE = [f"account:app:p{place}" for place in range(12)]


def one(kind: str, day: float, who: str, **fields: object) -> RawEvent:
    return RawEvent(
        kind=kind, at=JAN + round(day * DAY_MS), message_id=f"{kind}{day}{who}", platform="app", historical=True,
        roles={"actor": who, **fields.pop("roles", {})}, **fields,  # type: ignore[dict-item, arg-type]
    )  # fmt: skip


def order(day: float, who: str, amount: str, category: str) -> list[RawEvent]:
    number = {"order": f"{who}{day}"}
    return [
        *(one(f"Order {what}", day, who, amount=amount, refs=number) for what in ("Created", "Completed")),
        one("Order Line Recorded", day, who, properties={"unit_price": amount, "category": category},
            roles={"item": f"item::{category}"}, refs=number),
    ]  # fmt: skip


def history() -> list[RawEvent]:
    """Twelve people: the first never buys, the others more and more; the last allows no profiles."""
    found = [
        one("Product Viewed", 15 + place / 100, who, roles={"item": "item::x"}) for place, who in enumerate(PEOPLE)
    ]
    for place, who in enumerate(PEOPLE[1:], 1):
        for time_ in range(place % 4):
            found += order(3 + time_ * 2 + place / 50, who, f"{10 * place}.00", "茶" if place % 3 else "杯")
    return [*found, one("Consent Withdrawn", 16, PEOPLE[11], properties={"purpose": "analyse"}),
            one("Product Viewed", 16, "account:app~masked:p**", roles={"item": "item::x"})]  # fmt: skip


def take(workspace: Workspace, raws: list[RawEvent]) -> None:
    intake, events = workspace.intake(), []
    for raw in raws:
        event = intake.check(raw, "server", received_ms=NOW, source="test")
        assert isinstance(event, Event), event
        events.append(event)
    workspace.vault.flush()
    log = SqliteLog(workspace.folder)
    log.append(events)
    log.close()
    workspace.reopen()


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Workspace]:
    made, _ = Workspace.create(tmp_path / "ws")
    with made:
        take(made, history())
        yield made


def naive(workspace: Workspace, until: int = MIDNIGHT) -> pl.DataFrame:
    """What every person's traits are, one by one; those who do not allow profiles have none at all."""
    names = [row.name for row in ranked_rows(workspace)]
    table = pl.concat(everyone(workspace, "person", names, until=until, use="profile"))
    return table.filter(pl.any_horizontal(pl.col(name).is_not_null() for name in names))


def check(workspace: Workspace, who: str, table: pl.DataFrame, now: int = NOW) -> int:
    """Compare all ranks of one person with counting; return how many there are."""
    told = party_traits(workspace, who, until=now, use="profile")
    mine, found = table.filter(pl.col("party") == told.ref), 0
    for row in (row for topic in told.topics for row in topic.rows):
        others = table[row.name].drop_nulls()
        value = mine[row.name][0] if mine.height else None
        if value is None or len(others) < trait_ranks.LEAST:
            assert row.rank is None, row.name
            continue
        rank, found = row.rank, found + 1
        assert rank is not None, row.name
        assert (rank.value, rank.n, rank.until_ms) == (value, len(others), told.ranked_ms)
        below = None if isinstance(value, str) else float((others < value).mean())
        assert rank.below == (None if below is None else pytest.approx(below))
        assert rank.equal == pytest.approx(float((others == value).mean()))
    return found


def test_every_rank_is_what_counting_gives(shop: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trait_ranks, "AT_ONCE", 5)  # three readings of the history
    seal_now(shop, hot=True)
    take(
        shop,
        [one("Product Viewed", 17 + place / 9, who, roles={"item": "item::y"}) for place, who in enumerate(PEOPLE)],
    )
    seen: list[tuple[int, int]] = []
    head = make_ranks(shop, now=NOW, progress=lambda done, of: seen.append((done, of)))
    assert seen == [(5, 12), (10, 12), (12, 12)]
    assert (head.people, head.drawn, head.ranked, head.until_ms) == (12, 12, 11, MIDNIGHT)
    table = naive(shop)
    assert table.height == 11
    assert all(check(shop, who, table) > 100 for who in (PEOPLE[0], PEOPLE[7]))
    told = party_traits(shop, PEOPLE[11], until=NOW, use="profile")
    assert told.withheld
    assert all(row.rank is None for topic in told.topics for row in topic.rows)


def test_nothing_after_the_midnight_is_in_ranks(shop: Workspace) -> None:
    make_ranks(shop, now=NOW)
    before = find_ranks(shop, until=NOW, known=shop.reader.last_seq())
    take(
        shop,
        [
            *order(20.1, PEOPLE[0], "9999.00", "茶"),
            one("Product Viewed", 20.2, "account:app:new", roles={"item": "item::x"}),
        ],
    )
    table = naive(shop)
    make_ranks(shop, now=NOW)
    after = find_ranks(shop, until=NOW, known=shop.reader.last_seq())
    assert before is not None
    assert after is not None
    for name, steps in before.ladders.items():
        assert np.array_equal(steps.values, after.ladders[name].values), name
        assert np.array_equal(steps.below, after.ladders[name].below), name
    told = {
        row.name: row for topic in party_traits(shop, PEOPLE[0], until=NOW, use="profile").topics for row in topic.rows
    }
    assert told[SPEND].value == 999_900
    assert told[SPEND].rank is not None
    assert (told[SPEND].rank.value, told[SPEND].rank.below) == (0, 0.0)
    assert check(shop, PEOPLE[0], table) > 100


def test_people_who_are_one_count_once(shop: Workspace) -> None:
    identity.merge(shop, PEOPLE[2], PEOPLE[6], reason="one phone", who="t")
    head = make_ranks(shop, now=NOW)
    assert (head.people, head.ranked) == (11, 10)
    assert check(shop, PEOPLE[6], naive(shop)) > 100


def test_of_very_many_people_some_are_drawn(shop: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trait_ranks, "DRAWN", 4)
    first = make_ranks(shop, now=NOW)
    assert (first.people, first.drawn) == (12, 4)
    assert first.ranked in (3, 4)
    assert make_ranks(shop, now=NOW).ladders == first.ladders  # always the same ones
    told = party_traits(shop, PEOPLE[5], until=NOW, use="profile")
    assert told.ranked_ms == MIDNIGHT
    assert all(row.rank is None for topic in told.topics for row in topic.rows)  # among so few, one could be guessed


def test_a_past_moment_sees_no_later_ranks(shop: Workspace) -> None:
    known = shop.reader.last_seq()
    make_ranks(shop, now=NOW - 2 * DAY_MS)
    take(shop, [one("Product Viewed", 19, PEOPLE[0], roles={"item": "item::x"})])
    make_ranks(shop, now=NOW)
    later = shop.reader.last_seq()
    before = MIDNIGHT - 2 * DAY_MS
    for until, seq, midnight in (
        (NOW, later, MIDNIGHT), (MIDNIGHT, later, MIDNIGHT), (MIDNIGHT - 1, later, before), (NOW, known, before),
        (before - 1, later, None),
    ):  # fmt: skip
        found = find_ranks(shop, until=until, known=seq)
        assert (found and found.head.until_ms) == midnight


def test_only_the_last_days_stay(shop: Workspace) -> None:
    store = RankStore(shop.folder / trait_ranks.FOLDER, keep=3)
    make_ranks(shop, now=NOW)
    sheet = find_ranks(shop, until=NOW, known=shop.reader.last_seq())
    assert sheet is not None
    for day in range(1, 5):
        head = msgspec.structs.replace(sheet.head, until_ms=MIDNIGHT + day * DAY_MS)
        store.save(RankSheet(head, sheet.ladders))
    assert sorted(int(path.stem) for path in store.folder.glob("*.npz")) == [
        MIDNIGHT + day * DAY_MS for day in (2, 3, 4)
    ]


def test_ranks_of_other_traits_are_refused_and_due(shop: Workspace) -> None:
    assert ranks_due(shop, NOW)
    make_ranks(shop, now=NOW)
    assert not ranks_due(shop, NOW + 3_600_000)
    assert ranks_due(shop, NOW + DAY_MS)
    (shop.folder / "traits.toml").write_text(
        '[[family]]\nparty = ["person"]\nof = ["orders"]\naggregate = ["count"]\nwindow = ["17d"]\ntopic = "purchase"\n'
        'uses = ["profile"]\nwhy_zh = "试"\nwhy_en = "a try"\n', "utf-8",
    )  # fmt: skip
    shop.refresh()
    assert "person.orders.count.17d" in shop.traits.rows
    assert find_ranks(shop, until=NOW, known=shop.reader.last_seq()) is None
    assert ranks_due(shop, NOW)
    store = RankStore(shop.folder / trait_ranks.FOLDER)
    path = store.upto(NOW)[0]
    with pytest.raises(DataError, match="of the plan"):
        store.load(path, "another")
    make_ranks(shop, now=NOW)
    assert check(shop, PEOPLE[5], naive(shop)) > 100
    take(shop, [one("Product Viewed", 16 + n / 1000, PEOPLE[0], roles={"item": "item::x"}) for n in range(80)])
    assert ranks_due(shop, NOW)  # the log has grown by half


def test_a_damaged_sheet_is_no_sheet(shop: Workspace) -> None:
    make_ranks(shop, now=NOW)
    path = RankStore(shop.folder / trait_ranks.FOLDER).upto(NOW)[0]
    data, middle = path.read_bytes(), path.stat().st_size // 2
    for harmed in (b"", data[:-40], b"x" + data[1:], data[:300] + bytes([data[300] ^ 1]) + data[301:],
                   data[:middle] + bytes([data[middle] ^ 255]) + data[middle + 1:]):  # fmt: skip
        path.write_bytes(harmed)
        assert find_ranks(shop, until=NOW, known=shop.reader.last_seq()) is None
    assert party_traits(shop, PEOPLE[5], until=NOW, use="profile").ranked_ms is None


def test_an_empty_workspace_has_nothing_to_rank(tmp_path: Path) -> None:
    made, _ = Workspace.create(tmp_path / "ws")
    with made:
        assert not ranks_due(made, NOW)
        assert make_ranks(made, now=NOW).people == 0


def test_ranks_stay_when_a_person_is_erased_and_name_nobody(shop: Workspace) -> None:
    make_ranks(shop, now=NOW)
    path = RankStore(shop.folder / trait_ranks.FOLDER).upto(NOW)[0]
    care.erase(shop, [PEOPLE[0]], reason="asked", send=True, who="t")
    assert path.exists()
    with np.load(path) as held:
        assert b"account:" not in held["head"].tobytes()
    make_ranks(shop, now=NOW)
    sheet = find_ranks(shop, until=NOW, known=shop.reader.last_seq())
    assert sheet is not None
    assert sheet.head.ranked == 10


def test_the_command(shop: Workspace) -> None:
    told = CliRunner().invoke(cli, ["traits", "ranks", "-w", str(shop.folder)])
    assert told.exit_code == 0, told.output
    assert "11 of 12 people" in told.output
    assert RankStore(shop.folder / trait_ranks.FOLDER).newest() is not None


@pytest.mark.slow
def test_the_keeper_makes_them_in_a_process_of_their_own(shop: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trait_ranks_job, "FIRST_S", 0.0)
    ranker, end = trait_ranks_job.Ranker(shop.folder), time.monotonic() + 120
    store = RankStore(shop.folder / trait_ranks.FOLDER)
    while store.newest() is None:
        assert time.monotonic() < end
        ranker.look(shop)
        time.sleep(0.1)
    ranker.close()


def test_a_failure_does_not_reach_the_keeper(shop: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trait_ranks_job, "FIRST_S", 0.0)
    (shop.folder / "traits").write_text("a file where the folder would be")
    monkeypatch.setattr(trait_ranks_job, "WORKER", "guanxi.app.there_is_no_such_module")
    ranker = trait_ranks_job.Ranker(shop.folder)
    ranker.look(shop)
    ranker.look(shop)
    ranker.close()


@pytest.mark.slow
def test_a_town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made, _ = found_town(
        tmp_path / "town",
        plan_town("small", seed=7, people=30, days=8, start=date(2026, 1, 1), today=date(2026, 2, 1)),
    )
    monkeypatch.setattr(trait_ranks, "AT_ONCE", 50)
    with made:
        run_town(made)
        now = JAN + 7 * DAY_MS + 5_000_000  # in the middle of the last day
        head, table = make_ranks(made, now=now), naive(made, JAN + 7 * DAY_MS)
        assert head.ranked == table.height > 30
        assert sum(check(made, who, table, now) for who in sorted(table["party"].to_list())[::20]) > 300
