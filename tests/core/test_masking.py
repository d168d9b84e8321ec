"""Masking: enough to know one's own by, too little for a stranger."""

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guanxi.core import mask, masking


def test_the_examples_hold() -> None:
    assert doctest.testmod(masking) == doctest.TestResults(failed=0, attempted=5)


@pytest.mark.parametrize(
    ("field", "text", "shown"),
    [
        pytest.param("name", "王小芳", "王*芳", id="name"),
        pytest.param("name", "王", "*", id="one-character"),
        pytest.param("name", "王**", "王**", id="masked-already"),
        pytest.param("buyer_nick", "小鱼儿2019", "小*****9", id="nick"),
        pytest.param("联系电话", "138-1234-1234", "138****1234", id="phone"),
        pytest.param("phone", "无", "*", id="no-phone"),
        pytest.param("receiver_address", "杭州市", "杭****", id="address"),
        pytest.param("客户邮箱", "a@b.example", "a***@b.example", id="mail"),
        pytest.param("birthday", "1988-01-02", "1988-**-**", id="birthday"),
        pytest.param("出生日期", "1988年1月2日", "1988-**-**", id="birthday-in-words"),
        pytest.param("birthday", "1月2日", "****", id="birthday-without-a-year"),
        pytest.param("birthday", "1988-**-**", "1988-**-**", id="birthday-masked-already"),
        pytest.param("other", "13812341234", "138****1234", id="a-phone-anywhere"),
        pytest.param("phone", "h." + "0" * 32, "****", id="surrogate"),
        pytest.param("name", "", "", id="empty"),
    ],
)
def test_masks(field: str, text: str, shown: str) -> None:
    assert mask(field, text) == shown


@given(
    st.sampled_from(["name", "phone", "address", "email", "birthday", "text", "x"]), st.text(min_size=2, max_size=30)
)
def test_never_the_whole_text_and_masking_again_tells_no_more(field: str, text: str) -> None:
    shown = mask(field, text)
    if len(text.strip()) > 1 and "*" not in text:
        assert shown != text.strip()
    assert len(set(mask(field, shown)) - set(shown) - {"*"}) == 0
