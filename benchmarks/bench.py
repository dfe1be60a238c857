"""Measure the course against its peers, in ratios from one run.

    python bench.py [GROUP ...]

All contestants of a contest take turns, A B C A B C, so that a machine that
slows down slows all of them; each ratio is that of neighbours in a round.
Writes results.json, results.png and README.md beside this file, and the
README's tables.
"""
import contextlib
import datetime
import json
import math
import os
import select
import signal
import statistics
import subprocess
import sys
from typing import NamedTuple

import kernels
import report
from report import HERE, RESULTS, ROOT

sys.path.append(str(ROOT / 'tools'))
from pins import CHECKS_ONLY, PINS  # noqa: E402

CORES = os.cpu_count()
COURSE = '.venv', 'course'
TORCH = '.bench', 'torch_side'
GLUON = 'Gluon DataLoader + ToTensor, {} workers'
LIMIT = 'NumPy: the limit'


class Contest(NamedTuple):
    group: str
    what: str
    same: str           # what all contestants have in common
    contestants: dict   # label: environment, module, function and settings;
                        # all times are given relative to the first's
    bars: dict = {}     # label: least and largest time allowed, ours = 1
    rounds: int = 7
    threads: int = 1
    agree: bool = False     # whether all must report the same work
    sizes: tuple = ()   # of growth: what the contestants differ in
    slope: tuple = ()   # least and largest allowed


def _reading(batch_size, bars, part=None):
    settings = {'batch_size': batch_size, 'part': part}

    def gluon(num_workers):
        return (*COURSE, 'read_dataset',
                settings | {'num_workers': num_workers})

    def torch(num_workers):
        return (*TORCH, 'read_loader',
                settings | {'num_workers': num_workers})
    return Contest(
        'reading', f'batch {batch_size}',
        f'{part or 60000:,} images, shuffled, as float32 in [0, 1]',
        {'ours': (*COURSE, 'read', settings)}
        | {GLUON.format(n): gluon(n) for n in (0, 2, 4)}
        | {'Gluon DataLoader over floats': (*COURSE, 'read_arrays',
                                            settings),
           'PyTorch DataLoader over floats': torch(0),
           'PyTorch DataLoader, 2 workers': torch(2),
           'PyTorch, tensor indexed by hand': (*TORCH, 'read_indexed',
                                               settings),
           LIMIT: (*COURSE, 'read_numpy', settings)}, bars, agree=True)


def _training(model, name, lr, bars, part, threads):
    settings = {'lr': lr, 'part': part}
    ours = {'ours': (*COURSE, 'train', settings | {'model': model})}
    if model == 'softmax':
        ours |= {'ours, from scratch': (*COURSE, 'train_scratch', settings),
                 LIMIT: (*COURSE, 'train_numpy', settings)}
    return Contest(
        'training', f'{name}, {threads} thread' + 's' * (threads > 1),
        f'{math.ceil((part or 60000) / 256)} steps of SGD on batches of 256 '
        'float32 images, the reading included',
        ours | {'d2l, train_ch6': (*COURSE, 'train_d2l',
                                   settings | {'model': model}),
                'PyTorch': (*TORCH, 'train',
                            settings | {'model': model})},
        bars, threads=threads)


def _reaching(model, name, lr, goal):
    settings = {'model': model, 'lr': lr, 'goal': goal}
    return Contest(
        'reaching', f'{name}: {goal:.2f}',
        'SGD, batch 256, from fresh weights, a look at the test set after '
        'every 47 batches', {'ours': (*COURSE, 'reach', settings),
                             'PyTorch': (*TORCH, 'reach', settings)},
        rounds=5)


def _starting(code, environment='.venv'):
    return environment, 'process', 'python', {'code': code}


def _growing(what, same, function, settings, key, sizes, slope=()):
    return Contest('growth', what, same,
                   {f'{size:,}': (*COURSE, function, settings | {key: size})
                    for size in sizes}, rounds=5, sizes=sizes, slope=slope)


LINEAR = (0.95, 1.05)
OPEN = ('import d2lutils; '
        'train_iter, _ = d2lutils.load_data_fashion_mnist(256)')
SOFTMAX = {'model': 'softmax', 'lr': 0.1}
CONTESTS = [
    _reading(1, {GLUON.format(n): (15, math.inf) for n in (0, 2, 4)}, 3000),
    _reading(16, {}, 12000),
    _reading(256, {GLUON.format(2): (70, math.inf), LIMIT: (1 / 1.8, 1)}),
    _reading(2048, {}),
    *[_training(*row, threads) for row in (
        ('softmax', 'softmax', 0.1, {
            'PyTorch': (1 / 0.9, math.inf), 'ours, from scratch': (0, 2.5)},
         None),
        ('mlp', 'MLP of 256', 0.5, {'PyTorch': (1, math.inf)}, None),
        ('cnn', 'CNN of lesson 12', 0.01, {'PyTorch': (1 / 1.3, math.inf)},
         6400))
      for threads in sorted({1, CORES})],
    _reaching('softmax', 'softmax', 0.1, 0.80),
    _reaching('mlp', 'MLP of 256', 0.5, 0.85),
    Contest('starting', 'a new interpreter', 'from its start to its end', {
        'import d2lutils, first batch': _starting(
            f'{OPEN}; next(iter(train_iter))[0].wait_to_read()'),
        'import d2lutils, open the data': _starting(OPEN),
        'import d2lutils': _starting('import d2lutils'),
        'import mxnet': _starting('import mxnet'),
        'import d2l': _starting('from d2l import mxnet'),
        'import torch': _starting('import torch', '.bench')},
        rounds=5),
    _growing('reading, training set repeated', 'batch 256', 'read',
             {'batch_size': 256}, 'copies', (1, 4, 16), LINEAR),
    _growing('training softmax, training set repeated', 'batch 256',
             'train', SOFTMAX, 'copies', (1, 4, 16), LINEAR),
    _growing('training softmax, classes', 'batch 256, 10 steps',
             'train', SOFTMAX | {'part': 2560}, 'classes',
             (10, 100, 1000, 10000)),
    Contest('course', 'make test', 'every check, once', {
        f'{jobs} at a time': ('.venv', 'process', 'make', {
            'arguments': ['test', f'JOBS={jobs}']}) for jobs in (2, 1)},
        rounds=1),
]
GROUPS = list(dict.fromkeys([c.group for c in CONTESTS] + ['memory']))


def environment_of(threads):
    """Return the variables that make lab sets, but for the threads."""
    env = os.environ | PINS | {'OMP_NUM_THREADS': str(threads)}
    del env[CHECKS_ONLY]
    return env


class Worker:
    """A contestant in a process of its own."""

    def __init__(self, label, contestant, threads):
        environment, module, function, settings = contestant
        self.label = label
        python = ROOT / environment / 'bin' / 'python'
        self.process = subprocess.Popen(
            [python, HERE / 'worker.py', module, function,
             json.dumps(settings)], env=environment_of(threads), text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            start_new_session=True)
        try:
            self._answer(300)
        except Exception:
            self.close()
            raise

    def _answer(self, seconds):
        if not select.select([self.process.stdout], [], [], seconds)[0]:
            raise TimeoutError(f'{self.label}: no answer in {seconds} s')
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f'{self.label} ended: see its message above')
        return json.loads(line)

    def run(self):
        print('run', file=self.process.stdin, flush=True)
        return self._answer(7200)

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.process.stdout.close()


def compete(contest):
    """Run a contest; return its rows."""
    with contextlib.ExitStack() as stack:
        workers = []
        for item in contest.contestants.items():
            workers.append(Worker(*item, contest.threads))
            stack.callback(workers[-1].close)
        if contest.rounds > 1:
            for worker in workers:          # caches and oneDNN's kernels
                worker.run()
        rounds = []
        for i in range(contest.rounds):
            # Each time another one starts
            turn = workers[i % len(workers):] + workers[:i % len(workers)]
            answers = {worker.label: worker.run() for worker in turn}
            rounds.append(answers)
    ours = next(iter(contest.contestants))
    if contest.agree and len({a['done'] for r in rounds
                              for a in r.values()}) > 1:
        raise RuntimeError(f'{contest.what}: not all did the same: '
                           f'{rounds[0]}')
    rows = []
    for label in contest.contestants:
        seconds = [r[label]['seconds'] for r in rounds]
        ratios = [r[label]['seconds'] / r[ours]['seconds'] for r in rounds]
        row = {'what': contest.what, 'same': contest.same,
               'contestant': label, 'runs': len(rounds),
               'done': rounds[0][label]['done']}
        row |= {'seconds': _spread(seconds), 'ratio': _spread(ratios)}
        if label in contest.bars:
            row['bar'] = [b if math.isfinite(b) else None
                          for b in contest.bars[label]]
        rows.append(row)
        print(f'  {label:42} {row["seconds"][0]:9.4f} s  '
              f'{row["ratio"][0]:8.2f} {row.get("bar", "")}', flush=True)
    if contest.sizes:
        rows = [_slope(contest, rows)]
        print(f'  slope {rows[0]["slope"]:.3f}', flush=True)
    return rows


def _spread(values):
    """Return the median, the least and the largest, of four digits."""
    return [float(f'{v:.4g}') for v in (statistics.median(values),
                                        min(values), max(values))]


def _slope(contest, rows):
    """Fit a line to logarithms: 1 is linear growth."""
    seconds = [row['seconds'][0] for row in rows]
    slope = statistics.linear_regression(
        [math.log(s) for s in contest.sizes],
        [math.log(s) for s in seconds]).slope
    row = {'what': contest.what, 'same': contest.same,
           'sizes': contest.sizes, 'seconds': seconds,
           'slope': round(slope, 3)}
    return row | ({'bar': contest.slope} if contest.slope else {})


def main(groups):
    wrong = set(groups) - set(GROUPS)
    if wrong:
        sys.exit(f'{", ".join(sorted(wrong))}: no such group; there are '
                 f'{", ".join(GROUPS)}')
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for group in groups or GROUPS:
        rows = []
        for contest in CONTESTS:
            if contest.group == group:
                print(f'{group}: {contest.what}', flush=True)
                rows += compete(contest)
        if group == 'memory':
            print('memory: kernels', flush=True)
            rows = kernels.measure(environment_of(1))
        results[group] = {
            'date': datetime.date.today().isoformat(),
            'machine': report.machine(), 'rows': rows}
        # In the order of the groups, whatever was measured first
        results = {g: results[g] for g in GROUPS if g in results}
        report.write(results)


if __name__ == '__main__':
    main(sys.argv[1:])
