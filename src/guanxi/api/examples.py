"""Example answers of the desk, shown in the OpenAPI document."""

from typing import Any, Final

Example = dict[str, Any]

USER: Final[Example] = {
    "id": 2, "name": "zhou.ning", "roles": ["operator"], "created_ms": 1_767_225_600_000, "disabled_ms": None,
}  # fmt: skip
NEW_USER: Final[Example] = {"user": USER, "password": "shown once"}
ME: Final[Example] = {
    "who": "zhou.ning", "roles": ["operator"], "verbs": ["export", "propose", "view"],
    "csrf": "a text to send back in X-CSRF-Token", "expires_ms": 1_767_830_400_000,
}  # fmt: skip
ROLE: Final[Example] = {
    "name": "operator", "zh": "运营", "en": "Operator", "verbs": ["view", "export", "propose"],
    "aggregates_only": False,
}  # fmt: skip
KEY: Final[Example] = {
    "id": 1, "prefix": "gxc_KuVnk1", "scope": "client", "label": "shop front", "origin": "made",
    "created_ms": 1_767_225_600_000, "revoked_ms": None, "used_ms": 1_767_229_200_000,
}  # fmt: skip
NEW_KEY: Final[Example] = {"secret": "gxc_… shown once", "key": KEY}
OPERATION: Final[Example] = {
    "seq": 7, "at_ms": 1_767_225_600_000, "who": "admin", "verb": "create", "object": "user 2",
    "detail": {"name": "zhou.ning", "roles": ["operator"]}, "ip": "127.0.0.1",
}  # fmt: skip
EVENT: Final[Example] = {
    "id": "5f0c5a5d9c1f4d7e8a2b3c4d5e6f7081", "kind": "Order Completed", "at_ms": 1_767_323_045_678,
    "received_ms": 1_767_323_046_000, "seq": 42, "roles": {"actor": "account:app:u-0001"},
    "refs": {"order": "FAKE-1"}, "platform": "app", "amount": 1990, "currency": "CNY", "source": "http:1",
    "live": True,
}  # fmt: skip
EXPLANATION: Final[Example] = {
    "event": EVENT, "kind": None, "replaced_by": "", "replaces": "", "parties": {"actor": "account:app:u-0001"},
}  # fmt: skip
STATUS: Final[Example] = {
    "version": "0.1.0", "workspace": "shop", "last_seq": 42, "events": 42, "hot": 2, "staged": 0, "sealed": 40,
    "parked": 1, "kinds": {"Order Completed": 42}, "bytes": 1_048_576,
    "newest_at_ms": 1_767_225_600_000, "learnt_ms": 1_767_225_601_000, "url": "http://127.0.0.1:8600",
    "processes": [{"job": "gate", "pid": 7, "doing": "guanxi serve", "url": "http://127.0.0.1:8601"}],
}  # fmt: skip
KIND_COUNT: Final[Example] = {
    "name": "Order Completed", "zh": "订单付清", "en": "Order Completed", "family": "trade", "trust": "server",
    "privacy": "behaviour", "custom": False, "events": 42, "first_ms": 1_767_225_600_000, "last_ms": 1_767_830_400_000,
}  # fmt: skip
KIND: Final[Example] = {
    "name": "Order Completed", "zh": "订单付清", "purpose": "An order was paid in full.", "family": "trade",
    "roles": ["actor!", "shop"], "refs": ["order!"],
}  # fmt: skip
PARTY: Final[Example] = {
    "ref": "account:app:u-0001", "canonical": "account:app:u-0001", "type": "account", "zh": "账号",
    "en": "Account", "members": ["account:app:u-0001"], "counts": {"Order Completed": 3},
}  # fmt: skip
GROUP: Final[Example] = {
    "reason": "amount", "field": "amount", "source": "http:1", "kind": "Order Completed", "count": 3,
    "what": "the amount is absurd", "mend": "Check the unit: yuan or fen",
}  # fmt: skip
PARKED: Final[Example] = {
    "id": 1, "source": "import:taobao-order", "row": 17, "kind": "Order Completed", "field": "amount",
    "reason": "amount", "what": "the amount is absurd", "mend": "Check the unit: yuan or fen", "group": "",
    "job": "b1946ac9", "status": "open", "note": "", "parked_ms": 1_767_225_600_000,
}  # fmt: skip
JOB: Final[Example] = {
    "id": "b1946ac9", "source": "orders.csv", "preset": "taobao-order", "file_hash": "b1946ac9", "state": "done",
    "rows": 3, "accepted": 3, "parked": 0, "started_ms": 1_767_225_600_000, "ended_ms": 1_767_225_601_000,
    "problem": "",
}  # fmt: skip
SOURCE: Final[Example] = {
    "id": "taobao-order", "zh": "淘宝订单", "en": "Taobao orders", "platform": "taobao", "kinds": ["Order Created"],
}  # fmt: skip
