"""Rows that intake could not accept: kept whole, with a reason and the next step."""

from typing import Final

import msgspec

#: reason -> (Chinese, English): why a row is parked. Rows are grouped by reason in lists.
REASONS: Final[dict[str, tuple[str, str]]] = {
    "kind-missing": ("没有写明事件名", "the event has no name"),
    "id-missing": ("缺少必填的编号", "a required id is missing"),
    "id-destroyed": ("编号已被表格软件破坏", "an id was destroyed by a spreadsheet"),
    "role-missing": ("缺少必填的角色", "a required role is missing"),
    "type": ("值的类型不对", "a value has the wrong type"),
    "range": ("值超出允许范围", "a value is out of range"),
    "amount": ("金额读不出或不合理", "an amount is unreadable or absurd"),
    "time": ("时间读不出或不合理", "a time is unreadable or absurd"),
    "text-too-long": ("文本过长", "a text is too long"),
    "encoding": ("文字编码损坏", "the bytes are not text in the file's encoding"),
    "state-unknown": ("状态文字不认识", "a status text is not known"),
    "group": ("同一单里有坏行", "its order has a bad row"),
    "group-split": ("同一单的行不相邻", "its order's rows are not together"),
    "nothing": ("这一行没有可记的事", "the row says nothing that can be recorded"),
    "trust": ("这个密钥不能发送此类事件", "this key may not send this kind"),
    "platform-unknown": ("平台代号不认识", "the platform id is not known"),
    "malformed": ("这一行结构不完整", "the row is not well formed"),
}


class Parked(msgspec.Struct, frozen=True, kw_only=True):
    """One row that waits to be mended and replayed; its raw form is personal data and lives in the vault.

    source  "import:<preset>" or "http:<key id>"
    row     1-based row number in the source, 0 for live events
    kind    the kind it would have become, "" when unknown
    field   the column at fault, as the file names it: several joined by "|", paths in JSON from the row; of a live
            event its own field
    reason  a key of REASONS
    what    what was received and what is allowed, without personal values
    mend    the next step
    raw     the row as JSON text; of a file also, under "$", the table, settings and facts it was read with
    group   rows of one source with the same non-empty group are mended and replayed together
    """

    source: str
    row: int = 0
    kind: str = ""
    field: str = ""
    reason: str
    what: str
    mend: str
    raw: str
    group: str = ""

    def __post_init__(self) -> None:
        if self.reason not in REASONS:
            raise ValueError(f"{self.reason!r} is not a reason; add it to REASONS with its labels")
