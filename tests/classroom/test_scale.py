"""A hundred submissions are graded once each, whatever happens meanwhile."""
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook
from test_grading import ADD_ONLY, FULL, answered, assignment

ROOT = Path(__file__).resolve().parents[2]
KINDS = [(answered(), FULL), (answered('return 0'), ADD_ONLY),
         (answered(add='return x - y'), 2), (answered('return x ** 2'), FULL),
         (answered('raise NotImplementedError()', 'return None'), 0)]
NUMBER = 100


def hand_in(folder):
    """Write a class and its assignment; return the points of each."""
    source = folder / 'source-of-hw0' / 'hw0'
    source.mkdir(parents=True)
    nbformat.write(assignment(), source / 'hw0.ipynb')
    points = {}
    for i in range(NUMBER):
        notebook, points[f's{i:03}'] = KINDS[i % len(KINDS)]
        place = folder / 'submitted' / f's{i:03}' / 'hw0'
        place.mkdir(parents=True)
        nbformat.write(notebook, place / 'hw0.ipynb')
    return points


def start(folder):
    return subprocess.Popen(
        [sys.executable, ROOT / 'classroom' / 'grade.py', 'hw0', '--class',
         folder, '--source', folder / 'source-of-hw0'],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        start_new_session=True)


def done(folder):
    return len(list((folder / 'state' / 'hw0').glob('*.json')))


def _left(number):
    # Of its own session, and sandboxes that nobody watches
    return ''.join(subprocess.run(['pgrep', '-a', *which],
                                  capture_output=True, text=True).stdout
                   for which in (['-s', str(number)], ['-P', '1', 'bwrap']))


@pytest.fixture(scope='module')
def graded(tmp_path_factory):
    folder = tmp_path_factory.mktemp('class')
    points = hand_in(folder)
    run = start(folder)
    deadline = time.monotonic() + 300
    while done(folder) < NUMBER // 3:
        assert run.poll() is None and time.monotonic() < deadline
        time.sleep(0.1)
    os.kill(run.pid, signal.SIGKILL)
    run.communicate()
    before = done(folder)
    deadline = time.monotonic() + 20
    while (left := _left(run.pid)) and time.monotonic() < deadline:
        time.sleep(0.2)
    run = start(folder)
    _, progress = run.communicate(timeout=600)
    assert run.returncode == 0, progress
    return folder, points, before, progress, left


def test_a_killed_run_leaves_no_process(graded):
    assert graded[4] == ''


def test_a_second_run_grades_only_the_rest(graded):
    _, _, before, progress, _ = graded
    assert f'of {NUMBER - before} run' in progress
    assert f'{before} as they were' in progress


def test_no_grade_is_lost_doubled_or_wrong(graded):
    folder, points, *_ = graded
    results = json.loads((folder / 'results' / 'hw0.json').read_text())
    assert {s['id']: (s['status'], s['score'])
            for s in results['students']} == {
                student: ('graded', p) for student, p in points.items()}
    with Gradebook(f'sqlite:///{folder}/gradebook.db') as gradebook:
        found = gradebook.assignment_submissions('hw0')
        assert {s.student.id: s.score for s in found} == points
        assert len(found) == NUMBER
