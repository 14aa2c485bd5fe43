# SPDX-License-Identifier: BSD-2-Clause
"""Certificates, and servers that show them."""

import ssl
import subprocess

import pytest


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """Two authorities; of the first a server (localhost, 127.0.0.1) and a client."""
    folder = tmp_path_factory.mktemp("certificates")

    def openssl(*words):
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    for name in ("ours", "theirs"):
        openssl("req", "-x509", *key, "-keyout", f"{name}.key", "-out", f"{name}.pem", "-subj", f"/CN={name}")
    (folder / "names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    for name in ("server", "client"):
        openssl("req", *key, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ours.pem", "-CAkey", "ours.key", "-CAcreateserial",
                "-extfile", "names", "-out", f"{name}.pem")
    return folder


def tls_of(folder, asks=False):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    if asks:
        context.load_verify_locations(folder / "ours.pem")
        context.verify_mode = ssl.CERT_REQUIRED
    return context
