"""Several processes train as one."""
import os
import re
import shlex
import socket
import subprocess
import sys

import nbformat
import numpy
import pytest
from mxnet import cpu, npx

import conftest
from d2lutils import launch as launcher
from tests.d2lutils.launching import (
    STEPS,
    WORKER,
    digests,
    launch,
    needs_store,
    weights,
)
from tests.support import free_port
from tools.lessons import Lesson

npx.set_np()


@pytest.fixture(scope='module')
def alone(tmp_path_factory):
    """Weights after 50 steps of one process, without the launcher."""
    folder = tmp_path_factory.mktemp('alone')
    subprocess.run([sys.executable, WORKER, '--kvstore=device',
                    f'--folder={folder}', *STEPS], check=True, timeout=100,
                   stdout=subprocess.DEVNULL)
    return weights(folder)


def test_a_build_without_a_parameter_server_says_so(monkeypatch, capsys):
    monkeypatch.setattr(launcher, 'has_store', lambda: False)
    assert launcher.main(['-n', '2', str(WORKER)]) == 2
    assert capsys.readouterr().err == f'launch: {launcher.WITHOUT}\n'


def test_cells_that_need_the_parameter_server_skip_without_it(monkeypatch):
    tagged = nbformat.v4.new_code_cell(
        metadata={'tags': ['parameter-server']})
    monkeypatch.setattr(launcher, 'has_store', lambda: False)
    assert conftest.lacking(tagged) == launcher.WITHOUT
    assert conftest.lacking(nbformat.v4.new_code_cell()) is None
    monkeypatch.setattr(launcher, 'has_store', lambda: True)
    assert conftest.lacking(tagged) is None


@needs_store
@pytest.mark.parametrize(('workers', 'servers'), [(1, 1), (2, 1), (3, 2)])
def test_workers_together_train_as_one_process_does(workers, servers, alone,
                                                    tmp_path):
    status, out, err = launch('-n', workers, '-s', servers, WORKER,
                              f'--folder={tmp_path}', *STEPS)
    assert (status, err) == (0, '')
    assert len(digests(out)) == workers and len(set(digests(out))) == 1
    # Each worker has the rank of its name
    ranks = [(str(i), str(i)) for i in range(workers)]
    assert sorted(re.findall(rf'^worker (\d) \| rank (\d) of {workers} ends',
                             out, re.M)) == ranks
    together = weights(tmp_path)
    assert together.keys() == alone.keys()
    for name in alone:
        assert numpy.abs(together[name] - alone[name]).max() < 1e-6
        assert numpy.abs(alone[name]).max() > 0.1     # it has learned


def test_two_devices_of_one_process_train_as_one():
    make_net, train = Lesson('17').load('make_net', 'train')
    weights = []
    for devices in [cpu(0)], [cpu(0), cpu(1)]:
        net = make_net(devices)
        train(net, devices, num_steps=50)
        weights += [w.asnumpy() for w in net.weight.list_data()]
    one, *two = weights
    assert (two[0] == two[1]).all()
    assert numpy.abs(one - two[0]).max() < 1e-5


@needs_store
def test_a_job_that_failed_goes_on_bit_for_bit(tmp_path):
    whole, broken = tmp_path / 'whole', tmp_path / 'broken'
    whole.mkdir()
    broken.mkdir()
    job = '-n', 2, WORKER, '--num_examples=2560', '--num_epochs=3'
    status, through, _ = launch(*job, f'--folder={whole}')
    assert status == 0
    status, out, err = launch(*job, f'--folder={broken}',
                              '--fail_in_epoch=3')
    assert status == 1
    assert 'worker 1 | RuntimeError: this worker was told to fail' in out
    assert err == 'launch: worker 1 failed with exit status 1; all are ' \
                  'ended\n'
    assert [p.name for p in sorted(broken.iterdir())] == [
        'epoch-001.params', 'epoch-002.params']
    status, out, err = launch(*job, f'--folder={broken}')
    assert (status, err) == (0, '')
    assert 'epoch 3' in out and 'epoch 2' not in out
    assert set(digests(out)) == set(digests(through))


@needs_store
def test_a_last_batch_that_cannot_be_shared_is_refused(tmp_path):
    status, out, _ = launch('-n', 2, WORKER, f'--folder={tmp_path}',
                            '--num_examples=257')
    assert status == 1
    assert 'ValueError: --num_examples 257: the last batch has less' in out


@needs_store
def test_what_the_shell_has_set_does_not_reach_the_job(script):
    path = script('import os\nfor k in sorted(os.environ): print(k)\n')
    status, out, err = launch('-n', 1, path, env=os.environ | {
        'DMLC_NUM_SERVER': '7', 'PS_VERBOSE': '2', 'DMLC_INTERFACE': 'eth9',
        'PORT': '80'})
    assert (status, err) == (0, '')
    assert 'DMLC_NODE_HOST' in out
    assert 'PS_VERBOSE' not in out and 'DMLC_INTERFACE' not in out


@needs_store
def test_the_script_has_its_arguments_and_its_folder(script, tmp_path):
    (tmp_path / 'beside.py').write_text('x = 4711\n')
    path = script('import beside, sys\nprint(beside.x, sys.argv[1:], '
                  '__name__, __file__)\n')
    _, out, _ = launch('-n', 1, path, '-n', '--lr=0.1', 'two words')
    assert out == ("worker 0 | 4711 ['-n', '--lr=0.1', 'two words'] __main__ "
                   f'{path}\n')


@needs_store
@pytest.mark.parametrize(('text', 'status', 'said'), [
    ('import sys; sys.exit(3)', 3, 'worker 0 failed with exit status 3'),
    ("import sys; sys.exit('no data')", 1,
     'worker 0 failed with exit status 1'),
    ('1 / 0', 1, 'worker 0 failed with exit status 1'),
    ('import os; os.abort()', 134, 'worker 0 was ended by signal 6'),
    ('import sys; sys.exit()', 0, ''),
])
def test_the_exit_status_is_the_workers(script, text, status, said):
    found, out, err = launch('-n', 1, script(text))
    assert found == status
    assert err == (f'launch: {said}; all are ended\n' if said else '')
    if 'no data' in text:
        assert out == 'worker 0 | no data\n'
    if '1 / 0' in text:
        assert 'worker 0 | ZeroDivisionError: division by zero' in out


@needs_store
def test_a_worker_that_leaves_before_the_others_is_named(script):
    path = script('from mxnet import kv, nd\nimport os\n'
                  "store = kv.create('dist_sync')\n"
                  'if store.rank == 1:\n    os._exit(0)\n'
                  'store._barrier()\n')
    status, _, err = launch('-n', 2, path)
    assert status == 1
    assert 'worker 1 ended 10 s ago, and ' in err and 'worker 0' in err


@needs_store
def test_a_job_that_hangs_is_ended_after_its_time(script):
    # launch() itself waits for 100 s at most
    status, _, err = launch('-n', 1, '-t', 3, script(
        'import time; time.sleep(1000)'))
    assert status == 124
    assert 'not done after 3 s (scheduler, server 0, worker 0 still ran)' \
        in err


@needs_store
def test_a_port_that_is_taken_is_refused(script):
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        s.listen()
        port = s.getsockname()[1]
        status, out, err = launch('-n', 1, '--port', port, script(''))
    assert status == 2
    assert (f'--port {port}: Address already in use; name another, or leave '
            'it out') in err


@pytest.mark.parametrize(('arguments', 'said'), [
    (['-n', 1, 'nowhere.py'], 'nowhere.py: there is no such file'),
    (['-n', 0, WORKER], "'0', expected a whole number from 1"),
    (['-n', 'two', WORKER], "'two', expected a whole number from 1"),
    (['-n', 1, '--port', 70000, WORKER], '--port 70000: expected at most'),
    (['-n', 1, '--hosts', 'no.such.host.invalid', WORKER],
     "--hosts 'no.such.host.invalid': not every name is known here"),
    (['-n', 1, '--hosts', '', WORKER], "--hosts '': a name is empty"),
    (['-n', 1, '--hosts', '10.0.0.1,', WORKER], 'a name is empty'),
    (['-n', 1, '--hosts', 'localhost,10.0.0.1', WORKER],
     'localhost is this machine, but not to the others'),
    (['-n', '00', WORKER], "'00', expected a whole number from 1"),
    ([WORKER], 'the following arguments are required: -n'),
])
def test_a_wrong_argument_is_named(arguments, said, capsys):
    with pytest.raises(SystemExit) as ended:
        launcher.main([*map(str, arguments)])
    out, err = capsys.readouterr()
    assert (ended.value.code, out) == (2, '')
    assert said in err


@needs_store
def test_the_commands_for_several_machines_are_those_that_work(tmp_path):
    status, out, _ = launch(
        '-n', 2, '--hosts=127.0.0.1', '--port', free_port(), WORKER,
        f'--folder={tmp_path}', *STEPS)
    assert status == 0
    lines = [shlex.split(line) for line in out.splitlines()
             if line.startswith('ssh')]
    assert [line[:3] for line in lines] == [
        ['ssh', '-tt', '127.0.0.1']] * 4
    jobs = [subprocess.Popen(['sh', '-c', *line[3:]], text=True,
                             stdout=subprocess.PIPE) for line in lines]
    try:
        said = [job.communicate(timeout=100)[0] for job in jobs]
    finally:
        for job in jobs:
            job.kill()
    assert [job.returncode for job in jobs] == [0] * 4
    ends = re.findall(r'ends with weights (\w+)', ''.join(said))
    assert len(ends) == 2 and len(set(ends)) == 1


@needs_store
def test_async_workers_learn_too(tmp_path):
    status, out, err = launch(
        '-n', 2, WORKER, f'--folder={tmp_path}', '--kvstore=dist_async',
        '--num_epochs=2', '--num_examples=12800')
    assert (status, err) == (0, '')
    losses = [float(x) for x in re.findall(
        r'epoch 2: loss of its share ([\d.]+)', out)]
    assert len(losses) == 2 and all(0.3 < l < 1.5 for l in losses)
