"""A receiver that misbehaves on purpose: it drops, breaks off, stays silent after acting, fails, and is slow.

It speaks just enough HTTP/1.1 to be a party in the drills of sending: what it did it remembers, so that effects can be
counted, whatever its callers believe.
"""

import asyncio
import json
import random
import sys
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, Self, get_args

Fault = Literal["ok", "drop", "break", "silent", "fail", "slow", "busy"]

#: drop: hangs up before acting. break: acts, and hangs up amid its answer. silent: acts, and never answers.
#: fail: does not act, and says 500. slow: acts, and takes its time. busy: does not act, and says 429.
FAULTS: Final[tuple[Fault, ...]] = get_args(Fault)
SLOW_S: Final = 0.15


class Receiver:
    """Listens on a free port of loopback.

    keys    True: what comes again under the same key is answered as before, and not done again
    fault   what happens to a request, by its key and which time the key is heard
    did     called with the key whenever something is done
    """

    def __init__(self, *, keys: bool, fault: Callable[[str, int], Fault], did: Callable[[str], None]) -> None:
        self._keys, self._fault, self._did = keys, fault, did
        self._heard = Counter[str]()
        self._done: set[str] = set()
        self._server: asyncio.Server | None = None
        self.port = 0
        self.requests: list[tuple[str, dict[str, str], bytes]] = []  # method and path, headers, body

    async def open(self) -> None:
        """Begin to listen; on the same port when it was open before."""
        self._server = await asyncio.start_server(self._connection, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    def shut(self) -> None:
        """Listen no more: connections are refused until it is opened again."""
        if self._server is not None:
            self._server.close()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._request(reader, writer):
                pass
        except (OSError, asyncio.IncompleteReadError):
            pass  # the caller went away, or was killed
        finally:
            writer.transport.abort()

    async def _request(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        self.requests.append((head[0].rpartition(" ")[0], headers, body))
        key = headers.get("webhook-id") or str(len(self.requests))
        if head[0].startswith("GET"):
            await _answer(writer, 200 if key in self._done else 404, {"state": "accepted", "receipt": f"r-{key}"})
            return True
        self._heard[key] += 1
        return await self._act(key, self._fault(key, self._heard[key]), writer)

    async def _act(self, key: str, fault: Fault, writer: asyncio.StreamWriter) -> bool:
        if fault == "drop":
            return False
        if fault in ("fail", "busy"):
            await _answer(writer, 500 if fault == "fail" else 429, {"state": "failed" if fault == "fail" else "busy"})
            return True
        if fault == "slow":
            await asyncio.sleep(SLOW_S)
        if not (self._keys and key in self._done):
            self._done.add(key)
            self._did(key)
        if fault == "silent":
            await asyncio.sleep(60)
            return False
        if fault == "break":
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Le")
            await writer.drain()
            return False
        await _answer(writer, 200, {"state": "accepted", "receipt": f"r-{key}"})
        return True


class ReceiverThread:
    """A receiver in a thread of its own, for tests.

    did   keys of what was done, in order
    """

    def __init__(self, *, keys: bool, fault: Callable[[str, int], Fault] = lambda key, time: "ok") -> None:
        self.did: list[str] = []
        self.receiver = Receiver(keys=keys, fault=fault, did=self.did.append)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.receiver.port}/actions"

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self.receiver.open(), self._loop).result(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _end(self) -> None:
        self.receiver.shut()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
            await asyncio.wait({task})


async def _answer(writer: asyncio.StreamWriter, status: int, said: dict[str, str]) -> None:
    body = json.dumps(said).encode()
    head = f"HTTP/1.1 {status} Said\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body)
    await writer.drain()


async def _serve(folder: Path, *, keys: bool, share: float, seed: int) -> None:
    """Do until killed; effects go to a file, a line each, and its port to another."""
    dice = random.Random(seed)  # noqa: S311 - a drill, repeatable

    def fault(_key: str, _time: int) -> Fault:
        return dice.choice(FAULTS[1:]) if dice.random() < share else "ok"

    with (folder / "effects").open("ab", buffering=0) as file:
        receiver = Receiver(keys=keys, fault=fault, did=lambda key: _keep(file.write, key))
        await receiver.open()
        (folder / "port").write_text(str(receiver.port))
        while True:
            await asyncio.sleep(dice.uniform(1.0, 2.0))
            if share:
                receiver.shut()
                await asyncio.sleep(dice.uniform(0.05, 0.2))
                await receiver.open()


def _keep(write: Callable[[bytes], object], key: str) -> None:
    write(f"{key}\n".encode())


def main() -> None:
    """Serve in the folder named first: keys or plain, then the share of requests that go wrong, then a seed."""
    folder, kind, share, seed = sys.argv[1:]
    asyncio.run(_serve(Path(folder), keys=kind == "keys", share=float(share), seed=int(seed)))


if __name__ == "__main__":
    main()
