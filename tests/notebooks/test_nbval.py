"""The checks are checked: faults planted in copies of lessons are found."""
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[2]
SHORT = 2               # seconds: less than importing takes when all is busy


def changed_number(cell):
    assert '6000' in cell.outputs[0].text
    cell.outputs[0].text = cell.outputs[0].text.replace('6000', '6001', 1)


def exception(cell):
    cell.source += "\nraise ValueError('planted')"


def null_count(cell):
    cell.execution_count = None


def counts_out_of_order(cell):
    cell.execution_count += 3


def outputs_out_of_order(cell):
    cell.source += '\nfrom IPython.display import HTML, display'
    cell.source += "\ndisplay(HTML('planted'))"
    cell.outputs.insert(0, nbformat.v4.new_output(
        'display_data', {'text/html': 'planted', 'text/plain':
                         '<IPython.core.display.HTML object>'}))


def dead_kernel(cell):
    cell.source = 'import os, signal\nos.kill(os.getpid(), signal.SIGKILL)'


def hang(cell):
    cell.source = 'import time\ntime.sleep(1000)'


def missing_figure(cell):
    cell.source = 'pass'
    cell.outputs = []


def blank_figure(cell):
    cell.source = 'plt.figure();'
    cell.outputs[0].data['text/plain'] = '<Figure size 480x256 with 0 Axes>'


def new_warning(cell):
    cell.source += "\nimport warnings\nwarnings.warn('planted')"


def elsewhere(right, wrong):
    """Return a fault that puts a tensor on the wrong device."""
    def plant(cell):
        assert right in cell.source
        cell.source = cell.source.replace(right, wrong)
    return plant


wrong_net = elsewhere('return softmax(np.dot(X, W) + b)',
                      'return softmax(np.dot(X, W) + np.zeros(10))')
wrong_loss = elsewhere('return -np.log(npx.pick(y_hat, y))',
                       'return -np.log(npx.pick(y_hat, y)) * np.ones(len(y))')
wrong_metric = elsewhere('return float(right.sum())',
                         'return float((right * np.ones(len(y))).sum())')

FASHION, SCRATCH = '03_fashion_mnist', '04_softmax_scratch'
MIXED = 'live on the same context'
# Of each copy: the lesson, the cell that ends it, and its faults: how one is
# planted, in which cell, which cell must fail, and what the message must say
FAULTY = {
    'sound': (FASHION, 'first-nine', []),
    'faulty': (FASHION, 'duplicates', [
        (outputs_out_of_order, 'arrays', 'arrays', 'The order of outputs is'),
        (counts_out_of_order, 'names', 'names',
         'stored execution count is 6, expected 3'),
        (missing_figure, 'first-nine', 'first-nine', 'drew nothing'),
        (new_warning, 'patch', 'patch', 'stderr'),
        (blank_figure, 'mean-images', 'mean-images', 'drew nothing'),
        (changed_number, 'counts', 'counts', "mismatch 'stdout'"),
        (null_count, 'counts-check', 'counts-check',
         'stored execution count is None, expected 10'),
        (exception, 'duplicates', 'duplicates', 'ValueError')]),
    'dead': (FASHION, 'counts', [
        (dead_kernel, 'counts', 'counts', 'the kernel died in this cell')]),
    'net': (SCRATCH, 'net', [(wrong_net, 'net', 'net', MIXED)]),
    'loss': (SCRATCH, 'cross-entropy-check', [
        (wrong_loss, 'cross-entropy', 'cross-entropy-check', MIXED)]),
    'metric': (SCRATCH, 'evaluate', [
        (wrong_metric, 'accuracy', 'evaluate', MIXED)]),
}
HANGING = {
    'hanging': (FASHION, 'setup', [
        (hang, 'setup', 'setup', f'Timeout of {SHORT} seconds exceeded')]),
}


def write_copy(path, lesson, last, faults):
    """Write the lesson's cells up to the last, with its faults planted."""
    nb = nbformat.read(ROOT / f'notebooks/{lesson}.ipynb', as_version=4)
    ids = [cell.id for cell in nb.cells]
    nb.cells = nb.cells[:ids.index(last) + 1]
    for plant, cell_id, _, _ in faults:
        plant(nb.cells[ids.index(cell_id)])
    nbformat.write(nb, path)


def nbval(folder, *options):
    """Run nbval, as make test does, on the notebooks of a folder."""
    # Coverage is of the unit tests alone
    clean = {k: v for k, v in os.environ.items()
             if not k.startswith(('COV', 'PYTEST'))}
    return subprocess.run(
        [sys.executable, '-m', 'pytest', '-q', '--nbval',
         '-n', '2', '--dist', 'loadfile',
         f'--config-file={ROOT / "pyproject.toml"}', '-p', 'conftest',
         '-p', 'no:cov', '--color=no',
         f'--junitxml={folder / "report.xml"}', *options, str(folder)],
        cwd=ROOT, env=clean | {'D2L_DEVICE': 'cpu(1)',
                               'D2L_STRICT_DEVICE': '1'},
        timeout=400, capture_output=True, text=True)


@pytest.mark.parametrize(('copies', 'options'), [
    (FAULTY, []), (HANGING, [f'--nbval-cell-timeout={SHORT}'])],
    ids=['faulty', 'hanging'])
def test_planted_faults_are_found_where_they_are_and_nothing_else(
        tmp_path, copies, options):
    for name, copy in copies.items():
        write_copy(tmp_path / f'{name}.ipynb', *copy)
    done = nbval(tmp_path, *options)
    assert done.returncode == 1, done.stdout + done.stderr
    failed = {}
    for case in ET.parse(tmp_path / 'report.xml').iter('testcase'):
        assert float(case.get('time')) < 60, case.get('name')
        for failure in case.findall('failure'):
            # The file, however far from here pytest keeps it
            copy = case.get('classname').removesuffix('.ipynb')
            failed[re.split(r'[./]', copy)[-1], case.get('name')] = (
                failure.get('message') + failure.text)
    expected = {(name, cell_id): message
                for name, (_, _, faults) in copies.items()
                for _, _, cell_id, message in faults}
    assert set(failed) == set(expected), done.stdout
    for (name, cell_id), message in expected.items():
        assert message in failed[name, cell_id], (name, cell_id)
        assert f'{name}.ipynb::{cell_id}' in done.stdout
