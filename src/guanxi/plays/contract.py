"""The contract of an engine of jobs: it is one when its test class, which inherits this, is green."""
# ruff: noqa: S101 - these are tests, shipped beside the protocol that they test

import threading
from collections.abc import Mapping

import pytest

from guanxi.core import Busy, DataError, NotFound
from guanxi.plays.jobs import Flow, Jobs, Json, Steps

PATIENCE: float = 30.0  # seconds


class JobsContract:
    """Inherit it and give `make_jobs`; it may be called again after `close`, for the same store."""

    def make_jobs(self, flows: Mapping[str, Flow]) -> Jobs:
        """Return the engine with these flows, working on what is open."""
        raise NotImplementedError

    def test_a_flow_runs_its_steps_and_gives_its_result(self) -> None:
        """Results of steps come back as they were given."""
        jobs = self.make_jobs({"sum": _sum})
        done = jobs.wait(jobs.start("sum", "first", {"numbers": [1, 2, 3]}), seconds=PATIENCE)
        assert (done.state, done.result, done.error) == ("done", {"sum": 6}, "")
        assert (done.name, done.key, done.done, done.of) == ("sum", "first", 3, 3)
        assert done.steps >= 3
        assert done.ended_ms is not None
        assert done.ended_ms >= done.begun_ms
        jobs.close()

    def test_the_same_key_is_the_same_run(self) -> None:
        """Asked for twice, run once, as first asked for."""
        ran: list[Json] = []

        def note(steps: Steps, args: Mapping[str, Json]) -> Json:
            return steps.do("note", lambda: ran.append(args["n"]))

        jobs = self.make_jobs({"note": note})
        one = jobs.start("note", "k", {"n": 1})
        jobs.wait(one, seconds=PATIENCE)
        assert jobs.start("note", "k", {"n": 2}) == one
        jobs.wait(one, seconds=PATIENCE)
        other = jobs.start("note", "k2", {"n": 3})
        assert other != one
        jobs.wait(other, seconds=PATIENCE)
        assert ran == [1, 3]
        assert [job.id for job in jobs.page()] == [other, one]
        assert [job.id for job in jobs.page(state="failed")] == []
        jobs.close()

    def test_what_fails_says_why(self) -> None:
        """A flow that raises has failed; the engine lives."""

        def fail(steps: Steps, args: Mapping[str, Json]) -> Json:
            return steps.do("refuse", _refuse)

        def trip(steps: Steps, args: Mapping[str, Json]) -> Json:
            return steps.do("look up", _trip)

        jobs = self.make_jobs({"fail": fail, "sum": _sum, "trip": trip})
        failed = jobs.wait(jobs.start("fail", "k"), seconds=PATIENCE)
        assert failed.state == "failed"
        assert failed.error == "the value is 7. Use 8"
        assert jobs.wait(jobs.start("trip", "k"), seconds=PATIENCE).error == "KeyError"  # never what it was about
        assert jobs.wait(jobs.start("sum", "k", {"numbers": []}), seconds=PATIENCE).state == "done"
        jobs.close()

    def test_a_cancelled_flow_ends_before_its_next_step(self) -> None:
        """What was done stays done."""
        begun, go, ran = threading.Event(), threading.Event(), []

        def two(steps: Steps, args: Mapping[str, Json]) -> Json:
            def one() -> None:
                ran.append(1)
                begun.set()
                go.wait(PATIENCE)

            steps.do("one", one)
            return steps.do("two", lambda: ran.append(2))

        jobs = self.make_jobs({"two": two})
        job = jobs.start("two", "k")
        assert begun.wait(PATIENCE)
        with pytest.raises(Busy, match="has not ended"):
            jobs.wait(job, seconds=0.05)
        jobs.cancel(job)
        go.set()
        assert jobs.wait(job, seconds=PATIENCE).state == "cancelled"
        assert jobs.cancel(job).state == "cancelled"
        assert ran == [1]
        jobs.close()

    def test_what_was_open_is_finished_later(self) -> None:
        """An engine that is closed in the middle leaves the flow to the next one, which repeats no finished step."""
        begun, go, ran = threading.Event(), threading.Event(), []

        def two() -> None:
            begun.set()
            go.wait(PATIENCE)

        def three(steps: Steps, args: Mapping[str, Json]) -> Json:
            steps.do("one", lambda: ran.append(1))
            steps.do("two", two)
            steps.do("three", lambda: ran.append(3))
            return len(ran)

        jobs = self.make_jobs({"three": three})
        job = jobs.start("three", "k")
        assert begun.wait(PATIENCE)
        closing = threading.Thread(target=jobs.close)
        closing.start()
        go.set()
        closing.join(PATIENCE)
        jobs = self.make_jobs({"three": three})
        assert jobs.wait(job, seconds=PATIENCE).result == 2
        assert ran == [1, 3]
        jobs.close()

    def test_bad_names_are_refused(self) -> None:
        """Names and keys are checked before anything is kept."""
        jobs = self.make_jobs({"sum": _sum})
        with pytest.raises(NotFound, match="no job is called"):
            jobs.start("other", "k")
        for key in ("", "x" * 129, "a\nb"):
            with pytest.raises(DataError, match="characters"):
                jobs.start("sum", key)
        for asked in (jobs.status, jobs.cancel):
            with pytest.raises(NotFound, match="no job"):
                asked("sum:none")
        assert list(jobs.page()) == []
        jobs.close()


def _sum(steps: Steps, args: Mapping[str, Json]) -> Json:
    numbers, total = args["numbers"], 0
    assert isinstance(numbers, list)
    for at, number in enumerate(numbers, 1):
        total = int(str(steps.do(f"add {at}", lambda total=total, number=number: total + number)))  # type: ignore[misc]
        steps.tell(at, len(numbers), "adding")
    return {"sum": total}


def _trip() -> Json:
    raise KeyError("account:app:13800138000")


def _refuse() -> Json:
    raise DataError("the value is 7", "Use 8")
