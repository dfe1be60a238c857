"""Each assignment grades likely mistakes and correct answers as it should."""
import json
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from classroom import grade
from tests.classroom import mutants

# nbgrader's own use of its database
pytestmark = pytest.mark.filterwarnings('ignore:::nbgrader')
SECRET_PART = re.compile(r'^ *### BEGIN (?:SOLUTION|HIDDEN TESTS)\n.*?'
                         r'^ *### END (?:SOLUTION|HIDDEN TESTS)',
                         re.M | re.S)
SECRET = ('BEGIN SOLUTION', 'END SOLUTION', 'HIDDEN TESTS', 'MARK SCHEME')


@pytest.fixture(params=grade.assignments(), scope='module')
def hw(request):
    return request.param


@pytest.fixture(scope='module')
def source(hw):
    return nbformat.read(grade.SOURCE / hw / f'{hw}.ipynb', as_version=4)


@pytest.fixture(scope='module')
def course(tmp_path_factory):
    folder = tmp_path_factory.mktemp('class')
    # A gradebook takes seconds to make: one for all
    return folder, grade.nbgrader(folder)


@pytest.fixture(scope='module')
def release(hw, course):
    return grade.prepare(hw, *course)[1]


@pytest.fixture(scope='module')
def graded(hw):
    done = subprocess.run(
        [sys.executable, '-m', 'tests.classroom.mutants', hw],
        cwd=Path(__file__).parents[2], capture_output=True, text=True,
        timeout=900)
    assert done.returncode == 0, done.stderr[-3000:]
    return [json.loads(line) for line in done.stdout.splitlines()
            if line.startswith('{"name"')]


def test_there_are_six_assignments():
    assert grade.assignments() == [f'hw{i}' for i in range(1, 7)]


def test_the_form(source):
    graded = [c for c in source.cells if c.metadata.get('nbgrader', {}).get(
        'grade')]
    machine = [c for c in graded if mutants.is_test(c)]
    assert 16 <= len(graded) <= 24      # one off-by-one costs one part
    assert len(graded) - len(machine) >= 1
    assert all(c.metadata.nbgrader.grade_id == c.id for c in graded)
    assert all(c.metadata.nbgrader.points > 0 for c in graded)
    for cell in machine:
        visible, _, hidden = cell.source.partition('### BEGIN HIDDEN TESTS')
        assert 'with part(' in visible, cell.id
        assert len(hidden) > 60, cell.id
    points = sum(c.metadata.nbgrader.points for c in graded)
    assert 20 <= points <= 40
    assert f'{points} points' in source.cells[0].source + ''.join(
        c.source for c in source.cells if c.cell_type == 'markdown')


def test_mistakes_and_correct_answers_get_what_they_should(hw, graded):
    assert len(graded) == len(mutants.cases(hw))
    wrong = {case['name']: case for case in graded
             if sorted(case['failed']) != case['fails']}
    assert not wrong


def test_checks_leave_no_name_behind_and_change_none(graded):
    left = {case['name']: case['left'] for case in graded
            if case['left'] and not case['fails']}
    assert not left


def test_there_are_mistakes_for_every_test_and_enough_of_both(
        hw, source, graded):
    tests = {c.id for c in source.cells if mutants.is_test(c)}
    assert set().union(*[case['failed'] for case in graded]) == tests
    assert sum(bool(case['fails']) for case in graded) >= 30
    assert sum(not case['fails'] for case in graded) >= 2 + 12


def test_messages_say_what_is_wrong(graded):
    messages = [m for case in graded for m in case['failed'].values()]
    asserted = [m for m in messages if m.startswith('AssertionError: ')]
    assert len(asserted) > 0.8 * len(messages)
    assert all(len(m) > len('AssertionError: ') + 8 for m in asserted)


def secrets(release):
    """Return what of a release a student must not see."""
    return [f'{cell.id}: {word}' for cell in release.cells for word in SECRET
            if word in cell.source]


def test_the_release_holds_no_secret(source, release):
    assert secrets(release) == []
    whole = '\n'.join(c.source for c in source.cells)
    public = SECRET_PART.sub('', whole)
    given = '\n'.join(c.source for c in release.cells)
    for part in SECRET_PART.findall(whole):
        for line in part.splitlines()[1:-1]:
            assert line.strip() in public or line.strip() not in given, line
    assert all(not c.get('outputs') for c in release.cells)


def test_a_secret_in_a_release_is_found(source, release):
    leaky = nbformat.from_dict(release)
    leaky.cells[-1].source += '\n### BEGIN HIDDEN TESTS'
    assert secrets(leaky) == [f'{leaky.cells[-1].id}: HIDDEN TESTS']
    # Without their marks
    leaky.cells[-1].source = '\n'.join(
        line for cell in source.cells
        for part in SECRET_PART.findall(cell.source)
        for line in part.splitlines()[1:-1])
    assert secrets(leaky) == []
    with pytest.raises(AssertionError):
        test_the_release_holds_no_secret(source, leaky)
