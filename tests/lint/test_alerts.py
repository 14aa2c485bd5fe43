# SPDX-License-Identifier: BSD-2-Clause
"""doc/alerts/: made from the tables of verdicts; promtool understands them, and each fires when it should and not
before. The dashboard asks for metrics that there are, in queries that promtool can parse."""

import importlib.machinery
import importlib.util
import json
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
ALERTS = ROOT / "doc/alerts"


@pytest.fixture(scope="module")
def made():
    loader = importlib.machinery.SourceFileLoader("make_alerts", str(ROOT / "doc/make-alerts"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("make_alerts", loader))
    loader.exec_module(module)
    return module


def promtool(*words):
    done = subprocess.run(["promtool", *map(str, words)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_they_are_those_of_the_tables():
    subprocess.run([ROOT / "doc/make-alerts", "--check"], check=True)


def test_each_verdict_that_is_no_praise_has_an_alert(made):
    """Of the code as it is told to Prometheus: tcpsight_verdicts{verdict=...}."""
    wanted = {code for name in ("live", "closed", "listener")
              for code, severity, *_ in made.tables().rules(name) if severity != "fine"}
    found = set(re.findall(r'verdict="(\w+)"', (ALERTS / "tcpsight.rules.yml").read_text()))
    assert found == wanted and len(found) > 20


def one_test(made, code, severity):
    """Two series: one has the verdict from the second minute on, one never."""
    lasts, level = made.LASTS[severity]
    minutes = int(lasts[:-1])
    labels = f'verdict="{code}", unit="u.service", comm="c", side="client"'
    expected = {"exp_labels": {"severity": level, "verdict_severity": severity, "instance": "a", "verdict": code,
                               "unit": "u.service", "comm": "c", "side": "client"}}
    checks = [(1 + minutes - 0.5, []), (1 + minutes + 1, [expected]), (21, [])]
    return {"interval": "30s",
            "input_series": [{"series": f'tcpsight_verdicts{{instance="a", {labels}}}', "values": "0x1 2x36 0x10"},
                             {"series": f'tcpsight_verdicts{{instance="b", {labels}}}', "values": "0x50"}],
            "alert_rule_test": [{"eval_time": f"{int(60 * at)}s", "alertname": made.alert_name(code),
                                 "exp_alerts": alerts} for at, alerts in checks]}


def test_each_fires_when_it_should(made, tmp_path):
    tests = [one_test(made, code, severity) for code, severity, *_ in made.verdicts()]
    # What annotations say is compared too: it is taken from the rules as they are.
    said = annotations()
    for test in tests:
        for check in test["alert_rule_test"]:
            for alert in check["exp_alerts"]:
                alert["exp_annotations"] = {
                    key: value.replace("{{ $labels.instance }}", "a").replace("{{ $value }}", "2")
                    .replace("{{ $labels.comm }}", "c").replace("{{ $labels.unit }}", "u.service")
                    for key, value in said[check["alertname"]].items()}
    tests += [
        {"interval": "30s", "input_series": [{"series": 'up{job="tcpsight", instance="a"}', "values": "1x4 0x30"}],
         "alert_rule_test": [{"eval_time": "6m", "alertname": "TcpsightSilent", "exp_alerts": []},
                             {"eval_time": "9m", "alertname": "TcpsightSilent", "exp_alerts": [
                                 {"exp_labels": {"severity": "warning", "job": "tcpsight", "instance": "a"},
                                  "exp_annotations": {"summary": "a does not report: no answer about it holds"}}]}]},
        {"interval": "30s", "input_series": [{"series": 'tcpsight_lost_total{instance="a", stage="x"}', "values": "7x50"}],
         "alert_rule_test": [{"eval_time": "12m", "alertname": "TcpsightLoses", "exp_alerts": []}]},
    ]
    file = tmp_path / "test.yml"
    # JSON is YAML.
    file.write_text(json.dumps({"rule_files": [str(ALERTS / "tcpsight.rules.yml")], "evaluation_interval": "30s",
                                "tests": tests}))
    assert "SUCCESS" in promtool("test", "rules", file)


def annotations():
    """By alert, as the file has them."""
    found, name = {}, None
    for line in (ALERTS / "tcpsight.rules.yml").read_text().splitlines():
        if match := re.fullmatch(r"  - alert: (\w+)", line):
            name = match[1]
            found[name] = {}
        elif match := re.fullmatch(r"      (summary|description|runbook): '(.*)'", line):
            found[name][match[1]] = match[2].replace("''", "'")
    return found


def test_the_dashboard_asks_for_what_there_is(tmp_path):
    board = json.loads((ALERTS / "tcpsight.grafana.json").read_text())
    ids = [panel["id"] for panel in board["panels"]]
    assert ids == sorted(set(ids)) and board["schemaVersion"] and board["title"]
    places = {(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in board["panels"]}
    assert len(places) == len(ids)
    queries = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    console = (ALERTS / "consoles/tcpsight.html").read_text()
    variables = " ".join(variable["query"] for variable in board["templating"]["list"])
    sources = "".join(path.read_text() for path in [ROOT / "src/metrics/metric.c", ROOT / "src/consumer/metrics_self.c"])
    for name in set(re.findall(r"tcpsight_\w+", " ".join([*queries, variables, *re.findall(r'printf "(.*tcpsight_.*)"', console)]))):
        assert f'"{re.sub("_(total|bucket)$", "", name)}"' in sources, name
    file = tmp_path / "rules.yml"
    file.write_text(json.dumps({"groups": [{"name": "g", "rules": [
        {"record": f"r:{i}", "expr": query.replace("$instance", ".*")} for i, query in enumerate(queries)]}]}))
    assert f"{len(queries)} rules found" in promtool("check", "rules", file)
