"""Many submissions are graded once each, whatever happens meanwhile.

Two dozen of them; a hundred with EVERY=1, weekly.
"""
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from distributed import Client
from nbgrader.api import Gradebook

from tests.classroom.support import (
    ADD_ONLY,
    FULL,
    ROOT,
    answered,
    hand_in,
    need_sandbox,
    source_in,
)
from tests.support import wait_for

need_sandbox()
KINDS = [(answered(), FULL), (answered('return 0'), ADD_ONLY),
         (answered(add='return x - y'), 2), (answered('return x ** 2'), FULL),
         (answered('raise NotImplementedError()', 'return None'), 0)]
NUMBER = 100 if os.environ.get('EVERY') else 24


def a_class(folder, number):
    """Write a class and its assignment; return the points of each."""
    source_in(folder)
    points = {}
    for i in range(number):
        notebook, points[f's{i:03}'] = KINDS[i % len(KINDS)]
        hand_in(folder, f's{i:03}', notebook)
    return points


def start(folder, *more, env=None):
    return subprocess.Popen(
        [sys.executable, '-m', 'classroom', 'grade', 'hw0', '--class',
         folder, '--source', folder / 'source-of-hw0', *more], cwd=ROOT,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        env=env)


def done(folder):
    return len(list((folder / 'state' / 'hw0').glob('*.json')))


def wait_until(run, folder, number):
    """Wait until so many are graded."""
    def graded():
        assert run.poll() is None
        return done(folder) >= number

    wait_for(f'{number} grades', graded, 300)


def grades(folder):
    results = json.loads((folder / 'results' / 'hw0.json').read_text())
    return {s['id']: (s['status'], s['score']) for s in results['students']}


def _sandboxes(place):
    """Return the commands of what runs in sandboxes of a folder."""
    commands = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            commands.append(' '.join(process.cmdline()))
    return [c for c in commands if f'{place}/d2l-' in c]


@pytest.fixture(scope='module')
def graded(tmp_path_factory):
    folder = tmp_path_factory.mktemp('class')
    place = folder / 'tmp'
    place.mkdir()
    points = a_class(folder, NUMBER)
    run = start(folder, env=os.environ | {'TMPDIR': str(place)})
    wait_until(run, folder, NUMBER // 3)
    wait_for('a sandbox', lambda: _sandboxes(place), 60)
    os.kill(run.pid, signal.SIGKILL)
    run.communicate()
    before = done(folder)
    deadline = time.monotonic() + 20
    while (left := _sandboxes(place)) and time.monotonic() < deadline:
        time.sleep(0.2)
    run = start(folder)
    _, progress = run.communicate(timeout=600)
    assert run.returncode == 0, progress
    return folder, points, before, progress, left


def test_a_killed_run_leaves_no_process(graded):
    assert graded[4] == []


def test_a_second_run_grades_only_the_rest(graded):
    _, _, before, progress, _ = graded
    assert f'of {NUMBER - before} run' in progress
    assert f'{before} as they were' in progress


def test_no_grade_is_lost_doubled_or_wrong(graded):
    folder, points, *_ = graded
    assert grades(folder) == {s: ('graded', p) for s, p in points.items()}
    with Gradebook(f'sqlite:///{folder}/gradebook.db') as gradebook:
        found = gradebook.assignment_submissions('hw0')
        assert {s.student.id: s.score for s in found} == points
        assert len(found) == NUMBER


STARTER = """import os, subprocess, sys, time
subprocess.Popen([sys.executable, '-m', 'classroom.sandbox',
                  str(os.getpid()), sys.argv[1], '0', '-f', 'kernel.json'])
time.sleep(60)
"""


@pytest.mark.parametrize('milliseconds', range(0, 24, 3))
def test_one_killed_while_a_sandbox_starts_leaves_none(
        tmp_path, milliseconds):
    folder = tmp_path / 'd2l-x'
    (folder / 'k').mkdir(parents=True)
    parent = subprocess.Popen([sys.executable, '-c', STARTER, folder],
                              cwd=ROOT)
    wait_for('bubblewrap', lambda: any(
        c.startswith('bwrap') for c in _sandboxes(tmp_path)), 60)
    time.sleep(milliseconds / 1000)
    parent.kill()
    parent.wait()
    wait_for('its end', lambda: not _sandboxes(tmp_path), 20)


# Workers --------------------------------------------------------------

def test_a_worker_that_is_killed_loses_nothing(tmp_path):
    points = a_class(tmp_path, 10)
    run = start(tmp_path)
    wait_until(run, tmp_path, 2)
    workers = [p for p in psutil.Process(run.pid).children()
               if 'spawn_main' in ' '.join(p.cmdline())]
    workers[-1].kill()
    _, progress = run.communicate(timeout=300)
    assert run.returncode == 0, progress
    assert grades(tmp_path) == {s: ('graded', p) for s, p in points.items()}


@pytest.fixture
def scheduler(tmp_path):
    """A Dask scheduler of this machine, and a way to give it workers."""
    processes, file = [], tmp_path / 'scheduler.json'

    def dask(*arguments, course=ROOT):
        processes.append(subprocess.Popen(
            [Path(sys.executable).with_name('dask'), *arguments,
             '--scheduler-file', file, '--host', '127.0.0.1',
             '--no-dashboard'], cwd=tmp_path,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env=os.environ | {'PYTHONPATH': str(course)}))

    def worker(**options):
        dask('worker', '--nthreads', '1', '--memory-limit', '0', **options)
        return processes[-1]

    dask('scheduler', '--port', '0')
    wait_for('the scheduler', file.exists, 60)
    yield json.loads(file.read_text())['address'], worker
    for process in reversed(processes):
        process.terminate()
    for process in processes:
        process.wait(30)


def wait_for_workers(address, number):
    with Client(address) as client:
        client.wait_for_workers(number, timeout=60)


def test_on_a_cluster_a_killed_worker_loses_nothing(scheduler, tmp_path):
    address, worker = scheduler
    points = a_class(tmp_path, 10)
    worker()
    doomed = worker()
    wait_for_workers(address, 2)
    run = start(tmp_path, '--scheduler', address)
    wait_until(run, tmp_path, 2)
    # With the nanny that would start another
    host = psutil.Process(doomed.pid)
    for process in [host, *host.children(recursive=True)]:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    _, progress = run.communicate(timeout=300)
    assert run.returncode == 0, progress
    assert grades(tmp_path) == {s: ('graded', p) for s, p in points.items()}


def test_a_cluster_that_cannot_grade_is_refused(scheduler, tmp_path):
    address, worker = scheduler
    a_class(tmp_path, 1)

    def refused(where):
        run = start(tmp_path, '--scheduler', where)
        _, said = run.communicate(timeout=120)
        assert run.returncode == 2
        assert not list((tmp_path / 'state' / 'hw0').iterdir())
        return said
    assert 'no Dask scheduler answers' in refused('tcp://127.0.0.1:9')
    assert 'has no workers; start some' in refused(address)
    other = tmp_path / 'other'
    for name in 'classroom', 'tools':
        shutil.copytree(ROOT / name, other / name, ignore=shutil.
                        ignore_patterns('class', 'source', 'hub'))
    shutil.copy(ROOT / 'requirements-dev.lock', other)
    worker(course=other)
    wait_for_workers(address, 1)
    assert 'has another version of the course' in refused(address)
