"""Journeys of a workspace: its files, what the log moves, and the policies that decide where people arrive."""

from collections.abc import Sequence
from itertools import groupby
from typing import Final

import polars as pl

from guanxi.app.audience import named_audience
from guanxi.app.deciding import run_policy
from guanxi.app.identity import identities
from guanxi.app.policies import load_policy, policy_files
from guanxi.app.workspace import Workspace
from guanxi.core import Busy, GuanxiError
from guanxi.engines.control import JourneyRow
from guanxi.engines.lake import aggregate
from guanxi.events import columns_of
from guanxi.plays import EVENTS, Journey, advance, read_journey

FOLDER: Final = "journeys"  # of the workspace: NAME.toml each
SUFFIX: Final = ".toml"
PAGE: Final = 50_000  # events of a kind that are read at once
DUE: Final = 100_000  # people whose time is over that are moved at once
DECIDED: Final = 50_000  # people that one run decides about
GATHER_MS: Final = 3_600_000  # how long those who come wait for others, where a person must agree
FOLLOWER: Final = "journey:"


def journeys_of(workspace: Workspace) -> dict[str, Journey]:
    """Return the journeys of a workspace, by name.

    raises  SettingError for the first that cannot be read
    """
    folder = workspace.folder / FOLDER
    paths = sorted(folder.glob(f"*{SUFFIX}")) if folder.is_dir() else []
    if not paths:
        return {}
    policies = [row.name for row in policy_files(workspace)]
    return {
        path.stem: read_journey(
            path.read_text("utf-8"), name=path.stem, kinds=list(workspace.catalogue), policies=policies
        )
        for path in paths
    }  # fmt: skip


def move_people(workspace: Workspace, journey: Journey, *, now_ms: int) -> int:
    """Move everybody whom the log or the time moves; return how many moves.

    A journey begins with what comes after it was first seen: history sends nobody on a way. Each step, some
    thousand events, is one transaction with the place in the log, so nobody moves twice whatever is killed when.
    """
    control, name, moved = workspace.control, FOLLOWER + journey.name, 0
    last = workspace.reader.last_seq()
    with control.transaction() as connection:
        if name not in control.followers.all_in(connection):
            control.followers.set_in(connection, name, last, now_ms)
        seq = control.followers.get_in(connection, name)
        control.journeys.recall_in(connection, journey, now_ms=now_ms)
    while True:
        upto = _upto(workspace, journey, after=seq, last=last)
        happened = _happened(workspace, journey, after=seq, upto=upto)
        with control.transaction() as connection:
            if control.followers.get_in(connection, name) != seq:
                raise Busy(f"another process moves the journey {journey.name}", "Wait for it")
            states = control.journeys.standing_in(
                connection, journey.name, parties=happened["party"], now_ms=now_ms, most=DUE
            )
            moves = advance(journey, states, happened, now_ms)
            moved += control.journeys.move_in(connection, journey, moves)
            control.followers.set_in(connection, name, upto, now_ms)
        due = states.filter((pl.col("state") == "open") & (pl.col("due_ms") <= now_ms)).height
        if upto == last and due < DUE:
            return moved
        seq = upto


def decide_people(workspace: Workspace, journey: Journey, *, now_ms: int) -> int:
    """Let the policies of a journey decide about those who came to their steps; return about how many.

    Whoever was decided about since they came is not decided about again, so a run that was cut off doubles nothing.
    A policy that proposes is asked once an hour at most: nobody agrees to something each minute.
    raises  what `run_policy` raises, after the other policies had their turn
    """
    control, decided, problem = workspace.control, 0, None
    with control.transaction() as connection:
        control.journeys.settle_in(connection, journey.name)
        rows = control.journeys.todo_in(connection, journey.name, most=DECIDED)
    names = identities(workspace) if rows else None
    for policy, group in groupby(rows, key=lambda row: row.todo):
        here: list[JourneyRow] = list(group)
        people = sorted({names.resolve(row.party) for row in here}) if names is not None else []
        try:
            if _gathers(workspace, policy, here, now_ms=now_ms):
                continue
            run_policy(
                workspace, policy, named_audience(people).people, audience=f"旅程「{journey.zh}」",
                audience_en=f"journey: {journey.en}", who=FOLLOWER + journey.name, now_ms=now_ms, send=journey.send,
            )  # fmt: skip
        except GuanxiError as error:
            problem = problem or error
            continue
        with control.transaction() as connection:
            control.journeys.did_in(connection, here)
        decided += len(people)
    if problem is not None:
        raise problem
    return decided


def tick(workspace: Workspace, *, now_ms: int) -> str:
    """Move the people of every journey, then let policies decide; return what was done, in words.

    raises  SettingError for a file that cannot be read; what fails for one journey, after the others had their turn
    """
    moved, decided, problem = 0, 0, None
    for journey in journeys_of(workspace).values():
        try:
            moved += move_people(workspace, journey, now_ms=now_ms)
            decided += decide_people(workspace, journey, now_ms=now_ms)
        except GuanxiError as error:
            problem = problem or error
    if problem is not None:
        raise problem
    return f"moved {moved}, decided about {decided}" if moved or decided else ""


def _gathers(workspace: Workspace, policy: str, rows: Sequence[JourneyRow], *, now_ms: int) -> bool:
    """Whether these wait for others, since a person must agree to what is decided about them."""
    return (
        load_policy(workspace, policy)[0].mode == "propose" and min(row.moved_ms for row in rows) > now_ms - GATHER_MS
    )


def _upto(workspace: Workspace, journey: Journey, *, after: int, last: int) -> int:
    """Return the sequence number up to which at most PAGE events of each kind lie."""
    upto = last
    for kind in journey.kinds if after < last else ():
        table, where = _from(workspace, kind)
        sql = f"SELECT seq FROM {table} WHERE {where} AND seq > $after ORDER BY seq LIMIT {PAGE}"
        found = aggregate(workspace.reader, sql, {"after": after, "kind": kind}, kinds=[kind], known=last)["seq"]
        if len(found) == PAGE:
            upto = min(upto, int(found[-1]))
    return upto


def _happened(workspace: Workspace, journey: Journey, *, after: int, upto: int) -> pl.DataFrame:
    """Return EVENTS of the journey's kinds behind `after`, each of the person that its actor is known to be."""
    parts = [pl.DataFrame(schema=EVENTS)]
    names = identities(workspace)
    for kind in journey.kinds if after < upto else ():
        table, where = _from(workspace, kind)
        kept = "".join(f", {_value(workspace, kind, name)} AS p_{name}" for name in journey.keep)
        sql = (
            f"SELECT seq, at_ms, role_actor AS ref{kept} FROM {table} "
            f"WHERE {where} AND seq > $after AND seq <= $upto AND role_actor IS NOT NULL"
        )
        values = {"after": after, "upto": upto, "kind": kind}
        found = aggregate(workspace.reader, sql, values, kinds=[kind], known=upto)
        if found.is_empty():
            continue
        people = {ref: names.resolve(ref, upto) for ref in found["ref"].unique()}
        data = pl.struct(pl.col(f"p_{name}").alias(name) for name in journey.keep).struct.json_encode()
        parts.append(
            found.select(
                pl.col("ref").replace_strict(people, return_dtype=pl.String).alias("party"),
                pl.col("seq").cast(pl.Int64), pl.col("at_ms").cast(pl.Int64), pl.lit(kind).alias("kind"),
                (data if journey.keep else pl.lit("{}")).alias("data"),
            )
        )  # fmt: skip
    return pl.concat(parts).sort("seq")


def _from(workspace: Workspace, kind: str) -> tuple[str, str]:
    """The view that holds a kind, and what tells its rows there: kinds of the workspace share one."""
    row = workspace.catalogue.own_table(kind)
    return ("custom", "kind = $kind") if row is None else (row.table, "true")


def _value(workspace: Workspace, kind: str, name: str) -> str:
    row = workspace.catalogue.own_table(kind)
    if row is None:
        return f"extra ->> '$.properties.{name}'"
    return f"p_{name}" if f"p_{name}" in columns_of(row) else "NULL"
