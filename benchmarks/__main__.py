"""Measure everything, or the questions named: `python -m benchmarks [QUESTION...]`."""

from __future__ import annotations

import argparse
import sys
from importlib import import_module
from time import perf_counter

from benchmarks.records import busy, machine, print_table, save, write_readme
from benchmarks.subject import Subject

QUESTIONS = (
    *("forward", "training", "single", "avx2", "peak", "scaling", "to99", "accuracy", "startup"),
    *("fields", "serve", "batch"),
)
QUIET = 0.1
"""Part of the processor's time that others may use; of ours. Frameworks whose threads wait for each other by spinning
fall to a tenth of their speed beside a busy neighbour, which says nothing about them."""


def main() -> None:
    """Run the questions one after another, print their tables, keep the results, and fill in the README."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("questions", nargs="*", metavar="QUESTION", help=", ".join(QUESTIONS))
    parser.add_argument("--no-save", action="store_true", help="print only")
    parser.add_argument("--anyway", action="store_true", help="measure on a busy machine, too")
    options = parser.parse_args()
    if unknown := set(options.questions) - set(QUESTIONS):
        parser.error(f"no question is called {', '.join(sorted(unknown))}; choose from {', '.join(QUESTIONS)}")
    print(machine())
    if (others := busy()) > QUIET and not options.anyway:
        sys.exit(f"others use {others:.0%} of the processor's time; wait until they are done, or give --anyway")
    Subject.write()
    figures = []
    for question in options.questions or QUESTIONS:
        others = max(others, busy())
        start = perf_counter()
        print(f"\n{question}: {import_module(f'benchmarks.{question}').__doc__.splitlines()[0]}", flush=True)
        found = import_module(f"benchmarks.{question}").measure()
        print_table(found)
        print(f"  ({perf_counter() - start:.0f} s)", flush=True)
        figures += found
    if options.no_save:
        return
    print(f"\nwritten to {save(figures, others)}; others used at most {others:.0%} of the processor's time")
    if not options.questions and not write_readme(figures):
        print("the README has no place for the table", file=sys.stderr)


if __name__ == "__main__":
    main()
