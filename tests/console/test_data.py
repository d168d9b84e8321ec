"""The data pages: catalogue, import, parked rows, live events, and a file that goes the whole way."""

import re
import threading
from collections.abc import Iterator

import httpx
import pytest

from guanxi.app.upload_jobs import Importer

from .conftest import Served

READY = {
    "kinds?family=trade": "tbody tr",
    "import": "[role=group]",
    "parked": "[role=status], tbody tr",
    "live?family=trade": "tbody tr",
}


@pytest.mark.slow
def test_every_page_is_accessible_in_both_languages(page, axe, shot) -> None:
    for name, lang in [(name, lang) for name in READY for lang in ("zh", "en")]:
        page.goto(f"/data/{name}")
        page.evaluate(f"""localStorage['guanxi.prefs'] = '{{"language": "{lang}"}}'""")
        page.reload()
        page.locator("main").locator(READY[name]).first.wait_for()
        axe(page)
        shot(f"data-{name.partition('?')[0]}-{lang}")
    page.evaluate("localStorage.removeItem('guanxi.prefs')")


def test_a_kind_opens_by_keyboard_and_the_link_keeps_it(page, shot) -> None:
    page.goto("/data/kinds")
    page.get_by_label("找事件").fill("Order Completed")
    page.locator("tbody tr[tabindex]").first.focus()
    page.keyboard.press("Enter")
    drawer = page.get_by_role("dialog")
    drawer.get_by_text("谁可发送").wait_for()
    assert drawer.get_by_text("必填").count() > 0
    assert "kind=Order+Completed" in page.url
    shot("data-kind-drawer")
    page.keyboard.press("Escape")
    drawer.wait_for(state="hidden")
    assert "kind=" not in page.url


@pytest.mark.slow
def test_a_paused_tail_holds_new_events_back_and_names_how_many(page, served: Served) -> None:
    key = served.workspace.control.create_key("server", label="tail").secret
    page.goto("/data/live")
    page.locator("tbody tr[tabindex]").first.wait_for()
    page.get_by_role("button", name="暂停").click()
    page.mouse.move(5, 5)
    first = page.locator("tbody tr[tabindex]").first.inner_text()
    body = {"type": "track", "event": "Held Back", "userId": "u1", "messageId": "held-1"}
    answer = httpx.post(f"{served.gate}/v1/track", json=body, auth=(key, ""))
    assert answer.status_code < 300, answer.text
    page.get_by_text("有 1 条新的").wait_for()
    assert page.locator("tbody tr[tabindex]").first.inner_text() == first
    page.get_by_role("button", name="显示", exact=True).click()
    page.locator("tbody tr[tabindex]").first.get_by_text("Held Back").wait_for()
    page.get_by_role("button", name="继续").click()


def test_a_filter_that_leaves_nothing_says_so(page) -> None:
    page.goto("/data/live?family=learn")
    page.get_by_text(re.compile("没有符合筛选的事件")).wait_for()
    page.get_by_text("选一种事件会问整个日志").wait_for()
    page.locator("td").get_by_role("button", name="去掉筛选").click()
    page.locator("tbody tr[tabindex]").first.wait_for()
    assert "family" not in page.url


def test_a_kind_of_the_tail_is_asked_of_the_whole_log(page, served: Served, shot) -> None:
    newest = {event.kind for event in served.workspace.reader.newest(100)}
    families = {kind.name: kind.family for kind in served.workspace.catalogue.values()}
    shown = {families.get(kind) for kind in newest}
    counts = served.workspace.reader.counts()
    rare = next(kind for kind in sorted(counts, key=counts.get) if families.get(kind) not in shown | {None})
    page.goto(f"/data/live?family={families[rare]}")
    page.get_by_text(re.compile("只筛最近 100 条，符合 0 条")).wait_for()
    shot("data-live-none")
    page.locator("td").get_by_role("button", name=re.compile("^看最近的")).first.click()
    page.locator("tbody tr[tabindex]").first.wait_for()
    assert "kind=" in page.url


@pytest.fixture
def importing(served: Served) -> Iterator[None]:
    """The keeper's hand that carries imports out."""
    stop, importer = threading.Event(), Importer(served.folder)

    def run() -> None:
        while not stop.wait(0.1):
            importer.look()

    thread = threading.Thread(target=run)
    thread.start()
    yield
    stop.set()
    thread.join()
    importer.close()


def orders(states: list[str]) -> bytes:
    """An export of orders of JD, as its seller centre writes it, one row for each state."""
    head = (
        "订单号,商品ID,商品名称,订购数量,下单时间,京东价,订单金额,应付金额,"
        "结算金额,订单状态,下单帐号,收货人姓名,付款确认时间"
    )
    rows = [
        f"30{row:010d},1001,壶,1,2026-01-02 10:00:00,250.00,500.00,480.00,"
        f"470.00,{state},jd_real,王小芳,2026-01-02 10:01:00"
        for row, state in enumerate(states, 1)
    ]
    return "\n".join([head, *rows]).encode("gb18030")


@pytest.mark.slow
def test_a_file_is_tried_imported_mended_and_replayed(page, axe, shot, importing: None) -> None:
    """Task 11 of the console: dry-run a CSV, mend the largest group of parked rows, replay."""
    page.goto("/data/import")
    states = ["完成"] * 30 + ["等待外星人"] * 12 + ["退回中"] * 3
    file = {"name": "jd-2026-01.csv", "mimeType": "text/csv", "buffer": orders(states)}
    page.get_by_test_id("drop-file").set_input_files(file)  # click 1: choose the file
    page.get_by_text("15 行要修").wait_for()  # a sure format is tried at once
    page.get_by_text("什么都还没有存").wait_for()
    assert page.get_by_text("王小芳").count() == 0, "a name is shown in plain text"
    axe(page)
    shot("data-dry-run", full=True)
    page.get_by_role("button", name="导入 jd-2026-01.csv").click()  # 2
    page.get_by_role("button", name="去修 15 行").click(timeout=30_000)  # 3
    rows = page.locator("tbody tr[tabindex]")
    rows.first.wait_for()
    shot("data-parked-groups")
    rows.filter(has_text="状态文字不认识").first.click()  # 4: the largest group stands first
    drawer = page.get_by_role("dialog")
    drawer.get_by_text("等待外星人").first.wait_for()
    assert drawer.get_by_text("王小芳").count() == 0, "a name is shown in plain text"
    drawer.get_by_text("改成同一个值").click()
    drawer.get_by_label("改成", exact=True).fill("完成")
    button = drawer.get_by_role("button", name=re.compile("^修好 [1-9]"))
    button.wait_for()
    axe(page)
    shot("data-mend")
    button.click()  # 5
    page.get_by_role("status").get_by_text(re.compile("行已成为 .* 条事件")).wait_for()
    page.get_by_text("没有等你处理的事").wait_for()
    shot("data-parked-done")


@pytest.mark.slow
def test_a_file_of_no_known_format_is_mapped_column_by_column(page, axe, shot) -> None:
    page.goto("/data/import")
    text = "单号,下单时间,实付金额,会员\n" + "".join(f"N{row},2026-01-02 10:00:00,19.90,u{row}\n" for row in range(8))
    page.get_by_test_id("drop-file").set_input_files(
        {"name": "mine.csv", "mimeType": "text/csv", "buffer": text.encode()}
    )
    page.get_by_text("没有认出这个文件").wait_for()
    page.get_by_role("combobox", name="实付金额").wait_for()
    axe(page)
    shot("data-mapping", full=True)
    page.get_by_role("button", name="保存并试运行").click()
    page.get_by_text(re.compile("8 行会变成 .* 条事件")).wait_for()
    page.get_by_role("button", name="不导入，删除文件").click()
    page.get_by_text("已删除 mine.csv").wait_for()


def test_an_upload_says_how_much_is_sent_and_can_be_stopped(page, served: Served, axe, shot) -> None:
    page.goto("/data/import")
    page.get_by_role("button", name="选文件").wait_for()
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 100_000}
    line = page.context.new_cdp_session(page)
    line.send("Network.emulateNetworkConditions", slow)
    rows = b"".join(b"N%d,2026-01-02 10:00:00,19.90,u%d\n" % (row, row) for row in range(80_000))
    file = {"name": "long.csv", "mimeType": "text/csv", "buffer": "单号,下单时间,实付金额,会员\n".encode() + rows}
    page.get_by_test_id("drop-file").set_input_files(file)
    page.wait_for_function("() => document.querySelector('progress')?.value >= 1")
    axe(page)
    shot("data-upload")
    page.get_by_role("button", name="停止").click()
    page.get_by_role("progressbar").wait_for(state="hidden")
    assert page.get_by_role("button", name="选文件").is_enabled()
    assert page.get_by_role("alert").count() == 0
    line.send("Network.emulateNetworkConditions", slow | {"uploadThroughput": -1})
    page.reload()
    page.get_by_role("button", name="选文件").wait_for()
    assert page.get_by_text("long.csv").count() == 0


def test_a_file_that_is_no_table_says_what_is_wrong_and_the_mend(page, shot) -> None:
    page.goto("/data/import")
    page.get_by_test_id("drop-file").set_input_files({"name": "a.xlsx", "mimeType": "", "buffer": b"PK\x03\x04 broken"})
    page.get_by_role("alert").wait_for()
    assert page.get_by_role("alert").inner_text().startswith("◐ 打不开 a.xlsx")
    shot("data-broken")
    page.get_by_role("button", name="不导入，删除文件").click()
    page.get_by_role("button", name="选文件").wait_for()
