"""Uploads: what a brought file seems to be, what it would become, and its import through every accident."""

import doctest
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from guanxi.app import Workspace, care, dry_run, keep, suggesting, upload_jobs, uploads
from guanxi.core import DataError, NotFound, SettingError
from guanxi.engines.log import now_ms

from .conftest import HEADER, line

OWN = (
    "单号,下单时间,实付金额,会员,收货人手机,备注\n"
    "A1,2026-01-02 10:00:00,19.90,u1,13812341234,急\nA2,昨天,5.00,u2,13812341235,\n"
)
PHONES = ("13812341234", "13800000001")


def bring(workspace: Workspace, name: str, body: bytes) -> uploads.Upload:
    number, path = uploads.new_upload(workspace, name)
    path.write_bytes(body)
    return uploads.finish_upload(workspace, number, who="zhou")


@pytest.fixture
def jd(workspace: Workspace, export: Path) -> uploads.Upload:
    return bring(workspace, "订单.csv", export.read_bytes())


def test_names_are_cleaned() -> None:
    assert doctest.testmod(uploads) == doctest.TestResults(failed=0, attempted=1)
    for bad in ("", "..", "/", " . "):
        with pytest.raises(DataError):
            uploads.clean_name(bad)
    assert uploads.clean_name("../../x/..\\y.csv") == "y.csv"
    assert len(uploads.clean_name("长" * 300 + ".csv").encode()) <= 240
    assert uploads.clean_name("长" * 300 + ".csv").endswith(".csv")


def test_an_upload_lies_in_the_workspace_for_its_owner_alone(workspace: Workspace, jd: uploads.Upload) -> None:
    path = uploads.file_of(workspace, jd.id)
    assert path.is_relative_to(workspace.folder / "uploads" / jd.id)
    assert (workspace.folder / "uploads").stat().st_mode & 0o077 == 0
    assert (jd.name, jd.sources, jd.problem, jd.who) == ("订单.csv", ("订单.csv",), "", "zhou")
    assert uploads.uploads(workspace) == [jd]
    uploads.drop_upload(workspace, jd.id)
    with pytest.raises(NotFound):
        uploads.upload(workspace, jd.id)
    with pytest.raises(NotFound):
        uploads.upload(workspace, "../" + jd.id)


def test_files_that_lay_too_long_go(workspace: Workspace, jd: uploads.Upload, monkeypatch: pytest.MonkeyPatch) -> None:
    assert uploads.tidy(workspace) == 0
    monkeypatch.setattr(uploads, "now_ms", lambda: now_ms() + uploads.KEPT_MS + 1000)
    assert uploads.tidy(workspace) == 1
    assert uploads.uploads(workspace) == []


def test_a_known_export_is_recognised(workspace: Workspace, jd: uploads.Upload) -> None:
    found = suggesting.suggestion(workspace, jd.id)
    best = found.sources[0].fits[0]
    assert (best.mapping, best.platform, best.certainty, best.own) == ("jd_order", "jd", "sure", False)
    samples = {one.column: one.samples for one in found.columns}
    assert samples["客户姓名"] == ("王*芳",)
    assert samples["联系电话"] == ("138****0001",)


def test_an_unknown_file_gets_a_draft_that_people_edit(workspace: Workspace) -> None:
    mine = bring(workspace, "own.csv", OWN.encode())
    found = suggesting.suggestion(workspace, mine.id)
    assert found.sources[0].fits == ()
    guessed = {one.column: one.what for one in found.columns}
    assert guessed["实付金额"] == "amount"
    assert not any(phone in str(found) for phone in PHONES)
    with pytest.raises(DataError, match="no format fits"):
        dry_run.dry_run(workspace, mine.id)
    made = suggesting.save_mapping(
        workspace, "own_orders", number=mine.id, zh="我的订单", platform="app", who="zhou",
        columns={"单号": "order", "下单时间": "at", "会员": "buyer", "收货人手机": "drop", "备注": ""},
    )  # fmt: skip
    assert made.kinds == ("Order Completed",)
    again = suggesting.suggestion(workspace, mine.id).sources[0].fits[0]
    assert (again.mapping, again.own) == ("own_orders", True)
    assert [one.mapping for one in suggesting.mappings(workspace)] == ["own_orders"]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A workspace that no test changes."""
    made, _ = Workspace.create(tmp_path_factory.mktemp("shop") / "ws")
    with made:
        yield made


@pytest.mark.parametrize(
    ("name", "more", "error"),
    [
        pytest.param("Own", {}, DataError, id="id"),
        pytest.param("jd_order", {}, DataError, id="a-preset's"),
        pytest.param("own", {"platform": "moon"}, DataError, id="platform"),
        pytest.param("own", {"columns": {"单号": "planet"}}, DataError, id="word"),
        pytest.param("own", {"columns": {"月亮": "order"}}, DataError, id="column"),
        pytest.param("own", {"columns": {"下单时间": ""}}, SettingError, id="no-time"),
        pytest.param("own", {"toml": "id = 'other'\nzh = 'x'\n"}, SettingError, id="another-id"),
        pytest.param("own", {"toml": "= no"}, SettingError, id="no-toml"),
    ],
)
def test_mappings_that_are_refused(shop: Workspace, name: str, more: dict, error: type[Exception]) -> None:
    mine = bring(shop, "own.csv", OWN.encode())
    with pytest.raises(error):
        suggesting.save_mapping(shop, name, number=mine.id, who="zhou", **more)
    assert suggesting.mappings(shop) == []


def test_a_dry_run_shows_rows_beside_events_and_stores_nothing(workspace: Workspace) -> None:
    rows = [HEADER, line("300000000001", "11"), line("300000000002", "12", price="很多"), line("300000000003", "13")]
    mine = bring(workspace, "订单.csv", "\n".join(rows).encode("gbk"))
    run = dry_run.dry_run(workspace, mine.id).sources[0]
    assert (run.mapping, run.rows, run.accepted, run.parked, run.whole) == ("jd_order", 3, 2, 1, True)
    assert {one.kind: one.events for one in run.kinds}["Order Completed"] == 2
    assert run.platforms == ("jd",)
    beside = run.samples[0]
    assert (beside.row, beside.cells["订单号"], beside.cells["客户姓名"]) == (2, "300000000001", "王*芳")
    assert {event.kind for event in beside.events} >= {"Order Completed", "Order Line Recorded"}
    assert [(one.reason, one.count, one.rows) for one in run.problems] == [("amount", 1, (3,))]
    assert not any(secret in str(run) for secret in (*PHONES, "王小芳", "示例路66号"))
    assert workspace.reader.sizes()["last_seq"] == 0
    assert workspace.vault.parked.counts()["open"] == 0
    assert dry_run.dry_run(workspace, mine.id, rows=1).sources[0].whole is False


def test_settings_that_a_mapping_asks_for(workspace: Workspace, jd: uploads.Upload) -> None:
    with pytest.raises(SettingError, match="no setting"):
        dry_run.dry_run(workspace, jd.id, settings={"moon": "full"})
    with pytest.raises(SettingError):
        upload_jobs.enqueue(workspace, jd.id, settings={"moon": "full"}, who="zhou")
    assert upload_jobs.waiting(workspace.folder) == []


def test_an_import_from_the_page(workspace: Workspace, jd: uploads.Upload) -> None:
    (job,) = upload_jobs.enqueue(workspace, jd.id, who="zhou")
    assert (job.state, job.source, job.preset) == ("waiting", "订单.csv", "jd_order")
    with pytest.raises(DataError, match="being imported"):
        upload_jobs.enqueue(workspace, jd.id, who="zhou")
    upload_jobs.carry_out(workspace.folder, jd.id)
    done = workspace.control.job(job.id)
    assert (done.state, done.rows, done.parked) == ("done", 3, 0)
    workspace.reopen()
    assert workspace.reader.counts()["Order Completed"] == 3
    left = uploads.upload(workspace, jd.id)
    assert (left.jobs, left.present) == ((job.id,), False)
    with pytest.raises(NotFound, match="gone"):
        uploads.file_of(workspace, jd.id)
    assert upload_jobs.waiting(workspace.folder) == []


def test_an_import_that_died_is_taken_up_again(
    workspace: Workspace, jd: uploads.Upload, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    upload_jobs.enqueue(workspace, jd.id, who="zhou")
    with monkeypatch.context() as broken:
        broken.setattr(upload_jobs, "import_files", die)
        with pytest.raises(KeyboardInterrupt):
            upload_jobs.carry_out(workspace.folder, jd.id)
    assert [one.tries for one in upload_jobs.waiting(workspace.folder)] == [1]
    upload_jobs.carry_out(workspace.folder, jd.id)
    workspace.reopen()
    assert workspace.reader.counts()["Order Completed"] == 3


def test_a_request_that_kills_its_process_is_given_up(
    workspace: Workspace, jd: uploads.Upload, monkeypatch: pytest.MonkeyPatch
) -> None:
    (job,) = upload_jobs.enqueue(workspace, jd.id, who="zhou")
    monkeypatch.setattr(upload_jobs, "TRIES", 0)
    upload_jobs.carry_out(workspace.folder, jd.id)
    assert workspace.control.job(job.id).state == "failed"
    assert upload_jobs.waiting(workspace.folder) == []
    assert uploads.upload(workspace, jd.id).present  # it may be asked for again


def test_stopping(workspace: Workspace, jd: uploads.Upload) -> None:
    (job,) = upload_jobs.enqueue(workspace, jd.id, who="zhou")
    assert upload_jobs.stop_job(workspace, job.id, who="zhou").state == "stopped"
    with pytest.raises(DataError, match="ended"):
        upload_jobs.stop_job(workspace, job.id, who="zhou")
    upload_jobs.enqueue(workspace, jd.id, who="zhou")
    (workspace.folder / "uploads" / jd.id / upload_jobs.STOP).touch()
    upload_jobs.carry_out(workspace.folder, jd.id)
    assert workspace.control.job(job.id).state == "stopped"
    upload_jobs.enqueue(workspace, jd.id, who="zhou")
    upload_jobs.carry_out(workspace.folder, jd.id)
    assert workspace.control.job(job.id).state == "done"
    with pytest.raises(NotFound):
        upload_jobs.stop_job(workspace, "nothing", who="zhou")


def test_a_file_that_breaks_half_way_says_so_and_stays(workspace: Workspace, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("orders.csv", "\n".join([HEADER, line("300000000001", "11")]).encode("gbk"))
    body = bytearray((tmp_path / "a.zip").read_bytes())
    mine = bring(workspace, "a.zip", bytes(body))
    (job,) = upload_jobs.enqueue(workspace, mine.id, who="zhou")
    spoilt = body.index(b"300000000001")
    body[spoilt : spoilt + 4] = b"!!!!"
    uploads.file_of(workspace, mine.id).write_bytes(bytes(body))
    upload_jobs.carry_out(workspace.folder, mine.id)
    ended = workspace.control.job(job.id)
    assert ended.state == "failed"
    assert ended.problem
    broken = bring(workspace, "b.zip", b"PK\x03\x04 no zip")
    assert broken.problem


@pytest.mark.slow
def test_the_keeper_imports_by_a_process_of_its_own(workspace: Workspace, jd: uploads.Upload) -> None:
    stop = threading.Event()
    thread = threading.Thread(target=keep, args=(Workspace.open(workspace.folder), stop))
    thread.start()
    try:
        (job,) = upload_jobs.enqueue(workspace, jd.id, who="zhou")
        end = time.monotonic() + 30
        while workspace.control.job(job.id).state != "done" and time.monotonic() < end:
            time.sleep(0.1)
    finally:
        stop.set()
        thread.join()
    assert workspace.control.job(job.id).state == "done"


def test_a_backup_keeps_mappings_and_not_uploads(workspace: Workspace, tmp_path: Path) -> None:
    mine = bring(workspace, "own.csv", OWN.encode())
    columns = {"单号": "order", "下单时间": "at", "会员": "buyer"}
    suggesting.save_mapping(workspace, "own_orders", number=mine.id, columns=columns, platform="app", who="zhou")
    care.backup(workspace, tmp_path / "copy", include_key=True)
    care.restore(tmp_path / "copy", tmp_path / "again")
    with Workspace.open(tmp_path / "again") as again:
        assert [one.mapping for one in suggesting.mappings(again)] == ["own_orders"]
        assert uploads.uploads(again) == []


def test_a_long_file_is_run_dry_by_its_beginning(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [HEADER, *(line(f"3{number:011d}", "11") for number in range(40))]
    mine = bring(workspace, "订单.csv", "\n".join(rows).encode("gbk"))
    whole = dry_run.dry_run(workspace, mine.id, rows=10).sources[0]
    monkeypatch.setattr(dry_run, "LONG", 5_000)
    monkeypatch.setattr(dry_run, "HEAD", 4_000)
    short = dry_run.dry_run(workspace, mine.id, rows=10).sources[0]
    assert msgspec.structs.replace(short, rows=0, accepted=0) == msgspec.structs.replace(whole, rows=0, accepted=0)
    assert dry_run.dry_run(workspace, mine.id, rows=1000).sources[0].whole is False
    assert [path.name for path in (workspace.folder / "uploads" / mine.id).iterdir() if "head" in path.name] == []
