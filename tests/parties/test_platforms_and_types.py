"""The tables of platforms and of types of party."""

import pytest

from guanxi.core import NotFound, SettingError
from guanxi.events import ROLES
from guanxi.parties import PLATFORMS, TYPES, Platform, default_type, is_masked, may_be_one, party_type, platforms, rank


def test_every_platform_of_the_blueprint_has_its_disc() -> None:
    discs = {row.id: row.disc for row in platforms().values()}
    assert discs == {
        "douyin": "抖", "kuaishou": "快", "xiaohongshu": "书", "bilibili": "B", "zhihu": "知", "weibo": "博",
        "wechat": "微", "channels": "视", "taobao": "淘", "jd": "东", "pinduoduo": "拼", "app": "应", "store": "店",
        "youzan": "赞", "web": "网",
    }  # fmt: skip


def test_a_workspace_may_add_a_platform() -> None:
    table = platforms([Platform(id="dewu", zh="得物")])
    assert (table["dewu"].disc, table["dewu"].en, table["dewu"].ref) == ("得", "dewu", "platform::dewu")
    assert len(table) == len(PLATFORMS) + 1


@pytest.mark.parametrize(
    ("row", "field"),
    [
        pytest.param({"id": "Dewu", "zh": "得物"}, "id", id="capital"),
        pytest.param({"id": "de:wu", "zh": "得物"}, "id", id="colon"),
        pytest.param({"id": "de~masked", "zh": "得物"}, "id", id="the-mark-of-masked-scopes"),
        pytest.param({"id": "d" * 32, "zh": "得物"}, "id", id="too-long"),
        pytest.param({"id": "dewu\n", "zh": "得物"}, "id", id="line-end"),
        pytest.param({"id": "dewu", "zh": ""}, "zh", id="no-name"),
        pytest.param({"id": "dewu", "zh": "得物", "disc": "得物"}, "disc", id="two-characters"),
    ],
)
def test_a_platform_that_cannot_be_one_is_refused(row: dict[str, str], field: str) -> None:
    with pytest.raises(SettingError) as caught:
        Platform(**row)
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("row", "field"),
    [
        pytest.param(Platform(id="douyin", zh="抖音二", disc="二"), "id", id="same-id"),
        pytest.param(Platform(id="toutiao", zh="抖条"), "disc", id="same-disc"),
    ],
)
def test_a_platform_may_not_stand_on_anothers_place(row: Platform, field: str) -> None:
    with pytest.raises(SettingError) as caught:
        platforms([row])
    assert caught.value.field == field


@pytest.mark.parametrize("role", ROLES)
def test_every_role_of_the_catalogue_has_a_default_type(role: str) -> None:
    assert party_type(default_type(role)) in TYPES


def test_the_default_type_of_an_unknown_role_is_not_guessed() -> None:
    with pytest.raises(NotFound, match="'seller'"):
        default_type("seller")


def test_types_are_declared_once_and_labelled_in_both_languages() -> None:
    assert len({row.id for row in TYPES}) == len(TYPES)
    assert all(row.zh and row.en for row in TYPES)


@pytest.mark.parametrize(
    ("ref", "masked"),
    [
        pytest.param("account:taobao~masked:t**1", True, id="masked"),
        pytest.param("account:taobao:t**1", False, id="stars-belong-to-the-id"),
        pytest.param("account:taobao:x~masked:1", False, id="in-the-key"),
        pytest.param("ip::192.0.2.1", False, id="no-scope"),
        pytest.param("broken", False, id="not-a-reference"),
    ],
)
def test_masked_references_are_told_by_their_scope(ref: str, masked: bool) -> None:
    assert is_masked(ref) is masked


@pytest.mark.parametrize(
    ("left", "right", "possible"),
    [
        pytest.param("account:jd:1", "account:taobao:2", True, id="two-accounts"),
        pytest.param("account:jd:1", "device::d", True, id="account-and-device"),
        pytest.param("account:jd:1", "person::p", True, id="account-and-person"),
        pytest.param("item:jd:1", "item:taobao:1", True, id="one-product-on-two-platforms"),
        pytest.param("account:jd:1", "item:jd:1", False, id="somebody-and-something"),
        pytest.param("shop:jd:1", "brand::1", False, id="two-kinds-of-thing"),
        pytest.param("account:jd~masked:a*", "account:jd~masked:a*", False, id="masked-even-when-equal"),
        pytest.param("account:jd:1", "account:jd~masked:a*", False, id="one-masked"),
    ],
)
def test_what_can_be_one(left: str, right: str, possible: bool) -> None:
    assert may_be_one(left, right) is possible
    assert may_be_one(right, left) is possible


def test_a_person_names_before_an_account_before_a_device() -> None:
    refs = ["device::a", "custom::a", "account:jd:b", "account:jd:a", "person::z"]
    assert sorted(refs, key=rank) == ["person::z", "account:jd:a", "account:jd:b", "device::a", "custom::a"]
