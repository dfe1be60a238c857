"""A run is kept until what it stands on changes; a stop loses nothing."""
from functools import partial

import pytest

from ledger import runner
from ledger.__main__ import main
from ledger.experiments import Experiment


def _times(factor, seed, base):
    return {'value': [factor * base + seed]}


class FakeLesson:
    """A lesson of one cell, which the test may change."""

    cell = 'base = 10  # ten'

    def __init__(self, name):
        self.sources = {'base': self.cell}

    def needed(self, names, before):
        return ['base']

    def load(self, *names, before=None):
        namespace = {}
        exec(self.cell, namespace)
        return [namespace[name] for name in names]


@pytest.fixture
def experiments(monkeypatch, tmp_path):
    found = {'one': Experiment('04', ('base',), None, 2, partial(_times, 3))}
    monkeypatch.setattr(runner, 'EXPERIMENTS', found)
    monkeypatch.setattr(runner, 'RUNS', tmp_path)
    monkeypatch.setattr(runner, 'Lesson', FakeLesson)
    monkeypatch.setattr(FakeLesson, 'cell', FakeLesson.cell)
    runner._folder.cache_clear()
    yield found
    runner._folder.cache_clear()


def test_runs_are_kept_by_seed(experiments, capsys):
    assert runner.kept('one') is None
    assert runner.run(('one', 0))[:2] == ('one', 0)
    assert runner.kept('one') is None, 'a seed is missing yet'
    runner.run(('one', 1))
    assert runner.kept('one') == {'value': [[30], [31]]}
    runner.run_missing(['one'])
    assert capsys.readouterr().out == '', 'nothing is run twice'


@pytest.mark.parametrize(('cell', 'same'), [
    ('base = 10', True), ('base = (10)  # another comment', True),
    ('base = 11', False)])
def test_a_change_of_the_lesson_asks_for_a_new_run(experiments, cell, same):
    before = runner._folder('one')
    FakeLesson.cell = cell
    runner._folder.cache_clear()
    assert (runner._folder('one') == before) is same


def test_a_change_of_the_setting_asks_for_a_new_run(experiments):
    before = runner._folder('one')
    experiments['one'] = experiments['one']._replace(run=partial(_times, 4))
    runner._folder.cache_clear()
    assert runner._folder('one') != before


def test_an_experiment_that_does_not_exist_is_refused(capsys):
    with pytest.raises(SystemExit):
        main(['scratch 1024'])
    assert 'scratch 1024: no such experiment; there are' \
        in capsys.readouterr().err
