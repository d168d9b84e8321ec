"""Signed heads: only the owner of the key signs, only the signed head passes, and the key's file is private."""

import hashlib
import os
import subprocess
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from guanxi.core import DataError, SettingError
from guanxi.engines.ledger_keys import make_signing_key, read_signing_key
from guanxi.ledger import (
    Head,
    SignedHead,
    fingerprint,
    head_bytes,
    private_pem,
    public_pem,
    read_private_key,
    read_public_key,
    sign_head,
    verify_head,
)

from .conftest import KEY, LEDGER, T0, Book

PUBLIC = KEY.public_key()
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(32))


def test_a_signed_head_passes_with_its_key_only(book: Book) -> None:
    signed = book.head(5)
    assert verify_head(signed, PUBLIC)
    assert not verify_head(signed, OTHER.public_key())
    assert signed == book.head(5)


@pytest.mark.parametrize("change", [
    pytest.param({"ledger": "ff" * 16}, id="ledger"),
    pytest.param({"size": 6}, id="size"),
    pytest.param({"root": "00" * 32}, id="root"),
    pytest.param({"chain": "00" * 32}, id="chain"),
    pytest.param({"at_ms": T0}, id="time"),
])  # fmt: skip
def test_a_changed_head_fails(book: Book, change: dict) -> None:
    signed = book.head(5)
    head = msgspec.structs.replace(signed.head, **change)
    assert not verify_head(SignedHead(head, signed.key, signed.signature), PUBLIC)


@pytest.mark.parametrize("signature", [
    pytest.param(lambda text: text.upper(), id="upper-case"),
    pytest.param(lambda text: text[:-2], id="cut"),
    pytest.param(lambda text: text[:64] + " " + text[64:], id="a-blank"),
    pytest.param(lambda text: "0" * 128, id="zeros"),
    pytest.param(lambda text: f"{int(text[0], 16) ^ 1:x}{text[1:]}", id="one-bit"),
])  # fmt: skip
def test_another_signature_fails(book: Book, signature) -> None:
    signed = book.head(5)
    assert not verify_head(SignedHead(signed.head, signed.key, signature(signed.signature)), PUBLIC)


def test_another_signers_key_under_our_fingerprint_fails(book: Book) -> None:
    forged = sign_head(book.head(5).head, OTHER)
    assert not verify_head(SignedHead(forged.head, fingerprint(PUBLIC), forged.signature), PUBLIC)


@pytest.mark.parametrize("fields", [
    pytest.param({"ledger": "shop"}, id="ledger"),
    pytest.param({"size": -1}, id="size"),
    pytest.param({"root": "AB" * 32}, id="root"),
    pytest.param({"chain": "ab" * 31}, id="chain"),
    pytest.param({"size": 0}, id="an-empty-ledger-has-one-root"),
    pytest.param({"at_ms": 10**18}, id="time"),
])  # fmt: skip
def test_a_head_of_another_form_is_refused(fields: dict) -> None:
    sound = {"ledger": LEDGER, "size": 5, "root": "ab" * 32, "chain": "cd" * 32, "at_ms": T0}
    with pytest.raises(DataError):
        Head(**{**sound, **fields})


def test_keys_come_back_from_pem() -> None:
    assert read_private_key(private_pem(KEY), mode=0o600).private_bytes_raw() == KEY.private_bytes_raw()
    assert fingerprint(read_public_key(public_pem(KEY))) == fingerprint(PUBLIC)


X = X25519PrivateKey.from_private_bytes(bytes(range(32)))


@pytest.mark.parametrize("pem", [
    pytest.param(b"", id="nothing"),
    pytest.param(b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", id="garbage"),
    pytest.param(X.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), id="another-sort-of-key"),
    pytest.param(KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x")), id="encrypted"),
    pytest.param(public_pem(KEY), id="the-public-one"),
])  # fmt: skip
def test_another_private_key_is_refused(pem: bytes) -> None:
    with pytest.raises(SettingError, match="Ed25519 private key"):
        read_private_key(pem, mode=0o600)


@pytest.mark.parametrize("pem", [
    pytest.param(b"", id="nothing"),
    pytest.param(X.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo), id="another-sort"),
    pytest.param(private_pem(KEY), id="the-private-one"),
])  # fmt: skip
def test_another_public_key_is_refused(pem: bytes) -> None:
    with pytest.raises(SettingError, match="Ed25519 public key"):
        read_public_key(pem)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601, 0o777])
def test_a_key_file_that_others_may_touch_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "ledger.pem"
    made = make_signing_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_signing_key(path).private_bytes_raw() == made.private_bytes_raw()
    path.chmod(mode)
    with pytest.raises(SettingError, match=f"mode {mode:04o}.*chmod 600"):
        read_signing_key(path)


def test_a_key_file_is_never_written_over(tmp_path: Path) -> None:
    path = tmp_path / "ledger.pem"
    with pytest.raises(SettingError, match="is missing"):
        read_signing_key(path)
    made = make_signing_key(path)
    with pytest.raises(SettingError, match="there already"):
        make_signing_key(path)
    assert read_signing_key(path).private_bytes_raw() == made.private_bytes_raw()


def test_openssl_checks_a_head_and_names_the_key(tmp_path: Path, book: Book) -> None:
    """A second implementation: what docs/ledger-proofs.md tells outsiders to run."""
    signed = book.head(5)
    for name, content in (("public.pem", public_pem(KEY)), ("head", head_bytes(signed.head)),
                          ("signature", bytes.fromhex(signed.signature))):  # fmt: skip
        (tmp_path / name).write_bytes(content)
    try:
        checked = subprocess.run(
            ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", "public.pem", "-rawin", "-in", "head",
             "-sigfile", "signature"], cwd=tmp_path, capture_output=True, env={"PATH": os.environ["PATH"]},
        )  # fmt: skip
        der = subprocess.run(
            ["openssl", "pkey", "-pubin", "-in", "public.pem", "-outform", "DER"], cwd=tmp_path, capture_output=True
        )
    except FileNotFoundError:
        pytest.skip("openssl is not installed")
    if b"rawin" in checked.stderr:
        pytest.skip("this openssl is older than 3.0")
    assert checked.returncode == 0, checked.stderr
    assert hashlib.sha256(der.stdout).hexdigest() == signed.key
