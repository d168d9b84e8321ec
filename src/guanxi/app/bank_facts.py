"""What the relation bank reads of the log: facts as known at a sequence number, by columns."""

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, Final

import polars as pl

from guanxi.core import DAY_MS
from guanxi.engines.lake import Reader, aggregate
from guanxi.events import CUSTOM, columns_of, id_text
from guanxi.ledger import MARKS, Bank, Earn, Fact, Invite, judge_invited
from guanxi.parties import Resolution

MONTH: Final = 31 * DAY_MS  # the longest window of a guard


def last_of(reader: Reader, bank: Bank, *, after: int, last: int, most: int) -> int:
    """Return the sequence number up to which at most `most` events of each earning kind lie behind `after`."""
    upto = last
    for rule in bank.earns.values():
        table = _table(reader, rule.kind)
        sql = f"SELECT seq FROM {table} WHERE seq > $after ORDER BY seq LIMIT $most"
        found = aggregate(reader, sql, {"after": after, "most": most}, kinds=[rule.kind], known=last)["seq"]
        if len(found) == most:
            upto = min(upto, int(found[-1]))
    return upto


def earned_facts(
    reader: Reader, bank: Bank, rule: Earn, *, after: int, upto: int, only: Sequence[str], names: Resolution
) -> list[Fact]:  # fmt: skip
    """Return the events behind `after`, and with them what the same people and devices did in those months.

    only   references of the people who are asked about; () = everybody
    """
    values = {"after": after, "upto": upto, "since": bank.since_ms or 0}
    where = "seq > $after AND seq <= $upto AND at_ms >= $since"
    fresh = _facts(reader, rule.kind, where, values, known=upto)
    if only:
        fresh = [fact for fact in fresh if fact.actor in only]
    if not fresh:
        return []
    refs = {ref for fact in fresh for ref in names.members(fact.actor)}
    frames = {
        "asked": pl.DataFrame({"ref": sorted(refs)}, schema={"ref": pl.String}),
        "devices": pl.DataFrame({"ref": sorted({fact.device for fact in fresh if fact.device})},
                                schema={"ref": pl.String}),
    }  # fmt: skip
    times = [fact.at_ms for fact in fresh]
    values = {"upto": upto, "first": min(times) - MONTH, "end": max(times) + MONTH}
    has_device = "role_device" in _columns(reader, rule.kind)
    device = " OR role_device IN (SELECT ref FROM devices)" if has_device else ""
    where = f"seq <= $upto AND at_ms >= $first AND at_ms < $end AND (role_actor IN (SELECT ref FROM asked){device})"
    return _facts(reader, rule.kind, where, values, known=upto, frames=frames)


def invited_facts(reader: Reader, rule: Invite, *, after: int, upto: int, names: Resolution) -> list[Fact]:
    """Return every invitation that was followed, and what the invited did since; [] when nothing of it is new."""
    values = {"upto": upto}
    invitations = _facts(reader, rule.kind, "seq <= $upto", values, known=upto)
    refs = {ref for fact in invitations for ref in names.members(fact.actor)}
    if not refs:
        return []
    frames = {"asked": pl.DataFrame({"ref": sorted(refs)}, schema={"ref": pl.String})}
    by_actor = "seq <= $upto AND role_actor IN (SELECT ref FROM asked)"
    acts = [fact for kind in rule.after for fact in _facts(reader, kind, by_actor, values, known=upto, frames=frames)]
    orders = {fact.order for fact in acts if fact.order}
    frames = {"asked": pl.DataFrame({"ref": sorted(orders)}, schema={"ref": pl.String})}
    by_order = "seq <= $upto AND ref_order IN (SELECT ref FROM asked)"
    facts = [*invitations, *acts]
    for kind in rule.undone_by:
        facts += _facts(reader, kind, by_order, values, known=upto, frames=frames)
    return facts if any(fact.seq > after for fact in facts) else []


def marks_of(
    reader: Reader, bank: Bank, rule: Invite, facts: Sequence[Fact], *, after: int, upto: int, names: Resolution
) -> Callable[[str, int], frozenset[str]]:  # fmt: skip
    """Return what tells which devices, phones, ... a person was seen with until a sequence number.

    Only of those whose invitation would bring something now: judging without marks finds them.
    """
    asked: set[str] = set()

    def note(person: str, _: int) -> frozenset[str]:
        asked.add(person)
        return frozenset()

    list(judge_invited(bank, rule, facts, who=names.resolve, marks=note, after=after, posted=()))
    owner = {ref: person for person in asked for ref in names.members(person, upto)}
    seen: dict[str, list[tuple[int, str]]] = {}
    for actor, mark, seq in _marks(reader, sorted(owner), upto=upto):
        seen.setdefault(owner[actor], []).append((seq, mark))
    return lambda person, seq: frozenset(mark for at, mark in seen.get(person, ()) if at <= seq)


def _marks(reader: Reader, refs: Sequence[str], *, upto: int) -> Iterator[tuple[str, str, int]]:
    """Who acted, a mark on what they did, and the first event that bears it."""
    kinds, parts = [], set()
    for kind in reader.counts() if refs else ():
        columns = _columns(reader, kind)
        marks = [f"role_{mark}" for mark in MARKS if f"role_{mark}" in columns]
        if "role_actor" not in columns or not marks:
            continue
        kinds.append(kind)
        own = reader.catalogue.own_table(kind)
        table = own.table if own is not None else CUSTOM
        parts |= {f"SELECT role_actor AS actor, {mark} AS mark, seq FROM {table}" for mark in marks}
    if not parts:
        return
    sql = (
        f"SELECT actor, mark, min(seq) AS seq FROM ({' UNION ALL '.join(sorted(parts))}) WHERE seq <= $upto "
        "AND mark IS NOT NULL AND actor IN (SELECT ref FROM asked) GROUP BY actor, mark"
    )
    frames = {"asked": pl.DataFrame({"ref": refs}, schema={"ref": pl.String})}
    yield from aggregate(reader, sql, {"upto": upto}, kinds=kinds, known=upto, frames=frames).iter_rows()


def _facts(
    reader: Reader, kind: str, where: str, values: dict[str, Any], *, known: int,
    frames: dict[str, pl.DataFrame] | None = None,
) -> list[Fact]:  # fmt: skip
    columns = _columns(reader, kind)
    given = ", ".join(
        f"{column} AS {name}" if column in columns else f"NULL AS {name}"
        for column, name in (
            ("role_actor", "actor"), ("role_object", "other"), ("role_device", "device"), ("p_made_up", "made_up"),
            ("ref_order", "ref_order_"), ("ref_supersedes", "supersedes"),
        )
    )  # fmt: skip
    sql = (
        f"SELECT seq, id_hi, id_lo, at_ms, received_ms, live, amount, platform, {given} FROM {_table(reader, kind)} "
        f"WHERE {where} AND role_actor IS NOT NULL ORDER BY seq"
    )
    rows = aggregate(reader, sql, values, kinds=[kind], known=known, frames=frames)
    return [
        Fact(
            seq=row["seq"], id=id_text(row["id_hi"], row["id_lo"]), kind=kind, at_ms=row["at_ms"],
            received_ms=row["received_ms"], live=bool(row["live"]), actor=row["actor"], other=row["other"] or "",
            device=row["device"] or "", made_up=bool(row["made_up"]), amount=row["amount"] or 0,
            order=row["ref_order_"] or "", platform=row["platform"] or "", supersedes=row["supersedes"] or "",
        )
        for row in rows.iter_rows(named=True)
    ]  # fmt: skip


def _table(reader: Reader, kind: str) -> str:
    """The view of a kind; those without a table of their own share one."""
    row = reader.catalogue.own_table(kind)
    name = kind.replace("'", "''")
    return row.table if row is not None else f"(SELECT * FROM {CUSTOM} WHERE kind = '{name}')"


def _columns(reader: Reader, kind: str) -> Collection[str]:
    return columns_of(reader.catalogue.own_table(kind))
