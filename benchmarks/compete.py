"""Hold a contest: each contestant in a process of its own, in turns.

All contestants get the same cores, each the number of threads that suits it
best there: one thread of MXNet's keeps two cores busy, since its engine
computes beside Python. They take turns, A B C A B C, so that a machine that
slows down slows all of them; each ratio is that of neighbours in a round.
"""
import contextlib
import json
import math
import os
import select
import signal
import statistics
import subprocess
from pathlib import Path

import psutil

from tools.pins import CHECKS_ONLY, PINS

ROOT = Path(__file__).parents[1]
RATIOS = {'seconds': 'ratio', 'cpu': 'cpu_ratio'}


def environment_of(threads):
    """Return the variables that make lab sets, but for the threads."""
    env = os.environ | PINS | {'OMP_NUM_THREADS': str(threads)}
    env.pop(CHECKS_ONLY, None)      # arm64 has no such pin
    return env


def _below(process):
    """Return the CPU-seconds of what a process has started, ended or not."""
    total = 0
    for child in process.children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            times = child.cpu_times()
            total += times.user + times.system
    return total + sum(process.cpu_times()[2:4])    # those that ended


class Worker:
    """A contestant in a process of its own.

    Args:
        label: its name in messages.
        contestant: environment, module, function and settings.
        threads: how many it may use.
        cores: how many it is pinned to; None for all there are.

    Raises:
        RuntimeError, TimeoutError: it ended, or did not get ready.
    """

    def __init__(self, label, contestant, threads=1, cores=None):
        environment, module, function, settings = contestant
        self.label = label
        python = ROOT / environment / 'bin/python'
        allowed = sorted(os.sched_getaffinity(0))[:cores]
        self.process = subprocess.Popen(
            [python, '-m', 'benchmarks.worker', module, function,
             json.dumps(settings)], env=environment_of(threads), text=True,
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            start_new_session=True,
            preexec_fn=lambda: os.sched_setaffinity(0, allowed))
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
        """Do the timed work once.

        Returns:
            A dict: `seconds` by the clock, `cpu` in seconds of all its
            processes and threads together, and what was `done`.
        """
        process = psutil.Process(self.process.pid)
        before = _below(process)
        print('run', file=self.process.stdin, flush=True)
        answer = self._answer(7200)
        return answer | {'cpu': answer['cpu'] + _below(process) - before}

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.process.stdout.close()


def _best_threads(label, contestant, cores):
    """Try one thread, and one per core; return which is faster."""
    seconds = {}
    for threads in 1, cores:
        with contextlib.closing(Worker(label, contestant, threads,
                                       cores)) as worker:
            seconds[threads] = min(worker.run()['seconds'] for _ in range(4))
    return min(seconds, key=seconds.get)


def _rounds(contest, threads):
    """Return what each contestant answered, a dict by label per round."""
    with contextlib.ExitStack() as stack:
        workers = []
        for label, contestant in contest.contestants.items():
            workers.append(Worker(label, contestant, threads[label],
                                  contest.cores))
            stack.callback(workers[-1].close)
        if contest.rounds > 1:
            for worker in workers:          # caches and oneDNN's kernels
                worker.run()
        # Each time another one starts
        turns = [workers[i % len(workers):] + workers[:i % len(workers)]
                 for i in range(contest.rounds)]
        return [{worker.label: worker.run() for worker in turn}
                for turn in turns]


def compete(contest):
    """Run a contest; return its rows.

    Raises:
        RuntimeError: a contestant failed, or not all did the same work where
            they should.
    """
    if (contest.cores or 1) > len(os.sched_getaffinity(0)):
        raise RuntimeError(f'{contest.what}: this machine has fewer cores')
    threads = {label: _best_threads(label, contestant, contest.cores)
               if (contest.cores or 1) > 1 else 1
               for label, contestant in contest.contestants.items()}
    rounds = _rounds(contest, threads)
    ours = next(iter(contest.contestants))
    if contest.agree and len({a['done'] for r in rounds
                              for a in r.values()}) > 1:
        raise RuntimeError(f'{contest.what}: not all did the same: '
                           f'{rounds[0]}')
    rows = []
    for label in contest.contestants:
        row = {'what': contest.what, 'same': contest.same,
               'contestant': label, 'runs': len(rounds),
               'done': rounds[0][label]['done'], 'threads': threads[label]}
        for key in 'seconds', 'cpu':
            row[key] = _spread([r[label][key] for r in rounds])
            row[RATIOS[key]] = _spread([r[label][key] / r[ours][key]
                                        for r in rounds])
        if label in contest.bars:
            row['bar'] = [b if math.isfinite(b) else None
                          for b in contest.bars[label]]
            row['of'] = RATIOS[contest.measure]
        rows.append(row)
        print(f'  {label:42} {threads[label]:2} '
              f'{row["seconds"][0]:9.4f} s  {row["ratio"][0]:8.2f}  '
              f'CPU {row["cpu"][0]:9.4f} s  {row["cpu_ratio"][0]:8.2f}',
              flush=True)
    if contest.sizes:
        rows = [slope(contest, rows)]
        print(f'  slope {rows[0]["slope"]:.3f}', flush=True)
    return rows


def _spread(values):
    """Return the median, the least and the largest, of four digits."""
    return [float(f'{v:.4g}') for v in (statistics.median(values),
                                        min(values), max(values))]


def slope(contest, rows):
    """Fit a line to logarithms of size and time: 1 is linear growth."""
    seconds = [row['seconds'][0] for row in rows]
    fitted = statistics.linear_regression(
        [math.log(s) for s in contest.sizes],
        [math.log(s) for s in seconds]).slope
    row = {'what': contest.what, 'same': contest.same,
           'sizes': contest.sizes, 'seconds': seconds,
           'slope': round(fitted, 3)}
    return row | ({'bar': contest.slope} if contest.slope else {})
