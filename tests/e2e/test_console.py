# SPDX-License-Identifier: BSD-2-Clause
"""The console for Prometheus (doc/alerts/consoles), shown by a real one: it says what the metrics say."""

import html
import http.server
import re
import threading
import urllib.error
import urllib.parse
import urllib.request

import pytest
from flows import wait_until
from ports import free_port
from sight import PATIENCE_SEC, ROOT
from test_agent_metrics import ask, running

# Of two hosts, as tcpsight metrics has them; names as a program may have given them.
NAME = "<script>&\\\\'"
PAGES = {
    "one": ('tcpsight_verdicts{verdict="loss",unit="u.service",comm="%s",side="client"} 3\n'
            'tcpsight_verdicts{verdict="zero_window",unit="",comm="db",side="server"} 7\n'
            'tcpsight_connections{state="established"} 40\ntcpsight_connections{state="close_wait"} 2\n' % NAME),
    "two": 'tcpsight_verdicts{verdict="loss",unit="",comm="web",side="client"} 0\ntcpsight_connections{state="established"} 5\n',
}


class Pages:
    """Exporters of these hosts. Counters grow with each scrape."""

    def __init__(self):
        self.scrapes = 0
        pages = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_GET(self):
                pages.scrapes += 1
                text = PAGES[self.path.strip("/")]
                text += f'tcpsight_connections_closed_total{{reason="timeout"}} {100 * pages.scrapes}\n'
                text += f'tcpsight_io_bytes_total{{direction="transmit"}} {10 ** 6 * pages.scrapes}\n'
                self.send_response(200)
                self.end_headers()
                self.wfile.write(text.encode())

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self.server.server_address[1]

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("prometheus")
    with Pages() as target:
        port, config = free_port(), folder / "prometheus.yml"
        config.write_text("global: {scrape_interval: 1s}\nscrape_configs:\n- job_name: tcpsight\n  static_configs:\n"
                          f"  - {{targets: ['127.0.0.1:{target}'], labels: {{__metrics_path__: /one, instance: one}}}}\n"
                          f"  - {{targets: ['127.0.0.1:{target}'], labels: {{__metrics_path__: /two, instance: two}}}}\n"
                          "  - {targets: ['127.0.0.1:1'], labels: {instance: gone}}\n")
        with running("prometheus", f"--config.file={config}", f"--storage.tsdb.path={folder}/data",
                     f"--web.listen-address=127.0.0.1:{port}",
                     f"--web.console.templates={ROOT}/doc/alerts/consoles",
                     f"--web.console.libraries={ROOT}/doc/alerts/consoles"):
            wait_until(lambda: len(ask(port, 'rate(tcpsight_io_bytes_total[5m]) > 0')) == 2 and ask(port, "up == 0"), "scrapes")
            yield port


def table(page, name):
    """The rows of a table, as words."""
    rows = re.search(rf'<table id="{name}">(.*?)</table>', page, re.S)[1].split("<tr>")[2:]
    return [[html.unescape(re.sub(r"<[^>]*>", "", cell)).strip() for cell in re.findall(r"<td[^>]*>(.*?)</td>", row, re.S)]
            for row in rows]


def console(port, **asked):
    url = f"http://127.0.0.1:{port}/consoles/tcpsight.html?{urllib.parse.urlencode(asked)}"
    try:
        with urllib.request.urlopen(url, timeout=PATIENCE_SEC) as answer:
            return answer.read().decode()
    except urllib.error.HTTPError as error:
        raise AssertionError(error.read().decode()) from error


def test_the_console_says_what_the_metrics_say(prometheus):
    page = console(prometheus)
    assert "<script>" not in page
    assert table(page, "verdicts") == [["zero_window", "one", "", "db", "server", "7"],
                                       ["loss", "one", "u.service", "<script>&\\'", "client", "3"]]
    hosts = {row[0].split()[0]: row[1:] for row in table(page, "hosts")}
    assert set(hosts) == {"one", "two", "gone"} and "does not report" in page
    assert hosts["one"][0] == "42" and hosts["two"][0] == "5" and hosts["one"][1].endswith("B/s")
    assert hosts["gone"] == [""] * 5
    [[reason, count]] = table(page, "ends")
    assert reason == "timeout" and int(count) > 0


def test_the_console_of_one_host(prometheus):
    page = console(prometheus, instance="two")
    assert table(page, "verdicts") == [["nothing"]]
    assert [row[0] for row in table(page, "hosts")] == ["two"]
    # Whoever makes the link decides nothing but the host.
    assert table(console(prometheus, instance='x"} or up{job="tcpsight'), "hosts")[0][0].startswith("no host reports")
