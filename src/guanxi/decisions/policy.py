"""A policy: what may be offered, which rules allow it, and how much is left to chance."""

from hashlib import blake2b
from typing import Final, Literal

import msgspec

from guanxi.decisions.expressions import Sort
from guanxi.decisions.laws import Pairs, Scalar
from guanxi.decisions.values import Mode

Kind = Literal["message", "coupon"]
Purpose = Literal["", "marketing", "service"]
Effect = Literal["require", "exclude", "warn"]

MOST_OFFERS: Final = 50
MOST_RULES: Final = 200
MOST_HOLDOUT: Final = 0.9
MOST_EXPLORE: Final = 0.5
LARGEST_YUAN: Final = 1_000_000.0  # of one offer


class Offer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing that a policy may choose.

    id             unique; zh, en: as people call it
    channel        by which it reaches somebody; a coupon without one is put into the account silently
    content        of the message
    purpose        marketing, which needs consent; service: what somebody is owed about their own matter; left out:
                   marketing for what reaches somebody, else none
    params         a coupon: amount off and threshold in fen, days it is valid; else what the sender needs
    cost_yuan      number or CEL; None = a coupon's amount, nothing for a message
    value          what it is expected to bring in yuan, before its cost: number or CEL
    value_low, value_high   ends of its interval in yuan; or
    value_band     half its width as a share of the value: 0.5 = from half to one and a half times
    value_level    what the interval promises
    value_unknown  yuan, when the expression reads what is not known; None: then it cannot be chosen
    """

    id: str
    zh: str
    en: str
    kind: Kind
    channel: str = ""
    content: str = ""
    purpose: Purpose = ""
    params: dict[str, Scalar] = {}
    cost_yuan: float | str | None = None
    value: float | str
    value_low: float | None = None
    value_high: float | None = None
    value_band: float | None = None
    value_level: float = 0.9
    value_unknown: float | None = None

    @property
    def does(self) -> Pairs:
        """What it would do, as the params of a decision."""
        said = {"channel": self.channel, "content": self.content, "purpose": self.purpose}
        return tuple(sorted({**{name: text for name, text in said.items() if text}, **self.params}.items()))


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One rule.

    when     CEL, true or false
    effect   require: its offers are possible only when it holds; exclude: they are not when it holds; warn: it is noted
    offers   ids; () = all
    zh, en   what it says when it holds, as people say it
    """

    name: str
    when: str
    effect: Effect
    offers: tuple[str, ...] = ()
    zh: str
    en: str


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """A policy as read from its file; `read_policy` makes one.

    mode            shadow, propose or auto
    unit            who is assigned to an arm as one
    holdout         share of people who are left alone for comparison; 0 has a `holdout_reason`
    explore         share of the others for whom chance chooses among what is possible
    purposes        consent that offers need; "personalise" among them: it reads traits of profiles, which are withheld
                    where that is not allowed
    needs           consent that each offer needs, in the order of offers
    reads           names of the traits that it reads, sorted
    variables       variable -> type and name of these
    hash            32 hex digits of its content
    """

    name: str
    zh: str
    en: str
    mode: Mode = "propose"
    unit: Literal["person"] = "person"
    holdout: float = 0.10
    holdout_reason: str = ""
    explore: float = 0.05
    offers: tuple[Offer, ...]
    rules: tuple[Rule, ...] = ()
    purposes: tuple[str, ...] = ()
    needs: tuple[tuple[str, ...], ...] = ()
    reads: tuple[str, ...] = ()
    variables: dict[str, tuple[Sort, str]] = {}
    hash: str = ""


def hash_of(policy: Policy) -> str:
    """Return 32 hex digits of a policy's content: what does not change its choices, such as blanks, changes nothing."""
    bare = msgspec.structs.replace(policy, hash="", variables={})
    return blake2b(msgspec.json.encode(bare, order="sorted"), digest_size=16).hexdigest()
