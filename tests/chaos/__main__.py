"""
``make chaos``: search for what a thief could destroy, with so many steps of attack (``python -m tests.chaos STEPS [SEED]``).

Prints what was done how often. The first counterexample ends it, with the steps that lead there.
"""

import sys
import time
from collections import Counter

from tests.chaos import thief

_EXAMPLES = 200


def main(steps=100_000, seed=None):
    seed = int(time.time()) if seed is None else seed
    print(f"Seed {seed}.", flush=True)
    began, total, rounds = time.monotonic(), Counter(), 0
    while attacks(total) < steps:
        for name, setting in thief.SETTINGS.items():
            total += thief.search(setting, examples=_EXAMPLES, seed=seed + rounds)
            print(f"{attacks(total):>9,} steps of attack, {time.monotonic() - began:.0f} s: {name}", flush=True)
        rounds += 1
    print("\nNo moment was lost. What was done:")
    for what, count in total.most_common():
        print(f"{count:>9,}  {what}")


def attacks(counts):
    return sum(count for what, count in counts.items() if thief.is_attack(what))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
