"""A backup is one moment of a working workspace, and comes back whole or not at all."""

import json
import shutil
import threading
from pathlib import Path

import pytest

from guanxi.core import Busy, DataError, GuanxiError, NotFound, SettingError
from guanxi.engines.backup import MANIFEST, backup, export_erased, restore
from guanxi.engines.erasure import erase_all, reapply
from guanxi.engines.lake import Lake, Reader, Sealer
from guanxi.engines.locks import SEALER, Lock
from guanxi.engines.log import SqliteLog
from guanxi.engines.vault import KEY_FILE, Vault
from guanxi.events import Event, RawEvent, shipped

from .conftest import ANN, DEVICE, NAME, PHONE, World, make, traces

TEXTS = [NAME, PHONE]


def key_of(world: World) -> Path:
    """The copy of the key that an operator keeps elsewhere."""
    kept = world.folder.parent / "kept.key"
    shutil.copyfile(world.folder / KEY_FILE, kept)
    return kept


def events_of(folder: Path) -> list[Event]:
    reader = Reader(folder, shipped())
    try:
        return list(reader.read())
    finally:
        reader.close()


def test_what_was_backed_up_comes_back(filled: World, tmp_path: Path) -> None:
    (filled.folder / "guanxi.toml").write_text("# mine\n")
    manifest = backup(filled.folder, tmp_path / "b")
    assert not (tmp_path / "b" / KEY_FILE).exists()
    assert manifest.last_seq == filled.log.last_seq
    new = tmp_path / "new" / "place"
    assert restore(tmp_path / "b", new, key=key_of(filled)) == manifest
    assert events_of(new) == filled.events()
    assert (new / "guanxi.toml").read_text() == "# mine\n"
    with Vault.open(new) as vault:
        assert vault.parked.counts() == filled.vault.parked.counts()
        tokens = [event.properties["receiver_name"] for event in events_of(new) if "receiver_name" in event.properties]
        assert NAME in vault.reveal_many(tokens, purpose="t", who="t").values()


def test_a_restored_workspace_goes_on(filled: World, tmp_path: Path) -> None:
    backup(filled.folder, tmp_path / "b", include_key=True)
    new = tmp_path / "new"
    restore(tmp_path / "b", new)
    before = len(events_of(new))
    other = World(new, Vault.open(new), SqliteLog(new))
    (again,) = [event for event in filled.events() if event.kind == "Parcel Updated"]
    assert other.log.append([again]).duplicates == 1
    other.ingest(RawEvent(kind="Product Viewed", platform="app", roles={"actor": ANN, "item": "item:app:9"}))
    other.seal()
    assert len(other.events()) == before + 1
    other.close()


def test_a_backup_while_events_arrive_holds_a_beginning_of_them(world: World, tmp_path: Path) -> None:
    stop = threading.Event()

    def ingest() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            world.ingest(RawEvent(kind="Group Post Sent", platform="app", message_id=str(number),
                                  roles={"actor": f"account:app:{number}", "community": "community:app:1"},
                                  properties={"text": f"text {number}"}))  # fmt: skip

    world.ingest(RawEvent(kind="Consent Given", platform="app", roles={"actor": ANN}))
    writer = threading.Thread(target=ingest)
    writer.start()
    try:
        manifest = backup(world.folder, tmp_path / "b", include_key=True)
    finally:
        stop.set()
        writer.join()
    restore(tmp_path / "b", tmp_path / "new")
    found = events_of(tmp_path / "new")
    assert [event.seq for event in found] == list(range(1, manifest.last_seq + 1))
    with Vault.open(tmp_path / "new") as vault:  # every value that the log names is there
        tokens = [event.properties["text"] for event in found if "text" in event.properties]
        assert len(vault.reveal_many(tokens, purpose="t", who="t")) == len(tokens)


@pytest.mark.slow
def test_people_erased_after_the_backup_stay_erased(filled: World, tmp_path: Path) -> None:
    backup(filled.folder, tmp_path / "b", include_key=True)
    filled.vault.erasures.add([ANN, DEVICE], texts=TEXTS)
    (first,) = erase_all(filled.folder, shipped(), filled.vault, append=filled.log.append)
    assert export_erased(filled.vault, tmp_path / "erased.jsonl") == 2
    new = tmp_path / "new"
    restore(tmp_path / "b", new, erased=tmp_path / "erased.jsonl")
    with Vault.open(new) as vault:
        log = SqliteLog(new)
        assert reapply(new, shipped(), vault) == 1
        (again,) = erase_all(new, shipped(), vault, append=log.append)
        log.close()
    assert again.stand_in == first.stand_in
    assert (again.deleted, again.restricted) == (first.deleted, first.restricted)
    assert traces(new, ("AAE1xSECRET", "DEV77SECRET")) == []


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        pytest.param("flip", "not what was written", id="changed-byte"),
        pytest.param("lose", "missing", id="lost-file"),
        pytest.param("manifest", "no finished backup", id="unfinished"),
        pytest.param("outside", "outside", id="path-outside"),
        pytest.param("garbage", "damaged", id="damaged-manifest"),
        pytest.param("future", "format 99", id="newer-format"),
        pytest.param("full", "not an empty folder", id="target-in-use"),
    ],
)
def test_a_bad_backup_is_refused_and_nothing_is_left(world: World, tmp_path: Path, harm: str, says: str) -> None:
    target, new = tmp_path / "b", tmp_path / "new"
    backup(world.folder, target, include_key=True)
    manifest = json.loads((target / MANIFEST).read_text())
    if harm == "flip":
        data = bytearray((target / "lake.sqlite").read_bytes())
        data[100] ^= 1
        (target / "lake.sqlite").write_bytes(data)
    elif harm == "lose":
        (target / "vault.sqlite").unlink()
    elif harm == "manifest":
        (target / MANIFEST).unlink()
    elif harm == "outside":
        manifest["files"][0]["path"] = "../x"
    elif harm == "future":
        manifest["format"] = 99
    elif harm == "full":
        new.mkdir()
        (new / "mine.txt").write_text("mine")
    if harm in ("outside", "future"):
        (target / MANIFEST).write_text(json.dumps(manifest))
    if harm == "garbage":
        (target / MANIFEST).write_text("{")
    with pytest.raises(GuanxiError, match=says):
        restore(target, new)
    assert [path.name for path in tmp_path.iterdir() if "restoring" in path.name] == []
    assert sorted(path.name for path in new.iterdir()) == ["mine.txt"] if harm == "full" else not new.exists()


def test_the_key_is_needed_and_must_be_the_right_one(world: World, tmp_path: Path) -> None:
    backup(world.folder, tmp_path / "b")
    with pytest.raises(SettingError, match="holds no"):
        restore(tmp_path / "b", tmp_path / "new")
    (tmp_path / "wrong.key").write_bytes(b"x" * 32)
    with pytest.raises(SettingError, match="not the key"):
        restore(tmp_path / "b", tmp_path / "new", key=tmp_path / "wrong.key")
    assert not (tmp_path / "new").exists()


def test_where_a_backup_may_not_go(world: World, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="inside"):
        backup(world.folder, world.folder / "b")
    with pytest.raises(SettingError, match="not an empty"):
        backup(world.folder, tmp_path)
    with pytest.raises(NotFound):
        backup(tmp_path / "none", tmp_path / "b")
    with Lock(world.folder, SEALER, doing="test"), pytest.raises(Busy):
        backup(world.folder, tmp_path / "b", wait_s=0)
    assert not (tmp_path / "b").exists()


def test_a_damaged_database_is_not_backed_up(world: World, tmp_path: Path) -> None:
    world.close()
    (world.folder / "vault.sqlite").write_bytes(b"no database" * 1000)
    with pytest.raises(DataError, match="cannot be copied"):
        backup(world.folder, tmp_path / "b")
    assert not (tmp_path / "b" / MANIFEST).exists()


def test_a_sealer_that_stays_open_does_not_write_the_person_back(tmp_path: Path) -> None:
    """The keeper's own connection to the lake may remember statistics of before the erasure."""
    world = make(tmp_path)
    sealer = Sealer(world.folder, shipped())
    viewed = [RawEvent(kind="Product Viewed", platform="app", roles={"actor": who, "item": "item:app:1"})
              for who in (ANN, "account:app:other")]  # fmt: skip
    for raw in viewed:
        world.ingest(raw)
        sealer.run(hot_after=1)
    world.vault.erasures.add([ANN])
    erase_all(world.folder, shipped(), world.vault, append=world.log.append)
    world.ingest(
        RawEvent(kind="Product Viewed", platform="app", roles={"actor": "account:app:b", "item": "item:app:2"})
    )
    sealer.run(hot_after=1)
    sealer.tidy()
    sealer.close()
    assert traces(world.folder, (ANN,)) == []
    lake = Lake(world.folder, shipped())
    assert lake.connection.execute("SELECT count(*) FROM lake.product_viewed").fetchone() == (2,)
    lake.close()
    world.close()
