"""Every self-check of a lesson fails when its idea is got wrong.

The mistakes are in tests/notebooks/mistakes/NN_slug.toml: tests/planted.py
says how they are written. A lesson stops at its first check that fails, so
`fails` names one; besides, a mistake may have

    also      further cells to run, which change an object without assigning
              it, such as a training call
    instead   sources for cells that take long and are not at issue, by their
              ids
    long      true: without the mistake the cells take long; nbval runs them

For all mistakes of a lesson, a [[shorter]] makes a cell that takes long do
less of the same: it has name, cell, and right and wrong or code, as they do.
"""
import functools
import traceback
import warnings

import matplotlib.pyplot as plt
import numpy
import pytest
from mxnet import npx

from tests import planted
from tools.lessons import NOTEBOOKS, Lesson

npx.set_np()

LESSONS = sorted(path.stem for path in NOTEBOOKS.glob('*.ipynb'))


def mistakes(name):
    return planted.of_lesson(name)['mutant']


def shortened(name):
    """Return the lesson with less to do in the cells that take long."""
    lesson = Lesson(name)
    for change in planted.of_lesson(name).get('shorter', ()):
        lesson.sources |= planted.plant(lesson.sources, change)
    return lesson


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
    lesson = shortened(name)
    lesson.sources |= dict(instead)
    run(lesson, ids)


@pytest.mark.parametrize('name', LESSONS)
def test_every_self_check_has_a_mistake(name):
    checks = {c for c in Lesson(name).sources if c.endswith('-check')}
    tried = {check for mistake in mistakes(name)
             for check in mistake['fails']}
    assert checks == tried, f'{name}: self-checks and those with mistakes'


@pytest.mark.parametrize(('name', 'mistake'), [
    pytest.param(name, mistake, id=f'{name}::{mistake["fails"][0]}::{n}')
    for name in LESSONS for n, mistake in enumerate(mistakes(name), start=1)])
def test_the_self_check_fails_with_the_mistake(name, mistake):
    check, = mistake['fails']
    also, instead = mistake.get('also', []), mistake.get('instead', {})
    where = f'{name}: {check}, with a mistake in {mistake["cell"]},'
    lesson = shortened(name)
    for cell_id in (*also, *instead):
        assert cell_id in lesson.sources, f'{where} no cell {cell_id}'
    lesson.sources |= instead
    change = planted.plant(lesson.sources, mistake)

    needed = [check, mistake['cell'], *also]
    ids = lesson.needed([], also=needed)
    assert ids[-1] == check, f'{where} {ids[-1]} comes after the check'
    if not mistake.get('long'):
        run_sound(name, tuple(ids), tuple(instead.items()))

    lesson.sources |= change
    try:
        run(lesson, lesson.needed([], also=needed))
    except Exception as e:
        raised = traceback.extract_tb(e.__traceback__)[-1].filename
        assert isinstance(e, AssertionError), f'{where} raises {e!r}'
        assert raised == f'{name}:{check}', f'{where} {raised} raises {e!r}'
    else:
        pytest.fail(f'{where} finds nothing')
