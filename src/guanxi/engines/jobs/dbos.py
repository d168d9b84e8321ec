"""Jobs on DBOS: a file of SQLite beside the workspace's others, or a Postgres; no server, no network of its own."""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from guanxi.core import Busy, GuanxiError, NotFound
from guanxi.plays import ENDED, Flow, JobState, JobStatus, Json, job_id

FILE: Final = "jobs.sqlite"
QUEUE: Final = "guanxi"
TOLD: Final = "told"  # the event that holds how far a flow has come
VERSION: Final = "1"  # of the form of all flows: a new release goes on with what an old one began
WORKERS: Final = 2  # flows at once
LOOK_S: Final = 0.2  # between two looks for new work
TRIES: Final = 20  # processes that may die over one flow
_STATES: Final[dict[str, JobState]] = {
    "ENQUEUED": "waiting",
    "DELAYED": "waiting",
    "PENDING": "running",
    "SUCCESS": "done",
    "ERROR": "failed",
    "MAX_RECOVERY_ATTEMPTS_EXCEEDED": "failed",
    "CANCELLED": "cancelled",
}
log: Final = logging.getLogger("guanxi.jobs")
_open = threading.Lock()  # DBOS is one for each process


class DbosJobs:
    """The protocol `Jobs`, on DBOS.

    where   path of a SQLite file, or the URL of a Postgres
    flows   by name
    works   True: flows run in threads of this process, also those that others asked for, and what was open goes on;
            False: it only asks and looks
    raises  Busy when this process has one that works already
    """

    def __init__(self, where: str | Path, flows: Mapping[str, Flow], *, works: bool = True) -> None:
        named = str(where)
        self._url = named if "://" in named else f"sqlite:///{named}"
        self._flows, self._stop, self._gone = dict(flows), threading.Event(), threading.Event()
        self.works = works
        if works and not _open.acquire(blocking=False):
            raise Busy("this process works on jobs already", "Use the engine that is open")
        try:
            self._client = self._begin()
        except BaseException:
            if works:
                _open.release()
            raise

    def start(self, name: str, key: str, args: Mapping[str, Json] | None = None) -> str:
        """Ask for a run of a flow."""
        if name not in self._flows:
            raise NotFound(f"no job is called {name!r:.40}", f"Use one of {', '.join(sorted(self._flows)) or 'none'}")
        made = job_id(name, key)
        options = {"workflow_name": name, "queue_name": QUEUE, "workflow_id": made, "app_version": VERSION}
        self._client.enqueue(options, dict(args or {}))
        return made

    def status(self, id: str) -> JobStatus:  # noqa: A002
        """Return where a job stands."""
        found = self._client.list_workflows(workflow_ids=[id])
        if not found:
            raise NotFound(f"there is no job {id!r:.80}", "See the list: guanxi jobs list")
        told = self._client.get_event(id, TOLD, timeout_seconds=0) or [0, 0, ""]
        steps = [one for one in self._client.list_workflow_steps(id) if not one["function_name"].startswith("DBOS.")]
        return msgspec.structs.replace(_status(found[0]), done=told[0], of=told[1], text=told[2], steps=len(steps))

    def page(self, *, state: JobState | None = None, limit: int = 100) -> Sequence[JobStatus]:
        """Return jobs, the latest first."""
        states = [one for one, ours in _STATES.items() if state in (None, ours)]
        return [_status(one) for one in self._client.list_workflows(status=states, limit=limit, sort_desc=True)]

    def wait(self, id: str, *, seconds: float) -> JobStatus:  # noqa: A002
        """Wait until a job has ended."""
        until = time.monotonic() + seconds
        while True:
            found = self._client.list_workflows(workflow_ids=[id], load_input=False)
            if not found or _STATES[found[0].status] in ENDED:
                return self.status(id)
            if time.monotonic() > until:
                raise Busy(f"the job {id} has not ended in {seconds} s", "See how far it is: guanxi jobs list")
            time.sleep(0.05)

    def cancel(self, id: str) -> JobStatus:  # noqa: A002
        """End a job before its next step."""
        if self.status(id).state not in ENDED:
            self._client.cancel_workflow(id)
        return self.status(id)

    def close(self) -> None:
        """Let go; a flow ends where its next step would begin, and is open."""
        if self._gone.is_set():
            return
        self._stop.set()
        self._client.destroy()
        if self.works:
            from dbos import DBOS

            DBOS.destroy(destroy_registry=True)
            _open.release()
        self._gone.set()

    def _begin(self) -> Any:
        _quiet()
        from dbos import DBOS, DBOSClient

        if not self.works:
            DBOS.migrate(self._url)
            return DBOSClient(system_database_url=self._url, serializer=_serializer(), application_name=QUEUE)
        DBOS(
            config={
                "name": QUEUE, "system_database_url": self._url, "application_version": VERSION, "executor_id": QUEUE,
                "sys_db_pool_size": 4, "max_executor_threads": WORKERS + 2, "enable_otlp": False,
                "log_level": "CRITICAL", "serializer": _serializer(), "scheduler_polling_interval_sec": 3600.0,
                "notification_listener_polling_interval_sec": 1.0,
            }
        )  # fmt: skip
        for name, flow in self._flows.items():
            DBOS.workflow(name=name, max_recovery_attempts=TRIES)(self._wrapped(flow))
        DBOS.launch()
        DBOS.register_queue(
            QUEUE, worker_concurrency=WORKERS, polling_interval_sec=LOOK_S, on_conflict="always_update"
        )  # fmt: skip
        return DBOSClient(system_database_url=self._url, serializer=_serializer(), application_name=QUEUE)

    def _wrapped(self, flow: Flow) -> Callable[[dict[str, Json]], Json]:
        def run(args: dict[str, Json]) -> Json:
            try:
                return flow(_Steps(self._stop, self._gone), args)
            except Exception as error:
                if not isinstance(error, GuanxiError):  # the file keeps its kind alone
                    log.exception("a job failed in a way nobody foresaw")
                raise

        return run


class _Steps:
    """What a flow of DBOS is handed."""

    def __init__(self, stop: threading.Event, gone: threading.Event) -> None:
        from dbos import DBOS

        self._dbos, self._stop, self._gone = DBOS, stop, gone

    @property
    def id(self) -> str:
        return str(self._dbos.workflow_id)

    def do(self, name: str, act: Callable[[], Json]) -> Json:
        self._check()
        made: Json = self._dbos.run_step({"name": name}, act)
        return made

    def tell(self, done: int, of: int, text: str = "") -> None:
        self._check()
        self._dbos.set_event(TOLD, [done, of, text[:240]])

    def pause(self, seconds: float) -> None:
        self._check()
        self._dbos.sleep(seconds)

    def _check(self) -> None:
        """While it is being closed, wait until nothing can be written any more: then this is no failure of the flow."""
        if self._stop.is_set():
            self._gone.wait(60)
            raise Busy("the engine of jobs was closed", "The next one goes on")


def _serializer() -> Any:
    """JSON; of an error its words, of an unforeseen one its kind. The file holds nobody's data, and is never run."""
    from dbos import Serializer

    class Words(Serializer):  # type: ignore[misc,unused-ignore]
        def serialize(self, data: Any) -> str:
            if isinstance(data, BaseException):
                data = {"error": str(data) if isinstance(data, GuanxiError) else type(data).__name__}
            return msgspec.json.encode(data).decode()

        def deserialize(cls, serialized_data: str) -> Any:  # noqa: N805 - as the base class has it
            return msgspec.json.decode(serialized_data)

        def name(self) -> str:
            return "guanxi_json"

    return Words()


def _status(found: Any) -> JobStatus:
    state = _STATES[found.status]
    error = found.error or {}
    if found.status == "MAX_RECOVERY_ATTEMPTS_EXCEEDED":
        error = {"error": f"{TRIES} processes died over it. Look at the server's log"}
    return JobStatus(
        id=found.workflow_id,
        name=found.name,
        key=found.workflow_id.partition(":")[2],
        state=state,
        begun_ms=found.created_at,
        ended_ms=found.completed_at or (found.updated_at if state in ENDED else None),
        result=found.output,
        error=error.get("error", "") if isinstance(error, dict) else str(error),
    )


def _quiet() -> None:
    """Nothing of DBOS's own talk: what fails is kept with the job."""
    logger = logging.getLogger("dbos")
    logger.propagate = False
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
