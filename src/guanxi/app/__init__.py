"""The composition root: the only place that joins the layers with the engines."""

from guanxi.app.demo import DemoReport, run_demo
from guanxi.app.gate import Gate, Ingested, Refusal
from guanxi.app.importing import FileReport, ImportReport, import_files, preview
from guanxi.app.keeper import keep
from guanxi.app.queries import Explanation, KindCount, Process, Status
from guanxi.app.sealing import seal_now
from guanxi.app.workspace import Workspace
from guanxi.engines.control import (
    ROLES,
    SCOPE_VERBS,
    SCOPES,
    VERBS,
    WRITING_SCOPES,
    ApiKey,
    Appearance,
    Colours,
    Control,
    Density,
    ImportJob,
    Language,
    NewKey,
    OpenedSession,
    Operation,
    Role,
    Session,
    SettingsKey,
    Theme,
    TooManyFailures,
    User,
    Verb,
)
from guanxi.engines.log import Manifest
from guanxi.engines.wire import ADAPTERS, Adapter, WireAnswer, WireBatch, WireRequest

__all__ = [
    "ADAPTERS",
    "ROLES",
    "SCOPES",
    "SCOPE_VERBS",
    "VERBS",
    "WRITING_SCOPES",
    "Adapter",
    "ApiKey",
    "Appearance",
    "Colours",
    "Control",
    "DemoReport",
    "Density",
    "Explanation",
    "FileReport",
    "Gate",
    "ImportJob",
    "ImportReport",
    "Ingested",
    "KindCount",
    "Language",
    "Manifest",
    "NewKey",
    "OpenedSession",
    "Operation",
    "Process",
    "Refusal",
    "Role",
    "Session",
    "SettingsKey",
    "Status",
    "Theme",
    "TooManyFailures",
    "User",
    "Verb",
    "WireAnswer",
    "WireBatch",
    "WireRequest",
    "Workspace",
    "import_files",
    "keep",
    "preview",
    "run_demo",
    "seal_now",
]
