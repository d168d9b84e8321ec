"""Traits: named functions of the events of one party before an instant, with unit, window and privacy class."""

import re
from dataclasses import dataclass
from typing import Final, Literal

import msgspec

from guanxi.core import DAY_MS, RowTable, SettingError
from guanxi.traits.clause import check_field
from guanxi.traits.measure import Measure

Aggregate = Literal[
    "count", "sum", "mean", "min", "max", "std",  # of a value (count: of events)
    "distinct", "top", "top_share", "entropy",  # of a code
    "ratio",  # to another measure
    "gap_mean", "gap_std",  # milliseconds from the event before
    "after",  # events that follow another measure's within a time
    "versus",  # the event's own value over the mean of those before it
    "first", "last", "since_first", "since_last", "streak", "decayed", "balance",  # of the whole life
]  # fmt: skip
Privacy = Literal["public", "behaviour", "sensitive"]
Use = Literal["profile", "risk"]
Plan = Literal["window", "days", "life", "ties"]

HOUR_MS: Final = 3_600_000
MINUTE_MS: Final = 60_000
#: The longest window that is exact to the millisecond; longer ones are whole local days, today included.
LONGEST_MS: Final = 30 * DAY_MS
LONGEST_DAYS: Final = 366
LIFE: Final = "life"
#: A party that is silent for longer than this is forgotten: its life begins anew.
MEMORY_MS: Final = 400 * DAY_MS
SEPARATOR: Final = "."

#: Aggregates that read the number of a measure; others of its code.
OF_VALUE: Final = ("sum", "mean", "min", "max", "std", "versus", "first", "last", "balance")
OF_CODE: Final = ("distinct", "top", "top_share", "entropy")
OF_LIFE: Final = ("first", "last", "since_first", "since_last", "streak", "decayed", "balance")
#: Aggregates that are kept by days alone: counting names in a sliding window would cost what nobody needs.
OF_DAYS: Final = ("top", "top_share", "entropy")
#: Aggregates that are 0, not unknown, when nothing happened.
ZERO: Final = ("count", "sum", "distinct", "after", "streak", "decayed", "balance")


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyRole:
    """A party that traits are about.

    role      role of an event that names it
    resolved  the party as identities were known when the event was learnt; False: the reference itself
    types     types of party that may stand there; empty = every type
    """

    name: str
    role: str
    resolved: bool = False
    types: tuple[str, ...] = ()
    zh: str
    en: str


#: Masked references (张**) name nobody: no trait is kept of them.
PARTIES: Final[RowTable[PartyRole]] = RowTable(
    [
        PartyRole(name="person", role="actor", resolved=True, types=("account", "person"), zh="此人", en="this person"),
        PartyRole(name="account", role="actor", types=("account",), zh="此账号", en="this account"),
        PartyRole(name="device", role="device", zh="此设备", en="this device"),
        PartyRole(name="ip", role="ip", zh="此IP", en="this IP address"),
        PartyRole(name="card", role="card", zh="此支付卡", en="this payment card"),
        PartyRole(name="address", role="address", zh="此收货地址", en="this delivery address"),
        PartyRole(name="phone", role="phone", zh="此手机号", en="this phone number"),
        PartyRole(name="recipient", role="recipient", zh="此收件人", en="this recipient"),
        PartyRole(name="payer", role="payer", zh="此付款人", en="this payer"),
        PartyRole(name="household", role="household", zh="此家庭", en="this household"),
        PartyRole(name="shop", role="shop", zh="此店铺", en="this shop"),
        PartyRole(name="item", role="item", zh="此商品", en="this product"),
        PartyRole(name="creator", role="creator", zh="此达人", en="this creator"),
        PartyRole(name="content", role="content", zh="此内容", en="this content"),
        PartyRole(name="room", role="room", zh="此直播间", en="this live room"),
        PartyRole(name="coupon", role="coupon", zh="此券", en="this coupon"),
        PartyRole(name="campaign", role="campaign", zh="此活动", en="this campaign"),
        PartyRole(name="place", role="place", zh="此地点", en="this place"),
    ],
    noun="party of traits",
)


class Trait(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One trait of a party; its name follows from its parts (see `name_of`).

    party      a row of PARTIES
    of         the measure
    aggregate  what is made of it
    window     "10m", "6h", "7d" (sliding, up to 30d), "90d" (whole local days, today included) or "life"
    by         code counted by distinct, top, top_share and entropy: "role.NAME", "ref.NAME", "p.NAME", "platform",
               "day", "hour"; "" = the measure's own
    over       measure of the denominator, for ratio
    after      measure that came before, for after
    via        role through which neighbours are found ("device"): the trait is then the mean, over the other parties
               that shared one with this party in the 30 days before, of theirs as read at the last local midnight
    within     how long before at most, for after: "30m"
    rank       1..3, for top
    half_life  for decayed: "7d"
    privacy    class of what it tells
    topic      family on the page: velocity, rhythm, taste …
    uses       whose models and rules want it
    why        what it is good for, in Chinese and English
    factor     by what a state's number is multiplied to be in the unit
    """

    name: str
    party: str
    of: str
    aggregate: Aggregate
    window: str
    by: str = ""
    over: str = ""
    after: str = ""
    via: str = ""
    within: str = ""
    rank: int = 1
    half_life: str = ""
    privacy: Privacy = "behaviour"
    topic: str
    uses: tuple[Use, ...]
    unit: str = ""
    zh: str
    en: str
    why_zh: str
    why_en: str
    factor: float = 1.0

    @property
    def plan(self) -> Plan:
        """What keeps it: sliding windows, whole days, the party's life, or the neighbours' rows of last midnight."""
        if self.via:
            return "ties"
        if self.aggregate in OF_LIFE:
            return "life"
        if self.window == LIFE or length_ms(self.window) > LONGEST_MS:
            return "days"
        return "window"

    @property
    def window_ms(self) -> int:
        """Length of a sliding window; 0 for the others."""
        return length_ms(self.window) if self.plan == "window" else 0

    @property
    def days(self) -> int:
        """Whole local days, today included; 0 = the whole life, or a sliding window."""
        return length_ms(self.window) // DAY_MS if self.plan == "days" and self.window != LIFE else 0


def length_ms(window: str) -> int:
    """Return the milliseconds of a window such as "10m", "6h" or "30d".

    raises  SettingError for any other text
    """
    found = re.fullmatch(r"([1-9]\d{0,3})(m|h|d)", window)
    if found is None:
        raise SettingError(
            f"the window is {window[:20]!r}", 'Use minutes, hours or days, as in "10m", or "life"', "window"
        )
    return int(found[1]) * {"m": MINUTE_MS, "h": HOUR_MS, "d": DAY_MS}[found[2]]


def name_of(trait: Trait) -> str:
    """Return PARTY.MEASURE.AGGREGATE.WINDOW, what qualifies the aggregate written behind it.

    Examples: ip.orders.count.10m, person.spend.sum.30d, person.orders.distinct_card.7d,
    person.orders.after_address_changes_30m.1d, person.orders.decayed_7d.life, person.orders.top2_category.90d.
    """
    code = trait.by.rpartition(".")[2]
    tail = {
        "ratio": f"_{trait.over}", "after": f"_{trait.after}_{trait.within}", "decayed": f"_{trait.half_life}",
        "top": f"{trait.rank if trait.rank > 1 else ''}_{code}",
    }.get(trait.aggregate, f"_{code}" if trait.aggregate in OF_CODE else "")  # fmt: skip
    via = f"_via_{trait.via}" if trait.via else ""
    return SEPARATOR.join((trait.party, trait.of, trait.aggregate + tail + via, trait.window))


def check(trait: Trait, measures: RowTable[Measure]) -> Trait:
    """Return a trait with `by`, `unit`, `factor` and `name` filled in.

    raises  SettingError when its parts do not fit together; NotFound for an unknown party or measure
    """
    PARTIES[trait.party]
    of = measures[trait.of]
    for wrong, what, mend in _faults(trait, of):
        if wrong:
            raise SettingError(f"the trait {trait.party}.{trait.of}.{trait.aggregate}.{trait.window} {what}", mend,
                               "aggregate")  # fmt: skip
    for name in (trait.over, trait.after):
        if name:
            measures[name]
    if trait.aggregate in OF_CODE:
        trait = msgspec.structs.replace(trait, by=trait.by or of.code)
        if trait.by != "day":
            check_field(trait.by)
    trait = msgspec.structs.replace(trait, unit=unit_of(trait, of), factor=_factor(trait, measures))
    return msgspec.structs.replace(trait, name=name_of(trait))


def unit_of(trait: Trait, of: Measure) -> str:
    """Return the unit of a trait's value: count, money (minor units), ms, days, ratio, bits, name or the measure's."""
    if trait.aggregate in ("since_first", "since_last", "gap_mean", "gap_std"):
        return "ms"
    fixed = {"distinct": "count", "count": "count", "after": "count", "ratio": "ratio", "top_share": "share",
             "versus": "ratio", "streak": "days", "entropy": "bits", "top": "name"}  # fmt: skip
    if trait.aggregate == "decayed" and not of.value:
        return "count"
    return fixed.get(trait.aggregate, of.unit)


def scale_of(measure: Measure) -> int:
    """Return how many of a state's whole numbers make one unit of a measure; minor units of money are whole."""
    return 1 if measure.unit == "money" else measure.scale


def _factor(trait: Trait, measures: RowTable[Measure]) -> float:
    of = measures[trait.of]
    if trait.aggregate == "ratio" and of.value and (over := measures[trait.over]).value:
        return scale_of(over) / scale_of(of)
    reads = (trait.aggregate in OF_VALUE and trait.aggregate != "versus") or trait.aggregate == "decayed"
    return 1 / scale_of(of) if reads else 1.0


def _faults(trait: Trait, of: Measure) -> tuple[tuple[bool, str, str], ...]:
    kind = trait.aggregate
    plain = "" if trait.window == LIFE else trait.window
    return (
        (plain != "" and length_ms(plain) > LONGEST_DAYS * DAY_MS,
         f"looks back over {trait.window}", f'Use at most {LONGEST_DAYS}d, or "life"'),
        (plain != "" and not _slides(trait) and length_ms(plain) % DAY_MS != 0, "cuts a day",
         "Windows above 30d are whole days"),
        (kind in OF_LIFE and trait.window != LIFE, "is of the whole life", 'Give it the window "life"'),
        (kind in OF_DAYS and trait.plan not in ("days", "ties"), "counts names in a short window",
         'Take one above 30d, or "life"'),
        (kind in ("gap_mean", "gap_std", "after", "versus") and not _slides(trait),
         "is kept in sliding windows alone", "Use a window of at most 30d"),
        (kind in OF_VALUE and not of.value, f"reads a value that {of.name} has not", "Give the measure a value"),
        (kind in OF_CODE and not (trait.by or of.code), "counts no names", "Give it `by`, or the measure a code"),
        ((kind == "ratio") != bool(trait.over), "and its denominator do not fit", "Ratios alone take `over`"),
        ((kind == "after") != bool(trait.after and trait.within), "and what came before do not fit",
         "Sequences, and they alone, take `after` and `within`"),
        (bool(trait.within) and length_ms(trait.within or "1m") > LONGEST_MS, f"looks {trait.within} back",
         "Use at most 30d"),
        ((kind == "decayed") != bool(trait.half_life), "and its half-life do not fit",
         "Decayed sums, and they alone, take `half_life`"),
        (not 1 <= trait.rank <= 3 or (trait.rank > 1 and kind != "top"), f"has the rank {trait.rank}", "Use 1, 2 or 3"),
        (trait.via not in ("", *(row.role for row in PARTIES.values())) or trait.via == PARTIES[trait.party].role,
         f"finds neighbours by {trait.via!r}", "Use another party's role, such as device or address"),
        (bool(trait.via) and kind not in ("count", "sum", "ratio", "mean", "distinct"), "has no mean over neighbours",
         "Use count, sum, ratio, mean or distinct with `via`"),
        (not trait.uses, "is of use to nobody", "Give it `uses`: profile or risk"),
    )  # fmt: skip


def _slides(trait: Trait) -> bool:
    return trait.window != LIFE and length_ms(trait.window) <= LONGEST_MS
