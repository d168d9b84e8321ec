"""The settings pages: members, keys, looks, the own password, the log."""

import re

import pytest

from .conftest import PASSWORD, Served

PAGES = ("members", "keys", "consent", "sources", "appearance", "audit")


@pytest.mark.slow
def test_every_page_is_accessible_in_both_languages(page, axe, shot) -> None:
    for lang in ("zh", "en"):
        for name in PAGES:
            page.add_init_script(f"""localStorage['guanxi.prefs'] = '{{"language": "{lang}"}}'""")
            page.goto(f"/settings/{name}")
            page.locator("main tbody tr, main .ant-radio-group").first.wait_for()
            if name == "sources":  # axe takes a second for ten rows
                page.locator("main input[type=search]").fill("taobao")
            axe(page)
            shot(f"settings-{name}-{lang}")


def test_a_member_is_invited_with_a_password_shown_once_and_can_be_taken_back(page, served: Served, shot) -> None:
    page.goto("/settings/members")
    page.get_by_role("button", name="添加成员").click()
    page.get_by_label("用户名").fill("lin.yue")
    page.get_by_role("checkbox", name="数据分析").check()
    page.get_by_role("button", name="添加 lin.yue").click()
    secret = page.get_by_role("textbox", name="lin.yue 的密码")
    secret.wait_for()
    shot("settings-once")
    assert served.workspace.control.verify_password("lin.yue", secret.input_value(), ip="", per_minute=100) is not None
    page.get_by_role("button", name="我已保存，关闭").click()
    page.get_by_role("button", name="停用 lin.yue").click()
    page.get_by_role("dialog").get_by_role("button", name="停用", exact=True).click()
    page.get_by_text("已停用 lin.yue").wait_for()
    user = next(one for one in served.workspace.control.users() if one.name == "lin.yue")
    assert user.disabled_ms is not None
    page.get_by_role("button", name=re.compile("^撤销（还剩")).click()
    page.get_by_text("已撤销").wait_for()
    user = next(one for one in served.workspace.control.users() if one.name == "lin.yue")
    assert user.disabled_ms is None


def test_a_key_is_shown_once_and_revoked_after_saying_what_happens(page, served: Served, shot) -> None:
    page.goto("/settings/keys")
    page.get_by_role("button", name="新建密钥").click()
    page.get_by_label("名称").fill("小程序")
    page.get_by_role("button", name="建立密钥").click()
    secret = page.get_by_role("textbox", name="密钥「小程序」").input_value()
    assert len(secret) > 20
    page.get_by_role("button", name="我已保存，关闭").click()
    page.get_by_text("小程序").first.wait_for()
    assert secret not in page.content()
    page.get_by_role("button", name="停用密钥「小程序」").click()
    page.get_by_text("之后不能恢复").wait_for()
    shot("settings-revoke")
    page.get_by_role("button", name="停用这把密钥").click()
    page.get_by_text("已停用密钥「小程序」").wait_for()
    kept = served.workspace.control.keys()
    assert [key.revoked_ms is not None for key in kept if key.label == "小程序"] == [True]


def test_looks_are_kept_for_the_person(page, served: Served) -> None:
    page.goto("/settings/appearance")
    page.get_by_text("红涨绿跌").click()
    page.get_by_text("已保存").wait_for()
    user = next(one for one in served.workspace.control.users() if one.name == "zhou.ning")
    assert served.workspace.control.appearance(user.id).colours == "red_up"
    page.get_by_text("不着色").click()
    page.get_by_text("已保存").wait_for()


def test_the_own_password_is_changed_and_the_page_stays_signed_in(context, served: Served) -> None:
    name = served.member("engineer", name="own.password")
    context.add_cookies([served.cookie(name)])
    page = context.new_page()
    page.goto("/settings/appearance")
    page.get_by_label("旧密码").fill(PASSWORD)
    page.get_by_label("新密码").fill("short")
    page.get_by_role("button", name="改密码").click()
    page.get_by_role("alert").get_by_text("至少 10 个字符").wait_for()
    for label in ("新密码", "再写一遍"):
        page.get_by_label(label).fill("another long one")
    page.get_by_role("button", name="改密码").click()
    page.get_by_text("密码已改").wait_for()
    assert served.workspace.control.verify_password(name, "another long one", ip="", per_minute=100) is not None
    page.get_by_text("宽松").click()
    page.get_by_text("已保存").wait_for()


def test_the_log_is_filtered_by_the_link_and_exports_what_it_shows(page) -> None:
    page.goto("/settings/audit?verb=workspace.create")
    page.get_by_role("cell", name="建立工作区").wait_for()
    assert page.locator("tbody tr").count() == 1
    page.get_by_role("button", name=re.compile("导出")).click()
    link = page.get_by_role("link", name=re.compile("CSV")).first
    assert "verb=workspace.create" in (link.get_attribute("href") or "")


def test_an_operator_sees_no_page_of_administration(context, served: Served) -> None:
    context.add_cookies([served.cookie(served.member("operator"))])
    page = context.new_page()
    page.goto("/settings/members")
    page.get_by_text("管理员").first.wait_for()
    assert page.get_by_role("link", name="密钥").count() == 0
