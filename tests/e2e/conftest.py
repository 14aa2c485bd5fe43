# SPDX-License-Identifier: BSD-2-Clause
"""Fixtures of the end-to-end tests: real tcpsight, real TCP, compared with what was really sent."""

import contextlib
import os
import pathlib
import resource
import time

import bpfstate
import pytest
import sources
import witness
from netns import Cgroup, Netns, cgroup2_mount
from outputs import write_events
from pyterm import PyTerm
from rungs import Rungs
from sight import PROGRAM, UNSEEN_MAX, Tcpsight
from witness import pytest_runtest_protocol


@pytest.fixture(scope="session")
def built():
    assert PROGRAM.exists(), f"{PROGRAM} is not built (make builds it)"


@pytest.fixture(scope="session")
def privileged(built):
    """For tests that load BPF programs: only as root, on a kernel that has BTF."""
    if os.geteuid() != 0:
        pytest.skip("needs root")
    if not pathlib.Path("/sys/kernel/btf/vmlinux").exists():
        pytest.skip("needs a kernel with BTF")


@pytest.fixture
def many_files():
    """For tests that hold thousands of sockets themselves."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, tuple(max(20_000, limit) for limit in before))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.fixture
def few_closes(built, tmp_path):
    """Events of three connections."""
    return write_events(tmp_path / "few", 3)


@pytest.fixture(scope="module")
def many_closes(built, tmp_path_factory):
    """More rows than the queue of an output holds."""
    return write_events(tmp_path_factory.mktemp("many") / "events", 30_000)


@pytest.fixture
def screen(built):
    running = []

    def start(*args, **options):
        running.append(PyTerm([str(PROGRAM), *map(str, args)], **options))
        return running[-1]

    yield start
    for term in running:
        term.close()


@pytest.fixture
def sight(privileged):
    """Starts tcpsight, any number of times; what still runs after the test is ended."""
    with contextlib.ExitStack() as running:
        yield lambda *args, **options: running.enter_context(Tcpsight(*args, **options))


@pytest.fixture(scope="module", params=sources.BOTH, ids=lambda source: source.name)
def source(request):
    """Whoever asks for it runs once on each source, see sources.py."""
    return request.param


def life_of(source):
    began = time.monotonic()
    with Tcpsight("life", "--json", *source.options) as tool:
        yield tool
        outcome = tool.stop()
    assert outcome.status == 0, outcome.stderr
    assert tool.without_row <= outcome.summary["lost"]
    # What interrupts a task on whose time no program is called may end many connections at once, and this one outlives the
    # test that would be played again for it.
    assert outcome.summary["lost"] <= max(UNSEEN_MAX, witness.closes_since(began)) or not source.knows_erased


@pytest.fixture(scope="module")
def life(privileged):
    """One `life --json` for all tests of a file, which must end well after them."""
    yield from life_of(sources.Bpf)


@pytest.fixture(scope="module")
def each_life(privileged, source):
    """The same on each source. Network namespaces that a test makes itself are too young for it."""
    yield from life_of(source)


@pytest.fixture(scope="session")
def nothing_left_attached_after():
    """A context manager: what was loaded inside it must be gone after it, or in use elsewhere."""

    @contextlib.contextmanager
    def check():
        before = bpfstate.existing()
        yield
        assert bpfstate.left_behind(before) == set()

    return check if os.geteuid() == 0 else contextlib.nullcontext


@pytest.fixture
def new_netns(privileged):
    """Makes network namespaces that go with the test."""
    made = []

    def make():
        made.append(Netns())
        return made[-1]

    yield make
    for netns in made:
        netns.remove()


@pytest.fixture
def netns(new_netns):
    return new_netns()


@pytest.fixture
def new_cgroup(privileged):
    """Makes control groups that go with the test."""
    if not cgroup2_mount():
        pytest.skip("needs a cgroup2 mount")
    made = []

    def make(parent=None, name=None):
        made.append(Cgroup(parent, name))
        return made[-1]

    yield make
    for cgroup in reversed(made):
        cgroup.remove()


@pytest.fixture
def rungs(tmp_path, privileged):
    """Starts `peek` under each filter, in a network namespace."""
    with contextlib.ExitStack() as running:
        yield lambda netns, interface, *options: Rungs(running, netns, tmp_path / netns.name,
                                                       interface, *options)


@pytest.fixture
def counted_runs(privileged):
    """The kernel counts how often BPF programs run, as long as the test lasts."""
    with bpfstate.counting_runs():
        yield
