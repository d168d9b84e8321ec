"""What waits to touch the world, and how far it has come."""

from typing import Final, Literal

import msgspec

from guanxi.decisions import Pairs

#: waiting: for an approval. ready: to be sent when its time comes. sending: an attempt is under way, or was cut off.
#: sent: the receiver took it. dry: written to the dry-run file. dead: given up, for a person to look at.
#: withdrawn: taken back before it was sent. expired: its time passed. refused: consent, erasure or a limit forbade it.
OutState = Literal["waiting", "ready", "sending", "sent", "dry", "dead", "withdrawn", "expired", "refused"]

OPEN_STATES: Final = ("waiting", "ready", "sending")  # may still be sent
NOTICE: Final = "notice"  # the kind that goes to operators: alerts, approvals

#: what to do after an error: again later; never; again later, though it may have been done (the receiver will know it
#: by its key); look up first whether it was done
ErrorKind = Literal["", "refused", "invalid", "unreachable", "timeout", "busy", "server", "unknown"]


class Outgoing(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the outbox.

    id             of the action: the idempotency key
    decision, run  what it carries out; "" = none
    party          whom it touches, "type:scope:key"; "" = operators, or somebody who was erased
    kind, channel  message, coupon or notice; app, wechat, sms, mail, coupon, wecom, dingtalk, feishu, webhook, file
    sender         name of the sender; "" = the one that the settings give to the channel
    body           (name, value) sorted by name, as decided; no address: senders look that up
    dry            True: written to the dry-run file instead
    approval       that it waits for; "" = none
    hold           key of the reservation that is settled when it is sent, else released; "" = none
    not_before_ms, not_after_ms   when it may be sent: from, to before
    uncertain      True: an attempt may have acted and never said so; a plain receiver may have it twice
    """

    id: str
    decision: str = ""
    run: str = ""
    party: str = ""
    kind: str
    channel: str
    sender: str = ""
    body: Pairs = ()
    state: OutState = "ready"
    dry: bool = True
    approval: str = ""
    hold: str = ""
    not_before_ms: int
    not_after_ms: int
    next_ms: int = 0
    attempts: int = 0
    made_ms: int = 0
    ended_ms: int | None = None
    error: ErrorKind = ""
    error_text: str = ""
    receipt: str = ""
    uncertain: bool = False
