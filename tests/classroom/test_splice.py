"""Whatever a student's editor made of the notebook, the answers count."""
import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_raw_cell

from classroom.splice import splice
from tests.classroom.support import (
    answered,
    assignment,
    changed,
    release,
    spliced,
)

SQUARE = 'def square(x):\n    return x * x'


def split(cells, i, at, ids=True, metadata=True):
    """Split a cell as editors do, with more or less of what it carries."""
    cell = cells[i]
    rest = nbformat.from_dict(cell)
    lines = cell.source.split('\n')
    cell.source, rest.source = '\n'.join(lines[:at]), '\n'.join(lines[at:])
    if not ids:
        rest.id = 'rest'
    if not metadata:
        rest.metadata = {}
    cells.insert(i + 1, rest)


def test_a_plain_hand_in_is_taken_as_it_is():
    cells, flags = spliced(answered())
    assert cells['square'].source == SQUARE and flags == []
    assert cells['why'].source == 'Because.'
    assert list(cells) == [c.id for c in assignment().cells]


# Cells of a student's own ---------------------------------------------------

def test_own_cells_run_where_they_stand():
    def edit(cells):
        cells.insert(0, new_code_cell('import os'))
        cells.insert(3, new_code_cell('def helper(x): return x'))
        cells.insert(5, new_code_cell('print(square(2))'))
        cells.insert(6, new_markdown_cell('My notes'))

    cells, flags = spliced(changed(edit))
    assert list(cells) == ['own-1', 'title', 'setup', 'own-2', 'square',
                           'own-3', 'square-test', 'add', 'add-test', 'why']
    assert all(cells[f'own-{i}'].metadata.own for i in (1, 2, 3))
    assert flags == ['own code was run: 3 cells, defining helper, os']


@pytest.mark.parametrize('place', [0, 2, 3, 7, 99])
@pytest.mark.parametrize('stub', [
    '', release().cells[2].source, 'def square(x):\n    # what?\n    raise '
    'NotImplementedError()'])
def test_an_answer_in_a_cell_of_ones_own_is_the_answer(place, stub):
    def edit(cells):
        cells[2].source = stub
        if not stub:
            del cells[2]
        cells.insert(place, new_code_cell(SQUARE))

    cells, flags = spliced(changed(edit))
    assert cells['square'].source == SQUARE
    assert flags == ['square was found by the names that it defines']


def test_an_own_cell_that_was_split_is_joined():
    def edit(cells):
        cells.insert(2, new_code_cell('def helper(x):\n    y = x'))
        cells.insert(3, new_code_cell('    return y'))
        cells.insert(4, new_code_cell('helper(2'))

    cells, _ = spliced(changed(edit))
    assert cells['own-1'].source == 'def helper(x):\n    y = x\n    return y'
    assert cells['own-2'].source == 'helper(2'


def test_an_answer_after_a_remark_in_its_cell_is_found():
    def edit(cells):
        cells[2].source = '# It is at the end'
        cells.append(new_code_cell(SQUARE))

    assert SQUARE in spliced(changed(edit))[0]['square'].source


def test_one_cell_can_hold_several_answers():
    def edit(cells):
        cells[2].source += '\n' + cells[4].source
        del cells[4]

    cells, flags = spliced(changed(edit))
    assert 'def add' in cells['add'].source
    assert flags == ['add was found by the names that it defines']


def test_a_copy_of_a_given_cell_is_no_own_cell():
    def edit(cells):
        cells.insert(3, new_code_cell(release().cells[2].source))
        cells.insert(5, new_code_cell(release().cells[3].source))

    cells, flags = spliced(changed(edit))
    assert len(cells) == 7 and flags == []


def test_what_was_added_to_a_locked_cell_runs_after_it():
    def edit(cells):
        cells[1].source = ('%matplotlib inline\nimport os\nimport math\n'
                           'math = None\ndef helper(): pass')

    cells, flags = spliced(changed(edit))
    assert cells['setup'].source == 'import math'
    assert cells['own-1'].source == 'import os\ndef helper():\n    pass'
    assert 'changed, and put back: setup' in flags


def test_a_test_is_never_added_to():
    def edit(cells):
        cells[3].source = 'import builtins\ndef square(x): return 9'

    cells, flags = spliced(changed(edit))
    assert len(cells) == 7 and 'hidden-4711' in cells['square-test'].source
    assert flags == ['changed, and put back: square-test']


def test_a_given_cell_to_play_with_may_be_changed():
    source, given, notebook = assignment(), release(), answered()
    for n in source, given, notebook:
        n.cells.insert(4, new_code_cell('print(square(2))', id='play'))
    notebook.cells[4].source = 'def helper(x): return x'
    found = splice(source, given, notebook)
    play, = (c for c in found.notebook.cells if c.id == 'play')
    assert play.source == 'def helper(x): return x' and play.metadata.own
    assert found.flags == ['own code was run: one cell, defining helper']


# Cells that were split, copied, or made another kind ------------------------

@pytest.mark.parametrize('ids', [True, False])
@pytest.mark.parametrize('metadata', [True, False])
@pytest.mark.parametrize('source, at', [
    (SQUARE, 1), ('y = 2\n' + SQUARE, 1), ('y = 2\n' + SQUARE, 2),
    ('def square(x):\n    y = x\n    return x * y', 2),
    ('def square(x):\n\n    return x * x', 1)])
def test_a_split_answer_is_joined_in_order(ids, metadata, source, at):
    def edit(cells):
        cells[2].source = source
        split(cells, 2, at, ids, metadata)

    cells, flags = spliced(changed(edit))
    code = cells.get('own-1', new_code_cell('')).source + '\n'
    code = cells['square'].source + '\n' + code
    space = {}
    exec(code, space)
    assert space['square'](3) == 9
    assert metadata is False or code.strip() == source


def test_three_pieces_are_joined():
    source = 'def square(\n    x\n):\n    return x * x'

    def edit(cells):
        cells[2].source = source
        split(cells, 2, 1, False, False)
        split(cells, 3, 1, False, False)
        cells[4].id = 'last'

    cells, flags = spliced(changed(edit))
    assert cells['square'].source == source
    assert flags == ['square was split into 3 cells: joined']


@pytest.mark.parametrize('sources, answer', [
    ([SQUARE, 'def square(x):\n    return 0'], 1),
    (['def square(x:', SQUARE], 1), ([SQUARE, SQUARE], 1),
    (['', SQUARE], 1), ([SQUARE, ''], 0)])
def test_of_several_attempts_the_last_one_counts(sources, answer):
    def edit(cells):
        cells[2].source = sources[0]
        cells.insert(3, nbformat.from_dict(cells[2]))
        cells[3].source = sources[1]

    cells, flags = spliced(changed(edit))
    assert cells['square'].source == sources[answer]
    assert bool(flags) == (len(set(sources) - {''}) > 1)


def test_a_second_attempt_that_was_split_is_joined():
    def edit(cells):
        cells.insert(3, nbformat.from_dict(cells[2]))
        cells[2].source = 'def square(x):\n    return 0'
        split(cells, 3, 1)

    assert spliced(changed(edit))[0]['square'].source == SQUARE


@pytest.mark.parametrize('kind', ['markdown', 'raw'])
@pytest.mark.parametrize('fence', ['{}', '```python\n{}\n```\n'])
def test_code_in_a_cell_for_text_is_put_back(kind, fence):
    def edit(cells):
        cells[2].cell_type = kind
        cells[2].source = fence.format(SQUARE)

    cells, flags = spliced(changed(edit))
    assert cells['square'].cell_type == 'code'
    assert cells['square'].source == SQUARE
    assert flags == [f'square was in a {kind} cell: put back']


@pytest.mark.parametrize('kind', ['code', 'raw'])
def test_text_in_another_kind_of_cell_is_put_back(kind):
    def edit(cells):
        cells[-1].cell_type = kind

    cells, flags = spliced(changed(edit))
    assert cells['why'].cell_type == 'markdown'
    assert cells['why'].source == 'Because.'
    assert flags == [f'why was in a {kind} cell: put back']


# Texts ----------------------------------------------------------------------

@pytest.mark.parametrize('make', [
    new_markdown_cell, new_raw_cell, new_code_cell])
@pytest.mark.parametrize('text', [
    'Since it is so.', 'Because', '因为它是对的。', '"quoted"'])
def test_text_in_a_new_cell_below_the_answer_is_kept(make, text):
    def edit(cells):
        cells[-1].source = 'YOUR ANSWER HERE'
        cells.append(make(text))

    cells, flags = spliced(changed(edit))
    assert cells['why'].source == text and len(cells) == 7
    assert flags == ['why: text in a cell beside it was added']


def test_text_beside_an_answer_is_added_to_it():
    def edit(cells):
        cells.append(new_markdown_cell('Moreover.'))
        cells.insert(-2, new_markdown_cell('First.'))

    cells, _ = spliced(changed(edit))
    assert cells['why'].source == 'First.\n\nBecause.\n\nMoreover.'


def test_code_below_a_text_is_code():
    def edit(cells):
        cells.append(new_code_cell('%time square(2)'))
        cells.append(new_code_cell('print(square(2))'))

    cells, _ = spliced(changed(edit))
    assert cells['why'].source == 'Because.'
    assert list(cells)[-2:] == ['own-1', 'own-2']


def test_a_text_that_was_split_is_joined():
    def edit(cells):
        cells[-1].source = 'One.\nTwo.'
        split(cells, len(cells) - 1, 1)

    assert spliced(changed(edit))[0]['why'].source == 'One.\n\nTwo.'


def test_no_text_is_no_answer():
    def edit(cells):
        cells[-1].source = ' \n'

    assert spliced(changed(edit))[0]['why'].source == 'YOUR ANSWER HERE'


def test_a_text_in_the_cell_of_the_question_is_found():
    source, given, notebook = assignment(), release(), answered()
    for n in source, given, notebook:
        n.cells.insert(6, new_markdown_cell('Why?', id='question'))
    notebook.cells[6].source = 'Why? Since it is so.'
    notebook.cells[7].source = 'YOUR ANSWER HERE'
    why, = (c for c in splice(source, given, notebook).notebook.cells
            if c.id == 'why')
    assert 'Since it is so' in why.source


# Without ids ----------------------------------------------------------------

@pytest.mark.parametrize('edit', [
    lambda cells: None, lambda cells: cells.__delitem__(3),
    lambda cells: cells.__delitem__(slice(0, 2)),
    lambda cells: cells.insert(2, new_code_cell('def helper(): pass'))])
def test_no_metadata_and_no_ids_cost_nothing(edit):
    notebook = changed(edit)
    for cell in notebook.cells:
        cell.metadata = {}
        cell.pop('id', None)
    cells, _ = spliced(notebook)
    assert cells['square'].source == SQUARE
    assert cells['add'].source == 'def add(x, y):\n    return x + y'
    assert cells['why'].source == 'Because.'


# Sizes ----------------------------------------------------------------------

def test_what_is_too_long_is_flagged():
    def edit(cells):
        cells[2].source += '\n# ' + 'x' * 1_000_000
        cells[-1].source = 'y' * 1_000_001

    cells, flags = spliced(changed(edit))
    assert 'NotImplementedError' in cells['square'].source
    assert len(cells['why'].source) == 1_000_000 and len(flags) == 2
