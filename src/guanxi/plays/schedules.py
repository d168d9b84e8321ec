"""Schedules: when something that goes on by itself is due, by a rule in China's time."""

from datetime import timedelta
from typing import Final

import msgspec

from guanxi.core import DAY_MS, SHANGHAI, SettingError, from_ms

MINUTE_MS: Final = 60_000
FAR_MS: Final = DAY_MS  # a clock that steps back by more was wrong before: begin anew from now
AGAIN_MS: Final = MINUTE_MS  # until the first new try after a failure; doubled each time
LONGEST_MS: Final = 3_600_000  # between two tries
YEARS: Final = 5  # in which a rule must come due
_FIELDS: Final = (("minute", 0, 59), ("hour", 0, 23), ("day", 1, 31), ("month", 1, 12), ("weekday", 0, 7))


class Rule(msgspec.Struct, frozen=True):
    """When something is due, as sets of numbers; a weekday counts from Sunday = 0.

    any_day   the day of the month, or the weekday, was left open: only the other one counts; else either is enough
    """

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    any_day: bool


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one schedule.

    rule      five fields of cron: minute, hour, day, month, weekday; China's time
    slot_ms   the instant of the rule that it ran for last, the same for each try; None = it never ran
    next_ms   when it is due
    fails     tries that failed since it last succeeded
    """

    rule: str
    enabled: bool = True
    slot_ms: int | None = None
    next_ms: int = 0
    fails: int = 0

    @property
    def instant_ms(self) -> int:
        """The instant of the rule that the next run is for; a new try is for that of the one that failed."""
        return self.slot_ms if self.fails and self.slot_ms is not None else self.next_ms


def read_rule(text: str) -> Rule:
    """Read five fields of cron: numbers, lists, ranges, steps and stars.

    raises  SettingError, naming the field
    """
    parts = text.split()
    if len(parts) != len(_FIELDS):
        raise SettingError(
            f"the rule {text!r:.60} has {len(parts)} fields", "Write five: minute hour day month weekday", "rule"
        )
    sets = [_field(part, *field) for part, field in zip(parts, _FIELDS, strict=True)]
    weekdays = frozenset(one % 7 for one in sets[4])
    return Rule(sets[0], sets[1], sets[2], sets[3], weekdays, "*" in (parts[2], parts[4]))


def next_ms(rule: Rule, after_ms: int) -> int:
    """Return the first instant of a rule after another one.

    raises  SettingError when there is none in five years, such as 30 February
    """
    at = from_ms(after_ms).astimezone(SHANGHAI).replace(second=0, microsecond=0) + timedelta(minutes=1)
    last = at + timedelta(days=366 * YEARS)
    while at < last:
        if at.month not in rule.months or not _on(rule, at.day, at.isoweekday() % 7):
            at = (at + timedelta(days=1)).replace(hour=0, minute=0)
        elif at.hour not in rule.hours:
            at = (at + timedelta(hours=1)).replace(minute=0)
        elif at.minute not in rule.minutes:
            at += timedelta(minutes=1)
        else:
            return int(at.timestamp()) * 1000
    raise SettingError("the rule never comes due", "Look at its day and month", "rule")


def planned(plan: Plan, now_ms: int) -> Plan:
    """Return a plan whose next instant is to be trusted: a new one, or one that a clock set back put too far away.

    A step back of up to a day repeats nothing, it only waits; after a longer one the plan begins anew.
    """
    rule, soon = read_rule(plan.rule), now_ms + FAR_MS
    # What ran once while the clock was ahead has a slot of before, and only its next instant tells.
    if plan.next_ms and (plan.slot_ms or 0) <= soon and (plan.next_ms <= soon or plan.next_ms <= next_ms(rule, soon)):
        return plan
    return msgspec.structs.replace(plan, next_ms=next_ms(rule, now_ms), slot_ms=None, fails=0)


def is_due(plan: Plan, now_ms: int) -> bool:
    """Whether it is to run now."""
    return plan.enabled and 0 < plan.next_ms <= now_ms


def ran(plan: Plan, now_ms: int, *, failed: bool) -> Plan:
    """Return the plan after a run: next at the first instant after now, however many were missed.

    After a failure it is tried again in 1, 2, 4, … minutes, an hour at most, or at its next instant when that is
    sooner.
    """
    regular = next_ms(read_rule(plan.rule), max(now_ms, plan.next_ms))
    if not failed:
        return msgspec.structs.replace(plan, slot_ms=plan.instant_ms, next_ms=regular, fails=0)
    again = now_ms + min(AGAIN_MS << min(plan.fails, 16), LONGEST_MS)
    return msgspec.structs.replace(plan, slot_ms=plan.instant_ms, next_ms=min(again, regular), fails=plan.fails + 1)


def _on(rule: Rule, day: int, weekday: int) -> bool:
    """Cron's own law: of two closed fields either is enough."""
    if rule.any_day:
        return day in rule.days and weekday in rule.weekdays
    return day in rule.days or weekday in rule.weekdays


def _field(text: str, name: str, least: int, most: int) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        begin, end = (least, most) if span == "*" else (_number(first, text, name), _number(last or first, text, name))
        by = _number(step, text, name) if "/" in part else 1
        if "/" in part and span != "*" and "-" not in span:
            end = most
        if not least <= begin <= end <= most or by < 1:
            raise SettingError(
                f"the {name} of the rule is {text!r:.40}", f"Use {least} to {most}, as in *, */5, 1,3 or 1-5", "rule"
            )
        found.update(range(begin, end + 1, by))
    return frozenset(found)


def _number(text: str, whole: str, name: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 3):
        raise SettingError(f"the {name} of the rule is {whole!r:.40}", "Use numbers, as in *, */5, 1,3 or 1-5", "rule")
    return int(text)
