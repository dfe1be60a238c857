"""The benchmark's page shows what was measured, all of it, and when."""
import json

from benchmarks import tables
from benchmarks.contests import CONTESTS, GROUPS

RESULTS = json.loads(tables.RESULTS.read_text())
# Without those on all the cores of this machine
EVERYWHERE = [c for c in CONTESTS if c.cores in (None, 1, 2)]


def test_the_page_is_what_was_measured_when_and_where():
    page = tables.PAGE.read_text()
    assert page == tables.page(RESULTS), 'make bench writes the page'
    for group in RESULTS.values():
        assert group['date'] in page and group['machine'] in page
    assert tables.FIGURE.exists()


def test_every_contest_was_held_with_every_contestant():
    asked = {(c.group, c.what, label) for c in EVERYWHERE
             for label in ([None] if c.sizes else c.contestants)}
    held = {(name, row['what'], row.get('contestant'))
            for name, group in RESULTS.items() if name != 'memory'
            for row in group['rows']}
    assert asked <= held
    assert list(RESULTS) == GROUPS
    assert set(tables.TITLES) == set(GROUPS)


def test_the_bars_are_those_that_are_asked_for():
    asked = {f'{c.what}, {label}' + ', CPU' * (c.measure == 'cpu'):
             list(bar) for c in EVERYWHERE
             for label, bar in c.bars.items()}
    asked |= {c.what: list(c.slope) for c in CONTESTS if c.slope}
    held = {what: bar for what, bar, _ in tables.bars(RESULTS)}
    assert len(held) > len(asked)                 # with that of memory
    for what, (low, high) in asked.items():
        assert held[what] == [low, None if high == float('inf') else high]


def test_what_misses_its_bar_is_explained_and_nothing_else():
    missed = {what for what, bar, value in tables.bars(RESULTS)
              if not tables.met(bar, value)}
    assert missed == set(tables.BEHIND)


def test_the_readme_says_what_was_measured():
    def times(group, contestant, what):
        return [f'{1 / row["ratio"][0]:.1f}' for row in RESULTS[group]['rows']
                if row['contestant'] == contestant and what in row['what']]
    said = ' '.join((tables.ROOT / 'README.md').read_text().split())
    numpy, = times('reading', 'NumPy: the limit', 'batch 256')
    torch = sorted(times('training', 'PyTorch', '1 core'))
    assert f'batches of 256 in {numpy} times what NumPy alone needs' in said
    assert f'[{torch[0]} to {torch[-1]} times PyTorch' in said
