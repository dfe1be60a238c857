"""Run what is missing, then write the ledger, its page and its figures."""
import argparse
import sys

import ledger
from ledger import figures, record, runner, table
from ledger.experiments import EXPERIMENTS


def main(arguments):
    parser = argparse.ArgumentParser(
        prog='python -m ledger', description=ledger.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('name', nargs='*', metavar='NAME', help='one of '
                        + ', '.join(EXPERIMENTS))
    parser.add_argument('--show', action='store_true', help='run nothing')
    options = parser.parse_args(arguments)
    wrong = set(options.name) - set(EXPERIMENTS)
    if wrong:
        parser.error(f'{", ".join(sorted(wrong))}: no such experiment; '
                     f'there are {", ".join(EXPERIMENTS)}')
    if not options.show:
        runner.run_missing(options.name or EXPERIMENTS)
    record.write()
    found = record.read()
    table.write(found)
    figures.draw(found['rows'])


if __name__ == '__main__':
    main(sys.argv[1:])
