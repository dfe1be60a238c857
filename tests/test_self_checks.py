"""Every self-check of a lesson fails when its idea is got wrong.

The mistakes are in tests/mistakes/NN_slug.toml, each a [[mistake]] with

    check     the id of the self-check that must fail
    cell      the id of the cell that the mistake is in
    right     text that stands there exactly once
    wrong     what stands there instead
    also      further cells to run, which change an object without assigning
              it, such as a training call (optional)
    instead   sources for cells that take long and are not at issue, by their
              ids (optional)
    long      true: without the mistake the cells take long (optional);
              nbval runs them
"""
import functools
import tomllib
import traceback
import warnings
from pathlib import Path

import matplotlib.pyplot as plt
import numpy
import pytest
from cells import NOTEBOOKS, Lesson
from mxnet import npx

npx.set_np()

LESSONS = sorted(path.stem for path in NOTEBOOKS.glob('*.ipynb'))
NEEDED, OPTIONAL = {'check', 'cell', 'right', 'wrong'}, {
    'also', 'instead', 'long'}


def mistakes(name):
    path = Path(__file__).parent / f'mistakes/{name}.toml'
    return tomllib.loads(path.read_text())['mistake'] if path.exists() else []


def run(lesson, ids):
    """Run cells; leave neither figures nor settings behind."""
    npx.random.seed(0)
    numpy.random.seed(0)
    with plt.rc_context(), warnings.catch_warnings():
        warnings.simplefilter('ignore')
        try:
            lesson.run(ids)
        finally:
            plt.close('all')


@functools.cache
def run_sound(name, ids, instead):
    lesson = Lesson(name)
    lesson.sources |= dict(instead)
    run(lesson, ids)


@pytest.mark.parametrize('name', LESSONS)
def test_every_self_check_has_a_mistake(name):
    checks = {c for c in Lesson(name).sources if c.endswith('-check')}
    tried = {mistake.get('check') for mistake in mistakes(name)}
    assert checks == tried, f'{name}: self-checks and those with mistakes'


@pytest.mark.parametrize(('name', 'mistake'), [
    pytest.param(name, mistake, id=f'{name}::{mistake.get("check")}::{n}')
    for name in LESSONS for n, mistake in enumerate(mistakes(name), start=1)])
def test_the_self_check_fails_with_the_mistake(name, mistake):
    assert NEEDED <= set(mistake) <= NEEDED | OPTIONAL, (
        f'{name}: the keys are {sorted(mistake)}')
    check, cell, right = (mistake[key] for key in ('check', 'cell', 'right'))
    also, instead = mistake.get('also', []), mistake.get('instead', {})
    where = f'{name}: {check}, with a mistake in {cell},'
    lesson = Lesson(name)
    for cell_id in (check, cell, *also, *instead):
        assert cell_id in lesson.sources, f'{where} no cell {cell_id}'
    lesson.sources |= instead
    found = lesson.sources[cell].count(right)
    assert found == 1, f'{where} {right!r} is there {found} times, not once'

    ids = lesson.needed([], also=[check, cell, *also])
    assert ids[-1] == check, f'{where} {ids[-1]} comes after the check'
    if not mistake.get('long'):
        run_sound(name, tuple(ids), tuple(instead.items()))

    source = lesson.sources[cell]
    lesson.sources[cell] = source.replace(right, mistake['wrong'])
    ids = lesson.needed([], also=[check, cell, *also])
    try:
        run(lesson, ids)
    except Exception as e:
        raised = traceback.extract_tb(e.__traceback__)[-1].filename
        assert isinstance(e, AssertionError), f'{where} raises {e!r}'
        assert raised == f'{name}:{check}', f'{where} {raised} raises {e!r}'
    else:
        pytest.fail(f'{where} finds nothing')
