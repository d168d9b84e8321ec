"""Schedules as they stand: when each is due, how its last run went."""

from collections.abc import Mapping
from typing import Final

import msgspec
from sqlalchemy import Connection, delete, insert, select, update

from guanxi.core import NotFound
from guanxi.engines.control.job_tables import schedules
from guanxi.plays import Plan, planned, read_rule

OUTCOME: Final = 240  # characters


class ScheduleRow(msgspec.Struct, frozen=True, kw_only=True):
    """One schedule.

    rule      cron of China's time
    slot_ms   instant of the rule that it ran for last, the same for each try; next_ms: when it is due
    fails     tries that failed since it last succeeded
    begun_ms, ended_ms   of the last run; ended_ms before begun_ms = it runs, or was cut off
    outcome   what came of it, or why it failed
    """

    name: str
    rule: str
    enabled: bool
    slot_ms: int | None
    next_ms: int
    fails: int
    begun_ms: int | None
    ended_ms: int | None
    outcome: str

    @property
    def plan(self) -> Plan:
        """What says when it is due."""
        return Plan(
            rule=self.rule, enabled=self.enabled, slot_ms=self.slot_ms, next_ms=self.next_ms, fails=self.fails
        )  # fmt: skip


class Schedules:
    """The schedules of a workspace."""

    def keep_in(self, connection: Connection, rules: Mapping[str, str], *, now_ms: int) -> list[ScheduleRow]:
        """Keep just these schedules, by name; return them with the next instant of each.

        What has another rule than before, or a clock that was far ahead, begins anew from now.
        raises  SettingError when a rule is none
        """
        for rule in rules.values():
            read_rule(rule)
        standing = {row.name: row for row in self.all_in(connection)}
        for name in standing.keys() - rules.keys():
            connection.execute(delete(schedules).where(schedules.c.name == name))
        for name, rule in rules.items():
            row = standing.get(name)
            if row is None:
                plan = planned(Plan(rule=rule), now_ms)
                values = {"outcome": "", "enabled": 1, "name": name, **_columns(plan)}
                connection.execute(insert(schedules).values(values))
                continue
            plan = row.plan if row.rule == rule else Plan(rule=rule, enabled=row.enabled)
            plan = planned(plan, now_ms)
            if plan != row.plan:
                connection.execute(update(schedules).where(schedules.c.name == name).values(_columns(plan)))
        return self.all_in(connection)

    def all_in(self, connection: Connection) -> list[ScheduleRow]:
        """Return all, by name."""
        rows = connection.execute(select(schedules).order_by(schedules.c.name)).mappings()
        return [ScheduleRow(**{**row, "enabled": bool(row["enabled"])}) for row in rows]

    def begin_in(self, connection: Connection, name: str, *, now_ms: int) -> None:
        """Note that a run began."""
        self._write(connection, name, {"begun_ms": now_ms})

    def end_in(self, connection: Connection, name: str, plan: Plan, *, outcome: str, now_ms: int) -> None:
        """Note that a run ended, and when the next one is due."""
        self._write(connection, name, {"ended_ms": now_ms, "outcome": outcome[:OUTCOME], **_columns(plan)})

    def enable_in(self, connection: Connection, name: str, enabled: bool) -> None:
        """Switch one on or off.

        raises  NotFound
        """
        self._write(connection, name, {"enabled": int(enabled)})

    def _write(self, connection: Connection, name: str, values: Mapping[str, object]) -> None:
        if not connection.execute(update(schedules).where(schedules.c.name == name).values(values)).rowcount:
            raise NotFound(f"there is no schedule {name!r:.60}", "See the list: guanxi jobs list")


def _columns(plan: Plan) -> dict[str, object]:
    return {"rule": plan.rule, "slot_ms": plan.slot_ms, "next_ms": plan.next_ms, "fails": plan.fails}
