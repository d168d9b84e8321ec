"""Revealing: a personal value in plain text, for a stated purpose, never without a line in the operation log."""

import msgspec

from guanxi.app.identity import identities
from guanxi.app.person import FIELDS, personal_token
from guanxi.app.workspace import Workspace
from guanxi.core import DataError, NotFound
from guanxi.engines.log import now_ms

#: What a page offers; any other purpose may be written out.
PURPOSES: tuple[tuple[str, str], ...] = (
    ("客服回访", "call back a customer"),
    ("售后处理", "after-sales"),
    ("核对订单", "check an order"),
    ("风险核验", "check a risk"),
    ("本人请求", "asked for by the person"),
)


class Revealed(msgspec.Struct, frozen=True, kw_only=True):
    """A personal value, and when it was looked at."""

    field: str
    value: str
    at_ms: int


def reveal(workspace: Workspace, ref: str, field: str, *, purpose: str, who: str, ip: str = "") -> Revealed:
    """Return a person's value in plain text after the look was logged, in the vault and in the operation log.

    field    a name of `person.FIELDS`
    purpose  why it is read; kept with the look
    raises   DataError for a strange field or no purpose; NotFound when nothing is kept
    """
    if field not in FIELDS:
        raise DataError(f"the field is {field[:40]!r}", f"Use one of {', '.join(FIELDS)}", "field")
    if len(purpose.strip()) < 2:
        raise DataError("the purpose is missing", "Say what the value is needed for", "purpose")
    members = identities(workspace).members(ref)
    token = personal_token(workspace, members, field)
    if not token:
        raise NotFound(f"no {field} of this person is kept", "It was never said, or it was erased", "field")
    # Logged before it is read: a look that cannot be logged does not happen.
    workspace.control.record(
        who=who, verb="reveal", object=f"person {workspace.vault.surrogate('person', members[0])}",
        detail={"field": field, "purpose": purpose.strip()[:200]}, ip=ip,
    )  # fmt: skip
    value = workspace.vault.reveal(token, purpose=purpose.strip()[:200], who=who)
    return Revealed(field=field, value=value, at_ms=now_ms())
