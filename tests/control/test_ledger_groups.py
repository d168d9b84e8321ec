"""Group commit: each caller its own answer, many callers one commit."""

import threading
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from guanxi.core import Busy, GuanxiError
from guanxi.engines.control import LedgerGroups, LedgerStore
from guanxi.engines.control.database import Database
from guanxi.ledger import ISSUER, LARGEST, Account, OverLimit, Receipt, Request
from guanxi.ledger.contract import NOW, name, pay


class Counted(LedgerStore):
    """Counts groups, and fails when it is told to."""

    groups = 0
    problem: Exception | None = None

    def post_many(self, requests: Iterable[Request], *, now_ms: int) -> list[Receipt | GuanxiError]:
        self.groups += 1
        if self.problem is not None:
            raise self.problem
        return super().post_many(requests, now_ms=now_ms)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Counted]:
    database = Database(tmp_path / "control.sqlite")
    made = Counted(database)
    made.open(Account(id=name("issuer"), unit="points", kind=ISSUER, floor=-LARGEST))
    made.open_many(Account(id=name(word), unit="points") for word in ("ann", "ben"))
    made.post(pay("gift", "issuer", "ann", 50), now_ms=NOW)
    made.groups = 0
    yield made
    database.close()


def test_many_callers_share_commits_and_each_has_its_own_answer(store: Counted) -> None:
    with LedgerGroups(store, now=lambda: NOW, wait_ms=20) as groups:
        answers = [groups.submit(pay(f"k{i}", "ann", "ben", 1)) for i in range(60)]
        told = [type(answer.exception() or answer.result()) for answer in answers]
    assert told == [Receipt] * 50 + [OverLimit] * 10
    assert store.groups < 30
    assert store.standing(name("ben")).balance == 50


def test_a_group_has_an_end(store: Counted) -> None:
    with LedgerGroups(store, now=lambda: NOW, most=5, wait_ms=50) as groups:
        answers = [groups.submit(pay(f"k{i}", "ann", "ben", 1)) for i in range(20)]
    assert all(answer.done() for answer in answers), "closing answers what was handed in"
    assert store.groups >= 4


def test_threads_race_for_the_last_yuan(store: Counted) -> None:
    done: list[bool] = []

    def decide(word: str) -> None:
        try:
            groups.post(pay(word, "ann", "ben", 50))
            done.append(True)
        except OverLimit:
            done.append(False)

    with LedgerGroups(store, now=lambda: NOW) as groups:
        threads = [threading.Thread(target=decide, args=(f"thread {i}",)) for i in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(done) == [False] * 7 + [True]


def test_when_the_commit_fails_everybody_is_told_and_the_next_group_goes_on(store: Counted) -> None:
    with LedgerGroups(store, now=lambda: NOW) as groups:
        store.problem = Busy("the control database was locked for 10 s", "Try again in a moment")
        with pytest.raises(Busy):
            groups.post(pay("k", "ann", "ben", 1))
        store.problem = None
        assert groups.post(pay("k", "ann", "ben", 1)).entries == 1


def test_nothing_is_taken_in_after_the_end(store: Counted) -> None:
    groups = LedgerGroups(store, now=lambda: NOW)
    groups.close()
    groups.close()
    with pytest.raises(Busy):
        groups.submit(pay("k", "ann", "ben", 1))
