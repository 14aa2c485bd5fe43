# SPDX-License-Identifier: BSD-2-Clause
"""Who may ask the agent what, and what strange, slow and hostile clients can do: nothing."""

import concurrent.futures
import contextlib
import json
import os
import pathlib
import re
import socket
import ssl
import subprocess
import time

import pytest
from agents import Agent
from flows import wait_until
from ready import readable
from sight import PATIENCE_SEC, run

NOBODY = 65534
TOKEN = "0123456789abcdef0123456789abcdef"
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


@pytest.fixture(scope="module")
def agent(privileged, tmp_path_factory):
    """One for all tests of this file that need no other settings."""
    folder = tmp_path_factory.mktemp("agent")
    with Agent(folder / "agent.sock", "--listen", "127.0.0.1:0", "--listen", "[::1]:0", "--host-names",
               "web-3.example", "--also", "metrics --interval 1") as a:
        a.port = a.address()[1]
        yield a
        assert a.stop().status == 0


@pytest.fixture
def other_agent(privileged, tmp_path):
    with contextlib.ExitStack() as running:
        yield lambda *args, **options: running.enter_context(
            Agent(tmp_path / "agent.sock", *args, **options))


def raw(port, data, host="127.0.0.1", context=None, shut=False):
    """All that is answered to `data`, until the server closes or answers once more than once asked."""
    with socket.create_connection((host, port), PATIENCE_SEC) as s:
        if context:
            s = context.wrap_socket(s, server_hostname=host)
        # It may be cut off before all was sent.
        with contextlib.suppress(ConnectionError):
            s.sendall(data)
        if shut:
            with contextlib.suppress(OSError):  # ENOTCONN, likewise
                s.shutdown(socket.SHUT_WR)
        answer = b""
        while True:
            try:
                more = s.recv(65536)
            except ConnectionResetError:
                return answer
            if not more:
                return answer
            answer += more


def status_of(answer):
    found = re.match(rb"HTTP/1\.1 (\d+) ", answer)
    return int(found[1]) if found else None


def ask(port, *lines, **options):
    return raw(port, "\r\n".join(lines).encode("latin-1") + b"\r\nConnection: close\r\n\r\n", **options)


LOCAL = "Host: 127.0.0.1"
RAW = [
    ("a request", ["GET /healthz HTTP/1.1", LOCAL], 200),
    ("a HEAD", ["HEAD /healthz HTTP/1.1", LOCAL], 200),
    ("HTTP/1.0 without a host", ["GET /healthz HTTP/1.0"], 200),
    ("HTTP/1.1 without a host", ["GET /healthz HTTP/1.1"], 400),
    ("two hosts", ["GET /healthz HTTP/1.1", LOCAL, LOCAL], 400),
    ("a host of others", ["GET /healthz HTTP/1.1", "Host: evil.example"], 421),
    ("our own name", ["GET /healthz HTTP/1.1", "Host: web-3.example:80"], 200),
    ("localhost", ["GET /healthz HTTP/1.1", "Host: localhost:9900"], 200),
    ("a host with a user", ["GET /healthz HTTP/1.1", "Host: x@127.0.0.1"], 421),
    ("an origin of others", ["GET /healthz HTTP/1.1", LOCAL, "Origin: http://evil.example"], 403),
    ("the origin null", ["GET /healthz HTTP/1.1", LOCAL, "Origin: null"], 403),
    ("our own origin", ["GET /healthz HTTP/1.1", LOCAL, "Origin: http://127.0.0.1"], 200),
    ("a page of others", ["GET /healthz HTTP/1.1", LOCAL, "Sec-Fetch-Site: cross-site"], 403),
    ("our own page", ["GET /healthz HTTP/1.1", LOCAL, "Sec-Fetch-Site: same-origin"], 200),
    ("a POST", ["POST /healthz HTTP/1.1", LOCAL, "Content-Length: 0"], 405),
    ("an OPTIONS", ["OPTIONS /healthz HTTP/1.1", LOCAL], 405),
    ("a DELETE", ["DELETE /api/v1/status HTTP/1.1", LOCAL], 405),
    ("a method nobody knows", ["BREW /healthz HTTP/1.1", LOCAL], 405),
    ("a body", ["GET /healthz HTTP/1.1", LOCAL, "Content-Length: 5"], 413),
    ("chunks", ["GET /healthz HTTP/1.1", LOCAL, "Transfer-Encoding: chunked"], 413),
    ("chunks and a length", ["GET /healthz HTTP/1.1", LOCAL, "Content-Length: 0", "Transfer-Encoding: chunked"], 413),
    ("two lengths", ["GET /healthz HTTP/1.1", LOCAL, "Content-Length: 0", "Content-Length: 5"], 400),
    ("nothing at that path", ["GET /nothing HTTP/1.1", LOCAL], 404),
    ("a path above", ["GET /../../etc/passwd HTTP/1.1", LOCAL], 404),
    ("a path above, escaped", ["GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1", LOCAL], 404),
    ("a zero byte, escaped", ["GET /healthz%00 HTTP/1.1", LOCAL], 400),
    ("half an escape", ["GET /healthz%4 HTTP/1.1", LOCAL], 400),
    ("no UTF-8", ["GET /%ff HTTP/1.1", LOCAL], 400),
    ("an absolute target", ["GET http://127.0.0.1/healthz HTTP/1.1", LOCAL], 400),
    ("a star", ["GET * HTTP/1.1", LOCAL], 400),
    ("a parameter that there is not", ["GET /healthz?x=1 HTTP/1.1", LOCAL], 400),
    ("a parameter twice", ["GET /healthz?x=1&x=2 HTTP/1.1", LOCAL], 400),
    ("a long target", [f"GET /{'a' * 9000} HTTP/1.1", LOCAL], 414),
    ("long headers", ["GET /healthz HTTP/1.1", LOCAL, f"X: {'a' * 9000}"], 431),
    ("many headers", ["GET /healthz HTTP/1.1", LOCAL, *(f"X{i}: {i}" for i in range(700))], 431),
    ("a newer HTTP", ["GET /healthz HTTP/2.0", LOCAL], 505),
]


@pytest.mark.parametrize("what,lines,status", RAW, ids=[r[0] for r in RAW])
def test_a_table_of_requests(agent, what, lines, status):
    answer = ask(agent.port, *lines)
    assert status_of(answer) == status, answer[:400]
    if status in (200, 400, 403, 404, 405, 413, 421) and not what.startswith(("HTTP/1.1 without", "two hosts")):
        head = answer.split(b"\r\n\r\n")[0].decode()
        for name, value in HEADERS.items():
            assert f"\n{name}: {value}" in head, head
        assert "Content-Security-Policy: default-src 'none'" in head
    if what.startswith("a HEAD"):
        assert answer.endswith(b"\r\n\r\n")
    if status == 405:
        assert b"\nAllow: GET, HEAD" in answer
    if status == 421:
        assert json.loads(answer.split(b"\r\n\r\n", 1)[1])["status"] == 421


NO_REQUESTS = [
    b"GET /healthz\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"\x00" * 100,
    b"GET /healthz HTTP/1.1\r\nHost: evil.example\x00127.0.0.1\r\n\r\n", b"\r\n" * 5000,
    b"GET  /healthz  HTTP/1.1\r\nHost : 127.0.0.1\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"A" * 100000,
    b"GET /" + b"a" * 100000 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"a" * 100000 + b"\r\n\r\n",
]


def test_what_is_no_request_gets_no_page(agent):
    """An error, or nothing and an end within ten seconds; the next client is served."""
    with concurrent.futures.ThreadPoolExecutor(len(NO_REQUESTS)) as pool:
        answers = list(pool.map(lambda data: raw(agent.port, data, shut=True), NO_REQUESTS))
    for data, answer in zip(NO_REQUESTS, answers):
        assert status_of(answer) in (None, 400, 404, 405, 413, 414, 421, 431, 505), (data[:80], answer[:300])
    assert status_of(ask(agent.port, "GET /healthz HTTP/1.1", LOCAL)) == 200


def test_several_requests_on_one_connection_are_answered_in_order(agent):
    one = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    two = b"GET /nothing HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
    answer = raw(agent.port, one + one + two)
    assert re.findall(rb"HTTP/1\.1 (\d+)", answer) == [b"200", b"200", b"404"]


def test_a_refused_body_is_not_taken_for_a_request(agent):
    smuggled = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    head = b"GET /nothing HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n\r\n" % len(smuggled)
    assert re.findall(rb"HTTP/1\.1 (\d+)", raw(agent.port, head + smuggled, shut=True)) == [b"413"]


def test_errors_are_problems(agent):
    headers, body = agent.get("/api/v1/status?filtre=x", status=400)
    assert headers["Content-Type"] == "application/problem+json"
    problem = json.loads(body)
    assert problem["type"] == "about:blank" and problem["status"] == 400
    assert "no parameter 'filtre' here" in problem["detail"]
    # What a browser could take for HTML is escaped, whatever is asked.
    body = agent.get("/api/v1/status?%3Cscript%3E=%26", status=400)[1]
    assert b"<" not in body and "<script>" in json.loads(body)["detail"]


def test_another_address_of_ours_is_asked_by_its_name(agent):
    host, port = agent.address(1)
    assert host == "::1"
    assert status_of(ask(port, "GET /healthz HTTP/1.1", f"Host: [::1]:{port}", host="::1")) == 200
    assert status_of(ask(port, "GET /healthz HTTP/1.1", "Host: 127.0.0.1", host="::1")) == 421


def as_user(uid, *command):
    return subprocess.run(command, capture_output=True, text=True, user=uid, group=uid, extra_groups=[],
                          timeout=2 * PATIENCE_SEC)


def curl_status(uid, *words):
    return as_user(uid, "curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", *words).stdout


@pytest.mark.parametrize("host,number", [("127.0.0.1", 0), ("[::1]", 1)])
def test_over_loopback_only_root_learns_who_talks_to_whom(agent, host, number):
    port = agent.address(number)[1]
    url = f"http://{host}:{port}"
    assert curl_status(0, f"{url}/api/v1/status") == "200"
    assert curl_status(NOBODY, f"{url}/api/v1/status") == "403"
    assert curl_status(12345, f"{url}/api/v1/status") == "403"
    # These hold no addresses.
    assert curl_status(NOBODY, f"{url}/metrics") == "200"
    assert curl_status(NOBODY, f"{url}/healthz") == "200"
    # A bad word does not open what no word would have.
    assert curl_status(0, "-H", f"Authorization: Bearer {TOKEN}", f"{url}/api/v1/status") == "403"


def test_a_client_that_has_gone_is_not_taken_for_root(agent):
    """What the kernel still holds of a closed socket is told as root's: it must be nobody's."""
    code = ("import socket, sys\n"
            "s = socket.create_connection(('127.0.0.1', int(sys.argv[1])))\n"
            "s.sendall(b'GET /api/v1/status HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\n\\r\\n')\n"
            "s.shutdown(socket.SHUT_WR)\n"
            "sys.stdout.write(s.makefile('rb').readline().decode())\n")
    answer = as_user(NOBODY, "/usr/bin/python3", "-c", code, str(agent.port)).stdout
    assert "403" in answer


def test_the_socket_is_for_its_group(agent):
    st = os.stat(agent.socket_path)
    assert st.st_mode & 0o777 == 0o660
    pathlib.Path(agent.socket_path).parent.chmod(0o755)
    assert curl_status(12345, "--unix-socket", agent.socket_path, "http://localhost/healthz") == "000"


def test_other_users_may_be_let_in(other_agent):
    a = other_agent("--listen", "127.0.0.1:0", "--allow-users", "12345,nobody", "--without", "api")
    url = f"http://127.0.0.1:{a.address()[1]}/api/v1/status"
    assert [curl_status(uid, url) for uid in (0, 12345, NOBODY, 999)] == ["200", "200", "200", "403"]


def write(path, text, mode=0o600):
    path.write_text(text)
    path.chmod(mode)
    return path


@pytest.mark.parametrize("token,mode,part", [
    ("hunter2\n", 0o600, "is refused: it is too short"),
    ("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n", 0o600, "one character again and again"),
    (TOKEN + "\n", 0o644, "holds a secret and has the mode 644"),
    ("x" * 70000, 0o600, "is not a text of less than 64 KiB"),
])
def test_a_bad_token_is_refused(privileged, tmp_path, token, mode, part):
    path = write(tmp_path / "token", token, mode)
    done = run("agent", "--listen", f"unix:{tmp_path}/a.sock", "--token-file", path, "--check")
    assert done.status in (1, 3) and part in done.stderr


@pytest.mark.parametrize("options", [[], ["--token-file", "TOKEN"], ["--tls-certificate", "CERT", "--tls-key", "KEY"]],
                         ids=["nothing", "a token alone", "TLS alone"])
def test_beyond_this_machine_it_needs_tls_and_a_token(privileged, tmp_path, pki, options):
    write(tmp_path / "token", TOKEN)
    words = {"TOKEN": tmp_path / "token", "CERT": pki / "server.pem", "KEY": pki / "server.key"}
    done = run("agent", "--listen", "0.0.0.0:0", *(words.get(o, o) for o in options))
    assert done.status == 2
    assert "refusing to serve process names and addresses beyond this machine" in done.stderr


def test_a_token_lets_in_whoever_has_it(other_agent, tmp_path):
    a = other_agent("--listen", "127.0.0.1:0", "--token-file", write(tmp_path / "token", TOKEN + "\n"))
    url = f"http://127.0.0.1:{a.address()[1]}/api/v1/status"
    assert curl_status(NOBODY, url) == "401"
    assert curl_status(NOBODY, "-H", f"Authorization: Bearer {TOKEN}", url) == "200"
    for wrong in (TOKEN[:-1], TOKEN + "0", "", TOKEN.upper()):
        assert curl_status(NOBODY, "-H", f"Authorization: Bearer {wrong}", url) == "401"


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    """Two authorities, a server's certificate, and clients': good, of the other authority, expired."""
    folder = tmp_path_factory.mktemp("pki")

    def openssl(*words):
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)

    for name in ("ca", "other"):
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                f"{name}.key", "-out", f"{name}.pem", "-subj", f"/CN={name}", "-days", "2")
    (folder / "ext").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
    for name, by, days in (("server", "ca", "2"), ("good", "ca", "2"), ("foreign", "other", "2"), ("expired", "ca", "-1")):
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key",
                "-out", f"{name}.csr", "-subj", f"/CN={name}")
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", f"{by}.pem", "-CAkey", f"{by}.key", "-CAcreateserial",
                "-out", f"{name}.pem", "-days", days, "-extfile", "ext")
    return folder


def tls(pki, client=None, version=None):
    context = ssl.create_default_context(cafile=pki / "ca.pem")
    if client:
        context.load_cert_chain(pki / f"{client}.pem", pki / f"{client}.key")
    if version:
        context.minimum_version = context.maximum_version = version
        context.set_ciphers("ALL:@SECLEVEL=0")
    return context


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_tls_and_certificates_of_clients(other_agent, pki):
    a = other_agent("--listen", "tls:127.0.0.1:0", "--tls-certificate", pki / "server.pem", "--tls-key",
                    pki / "server.key", "--client-ca", pki / "ca.pem", "--user", "root")
    port = a.address()[1]
    request = ["GET /api/v1/status HTTP/1.1", LOCAL, "Authorization: none"]
    assert status_of(ask(port, *request, context=tls(pki, "good"))) == 200
    for client in (None, "foreign", "expired"):
        try:
            assert status_of(ask(port, *request, context=tls(pki, client))) in (403, None), client
        except (ssl.SSLError, ConnectionError):
            pass
    for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
        with pytest.raises((ssl.SSLError, ConnectionError)):
            ask(port, *request, context=tls(pki, "good", version))
    assert status_of(ask(port, *request, context=tls(pki, "good", ssl.TLSVersion.TLSv1_2))) == 200
    # Plain HTTP is not answered there.
    assert status_of(raw(port, b"GET /healthz HTTP/1.0\r\n\r\n", shut=True)) is None


def test_a_new_certificate_is_taken_at_a_hang_up(other_agent, pki, tmp_path):
    for name in ("pem", "key"):
        write(tmp_path / f"now.{name}", (pki / f"server.{name}").read_text())
    write(tmp_path / "token", TOKEN)
    conf = write(tmp_path / "agent.conf", f"tls-certificate = {tmp_path}/now.pem\ntls-key = {tmp_path}/now.key\n"
                                          f"token-file = {tmp_path}/token\nlisten = tls:127.0.0.1:0\n", 0o644)
    # The command line's listeners take the place of the file's.
    a = other_agent("--listen", "tls:127.0.0.1:0", "--config", conf, "--user", "root")
    port = a.address()[1]

    def subject():
        with socket.create_connection(("127.0.0.1", port), PATIENCE_SEC) as s:
            with tls(pki).wrap_socket(s, server_hostname="127.0.0.1") as t:
                return dict(x[0] for x in t.getpeercert()["subject"])["commonName"]

    assert subject() == "server"
    for name in ("pem", "key"):
        write(tmp_path / f"now.{name}", (pki / f"good.{name}").read_text())
    a.hang_up()

    def is_new():
        with contextlib.suppress(ssl.SSLError, OSError):
            return subject() == "good"

    wait_until(is_new, "the new certificate")
    new = TOKEN[::-1]
    write(tmp_path / "token", new)
    a.hang_up()

    def is_known():
        with contextlib.suppress(ssl.SSLError, OSError):  # TLS begins anew when the settings change
            return status_of(ask(port, "GET /api/v1/status HTTP/1.1", LOCAL, f"Authorization: Bearer {new}",
                                 context=tls(pki))) == 200

    wait_until(is_known, "the new token")


def test_a_thousand_slow_clients_hold_up_nobody_else(agent, many_files):
    """They are cut off in time; meanwhile the UNIX socket answers, and intervals go on."""
    before = agent.page()
    with contextlib.ExitStack() as stack:
        clients = []
        for i in range(1000):
            s = stack.enter_context(socket.socket())
            s.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                s.connect(("127.0.0.1", agent.port))
            clients.append(s)
        agent.wait_page(lambda p: p.sum("tcpsight_http_connections") > 40, "slow clients")
        # A byte now and then, never a whole request.
        end = time.monotonic() + PATIENCE_SEC + 15
        cut = set()
        while len(cut) < 40 and time.monotonic() < end:
            for s in clients:
                with contextlib.suppress(OSError):
                    s.send(b"G")
            assert agent.get("/healthz")[1] == b"ok\n"
            for s in readable(*clients, seconds=0.2):
                with contextlib.suppress(OSError):
                    if not s.recv(100):
                        cut.add(s)
                        clients.remove(s)
                        continue
                    continue
                cut.add(s)
                if s in clients:
                    clients.remove(s)
        assert len(cut) >= 40
        page = agent.page()
        assert page.sum("tcpsight_snapshot_timestamp_seconds") > before.sum("tcpsight_snapshot_timestamp_seconds")
    wait_until(lambda: status_of(ask(agent.port, "GET /healthz HTTP/1.1", LOCAL)) == 200, "a client after them")


def test_what_is_left_of_privileges(agent):
    lines = pathlib.Path(f"/proc/{agent.pid}/status").read_text().splitlines()
    status = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
    assert status["Seccomp"].strip() == "2" and status["NoNewPrivs"].strip() == "1"
    assert status["Uid"].split() == [str(NOBODY)] * 4
    for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(status[name], 16) == 0, f"{name}: {status[name]}"
