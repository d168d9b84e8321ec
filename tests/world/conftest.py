"""Small towns, what they gave as text to compare, and decisions to tell them."""

from collections.abc import Iterable
from datetime import date
from hashlib import blake2b
from typing import Any

import numpy as np
import polars as pl
import pytest

from guanxi.decisions import Decisions
from guanxi.events import EventBatch
from guanxi.world import Town

START = date(2025, 9, 1)


class Kit:
    """What tests of the town share."""

    start = START

    @staticmethod
    def town(**fields: Any) -> Town:
        return Town(**{"seed": 7, "people": 300, "start": START, "horizon": 60, **fields})

    @staticmethod
    def run(town: Town, days: int, **fields: Any) -> dict[str, pl.DataFrame]:
        """Kind -> everything given until a day."""
        return Kit.joined(town.step(town.ms_of(days), **fields))

    @staticmethod
    def joined(batches: Iterable[EventBatch]) -> dict[str, pl.DataFrame]:
        frames: dict[str, list[pl.DataFrame]] = {}
        for batch in batches:
            frames.setdefault(batch.kind, []).append(batch.frame)
        return {kind: pl.concat(parts, how="diagonal") for kind, parts in frames.items()}

    @staticmethod
    def digest(batches: Iterable[EventBatch]) -> list[tuple[str, str]]:
        """Of each batch its kind and a hash of every cell."""
        found = []
        for batch in batches:
            total = blake2b(" ".join(batch.frame.columns).encode(), digest_size=8)
            for column in batch.frame.columns:
                total.update("\x1f".join(map(str, batch.frame[column].to_list())).encode())
            found.append((batch.kind, total.hexdigest()))
        return found

    @staticmethod
    def tell(town: Town, people: np.ndarray, kind: str, at_ms: int, **params: Any) -> Decisions:
        """One decision for the first account of each person."""
        accounts = town.accounts_of(people)
        n = len(accounts)
        if kind == "message":
            params = {"channel": "sms", "content": "hello", "purpose": "sale", **params}
        else:
            params = {"amount": 1_500, "threshold": 9_900, "days": 14, **params}
        return Decisions(
            pl.DataFrame(
                {
                    "id": [f"{kind}-{at_ms}-{row}" for row in range(n)],
                    "ask": [""] * n,
                    "at_ms": [at_ms] * n,
                    "kind": [kind] * n,
                    "party": accounts,
                    "chosen": [["send"]] * n,
                    "alternatives": [["send", "none"]] * n,
                    "propensity": [0.5] * n,
                    "policy": ["test"] * n,
                    "mode": ["auto"] * n,
                    "size": [1] * n,
                    **{f"p_{k}": [v] * n for k, v in params.items()},
                }
            )
        )

    @staticmethod
    def person_of(town: Town, actors: pl.Series) -> np.ndarray:
        """The person behind each account or device."""
        board, texts = town.board, town.texts
        table = pl.concat(
            [
                pl.DataFrame({"actor": texts.account, "person": board["account.person"]}),
                pl.DataFrame({"actor": texts.device, "person": board["device.person"]}),
            ]
        )
        frame = pl.DataFrame({"actor": actors}).join(table, on="actor", how="left", maintain_order="left")
        return frame["person"].to_numpy()


@pytest.fixture(scope="session")
def kit() -> type[Kit]:
    return Kit
