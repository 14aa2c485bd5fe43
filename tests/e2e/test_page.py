# SPDX-License-Identifier: BSD-2-Clause
"""The live page in a real Chromium: what it shows is what was sent, to everybody, and nothing else happens."""

import contextlib
import socket
import urllib.parse

import pytest
from agent_client import Agent
from browser import Browser
from flows import named
from test_api import PAYLOAD, Pair

HOSTILE = "<img src=x on>&"
SENT = 43210
LOST = "document.documentElement.classList.contains('stale')"


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def client_of(told):
    """A filter that only the first client of named.py passes."""
    return f"src port {told['ports'][0]} and dst port {told['servers'][0]}"


def agent_at(port):
    return Agent("--without", "metrics", "--listen", f"127.0.0.1:{port}")


@pytest.fixture(scope="module")
def browser():
    with Browser() as running:
        yield running


@pytest.fixture(scope="module")
def port(privileged):
    number = free_port()
    with agent_at(number):
        yield number


@pytest.fixture
def open_page(browser, port):
    """A page of the agent with these words in its address, as a context; no error may be left behind."""

    @contextlib.contextmanager
    def open_it(words, **options):
        with browser.page(**options) as page:
            assert page.goto(f"http://127.0.0.1:{port}/#{urllib.parse.urlencode(words)}") == 200
            yield page
            assert page.errors() == []

    return open_it


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_shows_what_was_sent_by_keys_alone(open_page, scheme):
    """And a name that is markup is a name."""
    with named(HOSTILE, SENT) as process:
        told = process.hear()
        with open_page({"filter": client_of(told)}, colorScheme=scheme) as page:
            (row,) = page.wait_rows(lambda rows: len(rows) == 1 and rows[0]["Sent"], "row")
            assert row["Process"] == HOSTILE and row["PID"] == str(told["pid"])
            assert row["Sent"] == "43.2 kB" and row["Received"] == "0"
            assert page.eval("document.images.length") == 0
            page.press("j", "Enter")
            assert page.until("""[...document.querySelectorAll("#detail-all div")].find(
                (d) => d.firstChild.textContent === "tx_bytes")?.lastChild.textContent""",
                              "detail") == str(SENT)
            assert HOSTILE in page.text("#h-detail")
            assert page.violations() == []
            page.press("Escape")
            assert page.text("#h-detail") is None


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_telephone_is_wide_enough(open_page, scheme):
    with Pair() as pair, open_page({"filter": pair.filter}, colorScheme=scheme,
                                   viewport={"width": 360, "height": 740}) as page:
        page.wait_rows(lambda rows: len(rows) == 1, "row")
        assert page.eval("document.documentElement.scrollWidth") == 360
        assert page.violations() == []


def test_on_paper_it_is_black_on_white(open_page):
    with Pair() as pair, open_page({"filter": pair.filter}, colorScheme="dark") as page:
        page.wait_rows(lambda rows: len(rows) == 1, "row")
        colour = "getComputedStyle(document.body)[%s]"
        dark = page.eval(colour % "'backgroundColor'")
        page.call("emulateMedia", {"media": "print"})
        assert page.eval(colour % "'backgroundColor'") == "rgb(255, 255, 255)" != dark
        assert page.eval(colour % "'color'") == "rgb(0, 0, 0)"
        assert page.text("#ask") is None and page.text("#table")


def test_groups_are_sums(open_page):
    def group(rows):
        return [r for r in rows if r["Process name"] == "page-sums" and r["Connections"] == "4"]

    with named("page-sums", 3000, 4000) as process:
        process.hear()
        with open_page({"by": "comm"}) as page:
            (row,) = group(page.wait_rows(group, "group"))
            assert (row["Sent"], row["Received"]) == ("7.0 kB", "7.0 kB")


def test_what_is_wrong_comes_first_and_leads_to_its_connection(open_page):
    with Pair() as pair, open_page({"filter": pair.filter}) as page:
        pair.client.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                pair.client.send(PAYLOAD)
        # At first it may be found slow; and the figures of what is said go on.
        said = "peer's window is closed"
        page.until("document.getElementById('wrong-list').innerText", "finding",
                   lambda text: text.startswith("stalled: " + said))
        page.call("click", "#wrong-list li button")
        page.until("document.getElementById('detail-verdict').innerText", "verdict",
                   lambda text: said in text)
        assert f"127.0.0.1:{pair.lport}" in page.text("#h-detail")


def test_who_talks_to_whom(open_page):
    with named("page-edge", 5000) as process:
        told = process.hear()
        with open_page({"filter": client_of(told), "peer": "port"}) as page:
            title = page.until("document.querySelector('#picture path title')?.textContent", "edge")
            assert title.startswith(f"page-edge to {told['servers'][0]}: 5.0 kB sent, 0 received, 1 open")
            shown = page.eval("[...document.querySelectorAll('#picture text')].map((t) => t.textContent)")
            assert shown == ["page-edge", str(told["servers"][0])]


def test_a_mistake_is_told_with_its_place(open_page):
    with Pair() as pair, open_page({"filter": pair.filter}) as page:
        page.wait_rows(lambda rows: len(rows) == 1, "row")
        assert page.errors() == []
        page.press("/")
        page.call("fill", "#filter", "port 443 and")
        page.press("Enter")
        assert "syntax error" in page.until("document.getElementById('problem').innerText", "problem")
        assert page.eval("document.getElementById('filter').getAttribute('aria-invalid')") == "true"
        # The browser's own words on an answer of 400.
        assert [e for e in page.errors() if "status of 400" not in e] == []


def test_an_agent_that_ends_is_told_and_one_that_comes_back_is_shown(browser):
    number = free_port()
    with agent_at(number) as agent, browser.page() as page, named("page-back", 2000) as process:
        words = urllib.parse.urlencode({"filter": client_of(process.hear())})
        page.goto(f"http://127.0.0.1:{number}/#{words}")
        page.wait_rows(lambda rows: len(rows) == 1, "row")
        agent.kill()
        page.until(LOST, "sign that it is gone")
        assert "No connection to the agent since" in page.text("#lost")
        with agent_at(number), named("page-new", 3000) as other:
            page.until(LOST, "return", lambda is_lost: not is_lost)
            assert page.text("#lost") is None
            page.call("fill", "#filter", client_of(other.hear()))
            page.press("Enter")
            page.wait_rows(lambda rows: [(r["Process"], r["Sent"]) for r in rows] ==
                           [("page-new", "3.0 kB")], "row of the new one")


def test_another_name_for_this_host_gets_nothing(browser, port):
    with browser.page() as page:
        assert page.goto(f"http://evil.example:{port}/") == 421
        assert "page.js" not in page.call("content")
