"""Settings inside column names: `column = "entry.{$phone_field}"`, for forms whose fields only their owner knows."""

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from guanxi.engines.sources.preset import Preset

UNSET: Final = "(unset)"  # a field of this name is in no document, so a column with an empty setting is empty


def named(preset: Preset, given: Mapping[str, str]) -> Preset:
    """Return the preset with the values of its settings in its column names.

    given   setting -> value, as `Preset.given` returns it; other names in `{$...}` stay, for templates
    """
    if not preset.settings:
        return preset
    written = msgspec.to_builtins(preset)
    filled = _filled(written, {name: value or UNSET for name, value in given.items()})
    return preset if filled == written else msgspec.convert(filled, Preset)


_SETTING: Final = re.compile(r"\{\$([^{}]+)\}")


def _filled(value: Any, given: Mapping[str, str], key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: one if name == "settings" else _filled(one, given, name) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_filled(one, given, key) for one in value)
    if isinstance(value, str) and key != "template" and "{$" in value:
        return _SETTING.sub(lambda found: given.get(found[1], found[0]), value)
    return value
