# SPDX-License-Identifier: BSD-2-Clause
"""The live page in a real Chromium: what it shows is what was sent, to everybody, and nothing else happens."""

import contextlib
import datetime
import pathlib
import re
import time
import urllib.parse

import pytest
from agent_client import ROOMY, Agent
from browser import Browser
from flows import named, wait_until
from ports import free_port
from sight import Tcpsight
from test_api import PAYLOAD, Pair
from test_api_earlier import bytes_in

HOSTILE = "<img src=x on>&"
SENT = 43210
NOBODY = 65534
TOKEN = "0123456789abcdef0123456789abcdef"
LOST = "document.documentElement.classList.contains('stale')"


def client_of(told):
    """A filter that only the first client of named.py passes."""
    return f"src port {told['ports'][0]} and dst port {told['servers'][0]}"


def agent_at(port, *more):
    return Agent(*ROOMY, "--listen", f"127.0.0.1:{port}", *more)


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


def test_a_small_screen_shows_all_columns(open_page):
    """The last one says what is wrong."""
    with Pair() as pair, open_page({"filter": pair.filter}, viewport={"width": 1280, "height": 900}) as page:
        pair.client.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                pair.client.send(PAYLOAD)
        page.wait_rows(lambda rows: rows and rows[0]["Verdict"].startswith("stalled"), "verdict")
        assert page.eval("""(() => { const wide = document.querySelector("#rows .wide");
            return wide.scrollWidth - wide.clientWidth; })()""") == 0


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
        # A table has so many rows, and other tests may have made hundreds of names.
        ports = " or ".join(f"port {port}" for port in process.hear()["servers"])
        with open_page({"by": "comm", "filter": ports}) as page:
            (row,) = group(page.wait_rows(group, "group"))
            assert (row["Sent"], row["Received"]) == ("7.0 kB", "7.0 kB")
            # Both ends are its own, so each byte is told twice.
            (row,) = group(page.wait_rows(lambda rows: [r for r in group(rows) if r["Last minutes"]], "its line"))
            assert row["Last minutes"].startswith("14.0 kB in all, ")
            assert page.violations() == []


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


@pytest.fixture(scope="module")
def stranger():
    """Nobody's browser, whom loopback alone does not let in."""
    with Browser(user=NOBODY) as running:
        yield running


def test_a_token_is_asked_for_and_a_wrong_one_refused_in_words(privileged, stranger, tmp_path):
    number, path = free_port(), tmp_path / "token"
    path.write_text(TOKEN)
    path.chmod(0o600)
    with agent_at(number, "--token-file", path), named("page-token", 4000) as process, stranger.page() as page:
        words = urllib.parse.urlencode({"filter": client_of(process.hear())})
        assert page.goto(f"http://127.0.0.1:{number}/#{words}") == 200
        said = page.until("document.getElementById('login-why').innerText", "question for the token")
        assert "needs the token of --token-file" in said and page.rows() == []
        assert page.violations() == []
        page.call("fill", "#token", TOKEN[::-1])
        page.press("Enter")
        page.until("document.getElementById('login-why').innerText", "refusal",
                   lambda text: "refused this token" in text)
        assert page.text("#login") and page.rows() == []
        page.call("fill", "#token", TOKEN)
        page.press("Enter")
        page.wait_rows(lambda rows: [r["Sent"] for r in rows] == ["4.0 kB"], "row")
        assert page.text("#login") is None and page.text("#problem") is None
        # It is in no address, and a page that is loaded again has it still.
        assert TOKEN not in page.eval("location.href")
        page.call("reload")
        page.wait_rows(lambda rows: len(rows) == 1, "row")
        assert page.text("#login") is None
        assert page.eval("sessionStorage.length + localStorage.length + document.cookie.length") == 1
        # The browser's own words on an answer of 401.
        assert [e for e in page.errors() if "status of 401" not in e] == []


# What Tab reaches, where it stands in the document, and whether the eye sees that it is there.
FOCUSED = """(() => { const e = document.activeElement, style = getComputedStyle(e);
    if (e === document.body) return null;
    e.dataset.met = "yes";
    return { name: e.id || e.tagName + ":" + e.textContent.trim(),
      place: [...document.querySelectorAll("*")].indexOf(e), isSeen: e.getClientRects().length > 0 &&
        style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2 }; })()"""
REACHABLE = """[...document.querySelectorAll("a[href], button, input, select, summary, [tabindex='0']")]
    .filter((e) => e.getClientRects().length && !e.disabled)"""


def test_tab_leads_through_everything_in_order(open_page):
    with Pair() as pair, open_page({"filter": pair.filter}) as page:
        page.wait_rows(lambda rows: len(rows) == 1, "row")
        # Nothing changes any more.
        page.press("p", "j", "Enter")
        page.until("!document.getElementById('detail').hidden", "detail")
        page.eval("(document.activeElement.blur(), window.getSelection().removeAllRanges(), true)")
        page.call("click", "h1")
        steps, limit = [], page.eval(REACHABLE + ".length") + 10
        while len(steps) < limit:
            page.press("Tab")
            step = page.eval(FOCUSED)
            if step is None or steps and step["name"] == steps[0]["name"]:
                break
            steps.append(step)
        assert len(steps) < limit, "Tab is caught"
        assert [s["name"] for s in steps if not s["isSeen"]] == []
        places = [s["place"] for s in steps]
        assert places == sorted(places)
        left = page.eval(REACHABLE + ".filter((e) => !e.dataset.met).map((e) => e.id || e.outerHTML)")
        assert left == []
        assert {"filter", "by", "pause", "theme", "earlier", "moment", "later", "detail-close", "peer"} <= {
            s["name"] for s in steps}


STATE = "document.getElementById('state').innerText"
PAST = re.compile(r"past, .*\d+:\d+:\d+.* \((\d+ min )?\d+ s ago\)")
AT = "new URLSearchParams(location.hash.slice(1)).get('at')"
# Moments and not their number: of an agent that is older than five minutes it stays.
HISTORY = "fetch('api/v1/series?metric=flows').then((a) => a.json()).then((d) => d.time)"


def kilobytes(text):
    number, unit = text.split()
    assert unit == "kB"
    return float(number)


def test_back_in_time_and_live_again(open_page):
    """What has gone is there at its moment, with what it moved; a link leads there; and the clock says which it is."""
    with Pair() as pair, open_page({"filter": pair.filter}) as page:
        page.until(HISTORY, "ten seconds", lambda moments: len(moments) > 10)
        page.until(STATE, "clock", lambda text: re.fullmatch(r"live, \d+:\d+:\d+( [AP]M)?", text))
        pair.send(20)
        page.wait_rows(lambda rows: rows and rows[0]["Sent"] == "200 kB", "row")
        pair.close()
        page.wait_rows(lambda rows: rows == [], "end")
        # An earlier moment is a step of five seconds that has ended: that in which it was sent, too.
        ended = page.until(HISTORY, "second")[-1] + 6
        page.until(HISTORY, "end of the step", lambda moments: moments[-1] > ended)
        met, sent, link, moved = set(), 0, "", []
        # Before the agent was there nothing is kept: no further than needed.
        while sent < 199.8:
            page.press("[")
            page.until("document.getElementById('state').dataset.at === " + AT, "earlier moment")
            said = page.eval(STATE)
            assert PAST.fullmatch(said)
            # Steps of the agent begin where they like; instead of one that has not ended that before it is shown.
            moment = said.split(" (")[0]
            rows = [] if moment in met else page.rows()
            met.add(moment)
            for row in rows:
                assert (row["Local"], row["Process"]) == (f"127.0.0.1:{pair.lport}", pair_name())
                if row["Sent"] != "0":
                    sent += kilobytes(row["Sent"])
                    link, moved = page.eval("location.href"), row
        assert abs(sent - 200) < 0.2
        assert page.violations() == []
        assert "not kept" in page.text("#wrong-sum")
        page.call("goto", "about:blank")
        page.call("goto", link)
        (row,) = page.wait_rows(lambda rows: rows, "row of the link")
        assert row == moved and PAST.fullmatch(page.eval(STATE))
        page.press("g")
        page.wait_rows(lambda rows: [(r.get("Process name"), r["Sent"]) for r in rows] == [(pair_name(), row["Sent"])],
                       "sums of that moment")
        page.press("p")
        page.until(STATE, "live", lambda text: text.startswith("live, "))
        assert page.text("#pause") == "Pause" and "at=" not in page.eval("location.href")
        page.press("p")
        paused = page.until(STATE, "pause", lambda text: text.startswith("past, "))
        assert paused.endswith("(paused)")


def pair_name():
    """Of this process, which holds both ends."""
    return pathlib.Path("/proc/self/comm").read_text().strip()


def test_a_recording_goes_further_back(browser, privileged, tmp_path):
    folder, number = tmp_path / "here", free_port()
    with Tcpsight("record", folder) as recorder, Pair() as pair:
        pair.send(6)
        wait_until(lambda: bytes_in(folder, pair) == pair.sent, "recording")
        sent = time.time()
        pair.close()
        assert recorder.stop().status == 0
    with agent_at(number, "--also", f"record {folder}") as agent, browser.page() as page:
        page.goto(f"http://127.0.0.1:{number}/#{urllib.parse.urlencode({'filter': pair.filter})}")
        page.until("!document.getElementById('recorded').hidden", "choice of a moment")
        # What is younger than a step is now.
        wait_until(lambda: time.time() > sent + 6, "past")
        seconds = page.eval(f"""(() => {{ const d = new Date({sent * 1000}); return [d.getFullYear(),
            d.getMonth() + 1, d.getDate(), d.getHours(), d.getMinutes(), d.getSeconds()]; }})()""")
        shown = []
        # The second in which the last reading came, or one of those before it.
        for back in range(4):
            moment = datetime.datetime(*map(int, seconds)) - datetime.timedelta(seconds=back)
            # Chromium leaves out seconds that are none.
            page.call("fill", "#recorded-at", moment.isoformat().removesuffix(":00"))
            page.call("dispatchEvent", "#recorded-at", "change")
            at = page.until(AT, "moment")
            assert at.startswith(moment.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S"))
            wait_until(lambda: (page.text("#past-note") or "").startswith("Counters"), "note")
            there = agent.api("flows", at=at, filter=pair.filter, columns="local,tx_bytes")["rows"]
            rows = [(row["Local"], row["Sent"]) for row in page.rows()]
            assert rows == [(row["local"], f"{row['tx_bytes'] / 1000:.1f} kB" if row["tx_bytes"] else "0")
                            for row in there]
            shown += [sent for _, sent in rows if sent != "0"]
        assert shown
        assert page.errors() == [] and page.violations() == []


@pytest.mark.parametrize("by", ["", "comm"])
def test_beyond_what_is_kept_it_says_so_and_shows_nothing_else(open_page, by):
    """Without a recording; what was there a moment ago is not left standing as if it were of then."""
    with Pair() as pair, open_page({"filter": pair.filter, "by": by}) as page:
        page.wait_rows(lambda rows: len(rows) == 1, "row")
        old = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=1)
        page.eval(f"""(() => {{ const w = new URLSearchParams(location.hash.slice(1));
            w.set("at", "{old.strftime('%Y-%m-%dT%H:%M:%SZ')}"); location.hash = w; return true; }})()""")
        page.call("reload")
        said = page.until("document.getElementById('past-note').innerText", "note")
        assert "the last five minutes are kept, and the agent has no recording" in said
        # It stays, however often the agent tells of now.
        last = page.until(HISTORY, "second")[-1]
        page.until(HISTORY, "further seconds", lambda moments: moments[-1] >= last + 3)
        assert page.text("#past-note") == said and page.rows() == []
        assert page.text("#sum-flows") == page.text("#sum-tx") == "-"
        assert PAST.fullmatch(page.eval(STATE)) or "1 h" in page.eval(STATE)
        assert page.text("#problem") is None and page.violations() == []
        # The browser's own words on an answer of 404.
        assert [e for e in page.errors() if "status of 404" not in e] == []
        page.press("p")
        page.until(STATE, "live", lambda text: text.startswith("live, "))
        page.wait_rows(lambda rows: len(rows) == 1, "row")
        assert page.text("#past-note") is None


def test_what_the_policy_forbids_would_be_noticed(open_page):
    """So that an empty list of errors says something."""
    with open_page({}) as page:
        page.eval("""(document.body.append(Object.assign(document.createElement("img"),
            { src: "http://127.0.0.1:1/x" })), true)""")
        (said,) = wait_until(page.errors, "complaint")
        assert "Content Security Policy" in said


def test_another_name_for_this_host_gets_nothing(browser, port):
    with browser.page() as page:
        assert page.goto(f"http://evil.example:{port}/") == 421
        assert "page.js" not in page.call("content")
