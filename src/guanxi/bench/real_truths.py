"""Truths: what SQL over the raw files of public data sets says of traits."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import duckdb
import polars as pl

from guanxi.traits import traits


@dataclass(frozen=True, slots=True, kw_only=True)
class Real:
    """A public data set of which parties are asked.

    folder   below the folder of data sets; figures begin with `short`
    files    imported in this order
    until    the instant as of which parties are read
    parties  types of party whose whole catalogue is read of everybody
    truths   (party, SQL over the raw files: the party's reference as `party`, then columns named as traits are).
             Parameters: $folder; $until, $month and $quarter: as of when, 30 days before, the first of 90 local days
    """

    folder: str
    short: str
    files: tuple[str, ...]
    until: datetime
    parties: tuple[str, ...]
    truths: tuple[tuple[str, str], ...]


#: A year of baskets; the 20.9 million promotions name no party whose traits count them.
JOURNEY: Final = Real(
    folder="complete_journey", short="journey",
    files=("transactions", "coupon_redemptions", "campaigns", "campaign_descriptions", "demographics", "coupons",
           "products"),
    until=datetime(2017, 10, 1, 4, 34, tzinfo=UTC), parties=("person", "shop", "item"),
    truths=(
        ("person", """
        WITH baskets AS (
            SELECT household_id, basket_id, store_id, min(epoch_ms(transaction_timestamp)) AS ms,
                   sum(round(sales_value * 100))::BIGINT AS cents
            FROM read_parquet($folder || '/transactions.parquet') GROUP BY ALL
        )
        SELECT 'account:store:' || household_id AS party,
               count(*) AS "person.spend.count.life", sum(cents)::BIGINT AS "person.spend.sum.life",
               count(*) FILTER (ms >= $month) AS "person.spend.count.30d",
               coalesce(sum(cents) FILTER (ms >= $month), 0)::BIGINT AS "person.spend.sum.30d",
               coalesce(sum(cents) FILTER (ms >= $quarter), 0)::BIGINT AS "person.spend.sum.90d",
               max(cents) AS "person.spend.max.365d", min(cents) AS "person.spend.min.365d",
               count(DISTINCT store_id) AS "person.spend.distinct_shop.365d",
               $until - max(ms) AS "person.spend.since_last.life", $until - min(ms) AS "person.spend.since_first.life"
        FROM baskets WHERE ms < $until GROUP BY household_id
        """),
        ("person", """
        SELECT 'account:store:' || household_id AS party, count(*) AS "person.redemptions.count.365d"
        FROM read_parquet($folder || '/coupon_redemptions.parquet')
        WHERE timezone('America/New_York', redemption_date) < to_timestamp($until / 1000) GROUP BY household_id
        """),
        ("item", """
        SELECT 'item:store:' || product_id AS party, count(*) AS "item.order_lines.count.30d",
               sum(quantity)::BIGINT AS "item.order_lines.sum.30d"
        FROM read_parquet($folder || '/transactions.parquet')
        WHERE epoch_ms(transaction_timestamp) >= $month AND epoch_ms(transaction_timestamp) < $until
        GROUP BY product_id
        """),
    ),
)  # fmt: skip

#: A spring of views, clicks and a few orders.
JD: Final = Real(
    folder="jd_behaviour", short="jd", files=("bo_user", "bo_product", "bo_comment", "bo_action"),
    until=datetime(2016, 4, 1, 4, 34, tzinfo=UTC), parties=("person", "item"),
    truths=(
        ("person", """
        SELECT 'account:jd:' || split_part(pair_id, '_', 1) AS party,
               count(*) FILTER (type = '1') AS "person.product_views.count.30d",
               count(DISTINCT pair_id) FILTER (type = '1') AS "person.product_views.distinct_item.30d",
               count(*) FILTER (type = '2') AS "person.cart_adds.count.30d",
               count(*) FILTER (type = '4') AS "person.orders.count.30d",
               if(count(*) FILTER (type = '1') > 0, count(*) FILTER (type = '2') / count(*) FILTER (type = '1'), NULL)
                   AS "person.cart_adds.ratio_product_views.30d"
        FROM read_parquet($folder || '/bo_action.parquet')
        WHERE time >= $month AND time < $until GROUP BY ALL
        """),
        ("item", """
        SELECT 'item:jd:' || split_part(pair_id, '_', 2) AS party,
               count(*) FILTER (type = '1') AS "item.product_views.count.30d",
               count(DISTINCT pair_id) FILTER (type = '1') AS "item.product_views.distinct_actor.30d",
               count(*) FILTER (type = '5') AS "item.wishes.count.30d",
               count(*) FILTER (type = '4') AS "item.order_lines.count.30d"
        FROM read_parquet($folder || '/bo_action.parquet')
        WHERE time >= $month AND time < $until GROUP BY ALL
        """),
    ),
)  # fmt: skip

#: What each first order of ecommerce_fraud saw. Its times are whole minutes: within one, events come in the order of
#: the rows, as the import gives out sequence numbers. Parameters: $folder, $month and $week in milliseconds.
SEEN: Final = """
    WITH rows AS (
        SELECT file_row_number AS n, user_id, device_id, floor(ip_address)::BIGINT AS ip, purchase_value * 100 AS cents,
               epoch_ms(strptime(signup_time, '%m/%d/%Y %H:%M')) AS joined,
               epoch_ms(strptime(purchase_time, '%m/%d/%Y %H:%M')) AS bought
        FROM read_parquet($folder || '/fraud_data.parquet', file_row_number = true)
    ), pairs AS (
        SELECT a.n, b.user_id, b.cents, a.bought - b.joined AS since_joined, a.bought - b.bought AS since_bought,
               (b.joined, b.n) <= (a.bought, a.n) AS had_joined, (b.bought, b.n) < (a.bought, a.n) AS had_bought
        FROM rows AS a JOIN rows AS b USING (device_id)
    ), devices AS (
        SELECT n, count(*) FILTER (had_joined AND since_joined <= $month) AS "device.sign_ups.count.30d",
               count(DISTINCT user_id) FILTER (had_joined) AS "device.events.distinct_actor.life",
               count(*) FILTER (had_bought AND since_bought <= $week) AS "device.orders.count.7d",
               min(since_bought) FILTER (had_bought) AS "device.orders.since_last.life",
               coalesce(sum(cents) FILTER (had_bought AND since_bought <= $week), 0)::BIGINT
                   AS "device.order_value.sum.7d"
        FROM pairs GROUP BY n
    ), exits AS (
        SELECT a.n, count(*) FILTER ((b.joined, b.n) <= (a.bought, a.n) AND b.joined >= a.bought - $month)
                   AS "ip.sign_ups.count.30d",
               count(*) FILTER ((b.bought, b.n) < (a.bought, a.n) AND b.bought >= a.bought - $week)
                   AS "ip.orders.count.7d"
        FROM rows AS a JOIN rows AS b USING (ip) GROUP BY a.n
    )
    SELECT 'account:web:' || user_id AS party, bought - joined AS "account.sign_ups.since_first.life",
           devices.* EXCLUDE (n), exits.* EXCLUDE (n)
    FROM rows JOIN devices USING (n) JOIN exits USING (n)
"""


def of_files(query: str, *, folder: Path, **times: int) -> pl.DataFrame:
    """Return what a query says of the raw files of a data set."""
    given = {"folder": str(folder), **times}
    with duckdb.connect() as connection:
        named = {name: value for name, value in given.items() if f"${name}" in query}
        return pl.DataFrame(connection.sql(query, params=named))


def differing(found: pl.DataFrame, truth: pl.DataFrame) -> int:
    """Return in how many cells traits differ from the truth.

    Both have `party`; of one that either lacks nothing happened: what is counted is 0, the rest unknown.
    """
    names, table = [name for name in truth.columns if name != "party"], traits()
    both = found.select("party", *names).join(truth, on="party", how="full", coalesce=True, suffix=" told")
    both = both.with_columns(pl.exclude("party").cast(pl.Float64))
    counted = [name for name in names if table[name].aggregate in ("count", "sum", "distinct")]
    both = both.with_columns(pl.col(one, f"{one} told").fill_null(0) for one in counted)
    return sum(int(both[name].ne_missing(both[f"{name} told"]).sum()) for name in names)
