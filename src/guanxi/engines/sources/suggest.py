"""Suggest: a first draft of a mapping from a file's headers and values, with how sure each guess is."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from guanxi.core import DataError
from guanxi.engines.sources.headers import clean_headers
from guanxi.engines.sources.plan import plan_table
from guanxi.engines.sources.preset import As, Preset, Table
from guanxi.engines.sources.readers import ROW, expand
from guanxi.engines.sources.readers.objects import steps, walk
from guanxi.engines.sources.recognise import Sight, format_of, look, reader_for

SAMPLE: Final = 200  # rows looked at


@dataclass(frozen=True, slots=True)
class Guess:
    """What a column seems to be.

    column  its name
    what    a word of the vocabulary below: order, line, buyer, time, amount, ...; "" = nothing known
    as_     how its cells read
    sure    "header and values", "header", "values" or "nothing"; "choice" when a person said so
    """

    column: str
    what: str
    as_: As
    sure: str


#: What a column may be -> (Chinese, English); "" = not mapped.
WORDS: Final[dict[str, tuple[str, str]]] = {
    "": ("不导入", "not mapped"), "order": ("订单号", "order id"), "line": ("子订单号", "line id"),
    "refund": ("退款单号", "refund id"), "paid_at": ("付款时间", "time of payment"), "at": ("时间", "time"),
    "day": ("日期", "day"), "amount": ("实付金额", "amount paid"), "refunded": ("退款金额", "amount refunded"),
    "price": ("单价", "unit price"), "money": ("其他金额", "other money"), "quantity": ("数量", "quantity"),
    "rate": ("比率", "rate"), "item": ("商品编号", "product id"), "title": ("商品名称", "product name"),
    "buyer": ("买家或用户", "buyer or user"), "shop": ("店铺", "shop"), "creator": ("达人或主播", "creator"),
    "status": ("状态", "status"), "currency": ("币种", "currency"), "drop": ("个人信息，不导入", "personal, left out"),
}  # fmt: skip


def suggest(
    path: Path, *, chosen: Mapping[str, str] | None = None, name: str = "", zh: str = "", platform: str = ""
) -> str:
    """Return the TOML text of a draft mapping for a file; every guess says what it rests on.

    chosen  column -> a word of WORDS, instead of what is guessed
    name, zh, platform  of the mapping; after the file when left out
    raises  DataError when the file cannot be opened or has no columns, or a choice is not possible
    """
    sight, rows, found, _ = _look(path)
    columns = {one.column for one in found}
    for column, word in (chosen or {}).items():
        if column not in columns or word not in WORDS:
            allowed = f"Columns: {', '.join(sorted(columns)[:40])}; words: {', '.join(filter(None, WORDS))}"
            raise DataError(f"{column[:40]!r} cannot be {word[:40]!r}", allowed, "columns")
    ours = [
        Guess(one.column, chosen[one.column], _FORM.get(chosen[one.column], one.as_), "choice")
        for one in found
        if chosen is not None and one.column in chosen
    ]
    mine = {one.column for one in ours}
    return _draft(
        path, sight, rows, [*ours, *(one for one in found if one.column not in mine)], name=name, zh=zh,
        platform=platform,
    )  # fmt: skip


def guesses(path: Path) -> tuple[list[Guess], pl.DataFrame]:
    """Return what each column of a file seems to be, and its first rows as they stand there.

    raises  DataError when the file cannot be opened or has no columns
    """
    _, _, found, frame = _look(path)
    return found, frame.drop(ROW, strict=False)


def _look(path: Path) -> tuple[Sight, str, list[Guess], pl.DataFrame]:
    source = expand(path)[0]
    sight = look(source)
    rows, frame = _sample(path, sight)
    found = [guess(frame[name]) for name in frame.columns if name != ROW]
    if not found:
        raise DataError(f"{source.name} shows no columns", "Say how to read it: see docs/mappings.md")
    return sight, rows, found, frame


def guess(cells: pl.Series) -> Guess:
    """Return what one column seems to be, by its name and its values."""
    name = cells.name
    what = next((word for word, pattern in _NAMES if re.search(pattern, name, re.IGNORECASE)), "")
    texts = cells.cast(pl.String).str.strip_chars().drop_nulls()
    texts = texts.filter(~texts.is_in(["", "-", "—", "null", "NULL"]))
    kind = _kind(texts)
    wanted = _FORM.get(what)
    if wanted is None:
        return Guess(name, what, kind or "text", "values" if kind else "nothing")
    fits = kind in _READS.get(wanted, (wanted,)) or not len(texts)
    return Guess(
        name,
        what if fits else "",
        wanted if fits else kind or "text",
        "header and values" if fits and kind else "header" if fits else "values",
    )


_NAMES: Final[tuple[tuple[str, str], ...]] = (
    ("drop", r"身份证|id.?(?:number|card)|收件人|收货人|姓名|详细地址|收货地址|联系电话|手机|电话|充值|序列号"),
    ("drop", r"real.?name|phone|mobile|tel\b|address"),
    ("line", r"子订单|子单号|line.?id|order.?item.?id|sub.?order|\boid\b"),
    ("order", r"订单(?:编?号|id)|主订单|^订单$|order.?(?:id|no|sn|number)|invoice(?!.?date)|basket|\btid\b"),
    ("refund", r"退款(?:编?号|单号)|售后(?:编?号|单号)|refund.?(?:id|no)"),
    ("paid_at", r"(?:付款|支付)(?:完成|确认)?时间|paid.?(?:at|time)|pay.?time"),
    ("at", r"(?:创建|下单|提交|成交|发生|动账|结算)时间|下单日期"),
    ("at", r"created|order.?(?:date|time)|invoice.?date|timestamp|date.?time"),
    ("day", r"日期|时间|date|time|day"),
    ("refunded", r"退款金额|refund.?amount"),
    ("amount", r"实付|应付|支付金额|付款金额|成交金额|订单金额|总金额"),
    ("amount", r"(?:pay|paid|total|order).?(?:amount|fee|price)|sales|revenue|amount"),
    ("price", r"单价|价格|售价|(?:unit.?)?price"),
    ("money", r"金额|优惠|运费|花费|消耗|佣金|费用|邮费|discount|freight|shipping|spend|cost|fee"),
    ("quantity", r"数量|件数|qty|quantity|\bnum\b"),
    ("rate", r"率$|rate$|ctr|cvr"),
    ("item", r"商品(?:编?号|id)|宝贝id|主体id|sku.?id|(?:product|item|goods|stock).?(?:id|code)|spu"),
    ("title", r"商品(?:名称|标题)?$|标题|品名|title|(?:product|item|goods).?name|description"),
    ("buyer", r"买家|会员|用户(?:id|编号)|下单帐号|客户(?:id|编号)|open.?id"),
    ("buyer", r"(?:customer|user|buyer|member|client|household).?(?:id|name|nick)?$"),
    ("shop", r"店铺|门店|shop|store|seller"),
    ("creator", r"达人|主播|creator|author|kol"),
    ("status", r"状态|status|state"),
    ("currency", r"币种|currency"),
)  # fmt: skip
_FORM: Final[dict[str, As]] = {
    "line": "id", "order": "id", "refund": "id", "paid_at": "time", "at": "time", "day": "time", "amount": "money",
    "refunded": "money", "price": "decimal", "money": "money", "quantity": "integer", "rate": "percent", "item": "id",
    "title": "text", "buyer": "id", "shop": "text", "creator": "text", "status": "text", "currency": "text",
    "drop": "text",
}  # fmt: skip
#: How a column reads -> the forms that its values may have.
_READS: Final[dict[str, tuple[str, ...]]] = {
    "id": ("id", "integer", "decimal", "text"), "money": ("money", "decimal", "integer"),
    "decimal": ("decimal", "integer", "money"), "percent": ("percent", "decimal", "integer"),
    "text": ("text", "id", "integer", "decimal"), "time": ("time", "integer"),
}  # fmt: skip
_VALUES: Final[tuple[tuple[As, str], ...]] = (
    ("time", r"^\d{4}[-/年.]\d{1,2}[-/月.]\d{1,2}|^20\d{6}$|^1[0-9]{9}(?:[0-9]{3})?$"),
    ("percent", r"^-?[\d.,]+ ?%$"),
    ("duration", r"^(?:\d+(?:小?时|分|秒))+$|^[\d.]+秒$"),
    ("integer", r"^-?\d{1,3}(?:,\d{3})*$|^-?\d{1,9}$"),
    ("id", r"^[='\"\t ]*\d{10,}[\"\t ]*$|^[A-Za-z_-]*[0-9][A-Za-z0-9_-]{7,}$"),
    ("money", r"^[¥￥$]|元$|^-?[\d,]+\.\d{2}$"),
    ("decimal", r"^-?[\d,]+\.\d+$"),
    ("money", r"^[¥￥$]? ?-?\d[\d,]*(?:\.\d+)? ?元?$"),  # a column of 88, 99.5 and ¥1,200.00
)


def _kind(texts: pl.Series) -> As | None:
    """Return the form that nine in ten values have."""
    if not len(texts):
        return None
    for form, pattern in _VALUES:
        if texts.str.contains(pattern).mean() >= 0.9:  # type: ignore[operator]
            return form
    return "text"


def _sample(path: Path, sight: Sight) -> tuple[str, pl.DataFrame]:
    """Return the row path and the first rows."""
    source = expand(path)[0]
    if sight.documents:
        rows = "" if sight.form == "jsonl" else _rows_path(sight.documents[0])
        objects = (
            list(sight.documents)
            if sight.form == "jsonl"
            else [stack[-1] for stack in walk((sight.documents[0],), steps(rows))]
        )
        names = list(dict.fromkeys(name for row in objects[:SAMPLE] if isinstance(row, dict) for name in row))
        cells = {n: [_plain(row.get(n)) for row in objects[:SAMPLE] if isinstance(row, dict)] for n in names}
        return rows, pl.DataFrame(cells, schema=dict.fromkeys(names, pl.String))
    place, headers = _header(sight.grids)
    table = Table(headers=tuple(headers), chunk_rows=SAMPLE)
    form = format_of(source)
    plan = plan_table(Preset(id="draft", zh="draft", tables=(table,)), table, fixed={"sheet": None})
    sheet = sight.sheets[place] if sight.sheets else ""
    if form == "parquet":
        table = Table(chunk_rows=SAMPLE)
    chunk = next(iter(reader_for(source, plan, sheet).chunks(start=1, columns=None)), None)
    return "", chunk.root if chunk is not None else pl.DataFrame(
        schema=dict.fromkeys(clean_headers(headers), pl.String)
    )


def _header(grids: Sequence[Sequence[Sequence[str]]]) -> tuple[int, list[str]]:
    """Return the grid and the row that looks most like a header: many cells, no numbers, known words."""
    best: tuple[float, int, list[str]] = (0.0, 0, [])
    for place, grid in enumerate(grids):
        for row in grid[:10]:
            cells = [cell.strip() for cell in row if cell.strip()]
            sound = all(cell.isprintable() and "\ufffd" not in cell for cell in cells)
            words = sum(bool(re.search(pattern, cell, re.IGNORECASE)) for cell in cells for _, pattern in _NAMES)
            numbers = sum(bool(re.fullmatch(r"[-\d.,:/ %¥￥=\"']+", cell)) for cell in cells)
            score = (len(cells) + 2 * words - 3 * numbers) if sound else 0
            if score > best[0]:
                best = (score, place, cells)
    return best[1], best[2]


def _rows_path(document: object) -> str:
    """Return the path of the longest list of objects in a document."""
    best: tuple[int, str] = (0, "[]" if isinstance(document, list) else "")

    def visit(value: object, path: str, depth: int) -> None:
        nonlocal best
        if isinstance(value, list):
            count = sum(isinstance(element, dict) for element in value)
            if count > best[0]:
                best = (count, f"{path}[]")
        elif isinstance(value, dict) and depth < 5:
            for name, inner in value.items():
                visit(inner, f"{path}.{name}".lstrip("."), depth + 1)

    visit(document, "", 0)
    return best[1]


def _plain(cell: object) -> str | None:
    return None if cell is None or isinstance(cell, dict | list) else str(cell)


def _draft(path: Path, sight: Sight, rows: str, guesses: Sequence[Guess], *, name: str, zh: str, platform: str) -> str:
    """Write the draft."""
    by: dict[str, Guess] = {}
    for one in guesses:
        by.setdefault(one.what, one)
    times = [one for what in ("paid_at", "at", "day") for one in ([by[what]] if what in by else [])]
    name = name or re.sub(r"\W+", "_", path.name.split(".")[0].lower(), flags=re.ASCII).strip("_") or "mapping"
    lines = [
        "# A draft: check every line. The comment says what a guess rests on.",
        f"id = {_quoted(name)}",
        f"zh = {_quoted(zh or path.name.split('.')[0])}",
        f"platform = {_quoted(platform)}"
        + ("" if platform else "                         # write the platform's id: taobao, douyin, store, ..."),
        "",
        "[match]",
    ]
    known = [one.column for one in guesses if one.what][:6] or [one.column for one in guesses[:6]]
    lines.append(
        f"json = {_list([f'{rows}.{n}'.lstrip('.') for n in known[:3]])}"
        if sight.documents
        else f"headers = {_list(known)}"
    )
    lines += ["", "[read]"]
    if rows:
        lines.append(f"rows = {_quoted(rows)}")
    dropped = [one.column for one in guesses if one.what == "drop"]
    if dropped:
        lines.append(f"drop = {_list(dropped)}          # personal data: names, phones, addresses")
    order = by.get("order") or by.get("line")
    line = by.get("line") if order is by.get("order") else None
    line = line or by.get("item") or (Guess("$n", "line", "id", "header") if "title" in by or "price" in by else None)
    if order is not None:
        lines.append(f"group = {_list([order.column])}")
    lines += _events(by, times, order, line, guesses)
    return "\n".join(lines) + "\n"


def _events(
    by: dict[str, Guess], times: list[Guess], order: Guess | None, line: Guess | None, guesses: Sequence[Guess]
) -> list[str]:
    at = _list([one.column for one in times]) if times else '"???"'
    sure = f"  # by {times[0].sure}" if times else "  # no column looks like a time: name it, or use a setting"
    amount = by.get("amount") or by.get("money")
    lines: list[str] = []
    if order is not None:
        paid = by.get("paid_at")
        made = by.get("at") or by.get("day")
        steps = [("Order Completed", _list([paid.column]) if paid else at)]
        if paid and made:  # an order that was never paid is an order all the same
            steps.insert(0, ("Order Created", _list([made.column])))
        for step, when in steps:
            lines += ["", "[[event]]", f'kind = "{step}"', 'per = "group"', f"key = {_list([order.column])}",
                      f"at = {when}{sure}", f"refs.order = {_quoted(order.column)}  # by {order.sure}"]  # fmt: skip
            if paid and step == "Order Completed":
                lines.append(f'when = [{{ column = {_quoted(paid.column)}, is = "filled" }}]  # paid orders only')
            if amount is not None:
                lines.append(f'amount = {{ column = {_quoted(amount.column)}, as = "money", agg = "sum" }}'
                             f'  # by {amount.sure}; "first" when every line repeats the order\'s sum')  # fmt: skip
            lines += _parties(by, ("buyer", "shop", "creator"))
    kind = "Row Recorded" if order is None else "Order Line Recorded" if line is not None else ""
    if kind:
        choose = "" if order else "               # choose a kind: `guanxi events kinds`"
        lines += ["", "[[event]]", f'kind = "{kind}"{choose}', f"at = {at}"]
        if order is not None and line is not None:
            lines += [f"key = {_list([order.column, line.column])}", f"refs.order = {_quoted(order.column)}"]
        if amount is not None:
            lines.append(f'amount = {{ column = {_quoted(amount.column)}, as = "money" }}  # by {amount.sure}')
        lines += _parties(by, ("item", "buyer", "shop") if order is not None else ("buyer", "item", "shop", "creator"))
        for word, name in (("quantity", "quantity"), ("price", "unit_price"), ("title", "title")):
            if word in by:
                lines.append(f"properties.{name} = {_quoted(by[word].column)}  # by {by[word].sure}")
    left = [one for one in guesses if one.what in ("", "status", "rate", "money")]
    lines += (
        ["", "# Not mapped yet:"] + [f"#   {one.column}: reads as {one.as_} ({one.sure})" for one in left]
        if left
        else []
    )
    return lines


def _parties(by: dict[str, Guess], words: Sequence[str]) -> list[str]:
    roles = {"buyer": "actor", "item": "item", "shop": "shop", "creator": "creator"}
    return [f"roles.{roles[word]} = {_quoted(by[word].column)}  # by {by[word].sure}" for word in words if word in by]


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ") + '"'


def _list(texts: Sequence[str]) -> str:
    return "[" + ", ".join(map(_quoted, texts)) + "]"
