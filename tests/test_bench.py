"""The benchmark's tables are what was measured; its machinery is sound."""
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
sys.path.append(str(ROOT / 'benchmarks'))
import bench  # noqa: E402
import report  # noqa: E402

RESULTS = json.loads(report.RESULTS.read_text())
TEN = {'batch_size': 256, 'part': 2560}


def contest(**contestants):
    return bench.Contest('reading', 'a test', 'ten batches', contestants,
                         rounds=2, agree=True)


def test_the_readme_shows_what_was_measured_when_and_where():
    readme = report.README.read_text()
    start, end = (readme.index(mark) for mark in report.MARKS)
    assert readme[start:end + len(report.MARKS[1])] == report.text(RESULTS)
    assert report.PAGE.read_text() == report.page(RESULTS)
    for group in RESULTS.values():
        assert group['date'] in readme and group['machine'] in readme


def test_every_contest_was_held_with_every_contestant():
    asked = {(c.group, c.what, label) for c in bench.CONTESTS
             for label in ([None] if c.sizes else c.contestants)}
    held = {(name, row['what'], row.get('contestant'))
            for name, group in RESULTS.items() if name != 'memory'
            for row in group['rows']}
    assert held == asked
    assert list(RESULTS) == bench.GROUPS


def test_the_bars_are_those_that_are_asked_for():
    asked = {f'{c.what}, {label}': list(bar) for c in bench.CONTESTS
             for label, bar in c.bars.items()}
    asked |= {c.what: list(c.slope) for c in bench.CONTESTS if c.slope}
    held = {what: bar for what, bar, _ in report.bars(RESULTS)}
    assert len(held) == len(asked) + 1            # and that of memory
    for what, (low, high) in asked.items():
        assert held[what] == [low, None if high == float('inf') else high]


def test_what_misses_its_bar_is_explained_and_nothing_else():
    missed = {what for what, bar, value in report.bars(RESULTS)
              if not report.met(bar, value)}
    assert missed == set(report.BEHIND)


def test_contestants_take_turns_and_agree(capsys):
    rows = bench.compete(contest(
        ours=(*bench.COURSE, 'read', TEN),
        numpy=(*bench.COURSE, 'read_numpy', TEN)))
    assert [row['done'] for row in rows] == [10, 10]
    assert rows[0]['ratio'] == [1, 1, 1]
    assert rows[1]['ratio'][1] <= rows[1]['ratio'][0] <= rows[1]['ratio'][2]
    assert all(0 < row['seconds'][0] < 10 for row in rows)


def test_contestants_that_do_different_work_are_not_compared(capsys):
    with pytest.raises(RuntimeError, match='not all did the same'):
        bench.compete(contest(
            ours=(*bench.COURSE, 'read_numpy', TEN),
            more=(*bench.COURSE, 'read_numpy', TEN | {'part': 5120})))


def test_a_contestant_that_fails_is_named_and_none_is_left(capfd):
    with pytest.raises(RuntimeError, match='broken ended: see its message'):
        bench.compete(contest(
            ours=(*bench.COURSE, 'read_numpy', TEN),
            broken=(*bench.COURSE, 'read', {'batch_size': 0})))
    assert 'batch_size is 0' in capfd.readouterr().err
    time.sleep(0.5)
    left = subprocess.run(['pgrep', '-f', 'worker.py course read_numpy'],
                          capture_output=True, text=True).stdout
    assert not left


def test_a_group_that_does_not_exist_is_refused():
    with pytest.raises(SystemExit, match='speed: no such group; there are '):
        bench.main(['speed'])


@pytest.mark.parametrize(('seconds', 'slope'), [
    ([1, 4, 16], 1), ([1, 2, 4], 0.5), ([1, 1, 1], 0)])
def test_slopes(seconds, slope):
    growing = bench.Contest('growth', 'a test', '', {}, sizes=(1, 4, 16))
    rows = [{'seconds': [s, s, s]} for s in seconds]
    assert bench._slope(growing, rows)['slope'] == slope


def test_the_benchmark_has_an_environment_of_its_own():
    for lock in 'requirements.lock', 'requirements-dev.lock':
        assert '\ntorch==' not in (ROOT / lock).read_text()
