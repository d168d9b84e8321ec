"""A certificate for localhost that nobody vouches for, and a server that says what a test wants."""

import datetime as dt
import socket
import threading
import time
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - dt.timedelta(days=1)).not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    )
    return folder / "cert.pem", folder / "key.pem"


class Scripted:
    """A server that answers every connection with the same bytes, at its own pace."""

    def __init__(self, answer: bytes, *, drip_s: float = 0.0) -> None:
        self._answer, self._drip_s = answer, drip_s
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.asked: list[bytes] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listening.getsockname()[1]}/"

    def __enter__(self) -> "Scripted":
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._listening.close()
        with socket.socket() as one:  # wakes the thread where closing does not
            one.settimeout(0.2)
            one.connect_ex(("127.0.0.1", 1))
        self._thread.join(5)

    def _serve(self) -> None:
        self._listening.settimeout(0.1)
        while True:
            try:
                one, _ = self._listening.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            with one:
                one.settimeout(1)
                try:
                    self.asked.append(self._whole(one))
                    for at in range(len(self._answer)) if self._drip_s else [None]:
                        one.sendall(self._answer if at is None else self._answer[at : at + 1])
                        time.sleep(self._drip_s)
                except OSError:
                    pass

    @staticmethod
    def _whole(one: socket.socket) -> bytes:
        data = b""
        while b"\r\n\r\n" not in data:
            data += one.recv(65_536)
        head, _, body = data.partition(b"\r\n\r\n")
        length = next(
            (int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0
        )
        while len(body) < length:
            body += one.recv(65_536)
        return head + b"\r\n\r\n" + body


def http(status: int, body: bytes = b"", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} Said", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
