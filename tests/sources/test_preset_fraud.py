"""The public fraud sample: first orders with the sign-up before each, and what was found out later."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from guanxi.engines.sources import open_source, preset, recognise

Read = Callable[..., Any]
FRAUD = {"user_id": 22058, "signup_time": "2/24/2015 22:55", "purchase_time": "4/18/2015 2:47", "purchase_value": 34,
         "device_id": "QVPSPJUOCKZAR", "source": "SEO", "browser": "Chrome", "sex": "M", "age": 39,
         "ip_address": 732758368.8, "class": 1}  # fmt: skip


def test_a_first_order_and_its_sign_up(tmp_path: Path, read_whole: Read) -> None:
    pl.DataFrame([FRAUD]).write_parquet(tmp_path / "x")
    assert [found.preset for found in recognise(tmp_path / "x")] == ["ecommerce_fraud"]
    joined, profile, ordered, paid, verdict = read_whole(tmp_path / "x", "ecommerce_fraud").events
    roles = {"actor": "account:web:22058", "device": "device:web:QVPSPJUOCKZAR", "ip": "ip::732758368"}
    assert (joined.kind, joined.at, joined.roles) == ("Signed Up", datetime(2015, 2, 24, 22, 55, tzinfo=UTC), roles)
    assert joined.properties == {"channel": "SEO", "browser": "Chrome"}
    assert profile.properties == {"operation": "set", "gender": "male", "age_band": "35-44"}
    for order, kind in ((ordered, "Order Created"), (paid, "Order Completed")):
        assert (order.kind, order.at, order.roles) == (kind, datetime(2015, 4, 18, 2, 47, tzinfo=UTC), roles)
        assert (order.amount, order.currency, order.refs) == (3400, "USD", {"order": "22058"})
    assert (verdict.kind, verdict.at.year, verdict.roles) == ("Label Recorded", 2016, {"object": "account:web:22058"})
    assert verdict.properties == {"label": "fraud", "value": "true"}


def test_first_orders_are_whole_and_of_a_known_age(data_file: Callable[[str], Path]) -> None:
    path = data_file("ecommerce_fraud/fraud_data.parquet")
    (chunk,) = open_source(path, preset("ecommerce_fraud"))
    assert (chunk.rows, chunk.accepted) == (30_189, 30_189)
    made = {batch.kind: batch.frame for batch in chunk.batches}
    assert {len(frame) for frame in made.values()} == {30_189}
    assert made["Profile Updated"]["p_age_band"].null_count() == 0
    assert made["Signed Up"]["role_ip"].n_unique() == 29_156
    assert (made["Label Recorded"]["p_value"] == "true").sum() == 2_867
    # What was found out later is learnt after everything that could have been judged by it.
    assert made["Label Recorded"]["at_ms"].min() > made["Order Created"]["at_ms"].max()
