"""An erasure reaches every place where a person's events can lie, and nobody else's."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from guanxi.core import DataError
from guanxi.engines.erasure import COMPLETED, RETENTION, Erased, erase_all, keep_out, reapply
from guanxi.engines.vault import Vault
from guanxi.events import Event, shipped

from .conftest import ANN, BEN, DEVICE, NAME, PHONE, World, fill, make, traces

Shared = tuple[World, Erased, list[Event]]
REFS, TEXTS = [ANN, DEVICE], [NAME, PHONE]


def erase(world: World) -> Erased:
    world.vault.erasures.add(REFS, texts=TEXTS, reason=f"asked by {NAME}", ticket="t1")
    (done,) = erase_all(world.folder, shipped(), world.vault, append=world.log.append)
    return done


def of_kind(events: list[Event], kind: str) -> list[Event]:
    return [event for event in events if event.kind == kind]


@pytest.fixture(scope="module")
def erased(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    """One erasure, looked at from several sides: the workspace after it, its report, and all events."""
    world = make(tmp_path_factory.mktemp("w"))
    fill(world)
    before = traces(world.folder)
    assert {trace.split(" in ")[1].split("/")[0] for trace in before} >= {
        "log.sqlite-wal",
        "lake.sqlite",
        "lake",
        "staged",
    }
    done = erase(world)
    yield world, done, world.events()
    world.close()


def test_no_file_of_the_workspace_holds_the_person(erased: Shared) -> None:
    world, _, _ = erased
    assert traces(world.folder) == []
    assert traces(world.folder, ("BBF2yFRIEND",)) != []


def test_what_the_law_orders_kept_is_nobodys_and_the_rest_is_gone(erased: Shared) -> None:
    _, done, events = erased
    lines = of_kind(events, "Order Completed")
    mine = [event for event in lines if event.roles["actor"] == done.stand_in]
    assert sorted(event.refs["order"] for event in mine) == ["o1", "o3"]  # the one of 1500 days ago is past its time
    assert [event.amount for event in mine] == [1000, 1000]
    assert all(event.properties == {} for event in mine)
    hidden = {"actor": done.stand_in, "ip": done.stand_in.replace("account:", "ip:")}
    assert all(event.roles == hidden | {"shop": "shop:taobao:1"} for event in mine)
    assert [event.properties.get("note") for event in of_kind(events, "Settlement Recorded")] == [None]
    (consent,) = of_kind(events, "Consent Given")
    assert consent.roles == {"actor": done.stand_in, "device": done.stand_in.replace("account:", "device:")}
    assert of_kind(events, "Parcel Updated") == []  # no person in it, but it is of the person's order
    assert of_kind(events, "Party Resolved") == []
    assert [event.roles["actor"] for event in of_kind(events, "Product Viewed")] == [BEN]
    assert (done.deleted, done.restricted, done.renamed) == (5, 4, 2)
    assert done.parked == 1


def test_other_peoples_events_stay_and_only_the_name_goes(erased: Shared) -> None:
    filled, done, events = erased
    (quiz,) = of_kind(events, "Quiz Finished")
    assert quiz.properties == {"rival": "erased", "with": {"who": done.stand_in}}
    (gift,) = of_kind(events, "Order Received")
    assert gift.roles == {"actor": BEN, "recipient": done.stand_in}
    bens = [event for event in of_kind(events, "Order Completed") if event.roles["actor"] == BEN]
    assert len(bens) == 2
    names = filled.vault.reveal_many([event.properties["receiver_name"] for event in bens], purpose="t", who="t")
    assert set(names.values()) == {"韩梅梅"}
    assert [row.row for row in filled.vault.parked.rows()] == [2]


def test_the_record_says_that_it_was_done_and_not_to_whom(erased: Shared) -> None:
    filled, done, events = erased
    (completed,) = of_kind(events, COMPLETED)
    (asked,) = of_kind(events, "Erasure Requested")
    assert completed.roles == asked.roles == {"object": done.stand_in}
    assert (completed.properties["rows"], completed.properties["restricted"]) == (5, 4)
    assert completed.refs == {"ticket": "t1", "cause": asked.id}
    assert asked.properties["reason"] == "asked by erased"
    assert filled.vault.erasures.open_jobs() == []
    assert filled.vault.is_forgotten(ANN)


def test_the_counts_are_those_of_what_is_there(erased: Shared) -> None:
    filled, _, events = erased
    counted: dict[str, int] = {}
    for event in events:
        counted[event.kind] = counted.get(event.kind, 0) + 1
    assert filled.counts() == counted


@pytest.mark.slow
def test_a_second_erasure_finds_nothing(filled: World) -> None:
    erase(filled)
    before = filled.events()
    again = erase(filled)
    assert (again.deleted, again.restricted, again.renamed, again.values, again.parked) == (0, 0, 0, 0, 0)
    assert [event for event in filled.events() if "Erasure" not in event.kind] == [
        event for event in before if "Erasure" not in event.kind
    ]


def test_a_short_number_is_not_looked_for_in_other_peoples_data(world: World) -> None:
    buyer = "account:store:17850"
    world.bulk("Order Completed", [
        {"at_ms": 1, "role_actor": buyer, "ref_order": "o1", "p_coupon": "22423"},
        {"at_ms": 2, "role_actor": "account:store:2", "ref_order": "o2", "p_coupon": "17850"},
    ])  # fmt: skip
    world.vault.erasures.add([buyer])
    (done,) = erase_all(world.folder, shipped(), world.vault, append=world.log.append)
    assert (done.deleted, done.renamed) == (1, 0)
    assert [event.properties["coupon"] for event in of_kind(world.events(), "Order Completed")] == ["17850"]


@pytest.mark.slow
def test_an_erasure_is_applied_again_after_an_older_copy_came_back(filled: World) -> None:
    first = erase(filled)
    fill(filled)  # the events come back, as from a copy; their values do not
    assert traces(filled.folder) != []
    assert reapply(filled.folder, shipped(), filled.vault) == 1
    assert reapply(filled.folder, shipped(), filled.vault) == 0  # it waits already
    (done,) = erase_all(filled.folder, shipped(), filled.vault, append=filled.log.append)
    assert done.stand_in == first.stand_in
    assert traces(filled.folder, ("AAE1xSECRET", "DEV77SECRET")) == []


@pytest.mark.parametrize("refs", [[], ["AAE1x"], ["account:taobao:"]], ids=["none", "no-form", "no-key"])
def test_a_job_without_a_usable_reference_is_refused(world: World, refs: list[str]) -> None:
    with pytest.raises(DataError, match="type:scope:key"):
        world.vault.erasures.add(refs)


def test_an_open_job_is_sealed(world: World) -> None:
    world.vault.erasures.add(REFS, texts=TEXTS)
    assert traces(world.folder) == []
    assert world.vault.erasures.open_jobs()[0].refs == tuple(REFS)


def test_retention_names_kinds_and_families_of_the_catalogue() -> None:
    families = {kind.family for kind in shipped().values()}
    for row in RETENTION:
        assert set(row.kinds) <= set(shipped())
        assert set(row.families) <= families
        assert "第" in row.law
        assert row.years >= 3


ERASER = """
import sys
from pathlib import Path
from guanxi.engines.erasure import erase_all
from guanxi.engines.log import SqliteLog
from guanxi.engines.vault import Vault
from guanxi.events import shipped
folder = Path(sys.argv[1])
vault, log = Vault.open(folder), SqliteLog(folder)
print("ready", flush=True)
erase_all(folder, shipped(), vault, append=log.append)
print("done", flush=True)
"""


@pytest.mark.slow
def test_kill_9_at_any_point_and_the_next_run_finishes_it(filled: World) -> None:
    folder = filled.folder
    filled.vault.erasures.add(REFS, texts=TEXTS)
    filled.close()
    killed = 0
    for wait in (0.0, 0.1, 0.22, 0.36, 0.52):
        process = subprocess.Popen([sys.executable, "-c", ERASER, str(folder)], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(wait)
        process.kill()
        out, _ = process.communicate()
        killed += "done" not in out
    assert killed >= 2
    subprocess.run([sys.executable, "-c", ERASER, str(folder)], check=True, stdout=subprocess.DEVNULL)
    assert traces(folder) == []
    with Vault.open(folder) as vault:
        assert vault.erasures.open_jobs() == []
    (completed,) = of_kind(filled.events(), COMPLETED)
    assert (completed.properties["rows"], completed.properties["restricted"]) == (5, 4)
    counts = filled.counts()
    assert counts["Order Completed"] == len(of_kind(filled.events(), "Order Completed")) == 4
    assert sum(counts.values()) == len(filled.events())


def test_an_old_file_does_not_bring_an_erased_person_back(world: World) -> None:
    rows = pl.DataFrame({
        "at_ms": [1, 2, 3, 2**43, 4],
        "role_actor": [ANN, BEN, BEN, ANN, None],
        "role_device": [None, DEVICE, None, DEVICE, DEVICE],
    })  # fmt: skip
    assert keep_out(rows, world.vault)[1] == 0
    world.vault.forget(REFS, surrogate="5" * 32)
    kept, left_out = keep_out(rows, world.vault)
    gone = f"device:erased:{'5' * 32}"
    assert left_out == 1
    assert kept["role_actor"].to_list() == [BEN, BEN, ANN, None]
    assert kept["role_device"].to_list() == [gone, None, DEVICE, gone]


def test_the_page_on_privacy_lists_the_rows_of_retention() -> None:
    page = (Path(__file__).parents[2] / "docs" / "privacy.md").read_text("utf-8")
    for row in RETENTION:
        kinds = ", ".join([*row.kinds, *(f"family {family}" for family in row.families)])
        assert f"| {row.law} | {row.years} | {kinds} |" in page
