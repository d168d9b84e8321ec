"""Reading: filters, pages, single events, columns and sums agree with each other, wherever the rows lie."""

import pytest

from guanxi.core import NotFound
from guanxi.engines.lake import Reader
from guanxi.events import Kind, Property, event_id, shipped

from ..log.conftest import T0, Store, event

A, B = "Product Viewed", "Tea Tasted"


def test_pages_go_through_everything_once(store) -> None:
    store.live(*"abc")
    store.load([(B, None, name) for name in "def"])
    store.seal()
    store.live(*"ghi")
    found, before = [], None
    while page := store.reader.newest(2, before_seq=before):
        found += [one.properties["name"] for one in page]
        before = page[-1].seq
    assert found == list("ihgfedcba")
    found, after = [], 0
    while page := store.reader.newest(4, after_seq=after, oldest=True):
        found += [one.properties["name"] for one in page]
        after = page[-1].seq
    assert found == list("abcdefghi")


def test_an_event_is_found_by_id_and_number_superseded_or_not(store) -> None:
    store.log.append([event("old"), event("new", replaces="old")])
    for sealed in (False, True):
        if sealed:
            store.seal()
        old = store.reader.find(event_id("live", "old"))
        assert store.reader.find("1") == old
        assert store.reader.replaced_by(old) == event_id("live", "new")
        for wrong in ("3", "f" * 32, "x", "9" * 25, ""):
            with pytest.raises(NotFound):
                store.reader.find(wrong)


@pytest.mark.parametrize("kind", [A, B, "Nobody Ever Sent This"])
def test_columns_hold_what_events_hold(store, kind: str) -> None:
    assert store.reader.frame(kind).height == 0
    store.live("a", kind=A)
    store.live("b", "c", kind=B)
    for _ in range(2):
        frame = store.reader.frame(kind)
        events = list(store.reader.read(kind=kind))
        assert frame["seq"].to_list() == [one.seq for one in events]
        assert frame["at_ms"].to_list() == [one.at_ms for one in events]
        store.seal()


def test_filters_join(store) -> None:
    store.log.append([event(str(n), at_ms=T0 + n, kind=A if n % 2 else B) for n in range(8)])
    for _ in range(2):
        assert store.names(until_ms=T0 + 5, kind=A) == ["1", "3"]
        assert store.names(until_ms=T0 + 5, known=3) == ["0", "1", "2"]
        assert store.names(kind=B, known=4) == ["0", "2"]
        store.seal()


def test_a_defined_kind_reads_what_was_sent_before_and_after(store) -> None:
    tea = Kind(
        name=B, zh="品茶", purpose="A guest tasted a tea.", family="place", custom=True,
        properties={"name": Property(zh="茶"), "sum": Property(type="decimal", zh="和")},
    )  # fmt: skip
    store.live("before", kind=B)
    store.seal()
    defined = shipped().extended([tea])
    reader = Reader(store.folder, defined)
    try:
        store.live("after", kind=B)
        store.live("other", kind="Never Defined")
        store.live("third", kind="Also Never")
        assert [one.properties["name"] for one in reader.read()] == ["before", "after", "other", "third"]
        assert [one.properties["name"] for one in reader.read(kind=B)] == ["before", "after"]
        assert reader.frame(B).height == 2
    finally:
        reader.close()


def test_a_column_that_a_newer_catalogue_adds_reads_as_null_before(store) -> None:
    store.live("a")
    store.seal()
    row = shipped()[A]
    wider = Kind(
        **{name: getattr(row, name) for name in row.__struct_fields__ if name != "properties"},
        properties={**row.properties, "brand_new": Property(type="integer", zh="新")},
    )
    catalogue = type(shipped())([wider if kind.name == A else kind for kind in shipped().values()])
    reader = Reader(store.folder, catalogue)
    try:
        assert [one.properties for one in reader.read()] == [{"name": "a"}]
        assert reader.frame(A)["p_brand_new"].to_list() == [None]
    finally:
        reader.close()


def test_readers_of_an_empty_log(store_type: type[Store], tmp_path) -> None:
    made = store_type(tmp_path / "log")
    try:
        assert list(made.reader.read()) == made.reader.newest(5) == []
        assert made.reader.counts() == {}
        assert made.reader.sizes() == {"last_seq": 0, "hot": 0, "staged": 0, "sealed": 0}
        assert made.reader.parties() == 0
    finally:
        made.close()
