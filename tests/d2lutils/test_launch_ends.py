"""A job's processes end together, whatever ends first; none is left."""
import contextlib
import os
import signal

import psutil
import pytest

from d2lutils import launch as launcher
from tests.d2lutils.launching import WORKER, needs_store, start

# A job that is killed notes no coverage
pytestmark = pytest.mark.usefixtures('untraced')


@pytest.fixture
def running(tmp_path):
    """A job of two workers in the middle of its work."""
    job = start('-n', 2, WORKER, f'--folder={tmp_path}', '--num_epochs=1000',
                '--num_examples=2560')
    for line in job.stdout:
        if 'epoch 2' in line:
            break
    else:
        pytest.fail(job.stderr.read())
    yield job
    job.kill()
    job.communicate()


def roles(job):
    """Return the processes of a job by name; workers by their rank."""
    found = {}
    for p in psutil.Process(job.pid).children():
        env = p.environ()
        found.setdefault(env['DMLC_ROLE'], []).append(
            (int(env.get('PORT', 0)), p))
    job = {f'{role} {i}': p for role, ps in found.items()
           for i, (_, p) in enumerate(sorted(ps, key=lambda item: item[0]))}
    return job | {'scheduler': job.pop('scheduler 0')}


@needs_store
@pytest.mark.parametrize('name', ['worker 1', 'server 0', 'scheduler'])
def test_whichever_is_killed_all_end_at_once(running, name):
    job = roles(running)
    assert len(job) == 4
    job[name].kill()
    _, err = running.communicate(timeout=60)
    assert running.returncode == 128 + signal.SIGKILL
    assert err == (f'launch: {name} was ended by signal 9; all are '
                   'ended\n')
    assert not [p for p in job.values() if p.is_running()]


@needs_store
@pytest.mark.parametrize('number', [
    signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL])
def test_none_is_left_when_the_launcher_is_ended(running, number):
    job = roles(running)
    running.send_signal(number)
    running.communicate(timeout=60)
    assert running.returncode in (128 + number, -number)
    _, left = psutil.wait_procs(job.values(), timeout=30)
    assert not left


class Swallowing:
    """A process in whose status a signal arrives, where errors are caught."""
    unread = False

    def __init__(self, name, *_):
        self.name = name

    def status(self):
        with contextlib.suppress(OSError):          # so does Popen.poll
            os.kill(os.getpid(), signal.SIGTERM)

    def kill(self):
        pass


def test_a_signal_counts_wherever_it_arrives(monkeypatch, capsys):
    numbers = signal.SIGINT, signal.SIGTERM, signal.SIGHUP
    before = [signal.getsignal(number) for number in numbers]
    monkeypatch.setattr(launcher, 'Process', Swallowing)
    try:
        assert launcher.run([('worker 0', {})], ['x.py'], 5) == 128 + 15
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
    assert capsys.readouterr().err == (
        'launch: ended by signal 15; all are ended\n')


@needs_store
def test_what_a_worker_has_started_ends_with_the_launcher(script, tmp_path):
    path = script('import subprocess, time\n'
                  "print(subprocess.Popen(['sleep', '1000']).pid)\n"
                  'time.sleep(1000)\n')
    job = start('-n', 1, path)
    child = psutil.Process(int(job.stdout.readline().split()[-1]))
    job.kill()
    job.communicate()
    _, left = psutil.wait_procs([child], timeout=30)
    assert not left


@needs_store
def test_a_job_whose_output_nobody_reads_is_ended(script):
    path = script('import time\nfor i in range(10**6):\n    print(i)\n'
                  'time.sleep(1000)\n')
    job = start('-n', 1, path)
    job.stdout.readline()
    job.stdout.close()
    job.wait(60)
    assert job.returncode == 128 + signal.SIGPIPE
    assert job.stderr.read() == ('launch: nobody reads the output; all are '
                                 'ended\n')
    job.stderr.close()


@needs_store
def test_nothing_listens_beyond_this_machine(running):
    heard = [c.laddr.ip for p in roles(running).values()
             for c in p.net_connections() if c.status == 'LISTEN']
    assert len(heard) >= 4
    assert set(heard) == {'127.0.0.1'}
