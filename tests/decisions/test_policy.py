"""The file of a policy: what it may say, and that every fault names its line, its value and what is allowed."""

import json
from importlib import resources
from pathlib import Path

import pytest

from guanxi.core import SettingError
from guanxi.decisions import NOTHING, Policy, compile_policy, read_policy
from guanxi.decisions.expressions import Expression, trait_variables
from guanxi.decisions.rules import RuleSet
from guanxi.traits import shipped_traits

EXAMPLES = sorted((Path(__file__).parents[2] / "examples" / "policies").glob("*.toml"))
TEXT = """
zh = "唤回"
en = "Win back"

[[offers]]
id = "hello"
zh = "问候"
en = "Hello"
kind = "message"
channel = "app"
content = "c"
value = 1
value_band = 0.5

[[offers]]
id = "five"
zh = "5 元券"
en = "5 yuan"
kind = "coupon"
params = { amount = 500, threshold = 0, days = 7 }
value = "0.5 * double(person_product_views_count_7d)"
value_band = 0.2
value_unknown = 1.0

[[rules]]
name = "silent"
when = "person_spend_since_last_life > 30 * DAY"
effect = "require"
offers = ["five"]
zh = "久未下单"
en = "silent"
"""


def read(text: str = TEXT, name: str = "winback") -> Policy:
    return read_policy(text, shipped_traits(), name=name)


def test_a_policy_says_what_it_reads_and_needs() -> None:
    policy = read()
    assert (policy.name, policy.mode, policy.unit, policy.holdout, policy.explore) == (
        "winback", "propose", "person", 0.10, 0.05
    )  # fmt: skip
    assert policy.reads == ("person.product_views.count.7d", "person.spend.since_last.life")
    assert policy.purposes == ("personalise", "message")
    assert policy.needs == (("message",), ())
    assert [one.purpose for one in policy.offers] == ["marketing", ""]
    assert len(policy.hash) == 32
    assert NOTHING not in {one.id for one in policy.offers}
    assert compile_policy(policy).reads == policy.reads


def test_the_hash_is_of_the_content() -> None:
    same = read("# a word\n" + TEXT.replace("value = 1\n", "value   =   1.0\n"))
    assert same.hash == read().hash
    others = [read(TEXT.replace("30 * DAY", "31 * DAY")), read(TEXT.replace("value = 1\n", "value = 2\n")),
              read('mode = "auto"\n' + TEXT), read(name="other")]  # fmt: skip
    assert len({one.hash for one in others} | {same.hash}) == 5


def test_a_coupon_on_a_channel_needs_the_consent_of_a_message_and_a_service_does_not() -> None:
    assert read(TEXT.replace('kind = "coupon"', 'kind = "coupon"\nchannel = "app"')).needs[1] == ("message",)
    assert read(TEXT.replace('content = "c"', 'content = "c"\npurpose = "service"')).needs[0] == ()
    assert read('purposes = ["share", "message"]\n' + TEXT).needs == (("message", "share"), ("message", "share"))


BAD = [
    pytest.param("x = [", "x = [", "not TOML", "line", id="no-toml"),
    pytest.param(
        'zh = "唤回"',
        'zh = "唤回"\nhold_out = 0.1',
        "line 3: there is no field 'hold_out'",
        "Did you mean holdout?",
        id="unknown-field",
    ),
    pytest.param(
        "id = ", "ids = ", "line 6, offers 1: there is no field 'ids'", "Did you mean id?", id="unknown-in-row"
    ),
    pytest.param('kind = "coupon"', 'kind = "gift"', "line 19, offers 2: kind is 'gift'", "message, coupon", id="kind"),
    pytest.param(
        'effect = "require"', 'effect = "maybe"', "line 28, rules 1: effect is 'maybe'", "require, exclude", id="effect"
    ),
    pytest.param(
        'zh = "久未下单"\n', "", "line 25, rules 1: zh is missing", "name, when, effect, zh, en", id="no-sentence"
    ),
    pytest.param('channel = "app"', 'channel = "pigeon"', "offers 1: the channel is 'pigeon'", "app", id="channel"),
    pytest.param("amount = 500", "amount = 0", "offers 2: the coupon's amount is 0", "1 or more", id="amount"),
    pytest.param(
        'offers = ["five"]', 'offers = ["fife"]', "no offer is called 'fife'", "Did you mean five?", id="offer"
    ),
    pytest.param('id = "five"', 'id = "hello"', "'hello' stands twice", "Rename", id="twice"),
    pytest.param('id = "five"', 'id = "none"', "an offer is called 'none'", "always there", id="nothing"),
    pytest.param("value = 1\n", "value = inf\n", "value is inf", "yuan", id="infinite"),
    pytest.param("value_band = 0.5", "value_band = -1", "value_band is -1", "share", id="band"),
    pytest.param("value_band = 0.5", "", "not said how sure", "value_low and value_high", id="no-interval"),
    pytest.param(
        "value_band = 0.5", "value_low = 2\nvalue_high = 3", "value is 1.0, outside", "low <= value", id="ends"
    ),
    pytest.param(
        "value_band = 0.2", "value_low = 2\nvalue_high = 3", "fixed ends", "value_band", id="ends-of-expression"
    ),
    pytest.param("30 * DAY", "30.5", "line 27, rules 1: 'person_spend_since_last_life > 30.5'", "write 3", id="types"),
    pytest.param("person_spend_since", "person_spent_since", "no trait is called", "Did you mean person_", id="trait"),
    pytest.param(
        "0.5 * double(person_product_views_count_7d)",
        "person_product_views_count_7d > 1",
        "gives BOOL",
        "a number",
        id="value-is-no-number",
    ),
    pytest.param('name = "silent"', 'name = "Not a word"', "a rule is called 'Not a word'", "a-z", id="rule-name"),
    pytest.param(
        "amount = 500", "amount = 500, channel = 'app'", "params holds channel", "field", id="field-in-params"
    ),
]


@pytest.mark.parametrize(("old", "new", "what", "mend"), BAD)
def test_a_fault_names_its_place_its_value_and_what_is_allowed(old: str, new: str, what: str, mend: str) -> None:
    text = TEXT.replace(old, new) if old in TEXT else TEXT + new
    with pytest.raises(SettingError) as caught:
        read(text)
    assert caught.value.what.startswith("policies/winback.toml")
    assert what in caught.value.what
    assert mend in caught.value.mend or mend in caught.value.what


@pytest.mark.parametrize(
    ("line", "what"),
    [
        pytest.param("holdout = 0", "holdout_reason is missing", id="no-reason"),
        pytest.param("holdout = 1", "holdout is 1", id="all-held-out"),
        pytest.param("explore = 0.9", "explore is 0.9", id="all-chance"),
        pytest.param('mode = "yolo"', "mode is 'yolo'", id="mode"),
        pytest.param('unit = "device"', "unit is 'device'", id="unit"),
        pytest.param('purposes = ["marketing"]', "purposes holds 'marketing'", id="purpose"),
        pytest.param("offers = 3", "offers is no list", id="offers"),
    ],
)
def test_what_stands_above_the_offers_is_checked(line: str, what: str) -> None:
    text = TEXT if line.startswith("offers") is False else TEXT[: TEXT.index("[[offers]]")]
    with pytest.raises(SettingError, match=what):
        read(line + "\n" + text)


def test_a_hold_out_of_nothing_is_allowed_with_a_reason() -> None:
    assert read('holdout = 0\nholdout_reason = "只是通知"\n' + TEXT).holdout == 0


@pytest.mark.parametrize("name", ["", "Win", "../x", "a" * 64])
def test_a_policy_has_a_plain_name(name: str) -> None:
    with pytest.raises(SettingError, match="a policy is called"):
        read(name=name)


def test_too_many_and_none_are_refused() -> None:
    head, offer = TEXT[: TEXT.index("[[offers]]")], TEXT[TEXT.index("[[offers]]") : TEXT.rindex("[[offers]]")]
    with pytest.raises(SettingError, match="51 offers"):
        read(head + "".join(offer.replace('"hello"', f'"h{number}"') for number in range(51)))
    with pytest.raises(SettingError, match="0 offers"):
        read(head)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_examples_are_policies(path: Path) -> None:
    policy = read(path.read_text("utf-8"), path.stem)
    assert policy.reads
    assert compile_policy(policy).policy is policy


PAGE = (Path(__file__).parents[2] / "docs" / "policies.md").read_text("utf-8")
ROWS = [
    tuple(row.strip(" `") for row in line.strip("| ").split(" | "))
    for line in PAGE.splitlines()
    if line.startswith("| `")
]


def test_the_policy_on_the_page_is_one() -> None:
    assert len(ROWS) > 8
    policy = read(PAGE.split("```toml\n")[1].split("```")[0])
    assert [one.id for one in policy.offers] == ["greeting", "coupon5"]


@pytest.mark.parametrize(("text", "known", "says"), ROWS)
def test_the_expressions_on_the_page_say_what_it_says(text: str, known: str, says: str) -> None:
    values = json.loads(known)
    facts = {name: values.pop(name) for name in list(values) if "." not in name}
    rules = RuleSet([Expression(text.replace("\\|", "|"), trait_variables(shipped_traits()))])
    outcome = rules.judge(values, facts)
    found = "yes" if outcome.holds else "unknown" if outcome.unknown else "failed" if outcome.failed else "no"
    assert found == says


def test_what_ships_with_the_package_is_what_stands_among_the_examples() -> None:
    shipped = resources.files("guanxi.decisions").joinpath("templates")
    assert {path.name: path.read_text("utf-8") for path in EXAMPLES} == {
        one.name: one.read_text("utf-8") for one in shipped.iterdir() if one.name.endswith(".toml")
    }
