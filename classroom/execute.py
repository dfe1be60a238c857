"""Run a notebook in the sandbox: what each grading worker does.

It needs no gradebook and no files besides the course's own, so that it may
run on any host.
"""
import contextlib
import hashlib
import os
import re
import shutil
import sys
import tempfile
import time
from pathlib import Path

import nbformat
import sandbox
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from jupyter_core.utils import run_sync
from nbclient.exceptions import DeadKernelError
from nbformat.v4 import new_code_cell
from nbgrader.preprocessors import Execute

CELL_SECONDS = 60         # unless the assignment's metadata say otherwise
KEPT = 100_000            # characters of a cell's output
FLOOD = 20_000_000        # characters of output after which it is ended
SHOWN = {'text/plain': '.*', 'image/png': r'[A-Za-z0-9+/=\s]*'}
# Each must fail: one that does not says that the code before it has disarmed
# the tests
CANARIES = {
    'assert False': 'assert False',
    'raise': 'raise ValueError',
    'numpy.testing': 'import numpy.testing\n'
                     'numpy.testing.assert_allclose([0.0], [1.0])',
    'comparisons': 'import builtins, numpy\n'
                   'if not (numpy.allclose(0, 1) or builtins.all([False]) or '
                   'builtins.abs(-2) != 2 or builtins.isinstance(0, str)):\n'
                   '    raise ValueError'}


class FloodError(RuntimeError):
    """A notebook printed without end."""


class KernelManager(AsyncKernelManager):
    """Starts its kernel in the sandbox."""

    def __init__(self, slot, unsafe):
        super().__init__()
        # A socket's path may have 107 characters
        self.folder = Path(tempfile.mkdtemp(prefix='d2l-'))
        sockets = self.folder / 'k'
        sockets.mkdir()
        self.transport = 'ipc'
        self.ip = str(sockets / 's')
        self.connection_file = str(sockets / 'kernel.json')
        launcher = [str(Path(sandbox.__file__).resolve()), str(os.getpid()),
                    str(self.folder), str(slot)]
        if unsafe:
            launcher = ['-m', 'ipykernel_launcher']
        self._spec = KernelSpec(
            argv=[sys.executable, *launcher, '-f', '{connection_file}'],
            display_name='Python 3', language='python',
            interrupt_mode='message')

    @property
    def kernel_spec(self):
        return self._spec

    def cause(self):
        """Return why the sandbox ended the kernel; None if it did not."""
        with contextlib.suppress(FileNotFoundError):
            return (self.folder / 'cause').read_text()

    def end(self):
        with contextlib.suppress(Exception):
            run_sync(self.shutdown_kernel)(now=True)
        shutil.rmtree(self.folder, ignore_errors=True)


class SafeExecute(Execute):
    """nbgrader's own, which no flood of output carries away."""

    def process_message(self, msg, cell, cell_index):
        content = msg['content']
        size = len(content.get('text', '')) + sum(
            len(str(v)) for v in content.get('data', {}).values())
        if cell_index != getattr(self, 'cell_index', None):
            self.cell_index, self.cell_size = cell_index, 0
        self.cell_size += size
        if self.cell_size > FLOOD:
            raise FloodError('it printed more than '
                             f'{FLOOD // 1_000_000} million characters')
        if self.cell_size > KEPT and size:
            return None
        return super().process_message(msg, cell, cell_index)

    def preprocess_cell(self, cell, resources, index):
        self.running = cell.get('id')
        return super().preprocess_cell(cell, resources, index)


def version():
    """Return a digest of all that decides how a notebook runs here."""
    digest = hashlib.sha256()
    for path in [*sorted((sandbox.ROOT / 'd2lutils').glob('*.py')),
                 Path(__file__), Path(sandbox.__file__),
                 sandbox.ROOT / 'tools' / 'pins.py',
                 sandbox.ROOT / 'requirements-dev.lock']:
        digest.update(path.read_bytes() + b'\0')
    return digest.hexdigest()


def execute(notebook, unsafe=False):
    """Run a notebook from its first to its last cell.

    Args:
        notebook: its JSON text.
        unsafe: run the kernel without a sandbox.

    Returns:
        A dict: 'notebook', the JSON text with outputs; 'cause', why it could
        not be run to its end, else None; 'disarmed', the names of the
        canaries that did not fail; 'seconds'.
    """
    start = time.monotonic()
    nb = nbformat.reads(notebook, as_version=4)
    number = len(nb.cells)
    for code in CANARIES.values():
        nb.cells.append(new_code_cell(code))
    # A user of its own for each worker of a host
    manager = KernelManager(os.getpid() % 4000, unsafe)
    runner = SafeExecute(
        timeout=nb.metadata.get('cell_seconds', CELL_SECONDS),
        iopub_timeout=10, raise_on_iopub_timeout=False, allow_errors=True)
    cause = None
    try:
        with tempfile.TemporaryDirectory(prefix='d2l-') as folder:
            runner.preprocess(nb, {'metadata': {'path': folder}},
                              km=manager)
    except (DeadKernelError, FloodError) as error:
        what = manager.cause() or (
            str(error) if isinstance(error, FloodError) else
            'the kernel ended')
        cause = f'{what} in cell {getattr(runner, "running", "?")}'
    except RuntimeError as error:
        cause = (f'the kernel did not start: {manager.cause() or error}')
    finally:
        manager.end()
    canaries = nb.cells[number:]
    nb.cells = nb.cells[:number]
    disarmed = [] if cause else [
        name for name, cell in zip(CANARIES, canaries, strict=True)
        if not any(o.output_type == 'error' for o in cell.outputs)]
    for cell in nb.cells:
        for output in cell.get('outputs', ()):
            if 'data' in output:
                output.data = {
                    kind: text for kind, text in output.data.items()
                    if kind in SHOWN and re.fullmatch(SHOWN[kind], str(text),
                                                      re.S)}
                # Sizes, which pages would take over as they are
                output.metadata = {}
        if 'outputs' in cell:
            cell.outputs = [o for o in cell.outputs if o.get('data', True)]
    return {'notebook': nbformat.writes(nb), 'cause': cause,
            'disarmed': disarmed,
            'seconds': round(time.monotonic() - start, 1)}
