"""Imports that the page begins: the desk writes a request, a process of the keeper's carries it out."""

import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from guanxi.app import uploads
from guanxi.app.importing import import_files, job_id
from guanxi.app.suggesting import pairs
from guanxi.app.uploads import FOLDER
from guanxi.app.workspace import Workspace
from guanxi.core import Busy, DataError, GuanxiError, NotFound
from guanxi.engines.control import ImportJob
from guanxi.engines.locks import held
from guanxi.engines.log import now_ms

REQUEST: Final = "request.json"
STOP: Final = "stop"  # a file of this name ends the import at the next chunk
IMPORTER: Final = "importer"  # the lock of whoever carries requests out
TRIES: Final = 5  # processes that died over one request
TOLD_S: Final = 0.5  # seconds between two words of progress
PATIENCE_S: Final = 5.0
WORKER: Final = "guanxi.app.upload_worker"


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be imported, and what became of it so far.

    jobs   source -> id of its import
    tries  processes that began with it
    """

    upload: str
    mapping: str
    settings: dict[str, str]
    who: str
    at_ms: int
    jobs: dict[str, str]
    tries: int = 0


class Stopped(GuanxiError):  # noqa: N818 - what became of it
    """A person stopped the import; what was imported before stays."""


def enqueue(
    workspace: Workspace, number: str, *, mapping: str = "", settings: Mapping[str, str] | None = None, who: str,
    ip: str = "",
) -> list[ImportJob]:  # fmt: skip
    """Ask for an upload to be imported; the keeper begins within a second and goes on after any crash.

    raises  DataError, SettingError when it cannot be read so, or is being imported; NotFound when the file is gone
    """
    home = _home(workspace, number)
    row = uploads.upload(workspace, number)
    check_idle(workspace, number)
    given, jobs, waiting = dict(settings or {}), {}, []
    for source, preset in pairs(workspace, number, mapping):
        preset.given(given)
        jobs[source.name] = job_id(source, preset, given)
        waiting.append(
            ImportJob(
                id=jobs[source.name], source=source.name, preset=preset.id, file_hash=jobs[source.name],
                state="waiting", started_ms=now_ms(),
            )
        )  # fmt: skip
    for job in waiting:
        workspace.control.save_job(job)
    uploads.save(workspace, msgspec.structs.replace(row, jobs=tuple(dict.fromkeys([*row.jobs, *jobs.values()]))))
    (home / STOP).unlink(missing_ok=True)
    asked = Request(upload=number, mapping=mapping, settings=given, who=who, at_ms=now_ms(), jobs=jobs)
    _write(home / REQUEST, asked)
    workspace.control.record(
        who=who, verb="import", object=f"file {number}", detail={"mapping": mapping or "recognised", "jobs": len(jobs)},
        ip=ip,
    )  # fmt: skip
    return waiting


def stop_job(workspace: Workspace, job: str, *, who: str, ip: str = "") -> ImportJob:
    """Stop an import that the page began: at once when it waits, else at the next chunk.

    raises  NotFound when it is none; DataError when it has ended
    """
    row = workspace.control.job(job)
    upload = next((one for one in uploads.uploads(workspace) if job in one.jobs), None)
    if upload is None:
        raise NotFound("this import was not begun here", "Stop the command that runs it", "id")
    home = _home(workspace, upload.id)
    if not (home / REQUEST).exists():
        raise DataError(f"the import has ended: {row.state}", "Nothing is to be stopped", "id")
    (home / STOP).touch()
    workspace.control.record(who=who, verb="import.stop", object=f"file {upload.id}", ip=ip)
    with held(workspace.folder, IMPORTER, doing="stop an import") as lock:
        if lock is not None:  # nobody is at it
            _end(workspace, home, _read(home / REQUEST), "stopped", "stopped before it began")
    return workspace.control.job(job)


def check_idle(workspace: Workspace, number: str) -> None:
    """Check that nobody imports an upload.

    raises  DataError when somebody does
    """
    if (_home(workspace, number) / REQUEST).exists():
        raise DataError("this upload is being imported", "Wait for it, or stop it", "id")


def waiting(folder: Path) -> list[Request]:
    """Return the requests that are not done, the oldest first."""
    found = [_read(path) for path in (folder / FOLDER).glob(f"*/{REQUEST}")]
    return sorted(found, key=lambda one: (one.at_ms, one.upload))


def carry_out(folder: Path, number: str) -> None:
    """Import one upload as it was asked for; what an earlier process had done is not done again.

    raises  Busy when another process is at it
    """
    with Workspace.open(folder) as workspace, held(folder, IMPORTER, doing="guanxi import") as lock:
        if lock is None:
            raise Busy("another import is running", "Wait for it")
        home = _home(workspace, number)
        asked = _read(home / REQUEST)
        if asked.tries >= TRIES:
            _end(workspace, home, asked, "failed", f"{TRIES} processes died over it: look at the server's log")
            return
        _write(home / REQUEST, msgspec.structs.replace(asked, tries=asked.tries + 1))
        try:
            _check_stop(home)
            files = pairs(workspace, number, asked.mapping)
            import_files(workspace, files, settings=asked.settings, progress=_Told(workspace, home, asked))
        except Stopped as error:
            _end(workspace, home, asked, "stopped", str(error))
        except Busy:
            _write(home / REQUEST, asked)  # not its fault: it waits for the next look
            raise
        except GuanxiError as error:
            _end(workspace, home, asked, "failed", str(error))
        else:
            (home / REQUEST).unlink()
            uploads.forget_file(workspace, number)


class Importer:
    """The keeper's hand: one process at a time for one request at a time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._child: subprocess.Popen[bytes] | None = None

    def look(self) -> None:
        """Begin the next request when nothing runs."""
        if self._child is not None and self._child.poll() is None:
            return
        self._child = None
        asked = next(iter(waiting(self._folder)), None)
        if asked is not None:
            command = [sys.executable, "-m", WORKER, str(self._folder), asked.upload]
            self._child = subprocess.Popen(command)  # noqa: S603 - our own module

    def close(self) -> None:
        """End what runs; the next keeper goes on with it."""
        if self._child is None or self._child.poll() is not None:
            return
        self._child.terminate()
        try:
            self._child.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()


class _Told:
    """Writes how far an import came, so that the page shows it; ends it when a person says so."""

    def __init__(self, workspace: Workspace, home: Path, asked: Request) -> None:
        self._workspace, self._home, self._asked = workspace, home, asked
        self._last = 0.0

    def __call__(self, name: str, rows: int, events: int) -> None:
        _check_stop(self._home)
        if time.monotonic() - self._last < TOLD_S:
            return
        self._last = time.monotonic()
        job = self._asked.jobs.get(name)
        if job is not None:
            control = self._workspace.control
            control.save_job(msgspec.structs.replace(control.job(job), rows=rows))


def _check_stop(home: Path) -> None:
    if (home / STOP).exists():
        raise Stopped("stopped by a person", "What was imported stays; import it again to go on from there")


def _end(workspace: Workspace, home: Path, asked: Request, state: str, problem: str) -> None:
    """Close a request that did not come to its end."""
    for job in asked.jobs.values():
        row = workspace.control.job(job)
        if row.state != "done":
            ended = msgspec.structs.replace(row, state=state, problem=problem, ended_ms=now_ms())
            workspace.control.save_job(ended)
    (home / REQUEST).unlink(missing_ok=True)
    (home / STOP).unlink(missing_ok=True)


def _home(workspace: Workspace, number: str) -> Path:
    return workspace.folder / FOLDER / uploads.upload(workspace, number).id


def _read(path: Path) -> Request:
    return msgspec.json.decode(path.read_bytes(), type=Request)


def _write(path: Path, asked: Request) -> None:
    fresh = path.with_suffix(".new")
    fresh.write_bytes(msgspec.json.encode(asked))
    fresh.replace(path)
