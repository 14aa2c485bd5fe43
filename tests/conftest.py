# SPDX-License-Identifier: BSD-2-Clause
"""What holds for all tests: their marks, and an order that suits several workers."""

import signal

# A worker is given one file after the other: what takes longest comes first, so that none is left with
# it in the end. Measured with --durations=0.
LONG = ["test_why.py", "test_peek_bpf.py", "test_ship.py", "test_from_ss.py", "test_page.py", "test_interrupted.py",
        "test_stat.py", "test_otlp.py", "test_options.py", "test_unit.py", "test_agent_day.py", "test_agent_metrics.py",
        "test_why_file.py", "test_alone_together.py", "test_api_series.py", "test_api_earlier.py", "test_lint.py",
        "test_retrans_causes.py", "test_descriptors.py", "test_ship_rejected.py", "test_clock.py", "test_api.py",
        "test_causes_from_packets.py", "test_intervals.py", "test_peek_filter.py", "test_doc_agent.py", "test_otlp_missed.py",
        "test_push_silent.py", "test_fuzz.py"]


def pytest_configure(config):
    # Whoever starts the tests in the background (nohup, a shell without jobs) has these ignored, and a
    # program inherits that: tcpsight would not hear the signals that tests send it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)
    for line in ("slow: left out of ./dev test FAST",
                 "alone: keeps all CPUs busy, so no other test runs beside it",
                 "still: needs a machine where nobody else gets a socket, so nothing runs beside it that has one",
                 "computes: opens no socket, so it may run beside what is still"):
        config.addinivalue_line("markers", line)


def pytest_collection_modifyitems(items):
    places = {name: place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: places.get(item.path.name, len(places)))
