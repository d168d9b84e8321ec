"""A person: counted from events that are written down here, in a workspace made for it."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from guanxi.app import Workspace, care, identity, metrics, person, reveal, scope, seal_now, timeline
from guanxi.core import DataError, NotFound
from guanxi.engines.lake import footprint, kind_spans, known_at, time_span
from guanxi.engines.log import SqliteLog
from guanxi.events import Event, RawEvent

ANN, ANN_APP, BEN = "account:taobao:ann", "account:app:u1", "account:app:ben"
NOON = 1_767_326_400_000  # Friday 2026-01-02 12:00 in China
HOUR = 3_600_000
DAY = 24 * HOUR


def tell(workspace: Workspace, *raws: RawEvent) -> list[Event]:
    intake, events = workspace.intake(), []
    for raw in raws:
        event = intake.check(raw, "server", received_ms=int(raw.at) + 1000, source="test")
        assert isinstance(event, Event), event
        events.append(event)
    workspace.vault.flush()
    log = SqliteLog(workspace.folder)
    log.append(events)
    log.close()
    return events


def one(kind: str, at: int, who: str = ANN, *, roles: dict | None = None, **fields: object) -> RawEvent:
    return RawEvent(
        kind=kind,
        at=at,
        message_id=f"{kind}{at}{who}{fields}",
        roles={"actor": who, **(roles or {})},
        historical=True,
        **fields,
    )  # type: ignore[arg-type]


def life() -> list[RawEvent]:
    item = {"item": "item:taobao:7"}
    return [
        one("Profile Updated", NOON - 10 * DAY, properties={"name": "王小芳", "phone": "13812341234", "city": "苏州"}),
        one("Consent Given", NOON - 9 * DAY, properties={"purpose": "message"}),
        one("Consent Given", NOON - 9 * DAY, properties={"purpose": "personalise"}),
        one("Consent Withdrawn", NOON - 2 * DAY, properties={"purpose": "personalise"}),
        *(one("Product Viewed", NOON - DAY + n * 60_000, platform="taobao", roles=item) for n in range(5)),
        one("Product Viewed", NOON - DAY + 2 * HOUR, platform="taobao", roles=item),
        one("Order Completed", NOON - DAY + 3 * HOUR, platform="taobao", amount="19.90", refs={"order": "A"},
            properties={"affiliation": "直播"}),
        one("Order Completed", NOON - DAY + 3 * HOUR, platform="app", who=ANN_APP, amount="5.10", refs={"order": "B"}),
        one("Order Completed", NOON - DAY + 4 * HOUR, platform="app", who=BEN, amount="99.00", refs={"order": "C"}),
        one("Order Refunded", NOON - HOUR, platform="taobao", amount="9.90", refs={"order": "A"}),
        one("Message Sent", NOON - 2 * HOUR, refs={"message": "m1"}),
        one("Message Sent", NOON - 8 * DAY, refs={"message": "m0"}),
    ]  # fmt: skip


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """Ann's life, sealed; tests only read it."""
    made, _ = Workspace.create(tmp_path_factory.mktemp("town") / "ws")
    with made:
        tell(made, *life())
        seal_now(made, hot=True)
        yield made


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Workspace]:
    """Ann's life, still hot, for a test that changes it."""
    made, _ = Workspace.create(tmp_path / "ws")
    with made:
        tell(made, *life())
        yield made


def test_hot_rows_count_as_sealed_ones_do(town: Workspace, fresh: Workspace) -> None:
    hot, sealed = (person.person(one, ANN, now_ms=NOON) for one in (fresh, town))
    assert msgspec.structs.replace(hot, took_ms=0) == msgspec.structs.replace(sealed, took_ms=0)
    assert timeline.timeline(fresh, ANN, now_ms=NOON) == timeline.timeline(town, ANN, now_ms=NOON)


def test_everything_counted(town: Workspace) -> None:
    found = person.person(town, ANN, now_ms=NOON)
    assert (found.ref, found.type_zh, found.events) == (ANN, "账号", 14)
    assert (found.name, found.phone, found.city) == ("王*芳", "138****1234", "苏州")
    assert (found.first_ms, found.last_ms) == (NOON - 10 * DAY, NOON - HOUR)
    assert (found.totals.orders, found.totals.amount, found.totals.refunds, found.totals.refund_amount) == (
        1, 1990, 1, 990,
    )  # fmt: skip
    assert found.currency == "CNY"
    assert [(row.platform, row.disc, row.orders, row.events) for row in found.platforms] == [("taobao", "淘", 1, 8)]
    states = {row.purpose: (row.state, row.since_ms) for row in found.consents}
    assert states["message"] == ("given", NOON - 9 * DAY)
    assert states["personalise"] == ("withdrawn", NOON - 2 * DAY)
    assert states["location"] == ("unknown", None)
    assert all(town.reader.find(row.event).kind.startswith("Consent") for row in found.consents if row.event)
    assert found.rhythm is not None
    assert (found.rhythm.n, found.rhythm.best, found.rhythm.cells[3][12]) == (11, (3, 12), 5)  # Thursday at noon
    assert sum(map(sum, found.rhythm.cells)) == 11
    assert found.touches is not None
    assert found.touches.sent == 1
    strongest = {tie.kind: tie for tie in found.ties}["viewed"]
    assert (strongest.other, strongest.count, len(strongest.evidence)) == ("item:taobao:7", 6, 3)
    assert town.reader.find(found.last).kind == "Order Refunded"


def test_the_sentence_counts_and_does_not_guess(town: Workspace) -> None:
    found = person.person(town, ANN, now_ms=NOON)
    assert found.summary_zh == (
        "2025-12-23 首次出现，至今 14 个事件，在淘宝天猫下单 1 次，共 ¥19.90，"
        "退款 1 次，共 ¥9.90，最近一次下单在 1 天前。"
    )
    assert found.summary_en == (
        "First seen 2025-12-23; 14 events so far; 1 order on 1 platform, ¥19.90 in all; 1 refunds of ¥9.90;"
        " last order 1 day ago."
    )


def test_as_it_was_known_then(town: Workspace) -> None:
    earlier = person.person(town, ANN, now_ms=NOON, asof_ms=NOON - 2 * DAY - HOUR)
    assert earlier.totals.orders == 0
    assert {row.purpose: row.state for row in earlier.consents}["personalise"] == "given"
    with pytest.raises(NotFound):
        person.person(town, ANN, now_ms=NOON, asof_ms=NOON - 30 * DAY)


def test_two_accounts_become_one_and_two_again(fresh: Workspace) -> None:
    merged = identity.merge(fresh, ANN, ANN_APP, reason=" 同一  手机号", who="zhou")
    assert merged.canonical == ANN_APP
    both = person.person(fresh, ANN, now_ms=NOON)
    assert (both.ref, both.totals.orders, both.totals.amount) == (ANN_APP, 2, 2500)
    tied = {row.ref: row for row in both.identities}
    assert tied[ANN_APP].canonical
    assert (tied[ANN].merge, tied[ANN].with_ref, tied[ANN].method) == (merged.event, ANN_APP, "operator")
    with pytest.raises(DataError, match="already"):
        identity.merge(fresh, ANN_APP, ANN, reason="本人确认", who="zhou")
    apart = identity.split(fresh, merged.undo.body["merge"], reason="本人确认", who="zhou")
    assert apart.members == (ANN,)
    assert person.person(fresh, ANN, now_ms=NOON).totals.orders == 1
    with pytest.raises(DataError, match="not stand"):
        identity.split(fresh, merged.event, reason="本人确认", who="zhou")
    again = identity.merge(fresh, apart.undo.body["keep"], apart.undo.body["other"], reason="本人确认", who="zhou")
    assert person.person(fresh, ANN_APP, now_ms=NOON).identities[1].merge == again.event
    known = fresh.reader.find(merged.event).seq
    assert identity.identities(fresh).members(ANN, known - 1) == (ANN,)  # the past stays as it was
    said = [(row.verb, row.detail["reason"]) for row in fresh.control.operations(limit=3)]
    assert said == [("person.merge", "本人确认"), ("person.split", "本人确认"), ("person.merge", "同一 手机号")]
    assert fresh.reader.find(merged.event).properties["reason"] == "同一 手机号"


@pytest.mark.parametrize(
    "reason", ["", " 对 ", "x" * 201, "手机 138 0000 0001", "wang@example.com", "证件 110101199001011234"]
)
def test_a_reason_is_words_and_no_personal_value(fresh: Workspace, reason: str) -> None:
    for act in (identity.merge, identity.split):
        given = (ANN, ANN_APP) if act is identity.merge else ("0" * 32,)
        with pytest.raises(DataError) as told:
            act(fresh, *given, reason=reason, who="zhou")
        assert told.value.field == "reason"
        assert len(reason) < 5 or reason not in str(told.value)


@pytest.mark.parametrize(
    ("keep", "other", "error"),
    [
        pytest.param(ANN, "account:app:nobody", NotFound, id="nobody"),
        pytest.param(ANN, "account:taobao~masked:a**n", NotFound, id="masked"),
        pytest.param(ANN, ANN, DataError, id="the-same"),
    ],
)
def test_merges_that_are_refused(town: Workspace, keep: str, other: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        identity.merge(town, keep, other, reason="本人确认", who="zhou")


def test_an_item_is_never_a_person(fresh: Workspace) -> None:
    tell(fresh, one("Account Followed", NOON, roles={"object": "item:taobao:9"}))
    with pytest.raises(DataError, match="never be one"):
        identity.merge(fresh, ANN, "item:taobao:9", reason="本人确认", who="zhou")


def test_the_timeline_folds_browsing_and_keeps_evidence(town: Workspace) -> None:
    page = timeline.timeline(town, ANN, now_ms=NOON)
    assert [(row.zh, row.count) for row in page.rows] == [
        ("订单退款 ¥9.90", 1), ("发送消息", 1), ("订单付清 ¥19.90", 1), ("浏览商品", 1), ("浏览商品 5 次", 5),
        ("撤回同意", 1), ("发送消息", 1), ("授权同意", 1), ("授权同意", 1), ("更新资料", 1),
    ]  # fmt: skip
    run = page.rows[4]
    assert (run.first_ms, run.at_ms, len(run.ids)) == (NOON - DAY, NOON - DAY + 4 * 60_000, 5)
    assert all(town.reader.find(one).kind == "Product Viewed" for one in run.ids)
    order = page.rows[2]
    assert {fact.zh: fact.value for fact in order.facts}["销售渠道"] == "直播"
    assert {row.family: row.events for row in page.families} == {
        "browse": 6, "trade": 2, "reach": 2, "consent": 3, "account": 1,
    }  # fmt: skip
    assert "王小芳" not in str(page)


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
def test_pages_are_the_whole(town: Workspace, limit: int) -> None:
    whole = timeline.timeline(town, ANN, now_ms=NOON).rows
    cursor, found = "", []
    while cursor is not None:
        page = timeline.timeline(town, ANN, now_ms=NOON, limit=limit, cursor=cursor)
        found += page.rows
        cursor = page.next
    assert tuple(found) == whole


def test_families_filter_the_timeline(town: Workspace) -> None:
    page = timeline.timeline(town, ANN, now_ms=NOON, families=["trade", "reach"])
    assert {row.family for row in page.rows} == {"trade", "reach"}
    assert timeline.timeline(town, ANN, now_ms=NOON, families=["live"]).rows == ()
    with pytest.raises(DataError, match="no family"):
        timeline.timeline(town, ANN, now_ms=NOON, families=["nothing"])
    with pytest.raises(DataError, match="cursor"):
        timeline.timeline(town, ANN, now_ms=NOON, cursor="1.2")


def test_a_run_is_bounded_and_none_of_it_is_lost(town: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeline, "RUN", 2)
    rows = timeline.timeline(town, ANN, now_ms=NOON, families=["browse"]).rows
    assert [row.count for row in rows] == [1, 2, 2, 1]


def test_plain_text_is_logged_and_needs_a_purpose(fresh: Workspace) -> None:
    with pytest.raises(DataError, match="purpose"):
        reveal.reveal(fresh, ANN, "phone", purpose=" ", who="zhou")
    with pytest.raises(DataError, match="field"):
        reveal.reveal(fresh, ANN, "shoe size", purpose="回访", who="zhou")
    with pytest.raises(NotFound):
        reveal.reveal(fresh, BEN, "phone", purpose="回访", who="zhou")
    assert reveal.reveal(fresh, ANN, "phone", purpose="售后处理", who="zhou").value == "13812341234"
    logged = fresh.control.operations(limit=5, verb="reveal")
    assert [(row.who, row.detail) for row in logged] == [("zhou", {"field": "phone", "purpose": "售后处理"})]
    assert "13812341234" not in str(logged)
    assert ANN not in str(logged)
    assert [look.purpose for _, look in fresh.vault.reveals()] == ["售后处理"]


def test_an_erased_person_has_a_page_that_says_so(fresh: Workspace) -> None:
    care.erase(fresh, [ANN], reason="asked by the person", send=True, who="test")
    found = person.person(fresh, ANN, now_ms=NOON)
    assert found.erased is not None
    assert found.erased.reason == "asked by the person"
    assert (found.name, found.events, found.ties) == ("", 0, ())
    assert timeline.timeline(fresh, ANN, now_ms=NOON).rows == ()
    with pytest.raises(NotFound):
        person.person(fresh, "account:app:never", now_ms=NOON)


def test_hot_rows_are_filtered_as_sealed_ones_are(town: Workspace, fresh: Workspace) -> None:
    for one in (fresh, town):
        rows = timeline.timeline(one, ANN, now_ms=NOON, families=["trade", "consent"]).rows
        assert len(rows) == 5
        both = footprint(one.reader, [ANN, ANN_APP], kinds=["Order Completed"], until_ms=NOON, before=(NOON, 1))
        assert both.height == 2
        assert time_span(one.reader, "Order Completed").platforms == ("app", "taobao")
        assert set(kind_spans(one.reader)) == set(one.reader.counts())
        assert known_at(one.reader, NOON * 2) == one.reader.sizes()["last_seq"]


def test_an_order_told_twice_counts_as_it_was_first_told(tmp_path: Path) -> None:
    workspace, _ = Workspace.create(tmp_path / "shop")
    with workspace:
        for at, amount in ((NOON - DAY, "10.00"), (NOON, "12.00")):
            tell(workspace, one("Order Completed", at, platform="taobao", amount=amount, refs={"order": "A"}))
        found = person.person(workspace, ANN, now_ms=NOON + HOUR)
        assert (found.totals.orders, found.totals.amount, found.totals.last_order_ms) == (1, 1000, NOON - DAY)
        asked = scope.scope(workspace, t="custom:2026-01-01..2026-01-02", cmp="none")
        assert metrics.read_metric(workspace, asked, "gmv_paid").current.value == found.totals.amount
