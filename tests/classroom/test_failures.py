"""A class is graded to its end, and a machine's failures are tried again."""
import errno
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from classroom import execute, grade, results, sandbox, splice
from classroom.__main__ import main
from classroom.assignment import GradeError
from tests.classroom.support import (
    FULL,
    ROOT,
    answered,
    hand_in,
    need_sandbox,
    source_in,
)

need_sandbox()


@pytest.fixture
def class_(tmp_path):
    """A class with an assignment, in which three have handed in."""
    folder = tmp_path / 'class'
    folder.mkdir()
    source_in(tmp_path)
    for student in 'ada', 'bob', 'eve':
        hand_in(folder, student, answered())
    return folder


@pytest.fixture
def graded(class_, tmp_path, monkeypatch):
    """Grade the class without kernels; count who was run."""
    def grade_all(**outcomes):
        ran = []

        def run(notebooks, *_):
            for student, notebook in notebooks.items():
                ran.append(student)
                yield student, {
                    'notebook': notebook, 'cause': None, 'disarmed': False,
                    'left_out': [], 'again': False, 'seconds': 1
                    } | outcomes.get(student, {})

        monkeypatch.setattr(grade.workers, 'run', run)
        found = grade.grade('hw0', class_, source=tmp_path / 'source-of-hw0',
                            show=lambda line: None)
        return {s['id']: s for s in found['students']}, ran
    return grade_all


def test_a_machines_failure_is_tried_again_and_a_students_is_kept(graded):
    failed = {'ada': {'cause': 'OSError: no space left', 'again': True},
              'bob': {'cause': 'the kernel ended in cell square'}}
    rows, ran = graded(**failed)
    assert ran == ['ada', 'bob', 'eve']
    assert [rows[s]['status'] for s in ran] == [
        'ungraded', 'ungraded', 'graded']
    rows, ran = graded()
    assert ran == ['ada'] and rows['ada']['score'] == FULL
    assert rows['bob']['cause'] == failed['bob']['cause']


@pytest.mark.parametrize('error', [
    GradeError('x'), OSError(errno.ENOSPC, 'No space left on device')])
def test_what_nbgrader_cannot_do_is_tried_again(graded, monkeypatch, error):
    def fail(*_):
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(grade.Grading, '_grade', fail)
        rows, _ = graded()
    assert {r['status'] for r in rows.values()} == {'ungraded'}
    rows, ran = graded()
    assert len(ran) == 3
    assert {r['status'] for r in rows.values()} == {'graded'}


def test_what_is_lost_is_made_again(graded, class_):
    graded()
    for lost in 'gradebook.db', 'executed/ada', 'state/hw0/ada.json':
        path = class_ / lost
        shutil.rmtree(path) if path.is_dir() else path.unlink()
        rows, ran = graded()
        assert 'ada' in ran, lost
        assert {r['score'] for r in rows.values()} == {FULL}, lost


def test_a_bug_in_one_does_not_stop_the_others(graded, class_, monkeypatch):
    real = splice.splice
    shutil.rmtree(class_ / 'submitted' / 'bob')
    hand_in(class_, 'bob', answered(top='# bad\n'))

    def fail(source, release, submitted):
        if any('bad' in c.source for c in submitted.cells):
            raise ZeroDivisionError('some bug')
        return real(source, release, submitted)

    monkeypatch.setattr(grade.splice, 'splice', fail)
    rows, ran = graded()
    assert ran == ['ada', 'eve']
    assert rows['bob']['cause'] == 'ZeroDivisionError: some bug'


def test_no_name_of_a_file_stops_a_class(graded, class_):
    names = (os.fsdecode(b'\xd7\xf7\xd2\xb5.ipynb'), 'x\ny.ipynb', '*.ipynb',
             'é' * 120 + '.ipynb', ' .ipynb')
    for i, name in enumerate(names):
        place = hand_in(class_, f's{i}', answered(), name=name)
        os.mkfifo(place / 'pipe')
    rows, _ = graded()
    assert len(rows) == 3 + len(names)
    assert {r['score'] for r in rows.values()} == {FULL}
    assert json.dumps(rows)
    assert all('special file' in str(rows[f's{i}']['flags'])
               for i in range(len(names)))


def test_no_name_of_a_student_stops_a_class(graded, class_):
    bad = {os.fsdecode(b'\xd5\xc5'): '张', 'a*': 'a*', '[ab]': '[ab]',
           'x\ny': 'x\ny'}
    for student in *bad, 'Ada Lovelace', '李':
        hand_in(class_, student, answered())
    rows, _ = graded()
    for student in 'ada', 'eve', 'Ada Lovelace', '李':
        assert rows[student]['status'] == 'graded'
        assert rows[student]['score'] == FULL
    for shown in bad.values():
        assert rows[shown]['status'] == 'ungraded'
        assert 'rename it' in rows[shown]['cause']


def test_a_full_disk_is_said(class_, tmp_path, monkeypatch, capsys):
    def full(*_):
        raise OSError(errno.ENOSPC, 'No space left on device')

    monkeypatch.setattr(results, 'write', full)
    monkeypatch.setattr(grade.workers, 'run', lambda *_: ())
    assert main(['grade', 'hw0', '--class', str(class_), '--source',
                 str(tmp_path / 'source-of-hw0')]) == 2
    assert 'No space left on device' in capsys.readouterr().err


def test_an_environment_that_others_cannot_read_is_named(
        tmp_path, monkeypatch):
    shutil.copytree(ROOT / 'd2lutils', tmp_path / 'd2lutils')
    (tmp_path / 'd2lutils' / '__init__.py').chmod(0)
    with monkeypatch.context() as patch:
        # In its place, for the sandbox alone
        real = sandbox._view
        patch.setattr(sandbox, '_view', lambda folder: [
            *real(folder)[:-4], '--ro-bind', str(tmp_path / 'd2lutils'),
            str(ROOT / 'd2lutils'), *real(folder)[-4:]])
        with pytest.raises(sandbox.SandboxError, match='chmod -R go'):
            sandbox.check()
    sandbox.check()


def test_a_kernel_that_cannot_start_is_the_machines_failure(monkeypatch):
    monkeypatch.setattr(execute.sys, 'executable', '/bin/false')
    monkeypatch.setattr(execute.SafeExecute, 'startup_timeout', 5)
    ran = execute.execute(nbformat.writes(answered()), unsafe=True)
    assert ran['again'] and 'the kernel did not start' in ran['cause']


def test_no_locale_and_no_long_path_keeps_a_class_from_its_grades(tmp_path):
    folder = tmp_path / '一班'
    folder.mkdir()
    hand_in(folder, 'ada', answered(), name='作业.ipynb')
    hand_in(folder, 'bob', '{')
    (folder / 'students.csv').write_text('id,first_name\nada,艾达\n', 'utf-8')
    long = tmp_path / ('t' * 100)
    long.mkdir()
    env = os.environ | {'LC_ALL': 'C', 'PYTHONUTF8': '0', 'TMPDIR': str(long),
                        'PYTHONCOERCECLOCALE': '0'}
    done = subprocess.run(
        [sys.executable, '-m', 'classroom', 'grade', 'hw0', '--class', folder,
         '--source', source_in(tmp_path)], cwd=ROOT, env=env, timeout=500,
        capture_output=True)
    said = done.stdout.decode('ascii')
    assert done.returncode == 1 and 'ada  5 of 6' in said, done
    assert r'\u4e00\u73ed' in said and 'bob.ipynb is not a' not in said
    row = json.loads((folder / 'results/hw0.json').read_text('utf-8'))[
        'students'][0]
    assert row['flags'] == ['the notebook is called 作业.ipynb']
    assert list(Path(long).iterdir()) == []
