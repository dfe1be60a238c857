"""The checks are checked: faults planted in copies of lessons are found."""
import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parent.parent
CELL_TIMEOUT = 8


def cut(lesson, last):
    """Return a lesson's copy that ends with the named cell."""
    nb = nbformat.read(ROOT / f'notebooks/{lesson}.ipynb', as_version=4)
    ids = [cell.id for cell in nb.cells]
    nb.cells = nb.cells[:ids.index(last) + 1]
    return nb, nb.cells[-1]


def planted_in_03(cell_id):
    return cut('03_fashion_mnist', cell_id)


def changed_number():
    nb, cell = planted_in_03('counts')
    assert '6000' in cell.outputs[0].text
    cell.outputs[0].text = cell.outputs[0].text.replace('6000', '6001', 1)
    return nb, cell


def exception():
    nb, cell = planted_in_03('counts')
    cell.source += "\nraise ValueError('planted')"
    return nb, cell


def null_count():
    nb, cell = planted_in_03('counts-check')
    cell.execution_count = None
    return nb, cell


def counts_out_of_order():
    nb, cell = planted_in_03('counts-check')
    cell.execution_count += 3
    return nb, cell


def outputs_out_of_order():
    nb, cell = planted_in_03('counts')
    cell.source += '\nfrom IPython.display import HTML, display'
    cell.source += "\ndisplay(HTML('planted'))"
    cell.outputs.insert(0, nbformat.v4.new_output(
        'display_data', {'text/html': 'planted', 'text/plain':
                         '<IPython.core.display.HTML object>'}))
    return nb, cell


def dead_kernel():
    nb, cell = planted_in_03('counts')
    cell.source = 'import os, signal\nos.kill(os.getpid(), signal.SIGKILL)'
    return nb, cell


def hang():
    nb, cell = planted_in_03('counts')
    cell.source = 'import time\ntime.sleep(1000)'
    return nb, cell


def missing_figure():
    nb, cell = planted_in_03('first-nine')
    cell.source = 'pass'
    cell.outputs = []
    return nb, cell


def blank_figure():
    nb, cell = planted_in_03('first-nine')
    cell.source = 'plt.figure();'
    cell.outputs[0].data['text/plain'] = '<Figure size 480x256 with 0 Axes>'
    return nb, cell


def new_warning():
    nb, cell = planted_in_03('counts')
    cell.source += "\nimport warnings\nwarnings.warn('planted')"
    return nb, cell


def elsewhere(cell_id, right, wrong, found_in):
    """Plant a tensor on the wrong device in lesson 04."""
    def plant():
        nb, found = cut('04_softmax_scratch', found_in)
        cell = next(c for c in nb.cells if c.id == cell_id)
        assert right in cell.source
        cell.source = cell.source.replace(right, wrong)
        return nb, found
    return plant


wrong_net = elsewhere(
    'net', 'return softmax(np.dot(X, W) + b)',
    'return softmax(np.dot(X, W) + np.zeros(10))', 'net')
wrong_loss = elsewhere(
    'cross-entropy', 'return -np.log(npx.pick(y_hat, y))',
    'return -np.log(npx.pick(y_hat, y)) * np.ones(len(y))',
    'cross-entropy-check')
wrong_metric = elsewhere(
    'accuracy', 'return float(right.sum())',
    'return float((right * np.ones(len(y))).sum())', 'evaluate')

# The name of each fault, how it is planted, and what the message must say
STRICT = {
    'changed-number': (changed_number, "mismatch 'stdout'"),
    'exception': (exception, 'ValueError'),
    'null-count': (null_count, 'stored execution count is None, expected 5'),
    'counts-out-of-order': (counts_out_of_order,
                            'stored execution count is 8, expected 5'),
    'outputs-out-of-order': (outputs_out_of_order, 'The order of outputs is'),
    'dead-kernel': (dead_kernel, 'the kernel died in this cell'),
    'hang': (hang, f'Timeout of {CELL_TIMEOUT} seconds exceeded'),
    'missing-figure': (missing_figure, 'drew nothing'),
    'blank-figure': (blank_figure, 'drew nothing'),
    'new-warning': (new_warning, 'stderr'),
}
PLACEMENT = {
    'wrong-net': (wrong_net, 'live on the same context'),
    'wrong-loss': (wrong_loss, 'live on the same context'),
    'wrong-metric': (wrong_metric, 'live on the same context'),
}


def clean_environment(**more):
    """Return the environment without coverage, which is of unit tests."""
    return {k: v for k, v in os.environ.items()
            if not k.startswith(('COV', 'PYTEST'))} | more


def nbval(folder, *options, **environment):
    """Run nbval, with the course's plug-in, on the notebooks of a folder."""
    return subprocess.run(
        [sys.executable, '-m', 'pytest', '-q', '-p', 'conftest',
         '-p', 'no:cacheprovider', '-p', 'no:cov', '--nbval-current-env',
         f'--nbval-sanitize-with={ROOT / "tests/sanitize.cfg"}',
         *options, str(folder)],
        cwd=ROOT, env=clean_environment(**environment), timeout=400,
        capture_output=True, text=True)


def run(folder, faults, *options, **environment):
    """Plant each fault in a notebook of its own, and run them all."""
    cells = {}
    for name, (plant, _) in faults.items():
        nb, cells[name] = plant()
        nbformat.write(nb, folder / f'{name}.ipynb')
    report = folder / 'report.xml'
    done = nbval(folder, '-n', '2', '--dist', 'loadfile', '--color=no',
                 f'--junitxml={report}',
                 f'--nbval-cell-timeout={CELL_TIMEOUT}', *options,
                 **environment)
    assert done.returncode == 1, done.stdout + done.stderr
    failed, seconds = {}, dict.fromkeys(faults, 0.)
    for case in ET.parse(report).iter('testcase'):
        name = next(n for n in faults
                    if f'{n}.ipynb' in case.get('classname').replace('/', '.')
                    or f'{n}.ipynb' in case.get('file', ''))
        seconds[name] += float(case.get('time'))
        for failure in case.findall('failure'):
            failed.setdefault(name, []).append(
                (case.get('name'), failure.get('message', '')
                 + (failure.text or '')))
    return cells, failed, seconds, done.stdout


@pytest.mark.parametrize(('faults', 'options', 'environment'), [
    (STRICT, ['--nbval'], {}),
    (PLACEMENT, ['--nbval-lax'],
     {'D2L_DEVICE': 'cpu(1)', 'D2L_STRICT_DEVICE': '1'}),
], ids=['strict', 'placement'])
def test_each_planted_fault_is_found_where_it_is(
        tmp_path, faults, options, environment):
    cells, failed, seconds, output = run(tmp_path, faults, *options,
                                         **environment)
    for name, (_, message) in faults.items():
        assert name in failed, f'{name} was not found\n{output}'
        cell_id, text = failed[name][0]
        assert cell_id == cells[name].id, (name, failed[name])
        assert message in text, (name, text)
        assert f'{name}.ipynb::{cell_id}' in output, name
        assert seconds[name] < 60, name


def test_copies_without_a_fault_pass(tmp_path):
    nb, _ = planted_in_03('first-nine')
    nbformat.write(nb, tmp_path / 'sound.ipynb')
    done = nbval(tmp_path, '--nbval')
    assert done.returncode == 0, done.stdout + done.stderr
