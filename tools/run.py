"""Run notebooks from the shell, a line a cell; with --save store the outputs.

    python -m tools.run 03             the lesson whose name begins with 03
    python -m tools.run --save 03 04   with their solutions, outputs stored
"""
import argparse
import subprocess
import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError

from tools import pins

pins.leave_out_settings()     # before the kernels start

NOTEBOOKS = Path(__file__).parent.parent / 'notebooks'


def find(number, solutions):
    """Return the paths of a lesson and, if asked for, of its solutions."""
    pattern = f'{number}*.ipynb'
    found = sorted(NOTEBOOKS.glob(pattern))
    if solutions:
        found += sorted(NOTEBOOKS.glob(f'solutions/{pattern}'))
    if not found:
        names = ', '.join(p.stem for p in sorted(NOTEBOOKS.glob('*.ipynb')))
        sys.exit(f'no lesson begins with {number!r}; there are: {names}')
    return found


def run(path, save, timeout):
    """Run one notebook; return whether every cell passed."""
    nb = nbformat.read(path, as_version=4)
    cells = [c for c in nb.cells if c.cell_type == 'code']
    for cell in cells:
        cell.outputs, cell.execution_count = [], None
    started = {}

    def on_start(cell, cell_index):
        started[cell.id] = time.perf_counter()

    def on_done(cell, cell_index, execute_reply):
        status = execute_reply['content']['status']
        seconds = time.perf_counter() - started[cell.id]
        print(f'  {cells.index(cell) + 1:3d}/{len(cells)} {cell.id:32} '
              f'{seconds:6.1f} s  {status}', flush=True)

    print(path.relative_to(NOTEBOOKS.parent), flush=True)
    client = NotebookClient(
        nb, timeout=timeout, kernel_name='python3', record_timing=False,
        coalesce_streams=True,
        resources={'metadata': {'path': str(path.parent)}},
        on_cell_start=on_start, on_cell_executed=on_done)
    try:
        # The kernel's own stderr has nothing but Jupyter's warnings
        client.execute(stderr=subprocess.DEVNULL)
    except (CellExecutionError, DeadKernelError, TimeoutError) as e:
        print(e, file=sys.stderr)
        return False
    if save:
        nb.metadata = {
            'kernelspec': {'display_name': 'Python 3', 'language': 'python',
                           'name': 'python3'},
            'language_info': {'name': 'python', 'file_extension': '.py',
                              'mimetype': 'text/x-python'}}
        for cell in cells:
            cell.metadata.pop('execution', None)
        # A traceback names files in full: stored, below the course's folder
        text = nbformat.writes(nb).replace(f'{NOTEBOOKS.parent}/', '') + '\n'
        part = path.with_suffix('.part')
        part.write_text(text, encoding='utf-8')
        part.replace(path)
    return True


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('lessons', nargs='+', metavar='NN')
    parser.add_argument('--save', action='store_true')
    parser.add_argument('--timeout', type=int, default=600,
                        help='seconds a cell may take')
    args = parser.parse_args()
    paths = [p for number in args.lessons for p in find(number, args.save)]
    passed = [run(p, args.save, args.timeout) for p in paths]
    sys.exit(0 if all(passed) else 1)


if __name__ == '__main__':
    main()
