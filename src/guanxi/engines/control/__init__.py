"""The control database: people, sessions, keys, the operation log and import jobs."""

from guanxi.engines.control.accounting import GIVEN, MEMBER, SPENT, AccountRow, EntryRow, HoldRow
from guanxi.engines.control.appearances import Appearance, Colours, Density, Language, Theme
from guanxi.engines.control.control import FILE, Control
from guanxi.engines.control.deciding import DecisionStore, Kept, Made
from guanxi.engines.control.decision_pages import (
    DecisionCount,
    DecisionCounts,
    DecisionFilter,
    DecisionLine,
    DecisionPages,
)
from guanxi.engines.control.journeys import JourneyCount, JourneyRow
from guanxi.engines.control.keys import SettingsKey
from guanxi.engines.control.ledger import LedgerStore
from guanxi.engines.control.ledger_audit import Audit
from guanxi.engines.control.ledger_groups import LedgerGroups
from guanxi.engines.control.limits import LimitStore, LimitVersion, NamedAccount
from guanxi.engines.control.notes import Note
from guanxi.engines.control.people import TooManyFailures
from guanxi.engines.control.reach import DeadCount, FunnelCount, HoldNote, ReachCount, ReachFilter, WaitCount
from guanxi.engines.control.receipts import Heard, KeptReceipt
from guanxi.engines.control.records import ApiKey, ImportJob, NewKey, OpenedSession, Operation, Session, User
from guanxi.engines.control.roles import (
    ROLES,
    SCOPE_VERBS,
    SCOPES,
    VERBS,
    WRITING_SCOPES,
    Role,
    Scope,
    Verb,
)
from guanxi.engines.control.runs import RUN_STATES, PolicyText, Run, RunState, new_run_id
from guanxi.engines.control.schedules import ScheduleRow

__all__ = [
    "FILE",
    "GIVEN",
    "MEMBER",
    "ROLES",
    "RUN_STATES",
    "SCOPES",
    "SCOPE_VERBS",
    "SPENT",
    "VERBS",
    "WRITING_SCOPES",
    "AccountRow",
    "ApiKey",
    "Appearance",
    "Audit",
    "Colours",
    "Control",
    "DeadCount",
    "DecisionCount",
    "DecisionCounts",
    "DecisionFilter",
    "DecisionLine",
    "DecisionPages",
    "DecisionStore",
    "Density",
    "EntryRow",
    "FunnelCount",
    "Heard",
    "HoldNote",
    "HoldRow",
    "ImportJob",
    "JourneyCount",
    "JourneyRow",
    "Kept",
    "KeptReceipt",
    "Language",
    "LedgerGroups",
    "LedgerStore",
    "LimitStore",
    "LimitVersion",
    "Made",
    "NamedAccount",
    "NewKey",
    "Note",
    "OpenedSession",
    "Operation",
    "PolicyText",
    "ReachCount",
    "ReachFilter",
    "Role",
    "Run",
    "RunState",
    "ScheduleRow",
    "Scope",
    "Session",
    "SettingsKey",
    "Theme",
    "TooManyFailures",
    "User",
    "Verb",
    "WaitCount",
    "new_run_id",
]
