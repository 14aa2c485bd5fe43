# SPDX-License-Identifier: BSD-2-Clause
"""Alone or together, the same, for so many seconds: fuzz.py SECONDS FOLDER. Seeds are of the moment; the
first that fails is printed, and its folder is kept: its script `run` makes the case again."""

import itertools
import pathlib
import random
import shutil
import sys
import time

from together import make


def main(seconds, folder):
    deadline = time.monotonic() + seconds
    start = random.SystemRandom().randrange(1_000_000_000)
    for done in itertools.count():
        if time.monotonic() >= deadline:
            print(f"property: {done} files from seed {start} on, each question alone as together")
            return 0
        seed = start + done
        profile = random.Random(seed).choice(["any", "any", "any", "full", "long", "captured", "captured"])
        case = make(folder / f"{profile}-{seed}", profile, seed)
        case.run()
        difference = case.difference()
        if difference:
            print(f"property: {profile} seed {seed} fails: {difference}\n{case.folder}/run")
            return 1
        shutil.rmtree(case.folder)
    return 0


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), pathlib.Path(sys.argv[2]).absolute()))
