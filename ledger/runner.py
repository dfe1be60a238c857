"""Run experiments, and go on where a run was stopped.

A run is kept in .ledger/ until the code that it stands on changes: the cells
of its lesson or the experiment's own. Comments and blanks may change.
"""
import ast
import contextlib
import functools
import hashlib
import inspect
import io
import itertools
import json
import multiprocessing
import os
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from ledger.experiments import EXPERIMENTS
from tools.lessons import Lesson

RUNS = Path(__file__).parents[1] / '.ledger'


@functools.cache
def _folder(name):
    """Return the folder of an experiment's runs, named after what it runs."""
    experiment = EXPERIMENTS[name]
    lesson = Lesson(experiment.lesson)
    texts = [lesson.sources[cell] for cell in
             lesson.needed(experiment.names, experiment.before)]
    given = experiment.run                  # a function, or a partial of one
    function = getattr(given, 'func', given)
    helpers = map(function.__globals__.get, function.__code__.co_names)
    texts += [inspect.getsource(f) for f in (function, *helpers)
              if inspect.isfunction(f)]
    text = ''.join(ast.dump(ast.parse(t)) for t in texts)
    text += repr(getattr(given, 'args', ()))
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    return RUNS / f'{name.replace(" ", "-")}-{digest}'


def _files(name):
    return [_folder(name) / f'{seed}.json'
            for seed in range(EXPERIMENTS[name].seeds)]


def run(task):
    """Run one experiment from one seed, and keep what it gives."""
    name, seed = task
    experiment = EXPERIMENTS[name]
    start = time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()):
        found = Lesson(experiment.lesson).load(
            *experiment.names, before=experiment.before)
        result = experiment.run(seed, *found)
    file = _files(name)[seed]
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix('.part')
    part.write_text(json.dumps(result))
    part.replace(file)
    return name, seed, time.perf_counter() - start


def run_missing(names):
    """Run what has no kept run, on all cores.

    Args:
        names: of experiments.
    """
    tasks = [(name, seed) for name in names
             for seed, file in enumerate(_files(name)) if not file.exists()]
    # Clocks are read alone, and in this process: it may start others
    alone = [task for task in tasks if task[0] == 'reading']
    shared = [task for task in tasks if task not in alone]
    with ProcessPoolExecutor(
            os.cpu_count(), multiprocessing.get_context('spawn')) as pool:
        done = itertools.chain(pool.map(run, shared), map(run, alone))
        for i, (name, seed, seconds) in enumerate(done, start=1):
            print(f'{i:4d}/{len(tasks)} {name}, seed {seed}, '
                  f'{seconds:.0f} s', flush=True)


def kept(name):
    """Return an experiment's runs; None where one is missing.

    Returns:
        A dict from each key of its numbers to a list of one list per seed.
    """
    files = _files(name)
    if not all(file.exists() for file in files):
        return None
    results = [json.loads(file.read_text()) for file in files]
    return {key: [result[key] for result in results] for key in results[0]}
