"""Live: how many events are new, told to every open page once a second at most, by server-sent events."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Final

import msgspec

from guanxi.api.errors import Problem, log
from guanxi.core import GuanxiError

POLL_S: Final = 1.0
HEARTBEAT_S: Final = 15.0  # a comment on a quiet line, and a look at whether the session still holds
LISTENERS: Final = 500  # open streams of this process


class News(msgspec.Struct, frozen=True):
    """One message: events stored since the last message on this stream, and the log's last sequence number."""

    new: int
    last_seq: int


class Live:
    """Looks at the log once a second while anybody listens.

    last_seq  reads the log's last sequence number; called on a thread
    poll      seconds between two looks
    """

    def __init__(self, last_seq: Callable[[], int], *, poll: float = POLL_S, heartbeat: float = HEARTBEAT_S) -> None:
        self._read, self._poll, self._heartbeat = last_seq, poll, heartbeat
        self._last = -1
        self._changed = asyncio.Condition()
        self._listeners = 0
        self._task: asyncio.Task[None] | None = None

    def admit(self) -> None:
        """Check that one more may listen.

        raises  Problem: 503
        """
        if self._listeners >= LISTENERS:
            raise Problem(503, f"{LISTENERS} pages listen already", "Close some", headers={"retry-after": "30"})

    async def stream(self, signed_in: Callable[[], bool]) -> AsyncIterator[bytes]:
        """Yield server-sent events until the session ends or the page goes away.

        signed_in  tells whether the session still holds; called on a thread
        """
        self._listeners += 1
        try:
            seen: int | None = None
            while True:
                if self._task is None or self._task.done():
                    self._task = asyncio.create_task(self._watch())
                try:
                    async with asyncio.timeout(self._heartbeat), self._changed:
                        await self._changed.wait_for(lambda seen=seen: self._last not in (-1, seen))  # type: ignore[misc]
                except TimeoutError:
                    if not await asyncio.to_thread(signed_in):
                        yield b"event: bye\ndata: {}\n\n"
                        return
                    yield b": still here\n\n"
                    continue
                last = self._last
                news = News(0 if seen is None else max(0, last - seen), last)
                seen = last
                yield b"event: news\nid: %d\ndata: %s\n\n" % (last, msgspec.json.encode(news))
        finally:
            self._listeners -= 1
            if self._listeners == 0 and self._task is not None:
                self._task.cancel()
                self._task = None

    async def _watch(self) -> None:
        while True:
            try:
                last = await asyncio.to_thread(self._read)
            except GuanxiError as error:  # the next look may succeed
                log.warning("live: %s", error)
            else:
                if last != self._last:
                    async with self._changed:
                        self._last = last
                        self._changed.notify_all()
            await asyncio.sleep(self._poll)
