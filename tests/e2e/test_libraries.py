# SPDX-License-Identifier: BSD-2-Clause
"""Libraries that few runs need: loaded by those, asked of the kernel's maps; what is said where one is missing."""

import pathlib
import re
import subprocess

import pytest
from agents import Agent
from flows import wait_until
from sight import PROGRAM, Tcpsight, run

# What each brings along is not counted here.
LOADED = {"libmicrohttpd", "libgnutls", "libcurl", "libfixbuf"}
# Exits at once: the socket of an agent is needed by all; what sends warns and lets the others go on.
MISSING = {
    "libmicrohttpd.so.12": ["agent", "--listen", "unix:{folder}/agent.sock"],
    "libcurl.so.4": ["otlp", "--endpoint", "http://127.0.0.1:9"],
    "libfixbuf.so.9": ["ipfix", "--collector", "tcp:127.0.0.1:9"],
    "libgnutls.so.30": ["ipfix", "--collector", "tls:127.0.0.1:9"],
}


def mapped(pid):
    text = pathlib.Path(f"/proc/{pid}/maps").read_text()
    return LOADED & {name.split(".so")[0] for name in re.findall(r"/([^/\n]+\.so[^/\n]*)$", text, re.M)}


def path_of(library):
    (path, *_) = re.findall(rf"^\s+{re.escape(library)} .* => (\S+)$", subprocess.check_output(
        ["/sbin/ldconfig", "-p"], text=True), re.M)
    return pathlib.Path(path).resolve()


def hide(library):
    """Words in front of a command for which it is not there."""
    return ["unshare", "--mount", "sh", "-c", f'mount --bind /dev/null {path_of(library)} && exec "$0" "$@"']


def test_the_program_is_linked_with_none_of_them():
    needed = re.findall(r"\(NEEDED\).*\[(.*)\.so", subprocess.check_output(["readelf", "-d", PROGRAM], text=True))
    assert "libbpf" in needed and not LOADED & set(needed)


def test_a_run_that_does_not_serve_loads_none_of_them(sight):
    assert mapped(sight("top").pid) == set()


def test_an_agent_loads_what_it_serves_with(privileged, tmp_path):
    with Agent(tmp_path / "agent.sock") as agent:
        agent.get("/healthz")
        # Debian's is linked with GnuTLS.
        assert mapped(agent.pid) - {"libgnutls"} == {"libmicrohttpd"}


@pytest.mark.parametrize("library", MISSING)
def test_one_that_is_missing_is_named(privileged, library, tmp_path):
    words = [word.format(folder=tmp_path) for word in MISSING[library]]
    with Tcpsight(*words, ready=False, wrap=hide(library)) as tool:
        said = f"{library} cannot be loaded (Debian's package {library.split('.')[0]}"
        wait_until(lambda: any(said in line for line in list(tool.errors)), said)
        if words[0] == "agent":
            assert tool.wait_exit().status == 1
        else:
            wait_until(lambda: any("nothing is sent from here on" in line for line in list(tool.errors)), "a warning")
            assert tool.stop().status == 0


@pytest.mark.parametrize("library", MISSING)
def test_one_that_is_missing_is_told_when_settings_are_tried(privileged, library, tmp_path):
    settings = tmp_path / "agent.conf"
    report, option, value = MISSING[library]
    settings.write_text(f"listen = unix:{tmp_path}/agent.sock\n" + (
        "" if report == "agent" else f"[{report}]\n{option.removeprefix('--')} = {value}\n"))
    check = ["agent", "--config", settings, "--check"]
    assert run(*check).status == 0
    outcome = run(*check, wrap=hide(library))
    assert outcome.status == 1 and not outcome.lines
    assert f"{library} cannot be loaded (Debian's package {library.split('.')[0]}" in outcome.stderr
