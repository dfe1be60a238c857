"""Grade an assignment's mutants and variants fast, each in its own process.

    python quick.py hw2

Writes a JSON line a case: its name, the graded cells that it loses with their
messages, and those that it should lose. What nbgrader and the sandbox make of
submissions is tested elsewhere; this is about the tests in the assignment.
"""
import contextlib
import io
import json
import multiprocessing
import re
import sys
import tomllib
import warnings
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / 'tools'))
import matplotlib  # noqa: E402, I001
import mxnet  # noqa: E402, F401 -- once, for all the cases
import nbformat  # noqa: E402
import pins  # noqa: E402, F401 -- before MXNet starts
from mxnet import gluon, npx  # noqa: E402, F401

import d2lutils  # noqa: E402, F401

matplotlib.use('agg')
import matplotlib.pyplot  # noqa: E402, F401


def cases(hw):
    """Return name, changes by cell, and the cells lost, of each case."""
    spec = tomllib.loads((Path(__file__).parent / f'{hw}.toml').read_text())
    found = [('reference', {}, [])]
    for mutant in spec['mutant']:
        change = mutant.get('code') or (mutant['right'], mutant['wrong'])
        found.append((mutant['name'], {mutant['cell']: change},
                      mutant['loses']))
    return found + [(v['name'], v['cells'], []) for v in spec['variant']]


def is_test(cell):
    meta = cell.metadata.get('nbgrader', {})
    return meta.get('grade') and not meta['solution']


def grade(hw, name, changes, loses):
    path = ROOT / 'classroom' / 'source' / hw / f'{hw}.ipynb'
    space, lost = {'__name__': '__main__'}, {}
    warnings.simplefilter('ignore')
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type != 'code':
            continue
        change = changes.get(cell.id, cell.source)
        if not isinstance(change, str):
            right, wrong = change
            assert cell.source.count(right) == 1, (name, right)
            change = cell.source.replace(right, wrong)
        source = re.sub(r'^%.*$', '', change, flags=re.M)
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                exec(compile(source, cell.id, 'exec'), space)
        except Exception as error:
            if is_test(cell):
                lost[cell.id] = f'{type(error).__name__}: {error}'
    return {'name': name, 'lost': lost, 'loses': sorted(loses)}


def main(hw):
    with multiprocessing.get_context('fork').Pool(
            2, maxtasksperchild=1) as pool:
        tasks = [pool.apply_async(grade, (hw, *case)) for case in cases(hw)]
        for task in tasks:
            print(json.dumps(task.get(timeout=300)), flush=True)


if __name__ == '__main__':
    main(*sys.argv[1:])
