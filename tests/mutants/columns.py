#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Put a fault into the getter of each column, one after the other, and see that a golden case catches it.

usage: tests/mutants/columns.py BUILD_FOLDER [COLUMN...]

Root, for the columns of LIVE: those are held by tests of the live program.

In the copy BUILD_FOLDER/mutants one column, which a file names, gives a wrong value wherever it gives one:
a number that is one too many, a text that begins with another character, the next address. A column whose
fault changes the output of no golden case is held by none. Exit status 1 if there is one.
"""

import os
import pathlib
import subprocess
import sys
import tempfile

import run
from run import ROOT, copy_to, make

sys.path.insert(0, str(ROOT / "tests/golden"))

# Columns whose values come from the kernel or the machine alone, and what holds them.
LIVE = {
    "cgroup": "tests/e2e/test_workload.py",
    "unit": "tests/e2e/test_workload.py",
    "container": "tests/e2e/test_workload.py",
    "pod": "tests/e2e/test_workload.py",
    "sacked": "tests/e2e/test_stat_ss.py",
    "rcv_rtt_us": "tests/e2e/test_stat_ss.py",
    "forward_bytes": "tests/e2e/test_stat_ss.py",
    "frag_oks": "tests/e2e/test_stat.py -k fragments_are_the_hosts",
    "frag_fails": "tests/e2e/test_stat.py",
    "reasm_reqds": "tests/e2e/test_stat.py -k fragments_are_the_hosts",
    "reasm_timeout": "tests/e2e/test_stat.py",
    "listen_overflows": "tests/e2e/test_stat.py -k full_accept_queue",
    "memory_pressures": "tests/e2e/test_stat.py",
}

# Added to column.c: what stands in for one getter.
FAULT = r"""
#include <stdio.h>

static struct value (*honest)(const struct row *);
static char wrong_text[4096];
static struct addr wrong_addr;

static struct value wrong(const struct row *r)
{
	struct value v = honest(r);

	switch (v.type) {
	case VALUE_NONE:
		break;
	case VALUE_BOOL:
		v.u = !v.u;
		break;
	case VALUE_UINT:
	case VALUE_INT:
		v.u++;
		break;
	case VALUE_REAL:
		v.r += 1;
		break;
	case VALUE_TEXT:
	case VALUE_JSON:
		snprintf(wrong_text, sizeof(wrong_text), "%.*s", (int)v.text_len, v.text);
		wrong_text[v.type == VALUE_JSON && v.text_len > 2 ? 2 : 0] ^= 1;
		v.text = wrong_text;
		break;
	case VALUE_ADDR:
	case VALUE_ENDPOINT:
		wrong_addr = *v.addr;
		((unsigned char *)&wrong_addr)[15] ^= 1;
		v.addr = &wrong_addr;
		break;
	}
	return v;
}

__attribute__((constructor)) static void put_fault(void)
{
	char name[64] = "";
	FILE *file = fopen(FAULT_FILE, "r");

	if (!file)
		return;
	if (fscanf(file, "%63s", name) == 1)
		for (size_t i = 0; i < column_count; i++)
			if (!strcmp(columns[i].name, name)) {
				honest = columns[i].get;
				columns[i].get = wrong;
			}
	fclose(file);
}
"""


def spoil(tree, fault_file):
    """The copy's columns may be changed as it starts."""
    source, header = tree / "src/engine/column.c", tree / "src/engine/column.h"
    for path in source, header:
        path.write_text(path.read_text().replace("const struct column columns[]", "struct column columns[]"))
    source.write_text(source.read_text() + FAULT.replace("FAULT_FILE", f'"{fault_file}"'))


def failing(cases, build):
    """The first case whose output differs, or None."""
    # Named by the module's variable, as test_golden does.
    import test_golden
    test_golden.BUILD = build
    with tempfile.TemporaryDirectory() as folder:
        for case in cases:
            if case.run(pathlib.Path(folder)).stdout != "".join(line + "\n" for line in case.stdout):
                return case
    return None


def main(build, *names):
    os.environ.pop("TCPSIGHT_BUILD", None)
    import test_golden
    build = pathlib.Path(build).absolute()
    tree = build / "mutants"
    fault_file = build / "mutants.column"
    fault_file.unlink(missing_ok=True)
    copy_to(tree, build)
    spoil(tree, fault_file)
    made = make(tree, "")
    if made.returncode:
        sys.exit(made.stderr)
    help_text = subprocess.run([build / "tcpsight", "top", "-o", "help"], capture_output=True, text=True,
                               check=True).stdout
    columns = names or [line.split()[0] for line in help_text.splitlines() if line.strip()]
    cases = [test_golden.Case(path) for path in test_golden.CASES]
    wrong = failing(cases, tree / "build")
    if wrong:
        sys.exit(f"{wrong.path.name} fails without any fault")
    survivors = []
    for column in columns:
        fault_file.write_text(column)
        case = failing(cases, tree / "build") if column not in LIVE else None
        if case:
            # The next column is likely to be held by the same case.
            cases.remove(case)
            cases.insert(0, case)
        caught = [case.path.stem] if case else []
        if column in LIVE:
            caught = run.failing(tree, LIVE[column])
        survivors += [] if caught else [column]
        print(f"{column}: " + (f"caught by {caught[0]}" if caught else "SURVIVES"), flush=True)
    fault_file.unlink()
    print(f"{len(survivors)} of {len(columns)} columns survive" + "".join(f" {name}" for name in survivors))
    return bool(survivors)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
