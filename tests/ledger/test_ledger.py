"""The ledger's file and page say what our runs gave, and nothing else."""
import re

import pytest

from ledger import figures, record, table
from ledger.experiments import EXPERIMENTS, OPTIMISERS
from ledger.sources import ROWS
from tools.lessons import Lesson

FOUND = record.read()
MEASURED = [row for row in FOUND['rows'] if 'mean' in row]


def name(row):
    return f'{row["lesson"][:2]} {row["source"]}: {row["setting"]}, ' \
        + row['what']


def test_the_file_follows_from_its_runs():
    runs = FOUND['runs']
    assert list(runs) == list(EXPERIMENTS)
    assert record.rows(runs) == FOUND['rows'], 'make ledger writes the file'
    assert record.pairs(runs) == FOUND['pairs']
    assert record.curves(runs) == FOUND['curves']


@pytest.mark.parametrize('experiment', EXPERIMENTS)
def test_an_experiment_finds_its_definitions(experiment):
    lesson, names, before, *_ = EXPERIMENTS[experiment]
    Lesson(lesson).needed(names, before)


@pytest.mark.parametrize('row', MEASURED, ids=name)
def test_a_row_is_complete(row):
    lengths = {len(row[k]) for k in ('at', 'mean', 'sd', 'figures', 'inside',
                                     'low', 'high') if k in row}
    assert lengths == {len(row['at'])}
    # Five seeds or more, unless nothing is random
    assert row['runs'] >= 5 or (row['scale'], row['runs']) == ('exact', 1)
    assert ('low' in row) == (row['scale'] != 'exact')


@pytest.mark.parametrize('row', MEASURED, ids=name)
def test_our_means_keep_their_bounds(row):
    low, high = row.get('bound', (float('-inf'), float('inf')))
    assert low < row['mean'][-1] < high


def test_what_is_not_random_agrees_but_for_one_label():
    assert [name(row) for row in FOUND['rows'] if row['scale'] == 'exact'
            and not all(row['inside'])] == [
        '03 S0: the first training image, label']


def test_a_cause_is_given_only_where_something_is_outside_or_missing():
    for row in FOUND['rows']:
        if 'note' in row:
            assert not all(row.get('inside', [False])), name(row)
        elif 'figures' in row:
            assert 'inside' in row, f'{name(row)}: why is it not measured?'


def test_the_page_shows_the_file():
    assert table.PAGE.read_text() == table.page(FOUND), \
        'python -m ledger --show writes the page'
    for part in ('reported', 'softmax', 'digits'):
        assert f'(_static/ledger_{part}.png)' in table.page(FOUND)
        assert (figures.FOLDER / f'ledger_{part}.png').exists()


def test_the_page_names_every_figure_that_is_outside():
    text = '\n'.join(table.outside(FOUND['rows']))
    entries = re.split(r' \| |<br>', text)
    for row in FOUND['rows']:
        for figure, inside in zip(row.get('figures', ()),
                                  row.get('inside', ()), strict=False):
            if not inside:
                assert figure in entries


def test_the_curves_are_those_that_the_lessons_draw():
    curves = FOUND['curves']
    assert set(curves['14']) == set('abc')
    assert list(curves['15']) == list(OPTIMISERS)
    for run in (*curves['14'].values(), *curves['15'].values()):
        assert run['seeds'] >= 5
        assert len(run['batches']) == len(run['loss_mean'])
    theirs = [row.figures for row in ROWS if row.what == 'batch loss']
    drawn = [curves['14'][kind][key] for kind, key in (
        ('a', 'source'), ('b', 'source'), ('c', 'source'),
        ('c', 'source_again'))]
    for printed, values in zip(theirs, drawn, strict=True):
        assert values == pytest.approx([float(p) for p in printed], rel=5e-3)
