"""Contestants take turns, do the same work, and leave nothing behind."""
import subprocess
import time

import pytest

from benchmarks.__main__ import main
from benchmarks.compete import ROOT, compete, slope
from benchmarks.contests import COURSE, Contest

TEN = {'batch_size': 256, 'part': 2560}


def contest(rounds=1, **contestants):
    return Contest('reading', 'a test', 'ten batches', contestants,
                   rounds=rounds, agree=True)


def test_contestants_take_turns_and_agree():
    rows = compete(contest(2, ours=(*COURSE, 'read', TEN),
                           numpy=(*COURSE, 'read_numpy', TEN)))
    assert [row['done'] for row in rows] == [10, 10]
    assert rows[0]['ratio'] == [1, 1, 1]
    assert rows[1]['ratio'][1] <= rows[1]['ratio'][0] <= rows[1]['ratio'][2]
    assert all(row[key][0] > 0 for row in rows for key in (
        'seconds', 'cpu'))


def test_pinned_to_one_core_nobody_computes_more_than_the_clock():
    pinned = contest(ours=(*COURSE, 'train', {
        'model': 'softmax', 'lr': 0.1, 'part': 5120}))._replace(cores=1)
    row, = compete(pinned._replace(agree=False))
    assert row['threads'] == 1
    assert row['cpu'][0] <= row['seconds'][0] + 0.02


def test_each_contestant_chooses_its_threads():
    row, = compete(contest(ours=(*COURSE, 'read_numpy', TEN))._replace(
        cores=2))
    assert row['threads'] in (1, 2)


def test_more_cores_than_there_are_are_refused():
    with pytest.raises(RuntimeError, match='has fewer cores'):
        compete(contest(ours=(*COURSE, 'read_numpy', TEN))._replace(
            cores=4096))


def test_the_processes_of_a_contestant_count():
    row, = compete(contest(ours=('.venv', 'benchmarks.process', 'python', {
        'code': 'sum(range(10 ** 8))'}))._replace(agree=False))
    assert row['cpu'][0] > 0.1


def test_contestants_that_do_different_work_are_not_compared():
    with pytest.raises(RuntimeError, match='not all did the same'):
        compete(contest(
            ours=(*COURSE, 'read_numpy', TEN),
            more=(*COURSE, 'read_numpy', TEN | {'part': 5120})))


def test_a_contestant_that_fails_is_named_and_none_is_left(capfd):
    with pytest.raises(RuntimeError, match='broken ended: see its message'):
        compete(contest(ours=(*COURSE, 'read_numpy', TEN | {'part': 2561}),
                        broken=(*COURSE, 'read', {'batch_size': 0})))
    assert 'batch_size is 0' in capfd.readouterr().err
    time.sleep(0.5)
    left = subprocess.run(
        ['pgrep', '-f', 'benchmarks.worker .*read_numpy .*2561'],
        capture_output=True, text=True).stdout
    assert not left


def test_a_group_that_does_not_exist_is_refused(capsys):
    with pytest.raises(SystemExit):
        main(['speed'])
    assert 'speed: no such group; there are ' in capsys.readouterr().err


@pytest.mark.parametrize(('seconds', 'expected'), [
    ([1, 4, 16], 1), ([1, 2, 4], 0.5), ([1, 1, 1], 0)])
def test_slopes(seconds, expected):
    growing = Contest('growth', 'a test', '', {}, sizes=(1, 4, 16))
    rows = [{'seconds': [s, s, s]} for s in seconds]
    assert slope(growing, rows)['slope'] == expected


def test_the_benchmark_has_an_environment_of_its_own():
    for lock in 'requirements.lock', 'requirements-dev.lock':
        assert '\ntorch==' not in (ROOT / lock).read_text()
    source = (ROOT / 'benchmarks/torch_side.py').read_text()
    assert 'mxnet' not in source and 'd2lutils.' not in source
