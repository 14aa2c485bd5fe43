# SPDX-License-Identifier: BSD-2-Clause
"""
The description of the API against what the API answers: by the JSON schemas that it holds, judged by
python3-jsonschema, and by the routes in the source.
"""

import collections
import copy
import json
import os
import re
import subprocess
import time
from pathlib import Path

import jsonschema
import pytest
from agent_client import Agent, Connection
from sight import PATIENCE_SEC, PROGRAM
from test_api import PAYLOAD, Pair

SRC = Path(__file__).parents[2] / "src"
# What the page is made of is no part of the API.
OF_THE_PAGE = {"/", "/page.css", "/page.js"}
JUDGED_MAX = 3  # events of a kind
ALL_OF_A_ROW = "evidence"  # a value whose own keys no table knows


@pytest.fixture(scope="module")
def agent():
    with Agent() as running:
        yield running


@pytest.fixture(scope="module")
def document(agent):
    return agent.api("openapi.json")


class Judge:
    """Answers against the schemas of the document."""

    def __init__(self, document):
        self.document = document

    def whole(self, schema):
        """References of the document's parts are to the document."""
        return {**schema, "components": self.document["components"]}

    def schema_of(self, path, status, content_type):
        responses = self.document["paths"][path]["get"]["responses"]
        response = responses.get(str(status), responses["default"])
        if "$ref" in response:
            response = self.document["components"]["responses"][response["$ref"].split("/")[-1]]
        assert content_type in response["content"], (path, status, content_type)
        return self.whole(response["content"][content_type]["schema"])

    def part(self, name):
        return self.whole(self.document["components"]["schemas"][name])

    @staticmethod
    def check(schema, value):
        jsonschema.Draft202012Validator(schema).validate(value)

    def answer(self, agent, path, target=None, wanted=200, **parameters):
        """The JSON of an answer that has the status and the form that the document promises."""
        got = agent.get(target or path, **parameters)
        assert got.status == wanted, (path, got.status, got.body)
        self.check(self.schema_of(path, got.status, got.type), got.json)
        return got.json


@pytest.fixture(scope="module")
def judge(document):
    return Judge(document)


def objects(value, way=()):
    """The ways to all objects in a value."""
    if isinstance(value, dict):
        yield way
        for key, inner in value.items():
            if key != ALL_OF_A_ROW:
                yield from objects(inner, (*way, key))
    if isinstance(value, list):
        for at, inner in enumerate(value[:3]):
            yield from objects(inner, (*way, at))


def assert_nothing_else_is_taken(schema, value):
    """With one property more, at any place, it is refused."""
    for way in objects(value):
        other = copy.deepcopy(value)
        inner = other
        for step in way:
            inner = inner[step]
        inner["nobody_knows"] = 1
        with pytest.raises(jsonschema.ValidationError):
            Judge.check(schema, other)


def routes_of_the_source():
    found = set()
    for path in SRC.rglob("*.c"):
        found |= set(re.findall(r'\{"(/[^"]*)", HTTP_\w+', path.read_text()))
    return found - OF_THE_PAGE


def test_each_endpoint_is_described_and_nothing_else(document):
    routes = routes_of_the_source()
    assert len(routes) >= 15
    assert {route + "{id}" if route.endswith("/") else route for route in routes} == set(document["paths"])


def test_who_looks_elsewhere_is_told_where_to_look(agent):
    problem = agent.get("/api/v1/").json
    assert problem["status"] == 404
    listed = re.search("(/[^ ]*) lists", problem["detail"])[1]
    assert agent.get(listed).json["openapi"]


def test_its_schemas_are_schemas_and_its_references_lead_somewhere(document, agent):
    for schema in document["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)
    assert document["openapi"].startswith("3.1.") and document["info"]["version"] == agent.api("status")["version"]
    for reference in set(re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(document))):
        at = document
        for step in reference.split("/"):
            at = at[step]
    columns = {row["name"] for row in agent.api("columns")["rows"]}
    assert set(document["components"]["schemas"]["row"]["properties"]) == columns
    assert set(document["components"]["schemas"]["event_verdict"]["properties"]) == columns | {"change"}


def names_of(document, path):
    """The parameters of a query."""
    said = [document["components"]["parameters"][p["$ref"].split("/")[-1]]
            for p in document["paths"][path]["get"]["parameters"]]
    return {p["name"] for p in said if p["in"] == "query"}


def status_of(agent, target):
    """Of an answer that may have no end."""
    connection = Connection(agent.socket)
    connection.request("GET", target)
    response = connection.getresponse()
    said = response.status, response.headers.get_content_type()
    body = response.read() if said[0] != 200 else b""
    response.close()
    connection.close()
    return *said, body


def test_each_parameter_is_described_and_no_other_is_taken(document, agent, judge):
    every = set().union(*(names_of(document, path) for path in document["paths"]))
    flow_id = agent.wait_api(lambda a: a["rows"] and a["rows"][0]["id"], "listener", "listeners")
    for path in document["paths"]:
        target = path.replace("{id}", flow_id)
        for name in every:
            # What has no value is not given.
            status, content_type, body = status_of(agent, f"{target}?{name}=")
            if name in names_of(document, path):
                assert status == 200, (path, name, body)
            else:
                assert status == 400, (path, name, status)
                judge.check(judge.schema_of(path, status, content_type), json.loads(body))


def wait_doctor(agent):
    deadline = time.monotonic() + PATIENCE_SEC
    while agent.get("/api/v1/doctor").status == 503:
        assert time.monotonic() < deadline


def answers(agent, judge, pair):
    """One answer at least of each path that answers JSON, with rows where there can be some."""
    flows = "/api/v1/flows"
    yield flows, judge.answer(agent, flows, filter=pair.filter)
    for columns in halves(agent):
        yield flows, judge.answer(agent, flows, filter=pair.filter, columns=columns, int64="string")
    flow_id = agent.api("flows", filter=pair.filter)["rows"][0]["id"]
    yield flows + "/{id}", judge.answer(agent, flows + "/{id}", f"{flows}/{flow_id}")
    wait_doctor(agent)
    for name in ("status", "closed", "listeners", "verdicts", "columns", "counters", "doctor"):
        yield f"/api/v1/{name}", judge.answer(agent, f"/api/v1/{name}")
    for by in ("pid,comm,unit,container", "pod,uid,netns,family", "laddr,lport,raddr,rport",
               "role,state,remote_class,port", "cgroup_id"):
        yield "/api/v1/groups", judge.answer(agent, "/api/v1/groups", by=by, int64="string")
    yield "/api/v1/edges", judge.answer(agent, "/api/v1/edges")
    yield "/api/v1/series", judge.answer(agent, "/api/v1/series", step="2s")
    for group in ("pid,comm,unit,container", "pod,uid,netns,family", "laddr,lport,raddr,rport",
                  "role,state,remote_class,port", "cgroup_id"):
        yield "/api/v1/series", judge.answer(agent, "/api/v1/series", group=group, filter=pair.filter)


def halves(agent):
    names = [row["name"] for row in agent.api("columns")["rows"]]
    return ",".join(names[::2]), ",".join(names[1::2])


def test_answers_are_as_described_and_hold_nothing_else(agent, document, judge):
    with Pair() as pair, Pair() as stuck:
        Pair().close()
        pair.send(2)
        stuck.client.setblocking(False)
        with pytest.raises(BlockingIOError):
            while True:
                stuck.client.send(PAYLOAD)
        agent.wait_api(lambda a: a["rows"], "flow", "flows", filter=pair.filter)
        agent.wait_api(lambda a: a["rows"], "close", "closed", pid=os.getpid())
        agent.wait_api(lambda a: a["rows"], "end of the step", "series", group="pid", filter=pair.filter)
        agent.wait_api(lambda a: a["rows"], "verdict", "verdicts", filter=stuck.filter)
        met = {path for path, _ in [*checked(agent, judge, pair)]}
    described = {path for path, what in document["paths"].items()
                 if "application/json" in what["get"]["responses"]["200"]["content"]}
    assert met == described - {"/api/v1/openapi.json"}


def checked(agent, judge, pair):
    for path, value in answers(agent, judge, pair):
        rows = value.get("rows", [True])
        assert rows, path
        assert_nothing_else_is_taken(judge.schema_of(path, 200, "application/json"), value)
        yield path, value


def test_problems_are_as_described(agent, judge):
    pair = Pair()
    flow_id = agent.wait_api(lambda a: a["rows"] and a["rows"][0]["id"], "flow", "flows", filter=pair.filter)
    pair.close()
    agent.wait_api(lambda a: a["rows"], "close", "closed", filter=pair.filter)
    one = "/api/v1/flows/{id}"
    for path, target, status, parameters in (
            ("/api/v1/flows", None, 400, {"filter": "port 443 and"}),
            ("/api/v1/series", None, 400, {"step": "x"}),
            ("/api/v1/series", None, 400, {"step": "6m"}),
            ("/api/v1/series", None, 400, {"group": "sentence"}),
            ("/api/v1/counters", None, 400, {"int64": "text"}),
            ("/api/v1/events", None, 400, {"limit": "501"}),
            (one, "/api/v1/flows/x", 404, {}),
            (one, f"/api/v1/flows/{flow_id}", 410, {})):
        value = judge.answer(agent, path, target, status, **parameters)
        assert value["status"] == status
        assert_nothing_else_is_taken(judge.schema_of(path, status, "application/problem+json"), value)


def test_events_are_as_described(agent, judge):
    wanted = {"open": "row", "close": "row", "interval": "event_interval", "verdict": "event_verdict",
              "gap": "event_gap"}
    with agent.events(headers={"Last-Event-ID": str(1 << 60)}) as events, Pair() as stuck:
        stuck.client.setblocking(False)
        with pytest.raises(BlockingIOError):
            while True:
                stuck.client.send(PAYLOAD)
        Pair().close()
        met, deadline = collections.Counter(), time.monotonic() + 3 * PATIENCE_SEC
        while met.keys() != wanted.keys():
            assert time.monotonic() < deadline, met
            name, _, data = events.next()
            schema = judge.part(wanted[name])
            # The judge is slow: who looks at all of it falls behind, and may miss the one that is waited for.
            if met[name] < JUDGED_MAX:
                judge.check(schema, data)
            if not met[name]:
                assert_nothing_else_is_taken(schema, data)
            met[name] += 1


def test_the_stream_and_plain_texts_have_their_types(agent, document):
    for path, what in document["paths"].items():
        (content_type, *_) = what["get"]["responses"]["200"]["content"]
        if content_type != "application/json":
            assert status_of(agent, path)[:2] == (200, content_type), path


def test_doctor_says_what_the_command_says(agent):
    wait_doctor(agent)
    said = subprocess.run([str(PROGRAM), "doctor", "--json"], capture_output=True, text=True, check=True)
    assert agent.api("doctor")["rows"] == [json.loads(line) for line in said.stdout.splitlines()]


def test_series_have_the_step_that_is_asked_for(agent):
    """Bytes are neither lost nor counted twice between points of 1 s and of 4 s."""
    with Pair() as pair:
        pair.send(5)
        whole = agent.wait_api(lambda a: sum(a["tx_rate"]) * a["interval"] >= pair.sent and
                               len(a["time"]) >= 9 and a, "points", "series", metric="tx_rate,closed_rate")
    assert whole["step"] == 1
    fine = agent.api("series", metric="tx_rate")
    coarse = agent.api("series", metric="tx_rate", step="4s")
    assert coarse["step"] == 4
    # The steps stand on a grid: all but the first and last are whole.
    gaps = [b - a for a, b in zip(coarse["time"], coarse["time"][1:])]
    assert all(2.5 < gap < 5.5 for gap in gaps[:-1]), gaps
    assert len(fine["time"]) / 4 - 1 <= len(coarse["time"]) <= len(fine["time"]) / 4 + 2
    assert set(coarse["time"]) <= set(fine["time"]) | {coarse["time"][-1]}
    inner = slice(fine["time"].index(coarse["time"][0]) + 1, fine["time"].index(coarse["time"][-2]) + 1)
    widths = [b - a for a, b in zip(fine["time"], fine["time"][1:])]
    bytes_fine = sum(r * w for r, w in zip(fine["tx_rate"][inner], widths[inner.start - 1:inner.stop - 1]))
    bytes_coarse = sum(r * w for r, w in zip(coarse["tx_rate"][1:-1], gaps[:-1]))
    assert bytes_coarse == pytest.approx(bytes_fine, rel=0.02)
