"""The ledger holds every figure of the sources, and says what ours are."""
import json

import ledger
import pytest
from cells import NOTEBOOKS

ROWS = json.loads(ledger.LEDGER.read_text())['rows']


def name(row):
    return f'{row["lesson"][:2]}, {row["setting"]}, {row["what"]}'


@pytest.fixture(params=ROWS, ids=name)
def row(request):
    return request.param


def test_every_row_that_is_asked_for_is_there():
    asked = [(lesson, source, setting, what, at, reported and
              reported.split()) for lesson, source, setting, what, _, _, at,
             reported, _ in ledger.ROWS]
    assert asked == [(r['lesson'], r['source'], r['setting'], r['what'],
                      r['at'], r.get('reported')) for r in ROWS]


def test_a_row_is_complete(row):
    assert (NOTEBOOKS / f'{row["lesson"]}.ipynb').exists()
    lengths = {len(row[k]) for k in ('at', 'mean', 'sd', 'reported', 'inside')
               if k in row}
    assert lengths == {len(row['at'])}


def test_ours_come_from_five_seeds_or_more_unless_nothing_is_random(row):
    assert row['runs'] >= 5 or not any(row.get('sd', ()))


def test_a_figure_is_inside_exactly_where_the_row_says_so(row):
    for i, said in enumerate(row.get('inside', ())):
        assert said == ledger.inside(row['reported'][i], row['mean'][i],
                                     row['sd'][i], row['runs']), i


def test_a_figure_outside_is_explained_and_no_other(row):
    reported = row.get('reported', ())
    outside = [str(i) for i, inside in enumerate(
        row.get('inside', [False] * len(reported))) if not inside]
    assert outside == sorted(row.get('outside', {}), key=int)
    assert all(len(why) > 20 for why in row.get('outside', {}).values())


def test_our_means_keep_their_bounds(row):
    for i, (low, high) in row.get('bounds', {}).items():
        assert low < row['mean'][int(i)] < high


@pytest.mark.parametrize(('reported', 'mean', 'sd', 'runs', 'expected'), [
    ('0.51', 0.5108, 0, 1, True), ('0.52', 0.5108, 0, 1, False),
    ('.840', 0.819, 0.008, 10, False), ('.835', 0.819, 0.008, 10, True)])
def test_inside_means_one_more_run_could_be_it(reported, mean, sd, runs,
                                               expected):
    assert ledger.inside(reported, mean, sd, runs) is expected


def test_the_readme_shows_the_file():
    text = ledger.README.read_text()
    assert ledger.readme(text) == text, 'make ledger writes the table'


def test_the_curves_are_those_that_the_lessons_draw():
    curves = json.loads(ledger.LEDGER.read_text())['curves']
    assert set(curves['12']) == set('abc')
    assert set(curves['13']) == set(ledger.OPTIMISERS)
    for run in (*curves['12'].values(), *curves['13'].values()):
        assert run['seeds'] >= 5
        assert len(run['batches']) == len(run['loss_mean'])
