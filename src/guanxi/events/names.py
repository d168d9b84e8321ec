"""Names of properties that hold personal data, though no catalogue says so."""

import re
from functools import lru_cache
from itertools import pairwise
from typing import Final

_WORDS: Final = frozenset({
    "phone", "mobile", "telephone", "tel", "cellphone", "email", "mail", "receiver", "recipient", "consignee",
    "passport", "surname", "birthday", "birthdate", "idcard",
})  # fmt: skip
_PAIRS: Final = frozenset(
    {
        ("real", "name"), ("full", "name"), ("first", "name"), ("last", "name"), ("contact", "name"),
        ("customer", "name"), ("buyer", "name"), ("user", "name"), ("nick", "name"), ("id", "card"), ("id", "number"),
        ("identity", "number"), ("street", "address"), ("home", "address"), ("shipping", "address"),
        ("detail", "address"), ("delivery", "address"), ("date", "birth"),
    }
)  # fmt: skip
_CHINESE: Final = re.compile("姓名|手机|电话|地址|身份证|邮箱|微信号|收货人|收件人|生日|护照")
_SPLIT: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+")


@lru_cache(maxsize=10_000)
def looks_personal(name: str) -> bool:
    """Return whether an undeclared property of this name is kept in the vault: receiver_name, mobilePhone, 收货地址.

    A false alarm costs only that the value must be revealed to be read; a miss would put a name into the log.
    """
    words = [word.lower() for word in _SPLIT.split(name) if word]
    pairs = set(pairwise(words))
    alone = words == ["address"] or bool(_WORDS.intersection(words))
    return alone or not _PAIRS.isdisjoint(pairs) or _CHINESE.search(name) is not None
