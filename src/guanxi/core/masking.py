"""Masking (脱敏): personal text shown so that its owner knows it and a stranger learns little."""

import re
from typing import Final

STAR: Final = "*"

_COMPOUND: Final = frozenset(
    "欧阳 司马 上官 诸葛 东方 皇甫 尉迟 公孙 慕容 令狐 司徒 司空 夏侯 长孙 宇文 端木 南宫 独孤".split()  # noqa: SIM905
)  # family names of two characters
_PHONE: Final = re.compile(r"\+?[\d\s()-]{7,20}\Z")
_SURROGATE: Final = re.compile(r"h\.[0-9a-f]{32}\Z")


def mask_name(text: str) -> str:
    """Return a name with its middle hidden: at most the family name and the last character are left.

    >>> mask_name("王小芳"), mask_name("王芳"), mask_name("欧阳小芳"), mask_name("Anna Li")
    ('王*芳', '王*', '欧阳*芳', 'A*****i')
    """
    text = text.strip()
    if not text or STAR in text:
        return text
    head = 2 if len(text) > 2 and text[:2] in _COMPOUND else 1
    if len(text) <= head:
        return STAR
    tail = 1 if len(text) > head + 1 else 0
    return text[:head] + STAR * (len(text) - head - tail) + text[len(text) - tail :]


def mask_phone(text: str) -> str:
    """Return a number with its middle hidden.

    >>> mask_phone("13812341234"), mask_phone("+86 138 1234 1234"), mask_phone("12345")
    ('138****1234', '138****1234', '***45')
    """
    digits = re.sub(r"\D", "", text)
    if STAR in text or not digits:
        return text if STAR in text else STAR * len(text)
    if len(digits) == 13 and digits.startswith("86"):
        digits = digits[2:]
    if len(digits) < 8:
        return STAR * (len(digits) - min(2, len(digits) - 1)) + digits[-min(2, len(digits) - 1) :]
    return digits[:3] + STAR * (len(digits) - 7) + digits[-4:]


def mask_email(text: str) -> str:
    """Return an address of mail whose owner's part is hidden.

    >>> mask_email("wang.fang@example.com")
    'w***@example.com'
    """
    owner, at, domain = text.partition("@")
    return f"{owner[:1]}***{at}{domain}" if at else mask_text(text)


def mask_birthday(text: str) -> str:
    """Return a date of birth of which only the year is left; what does not begin with a year is hidden whole.

    >>> mask_birthday("1988-01-02"), mask_birthday("19880102"), mask_birthday("01-02")
    ('1988-**-**', '1988-**-**', '****')
    """
    year = re.match(r"(?:19|20)\d\d(?!\d{1,3}\Z)", text.strip())
    return f"{year[0]}-**-**" if year else STAR * 4 if text.strip() else ""


def mask_text(text: str) -> str:
    """Return free text with all but its first character hidden; its length is not told.

    >>> mask_text("广东深圳市福田区示例路66号"), mask_text("x")
    ('广****', '****')
    """
    text = text.strip()
    return (text[:1] if len(text) > 1 else "") + STAR * 4 if text else ""


def mask(field: str, text: str) -> str:
    """Return a personal value masked as its field asks.

    field   name of the property or column it stands in: "receiver_phone", "姓名"
    """
    if _SURROGATE.match(text):
        return STAR * 4
    folded = field.lower()
    if re.search(r"phone|mobile|tel\b|电话|手机", folded):
        return mask_phone(text)
    if re.search(r"birth|生日|出生", folded):
        return mask_birthday(text)
    if "email" in folded or "邮箱" in folded:
        return mask_email(text)
    if re.search(r"address|地址|text|note|message|description|transcript|body|answers|traits|备注|留言", folded):
        return mask_text(text)
    if re.search(r"name|nick|姓名|昵称|收货人|收件人|signed_by", folded):
        return mask_name(text)
    return mask_phone(text) if _PHONE.match(text) else mask_text(text)
