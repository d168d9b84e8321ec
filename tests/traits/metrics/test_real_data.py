"""Every metric that real data can say equals a query written by hand over the raw file."""

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from guanxi.app import Workspace, queries
from guanxi.app.metrics import measure, read_parts, read_series, readings
from guanxi.app.scope import Scope, scope
from guanxi.traits.metrics import metrics, single_query

pytestmark = pytest.mark.slow


def told(workspace: Workspace, asked: Scope) -> dict[str, float]:
    """Every metric that has a value."""
    rows = list(metrics().values())
    table = measure(workspace, asked, rows)
    found = {row.name: readings(table, row, asked)[0].value for row in rows}
    return {name: value for name, value in found.items() if value is not None}


def by_hand(sql: str) -> dict[str, float]:
    with duckdb.connect(config={"threads": 2}) as connection:
        result = connection.execute(sql)
        names = [column[0] for column in result.description]
        return dict(zip(names, map(float, result.fetchone()), strict=True))


#: Instants of China time of both windows, so that a zone mistaken by an hour shows.
JUNE = ("custom:2017-06-01..2017-06-30", "2017-05-31 16:00:00", "2017-06-30 16:00:00")
MAY = ("custom:2010-05-01..2010-05-31", "2010-04-30 16:00:00", "2010-05-31 16:00:00")


def test_the_complete_journey(journey: Workspace, data_file: Callable[[str], Path]) -> None:
    t, start, end = JUNE
    asked = scope(journey, t=t)
    assert asked.currency == "USD"
    raw = data_file("complete_journey/transactions.parquet")
    coupons = data_file("complete_journey/coupon_redemptions.parquet")
    expected = by_hand(f"""
    WITH baskets AS (
      SELECT basket_id, household_id, min(transaction_timestamp) AS moment,
        sum(round(sales_value::DECIMAL(18, 4) * 100)::BIGINT) AS cents
      FROM '{raw}' GROUP BY ALL
    ), ranked AS (
      SELECT *, row_number() OVER home AS nth, lag(moment) OVER home AS before, lead(moment) OVER home AS next
      FROM baskets WINDOW home AS (PARTITION BY household_id ORDER BY moment, basket_id)
    ), june AS (SELECT * FROM ranked WHERE moment >= '{start}' AND moment < '{end}'),
    homes AS (
      SELECT household_id, count(*) AS n, min(before) AS before, min_by(next, moment) - min(moment) AS gap
      FROM june GROUP BY 1
    ), lines AS (
      SELECT l.*, round(sales_value::DECIMAL(18, 4) * 100)::BIGINT AS cents
      FROM '{raw}' AS l JOIN june USING (basket_id)
    )
    SELECT * EXCLUDE (again, soon), gmv_paid / buyers AS basket_value, gmv_paid / orders_paid AS order_value,
      again / buyers AS repeat_rate, soon / buyers AS repeat_30d, pieces / orders_paid AS pieces_per_order
    FROM (SELECT (SELECT sum(cents) FROM june) AS gmv_paid, (SELECT count(*) FROM june) AS orders_paid,
      (SELECT count(*) FROM homes) AS buyers, (SELECT count(*) FROM june WHERE nth = 1) AS new_buyers,
      (SELECT count(*) FROM homes WHERE before < '{start}') AS old_buyers,
      (SELECT count(*) FROM homes WHERE n > 1) AS again,
      (SELECT count(*) FROM homes WHERE gap <= INTERVAL 30 DAY) AS soon,
      (SELECT sum(cents) FROM lines) AS line_amount, (SELECT sum(quantity) FROM lines) AS pieces,
      (SELECT sum(cents) / sum(quantity) FROM lines WHERE quantity > 0) AS piece_price,
      (SELECT count(*) FROM '{coupons}'
       WHERE timezone('UTC', timezone('America/New_York', redemption_date::DATE::TIMESTAMP)) >= '{start}'
       AND timezone('UTC', timezone('America/New_York', redemption_date::DATE::TIMESTAMP)) < '{end}')
        AS coupons_redeemed)
    """)  # fmt: skip
    found = told(journey, asked)
    assert found == pytest.approx(expected, rel=1e-12)


def test_online_retail(retail: Workspace, data_file: Callable[[str], Path]) -> None:
    t, start, end = MAY
    asked = scope(retail, t=t)
    assert asked.currency == "GBP"
    raw = data_file("online_retail_2009_2010/online_retail_2009_2010.parquet")
    expected = by_hand(f"""
    WITH rows AS (
      SELECT Invoice, "Customer ID" AS who, Quantity AS quantity, round(Quantity * Price::DECIMAL(18, 4) * 100)::BIGINT
        AS pence, timezone('UTC', timezone('Europe/London', strptime(InvoiceDate, '%Y-%m-%d %H:%M:%S'))) AS moment
      FROM '{raw}'
    ), orders AS (
      SELECT Invoice, min(who) AS who, min(moment) AS moment, sum(pence) AS pence FROM rows
      WHERE regexp_matches(Invoice, '^[0-9]') AND quantity > 0 GROUP BY 1
    ), ranked AS (
      SELECT *, row_number() OVER one AS nth, lag(moment) OVER one AS before, lead(moment) OVER one AS next
      FROM orders WHERE who IS NOT NULL WINDOW one AS (PARTITION BY who ORDER BY moment, Invoice)
    ), may AS (SELECT * FROM orders WHERE moment >= '{start}' AND moment < '{end}'),
    turns AS (SELECT * FROM ranked WHERE moment >= '{start}' AND moment < '{end}'),
    people AS (
      SELECT who, count(*) AS n, min(before) AS before, min_by(next, moment) - min(moment) AS gap FROM turns GROUP BY 1
    ), refunds AS (
      SELECT * FROM rows WHERE Invoice LIKE 'C%' AND moment >= '{start}' AND moment < '{end}'
    ), lines AS (
      SELECT l.*, may.Invoice AS of FROM rows AS l JOIN may USING (Invoice) WHERE l.quantity > 0
    )
    SELECT * EXCLUDE (again, soon, named), gmv_paid - refund_amount AS gmv_net, refund_amount / gmv_paid AS refund_rate,
      named / buyers AS basket_value, gmv_paid / orders_paid AS order_value, again / buyers AS repeat_rate,
      soon / buyers AS repeat_30d, line_amount / pieces AS piece_price, pieces / orders_paid AS pieces_per_order
    FROM (SELECT (SELECT sum(pence) FROM may) AS gmv_paid, (SELECT count(*) FROM may) AS orders_paid,
      (SELECT -sum(pence) FROM refunds) AS refund_amount, (SELECT count(*) FROM refunds) AS refunds,
      (SELECT count(*) FROM people) AS buyers, (SELECT count(*) FROM turns WHERE nth = 1) AS new_buyers,
      (SELECT count(*) FROM people WHERE before < '{start}') AS old_buyers,
      (SELECT sum(pence) FROM turns) AS named, (SELECT count(*) FROM people WHERE n > 1) AS again,
      (SELECT count(*) FROM people WHERE gap <= INTERVAL 30 DAY) AS soon,
      (SELECT sum(pence) FROM lines) AS line_amount, (SELECT sum(quantity) FROM lines) AS pieces)
    """)  # fmt: skip
    assert told(retail, asked) == pytest.approx(expected, rel=1e-9)


def test_the_query_that_is_shown_gives_the_number(retail: Workspace) -> None:
    asked = scope(retail, t=MAY[0])
    for name, value in told(retail, asked).items():
        sql = single_query(metrics()[name], asked.window, currency=asked.currency)
        assert queries.query(retail, sql)[1][0][0] == pytest.approx(value), name


def test_parts_and_days_add_up(journey: Workspace) -> None:
    asked = scope(journey, t=JUNE[0])
    whole = told(journey, asked)
    by_shop = read_parts(journey, asked, "gmv_paid", "shop")
    assert len(by_shop) == 30  # the largest alone
    for name in ("gmv_paid", "orders_paid", "new_buyers", "pieces"):
        days = read_series(journey, asked, name, bucket="day")[0].points
        assert len(days) == 30
        assert sum(point.value or 0 for point in days) == whole[name]
