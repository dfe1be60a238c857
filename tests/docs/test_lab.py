"""JupyterLab, as make lab serves it, runs lessons from top to bottom."""
import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import nbformat
import pytest

from tests.support import free_port, listens, wait_for

ROOT = Path(__file__).parents[2]
LESSONS = '01_linear_regression', '02_softmax_regression', '08_mlp'


@contextlib.contextmanager
def serve(copy, *options):
    """Serve a copy of the lessons: their folder, its address, token."""
    for folder in 'notebooks', 'tools':
        shutil.copytree(ROOT / folder, copy / folder)
    port = free_port()
    with (copy / 'log').open('w') as log:
        server = subprocess.Popen(
            [sys.executable, '-m', 'tools.lab', *options], cwd=copy,
            stdout=log, stderr=log, start_new_session=True,
            env={**os.environ, 'PORT': str(port), 'DISPLAY': '',
                 'WAYLAND_DISPLAY': ''})
    try:
        token = wait_for('a server', lambda: re.search(
            rf'127\.0\.0\.1:{port}/lab/?\S*\?token=(\w+)',
            (copy / 'log').read_text()), 180)[1]
        # It says its address before it listens
        wait_for('its port', lambda: listens(port), 60)
        yield copy / 'notebooks', f'http://127.0.0.1:{port}', token
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(30)


@pytest.fixture(scope='module')
def lab(browser, tmp_path_factory):
    with serve(tmp_path_factory.mktemp('course')) as found:
        yield found


def idle(address, token, lesson):
    """Say whether a lesson's kernel is there and waits for work."""
    with urlopen(f'{address}/api/sessions?token={token}') as answer:
        return [s['kernel']['execution_state'] for s in json.load(answer)
                if s['path'] == f'{lesson}.ipynb'] == ['idle']


@pytest.mark.parametrize('lesson', LESSONS)
def test_a_lesson_runs_in_jupyterlab(tab, lab, lesson):
    folder, address, token = lab
    path = folder / f'{lesson}.ipynb'
    before = nbformat.read(path, as_version=4)
    # What was stored is gone, so that all we see is new
    for cell in before.cells:
        if cell.cell_type == 'code':
            cell.outputs, cell.execution_count = [], None
    nbformat.write(before, path)
    tab.set_viewport_size({'width': 1280, 'height': 900})
    tab.goto(f'{address}/lab/workspaces/{lesson}/tree/{lesson}.ipynb'
             f'?token={token}')
    wait_for('a kernel', lambda: idle(address, token, lesson), 90)

    def begin():
        # The page finds the kernel later: until then, this runs nothing
        tab.get_by_role('menuitem', name='Run', exact=True).click()
        tab.get_by_role('menuitem', name=re.compile('^Run All Cells')).click()
        tab.wait_for_timeout(1500)
        return tab.get_by_text(re.compile(r'^\[[*\d]+\]:$')).count()

    wait_for('the first cell', begin, 90)

    def run():
        tab.wait_for_timeout(1500)
        if not idle(address, token, lesson):
            return None
        assert not tab.locator('.jp-Dialog').all_inner_texts()
        tab.keyboard.press('Control+s')
        tab.wait_for_timeout(1500)
        try:
            after = nbformat.read(path, as_version=4)
        except ValueError:              # it is being written
            return None
        assert not [(c.id, o) for c in after.cells
                    for o in c.get('outputs', ())
                    if o.output_type == 'error']
        return idle(address, token, lesson) and all(
            c.execution_count for c in after.cells
            if c.cell_type == 'code') and after

    after = wait_for('the last cell', run, 600)
    nbformat.validate(after)
    code = [c for c in after.cells if c.cell_type == 'code']
    assert [c.execution_count for c in code] == list(range(1, len(code) + 1))
    for cell in code:
        if cell.metadata.get('mystnb'):
            assert any('image/png' in o.get('data', {})
                       for o in cell.outputs), cell.id
    assert tab.locator('.jp-OutputArea img').count()
    assert [(c.id, c.source) for c in after.cells] == [
        (c.id, c.source) for c in before.cells]


def test_the_chinese_lessons_open_with_chinese_menus(
        tab, browser, tmp_path, monkeypatch):
    # What a learner chose and opened before would go before it
    for name in 'SETTINGS', 'WORKSPACES':
        monkeypatch.setenv(f'JUPYTERLAB_{name}_DIR', str(tmp_path / name))
    with serve(tmp_path / 'course', '--language', 'zh') as (
            folder, address, token):
        tab.goto(f'{address}/lab?token={token}')
        tab.get_by_role('menuitem', name='文件', exact=True).wait_for()
        with urlopen(f'{address}/api/contents/practice/'
                     f'01_linear_regression.ipynb?token={token}') as answer:
            assert '练习版' in json.load(answer)['content']['cells'][1][
                'source']
        assert (folder / 'zh/practice/01_linear_regression.ipynb').exists()
    assert not (tmp_path / 'SETTINGS').exists()     # nothing is written there


def test_a_language_that_is_not_there_is_named():
    done = subprocess.run(
        [sys.executable, '-m', 'tools.lab', '--language', 'fr'], cwd=ROOT,
        capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and done.stderr == (
        "no lessons in the language 'fr'; there are some in en, zh\n")
