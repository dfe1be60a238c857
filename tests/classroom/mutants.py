"""Grade an assignment's mutants and variants fast, each in its own process.

    python -m tests.classroom.mutants hw2

Writes one line of JSON per case: its name, the cells of checks that fail
with their messages, those that should, and the names that checks changed or
left behind. What nbgrader and the sandbox make of submissions is tested
elsewhere; this is about the checks in the assignment.
"""
# isort: off
from tools import pins  # noqa: F401 -- before MXNet starts
# isort: on
import ast
import builtins
import contextlib
import io
import json
import multiprocessing
import sys
import warnings
from pathlib import Path

import matplotlib
import nbformat
from mxnet import gluon, npx  # noqa: F401 -- once, for all the cases

import d2lutils  # noqa: F401
from tests import planted
from tools.lessons import code_of, names_of

matplotlib.use('agg')
import matplotlib.pyplot  # noqa: E402, F401

SOURCE = Path(__file__).parents[2] / 'classroom/source'
# A student whose helpers have the names of the checks: each answer first
# looks whether all helpers are what they were
HELPERS = """
def _helper_(name):
    return lambda *args: name


_helpers_ = {name: _helper_(name) for name in NAMES}
globals().update(_helpers_)


def _intact_(answer):
    def call(*args, **options):
        lost = [n for n in _helpers_ if globals()[n] is not _helpers_[n]]
        assert not lost, f'helpers of these names are lost: {lost}'
        return answer(*args, **options)
    return call


"""


def path_of(hw):
    return SOURCE / hw / f'{hw}.ipynb'


def is_test(cell):
    meta = cell.metadata.get('nbgrader', {})
    return meta.get('grade') and not meta['solution']


def is_answer(cell):
    meta = cell.metadata.get('nbgrader', {})
    return meta.get('solution') and cell.cell_type == 'code'


def is_shown(cell):
    """Say whether a cell is code that is not graded: a figure or the like."""
    return cell.cell_type == 'code' and 'nbgrader' not in cell.metadata


def cases(hw):
    """Return name, changes by cell, and the cells that fail, of each case."""
    sources = code_of(path_of(hw))
    spec = planted.load(Path(__file__).parent / f'{hw}.toml')
    return [('reference', {}, []),
            ('helpers with the names of the checks', namesake(hw), [])] + [
        (mutant['name'], planted.plant(sources, mutant), mutant['fails'])
        for mutant in spec['mutant']] + [
        (variant['name'], variant['cells'], [])
        for variant in spec['variant']]


def names(code):
    """Return all names that a piece of code uses, as globals or its own."""
    found = {*code.co_names, *code.co_varnames, *code.co_cellvars,
             *code.co_freevars}
    return found.union(*[names(inner) for inner in code.co_consts
                         if hasattr(inner, 'co_code')])


def namesake(hw):
    """Return the right answers of a student with such helpers."""
    cells = nbformat.read(path_of(hw), as_version=4).cells
    sources, used, kept = code_of(path_of(hw)), set(), set()
    for cell in cells:
        if is_test(cell):
            # Nobody calls a helper _checks_of_something
            used |= {name for name in names(compile(
                sources[cell.id], cell.id, 'exec'))
                if name.isidentifier() and not name.startswith('_')}
        elif cell.cell_type == 'code':
            kept |= names(compile(sources[cell.id], cell.id, 'exec'))
    answers = [cell.id for cell in cells if is_answer(cell)]
    changes = {cell: sources[cell] + ''.join(
        f'\n{node.name} = _intact_({node.name})'
        for node in ast.parse(sources[cell]).body
        if isinstance(node, ast.FunctionDef)) for cell in answers}
    free = sorted(used - kept - set(dir(builtins)))
    changes[answers[0]] = f'NAMES = {free}\n{HELPERS}{changes[answers[0]]}'
    return changes


def using(sources, changes):
    """Return the cells that use what changed cells define, and these."""
    sources, found, before = sources | changes, set(changes), None
    while found != before:
        before = set(found)
        names = set().union(*[names_of(sources[cell])[0] for cell in found])
        found |= {cell for cell, source in sources.items()
                  if names_of(source)[1] & names}
    return found


def grade(hw, name, changes, fails):
    """Run an assignment's cells with a case's changes; say what fails.

    Of a mistake only those are run that could notice it: the other checks
    pass, as they do with the right answers. Figures and the like, which are
    not graded, are run with the reference.
    """
    cells = nbformat.read(path_of(hw), as_version=4).cells
    tests = {cell.id for cell in cells if is_test(cell)}
    sources = code_of(path_of(hw))
    spared = {cell.id for cell in cells if changes and is_shown(cell)}
    if fails:
        spared |= tests - using(sources, changes)
    space, failed, left = {'__name__': '__main__'}, {}, {}
    warnings.simplefilter('ignore')
    for cell, source in (sources | changes).items():
        if cell in spared:
            continue
        before = dict(space)
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                exec(compile(source, cell, 'exec'), space)
        except Exception as error:
            if cell in tests:
                failed[cell] = f'{type(error).__name__}: {error}'
        if cell in tests:
            changed = [key for key in before.keys() | space.keys()
                       if before.get(key, cell) is not space.get(key, cell)
                       and not key.startswith('__')]
            left |= {cell: changed} if changed else {}
    return {'name': name, 'failed': failed, 'fails': sorted(fails),
            'left': left}


def main(hw):
    with multiprocessing.get_context('fork').Pool(
            2, maxtasksperchild=1) as pool:
        tasks = [pool.apply_async(grade, (hw, *case)) for case in cases(hw)]
        for task in tasks:
            print(json.dumps(task.get(timeout=300)), flush=True)


if __name__ == '__main__':
    main(*sys.argv[1:])
