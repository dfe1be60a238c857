"""The self-checks find wrong answers, and let right ones pass.

Besides planted mistakes, tests/notebooks/mistakes/NN_slug.toml may hold

    [[variant]]     a right answer in another style: its name, and the sources
                    of cells by their ids
    [[equivalent]]  wrong versions that no check can find, for they compute
                    the same: function, what (a list, as
                    `python -m tests.mutants` prints them) and why
"""

import pytest

from tests.mutants.operators import mutants
from tests.mutants.run import (
    LESSONS,
    attempt_all,
    held_functions,
    passes,
)
from tests.planted import of_lesson
from tools.lessons import Lesson

# The lessons that have right answers in other styles: the others are to come
READY = [name for name in LESSONS if 'variant' in of_lesson(name)]
RIGHT = 3       # right answers in other styles, at least, for each function


def equivalent(name):
    return of_lesson(name).get('equivalent', [])


@pytest.mark.parametrize('name', LESSONS)
def test_what_a_learner_writes_has_a_check(name):
    assert [held.function for held in held_functions(name)
            if not held.check] == []


@pytest.mark.parametrize('name', READY)
def test_wrong_answers_fail_at_the_first_check_that_speaks_of_them(name):
    held = [h for h in held_functions(name) if h.check]
    known = {(entry['function'], what) for entry in equivalent(name)
             for what in entry['what']}
    lost = []
    for h, outcomes in attempt_all(held, most=2, jobs=1):
        assert isinstance(outcomes, list), outcomes
        lost += [(h.function, o.what, o.state) for o in outcomes
                 if o.state != 'found'
                 and (h.function, o.what) not in known]
    assert not lost


@pytest.mark.parametrize(('name', 'variant'), [
    pytest.param(name, variant, id=f'{name}::{variant["name"]}')
    for name in READY for variant in of_lesson(name)['variant']])
def test_a_right_answer_in_another_style_passes(name, variant):
    assert passes(name, variant['cells']) == ''


@pytest.mark.parametrize('name', READY)
def test_each_function_has_right_answers_in_other_styles(name):
    tried = [cell for variant in of_lesson(name)['variant']
             for cell in variant['cells']]
    short = {h.function for h in held_functions(name)
             if h.check and tried.count(h.cell) < RIGHT}
    assert not short


@pytest.mark.parametrize('name', READY)
def test_what_is_called_equivalent_is_a_version_and_has_a_reason(name):
    for entry in equivalent(name):
        held, = (h for h in held_functions(name)
                 if h.function == entry['function'])
        made = {what for what, _ in mutants(Lesson(name).sources[held.cell],
                                            held.function)}
        assert set(entry['what']) <= made, entry
        assert len(entry['why']) > 20, entry
