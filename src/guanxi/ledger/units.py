"""Units: what is counted in accounts, how it is written, and whether it may pass between accounts."""

from typing import Final

import msgspec

from guanxi.ledger.accounts import check_word


class Unit(msgspec.Struct, frozen=True, kw_only=True):
    """One row: a unit as people read it.

    name          lower-case word, as accounts and entries have it
    zh, en        what people call it
    transferable  False = only from an issuer and back to one
    scale         decimals: 2 = an amount of 1234 is 12.34
    symbol        written before the amount
    """

    name: str
    zh: str
    en: str
    transferable: bool = True
    scale: int = 0
    symbol: str = ""

    def show(self, amount: int) -> str:
        """An amount as text, with its symbol and decimals, without the unit's name: ¥1,234.56, 300."""
        whole, part = divmod(abs(amount), 10**self.scale)
        text = f"{self.symbol}{whole:,}" + (f".{part:0{self.scale}d}" if self.scale else "")
        return f"-{text}" if amount < 0 else text


#: A workspace may use other words: `unit_of` takes them as they are.
UNITS: Final = {
    row.name: row
    for row in (
        Unit(name="fen", zh="金额", en="money", scale=2, symbol="¥"),
        Unit(name="points", zh="积分", en="points"),
        Unit(name="coupons", zh="优惠券", en="coupons"),
        Unit(name="contacts", zh="触达次数", en="contacts"),
        Unit(name="minutes", zh="人工分钟", en="minutes"),
        Unit(name="people", zh="人数", en="people"),
        Unit(name="decisions", zh="决策", en="decisions"),
        Unit(name="coins", zh="知识币", en="knowledge coins"),
        Unit(name="experience", zh="经验值", en="experience", transferable=False),
        Unit(name="rewards", zh="奖励", en="rewards"),
        Unit(name="note", zh="记录", en="notes"),
    )
}


def unit_of(name: str) -> Unit:
    """Return the row of a unit; a word that is in no row stands for itself, whole and transferable.

    raises   DataError when it is not a lower-case word
    """
    if name in UNITS:
        return UNITS[name]
    check_word(name, "the unit")
    return Unit(name=name, zh=name, en=name)
