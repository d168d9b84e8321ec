"""Ids: checked text by which events and parties are named."""

import re
from typing import Final, Self

from guanxi.core.errors import DataError


class EventId(str):
    """The id of an event: 32 lower-case hex digits."""

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        """Check the text; raises DataError."""
        if not isinstance(text, str) or not _EVENT_ID.match(text):
            raise DataError("an event id is not 32 hex digits", "Copy one from `guanxi events tail`")
        return super().__new__(cls, text)


class PartyRef(str):
    """A party as text, "type:scope:key": `account:taobao:AAE1x`, `ip::192.0.2.1`.

    type     lower-case word: account, device, item, shop, household, ip, ...
    scope    platform id or shop in which the key is unique; "" when it is unique everywhere
    key      the id as its source writes it; may hold colons; no control characters; at most 512 characters
    """

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        """Check the text; raises DataError."""
        # The key is never in the message: it may be a phone number or a name.
        if not isinstance(text, str) or not _PARTY_REF.match(text):
            raise DataError('a party is not written "type:scope:key"', "Write account:taobao:AAE1x or ip::192.0.2.1")
        return super().__new__(cls, text)

    @property
    def type(self) -> str:
        """What sort of party."""
        return self.split(":", 2)[0]

    @property
    def scope(self) -> str:
        """Where the key is unique; "" = everywhere."""
        return self.split(":", 2)[1]

    @property
    def key(self) -> str:
        """The id within type and scope."""
        return self.split(":", 2)[2]


def parse_event_id(text: str) -> EventId:
    """Read an event id that a person typed: upper case, blanks and dashes are forgiven.

    raises   DataError when it is not 32 hex digits
    """
    return EventId(text.strip().replace("-", "").lower())


def parse_party_ref(text: str) -> PartyRef:
    """Read a party reference that a person typed: outer blanks are forgiven.

    raises   DataError when it is not "type:scope:key"
    """
    return PartyRef(text.strip())


_EVENT_ID: Final = re.compile(r"[0-9a-f]{32}\Z")
_PARTY_REF: Final = re.compile(
    r"[a-z][a-z0-9_]{0,62}:[^:\s\x00-\x1f\x7f]{0,128}:[^\x00-\x1f\x7f\ud800-\udfff]{1,512}\Z"
)
