"""The page that explains the catalogue: every kind of event, as markdown made from its row."""

from collections.abc import Iterable, Iterator
from typing import Final

from guanxi.events.kinds import REFS, ROLES, Catalogue, Kind, PropertyType

#: family -> its Chinese label and what its kinds are about; the page follows this order.
FAMILIES: Final[dict[str, tuple[str, str]]] = {
    "browse": ("浏览", "Pages, searches, products, carts and wish lists: what people look at before they buy."),
    "app": ("应用", "The life of an installed app and its failures."),
    "trade": ("交易", "Orders, payments, refunds and group buying: what was bought, and what came of it."),
    "coupon": ("优惠券", "Coupons, from issue to use."),
    "logistics": ("物流", "Parcels and routes."),
    "settlement": ("结算", "Money between the platform and the shop."),
    "content": ("内容", "Notes, articles and videos: published, read, liked, shared."),
    "video": ("视频播放", "Playing of videos, by Segment's video specification."),
    "live": ("直播", "Live rooms: who came, what was said, what was shown."),
    "ad": ("广告", "Advertising, campaigns, creators and rivals."),
    "metrics": ("数据报表", "Reports of platforms: counts per period, not single acts."),
    "service": ("客服", "Talks with customers, tickets and forms."),
    "reach": ("触达", "Messages that we send, and what becomes of them."),
    "account": ("账号", "Accounts: signing up, signing in and what is changed in them."),
    "social": ("社交", "Ties between people, groups and creators."),
    "place": ("位置", "Where people are, and what the world around them is like."),
    "loyalty": ("会员", "Check-ins, points, levels, tasks and prizes."),
    "learn": ("学习与游戏", "Lessons, levels and attempts of courses and games."),
    "risk": ("风控", "Holds, alarms and their review."),
    "consent": ("授权", "Consent and the rights of people over their data."),
    "decision": ("决策", "What the house believed, decided and did, and what came back."),
    "system": ("系统", "Facts about the log itself: identities, definitions, imports, corrections."),
}
#: property type -> what its values are.
TYPES: Final[dict[PropertyType, str]] = {
    "text": "short text, cleaned",
    "id": "an identifier, kept as the source writes it and never read as a number",
    "integer": "a whole number, 64 bits",
    "decimal": "an exact decimal number, at most 6 places; unit `major` = major units of the event's currency (yuan)",
    "money": "whole minor units of the event's currency (fen)",
    "number": "a finite 64-bit float",
    "rate": "a share between 0 and 1",
    "boolean": "true or false",
    "time": "an instant, milliseconds since 1970-01-01 UTC",
    "json": "a list or an object",
}
TRUST: Final[dict[str, str]] = {"client": "any key", "server": "server key only"}
PRIVACY: Final[dict[str, str]] = {
    "public": "not about a person's conduct",
    "behaviour": "about a person",
    "sensitive": "about a person, read only for a stated purpose",
}


def document(catalogue: Catalogue) -> str:
    """Return the markdown page of the catalogue: how to read and write a row, then every kind by family.

    catalogue  the shipped kinds, or those and a workspace's own
    returns    the same text for the same rows; families of FAMILIES first, others after them by name
    """
    families: dict[str, list[Kind]] = {family: [] for family in FAMILIES}
    for kind in catalogue.values():
        families.setdefault(kind.family, []).append(kind)
    shown = {family: kinds for family, kinds in families.items() if kinds}
    lines = [*_introduction(len(catalogue)), *_overview(shown)]
    for family, kinds in shown.items():
        lines += _family(family, kinds)
    return "\n".join(lines).rstrip() + "\n"


def _introduction(count: int) -> Iterator[str]:
    yield "# Kinds of events"
    yield ""
    yield "This page is made from the rows in `src/guanxi/events/catalogue/*.toml`; change those, not this text."
    yield f"It lists {count} kinds. A kind that is not listed is accepted as a custom event (自定义事件)."
    yield ""
    yield "## How a row is written"
    yield ""
    yield from _EXAMPLE
    yield "A trailing `!` marks a role or a reference that an event of the kind must have. A property without a type"
    yield "is `text`. A `personal` property lives in the vault; the event holds a token. `trust` says which key may"
    yield "send the kind, `privacy` whom it is about. What a kind does not declare is kept with the event, untyped."
    yield "An id that names a party or another event goes to its role or reference; a property beside it keeps the"
    yield "source's own text."
    yield ""
    yield from _table(("type", "values"), ((f"`{name}`", meaning) for name, meaning in TYPES.items()))
    yield from _table(("trust", "who may send it"), ((f"`{name}`", meaning) for name, meaning in TRUST.items()))
    yield from _table(("privacy", "what it is about"), ((f"`{name}`", meaning) for name, meaning in PRIVACY.items()))
    yield from _table(("role", "the party that stands in it"), ((f"`{role}`", what) for role, what in ROLES.items()))
    yield f"References: {_codes(REFS)}."
    yield ""


def _overview(families: dict[str, list[Kind]]) -> Iterator[str]:
    yield "## Families"
    yield ""
    rows = []
    for family, kinds in families.items():
        zh, _ = FAMILIES.get(family, ("", ""))
        rows.append((f"[{family}](#{_anchor(family, zh)})", zh, ", ".join(kind.name for kind in kinds)))
    yield from _table(("family", "中文", "kinds"), rows)


def _family(family: str, kinds: list[Kind]) -> Iterator[str]:
    zh, about = FAMILIES.get(family, ("", ""))
    yield f"## {family} {zh}".rstrip()
    yield ""
    if about:
        yield about
        yield ""
    for kind in kinds:
        yield from _kind(kind)


def _kind(kind: Kind) -> Iterator[str]:
    yield f"### {kind.name} {kind.zh}"
    yield ""
    yield kind.purpose
    yield ""
    yield f"- Key: {kind.trust} ({TRUST[kind.trust]}). Privacy: {kind.privacy}. Table: `{kind.table}`."
    if kind.roles:
        yield f"- Roles: {_codes(kind.roles)}"
    if kind.refs:
        yield f"- References: {_codes(kind.refs)}"
    if kind.amount:
        yield f"- Amount: {kind.amount}"
    yield ""
    rows = (
        (f"`{name}`", row.type, row.unit, row.zh, "personal" if row.personal else "")
        for name, row in kind.properties.items()
    )
    if kind.properties:
        yield from _table(("property", "type", "unit", "中文", ""), rows)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield _row(head)
    yield _row(("---",) * len(head))
    for row in rows:
        yield _row(row)
    yield ""


def _row(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def _codes(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _anchor(family: str, zh: str) -> str:
    return f"{family}-{zh}" if zh else family


_EXAMPLE: Final = (
    "```toml",
    '["Product Viewed"]',
    'zh = "浏览商品"',
    'purpose = "Someone viewed the details of a product."',
    'family = "browse"',
    'trust = "client"',
    'privacy = "behaviour"',
    'roles = ["actor", "item!", "device"]',
    'refs = ["session"]',
    'properties.price = { type = "decimal", unit = "major", zh = "单价" }',
    "```",
    "",
)
