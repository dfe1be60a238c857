"""Read sources.toml: what each source prints, and what of ours it is held to.

Raises:
    ValueError: a row has not as many places, lines and figures as it should;
        the message names the row.
"""
import tomllib
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from ledger.compare import SCALES

FILE = Path(__file__).with_name('sources.toml')
LOGGED = 0, 200, 400    # the batches of an epoch whose loss S2 prints
# Counted from the first of all; ours have 500 an epoch
BATCHES = [500 * n + k for n in range(5) for k in LOGGED]
PLACES = {
    'epochs': [f'epoch {n}' for n in range(1, 6)],
    'ten epochs': [f'epoch {n}' for n in range(1, 11)],
    'steps': [f'epoch {n}, batch {k}' for n in range(1, 6)
              for k in LOGGED]}
OURS = 'ours'           # the source of a setting that no source has


class Row(NamedTuple):
    """A setting, what a source prints of it, and what of ours."""

    lesson: str
    source: str         # S0 to S4, or OURS
    setting: str
    what: str
    at: list            # where along a run, one name per number
    lines: list = []    # of the source, one per figure
    section: str = ''
    figures: list = []  # as they are printed; empty where none is
    ours: list = []     # experiment, key, first number; empty for none
    scale: str = 'plain'
    bound: list = []
    note: str = ''

    @property
    def name(self):
        return f'{self.lesson[:2]} {self.source}: {self.setting}, {self.what}'


def line_numbers(text):
    """Return the numbers of 'a-b', of 'a' or of a list."""
    if isinstance(text, list):
        return text
    first, _, last = str(text).partition('-')
    return list(range(int(first), int(last or first) + 1))


def _row(entry):
    """Make a row of a table of sources.toml."""
    figures = entry.get('figures', '').split()
    lines = line_numbers(entry['lines']) if 'lines' in entry else []
    if figures and len(lines) == 1:
        lines *= len(figures)
    ours = entry.get('ours', [])
    row = Row(**entry | {
        'at': PLACES.get(entry['at'], entry['at'])
        if isinstance(entry['at'], str) else entry['at'],
        'lines': lines, 'figures': figures,
        'ours': [*ours, 0] if len(ours) == 2 else ours,
        'note': ' '.join(entry.get('note', '').split())})
    if figures and not len(figures) == len(lines) == len(row.at):
        raise ValueError(
            f'{row.name}: {len(figures)} figures, {len(lines)} lines and '
            f'{len(row.at)} places, expected one line and place per figure')
    if row.scale not in SCALES:
        raise ValueError(f'{row.name}: scale is {row.scale!r}, expected one '
                         f'of {", ".join(SCALES)}')
    return row


def printed():
    """Count the figures that each line of each text prints.

    Returns:
        A dict from the source to a Counter of lines.
    """
    return {source: Counter({line: number for lines, number in table.items()
                             for line in line_numbers(lines)})
            for source, table in _TABLES['printed'].items()}


_TABLES = tomllib.loads(FILE.read_text())
ROWS = [_row(entry) for entry in _TABLES['row']]
PAIRS = [entry | {'what': ' '.join(entry['what'].split())}
         for entry in _TABLES['pair']]
