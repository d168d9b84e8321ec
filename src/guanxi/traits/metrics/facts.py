"""Facts: what metrics are counted over, one row a thing, each a SELECT over the lake's views.

Every fact has `at_ms`, `platform` ("" = none stated) and the columns that its dimensions name; `money` is the amount in
the asked currency and null in any other, so that two currencies are never added.
"""

import re
from dataclasses import dataclass
from typing import Final

from guanxi.core import RowTable
from guanxi.events import columns_of, shipped

#: Placeholders of a fact's text: the person of an event, its amount in the asked currency, whether a row lies in one of
#: the windows.
WHO, MONEY, INSIDE = "{who}", "{money}", "{inside}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One thing that metrics count.

    grain       what one row is, in words
    sql         a SELECT; {who} and {money} are filled in
    kinds       kinds of event that it reads
    needs       at least one of these must have occurred, else it is not known
    dimensions  dimension -> column
    after       other facts that its text reads
    per_person  the rows are steps: they are first joined to one row a person, with one flag a step
    kept        computed once and kept while the query runs, not once for each window
    """

    name: str
    grain: str
    sql: str
    kinds: tuple[str, ...]
    needs: tuple[str, ...]
    dimensions: dict[str, str]
    after: tuple[str, ...] = ()
    per_person: tuple[str, ...] = ()
    kept: bool = False


_SHOP: Final = {"platform": "platform", "shop": "shop"}
_ORDER: Final = _SHOP | {"channel": "channel", "city": "city"}
_BASE: Final = "at_ms, seq, coalesce(platform, '') AS platform"
_ORDER_KEY: Final = "hash(coalesce(platform, ''), ref_order)"
_FIRST: Final = "row_number() OVER (PARTITION BY coalesce(platform, ''), ref_order ORDER BY at_ms, seq) = 1"
_TURN: Final = "OVER (PARTITION BY person ORDER BY at_ms, seq)"
_ADS: Final = "coalesce(p_revenue, p_revenue_7d, p_revenue_30d, p_revenue_0d)"


def _twice(table: str) -> str:
    """Keys of orders that were told more than once; few, so that the others need no sorting."""
    return f"SELECT {_ORDER_KEY} AS key FROM {table} GROUP BY key HAVING count(*) > 1"


def _once(columns: str, table: str, twice: str) -> str:
    """Orders, each once: told twice (live and by a file, or by two exports) it is one, and its first row counts."""
    return (
        f"SELECT {columns} FROM {table} ANTI JOIN {twice} ON {_ORDER_KEY} = key UNION ALL (SELECT {columns} FROM"
        f" {table} SEMI JOIN {twice} ON {_ORDER_KEY} = key QUALIFY {_FIRST})"
    )


def _steps(*parts: tuple[str, str]) -> str:
    """Rows of several tables as steps of one journey: (table, step)."""
    return " UNION ALL ".join(
        f"SELECT at_ms, coalesce(platform, '') AS platform, {WHO} AS person, '{step}' AS step FROM {table}"
        for table, step in parts
    )


def _events(table: str, *columns: str) -> str:
    more = "".join(f", {column}" for column in columns)
    return f"SELECT {_BASE}, {WHO} AS person{more} FROM {table}"


FACTS: Final[RowTable[Fact]] = RowTable(
    [
        *(
            Fact(name=name, grain="order", kinds=(kind,), needs=(kind,), dimensions={}, kept=True, sql=_twice(table))
            for name, kind, table in (("created_twice", "Order Created", "order_created"),
                                      ("orders_twice", "Order Completed", "order_completed"))
        ),
        Fact(
            name="created", grain="order", kinds=("Order Created",), needs=("Order Created",),
            dimensions=_SHOP | {"channel": "channel"}, after=("created_twice",),
            sql=_once(f"{_BASE}, {WHO} AS person, {MONEY} AS money, role_shop AS shop, p_channel AS channel",
                      "order_created", "created_twice"),
        ),
        Fact(
            name="orders", grain="order", kinds=("Order Completed",), needs=("Order Completed",),
            dimensions=_ORDER, after=("orders_twice",),
            sql=_once(f"{_BASE}, ref_order, {WHO} AS person, {MONEY} AS money, role_shop AS shop,"
                      " p_channel AS channel, p_receiver_city AS city", "order_completed", "orders_twice"),
        ),
        Fact(
            name="history", grain="order", kinds=("Order Completed",), needs=("Order Completed",), dimensions=_ORDER,
            after=("orders_twice", "orders"), kept=True,
            # All orders of those who paid in one of the windows: the others' turns do not matter.
            sql=f"SELECT *, row_number() {_TURN} AS nth, lag(at_ms) {_TURN} AS before_ms, lead(at_ms) {_TURN} AS"
                " next_ms, min(at_ms) OVER (PARTITION BY person) AS first_ms FROM orders WHERE person IN"
                f" (SELECT person FROM orders WHERE {INSIDE})",
        ),
        Fact(
            name="lines", grain="line", kinds=("Order Completed", "Order Line Recorded"),
            needs=("Order Line Recorded",), after=("orders_twice", "orders"),
            dimensions=_ORDER | {"item": "item", "category": "category", "brand": "brand"},
            # A line has the time of its order's payment: lines of unpaid orders, and stock corrections, are no sales.
            sql=f"SELECT orders.at_ms, orders.seq, orders.platform, orders.person, orders.shop, orders.channel,"
                f" orders.city, orders.ref_order, line.money, line.quantity, line.item, line.category, line.brand"
                f" FROM (SELECT coalesce(platform, '') AS platform, ref_order, {MONEY} AS money,"
                f" p_quantity AS quantity, role_item AS item, p_category AS category, p_brand AS brand"
                " FROM order_line_recorded"
                f" WHERE coalesce(p_status, '') != 'stock-correction') AS line JOIN orders USING (platform, ref_order)",
        ),
        Fact(
            name="refunds", grain="refund", kinds=("Order Refunded",), needs=("Order Refunded",),
            dimensions=_SHOP | {"item": "item"},
            sql=f"SELECT {_BASE}, ref_order, {WHO} AS person, {MONEY} AS money, role_shop AS shop, role_item AS item"
                " FROM order_refunded",
        ),
        Fact(
            name="payments", grain="payment", kinds=("Payment Completed", "Payment Failed"),
            needs=("Payment Completed", "Payment Failed"), dimensions=_SHOP | {"method": "method"},
            sql=f"{_events('payment_completed', 'role_shop AS shop', 'p_method AS method', 'true AS passed')} UNION ALL"
                f" {_events('payment_failed', 'role_shop AS shop', 'p_method AS method', 'false AS passed')}",
        ),
        Fact(
            name="journey", grain="person",
            kinds=("Session Started", "Page Viewed", "Screen Viewed", "Product Viewed", "Product Added",
                   "Order Completed"),
            needs=("Session Started", "Page Viewed", "Screen Viewed", "Product Viewed"),
            dimensions={"platform": "platform"}, per_person=("visited", "carted", "paid"),
            sql=_steps(("session_started", "visited"), ("page_viewed", "visited"), ("screen_viewed", "visited"),
                       ("product_viewed", "visited"), ("product_added", "carted"), ("order_completed", "paid")),
        ),
        Fact(
            name="sessions", grain="session", kinds=("Session Started",), needs=("Session Started",), dimensions=_SHOP,
            sql=_events("session_started", "role_shop AS shop"),
        ),
        Fact(
            name="views", grain="event", kinds=("Product Viewed", "Page Viewed", "Screen Viewed"),
            needs=("Product Viewed", "Page Viewed", "Screen Viewed"), dimensions=_SHOP,
            sql=" UNION ALL ".join(_events(table, "role_shop AS shop")
                                   for table in ("product_viewed", "page_viewed", "screen_viewed")),
        ),
        Fact(
            name="carts", grain="event", kinds=("Product Added",), needs=("Product Added",),
            dimensions=_SHOP | {"item": "item"}, sql=_events("product_added", "role_shop AS shop", "role_item AS item"),
        ),
        Fact(
            name="searches", grain="event", kinds=("Products Searched",), needs=("Products Searched",),
            dimensions=_SHOP, sql=_events("products_searched", "role_shop AS shop"),
        ),
        Fact(
            name="messages", grain="message",
            kinds=("Message Delivered", "Message Failed", "Message Opened", "Message Clicked", "Message Unsubscribed"),
            needs=("Message Delivered", "Message Failed"), dimensions={"platform": "platform", "channel": "channel"},
            sql=" UNION ALL ".join(
                f"SELECT {_BASE}, {WHO} AS person, p_channel AS channel,"
                f" coalesce(ref_message::VARCHAR, seq::VARCHAR) AS message,"
                f" '{table.removeprefix('message_')}' AS step FROM {table}"
                for table in ("message_delivered", "message_failed", "message_opened", "message_clicked",
                              "message_unsubscribed")),
        ),
        Fact(
            name="coupons", grain="coupon", kinds=("Coupon Issued", "Coupon Claimed"),
            needs=("Coupon Issued", "Coupon Claimed"), dimensions=_SHOP,
            # Given to somebody: a coupon that is merely on offer has nobody who holds it.
            sql=f"{_events('coupon_issued', 'role_shop AS shop')}"
                " WHERE role_actor IS NOT NULL OR role_object IS NOT NULL OR role_household IS NOT NULL"
                f" UNION ALL {_events('coupon_claimed', 'role_shop AS shop')}",
        ),
        Fact(
            name="redeemed", grain="coupon", kinds=("Coupon Redeemed",), needs=("Coupon Redeemed",),
            dimensions=_SHOP, sql=_events("coupon_redeemed", f"{MONEY} AS money", "role_shop AS shop"),
        ),
        Fact(
            name="spend", grain="spend row", kinds=("Ad Spend Recorded",), needs=("Ad Spend Recorded",),
            dimensions=_SHOP | {"campaign": "campaign"},
            sql=f"SELECT {_BASE}, {MONEY} AS money, role_shop AS shop,"
                " coalesce(p_campaign, p_campaign_id, role_campaign) AS campaign, p_impressions AS impressions,"
                " p_clicks AS clicks, p_conversions AS conversions,"
                f" CASE WHEN {MONEY} IS NOT NULL THEN {_ADS} END AS revenue FROM ad_spend_recorded",
        ),
        Fact(
            name="ad_shows", grain="event", kinds=("Ad Shown", "Ad Clicked"), needs=("Ad Shown",), dimensions=_SHOP,
            sql=f"{_events('ad_shown', 'role_shop AS shop', 'false AS clicked')} UNION ALL"
                f" {_events('ad_clicked', 'role_shop AS shop', 'true AS clicked')}",
        ),
        Fact(
            name="conversations", grain="conversation", kept=True,
            kinds=("Conversation Started", "Service Message Sent", "Conversation Ended"),
            needs=("Conversation Started", "Service Message Sent"), dimensions=_SHOP,
            sql="SELECT min(at_ms) AS at_ms, min(seq) AS seq, platform, conversation, min(person) AS person,"
                " min(shop) AS shop, min(CASE WHEN answered THEN at_ms END) AS answered_ms FROM ("
                f"SELECT {_BASE}, ref_conversation AS conversation, {WHO} AS person, role_shop AS shop,"
                " false AS answered FROM conversation_started UNION ALL "
                f"SELECT {_BASE}, ref_conversation, CASE WHEN coalesce(p_role, '') = 'agent' THEN NULL ELSE {WHO} END,"
                " role_shop, coalesce(p_role, '') = 'agent' AND NOT coalesce(p_automated, false)"
                " FROM service_message_sent UNION ALL "
                f"SELECT {_BASE}, ref_conversation, {WHO}, role_shop, coalesce(p_agent_messages, 1) > 0"
                " FROM conversation_ended) WHERE conversation IS NOT NULL GROUP BY platform, conversation",
        ),
        Fact(
            name="content", grain="event",
            kinds=("Content Viewed", "Content Liked", "Content Saved", "Content Shared", "Content Commented"),
            needs=("Content Viewed",), dimensions={"platform": "platform", "creator": "creator"},
            sql=" UNION ALL ".join(_events(table, "role_creator AS creator", f"{str(table != 'content_viewed').lower()}"
                                           " AS acted")
                                   for table in ("content_viewed", "content_liked", "content_saved", "content_shared",
                                                 "content_commented")),
        ),
        Fact(
            name="live", grain="event", kinds=("Live Room Entered",), needs=("Live Room Entered",),
            dimensions=_SHOP | {"room": "room"},
            sql=_events("live_room_entered", "role_shop AS shop", "role_room AS room"),
        ),
    ],
    noun="fact",
)  # fmt: skip


def columns_read() -> dict[str, tuple[str, ...]]:
    """Return kind -> columns of its table that facts read, roles and amounts among them."""
    found: dict[str, set[str]] = {}
    for fact in FACTS.values():
        named = {*re.findall(r"\w+", fact.sql), "role_actor", "amount", "currency"}
        for kind in fact.kinds:
            found.setdefault(kind, set()).update(named.intersection(columns_of(shipped()[kind])))
    return {kind: tuple(sorted(names)) for kind, names in found.items()}
