"""Grading is fair, safe, and loses nothing: real nbgrader, real sandbox."""
import hashlib
import json
import os
import shutil
import socket
import sys
from pathlib import Path

import nbformat
import psutil
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from nbgrader.api import Gradebook

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'classroom'))
import grade  # noqa: E402
import sandbox  # noqa: E402

try:
    sandbox.check()
except sandbox.SandboxError as error:
    if os.environ.get('CI'):
        raise
    pytest.skip(str(error), allow_module_level=True)

# nbgrader's own use of its database
pytestmark = pytest.mark.filterwarnings('ignore:::nbgrader')
SECRET = 'hidden-4711'


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


def hand_in(folder, student, notebook, hw='hw0', name=None):
    """Write what a student hands in to a class's folder; return where."""
    place = folder / 'submitted' / student / hw
    place.mkdir(parents=True)
    text = notebook if isinstance(notebook, str) else nbformat.writes(
        notebook)
    (place / (name or f'{hw}.ipynb')).write_text(text)
    return place


def source_in(folder):
    """Write the assignment into a folder; return where grading finds it."""
    source = folder / 'source-of-hw0'
    (source / 'hw0').mkdir(parents=True)
    nbformat.write(assignment(), source / 'hw0' / 'hw0.ipynb')
    return source


def without(notebook, *names):
    notebook.cells = [c for c in notebook.cells if c.id not in names]
    return notebook


def stripped(notebook):
    for made in notebook.cells:
        made.metadata = {}
    return notebook


def doubled(notebook):
    extra = nbformat.from_dict(notebook.cells[2])
    extra.id = 'copy'
    extra.source = 'def square(x):\n    return x + x'
    notebook.cells.insert(2, extra)
    return notebook


def repointed(notebook):
    for made in notebook.cells:
        meta = made.metadata.get('nbgrader')
        if meta:
            meta.update(locked=False, **({'points': 99} if 'points' in meta
                                         else {}))
        if made.id.endswith('-test'):
            made.source = 'pass'
    return notebook


def shuffled(notebook):
    notebook.cells = notebook.cells[::-1]
    return notebook


FULL, ADD_ONLY = 5, 3
FAIR = {       # name: notebook, the machine's points
    'right': (answered(), FULL),
    'nothing': (answered('raise NotImplementedError()',
                         'raise NotImplementedError()'), 0),
    'hidden-mistake': (answered('return x * abs(x)'), ADD_ONLY),
    'visible-mistake': (answered('return 0'), ADD_ONLY),
    'warns': (answered(top='import warnings\nwarnings.warn("old")\n'), FULL),
    'prints': (answered('import sys; print("?", file=sys.stderr); '
                        'return x * x'), FULL),
    'deleted-tests': (without(answered(), 'square-test', 'add-test'), FULL),
    'deleted-setup': (without(answered(), 'setup'), FULL),
    'no-metadata': (stripped(answered()), FULL),
    'copied-cell': (doubled(answered()), FULL),
    'changed-points': (repointed(answered('return 0')), ADD_ONLY),
    'shuffled': (shuffled(answered()), FULL),
    'loop-in-function': (answered('while True: pass'), ADD_ONLY),
}
ATTACKS = {    # name: code at the head of an answer, points or a cause
    'loop': ('while True: pass\n', ADD_ONLY),
    'stubborn-loop': ('while True:\n    try:\n        while True: pass\n'
                      '    except BaseException: pass\n', None),
    'os-exit': ('import os; os._exit(0)\n', 'the kernel ended'),
    'kill': ('import os; os.kill(os.getpid(), 9)\n', 'the kernel ended'),
    'exit': ('exit()\n', 'the kernel ended'),
    'memory': ('x = bytearray(4 * 2 ** 30)\n', ADD_ONLY),
    'fork-bomb': ('import os\nwhile True: os.fork()\n', None),
    'large-file': ('open("x", "wb").write(bytes(300 * 2 ** 20))\n',
                   ADD_ONLY),
    'flood': ('for _ in range(1000): print("x" * 100_000)\n',
              'it printed more'),
    'write-outside': (f'open({str(ROOT / "planted")!r}, "w")\n', ADD_ONLY),
    'read-source': (f'open({str(ROOT / "classroom/grade.py")!r})\n',
                    ADD_ONLY),
    'read-class': ('open({class_!r} + "/gradebook.db")\n', ADD_ONLY),
    'socket': ('import socket; socket.create_connection(("127.0.0.1", '
               '{port}), 2)\n', ADD_ONLY),
    'secrets': ('import os; assert "D2L_SECRET" in os.environ\n', ADD_ONLY),
    'daemon': ('import subprocess; subprocess.Popen(["sleep", "86399"], '
               'start_new_session=True)\n', FULL),
    'transformer': ('get_ipython().input_transformers_post.append(lambda '
                    'lines: [line for line in lines if not '
                    'line.startswith("assert")])\n', 'disarmed'),
    'numpy-testing': ('import numpy.testing\nnumpy.testing.assert_allclose '
                      '= lambda *a, **k: None\n', 'disarmed'),
    'script': ('from IPython.display import HTML, display\n'
               'display(HTML("<script>evil()</script>"))\n', FULL),
}


LINKS = {'linked': '/etc/shadow', 'linked-source': '{source}/hw0/hw0.ipynb',
         'linked-book': '{class}/gradebook.db',
         'linked-other': '{class}/submitted/right/hw0/hw0.ipynb'}


def tree(folder):
    """Return a digest of each file under a folder."""
    return {str(p): hashlib.sha256(p.read_bytes()).hexdigest()
            for p in sorted(folder.rglob('*'))
            if p.is_file() and not p.is_symlink()
            and not any(part in p.parts for part in (
                '__pycache__', '.git', '.venv', '.bench', 'class',
                'node_modules', '.hypothesis', '.pytest_cache'))}


@pytest.fixture(scope='module')
def graded(tmp_path_factory):
    """Grade all of them in one run."""
    folder = tmp_path_factory.mktemp('class')
    source = source_in(tmp_path_factory.mktemp('source'))
    patch = pytest.MonkeyPatch()
    patch.setenv('D2L_SECRET', 'x')
    listener = socket.create_server(('127.0.0.1', 0))

    for student, (notebook, _) in FAIR.items():
        hand_in(folder, student, notebook)
    for student, (code, _) in ATTACKS.items():
        code = code.replace('{class_!r}', repr(str(folder))).replace(
            '{port}', str(listener.getsockname()[1]))
        hand_in(folder, student, answered(top=code))
    hand_in(folder, 'other-name', answered(),
            name='Homework zero (final).ipynb')
    hand_in(folder, 'broken', '{"cells": [')
    hand_in(folder, 'another', new_notebook(cells=[new_code_cell('1')]),
            name='hw7.ipynb')
    huge = answered()
    huge.cells[1].outputs = [nbformat.v4.new_output(
        'stream', text='x' * 50_000_000)]
    hand_in(folder, 'huge', huge)
    for name in 'numpy', 'mxnet':
        place = hand_in(folder, f'own-{name}', answered())
        (place / name).mkdir()
        (place / name / '__init__.py').write_text('raise SystemExit')
    for student, target in LINKS.items():
        place = hand_in(folder, student, answered(), name='x.txt')
        (place / 'hw0.ipynb').symlink_to(target.replace(
            '{source}', str(source)).replace('{class}', str(folder)))
    (folder / 'students.csv').write_text('id\nright\nabsent\n')
    before = tree(ROOT)
    again = []
    try:
        results = grade.grade('hw0', folder, show=lambda line: None,
                              source=source)
        repeated = grade.grade('hw0', folder, show=again.append,
                               source=source)
    finally:
        listener.close()
        patch.undo()
    return {'folder': folder, 'source': source, 'results': results,
            'again': again, 'repeated': repeated, 'before': before,
            'after': tree(ROOT),
            'rows': {row['id']: row for row in results['students']}}


@pytest.mark.parametrize('student', FAIR)
def test_a_fair_teacher_would_give_these_points(graded, student):
    row = graded['rows'][student]
    assert (row['status'], row['score'], row['pending']) == (
        'graded', FAIR[student][1], 1), row


@pytest.mark.parametrize('student', ATTACKS)
def test_an_attack_ends_as_it_should(graded, student):
    row, expected = graded['rows'][student], ATTACKS[student][1]
    if isinstance(expected, int):
        assert (row['status'], row['score']) == ('graded', expected), row
    elif isinstance(expected, str):
        assert row['status'] == 'ungraded' and row['score'] is None, row
        assert expected in row['cause'], row
    else:
        assert row['status'] == 'ungraded' or row['score'] <= ADD_ONLY


@pytest.mark.parametrize(('student', 'cause'), [
    ('broken', 'no notebook'), ('another', 'no notebook of hw0 is there'),
    *((student, 'a symbolic link') for student in LINKS)])
def test_what_cannot_be_graded_is_never_a_zero(graded, student, cause):
    row = graded['rows'][student]
    assert (row['status'], row['score']) == ('ungraded', None), row
    assert cause in row['cause']


@pytest.mark.parametrize(('student', 'flag'), [
    ('other-name', 'Homework zero'), ('own-numpy', 'left out'),
    ('own-mxnet', 'left out'),
    ('copied-cell', 'is there 2 times'), ('deleted-tests', 'put back'),
    ('changed-points', 'put back')])
def test_what_a_person_should_see_is_flagged(graded, student, flag):
    row = graded['rows'][student]
    assert row['status'] == 'graded'
    assert any(flag in f for f in row['flags']), row


def test_a_huge_notebook_is_graded_without_its_outputs(graded):
    assert graded['rows']['huge']['score'] == FULL


def test_who_handed_nothing_in_is_missing(graded):
    row = graded['rows']['absent']
    assert (row['status'], row['score']) == ('missing', None)


def test_nothing_outside_has_changed(graded):
    before, after = graded['before'], graded['after']
    assert {p for p in before | after
            if before.get(p) != after.get(p)} == set()


def test_no_process_is_left(graded):
    # Of ours, or of nobody: other tests may grade at the same time
    ours = {0, 1} | {p.pid for p in psutil.Process().children(recursive=True)}
    left = [p.info['cmdline'] for p in psutil.process_iter(
        ['cmdline', 'pid', 'ppid']) if ours & {p.info['pid'], p.info['ppid']}]
    assert not [c for c in left if c and (
        'sandbox.py' in ' '.join(c) or '86399' in c)]


def test_a_second_run_runs_nothing_and_says_the_same(graded):
    assert graded['again'] == []
    for a, b in zip(graded['results']['students'],
                    graded['repeated']['students'], strict=True):
        assert a == b


def test_feedback_shows_neither_hidden_tests_nor_scripts(graded):
    pages = list((graded['folder'] / 'feedback').glob('*/hw0/hw0.html'))
    assert len(pages) == sum(row['status'] == 'graded'
                             for row in graded['rows'].values())
    for page in pages:
        text = page.read_text()
        assert 'square(-2)' not in text, page
        assert '<script>evil()' not in text, page
    mistake = (graded['folder'] / 'feedback' / 'hidden-mistake' / 'hw0'
               / 'hw0.html').read_text()
    assert SECRET in mistake                # the message, not the test


def test_results_are_written_whole(graded):
    text = (graded['folder'] / 'results' / 'hw0.json').read_text()
    assert json.loads(text) == graded['repeated']


def test_points_that_a_person_gives_are_counted_and_shown(graded):
    folder = graded['folder']
    page = folder / 'feedback' / 'right' / 'hw0' / 'hw0.html'
    assert '(Score: 5.0 / 6.0)' in page.read_text()
    with Gradebook(f'sqlite:///{folder}/gradebook.db') as gradebook:
        given = gradebook.find_grade('why', 'hw0', 'hw0', 'right')
        given.manual_score, given.needs_manual_grade = 1, False
        gradebook.db.commit()
    results = grade.grade('hw0', folder, show=pytest.fail,
                          source=graded['source'])
    row, = (r for r in results['students'] if r['id'] == 'right')
    assert (row['score'], row['pending']) == (FULL + 1, 0)
    assert '(Score: 6.0 / 6.0)' in page.read_text()


def test_without_the_sandbox_nothing_is_graded(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, 'which', lambda name: None)
    with pytest.raises(sandbox.SandboxError, match='apt-get install bubble'):
        grade.grade('hw1', tmp_path)
    assert not list(tmp_path.iterdir())
