"""Group commit: what callers ask at once is committed at once, and each is answered after that commit."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from time import monotonic
from types import TracebackType
from typing import Final, Self

from guanxi.core import Busy, GuanxiError
from guanxi.ledger import Ledger, Receipt, Request

MOST: Final = 1_000  # requests in one commit
WAIT_MS: Final = 2  # for more requests to join the first one


class LedgerGroups:
    """Gathers the requests of many threads into groups, one durable commit a group.

    ledger   that does them
    now      the clock, milliseconds UTC
    most     requests in a group
    wait_ms  how long the first request of a group waits for others
    """

    def __init__(self, ledger: Ledger, *, now: Callable[[], int], most: int = MOST, wait_ms: float = WAIT_MS) -> None:
        self._ledger, self._now, self._most, self._wait = ledger, now, most, wait_ms / 1000
        self._asked: SimpleQueue[_Asked | None] = SimpleQueue()
        self._gate = threading.Lock()  # nothing is taken in after the end
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="guanxi-ledger", daemon=True)
        self._thread.start()

    def post(self, request: Request) -> Receipt:
        """Do one request; returns after the commit, or raises what refused it."""
        return self.submit(request).result()

    def submit(self, request: Request) -> "Future[Receipt]":
        """Hand in a request; the future has its receipt after the commit, or what refused it.

        raises   Busy after `close`
        """
        answer: Future[Receipt] = Future()
        answer.set_running_or_notify_cancel()  # once handed in it cannot be taken back
        with self._gate:
            if self._closed:
                raise Busy("the ledger takes no more requests: it is closing", "Ask again in a moment")
            self._asked.put((request, answer))
        return answer

    def close(self) -> None:
        """Answer all that was handed in, then stop."""
        with self._gate:
            if not self._closed:
                self._closed = True
                self._asked.put(None)
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _work(self) -> None:
        group: list[_Asked] = []
        while self._gather(group):
            self._commit(group)
            group.clear()
        self._commit(group)

    def _gather(self, group: "list[_Asked]") -> bool:
        """Fill a group; False when there will be no more."""
        one = self._asked.get()
        until = monotonic() + self._wait
        while one is not None:
            group.append(one)
            if len(group) >= self._most:
                return True
            try:
                one = self._asked.get(timeout=max(until - monotonic(), 0))
            except Empty:
                return True
        return False

    def _commit(self, group: "list[_Asked]") -> None:
        if not group:
            return
        try:
            outcomes = self._ledger.post_many([request for request, _ in group], now_ms=self._now())
        except Exception as error:  # noqa: BLE001 - each caller is told; with the same key each may ask again
            for _, answer in group:
                answer.set_exception(error)
            return
        for (_, answer), outcome in zip(group, outcomes, strict=True):
            if isinstance(outcome, GuanxiError):
                answer.set_exception(outcome)
            else:
                answer.set_result(outcome)


_Asked = tuple[Request, "Future[Receipt]"]
