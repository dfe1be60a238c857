"""A student learns all that failed, and none of the hidden tests."""
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

from classroom import feedback, parts
from classroom.assignment import assignments, released, task_names
from tests.classroom.support import SECRET, assignment

TEST = """import numpy
x = numpy.ones(3)

# of three
assert len(x) == 3, \\
    'three'
y = 1; z = 2
assert y < z
for i in range(3):
    assert i < 2, f'{i}'
### BEGIN HIDDEN TESTS
@staticmethod
def helper():
    assert y

assert helper()
### END HIDDEN TESTS
"""


def test_a_test_is_split_at_its_checks():
    found = parts.split(TEST)
    assert [p.code.splitlines()[0] for p in found] == [
        'import numpy', 'assert len(x) == 3, \\', 'y = 1; z = 2',
        'assert y < z', 'for i in range(3):', '@staticmethod',
        'assert helper()']
    assert [p.hidden for p in found] == [False] * 5 + [True] * 2
    assert found[0].binds == {'numpy', 'x'}
    assert found[1].needs == {'len', 'x'}
    lines = [line for p in found for line in p.code.splitlines()]
    assert [line for line in TEST.splitlines() if line.strip()
            and not line.startswith('#')] == [x for x in lines if x.strip()]


@pytest.mark.parametrize('source', ['%time 1', 'def f(:', '', '# nothing'])
def test_what_is_not_python_stays_whole(source):
    assert ''.join(p.code for p in parts.split(source)) in (source, '')


@pytest.mark.parametrize('hw', assignments())
def test_no_part_of_an_assignment_is_lost(hw):
    for cell in released(hw).cells:
        if feedback.is_test(cell):
            space, whole = [], compile(cell.source, '', 'exec')
            for part in parts.split(cell.source):
                space += compile(part.code, '', 'exec').co_names
            assert set(whole.co_names) == set(space)


def ran(**outputs):
    """Return the assignment with outputs by cell, as if it had been run."""
    notebook = assignment()
    for number, cell in enumerate(notebook.cells):
        if cell.cell_type == 'code':
            cell.execution_count = number
            made = outputs.get(cell.id.replace('-', '_'), [])
            cell.outputs = made if isinstance(made, list) else [made]
    notebook.cells[3].metadata.parts = [[13, False], [23, True]]
    return notebook


def printed(text):
    return new_output('stream', text=text)


def failed(name, value, *frames):
    return new_output('error', ename=name, evalue=value, traceback=[
        '-' * 75, f'{name}   Traceback (most recent call last)', *frames,
        f'{name}: {value}'])


def said(notebook, name):
    """Return what a student sees of a cell."""
    cell, = (c for c in notebook.cells if c.id == name)
    return '\n'.join([cell.source, *(
        o.get('text') or '\n'.join(o.get('traceback', ()))
        for o in cell.outputs)])


def test_hidden_tests_leave_and_their_messages_stay():
    notebook = ran(square_test=failed(
        'AssertionError', SECRET,
        f"Cell In[23], line 1\n----> 1 assert square(-2) == 4, '{SECRET}'"))
    assert feedback.for_student(notebook) == []
    seen = said(notebook, 'square-test')
    assert 'square(-2)' not in seen and 'HIDDEN' not in seen
    assert seen.count(SECRET) == 1
    assert 'assert square(3) == 9' in seen and 'stay hidden' in seen


def test_the_students_own_lines_and_visible_tests_stay():
    notebook = ran(square_test=[
        failed('ValueError', 'no', 'Cell In[23], line 1\n--> 1 square(-2)',
               '\x1b[36mCell\x1b[39m \x1b[32mIn[2]\x1b[39m\x1b[32m, line 2'
               '\x1b[39m\n----> 2 raise ValueError', 'File /lib/x.py:3\n f'),
        failed('ValueError', 'no', 'Cell In[13], line 1\n--> 1 square(3)')])
    feedback.for_student(notebook)
    seen = said(notebook, 'square-test')
    assert '----> 2 raise ValueError' in seen and '--> 1 square(3)' in seen
    assert 'square(-2)' not in seen and '/lib/x.py' not in seen


@pytest.mark.parametrize('cell', ['square_test', 'add', 'setup'])
@pytest.mark.parametrize('output', [
    printed(f"assert square(-2) == 4, '{SECRET}'"),
    printed("['assert square(-2) == 4, \\'x\\'\\n']"),
    printed('assert(square(- 2)\n== 4'.replace('assert(', 'assert ')),
    failed('ValueError', 'assert square(-2)==4'),
    failed('ValueError', 'x', 'Cell In[4], line 1\nassert square(-2) == 4'),
    new_output('execute_result', {'text/plain': '"assert square(-2) == 4"'})])
def test_an_output_that_shows_hidden_tests_is_left_out(cell, output):
    notebook = ran(**{cell: [printed('mine'), output]})
    assert feedback.for_student(notebook) == [cell.replace('_', '-')]
    seen = said(notebook, cell.replace('_', '-'))
    assert '-2' not in seen and 'mine' in seen and 'left out' in seen


def test_a_warning_that_quotes_a_hidden_test_is_left_out_unflagged():
    notebook = ran(square_test=printed(
        '/tmp/x.py:2: RuntimeWarning: divided\n  assert square(-2) == 4\n'))
    assert feedback.for_student(notebook) == []
    assert '-2' not in said(notebook, 'square-test')


@pytest.mark.parametrize('text', [
    SECRET, f'AssertionError: {SECRET}', 'square', 'assert', '4', '-2 == 4',
    "assert square(3) == 9, 'of 3'", 'of -1 and 1'])
def test_messages_and_what_is_visible_are_no_secret(text):
    assert feedback.for_student(ran(add=printed(text))) == []


def test_a_students_line_that_a_hidden_test_has_too_is_no_secret():
    notebook = ran(add=printed('assert square(-2) == 4'))
    notebook.cells.insert(2, new_code_cell('assert square(-2) == 4', id='o'))
    assert feedback.for_student(notebook) == []


def test_tasks_are_called_by_their_headings():
    notebook = assignment()
    assert task_names(notebook) == {
        name: name for name in ('square-test', 'add-test', 'why')}
    notebook.cells[0].source = '# H\n\n## 1. Squares (2 points)\n\nText.'
    notebook.cells.insert(4, new_markdown_cell('## 2. 求和（3 分）'))
    assert task_names(notebook) == {
        'square-test': '1. Squares', 'add-test': '2. 求和', 'why': '2. 求和'}
