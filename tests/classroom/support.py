"""A small assignment, hand-ins and archives, for the classroom's tests."""
import base64
import hashlib
import html
import os
import re
import warnings
import zipfile
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from classroom import sandbox
from classroom.splice import splice

ROOT = Path(__file__).resolve().parents[2]
SECRET = 'hidden-4711'
FULL, ADD_ONLY = 5, 3
PNG = base64.b64decode(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGA'
    'hKmMIQAAAABJRU5ErkJggg==')


def need_sandbox():
    """Skip a module without a sandbox; where CI is set, fail."""
    try:
        sandbox.check()
    except sandbox.SandboxError as error:
        if os.environ.get('CI'):
            raise
        pytest.skip(str(error), allow_module_level=True)


def cell(name, source, grade=False, solution=False, points=None, make=None):
    made = (make or new_code_cell)(source, id=name)
    made.metadata['nbgrader'] = {
        'grade': grade, 'grade_id': name, 'locked': not solution,
        'schema_version': 3, 'solution': solution, 'task': False} | (
            {'points': points} if points else {})
    return made


def assignment():
    """Return a small assignment: 2 + 3 points by machine, 1 by a person."""
    stub = '    ### BEGIN SOLUTION\n    {}\n    ### END SOLUTION'
    return new_notebook(metadata={
        'cell_seconds': 8, 'kernelspec': {
            'display_name': 'Python 3', 'language': 'python',
            'name': 'python3'}}, cells=[
        new_markdown_cell('# Homework 0', id='title'),
        cell('setup', 'import math'),
        cell('square', 'def square(x):\n' + stub.format('return x * x'),
             solution=True),
        cell('square-test', "assert square(3) == 9, 'of 3'\n"
             '### BEGIN HIDDEN TESTS\n'
             f"assert square(-2) == 4, '{SECRET}'\n### END HIDDEN TESTS",
             grade=True, points=2),
        cell('add', 'def add(x, y):\n' + stub.format('return x + y'),
             solution=True),
        cell('add-test', "assert add(1, 2) == 3, 'of 1 and 2'\n"
             '### BEGIN HIDDEN TESTS\n'
             "assert add(-1, 1) == 0, 'of -1 and 1'\n### END HIDDEN TESTS",
             grade=True, points=3),
        cell('why', 'Because.', True, True, 1, new_markdown_cell)])


def answered(square='return x * x', add='return x + y', top=''):
    """Return what a student hands in."""
    notebook = assignment()
    for made in notebook.cells:
        if made.id in ('square', 'add'):
            head = made.source.split('\n')[0]
            body = square if made.id == 'square' else add
            made.source = (top if made.id == 'square' else '') + \
                f'{head}\n    {body}'
        made.source = made.source.split('### BEGIN HIDDEN')[0].strip()
    return notebook


def release():
    """Return what students are given."""
    stub = '# YOUR CODE HERE\n    raise NotImplementedError()'
    notebook = answered(stub, stub)
    notebook.cells[-1].source = 'YOUR ANSWER HERE'
    return notebook


def without(notebook, *names):
    """Take cells out of a notebook."""
    notebook.cells = [c for c in notebook.cells if c.id not in names]
    return notebook


def spliced(notebook):
    """Return the notebook to run, by ids, and the flags."""
    found = splice(assignment(), release(), notebook)
    cells = {c.id: c for c in found.notebook.cells}
    assert len(cells) == len(found.notebook.cells)
    nbformat.validate(found.notebook)
    return cells, found.flags


def changed(edit, **answers):
    """Return a hand-in after an edit of its list of cells."""
    notebook = answered(**answers)
    edit(notebook.cells)
    return notebook


def hand_in(folder, student, notebook, hw='hw0', name=None):
    """Write what a student hands in to a class's folder; return where."""
    place = folder / 'submitted' / student / hw
    place.mkdir(parents=True)
    text = notebook if isinstance(notebook, str) else nbformat.writes(
        notebook)
    (place / (name or f'{hw}.ipynb')).write_text(text, encoding='utf-8')
    return place


def source_in(folder):
    """Write the assignment into a folder; return where grading finds it."""
    source = folder / 'source-of-hw0'
    (source / 'hw0').mkdir(parents=True)
    nbformat.write(assignment(), source / 'hw0' / 'hw0.ipynb')
    return source


def text_of(page):
    """Return what a page says, without its tags: code is cut up by them."""
    return html.unescape(re.sub('<[^>]*>', '', page))


# Archives ----------------------------------------------------------------

LIST = """id,first_name,last_name,email
ada,Ada,Lovelace,a.lovelace@example.org
s2,José María,Núñez de la Cruz,jmn@example.org
s3,Wei,Zhang,zhang1@example.org
s4,Wei,Zhang,zhang2@example.org
777,,,
s6,Søren,O'Brien,
"""


def make_archive(folder, *entries, compression=zipfile.ZIP_DEFLATED):
    """Make a zip of names, or (name or ZipInfo, bytes)."""
    path = folder / 'in.zip'
    with warnings.catch_warnings(), zipfile.ZipFile(
            path, 'w', compression) as zf:
        warnings.simplefilter('ignore')        # of names that come twice
        for entry in entries:
            name, data = (entry if isinstance(entry, tuple)
                          else (entry, entry.encode()))
            if isinstance(name, str):
                # The constructor would mend a name
                raw, name = name, zipfile.ZipInfo('x')
                name.filename, name.compress_type = raw, compression
            zf.writestr(name, data)
    return path


def in_bytes(folder, *names, data=None):
    """Make an archive with names in bytes, which does not tell which."""
    path = make_archive(folder, *(
        (f'{i:0{len(raw)}}', data or f'of {i}'.encode())
        for i, raw in enumerate(names)))
    content = path.read_bytes()
    for i, raw in enumerate(names):
        content = content.replace(f'{i:0{len(raw)}}'.encode(), raw)
    path.write_bytes(content)
    return path


def kind(name, mode):
    info = zipfile.ZipInfo(name)
    info.external_attr = mode << 16
    return info


def tree(folder):
    """Return what lies in a folder, and the digests of the files."""
    return {str(p.relative_to(folder)):
            str(p.readlink()) if p.is_symlink() else
            hashlib.sha256(p.read_bytes()).hexdigest() if p.is_file()
            else None for p in folder.rglob('*')}


def submitted(class_):
    return {str(p.relative_to(class_ / 'submitted')): p.read_bytes().decode()
            for p in class_.rglob('submitted/**/*') if p.is_file()}
