"""Make nbval hold the notebooks to more, and notice failures sooner.

nbval runs each code cell as a test. What it lacks, and this file adds:
a front end's view of outputs (clear_output, updated displays), a dead kernel
noticed at once, stored runs that are complete and in order, figures that show
something, and tests that carry the cell's id for a name.
"""
import base64
import io
import os
import tempfile
import time
from queue import Empty

import nbval.kernel
import nbval.plugin
import pytest
from PIL import Image

from tools import pins

pins.leave_out_settings()     # before a kernel starts

OUTPUT_TIMEOUT = 20     # seconds from a cell's reply to its last output


class FileKernelManager(nbval.kernel.KernelManager):
    """A manager that reaches its kernel by files: no port, no network."""

    def __init__(self, **kwargs):
        self._folder = tempfile.TemporaryDirectory()
        super().__init__(transport='ipc', connection_file=os.path.join(
            self._folder.name, 'kernel.json'), **kwargs)


class CourseKernel(nbval.plugin.RunningKernel):
    """A kernel seen as a front end shows it, and not waited for once dead."""

    def __init__(self, *args, **kwargs):
        self._cell, self._replayed = None, []
        # ipykernel drops what compiled code prints where this is set
        test = os.environ.pop('PYTEST_CURRENT_TEST', None)
        try:
            super().__init__(*args, **kwargs)
        finally:
            if test:
                os.environ['PYTEST_CURRENT_TEST'] = test

    def execute_cell_input(self, cell_input, allow_stdin=None):
        # With history, as in a front end: IPython heeds a last ; only then
        self._cell = self.kc.execute(cell_input, allow_stdin=allow_stdin,
                                     stop_on_error=False)
        self._replayed = []
        return self._cell

    def await_reply(self, msg_id, timeout=None):
        deadline = time.monotonic() + timeout
        while True:
            try:
                return super().await_reply(msg_id, timeout=1)
            except Empty:
                if not self.is_alive():
                    raise RuntimeError('the kernel died in this cell: out of '
                                       'memory, or a crash in compiled code'
                                       ) from None
                if time.monotonic() > deadline:
                    raise

    def get_message(self, stream, timeout=None):
        if stream != 'iopub' or self._cell is None:
            return super().get_message(stream, timeout)
        if not self._replayed:
            self._replayed = self._replay(timeout)
        return self._replayed.pop(0)

    def _replay(self, timeout):
        """Read a cell's messages to the end; return those that still show."""
        shown, clear = [], False
        while True:
            message = super().get_message('iopub', timeout)
            if message['parent_header'].get('msg_id') != self._cell:
                continue
            kind, content = message['msg_type'], message['content']
            if kind == 'clear_output':
                clear = True
                if not content['wait']:
                    shown, clear = [], False
                continue
            if kind == 'update_display_data':
                for old in shown:
                    if old['msg_type'] == 'display_data' and (
                            old['content'].get('transient', {})
                            == content['transient']):
                        old['content'] = content
                continue
            if kind in ('stream', 'display_data', 'execute_result',
                        'error') and clear:
                shown, clear = [], False
            shown.append(message)
            if kind == 'status' and content['execution_state'] == 'idle':
                return shown


def shows(outputs):
    """Say whether a PNG among outputs has more than one colour."""
    for output in outputs:
        png = output.get('data', {}).get('image/png')
        if png:
            image = Image.open(io.BytesIO(base64.b64decode(png)))
            if any(least != most
                   for least, most in image.convert('RGB').getextrema()):
                return True
    return False


def draws(cell):
    """Say whether a cell is meant to draw: it carries an alternative text."""
    return bool(cell.metadata.get('mystnb', {}).get('image', {}).get('alt'))


def lacking(cell):
    """Return why this build of MXNet can't run a cell, or None."""
    if 'parameter-server' in cell.metadata.get('tags', ()):
        from d2lutils import launch  # with MXNet, which takes seconds

        return None if launch.has_store() else launch.WITHOUT
    return None


def _kinds(outputs):
    return [o.get('name', o.output_type)
            for o in nbval.plugin.coalesce_streams(outputs)]


class CourseCell(nbval.plugin.IPyNbCell):
    """One code cell of a notebook."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.output_timeout = OUTPUT_TIMEOUT

    def reportinfo(self):
        return self.path, 0, self.nodeid

    def runtest(self):
        stored, expected = self.cell.execution_count, self.cell_num + 1
        if stored != expected:
            self.raise_cell_error(
                f'The stored execution count is {stored}, expected '
                f'{expected}: store a clean run with make outputs', '')
        reason = lacking(self.cell)
        if reason:
            pytest.skip(reason)
        super().runtest()
        if draws(self.cell) and not shows(self.test_outputs):
            self.raise_cell_error('This cell is meant to draw (it has an '
                                  'alternative text), and drew nothing', '')
        if self.options['check']:
            now, then = _kinds(self.test_outputs), _kinds(self.cell.outputs)
            if now != then:
                self.raise_cell_error(
                    f'The order of outputs is {now}, stored {then}', '')


def _collect(self, collect=nbval.plugin.IPyNbFile.collect):
    for item in collect(self):
        yield CourseCell.from_parent(
            self, name=item.cell.id, cell_num=item.cell_num, cell=item.cell,
            options=item.options)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config):
    nbval.kernel.KernelManager = FileKernelManager
    nbval.plugin.RunningKernel = CourseKernel
    nbval.plugin.IPyNbFile.collect = _collect
