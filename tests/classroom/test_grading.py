"""Grading is fair, safe, and loses nothing: real nbgrader, real sandbox."""
import hashlib
import json
import os
import shutil
import socket

import nbformat
import psutil
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from nbgrader.api import Gradebook

from classroom import grade, sandbox
from tests.classroom.hand_ins import ATTACKS, FAIR, LINKS
from tests.classroom.support import (
    ADD_ONLY,
    FULL,
    ROOT,
    SECRET,
    answered,
    hand_in,
    need_sandbox,
    source_in,
    text_of,
)
from tests.support import wait_for

need_sandbox()


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
        notebook = answered(top=code)
        if student.endswith('for-a-while'):
            notebook.cells.append(new_code_cell(
                'get_ipython().input_transformers_post.remove(mine)'))
        hand_in(folder, student, notebook)
    hand_in(folder, 'other-name', answered(),
            name='Homework zero (final).ipynb')
    hand_in(folder, 'other-ending', answered(), name='hw0.ipynb.txt')
    place = hand_in(folder, 'other-bytes', answered())
    (place / 'hw0.ipynb').rename(place / os.fsdecode(b'\xd7\xf7.ipynb'))
    (place / os.fsdecode(b'\xd2\xb5')).mkdir()
    hand_in(folder, os.fsdecode(b'\xd5\xc5'), answered())
    hand_in(folder, 'any*', answered())
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
    ('张', 'rename it'), ('any*', 'rename it'),
    ('broken', 'not a notebook'), ('another', 'is it another assignment'),
    *((student, 'a symbolic link') for student in LINKS)])
def test_what_cannot_be_graded_is_never_a_zero(graded, student, cause):
    row = graded['rows'][student]
    assert (row['status'], row['score']) == ('ungraded', None), row
    assert cause in row['cause']


@pytest.mark.parametrize(('student', 'flag'), [
    ('other-name', 'Homework zero'), ('own-numpy', 'left out'),
    ('own-mxnet', 'left out'),
    ('copied-cell', 'was handed in 2 times'), ('deleted-tests', 'put back'),
    ('changed-points', 'put back'), ('own-helper', 'defining helper'),
    ('own-import', 'own code was run: one cell, defining st'),
    ('own-answer', 'square was found by the names'),
    ('own-exit', 'own-1 ended the kernel, and was left out'),
    ('own-flood', 'own-1 ended the kernel'),
    ('split', 'square was split into 2 cells'),
    ('other-types', 'add was in a raw cell: put back'),
    ('stripped', 'found by the names'), ('text-below', 'beside it'),
    ('prints-tests', 'square-test printed hidden tests'),
    ('other-ending', 'hw0.ipynb.txt'), ('other-bytes', '作.ipynb')])
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

    def none_is_left():
        left = [p.info['cmdline'] for p in psutil.process_iter(
            ['cmdline', 'pid', 'ppid'])
            if ours & {p.info['pid'], p.info['ppid']}]
        return not [c for c in left if c and (
            'classroom.sandbox' in ' '.join(c) or '86399' in c)]

    # What other tests have killed takes a moment to end
    wait_for('the end of all', none_is_left, 30)


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
        assert 'square(-2)' not in text_of(text), page
        assert '<script>evil()' not in text, page
    mistake = (graded['folder'] / 'feedback' / 'hidden-mistake' / 'hw0'
               / 'hw0.html').read_text()
    assert SECRET in mistake                # the message, not the test


def test_a_pasted_image_is_shown(graded):
    page = (graded['folder'] / 'feedback/image/hw0/hw0.html').read_text()
    assert 'src="data:image/png;base64,iVBOR' in page


def test_feedback_lists_the_tasks_with_all_that_failed(graded):
    page = (graded['folder'] / 'feedback/nothing/hw0/hw0.html').read_text()
    said = ' '.join(text_of(page).split())
    assert 'Score: 0 of 6' in said
    assert ('square-test 0 of 2 NotImplementedError add-test 0 of 3 '
            'NotImplementedError why ? of 1 waits to be graded') in said


def test_results_are_written_whole(graded):
    text = (graded['folder'] / 'results' / 'hw0.json').read_text()
    assert json.loads(text) == graded['repeated']


def test_points_that_a_person_gives_are_counted_and_shown(graded):
    folder = graded['folder']
    page = folder / 'feedback' / 'right' / 'hw0' / 'hw0.html'
    assert 'Score: 5 of 6' in text_of(' '.join(page.read_text().split()))
    with Gradebook(f'sqlite:///{folder}/gradebook.db') as gradebook:
        given = gradebook.find_grade('why', 'hw0', 'hw0', 'right')
        given.manual_score, given.needs_manual_grade = 1, False
        gradebook.db.commit()
    results = grade.grade('hw0', folder, show=pytest.fail,
                          source=graded['source'])
    row, = (r for r in results['students'] if r['id'] == 'right')
    assert (row['score'], row['pending']) == (FULL + 1, 0)
    assert 'Score: 6 of 6' in text_of(' '.join(page.read_text().split()))


def test_without_the_sandbox_nothing_is_graded(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, 'which', lambda name: None)
    with pytest.raises(sandbox.SandboxError, match='apt-get install bubble'):
        grade.grade('hw1', tmp_path)
    assert not list(tmp_path.iterdir())
