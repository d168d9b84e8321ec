"""Rows of [[senders]]: what cannot be used is named, a secret that was written there by mistake is not repeated."""

from pathlib import Path

import pytest

from guanxi.core import SettingError
from guanxi.settings import load, secret

ROW = '[[senders]]\nname = "{name}"\nkind = "{kind}"\nchannels = {channels}\n{more}\n'


def row(name: str = "sms", kind: str = "adapter", channels: str = '["sms"]', more: str = "") -> str:
    return ROW.format(name=name, kind=kind, channels=channels, more=more)


def test_rows_and_their_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GUANXI_SECRET_SMS", "whsec_abc")
    more = 'url = "https://a.example/"\nsecret_env = "GUANXI_SECRET_SMS"'
    (tmp_path / "guanxi.toml").write_text(row(more=more) + row("ops", "wecom", '["wecom"]'), "utf-8")
    one, two = load(tmp_path).senders
    assert (one.name, one.channels, one.doubt, one.at_once) == ("sms", ("sms",), "again", 8)
    assert (secret(one.secret_env), secret("GUANXI_SECRET_NOT_SET")) == ("whsec_abc", "")
    assert two.kind == "wecom"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        pytest.param(row() + row("other"), "the channel 'sms'", id="a-channel-twice"),
        pytest.param(row() + row(channels='["app"]'), "the name 'sms'", id="a-name-twice"),
        pytest.param(row(kind="pigeon"), "senders.0.kind", id="no-such-kind"),
        pytest.param(row(channels="[]"), "senders.0.channels", id="no-channel"),
        pytest.param(row(name="My Sender"), "senders.0.name", id="not-a-word"),
        pytest.param(row(more='secret = "whsec_c2VjcmV0"'), "senders.0.secret", id="a-secret-in-the-file"),
        pytest.param(row(more='secret_env = "whsec_c2VjcmV0"'), "senders.0.secret_env", id="a-secret-for-a-name"),
        pytest.param(row(more='token_env = "693a91f6-7xxx"'), "senders.0.token_env", id="a-token-for-a-name"),
    ],
)
def test_rows_that_cannot_be_used(tmp_path: Path, text: str, what: str) -> None:
    (tmp_path / "guanxi.toml").write_text(text, "utf-8")
    with pytest.raises(SettingError) as caught:
        load(tmp_path)
    assert what in str(caught.value)
    assert "c2VjcmV0" not in str(caught.value)
    assert "693a91f6" not in str(caught.value)
