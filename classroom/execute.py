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
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from jupyter_core.utils import run_sync
from nbclient.exceptions import DeadKernelError
from nbformat.v4 import new_code_cell, new_output
from nbgrader.preprocessors import Execute

from classroom import match, parts, sandbox

CELL_SECONDS = 60         # unless the assignment's metadata say otherwise
OWN_SECONDS, LEAST = 60, 2       # for all of a student's own cells; for each
TOO_LONG = 'it took too long, and was stopped'
KEPT = 100_000            # characters of a cell's output
FLOOD = 20_000_000        # characters of output after which it is ended
SHOWN = {'text/plain': '.*', 'image/png': r'[A-Za-z0-9+/=\s]*'}
# It must fail after a test that passed: if not, the code before has disarmed
# the tests. It leaves students' names alone, and does not lean on them
CANARY = """def _tests_can_fail_():
    import builtins, sys
    import numpy.testing
    def refuses(check, *arguments):
        try:
            check(*arguments)
        except builtins.AssertionError:
            return 1
        return 0
    working = [refuses(numpy.testing.assert_allclose, [0.0], [1.0]),
               not numpy.allclose(0, 1), not builtins.all([False]),
               builtins.abs(-2) == 2,
               not builtins.isinstance(0, builtins.str)]
    # There only where an assignment uses them
    if 'd2lutils.checks' in sys.modules:
        from d2lutils import checks
        part = checks.Parts()
        with part('x'):
            checks.close([0.0], [1.0], 'x')
        working += [refuses(part.done), refuses(checks.equal, 0, 1, 'x'),
                    refuses(checks.number, [0, 1], 'x'),
                    refuses(checks.to_numpy, 'x')]
    return builtins.sum(working) == builtins.len(working)
assert not _tests_can_fail_()
raise ValueError
"""


class FloodError(RuntimeError):
    """A notebook printed without end."""


class KernelManager(AsyncKernelManager):
    """Starts its kernel in the sandbox."""

    def __init__(self, slot, unsafe):
        super().__init__()
        # A socket's path may have 107 bytes
        place = tempfile.gettempdir()
        self.folder = Path(tempfile.mkdtemp(
            prefix='d2l-', dir=place if len(place.encode()) < 80 else '/tmp'))
        sockets = self.folder / 'k'
        sockets.mkdir()
        self.transport = 'ipc'
        self.ip = str(sockets / 's')
        self.connection_file = str(sockets / 'kernel.json')
        launcher = (['ipykernel_launcher'] if unsafe else [
            'classroom.sandbox', str(os.getpid()), str(self.folder),
            str(slot)])
        self._spec = KernelSpec(
            argv=[sys.executable, '-m', *launcher, '-f', '{connection_file}'],
            # It starts in a folder of its own
            env={} if unsafe else {'PYTHONPATH': str(sandbox.ROOT)},
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
    """nbgrader's own, which no flood of output carries away.

    A test cell runs part by part. A student's own cells share some seconds;
    when these are used up, each still gets enough to define things.
    """

    def __init__(self, seconds, skipped):
        super().__init__(timeout_func=self._seconds, iopub_timeout=10,
                         raise_on_iopub_timeout=False, allow_errors=True,
                         error_on_timeout={
                             'ename': 'TimeoutError', 'evalue': TOO_LONG,
                             'traceback': [f'TimeoutError: {TOO_LONG}']})
        self.each, self.left = seconds, OWN_SECONDS
        self.running, self.skipped, self.kc = None, skipped, None
        self.disarmed = False

    def _seconds(self, cell):
        """Return how long a cell may run; nbclient wants whole seconds."""
        if cell.metadata.get('own'):
            return max(LEAST, int(min(self.each, self.left)))
        return max(1, int(self.until - time.monotonic() + 1))

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
        if cell.id in self.skipped:
            cell.outputs = [new_output('stream', text='This cell was left '
                                       'out: the notebook ended in it.')]
            return cell, resources
        self.running, start = cell, time.monotonic()
        self.until = start + self.each
        if match.is_test(cell) and cell.cell_type == 'code':
            self._run_parts(cell, resources, index)
        else:
            self._run(cell, resources, index)
        if cell.metadata.get('own'):
            self.left -= time.monotonic() - start
        return cell, resources

    def _run(self, cell, resources, index):
        """Run code; one that was stopped says so, and where it was."""
        super().preprocess_cell(cell, resources, index)
        errors = {o.ename: o for o in cell.get('outputs', ())
                  if o.output_type == 'error'}
        stopped = errors.get('TimeoutError')
        if stopped and 'KeyboardInterrupt' in errors:
            where = errors['KeyboardInterrupt']
            stopped.traceback = [*where.traceback[:-1],
                                 f'TimeoutError: {stopped.evalue}']
            cell.outputs.remove(where)

    def _run_parts(self, cell, resources, index):
        """Run each part of a test that does not need one that failed."""
        outputs, lost, cell.metadata.parts = [], set(), []
        for part in parts.split(cell.source):
            if part.needs & lost:
                lost |= part.binds
                continue
            made = new_code_cell(part.code)
            self._run(made, resources, index)
            cell.metadata.parts.append([made.execution_count, part.hidden])
            errors = [o for o in made.outputs if o.output_type == 'error']
            said = {(o.ename, o.evalue) for o in outputs if 'ename' in o}
            outputs += [o for o in made.outputs if o not in errors
                        or (o.ename, o.evalue) not in said]
            if errors:
                lost |= part.binds
            if any(o.ename == 'TimeoutError' for o in errors):
                break
        cell.outputs = outputs
        if not any(o.output_type == 'error' for o in outputs):
            self._check_tests(resources, index)
        self.nb.cells[index] = cell

    def _check_tests(self, resources, index):
        """See whether a test that passed could have failed at all."""
        made = new_code_cell(CANARY)
        self.until = time.monotonic() + self.each    # a time of its own
        super().preprocess_cell(made, resources, index)
        if not any(o.get('ename') == 'AssertionError' for o in made.outputs):
            self.disarmed = True


def version():
    """Return a digest of all that decides how a notebook runs here."""
    digest = hashlib.sha256()
    for path in [*sorted((sandbox.ROOT / 'd2lutils').glob('*.py')),
                 *(Path(m.__file__) for m in (match, parts, sandbox)),
                 Path(__file__), sandbox.ROOT / 'tools' / 'pins.py',
                 sandbox.ROOT / 'requirements-dev.lock']:
        digest.update(path.read_bytes() + b'\0')
    return digest.hexdigest()


def execute(notebook, unsafe=False):
    """Run a notebook from its first to its last cell.

    Where it ends before, it runs again: without the student's own cell in
    which it ended, then without all of them.

    Args:
        notebook: its JSON text.
        unsafe: run the kernel without a sandbox.

    Returns:
        A dict: 'notebook', the JSON text with outputs; 'cause', why it could
        not be run to its end, else None; 'again', whether the cause is the
        machine's, not the student's; 'disarmed', whether tests could no
        longer fail; 'left_out', the ids of own cells; 'seconds'.
    """
    start, left_out = time.monotonic(), set()
    given = nbformat.reads(notebook, as_version=4)
    own = {c.id for c in given.cells if c.metadata.get('own')}
    first = next((i for i, c in enumerate(given.cells)
                  if match.is_answer(c) or c.id in own), 0)
    teachers = {c.id for c in given.cells[:first]}
    while True:
        nb = nbformat.from_dict(given)
        cause, where, disarmed = _run(nb, unsafe, left_out)
        if not (cause and where) or left_out >= own:
            break
        left_out |= {where} if where in own - left_out else own
    for cell in nb.cells:
        _clean(cell)
    return {'notebook': nbformat.writes(nb), 'cause': cause,
            'again': bool(cause) and (where is None or where in teachers),
            'disarmed': disarmed, 'left_out': sorted(left_out),
            'seconds': round(time.monotonic() - start, 1)}


def _run(nb, unsafe, skipped):
    """Run the cells.

    Returns:
        Why they were not run to the end, or None; the id of the cell in
        which they ended, None where the kernel did not start; whether tests
        could no longer fail.
    """
    # A user of its own for each worker of a host
    manager = KernelManager(os.getpid() % 4000, unsafe)
    runner = SafeExecute(nb.metadata.get('cell_seconds', CELL_SECONDS),
                         skipped)
    try:
        with tempfile.TemporaryDirectory(prefix='d2l-') as folder:
            runner.preprocess(nb, {'metadata': {'path': folder}},
                              km=manager)
    except (DeadKernelError, FloodError) as error:
        if runner.running is None:
            return f'the kernel did not start: {manager.cause()}', None, False
        what = manager.cause() or (
            str(error) if isinstance(error, FloodError) else
            'the kernel ended')
        where = runner.running.id
        return f'{what} in cell {where}', where, False
    except RuntimeError as error:
        what = manager.cause() or error
        return f'the kernel did not start: {what}', None, False
    finally:
        # nbclient leaves them open where a kernel died
        if runner.kc:
            runner.kc.stop_channels()
        manager.end()
    return None, None, runner.disarmed


def _clean(cell):
    """Keep of a cell's outputs what a page can show without harm."""
    if 'outputs' not in cell:
        return
    for output in cell.outputs:
        if 'data' in output:
            output.data = {
                kind: text for kind, text in output.data.items()
                if kind in SHOWN and re.fullmatch(SHOWN[kind], str(text),
                                                  re.S)}
            # Sizes, which pages would take over as they are
            output.metadata = {}
    cell.outputs = [o for o in cell.outputs if o.get('data', True)]
