"""A student sees which checks pass, as grading will see them."""
import os
import subprocess
import sys

import nbformat
import pytest
from nbformat.v4 import (
    new_code_cell,
    new_markdown_cell,
    new_notebook,
    new_raw_cell,
)
from nbgrader.utils import compute_checksum

from classroom import assignment, validate
from classroom.splice import splice
from classroom.submission import SubmissionError
from tests.classroom.support import ROOT, answered, source_in


@pytest.fixture
def checked(tmp_path):
    """Run the checks on a notebook; return what they say, and the notes."""
    source = source_in(tmp_path)

    def run(notebook, hw='hw0'):
        path = tmp_path / 'mine.ipynb'
        path.write_text(notebook if isinstance(notebook, str)
                        else nbformat.writes(notebook), encoding='utf-8')
        checks, notes, _ = validate.validate(hw, path, source)
        return dict(checks), notes
    return run


PASS = {'square-test': [], 'add-test': [], 'why': []}


def test_a_right_notebook_passes_in_any_form(checked):
    notebook = answered('return helper(x)', 'return x + y')
    notebook.cells.insert(2, new_code_cell('def helper(x):\n    y = x'))
    rest = nbformat.from_dict(notebook.cells[2])
    rest.source, rest.id = '    return y * y', 'rest'
    notebook.cells.insert(3, rest)
    notebook.cells[6] = new_raw_cell(
        notebook.cells[6].source, metadata=notebook.cells[6].metadata)
    notebook.cells[-1].source = 'YOUR ANSWER HERE'
    notebook.cells.append(new_markdown_cell('Since so.'))
    checks, notes = checked(notebook)
    assert checks == PASS
    assert [n.partition(':')[0] for n in notes] == [
        'why', 'add was in a raw cell', 'own code was run']


def test_all_that_fails_is_said(checked):
    notebook = answered('return missing', 'return y')
    notebook.cells[-1].source = 'YOUR ANSWER HERE'
    assert checked(notebook)[0] == {
        'square-test': ["NameError: name 'missing' is not defined"],
        'add-test': ['of 1 and 2'], 'why': ['no answer yet']}


def test_a_changed_test_is_put_back(checked):
    notebook = answered('return 0', 'raise NotImplementedError()')
    notebook.cells[3].source = 'pass'
    checks, notes = checked(notebook)
    assert checks == PASS | {'square-test': ['of 3'],
                             'add-test': ['no answer yet']}
    assert notes == ['changed, and put back: square-test']


def test_an_own_cell_that_ends_the_kernel_does_no_harm(checked):
    notebook = answered()
    notebook.cells.insert(2, new_code_cell('import os; os._exit(1)'))
    checks, notes = checked(notebook)
    assert checks == PASS
    assert 'own-1 ends the kernel: it will be left out' in notes


@pytest.mark.parametrize('hw', ['hw0', 'hw7'])
def test_an_assignment_that_the_teacher_made_anew_has_its_own_tests(
        checked, tmp_path, hw):
    notebook = assignment.released('hw0', tmp_path / 'source-of-hw0')
    notebook.cells[2].source = 'def square(x):\n    return x ** 3'
    notebook.cells[3].source = 'assert square(3) == 27'
    notebook.cells[3].metadata.nbgrader.checksum = compute_checksum(
        notebook.cells[3])
    assert checked(notebook, hw)[0] == {
        'square-test': [], 'add-test': ['no answer yet'],
        'why': ['no answer yet']}


@pytest.mark.parametrize(('notebook', 'message'), [
    ('{', 'not a notebook'), ('', 'is empty'),
    (new_notebook(cells=[new_code_cell('1')]), 'another assignment'),
    (answered(top='import os; os._exit(1)\n'),
     'the kernel ended in cell square')])
def test_what_cannot_be_checked_is_said(checked, notebook, message):
    with pytest.raises(SubmissionError, match=message):
        checked(notebook)


def test_the_answers_are_those_that_grading_takes(tmp_path):
    source = source_in(tmp_path)
    whole = nbformat.read(source / 'hw0' / 'hw0.ipynb', as_version=4)
    given = assignment.released('hw0', source)
    notebook = answered()
    notebook.cells[2:2] = [notebook.cells.pop(2), new_code_cell('x = 1')]
    graded, checked = (splice(teachers, given, notebook).notebook.cells
                       for teachers in (whole, given))
    assert [c.id for c in graded] == [c.id for c in checked]
    assert all(a.source == b.source for a, b in
               zip(graded, checked, strict=True) if '-test' not in a.id)


@pytest.mark.parametrize('notebook, code, said', [
    (answered(), 0, '3 of 3 pass; hidden checks try more'),
    (answered('return 0'), 1, 'square-test: of 3')])
def test_the_command_names_tasks_and_its_exit_code_tells(
        tmp_path, notebook, code, said):
    path = tmp_path / '作业.ipynb'
    nbformat.write(notebook, path)
    done = subprocess.run(
        [sys.executable, '-m', 'classroom', 'validate', 'hw0', path,
         '--source', source_in(tmp_path)], cwd=ROOT, capture_output=True,
        text=True, timeout=300)
    assert done.returncode == code and said in done.stdout, done


def test_a_students_own_settings_change_nothing(tmp_path):
    startup = tmp_path / 'profile_default' / 'startup'
    startup.mkdir(parents=True)
    (startup / '00.py').write_text('import builtins\n'
                                   'builtins.round = None')
    path = tmp_path / 'mine.ipynb'
    nbformat.write(answered('return round(x * x)'), path)
    done = subprocess.run(
        [sys.executable, '-m', 'classroom', 'validate', 'hw0', path,
         '--source', source_in(tmp_path)], cwd=ROOT, capture_output=True,
        text=True, timeout=300,
        env=os.environ | {'IPYTHONDIR': str(tmp_path)})
    assert done.returncode == 0 and '3 of 3 pass' in done.stdout, done
