"""Importing: files become events, chunk by chunk, each chunk part of the log or not at all."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from typing import Final, TypeVar

import httpx
import msgspec
import xxhash

from guanxi.app.handing import hand_over
from guanxi.app.sealing import seal_now
from guanxi.app.workspace import Workspace
from guanxi.core import Busy, DataError, GuanxiError
from guanxi.engines.control import ImportJob
from guanxi.engines.erasure import keep_out
from guanxi.engines.locks import GATE, Lock, owner
from guanxi.engines.log import (
    Committed,
    Index,
    Manifest,
    Run,
    Seen,
    SqliteLog,
    Staged,
    connect,
    discard,
    flush_folder,
    now_ms,
    settle,
    stage,
)
from guanxi.engines.sources import Chunk, Opened, Preset, TotalGap, open_source
from guanxi.events import AHEAD_MS, Appended, Event, EventBatch, seal_columns

JOBS: Final = "jobs"  # folder of what an unfinished import must remember
LONG_FILE: Final = 15_000_000  # bytes: a longer file gets a larger table of occurrences
HANDED: Final = 1_000  # events in one request to the gate
TRIES: Final = 20  # times a chunk is compared again when others store the same ids meanwhile

T = TypeVar("T")
Progress = Callable[[str, int, int], None]  # file name, rows so far, events so far


class FileReport(msgspec.Struct, kw_only=True):
    """What became of one file.

    rows        data rows read: accepted + parked
    skipped     rows that are not data, by reason: totals, legends, blank lines
    stored      new events; duplicates: events that the log held already
    kinds       kind -> events made of this file, known ones included
    notes       what was mended, and counts that the preset reports
    left_out    kind -> events of people who were erased: they are not taken in again
    totals      a total row compared with the sum of its rows, where they differ
    resumed_at  where this run began when an earlier, interrupted one had done the rest; "" = at the beginning
    """

    file: str
    preset: str
    rows: int = 0
    accepted: int = 0
    parked: int = 0
    skipped: dict[str, int] = {}
    stored: int = 0
    duplicates: int = 0
    kinds: dict[str, int] = {}
    notes: dict[str, int] = {}
    left_out: dict[str, int] = {}
    totals: list[TotalGap] = []
    resumed_at: str = ""
    seconds: float = 0.0
    tied_share: float | None = None  # share of cancellations tied to their order, when the preset ties them


class ImportReport(msgspec.Struct, kw_only=True):
    """What became of an import: the files and their sums."""

    files: list[FileReport]
    rows: int = 0
    accepted: int = 0
    parked: int = 0
    stored: int = 0
    duplicates: int = 0
    sealed: int = 0
    seconds: float = 0.0


class Taker(AbstractContextManager["Taker"]):
    """Hands staged segments to whoever owns the log: the gate that serves, or this process itself."""

    def __init__(self, workspace: Workspace, *, doing: str) -> None:
        self._folder = workspace.folder
        self._stack = ExitStack()
        self._log: SqliteLog | None = None
        self._client: httpx.Client | None = None
        self._serving = False
        try:
            self._stack.enter_context(Lock(workspace.folder, GATE, doing=doing))
        except Busy:
            self._serving = True
            self._find_gate()
        else:
            try:
                self._log = SqliteLog(workspace.folder)
            except BaseException:
                self._stack.close()
                raise
            self._stack.callback(self._log.close)

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    @property
    def serving(self) -> bool:
        """Whether a gate serves, so that its keeper will seal."""
        return self._serving

    def take(self, manifest: Manifest) -> Committed:
        """Make a staged segment, or an import's progress, part of the log."""
        if self._log is not None:
            return hand_over(self._log, manifest)
        return self._patiently(lambda: msgspec.json.decode(self._post("/internal/commit", manifest), type=Committed))

    def append(self, events: Sequence[Event]) -> int:
        """Store checked events; return how many were new."""
        if not events:
            return 0
        if self._log is not None:
            return self._log.append(events).stored
        stored = 0
        for place in range(0, len(events), HANDED):
            send = partial(self._post, "/internal/append", events[place : place + HANDED])
            stored += msgspec.json.decode(self._patiently(send), type=Appended).stored
        return stored

    def _patiently(self, call: Callable[[], T]) -> T:
        for attempt in range(TRIES):
            try:
                return call()
            except (httpx.TransportError, _NewGate) as error:  # it restarts: its supervisor brings it back
                if attempt == TRIES - 1:
                    raise Busy("the gate does not answer", "Run it again; it goes on where it was") from error
                time.sleep(0.25 * (attempt + 1))
                self._find_gate()
        raise AssertionError("unreachable")

    def _post(self, path: str, body: object) -> bytes:
        if self._client is None:
            raise httpx.ConnectError("no gate")
        answer = self._client.post(path, content=msgspec.json.encode(body))
        if answer.status_code == 401:  # a gate that was started again at the same address has another token
            raise _NewGate
        if answer.status_code != 200:
            said = answer.json()
            kind = Busy if answer.status_code == 503 else DataError
            raise kind(said.get("what", "the gate refused the rows"), said.get("mend", "See the gate's log"))
        return answer.content

    def _find_gate(self) -> None:
        held = owner(self._folder, GATE)
        if held is None or not held.url:
            if held is not None and held.pid and not held.url and held.doing != "guanxi serve":
                raise Busy(f"process {held.pid} ({held.doing}) is using the workspace", "Wait for it to end")
            self._client = None
            return
        headers = {"Authorization": f"Bearer {held.token}", "Content-Type": "application/json"}
        self._client = httpx.Client(base_url=held.url, headers=headers, timeout=120, trust_env=False)
        self._stack.callback(self._client.close)


class _NewGate(Exception):  # noqa: N818 - not an error, a reason to look again
    """The gate that answered is not the one whose token is known."""


def import_files(
    workspace: Workspace, files: Sequence[tuple[Opened, Preset]], *, settings: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> ImportReport:  # fmt: skip
    """Import files, one after the other; what is known already adds nothing.

    files     sources, each with the preset that reads it
    settings  what the presets ask for and the files do not say, such as the period of a report
    returns   a report whose rows are accepted or parked, none lost
    raises    DataError when a file is not readable: chunks before the bad place stay imported
    """
    report = ImportReport(files=[])
    begin = time.monotonic()
    with Taker(workspace, doing="guanxi import") as taker:
        for source, preset in files:
            beside = [other for other, _ in files if other is not source]
            job = job_id(source, preset, settings or {})
            (workspace.folder / JOBS).mkdir(exist_ok=True)
            lock = Lock(workspace.folder / JOBS, job, doing=f"import of {source.name}")  # its progress has one writer
            try:
                with _noted(workspace, job, source, preset) as note:
                    one = _Job(workspace, taker, source, preset, settings or {}, job).run(progress, beside)
                    note.update(rows=one.rows, accepted=one.accepted, parked=one.parked)
            finally:
                lock.release(remove=True)
            report.files.append(one)
            for name in ("rows", "accepted", "parked", "stored", "duplicates"):
                setattr(report, name, getattr(report, name) + getattr(one, name))
        serving = taker.serving
    if not serving:
        report.sealed = seal_now(workspace)
    report.seconds = time.monotonic() - begin
    return report


@contextmanager
def _noted(workspace: Workspace, job: str, source: Opened, preset: Preset) -> Iterator[dict[str, int]]:
    """Keep the list of imports that doors show: running, then done or failed with what is wrong."""
    row = ImportJob(id=job, source=source.name, preset=preset.id, file_hash=job, state="running", started_ms=now_ms())
    workspace.control.save_job(row)
    counts: dict[str, int] = {}
    try:
        yield counts
    except BaseException as error:
        problem = str(error) if isinstance(error, GuanxiError) else type(error).__name__
        workspace.control.save_job(
            msgspec.structs.replace(row, state="failed", ended_ms=now_ms(), problem=problem, **counts)
        )
        raise
    workspace.control.save_job(msgspec.structs.replace(row, state="done", ended_ms=now_ms(), **counts))


def preview(
    workspace: Workspace, source: Opened, preset: Preset, *, settings: Mapping[str, str] | None = None, rows: int = 1000
) -> Iterator[Chunk]:
    """Yield the chunks of a file's first rows as they would be imported; nothing is stored."""
    seen = 0
    for chunk in open_source(source, preset, settings=settings or {}, catalogue=workspace.catalogue, chunk_rows=rows):
        yield chunk
        seen += chunk.rows
        if seen >= rows:
            return


def job_id(source: Opened, preset: Preset, settings: Mapping[str, str]) -> str:
    """Return the id of importing this very file by this very preset: an interrupted run is found by it."""
    digest = xxhash.xxh3_128()
    with source.path.open("rb") as file:
        while block := file.read(1 << 22):
            digest.update(block)
    digest.update(source.member.encode())
    digest.update(msgspec.json.encode(preset, enc_hook=str))
    digest.update(msgspec.json.encode(sorted(settings.items())))
    return digest.hexdigest()


def take_batches(
    workspace: Workspace, taker: Taker, batches: Sequence[EventBatch], *, preset: str, seen: Seen, index: Index,
    keep: Callable[[Staged], None] | None = None, **progress: object,
) -> Staged:  # fmt: skip
    """Stage sealed batches and hand them to the log; compare again when others stored the same ids meanwhile.

    keep      called with the staged chunk before the log takes it
    progress  fields of Manifest: job, cursor, accepted, parked
    """
    for _ in range(TRIES):
        staged = stage(
            workspace.folder, batches, preset=preset, seen=seen, known=index.known(), catalogue=workspace.catalogue,
            **progress,
        )  # fmt: skip
        if keep is not None:
            keep(staged)
        answer = taker.take(staged.manifest)
        if not answer.conflict:
            settle(seen, staged, answer)
            index.own.add(answer.segment)
            return staged
        discard(workspace.folder, staged)
    raise Busy("others keep storing the same events", "Run it again when they are done")


class _Job:
    """One file on its way into the log: what it must remember to go on after a crash."""

    def __init__(
        self, workspace: Workspace, taker: Taker, source: Opened, preset: Preset, settings: Mapping[str, str], job: str
    ) -> None:
        self.workspace, self.taker, self.source, self.preset, self.settings = workspace, taker, source, preset, settings
        self.id = job
        self.home = workspace.folder / JOBS / self.id
        self.home.mkdir(parents=True, exist_ok=True)
        self._db = connect(workspace.folder, read_only=True)
        self._index = Index(self._db, workspace.folder)
        row = self._db.execute("SELECT cursor, chunks, done FROM imports WHERE job=?", (self.id,)).fetchone()
        fresh = row is None or row[2]
        self.cursor: str = "" if fresh else row[0]
        self.chunks: int = 0 if fresh else row[1]
        self._seen = self._remembered()

    def run(self, progress: Progress | None, beside: Sequence[Opened] = ()) -> FileReport:
        """Import the file from where it stands; `beside` are the other files, where a preset with a join looks."""
        begin = time.monotonic()
        report = FileReport(file=self.source.name, preset=self.preset.id, resumed_at=self.cursor)
        try:
            chunks = open_source(
                self.source, self.preset, settings=self.settings, cursor=self.cursor, beside=beside,
                catalogue=self.workspace.catalogue, latest_ms=now_ms() + AHEAD_MS,
            )  # fmt: skip
            for chunk in chunks:
                self._take(chunk, report)
                _add(report.skipped, chunk.skipped)
                _add(report.notes, chunk.notes)
                _add(report.kinds, {batch.kind: 0 for batch in chunk.batches})
                for batch in chunk.batches:
                    report.kinds[batch.kind] += len(batch)
                report.totals.extend(chunk.totals)
                if progress is not None:
                    progress(self.source.name, report.rows, sum(report.kinds.values()))
        finally:
            self._db.close()
        source = f"import:{self.preset.id}"
        self.taker.take(
            Manifest(
                folder="",
                source=source,
                files=(),
                rows=0,
                checked=0,
                hot_seq=0,
                job=self.id,
                chunk=self.chunks,
                done=True,
            )
        )
        for left in self.home.iterdir():
            left.unlink()
        self.home.rmdir()
        untied = sum(count for name, count in report.notes.items() if name.startswith("untied"))
        if "tied" in report.notes or untied:
            tied = report.notes.get("tied", 0)
            report.tied_share = round(tied / (tied + untied), 4)
        report.seconds = time.monotonic() - begin
        return report

    def _take(self, chunk: Chunk, report: FileReport) -> None:
        """Vault, parked rows, then the segment: a killed process leaves nothing half-said, and the next run goes on."""
        vault, catalogue = self.workspace.vault, self.workspace.catalogue
        batches = []
        for one in chunk.batches:
            frame, left_out = keep_out(one.frame, vault)
            if left_out:
                _add(report.left_out, {one.kind: left_out})
            batches.append(EventBatch(one.kind, seal_columns(catalogue.find(one.kind), frame, vault)))
        vault.flush()
        if chunk.parked:
            vault.parked.add(chunk.parked, job=self.id)
        staged = take_batches(
            self.workspace, self.taker, batches, preset=self.preset.id, seen=self._seen, index=self._index,
            keep=self._keep, job=self.id, chunk=self.chunks, cursor=chunk.cursor, accepted=chunk.accepted,
            parked=len(chunk.parked),
        )  # fmt: skip
        self.chunks += 1
        report.rows += chunk.accepted + len(chunk.parked)
        report.accepted += chunk.accepted
        report.parked += len(chunk.parked)
        report.stored += staged.manifest.rows
        report.duplicates += staged.manifest.duplicates

    def _keep(self, staged: Staged) -> None:
        """Remember what this chunk counted, before the log takes it."""
        for place, run in enumerate(staged.counts):
            path = self.home / f"seen-{self.chunks:08d}-{place}.npy"
            run.save(path)
            staged.counts[place] = Run.open(path)  # from now on the disk remembers, not the memory
        flush_folder(self.home)

    def _remembered(self) -> Seen:
        """The occurrences counted in the chunks that an interrupted run had committed, and no others."""
        seen = Seen(2_000_000 if self.source.path.stat().st_size > LONG_FILE else 0)
        for file in sorted(self.home.glob("seen-*.npy")):
            if int(file.name.split("-")[1]) < self.chunks:
                seen.add_run(Run.open(file))
            else:
                file.unlink()
        return seen


def _add(counts: dict[str, int], more: Mapping[str, int]) -> None:
    for name, count in more.items():
        counts[name] = counts.get(name, 0) + count
