# SPDX-License-Identifier: BSD-2-Clause
"""The deliberate faults still fit the source. That tests catch them is for `./dev mutate`, which builds
each."""

import pathlib
import re
import subprocess

import pytest

HERE = pathlib.Path(__file__).resolve().parent
PATCHES = sorted(HERE.glob("*.patch"))


@pytest.mark.parametrize("path", PATCHES, ids=[p.stem for p in PATCHES])
def test_it_can_be_put_in(path):
    text = path.read_text(encoding="ascii")
    assert re.match(r"Invariant: .+\.\nCaught by: tests/.+\n\n--- a/", text)
    subprocess.run(["patch", "--dry-run", "-s", "-p1", "-i", path], cwd=HERE.parents[1], check=True)
