"""A student sees which checks pass, and the exit code says whether all do."""
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbgrader.utils import compute_checksum
from test_grading import answered

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def validate(tmp_path):
    def run(notebook):
        path = tmp_path / 'hw0.ipynb'
        path.write_text(notebook if isinstance(notebook, str)
                        else nbformat.writes(notebook))
        return subprocess.run(
            [sys.executable, ROOT / 'classroom' / 'validate.py', 'hw0', path],
            capture_output=True, text=True, timeout=120)
    return run


def with_checksums(notebook):
    for cell in notebook.cells:
        if 'nbgrader' in cell.metadata:
            cell.metadata.nbgrader.checksum = compute_checksum(cell)
    return notebook


def test_all_is_well(validate):
    done = validate(with_checksums(answered()))
    assert done.returncode == 0, done.stdout + done.stderr
    assert '3 of 3 are well' in done.stdout


def test_what_fails_is_named_with_its_message(validate):
    done = validate(with_checksums(answered('return 0')))
    assert done.returncode == 1
    assert 'square-test              AssertionError: of 3' in done.stdout
    assert 'add-test                 ok' in done.stdout


def test_a_changed_test_is_named(validate):
    notebook = with_checksums(answered())
    notebook.cells[3].source = 'pass'
    done = validate(notebook)
    assert done.returncode == 1 and 'will be put back' in done.stdout


def test_an_answer_that_is_not_there_is_named(validate):
    notebook = with_checksums(answered())
    notebook.cells[-1].source = 'YOUR ANSWER HERE'
    done = validate(notebook)
    assert done.returncode == 1
    assert 'why                      no answer yet' in done.stdout


@pytest.mark.parametrize(('notebook', 'message'), [
    ('{', 'is no notebook'),
    (nbformat.writes(nbformat.v4.new_notebook()), 'no graded cells'),
    (nbformat.writes(answered(top='import os; os._exit(1)\n')),
     'the kernel ended in cell square')])
def test_what_cannot_be_checked_is_said(validate, notebook, message):
    done = validate(notebook)
    assert done.returncode == 1 and message in done.stderr
