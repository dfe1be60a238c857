"""Try wrong versions of the lessons' functions on the lessons' self-checks.

    python -m tests.mutants [NN]

A function is held by the first self-check that names it: each wrong version
must make that check fail. What was found is
kept in .mutants/ until the cells involved change: a run that was stopped goes
on where it was.
"""
import ast
import contextlib
import hashlib
import io
import json
import multiprocessing.connection
import os
import signal
import traceback
import warnings
from pathlib import Path
from typing import NamedTuple

import d2l.mxnet  # noqa: F401 - what lessons import, once for all forks
import matplotlib
import numpy
from mxnet import npx

from tests.mutants.operators import functions, mutants
from tests.planted import of_lesson
from tools.lessons import NOTEBOOKS, Lesson, names_of

ROOT = Path(__file__).parents[2]
KEPT = ROOT / '.mutants'
SECONDS = 20            # that a check may take with one wrong version
LESSONS = sorted(path.stem for path in NOTEBOOKS.glob('*.ipynb'))


class Held(NamedTuple):
    """A function of a lesson, and the check that holds it."""

    lesson: str
    cell: str
    function: str
    check: str          # '' where no check names it


class Outcome(NamedTuple):
    """What a wrong version did: 'found', 'elsewhere', 'survived', 'slow'."""

    what: str
    source: str
    state: str
    message: str


def held_functions(name):
    """Return the functions that a self-check names or a learner writes.

    Those that only run or draw something are no one's to check.
    """
    lesson = Lesson(name)
    ids = list(lesson.sources)
    checks = [c for c in ids if c.endswith('-check')]
    found = []
    for cell in ids:
        if cell in checks or 'hide-input' in lesson.tags[cell]:
            continue
        for function in functions(ast.parse(lesson.sources[cell])):
            naming = [c for c in checks if ids.index(c) > ids.index(cell)
                      and function.partition('.')[0]
                      in names_of(lesson.sources[c])[1]]
            if naming or 'practice' in lesson.tags[cell]:
                found.append(Held(name, cell, function, *naming[:1] or ['']))
    return found


def passes(name, cells):
    """Return '' where the checks of some cells' functions pass, else why not.

    Args:
        name: a lesson's.
        cells: the sources of cells, by their ids, in place of the lesson's.
    """
    checks = {h.check for h in held_functions(name) if h.cell in cells}
    lesson = Lesson(name)
    lesson.sources |= cells
    ids = lesson.needed([], also=[*checks, *cells, *_also(name, checks)])
    last = max(ids.index(check) for check in checks)

    def run():
        npx.random.seed(0)
        numpy.random.seed(0)
        try:
            _quietly(lesson, ids[:last + 1], None)
        except Exception as error:
            return f'{type(error).__name__}: {error}'
        return ''

    return _in_a_child(run, 10 * SECONDS)


def _also(name, checks):
    """Return cells that change what some checks look at without assigning."""
    return [cell for mutant in of_lesson(name)['mutant']
            if set(checks) & set(mutant['fails'])
            for cell in mutant.get('also', ())]


def _prepared(held):
    """Return the lesson, the cells before the function's, and those after."""
    lesson = Lesson(held.lesson)
    ids = lesson.needed([], also=[held.cell, held.check,
                                  *_also(held.lesson, [held.check])])
    at = ids.index(held.cell)
    return lesson, ids[:at], ids[at:ids.index(held.check) + 1]


def _in_a_child(task, seconds=SECONDS):
    """Run a function in a fork of this process; return what it returns."""
    read, write = os.pipe()
    child = os.fork()
    if not child:
        os.close(read)
        os.setpgrp()                    # with all that it starts
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        signal.alarm(seconds)           # its default action ends the child
        with open(write, 'w') as pipe:
            json.dump(task(), pipe)
        os._exit(0)
    os.close(write)
    with open(read) as pipe:
        text = pipe.read()
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return json.loads(text) if text else ['slow', '']


def _quietly(lesson, ids, namespace):
    with contextlib.redirect_stdout(io.StringIO()), \
            warnings.catch_warnings():
        warnings.simplefilter('ignore')
        lesson.run(ids, namespace)


def _judge(held, lesson, after, namespace):
    """Run the cells from the function's on; say how that ended."""
    try:
        _quietly(lesson, after, namespace)
    except Exception as error:
        # A crash is no riddle: it names its line. But another check's word
        # comes too early
        *_, last = traceback.extract_tb(error.__traceback__)
        early = (last.filename.startswith(f'{held.lesson}:')
                 and last.filename.endswith('-check')
                 and last.filename != f'{held.lesson}:{held.check}')
        return ['elsewhere' if early else 'found',
                f'{type(error).__name__}: {error}']
    return ['survived', '']


def _key(held, lesson, before, after, source):
    text = [*(lesson.sources[i] for i in before + after[1:]), source]
    return hashlib.sha256('\0'.join(text).encode()).hexdigest()[:16]


def _kept(held):
    path = KEPT / f'{held.lesson}-{held.function}.json'
    with contextlib.suppress(OSError, ValueError):
        return path, json.loads(path.read_text())
    return path, {}


def attempt(held, most=None):
    """Try the wrong versions of one function; return their outcomes.

    Args:
        held: the function.
        most: try so many at most, spread over all; None for all.
    """
    lesson, before, after = _prepared(held)
    tries = mutants(lesson.sources[held.cell], held.function)
    if most:
        tries = tries[::max(1, len(tries) // most)][:most]
    path, kept = _kept(held)
    keys = [_key(held, lesson, before, after, source) for _, source in tries]
    if not set(keys) <= set(kept):
        namespace = lesson.run([])
        npx.random.seed(0)
        numpy.random.seed(0)
        _quietly(lesson, before, namespace)
        npx.waitall()
        sound = _in_a_child(lambda: _judge(held, lesson, after, namespace))
        if sound[0] not in ('survived', 'slow'):
            raise RuntimeError(f'{held}: the lesson itself fails: {sound}')
    for key, (_, source) in zip(keys, tries, strict=True):
        if key not in kept:
            lesson.sources[held.cell] = source
            kept[key] = _in_a_child(
                lambda: _judge(held, lesson, after, namespace))
            path.parent.mkdir(exist_ok=True)
            part = path.with_suffix('.part')
            part.write_text(json.dumps(kept))
            part.replace(path)
    return [Outcome(what, source, *kept[key])
            for key, (what, source) in zip(keys, tries, strict=True)]


def _attempt(held, most, answers):
    try:
        answers.send(attempt(held, most))
    except BaseException as error:
        traceback.print_exc()
        answers.send(error)


def attempt_all(functions_held, most=None, jobs=None):
    """Yield each function with its outcomes, jobs processes at a time."""
    matplotlib.use('agg')
    context = multiprocessing.get_context('fork')
    waiting, running = list(functions_held), {}
    while waiting or running:
        while waiting and len(running) < (jobs or os.cpu_count()):
            held, (here, there) = waiting.pop(0), context.Pipe()
            process = context.Process(target=_attempt,
                                      args=(held, most, there))
            process.start()
            there.close()
            running[here] = held, process
        for pipe in multiprocessing.connection.wait(running):
            held, process = running.pop(pipe)
            try:
                answer = pipe.recv()
            except EOFError:
                answer = RuntimeError(f'{held}: its process died')
            process.join()
            yield held, answer
