"""Measure the course beside its peers, in ratios from one run.

Writes benchmarks/results.json, docs/benchmark.md and its figure.
"""
import argparse
import datetime
import json
import sys

from benchmarks import memory, tables
from benchmarks.compete import compete, environment_of
from benchmarks.contests import CONTESTS, GROUPS


def measure(group):
    """Return the rows of a group."""
    if group == 'memory':
        print('memory: kernels', flush=True)
        return memory.measure(environment_of(1))
    rows = []
    for contest in CONTESTS:
        if contest.group == group:
            print(f'{group}: {contest.what}', flush=True)
            rows += compete(contest)
    return rows


def main(arguments):
    parser = argparse.ArgumentParser(prog='python -m benchmarks',
                                     description=__doc__)
    parser.add_argument('group', nargs='*', metavar='GROUP',
                        help='one of ' + ', '.join(GROUPS)
                        + '; all of them if none is named')
    groups = parser.parse_args(arguments).group
    wrong = set(groups) - set(GROUPS)
    if wrong:
        parser.error(f'{", ".join(sorted(wrong))}: no such group; there are '
                     f'{", ".join(GROUPS)}')
    results = (json.loads(tables.RESULTS.read_text())
               if tables.RESULTS.exists() else {})
    for group in groups or GROUPS:
        results[group] = {
            'rows': measure(group), 'machine': tables.machine(),
            'date': datetime.date.today().isoformat()}
        # In the order of the groups, whatever was measured first
        results = {g: results[g] for g in GROUPS if g in results}
        tables.write(results)


if __name__ == '__main__':
    main(sys.argv[1:])
