"""The catalogue of kinds: complete, well named, trusted as it should be, and documented."""

import csv
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import get_args

import pytest

from guanxi.core import SettingError
from guanxi.events.document import FAMILIES, PRIVACY, TRUST, TYPES, document
from guanxi.events.kinds import Catalogue, Kind, PropertyType, read_kinds, shipped

REPO = Path(__file__).resolve().parents[2]
KINDS = shipped()

SEGMENT = """
Products Searched, Product List Viewed, Product List Filtered, Promotion Viewed, Promotion Clicked, Product Clicked,
Product Viewed, Product Added, Product Removed, Cart Viewed, Checkout Started, Checkout Step Viewed,
Checkout Step Completed, Payment Info Entered, Order Started, Order Updated, Order Completed, Order Refunded,
Order Cancelled, Coupon Entered, Coupon Applied, Coupon Denied, Coupon Removed, Product Added to Wishlist,
Product Removed from Wishlist, Wishlist Product Added to Cart, Product Shared, Cart Shared, Product Reviewed,
Video Playback Started, Video Playback Paused, Video Playback Interrupted, Video Playback Buffer Started,
Video Playback Buffer Completed, Video Playback Seek Started, Video Playback Seek Completed, Video Playback Resumed,
Video Playback Completed, Video Playback Exited, Video Content Started, Video Content Playing, Video Content Completed,
Video Ad Started, Video Ad Playing, Video Ad Completed, Video Ad Clicked, Video Ad Skipped, Video Quality Updated
"""
PAGES = """
Order Created, Order Shipped, Order Received, Order Finished, Settlement Recorded, Ad Spend Recorded,
Content Metrics Recorded, Live Room Metrics Recorded, Live Comment Sent, Live Gift Sent, Live Room Entered,
Shop Metrics Recorded, Audience Metrics Recorded, Service Metrics Recorded, Conversation Ended, Message Sent,
Video Comment Sent, Parcel Updated, Message Delivered, Message Opened, Message Failed, Form Submitted,
Broadcast Finished, Membership Bought, Live Liked, Account Followed, Fan Club Joined, Live Room Ended
"""
HOUSE = """
Order Line Recorded, Payment Completed, Payment Failed, Coupon Issued, Coupon Claimed, Return Requested,
Promotion Displayed, Session Started, Slate Shown, Content Published, Content Viewed, Content Liked, Content Saved,
Content Shared, Region Dwelt, Ad Shown, Ad Clicked, Live Room Left, Service Message Sent, Voice Features Recorded,
Signed Up, Signed In, Sign In Failed, Password Changed, Phone Changed, Address Changed, Card Added, Group Joined,
Group Post Sent, Invitation Sent, Invitation Accepted, Checked In, Lesson Reviewed, Level Completed, Attempt Failed,
App Stalled, Creator Collaboration Recorded, Rival Move Observed, Geofence Entered, Store Visited, Context Observed,
Consent Given, Consent Withdrawn, Points Posted, Decision Made, Action Requested, Receipt Recorded, Label Recorded,
Belief Recorded, Party Resolved, Page Viewed, Screen Viewed, Profile Updated, Group Profile Updated, Relation Stated,
Item Profile Updated, Custom Event Defined, Erasure Requested, Data Imported
"""
SERVER_ONLY = """
Order Started, Order Created, Order Updated, Order Completed, Order Line Recorded, Order Cancelled, Order Refunded,
Order Shipped, Order Received, Order Finished, Return Requested, Payment Completed, Payment Failed, Coupon Issued,
Coupon Claimed, Coupon Redeemed, Membership Bought, Live Gift Sent, Settlement Recorded, Payout Recorded,
Ad Spend Recorded, Content Metrics Recorded, Live Room Metrics Recorded, Shop Metrics Recorded,
Audience Metrics Recorded, Service Metrics Recorded, Parcel Updated, Message Sent, Message Delivered, Message Failed,
Service Message Sent, Conversation Ended, Voice Features Recorded, Signed Up, Signed In, Sign In Failed,
Password Changed, Phone Changed, Email Changed, Address Changed, Card Added, Profile Updated, Group Profile Updated,
Item Profile Updated, Group Joined, Invitation Sent, Invitation Accepted, Relation Stated, Party Resolved, Checked In,
Points Posted, Reward Granted, Label Recorded, Belief Recorded, Decision Made, Action Requested, Receipt Recorded,
Experiment Assigned, Hold Placed, Hold Released, Consent Given, Consent Withdrawn, Personalisation Switched,
Tag Deleted, Erasure Requested, Custom Event Defined, Event Corrected, Data Imported, Store Visited, Promotion Displayed
"""
CLIENT = """
Page Viewed, Screen Viewed, Session Started, Region Dwelt, Slate Shown, Products Searched, Product Viewed,
Product Added, Cart Viewed, Checkout Started, Product Reviewed, Product Shared, Content Viewed, Content Liked,
Video Playback Started, Video Content Playing, Video Comment Sent, Live Room Entered, Live Room Left, Live Comment Sent,
Ad Shown, Ad Clicked, App Stalled, Level Completed, Attempt Failed, Lesson Reviewed, Geofence Entered, Form Submitted
"""


def names(text: str) -> list[str]:
    return [name.strip() for name in text.replace("\n", " ").split(",")]


@pytest.mark.parametrize("name", names(SEGMENT) + names(PAGES) + names(HOUSE))
def test_a_named_kind_is_in_the_catalogue(name: str) -> None:
    assert KINDS[name].name == name


@pytest.mark.parametrize("name", names(SERVER_ONLY))
def test_a_client_key_may_never_send(name: str) -> None:
    assert KINDS[name].trust == "server"


@pytest.mark.parametrize("name", names(CLIENT))
def test_a_client_key_may_send(name: str) -> None:
    assert KINDS[name].trust == "client"


@pytest.mark.parametrize(
    ("name", "roles", "refs"),
    [
        ("Order Completed", (), ("order",)),
        ("Order Line Recorded", ("item",), ("order",)),
        ("Product Viewed", ("item",), ()),
        ("Payment Completed", (), ()),  # tied by the order or by the payment: neither alone is a must
        ("Relation Stated", ("actor", "object"), ()),
        ("Party Resolved", ("actor", "object"), ()),
        ("Group Joined", ("actor", "community"), ()),
        ("Data Imported", (), ("import",)),
    ],
)
def test_what_a_kind_must_have(name: str, roles: tuple[str, ...], refs: tuple[str, ...]) -> None:
    assert (KINDS[name].required_roles, KINDS[name].required_refs) == (roles, refs)


def test_names_are_title_case() -> None:
    word = r"[A-Z][a-z]+"
    grammar = re.compile(rf"{word}( ({word}|to|from|of))+\Z")
    assert [name for name in KINDS if not grammar.match(name)] == []


def test_labels_are_chinese_and_tell_kinds_apart() -> None:
    chinese = re.compile("[\u4e00-\u9fff]")
    labels = [kind.zh for kind in KINDS.values()]
    assert [label for label in labels if not chinese.search(label)] == []
    assert len(set(labels)) == len(labels)
    latin = {"SKU", "ID", "URL"}
    rows = [(kind.name, name, row.zh) for kind in KINDS.values() for name, row in kind.properties.items()]
    assert [row for row in rows if not chinese.search(row[2]) and row[2] not in latin] == []


def test_purposes_are_sentences() -> None:
    sentence = re.compile(r"[A-Z][^\n]{15,160}\.\Z")
    assert [kind.name for kind in KINDS.values() if not sentence.match(kind.purpose)] == []


def test_tables_are_unique() -> None:
    tables = [kind.table for kind in KINDS.values()]
    assert len(set(tables)) == len(tables)


def test_money_says_what_it_is_and_carries_no_unit() -> None:
    rows = [(kind.name, name, row) for kind in KINDS.values() for name, row in kind.properties.items()]
    assert [row[:2] for row in rows if row[1].endswith(("_fen", "_yuan"))] == []
    assert [row[:2] for row in rows if row[2].type == "money" and row[2].unit] == []
    assert [row[:2] for row in rows if row[2].type == "rate" and row[2].unit != "share"] == []


def test_what_people_type_or_are_called_is_personal() -> None:
    personal = {
        *("text", "review_body", "share_message", "buyer_note", "seller_note", "note", "message", "transcript"),
        *(
            "receiver_name",
            "receiver_phone",
            "receiver_address",
            "receiver",
            "author_name",
            "creator_name",
            "buyer_nick",
        ),
        *("nickname", "email", "phone", "address", "visitor_name", "agent_name", "buyer_pay_account", "birthday"),
    }
    public = {("Element Clicked", "text"), ("Rival Move Observed", "text"), ("Platform Rule Changed", "text")}
    rows = {(kind.name, name): row.personal for kind in KINDS.values() for name, row in kind.properties.items()}
    assert {row for row, sealed in rows.items() if row[1] in personal and not sealed} == public
    assert not rows["Products Searched", "query"]
    assert rows["Profile Updated", "traits"]
    assert rows["Form Submitted", "answers"]


def test_metrics_are_public_and_places_are_sensitive() -> None:
    assert {kind.privacy for kind in KINDS.values() if kind.family == "metrics"} == {"public"}
    for name in ("Geofence Entered", "Store Visited", "Voice Features Recorded", "Label Recorded"):
        assert KINDS[name].privacy == "sensitive"


# Where a column of `maps_to` goes when it is not a property of the same name.
PLACES = """
order_id = ref order; line_id = ref line; refund_id = ref refund; payment_id = ref payment; group_id = ref group;
conversation_id = ref conversation; our_action_key = ref action; buyer_id = role actor; author = role actor;
party = role actor; shop_id = role shop; creator_id = role creator; room_id = role room; content_id = role content;
ip = role ip; creative_id = role creative; product_id = role item; agent = role agent; tracking_no = ref parcel;
paid = amount; paid_at = at; at = at; spend = amount; refund = amount; amount = amount; value = amount;
total_yuan = amount; goods = goods_amount; live_avg_watch = live_avg_watch_s; first_reply = first_reply_s;
order_id_or_line_id = ref order; offset_s = offset_ms
"""
KUAISHOU_SERVICE = """
three_min_reply_rate = reply_3min_rate; session_three_min_reply_rate = conversation_reply_3min_rate;
no_reply_session_rate = no_reply_rate; ask_buyer_num_manual = manual_customers;
ask_buyer_cnt_manual = manual_enquiries; manual_session_cnt = manual_conversations;
avg_reply_dur_manual = avg_reply_s; session_transfer_platform_rate = to_platform_rate; good_evaluate_rate = good_rate;
session_good_evaluate_rate = conversation_good_rate; bad_evaluate_rate = bad_rate;
session_bad_evaluate_rate = conversation_bad_rate; normal_evaluate_rate = neutral_rate;
session_normal_evaluate_rate = conversation_neutral_rate; im_bad_evaluate_rate = im_bad_rate;
invite_evaluate_cnt = ratings_invited; evaluate_cnt = ratings; good_evaluate_cnt = ratings_good;
normal_evaluate_cnt = ratings_neutral; bad_evaluate_cnt = ratings_bad;
invite_evaluate_session_cnt = conversations_invited; evaluate_session_cnt = conversations_rated;
invite_evaluate_rate = rating_invite_rate; evaluate_rate = rating_rate; ask_order_buyer_cnt = enquirers;
create_order_buyer_cnt = enquiry_orderers; ask_order_pay_order_buyer_cnt = enquiry_buyers;
ask_order_pay_order_rate = enquiry_buy_rate; ask_order_single_buyer_value = enquiry_avg_order;
ask_order_pay_order_amt_view = enquiry_paid; create_task_cnt_sum = tasks_created;
crt7day_pending_task_sum = tasks_pending_7d; crt7day_dealing_task_sum = tasks_dealing_7d;
crt7day_overtime_end_task_sum = tasks_overtime_7d; crt7day_overtime_end_task_cnt_sum_rate = tasks_overtime_7d_rate;
crt7day_intime_end_task_deal_duration = task_duration_7d_s
"""
NOT_KINDS = ("DROP", "keep in properties.raw", "party", "updated_at", "at")


def targets(maps_to: str) -> Iterator[tuple[str, str]]:
    """Yield (kind, column) that a cell of `maps_to` names; the column is "" when it names only a kind."""
    if "unit not stated" in maps_to:
        yield "Ad Spend Recorded", "spend_raw"
        return
    if "order LINES" in maps_to:
        yield "Ad Spend Recorded", "order_lines"
        return
    cell = re.sub(r" \(.*", "", maps_to)
    if cell in NOT_KINDS:
        return
    for part in cell.split(" / "):
        kind, _, column = part.partition(".")
        if cell.startswith(("Message Sent.", "Conversation Ended / ")) and kind == "Message Sent":
            kind = "Service Message Sent"  # chat; our own outreach is Message Sent
        if column.startswith("lines[]") or (kind, column) == ("Order Completed", "line_id"):
            kind, column = "Order Line Recorded", column.removeprefix("lines[]").removeprefix(".")
        column = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", column).lower().removesuffix("_fen").removesuffix("[]")
        yield kind, re.sub(r"[@. ]", "_", column)


def pairs(text: str) -> dict[str, str]:
    return dict(pair.strip().split(" = ") for pair in text.replace("\n", " ").split(";"))


def lands(kind: Kind, column: str) -> bool:
    """Whether the kind has a place for the column: a property, a role, a reference, its amount or its time."""
    if column in ("", "raw") or column in kind.properties:
        return True
    place = pairs(PLACES + ";" + KUAISHOU_SERVICE).get(column, "")
    what, _, name = place.partition(" ")
    return {
        "role": name in kind.role_names,
        "ref": name in kind.ref_names,
        "amount": bool(kind.amount),
        "at": True,
    }.get(what, place in kind.properties)


@pytest.mark.parametrize(
    "platform",
    ["bilibili", "douyin", "generic", "jd", "kuaishou", "pinduoduo", "taobao", "wechat", "xiaohongshu"],
)
def test_every_mapped_field_of_a_platform_has_a_place(platform: str, data_file: Callable[[str], Path]) -> None:
    with data_file(f"platform_fields/{platform}.csv").open(encoding="utf-8-sig", newline="") as file:
        cells = {row["maps_to"] for row in csv.DictReader(file)}
    found = {target for cell in cells for target in targets(cell)}
    assert found
    assert sorted(f"{kind}.{column}" for kind, column in found if kind not in KINDS) == []
    assert sorted(f"{kind}.{column}" for kind, column in found if not lands(KINDS[kind], column)) == []


GOOD = '["Thing Done"]\nzh = "做事"\npurpose = "Someone did a thing."\nfamily = "system"\n'


def test_a_row_becomes_a_kind() -> None:
    (kind,) = read_kinds(
        GOOD + 'roles = ["actor!", "item"]\nproperties.cost = { type = "money", zh = "费用" }', "x.toml"
    )
    assert (kind.trust, kind.required_roles, kind.role_names) == ("server", ("actor",), ("actor", "item"))
    assert (kind.table, kind.properties["cost"].type) == ("thing_done", "money")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        pytest.param(GOOD + 'roles = ["wizard"]', "wizard", id="role"),
        pytest.param(GOOD + 'refs = ["spell!"]', "spell", id="reference"),
        pytest.param(GOOD + 'properties.cost = { type = "gold", zh = "费用" }', "gold", id="property-type"),
        pytest.param(GOOD + 'properties.Cost = { zh = "费用" }', "Cost", id="property-name"),
        pytest.param(GOOD + "properties.cost = {}", "zh", id="no-label"),
        pytest.param(GOOD + 'trust = "anyone"', "anyone", id="trust"),
        pytest.param(GOOD + 'colour = "red"', "colour", id="unknown-key"),
        pytest.param(GOOD + "zh", "x.toml", id="not-toml"),
    ],
)
def test_a_wrong_row_is_refused_by_name(text: str, named: str) -> None:
    with pytest.raises(SettingError) as error:
        read_kinds(text, "x.toml")
    assert named in str(error.value)
    assert error.value.mend


def test_a_kind_is_declared_once() -> None:
    with pytest.raises(SettingError, match="Product Viewed"):
        KINDS.extended(read_kinds(GOOD.replace("Thing Done", "Product Viewed"), "x.toml"))


def test_the_page_is_in_step_with_the_catalogue() -> None:
    code = "from guanxi.events.document import document; from guanxi.events.kinds import shipped; "
    again = f"python -c '{code}print(document(shipped()), end=\"\")' > docs/events.md"
    assert (REPO / "docs" / "events.md").read_text("utf-8") == document(KINDS), f"make the page again: {again}"


def test_the_page_explains_every_word_of_a_row() -> None:
    assert set(TYPES) == set(get_args(PropertyType))
    assert {kind.family for kind in KINDS.values()} == set(FAMILIES)
    assert {kind.trust for kind in KINDS.values()} == set(TRUST)
    assert {kind.privacy for kind in KINDS.values()} == set(PRIVACY)


def test_a_page_made_from_one_row() -> None:
    row = GOOD.replace("system", "own") + 'roles = ["actor!"]\nproperties.pick = { zh = "甲|乙", personal = true }'
    page = document(Catalogue(read_kinds(row, "x.toml")))
    assert page.endswith(
        "## own\n\n### Thing Done 做事\n\nSomeone did a thing.\n\n"
        "- Key: server (server key only). Privacy: behaviour. Table: `thing_done`.\n- Roles: `actor!`\n\n"
        "| property | type | unit | 中文 |  |\n| --- | --- | --- | --- | --- |\n"
        "| `pick` | text |  | 甲\\|乙 | personal |\n"
    )
    assert "It lists 1 kinds" in page
