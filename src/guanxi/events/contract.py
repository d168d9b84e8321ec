"""The contract of an event log: an engine is one when its test class, which inherits this, is green."""
# ruff: noqa: S101 - these are tests, shipped beside the protocol that they test

from itertools import pairwise
from typing import Any

import msgspec

from guanxi.events.event import Event, event_id
from guanxi.events.log import EventLog

NOON_MS = 1_767_326_400_000  # 2026-01-02 12:00 in China
ANN, BEN, CUP = "account:taobao:ann", "account:taobao:ben", "item:taobao:cup"


class EventLogContract:
    """Inherit this in a test class, under a name that starts with Test, and give `make_log`."""

    def make_log(self) -> EventLog:
        """Return a new, empty log."""
        raise NotImplementedError

    def test_an_empty_log_reads_as_nothing(self) -> None:
        """Nothing in, nothing out, whatever is asked."""
        log = self.make_log()
        assert list(log.read()) == []
        assert list(log.read(until_ms=NOON_MS, known=5, kind="Product Viewed", party=ANN)) == []
        assert log.append([]) == log.append([])
        assert log.append([]).last_seq == 0

    def test_the_same_event_twice_is_stored_once(self) -> None:
        """Ids are once, across calls."""
        log, event = self.make_log(), _event("e1")
        first, again = log.append([event]), log.append([event])
        assert (first.stored, first.duplicates) == (1, 0)
        assert (again.stored, again.duplicates) == (0, 1)
        assert first.last_seq == again.last_seq
        assert _ids(log) == [event.id]

    def test_a_batch_of_duplicates_keeps_the_first(self) -> None:
        """Ids are once, within a call; the first of equal ids wins."""
        log = self.make_log()
        done = log.append([_event("e1", platform="jd"), _event("e1", platform="taobao"), _event("e1")])
        assert (done.stored, done.duplicates) == (1, 2)
        assert [event.platform for event in log.read()] == ["jd"]

    def test_events_come_back_as_they_went_in(self) -> None:
        """Every field survives; only `seq` is the log's own."""
        log, events = self.make_log(), _samples()
        log.append(events)
        assert [msgspec.structs.replace(event, seq=0) for event in log.read()] == events

    def test_the_order_is_the_order_of_arrival(self) -> None:
        """Sequence numbers rise strictly, over calls and kinds, whatever the events' own times are."""
        log = self.make_log()
        events = [_event(f"e{i}", at_ms=NOON_MS - i * 1000, kind=_KINDS[i % len(_KINDS)]) for i in range(40)]
        for start in range(0, 40, 7):
            log.append(events[start : start + 7])
        found = list(log.read())
        assert [event.id for event in found] == [event.id for event in events]
        assert all(a.seq < b.seq for a, b in pairwise(found))
        assert all(event.seq > 0 for event in found)

    def test_until_is_exclusive(self) -> None:
        """An event at the very instant is not before it."""
        log = self.make_log()
        log.append([_event(f"e{i}", at_ms=NOON_MS + i) for i in range(4)])
        assert [event.at_ms - NOON_MS for event in log.read(until_ms=NOON_MS + 2)] == [0, 1]

    def test_known_reads_the_past(self) -> None:
        """What came after a sequence number was not known then; a future number is now."""
        log = self.make_log()
        before = log.append([_event("e1"), _event("e2")]).last_seq
        log.append([_event("e3")])
        assert len(list(log.read(known=before))) == 2
        assert len(list(log.read(known=0))) == 0
        assert len(list(log.read(known=before + 1000))) == 3

    def test_kinds_are_told_apart(self) -> None:
        """Also two kinds that nobody declared."""
        log = self.make_log()
        log.append([_event(f"{kind}{i}", kind=kind) for i in range(3) for kind in _KINDS])
        for kind in _KINDS:
            assert [event.kind for event in log.read(kind=kind)] == [kind] * 3
        assert list(log.read(kind="Never Seen")) == []

    def test_a_party_is_found_in_any_role(self) -> None:
        """In roles that the kind declares, and in others."""
        log = self.make_log()
        log.append([
            _event("e1", roles={"actor": ANN, "item": CUP}), _event("e2", roles={"actor": BEN, "item": CUP}),
            _event("e3", roles={"rival": ANN}), _event("e4", kind="Tea Tasted", roles={"agent": ANN}), _event("e5"),
        ])  # fmt: skip
        assert len(list(log.read(party=ANN))) == 3
        assert len(list(log.read(party=CUP))) == 2
        assert len(list(log.read(party=ANN, kind="Tea Tasted"))) == 1
        assert list(log.read(party="account:taobao:an")) == []

    def test_the_newest_of_a_natural_key_stands(self) -> None:
        """A superseded event is left out once the newer one is known, and not before."""
        log, old, new = self.make_log(), _event("old"), _event("new", replaces="old")
        before = log.append([old]).last_seq
        log.append([new])
        assert _ids(log) == [new.id]
        assert _ids(log, known=before) == [old.id]

    def test_a_chain_of_restatements_leaves_its_last(self) -> None:
        """As known at each step, exactly one of them stands."""
        log = self.make_log()
        chain = [_event("v0"), *(_event(f"v{i}", replaces=f"v{i - 1}") for i in range(1, 5))]
        seqs = [log.append([event]).last_seq for event in chain]
        for seq, event in zip(seqs, chain, strict=True):
            assert _ids(log, known=seq) == [event.id]

    def test_a_restatement_in_the_same_batch_counts(self) -> None:
        """Also when the older one comes later, or never."""
        log = self.make_log()
        log.append([_event("a"), _event("b", replaces="a"), _event("d", replaces="c"), _event("c")])
        assert _ids(log) == [_event("b").id, _event("d").id]

    def test_a_read_sees_one_moment(self) -> None:
        """What is appended after the call to `read` is not in it."""
        log = self.make_log()
        log.append([_event("e1")])
        reading = log.read()
        log.append([_event("e2")])
        assert len(list(reading)) == 1
        assert len(list(log.read())) == 2


_KINDS = ("Product Viewed", "Order Line Recorded", "Tea Tasted", "custom", "茶 会")


def _event(name: str, *, replaces: str = "", **fields: Any) -> Event:
    refs = {"supersedes": event_id("contract", replaces)} if replaces else {}
    given: dict[str, Any] = {"kind": "Product Viewed", "at_ms": NOON_MS, "received_ms": NOON_MS, "live": True} | fields
    return Event(id=event_id("contract", name), refs=refs, **given)


def _samples() -> list[Event]:
    return [
        _event("plain"),
        Event(
            id=event_id("contract", "full"), kind="Order Line Recorded", at_ms=NOON_MS, received_ms=NOON_MS + 5,
            roles={"actor": ANN, "item": CUP, "rival": BEN}, refs={"order": "o1", "slate": "s1"}, platform="taobao",
            amount=-1, currency="JPY", properties={
                "unit_price": "0.000001", "quantity": 2**53 + 1, "title": "红\n杯", "x": "",
                "unknown": [1, {"a": None}],
            },
            consent=0, source="import:test", live=False, repairs=("at:epoch-s", "title:nfc"),
        ),
        _event("custom", kind="Tea Tasted", properties={"score": 7, "note": "a\x00b", "deep": {"k": [True, 1.5]}}),
        _event("named", kind="custom", properties={"name": "", "kind": "x"}),
    ]  # fmt: skip


def _ids(log: EventLog, known: int | None = None) -> list[str]:
    return [event.id for event in log.read(known=known)]
