"""Taking in receipts: what senders report of actions, one by one, each answered."""

from collections.abc import Mapping, Sequence
from hmac import compare_digest
from typing import Any, Final, get_args

import msgspec

from guanxi.actions import Receipt, State
from guanxi.app.workspace import Workspace
from guanxi.core import DataError, SettingError
from guanxi.engines.control import Heard
from guanxi.engines.log import now_ms
from guanxi.engines.senders import read_secret, signed
from guanxi.events import repair
from guanxi.settings import secret

MOST: Final = 1_000  # receipts in one request
STATES: Final[tuple[State, ...]] = get_args(State)
FIELDS: Final = ("action", "at", "state", "detail")
MAX_DETAIL: Final = 480  # characters that are kept


class GivenReceipt(msgspec.Struct, frozen=True, kw_only=True):
    """A receipt as a sender states it, not yet believed.

    action  the action's id, which every request that was sent carried
    at      when it happened: ISO text or epoch seconds or milliseconds; None = now
    state   delivered, opened, failed, redeemed or refused
    detail  the sender's word for it: a code, a reason; what looks like a number or an address of mail is hidden
    """

    action: Any = None
    at: Any = None
    state: Any = None
    detail: Any = None


class ReceiptNote(msgspec.Struct, frozen=True, kw_only=True):
    """A receipt of a request that does not count, and why; field = which part of it."""

    index: int
    what: str
    mend: str
    field: str = ""


class Received(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the receipts of a request.

    accepted  new ones; they will be in the log
    repeated  known before: nothing changed
    parked    kept, but of no action that was sent from here
    refused   not kept: mend them and send them again
    """

    accepted: int = 0
    repeated: int = 0
    parked: tuple[ReceiptNote, ...] = ()
    refused: tuple[ReceiptNote, ...] = ()


def take_receipts(workspace: Workspace, given: Sequence[GivenReceipt]) -> Received:
    """Keep receipts, and what the log will hear of them, in one transaction; the same again changes nothing.

    raises  DataError when there are none, or too many
    """
    if not 0 < len(given) <= MOST:
        raise DataError(f"the request holds {len(given)} receipts, 1 to {MOST} are allowed", "Split it", "receipts")
    now = now_ms()
    read: list[tuple[int, Receipt]] = []
    refused: list[ReceiptNote] = []
    for index, one in enumerate(given):
        try:
            read.append((index, read_receipt(one, received_ms=now)))
        except DataError as error:
            refused.append(ReceiptNote(index=index, what=error.what, mend=error.mend, field=error.field))
    with workspace.control.transaction() as connection:
        heard = workspace.control.receipts.take_in(connection, [receipt for _, receipt in read], now_ms=now)
    notes: dict[str, list[ReceiptNote]] = {"parked": [], "refused": refused}
    for (index, _), answer in zip(read, heard, strict=True):
        if answer.state in notes:
            notes[answer.state].append(_note(index, answer))
    counts = [answer.state for answer in heard]
    return Received(
        accepted=counts.count("new"), repeated=counts.count("repeated"), parked=tuple(notes["parked"]),
        refused=tuple(sorted(refused, key=lambda one: one.index)),
    )  # fmt: skip


def read_receipt(given: GivenReceipt, *, received_ms: int) -> Receipt:
    """Return what a sender stated as a receipt.

    received_ms  when it happened, where the sender does not say
    raises       DataError naming the field, what it held and what is allowed
    """
    if not isinstance(given.action, str) or not given.action:
        raise DataError("the receipt names no action", "Give the id that the request carried as `action`", "action")
    if given.state not in STATES:
        what = f"the state is {given.state!r:.40}"
        raise DataError(what, f"Use one of {', '.join(STATES)}", "state")
    try:
        at_ms = repair.read_time(given.at).value
    except DataError as error:
        raise DataError(f"at is {given.at!r:.40}, not a time", error.mend, "at") from None
    if given.detail is not None and not isinstance(given.detail, str | int):
        raise DataError("the detail is neither text nor a number", "Give a code or a short reason", "detail")
    said = "" if given.detail is None else "".join(sign for sign in str(given.detail) if sign.isprintable())
    return Receipt(
        action=given.action[:MAX_ID], at_ms=received_ms if at_ms is None else at_ms, state=given.state,
        detail=repair.without_personal(said, MAX_DETAIL),
    )  # fmt: skip


def signed_by(workspace: Workspace, headers: Mapping[str, str], body: bytes, *, now_ms: int) -> str:
    """Return the sender whose secret signed a request, "" when none did, or too long ago.

    headers  webhook-id, webhook-timestamp, webhook-signature: the signature's secret is that of a row of [[senders]]
    source   Standard Webhooks, version 1
    """
    id_, second = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not id_ or not second.isdecimal() or len(second) > 12 or abs(int(second) * 1000 - now_ms) > SIGNED_MS:
        return ""
    given = headers.get("webhook-signature", "").split()
    for row in workspace.settings.senders:
        text = secret(row.secret_env) if row.kind in SIGNING and row.secret_env else ""
        if not text:
            continue
        try:
            key = read_secret(text)
        except SettingError:  # this sender's alone: `guanxi outbox senders` tells; the others' receipts are taken
            continue
        wanted = signed(key, id_, int(second) * 1000, body)["webhook-signature"]
        if any(compare_digest(one.encode(), wanted.encode()) for one in given):
            return row.name
    return ""


SIGNED_MS: Final = 5 * 60_000  # a signature is good for so long
SIGNING: Final = ("webhook", "adapter")  # kinds of senders whose secret signs
MAX_ID: Final = 32  # characters of an action's id


def _note(index: int, heard: Heard) -> ReceiptNote:
    return ReceiptNote(index=index, what=heard.what, mend=heard.mend, field=heard.field)
