"""Debian's nginx with the configuration of `docker/nginx`, on loopback, with a certificate made for the test."""

import datetime as dt
import json
import os
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.conformance.running import ROOT
from tests.services import binary, end_with_parent, free_port, wait_until

SOURCE = ROOT / "docker/nginx"
NAME = "localhost"


class Nginx:
    """One nginx: its folder, its port, and the issuer people reach through it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.issuer = f"https://{NAME}:{self.port}"
        (folder / "logs").mkdir(parents=True)
        (folder / "tls").mkdir()
        certificate, key = make_certificate()
        (folder / "tls/certificate.pem").write_bytes(certificate)
        (folder / "tls/key.pem").write_bytes(key)
        self.trust = ssl.create_default_context(cadata=certificate.decode())

    @contextmanager
    def in_front_of(self, port: int) -> Iterator[None]:
        """Run it before a program that listens on a port of this machine."""
        shutil.copy(SOURCE / "forwarded.conf", self.folder)
        (self.folder / "nginx.conf").write_text(self._configuration(port), "utf-8")
        process = subprocess.Popen(
            [binary("nginx", "nginx"), "-p", str(self.folder), "-c", "nginx.conf", "-g", _foreground()],
            stdout=subprocess.DEVNULL,
            stderr=(self.folder / "stderr").open("wb"),
            preexec_fn=end_with_parent,  # noqa: PLW1509  forks from a thread that holds no lock
        )
        try:
            wait_until(self._answers, process, "nginx")
            yield
        finally:
            process.terminate()
            process.wait(20)

    def access_log(self) -> str:
        """Return what it noted of each request."""
        return (self.folder / "logs/access.log").read_text("utf-8")

    def paths_logged(self, until: str) -> set[str]:
        """Return the paths of the access log once one of them is there: nginx writes after it has answered."""
        for _ in range(600):
            *lines, _unfinished = self.access_log().split("\n")
            paths = {str(json.loads(line)["path"]) for line in lines}
            if until in paths:
                return paths
            time.sleep(0.05)
        raise AssertionError(f"{until} is not in the access log")

    def error_log(self) -> str:
        """Return what it complained about."""
        return (self.folder / "logs/error.log").read_text("utf-8") + (self.folder / "stderr").read_text("utf-8")

    def _configuration(self, port: int) -> str:
        """Return the file as it is, with the five lines changed that a province changes too."""
        text = (SOURCE / "nginx.conf").read_text("utf-8")
        for ours, theirs in {
            "server 127.0.0.1:8000;": f"server 127.0.0.1:{port};",
            "listen 443 ssl http2 default_server;": f"listen 127.0.0.1:{self.port} ssl http2 default_server;",
            "listen 443 ssl http2; ": f"listen 127.0.0.1:{self.port} ssl http2; ",
            "server_name dangnhap.example.gov.vn;": f"server_name {NAME};",
        }.items():
            assert text.count(ours) == 1, ours
            text = text.replace(ours, theirs)
        return text

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=5):
                return True
        except OSError:
            return False


def _foreground() -> str:
    # as root nginx would hand its workers to an account that may not enter a test's folder
    return "daemon off;" + (" user root;" if os.geteuid() == 0 else "")


def make_certificate() -> tuple[bytes, bytes]:
    """Return a certificate of its own authority for `localhost`, and its key, both as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = dt.datetime.now(dt.UTC)
    names = x509.SubjectAlternativeName([x509.DNSName(NAME), x509.IPAddress(ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=2))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return certificate.public_bytes(Encoding.PEM), private
