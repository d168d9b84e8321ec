"""Journeys: what a person goes through step by step, declared as rows."""

import hashlib
import re
import tomllib
from collections.abc import Collection
from typing import Any, Final

import msgspec

from guanxi.core import SettingError, nearest

END: Final = "end"  # the name of no step: where a journey is done
MOST_STEPS: Final = 50
WAIT: Final = re.compile(r"(0|[1-9]\d{0,3})([mhd])\Z")
NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,62}\Z")
_UNITS: Final = {"m": 60_000, "h": 3_600_000, "d": 86_400_000}


class JourneyStep(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One step.

    do    name of the policy that decides about those who come to it; "" = none
    wait  how long a person stays, as 30m, 12h or 3d; "" = until something happens
    then  step to which they go afterwards; "" = the next one, END = the journey is done
    on    kind of event -> step to which it takes them, or END
    """

    name: str
    do: str = ""
    wait: str = ""
    then: str = ""
    on: dict[str, str] = {}

    @property
    def wait_ms(self) -> int | None:
        """How long a person stays; None = until something happens."""
        found = WAIT.match(self.wait)
        return int(found[1]) * _UNITS[found[2]] if found else None


class Journey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A way that people go, each at their own pace.

    zh, en  as people call it
    enter   kinds of events of a person with which they begin
    leave   kinds with which they leave, wherever they are
    again   when somebody may begin anew: "never", or how long after they ended, as 30d
    keep    properties of the event with which they begin: they stay as they were then
    send    True: what its policies decide is carried out; False: it is tried dry
    steps   the first is where they begin; without `then` the next one follows, after the last one END
    """

    name: str
    zh: str
    en: str
    enter: tuple[str, ...]
    steps: tuple[JourneyStep, ...]
    leave: tuple[str, ...] = ()
    again: str = "never"
    keep: tuple[str, ...] = ()
    send: bool = False

    @property
    def again_ms(self) -> int | None:
        """How long after their end somebody may begin anew; None = never."""
        found = WAIT.match(self.again)
        return int(found[1]) * _UNITS[found[2]] if found else None

    @property
    def kinds(self) -> tuple[str, ...]:
        """All kinds of events that move anybody, sorted."""
        return tuple(sorted({*self.enter, *self.leave, *(kind for step in self.steps for kind in step.on)}))

    @property
    def version(self) -> int:
        """A number that changes with the declaration."""
        return int.from_bytes(hashlib.sha256(msgspec.json.encode(self)).digest()[:4]) >> 1

    def follows(self, step: JourneyStep) -> str:
        """Return the step that follows another one when its time is over."""
        if step.then:
            return step.then
        at = [one.name for one in self.steps].index(step.name) + 1
        return self.steps[at].name if at < len(self.steps) else END


def read_journey(
    text: str, *, name: str, kinds: Collection[str] | None = None, policies: Collection[str] | None = None
) -> Journey:
    """Read the declaration of a journey, in TOML.

    kinds, policies  that exist; None = not looked at
    raises           SettingError, naming the field, what stands there and what is allowed
    """
    try:
        given: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingError(f"the journey {name} is no TOML: {error}", "Mend the line it names", name) from None
    try:
        made = msgspec.convert({**given, "name": name}, Journey)
    except msgspec.ValidationError as error:
        raise SettingError(
            f"the journey {name} is not usable: {error}", "See docs/jobs.md for its form", name
        ) from None
    _check(made)
    for kind in made.kinds if kinds is not None else ():
        _require(kind, kinds or (), made, "kind of event")
    for step in made.steps if policies is not None else ():
        if step.do:
            _require(step.do, policies or (), made, f"policy in do of the step {step.name}")
    return made


def _check(made: Journey) -> None:
    names = [step.name for step in made.steps]
    if not NAME.match(made.name):
        _refuse(made, "name", made.name, "lower-case words of a-z, 0-9 and _")
    if not made.zh.strip() or not made.en.strip():
        _refuse(made, "zh or en", "", "a name in both languages")
    if not made.enter:
        _refuse(made, "enter", "", "at least one kind of event")
    if not 0 < len(names) <= MOST_STEPS:
        _refuse(made, "steps", len(names), f"1 to {MOST_STEPS}")
    for name in made.keep:
        if not NAME.match(name):
            _refuse(made, "a name in keep", name, "lower-case words of a-z, 0-9 and _")
    if made.again != "never" and not made.again_ms:
        _refuse(made, "again", made.again, "never, or a time above 0 such as 30d")
    for step in made.steps:
        if not NAME.match(step.name) or step.name == END or names.count(step.name) > 1:
            _refuse(made, "name of a step", step.name, f"a lower-case word that stands once and is not {END}")
        if step.wait and step.wait_ms is None:
            _refuse(made, f"wait of {step.name}", step.wait, "0m, 30m, 12h or 3d")
        if step.then and not step.wait:
            _refuse(made, f"wait of {step.name}", "", "a time, since `then` says what follows it")
        if step.then:
            _require(step.then, [*names, END], made, f"step in then of {step.name}")
        for kind, to in step.on.items():
            _require(to, [*names, END], made, f"step in on of {step.name}")
            if kind in made.leave:
                _refuse(made, f"on of {step.name}", kind, "a kind that does not stand in leave")
    _check_rings(made)


def _check_rings(made: Journey) -> None:
    """Nobody may go in a ring without waiting: that would never end."""
    at_once = {step.name: made.follows(step) for step in made.steps if step.wait_ms == 0}
    for name in at_once:
        at, seen = name, set()
        while at in at_once and at not in seen:
            seen.add(at)
            at = at_once[at]
        if at in seen:
            _refuse(made, f"wait of {at}", "0m", "a time above 0 somewhere in the ring that it is a part of")


def _require(given: str, known: Collection[str], made: Journey, what: str) -> None:
    if given not in known:
        near = nearest(given, known)
        _refuse(made, what, given, f"one of {', '.join(near)}" if near else "one that exists")


def _refuse(made: Journey, field: str, given: object, allowed: str) -> None:
    raise SettingError(f"the journey {made.name} has {given!r:.60} as {field}", f"Use {allowed}", field)
