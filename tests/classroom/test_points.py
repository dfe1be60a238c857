"""A teacher reads texts and gives points in the browser, unharmed."""
import base64
import os
import re
import signal
import subprocess
from pathlib import Path

import pytest
import requests

from classroom import grade
from tests.classroom.support import (
    PNG,
    ROOT,
    answered,
    hand_in,
    need_sandbox,
    source_in,
    text_of,
)
from tests.support import listens, wait_for

need_sandbox()
TEXT = """Because **I say so**, and `a < b`. ![mine](attachment:image.png)

<script>owned()</script> <img src="x" onerror="owned()">
[link](javascript:owned()) <iframe src="javascript:owned()"></iframe>
<input id="why" class="score"> <p onclick="owned()">words</p>
"""
PRINTS = """from IPython.display import display
display({'image/png': 'x"><script>owned()</script>'}, raw=True)
display({'text/latex': '<script>owned()</script>'}, raw=True)
display({'text/plain': '<script>owned()</script>'}, raw=True)
display({'image/png': 'iVBORw0KGgo='}, raw=True,
        metadata={'image/png': {'width': '"><script>owned()</script>'}})
print('\\x1b[31m<script>owned()</script>')
raise ValueError('<script>owned()</script>')
"""


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """A class of one who hands in what browsers might run."""
    folder = tmp_path_factory.mktemp('class')
    source_in(folder)
    notebook = answered(top=PRINTS)
    notebook.cells[-1].source = TEXT
    notebook.cells[-1].attachments = {'image.png': {
        'image/png': base64.b64encode(PNG).decode()}}
    hand_in(folder, 'ada', notebook)
    row = again(folder)
    assert (row['status'], row['score'], row['pending']) == ('graded', 3, 1)
    return folder


def again(folder):
    results = grade.grade('hw0', folder, show=lambda line: None,
                          source=folder / 'source-of-hw0')
    return results['students'][0]


@pytest.fixture(scope='module')
def site(folder):
    """The address of `make points`, and a session that is logged in."""
    server = subprocess.Popen(
        ['make', 'points', f'CLASS={folder}'], cwd=ROOT, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        start_new_session=True,
        env=os.environ | {'BROWSER': 'true', 'DISPLAY': ''})
    try:
        for line in server.stdout:
            found = re.search(r'(http://127\.0\.0\.1:(\d+)/)\S*token=(\w+)',
                              line)
            if found:
                break
        else:
            pytest.fail('no address')
        # It tells its address a moment before it listens
        wait_for('its port', lambda: listens(int(found[2])), 60)
        with requests.Session() as session:
            session.get(found[1], params={'token': found[3]}, timeout=60)
            yield found[1] + 'formgrader/', session
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.communicate(timeout=60)


def test_nothing_that_a_student_wrote_runs_in_the_browser(folder, site):
    address, session = site
    listed = session.get(f'{address}api/submitted_notebooks/hw0/hw0',
                         timeout=60).json()
    pages = {'formgrader': session.get(
        f'{address}submissions/{listed[0]["id"]}/', timeout=60).text,
        'feedback': (folder / 'feedback/ada/hw0/hw0.html').read_text()}
    for name, page in pages.items():
        assert '<strong>I say so</strong>' in page, name
        assert '<code>a &lt; b</code>' in page, name
        assert '<p>words</p>' in page, name
        assert '<img' in page and 'src="data:image/png;base64,iVBOR' in page
        assert '<script>owned' not in page, name
        answer = page[page.index('<strong>I say so'):]
        answer = answer[:answer.index('words')]
        assert 'onerror' not in answer and 'iframe' not in answer, name
        assert 'javascript:' not in answer and 'input' not in answer, name
        assert '<h1' in page and 'Homework 0' in page, name
        # The teacher sees the hidden tests, and the student does not
        assert ('square(-2)' in text_of(page)) == (name == 'formgrader')


def test_formgraders_own_feedback_hides_the_tests_too(folder, site):
    address, session = site
    page = folder / 'feedback/ada/hw0/hw0.html'
    page.unlink()
    for student in '', 'ada/':
        done = session.post(
            f'{address}api/assignment/hw0/{student}generate_feedback',
            headers={'X-XSRFToken': session.cookies['_xsrf']}, timeout=120)
        assert done.json()['success'], done.text
        text = text_of(page.read_text())
        assert 'I say so' in text and 'square(-2)' not in text


def test_points_given_in_the_browser_count(folder, site):
    address, session = site
    assert 'Manual Grading' in session.get(f'{address}gradebook',
                                           timeout=60).text
    listed = session.get(f'{address}api/submitted_notebooks/hw0/hw0',
                         timeout=60).json()
    grades = session.get(f'{address}api/grades', timeout=60, params={
        'submission_id': listed[0]['id']}).json()
    why, = (g for g in grades if g['name'] == 'why')
    saved = session.put(
        f'{address}api/grade/{why["id"]}', timeout=60,
        json=why | {'manual_score': 1, 'extra_credit': 0},
        headers={'X-XSRFToken': session.cookies['_xsrf']})
    assert saved.status_code == 200, saved.text
    row = again(folder)
    assert (row['score'], row['pending']) == (4, 0)


def test_a_class_without_grades_is_refused(tmp_path):
    refused = subprocess.run(['make', 'points', f'CLASS={tmp_path}'],
                             cwd=ROOT, text=True, capture_output=True,
                             timeout=60)
    assert refused.returncode
    assert 'has no gradebook: make grade first' in refused.stderr
    assert list(Path(tmp_path).iterdir()) == []
