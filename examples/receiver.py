"""A receiver of Guanxi's actions that does each once: webhooks and adapters, with nothing but Python.

    export RECEIVER_SECRET=whsec_...        # the same as in the sender's secret_env
    python receiver.py --port 8700 --database done.sqlite

It checks the signature, keeps the key of what it did in SQLite in the same transaction as the effect, answers again
as before when a key comes again, and tells by GET /ID whether something was done. Put your own effect into `act`.
"""

import argparse
import base64
import hmac
import json
import os
import sqlite3
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

MOST_BYTES = 1_000_000
PATIENCE_S = 300  # older signatures are refused: somebody may have kept them


def act(action: dict[str, Any], connection: sqlite3.Connection) -> str:
    """Carry an action out, inside the transaction that remembers it; returns the receipt id."""
    del connection  # write your own tables with it: what stands in the same transaction happens once
    sys.stdout.write(f"{action['kind']} by {action['channel']}: {action['params']}\n")
    return f"local-{action['id']}"


class Receiver(BaseHTTPRequestHandler):
    """Answers POST with an action and GET with an id."""

    protocol_version = "HTTP/1.1"
    secret = b""
    database = ""

    def do_POST(self) -> None:
        """Do an action once."""
        length = int(self.headers.get("content-length") or 0)
        if length > MOST_BYTES:
            self.close_connection = True
            return self._answer(413, {"state": "invalid", "reason": "too_large"})
        body = self.rfile.read(length)
        if not self._is_signed(body):
            return self._answer(401, {"state": "refused", "reason": "bad_signature"})
        said = json.loads(body)
        action = said.get("data", said)  # a webhook wraps the action, an adapter gets it as it is
        with self._open() as connection:
            connection.execute("BEGIN IMMEDIATE")
            row = connection.execute("SELECT receipt FROM done WHERE id = ?", (action["id"],)).fetchone()
            receipt = row[0] if row else act(action, connection)
            if row is None:
                connection.execute("INSERT INTO done VALUES (?, ?)", (action["id"], receipt))
            connection.commit()
        return self._answer(200, {"state": "accepted", "receipt": receipt})

    def do_GET(self) -> None:
        """Tell whether an action was done."""
        if not self._is_signed(b""):
            return self._answer(401, {"state": "refused", "reason": "bad_signature"})
        with self._open() as connection:
            row = connection.execute(
                "SELECT receipt FROM done WHERE id = ?", (self.path.rpartition("/")[2],)
            ).fetchone()
        if row is None:
            return self._answer(404, {"state": "invalid", "reason": "unknown"})
        return self._answer(200, {"state": "accepted", "receipt": row[0]})

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the standard library
        """Say nothing: a request line may hold an id of somebody."""

    def _is_signed(self, body: bytes) -> bool:
        """Check the signature of Standard Webhooks."""
        try:
            second = int(self.headers["webhook-timestamp"])
            given = [one.removeprefix("v1,") for one in self.headers["webhook-signature"].split(" ")]
        except (KeyError, TypeError, ValueError, AttributeError):
            return False
        text = f"{self.headers['webhook-id']}.{second}.".encode() + body
        wanted = base64.b64encode(hmac.digest(self.secret, text, "sha256")).decode()
        return abs(time.time() - second) < PATIENCE_S and any(hmac.compare_digest(one, wanted) for one in given)

    def _open(self) -> "Closing":
        return Closing(self.database)

    def _answer(self, status: int, said: dict[str, str]) -> None:
        body = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Closing:
    """A connection to the list of what was done, closed when it is left."""

    def __init__(self, path: str) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, timeout=10)

    def __enter__(self) -> sqlite3.Connection:
        return self._connection

    def __exit__(self, *error: object) -> None:
        self._connection.close()


def main() -> None:
    """Listen until stopped."""
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reader.add_argument("--port", type=int, default=8700)
    reader.add_argument("--database", type=Path, default=Path("done.sqlite"))
    given = reader.parse_args()
    secret = os.environ.get("RECEIVER_SECRET", "")
    if not secret.startswith("whsec_"):
        sys.exit("Set RECEIVER_SECRET to the whsec_... secret of the sender.")
    Receiver.secret, Receiver.database = base64.b64decode(secret.removeprefix("whsec_")), str(given.database)
    with Closing(Receiver.database) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE IF NOT EXISTS done (id TEXT PRIMARY KEY, receipt TEXT NOT NULL)")
    with ThreadingHTTPServer(("127.0.0.1", given.port), Receiver) as server:
        sys.stdout.write(f"Listening on http://127.0.0.1:{server.server_port}/\n")
        sys.stdout.flush()
        server.serve_forever()


if __name__ == "__main__":
    main()
