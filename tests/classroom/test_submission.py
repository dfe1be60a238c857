"""The notebook is found and read, however it comes."""
import json
import os

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from classroom import grade, submission
from classroom.submission import SubmissionError, find, readable
from tests.classroom.support import answered, hand_in, release, without


def found(folder, hw='hw0'):
    return find(folder / 'submitted' / 'ada' / hw, hw, release())


def text(notebook=None):
    return nbformat.writes(notebook or answered())


@pytest.mark.parametrize('name, flag', [
    ('hw0.ipynb', None), ('HW0.IPYNB', 'is called HW0.IPYNB'),
    ('hw0 (1).ipynb', 'is called hw0 (1)'), ('作业.ipynb', '作业'),
    ('hw0.ipynb.txt', 'is called hw0.ipynb.txt'), ('hw0.json', 'hw0.json'),
    ('hw0.ipynb.json', 'hw0.ipynb.json'), ('hw0.IPYNB.TXT', 'IPYNB.TXT'),
    ('hw0', 'is called hw0')])
def test_a_notebook_is_taken_under_other_names(tmp_path, name, flag):
    hand_in(tmp_path, 'ada', answered(), name=name)
    notebook, flags = found(tmp_path)
    assert notebook.cells[2].source == answered().cells[2].source
    assert [flag in f for f in flags] == ([True] if flag else [])


@pytest.mark.parametrize('raw, name', [
    (b'\xd7\xf7\xd2\xb5.ipynb', '作业.ipynb'),
    (b'\xff\xfe.ipynb', r'\xff\xfe.ipynb')])
def test_a_name_in_other_bytes_is_shown_readably(tmp_path, raw, name):
    place = hand_in(tmp_path, 'ada', answered())
    (place / 'hw0.ipynb').rename(place / os.fsdecode(raw))
    _, flags = found(tmp_path)
    assert flags == [f'the notebook is called {name}']
    assert readable(os.fsdecode(raw)) == name
    assert grade._digest(place, '') != grade._digest(place, 'x')


@pytest.mark.parametrize('encoding', ['utf-8-sig', 'utf-16', 'gb18030'])
def test_a_notebook_is_read_in_the_encoding_of_some_editor(
        tmp_path, encoding):
    notebook = answered()
    notebook.cells[-1].source = '因为 é'
    place = hand_in(tmp_path, 'ada', notebook)
    (place / 'hw0.ipynb').write_bytes(text(notebook).encode(encoding))
    assert found(tmp_path)[0].cells[-1].source == '因为 é'


def test_a_broken_byte_costs_no_more_than_itself(tmp_path):
    place = hand_in(tmp_path, 'ada', answered())
    content = text().encode().replace(b'Because', b'Becau\xff\xffse')
    (place / 'hw0.ipynb').write_bytes(content)
    assert found(tmp_path)[0].cells[2].source == answered().cells[2].source


def test_a_notebook_without_ids_or_of_an_older_format_is_read(tmp_path):
    content = json.loads(text())
    for cell in content['cells']:
        del cell['id']
        cell['metadata'] = {}
    content['nbformat_minor'] = 2
    hand_in(tmp_path, 'ada', json.dumps(content))
    assert len(found(tmp_path)[0].cells) == len(answered().cells)


def of_another(stripped=False):
    """Return an assignment that shares a name and some ids with hw0."""
    notebook = without(answered(), 'square', 'square-test', 'add-test')
    for i in range(9):
        cell = new_code_cell(f'x_{i} = {i}', id=f'other-{i}')
        cell.metadata.nbgrader = {'grade': True, 'grade_id': f'other-{i}',
                                  'solution': False, 'locked': True}
        notebook.cells.append(cell)
    for cell in notebook.cells if stripped else ():
        cell.metadata = {}
        cell.id = f'x-{cell.id}'
    if stripped:
        notebook.cells = [c for c in notebook.cells if 'add' not in c.source]
    return notebook


@pytest.mark.parametrize('notebook', [
    new_notebook(cells=[new_code_cell('1')]), new_notebook(), of_another(),
    of_another(stripped=True)])
def test_another_assignment_is_named_as_that(tmp_path, notebook):
    hand_in(tmp_path, 'ada', notebook)
    with pytest.raises(SubmissionError, match='is it another assignment'):
        found(tmp_path)


@pytest.mark.parametrize('content, reason', [
    ('', 'is empty'), ('{', 'not a notebook'), ('[]', 'not a notebook'),
    ('{"cells": 1}', 'not a notebook'), ('[' * 100_000, 'not a notebook'),
    ('{"cells": [{"cell_type": "code"}], "nbformat": 4}', 'not a notebook'),
    ('{"cells": [3], "nbformat": 4}', 'not a notebook')])
def test_what_is_no_notebook_is_named(tmp_path, content, reason):
    hand_in(tmp_path, 'ada', content)
    with pytest.raises(SubmissionError, match=f'hw0.ipynb.*{reason}'):
        found(tmp_path)


@pytest.mark.parametrize('name', ['hw0.py', 'hw0.html', 'notes.txt'])
def test_where_there_is_no_notebook_what_there_is_is_named(tmp_path, name):
    hand_in(tmp_path, 'ada', 'x', name=name)
    with pytest.raises(SubmissionError,
                       match=f'there is no notebook of hw0, only {name}'):
        found(tmp_path)


def test_the_notebook_with_more_answers_is_taken(tmp_path):
    place = hand_in(tmp_path, 'ada', release())
    (place / 'solved.ipynb').write_text(text())
    (place / 'broken.ipynb').write_text('{')
    (place / 'notes.json').write_text('{')
    notebook, flags = found(tmp_path)
    assert 'return x * x' in notebook.cells[2].source
    assert flags[0] == 'of 2 notebooks, solved.ipynb was taken'
    assert any('broken.ipynb is not a notebook' in f for f in flags)
    assert 'notes.json was left out: only the notebook is graded' in flags


def test_cells_of_any_form_are_read(tmp_path):
    content = json.loads(text())
    content['cells'][0] |= {'metadata': {'nbgrader': None}, 'id': 'a b'}
    content['cells'][1] |= {'metadata': {'nbgrader': {'grade_id': [1]}}}
    content['cells'][2]['id'] = content['cells'][4]['id']
    content['cells'][6]['attachments'] = 'none'
    hand_in(tmp_path, 'ada', json.dumps(content))
    notebook, _ = found(tmp_path)
    assert submission.answers(release(), notebook) == 3
