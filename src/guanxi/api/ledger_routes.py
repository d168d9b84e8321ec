"""The desk's routes for the ledger: accounts, entries, flows, exposure, rewards, and the chain of evidence."""

from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Request, Response
from starlette.responses import FileResponse, StreamingResponse

from guanxi.api.access import Access, Principal
from guanxi.api.metric_routes import AsOf, T
from guanxi.api.readers import Readers
from guanxi.api.routes import Limit, Page, Routes, number_of
from guanxi.app import Workspace, bank_rewards, evidence_chain, ledger_answers
from guanxi.app import bank as banks
from guanxi.app import exposure as exposed
from guanxi.app import scope as scopes
from guanxi.engines.log import now_ms
from guanxi.ledger import Exposure

Id = Annotated[str, Path(max_length=64, description="of the account 账户编号")]
Word = Annotated[str, Query(max_length=64)]
Cursor = Annotated[str, Query(max_length=20, description="`next` of the page before 游标")]
Number = Annotated[int, Query(ge=0, le=10**18)]

_AT: Final = 1_767_225_600_000
_HASH: Final = "b9cf95930a7aa73f064e6826f23c47340227f98eb6e748601b5122233fa3f9d0"
_ID: Final = "a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0"
_ACCOUNT: Final = {
    "number": 7, "id": _ID, "unit": "coins", "unit_zh": "知识币", "unit_en": "knowledge coins", "scale": 0,
    "kind": "member", "what": "bank", "name": "coins", "zh": "知识币 · 个人账户",
    "en": "knowledge coins · a person's account", "person": "account:jd:u-1", "cap": None, "floor": 0, "balance": 120,
    "held": 0, "coming": 0, "free": 120, "resets_ms": _AT,
}  # fmt: skip
_ENTRY: Final = {
    "number": 42, "at_ms": _AT, "kind": "earn", "moved": 10, "held": 0, "coming": 0, "balance": 120, "other": _ID,
    "zh": "知识币 · 发行方", "en": "knowledge coins · issuer", "transfer": _ID, "key": _ID,
}  # fmt: skip
_UNIT: Final = {
    "unit": "coins", "zh": "知识币", "en": "knowledge coins", "scale": 0, "transferable": True, "accounts": 2,
    "balance": 120, "held": 0, "kinds": {"issuer": 1, "member": 1},
}  # fmt: skip
_FLOWS: Final = {
    "unit": "coins", "zh": "知识币", "en": "knowledge coins", "scale": 0, "since_ms": _AT, "until_ms": _AT + 86_400_000,
    "opening": 110, "came": 10, "left": 0, "closing": 120,
    "rows": [{"day_ms": _AT, "kind": "earn", "came": 10, "left": 0, "entries": 1}],
}  # fmt: skip
_EXPOSURE: Final = {
    "unit": "coins", "zh": "知识币", "en": "knowledge coins", "at_ms": _AT, "people": 1, "issued": 120, "received": 0,
    "redeemed": 0, "expired": 0, "taken_back": 0, "outstanding": 120, "held": 0,
    "buckets": [{"days": 365, "undated": False, "amount": 120, "people": 1}],
    "months": [{"month": "2026-01", "came": 120, "redeemed": 0, "expired": 0, "taken_back": 0, "outstanding": 120}],
    "value_fen": 120, "share": None, "share_low": 0.0, "share_high": 1.0, "share_n": 0.0, "share_of": "ended",
    "low_fen": 0, "high_fen": 120,
}  # fmt: skip
_HEAD: Final = {"size": 43, "root": _HASH, "chain": _HASH, "at_ms": _AT, "key": _HASH, "signature": _HASH * 2}
_STATE: Final = {
    "ledger": _ID, "size": 43, "root": _HASH, "chain": _HASH, "last_ms": _AT, "unsigned": 0, "key": _HASH,
    "heads": [_HEAD],
}  # fmt: skip
_PROVEN: Final = {
    "number": 42, "at_ms": _AT, "kind": "earn", "giver": _ID, "taker": _ID, "unit": "coins", "amount": 10,
    "transfer": _ID, "key": _ID, "line": "[42,…]", "leaf": _HASH, "path": [_HASH], "size": 43, "root": _HASH,
    "signed": _HEAD, "giver_zh": "知识币 · 发行方", "giver_en": "knowledge coins · issuer",
    "taker_zh": "知识币 · 个人账户", "taker_en": "knowledge coins · a person's account",
}  # fmt: skip
_GROWTH: Final = {"old": 40, "new": 43, "old_root": _HASH, "new_root": _HASH, "path": [_HASH]}
_STEP: Final = {
    "start": 0, "stop": 43, "size": 43, "chain": _HASH, "fault": "", "fault_at": None, "done": True, "sound": True,
    "audit": None,
}  # fmt: skip
_REWARD: Final = {
    "name": "salon_seat", "zh": "线下沙龙席位", "en": "seat at a salon", "kind": "seat", "unit": "coins", "price": 1200,
    "worth_fen": 6_800, "stock": 30, "given": 2, "reserved": 1, "left": 27, "account": _ID,
}  # fmt: skip


_BANK: Final = {
    "since_ms": _AT,
    "rules": [{"of": "earn", "name": "check_in", "zh": "签到", "en": "check-in", "unit": "coins", "amount": 10}],
}  # fmt: skip


def ledger_routes(workspace: Workspace, access: Access, readers: Readers) -> APIRouter:
    """Return the routes about accounts, their entries, flows and exposure."""
    routes = Routes(access, workspace.control, tag="ledger")

    _add_accounts(routes, readers)
    _add_totals(routes, readers)
    return routes.router


def evidence_routes(workspace: Workspace, access: Access, readers: Readers) -> APIRouter:
    """Return the routes about the chain of evidence."""
    routes = Routes(access, workspace.control, tag="evidence")

    _add_proofs(routes, readers)
    _add_exports(routes, readers)
    return routes.router


def _add_accounts(routes: Routes, readers: Readers) -> None:
    @routes.listing(
        "/v1/ledger/accounts", zh="账户", en="Accounts", example=_ACCOUNT,
        columns=("number", "id", "zh", "unit", "kind", "balance", "held", "coming", "cap", "floor", "free"),
    )  # fmt: skip
    def accounts(
        request: Request, unit: Word = "", kind: Word = "", what: Word = "", name: Word = "", asof: AsOf = "",
        cursor: Cursor = "", limit: Limit = 50,
    ) -> Page[ledger_answers.AccountLine]:  # fmt: skip
        """Accounts in order of opening, as they stand or stood; whose they are is told to whoever may see people."""
        me: Principal = request.state.me
        with readers.lend() as ws:
            page = ledger_answers.accounts(
                ws, unit=unit, kind=kind, what=what, name=name, after=number_of(cursor), limit=limit,
                before_ms=_before(ws, asof), people=me.sees_people,
            )  # fmt: skip
        return Page(rows=page.rows, next=page.next)

    @routes.route(
        "GET", "/v1/ledger/tightest", verb="view", zh="最紧的额度", en="The tightest limits", example=[_ACCOUNT]
    )
    def tightest(request: Request) -> tuple[ledger_answers.AccountLine, ...]:
        """Limits that all share, those that are used most first."""
        with readers.lend() as ws:
            return ledger_answers.tightest(ws)

    @routes.route("GET", "/v1/ledger/units", verb="view", zh="单位", en="Units", example=[_UNIT])
    def units(request: Request) -> tuple[ledger_answers.UnitLine, ...]:
        """Every unit that has accounts, and what all but issuers hold together."""
        with readers.lend() as ws:
            return ledger_answers.units(ws)

    @routes.route(
        "GET", "/v1/ledger/accounts/{account}", verb="view", zh="一个账户", en="One account",
        example={"account": _ACCOUNT, "lots": [{"number": 42, "at_ms": _AT, "expires_ms": _AT, "left": 10}],
                 "undated": 110, "as_of_ms": None},
    )  # fmt: skip
    def account(request: Request, account: Id, asof: AsOf = "") -> ledger_answers.AccountCard:
        """What an account holds and, of now, its dated amounts, soonest first."""
        me: Principal = request.state.me
        with readers.lend() as ws:
            return ledger_answers.account(ws, account, before_ms=_before(ws, asof), people=me.sees_people)

    @routes.listing(
        "/v1/ledger/accounts/{account}/entries", zh="账户流水", en="Entries of an account", example=_ENTRY,
        columns=("number", "at_ms", "kind", "moved", "held", "coming", "balance", "zh", "other", "transfer", "key"),
    )  # fmt: skip
    def entries(
        request: Request, account: Id, asof: AsOf = "", cursor: Cursor = "", limit: Limit = 50
    ) -> Page[ledger_answers.EntryLine]:
        """Entries of an account, the newest first; its balance stands after each."""
        with readers.lend() as ws:
            before = number_of(cursor) if cursor else None
            rows = ledger_answers.entries(ws, account, before=before, before_ms=_before(ws, asof), limit=limit)
        return Page(rows=rows, next=str(rows[-1].number) if len(rows) == limit else None)


def _add_totals(routes: Routes, readers: Readers) -> None:
    @routes.answer(
        "/v1/ledger/flows", zh="单位流量", en="Flows of a unit", example=_FLOWS, rows=lambda given: given.rows,
        columns=("day_ms", "kind", "came", "left", "entries"),
    )  # fmt: skip
    def flows(request: Request, unit: Word, t: T = "30d", asof: AsOf = "") -> ledger_answers.Flows:
        """What holders of a unit had, what came and left by day and kind, and what they have: it adds up."""
        with readers.lend() as ws:
            window = scopes.scope(ws, t=t, asof=asof).window
            return ledger_answers.flows(ws, unit, since_ms=window.start_ms, until_ms=window.end_ms)

    @routes.answer(
        "/v1/ledger/exposure", zh="未兑付敞口", en="Exposure", example=[_EXPOSURE], rows=lambda given: given,
        columns=("unit", "zh", "people", "issued", "redeemed", "expired", "taken_back", "outstanding", "held",
                 "value_fen", "share", "share_low", "share_high", "low_fen", "high_fen"),
    )  # fmt: skip
    def exposure(request: Request, asof: AsOf = "") -> list[Exposure]:
        """What people hold of points, coins and coupons, when it expires, and what it may cost."""
        with readers.lend() as ws:
            return exposed.exposures(ws, at_ms=_before(ws, asof) or now_ms())

    @routes.route("GET", "/v1/bank/rewards", verb="view", zh="奖励库存", en="Rewards in stock", example=[_REWARD])
    def rewards(request: Request) -> list[bank_rewards.RewardStanding]:
        """What people may have for what they earned, and what is left of it."""
        with readers.lend() as ws:
            return bank_rewards.rewards(ws)

    @routes.route("GET", "/v1/bank", verb="view", zh="关系银行规则", en="The relation bank's rows", example=_BANK)
    def bank(request: Request) -> banks.BankRules:
        """From when on what people do counts, what it brings, and what stops farming."""
        with readers.lend() as ws:
            return banks.rules_of(ws)


def _add_proofs(routes: Routes, readers: Readers) -> None:
    @routes.route("GET", "/v1/ledger/chain", verb="view", zh="证据链", en="The chain of evidence", example=_STATE)
    def state(request: Request) -> evidence_chain.ChainState:
        """Where the chain and the tree end, and every signed head."""
        with readers.lend() as ws:
            return evidence_chain.chain_state(ws)

    @routes.route(
        "GET", "/v1/ledger/entries/{number}", verb="view", zh="一条分录与证明", en="An entry and its proof",
        example=_PROVEN,
    )  # fmt: skip
    def prove(request: Request, number: Annotated[int, Path(ge=0, le=10**18)]) -> evidence_chain.ProvenEntry:
        """An entry, and the path from it to the root of a tree; of a signed one, where one covers it."""
        with readers.lend() as ws:
            return evidence_chain.prove(ws, number)

    @routes.route("GET", "/v1/ledger/consistency", verb="view", zh="一致性证明", en="Proof of growth", example=_GROWTH)
    def growth(request: Request, old: Number, new: Annotated[int | None, Query(ge=0, le=10**18)] = None) -> (
        evidence_chain.ConsistencyProof
    ):  # fmt: skip
        """What proves that the ledger of `new` entries, now when left out, begins with that of `old`."""
        with readers.lend() as ws:
            return evidence_chain.prove_growth(ws, old, new)

    @routes.route("GET", "/v1/ledger/check", verb="view", zh="校验", en="Check", example=_STEP)
    def check(
        request: Request, start: Number = 0, chain: Annotated[str, Query(max_length=64)] = ""
    ) -> evidence_chain.CheckStep:
        """Hash the next 100,000 entries again; the last step counts the whole ledger again.

        Ask again with `stop` as start and `chain` until `done`.
        """
        with readers.lend() as ws:
            return evidence_chain.check(ws, start=start, chain=chain)


def _add_exports(routes: Routes, readers: Readers) -> None:
    @routes.route(
        "POST", "/v1/ledger/heads", verb="export", zh="签名当前账本", en="Sign the ledger as it stands", example=_HEAD,
        status=201,
    )  # fmt: skip
    def sign(request: Request) -> evidence_chain.HeadLine:
        """Sign root and chain of now with the workspace's key, which is made the first time."""
        with readers.lend() as ws:
            made = evidence_chain.sign(ws, now_ms=now_ms())
        routes.record(request, "ledger.sign", "ledger", size=made.size, root=made.root)
        return made

    @routes.route(
        "GET", "/v1/ledger/export", verb="export", zh="导出账本", en="Export the ledger", example="JSON lines"
    )
    def export(request: Request) -> Response:
        """All entries and heads up to the newest signed one, for whoever checks with the public key alone."""
        with readers.lend() as ws:
            path = evidence_chain.export_file(ws)
        routes.record(request, "export", "ledger", rows=path.rows, form="jsonl")
        headers = {"content-disposition": 'attachment; filename="ledger.jsonl"'}
        return StreamingResponse(path.chunks(), 200, headers, "application/jsonl")

    @routes.route(
        "GET", "/v1/ledger/key", verb="view", zh="公钥", en="The public key", example="-----BEGIN PUBLIC KEY-----"
    )
    def key(request: Request) -> Response:
        """The public key that checks exports, as PEM."""
        with readers.lend() as ws:
            path = evidence_chain.public_key(ws)
        return FileResponse(path, media_type="application/x-pem-file", filename=path.name)


def _before(workspace: Workspace, asof: str) -> int | None:
    """The instant that the page looks back to; None = now."""
    return scopes.scope(workspace, asof=asof).now_ms if asof else None
