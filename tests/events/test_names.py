"""Undeclared properties with personal names go to the vault."""

import polars as pl
import pytest

from guanxi.events import Event, Intake, RawEvent, seal_columns, shipped
from guanxi.events.names import looks_personal


class Tokens:
    def seal(self, person: str, field: str, value: str) -> str:
        return f"vt_{field}"

    def surrogate(self, role: str, key: str) -> str:
        return "h." + "0" * 32


@pytest.mark.parametrize(
    "name",
    [
        "phone", "receiver_name", "mobilePhone", "contact-name", "收货地址", "客户姓名", "email", "buyer.email",
        "idCard", "address",
    ],
)  # fmt: skip
def test_personal_names(name: str) -> None:
    assert looks_personal(name)


@pytest.mark.parametrize(
    "name",
    ["name", "product_name", "ip_address", "telemetry", "phonecase_color", "mailer_location", "title", "商品名称"],
)
def test_other_names(name: str) -> None:
    assert not looks_personal(name)


def test_both_doors_seal_them() -> None:
    raw = RawEvent(kind="Tea Tasted", message_id="1", properties={"receiver_name": "王小芳", "cups": 2})
    event = Intake(shipped(), (), Tokens()).check(raw, "client", received_ms=1_767_323_045_000, source="t")
    assert isinstance(event, Event)
    assert event.properties == {"receiver_name": "vt_receiver_name", "cups": 2}
    frame = pl.DataFrame({"at_ms": [1], "p_receiver_name": ["王小芳"], "p_cups": [2]})
    sealed = seal_columns(None, frame, Tokens())
    assert sealed.rows() == [(1, "vt_receiver_name", 2)]
