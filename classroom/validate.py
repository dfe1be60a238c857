"""Run the checks that a student sees, as grading will run them."""
from pathlib import Path
from typing import NamedTuple

import nbformat
from nbgrader.utils import compute_checksum

from classroom import (
    assignment,
    execute,
    feedback,
    splice,
    submission,
    words,
)
from classroom.match import meta

ROOT = Path(__file__).resolve().parents[1]
OFF = '.venv', 'classroom', '.ipynb_checkpoints'


class Check(NamedTuple):
    """A graded task, and all that is wrong with it."""

    name: str
    wrong: list


def find(hw):
    """Return the one notebook of this name in the repository.

    Raises:
        submission.SubmissionError: there is none, or there are several.
    """
    found = [p for p in [*ROOT.glob('*.ipynb'), *ROOT.glob('notebooks/**/*')]
             if p.name == f'{hw}.ipynb' and not set(OFF) & set(p.parts[:-1])]
    if len(found) != 1:
        raise submission.SubmissionError(
            f'{len(found)} notebooks are called {hw}.ipynb in {ROOT} and its '
            f'notebooks/: name yours, make validate HW={hw} FILE=...')
    return found[0]


def _given(hw, notebook, source):
    """Return what the student was given; None where only they have it.

    A teacher may have changed the assignment: then a locked cell that nobody
    has touched since differs from this clone's.
    """
    if hw not in assignment.assignments(source):
        return None
    release = assignment.released(hw, source)
    cells = {meta(c)['grade_id']: c for c in release.cells if meta(c)}
    for cell in notebook.cells:
        there = cells.get(meta(cell).get('grade_id'))
        if (there and meta(there).get('locked')
                and there.source != cell.source
                and meta(cell).get('checksum') == compute_checksum(cell)):
            return None
    return release


def validate(hw, path, source=assignment.SOURCE):
    """Run a notebook's visible checks.

    Args:
        hw: the assignment's name.
        path: the student's notebook.
        source: where the assignments are.

    Returns:
        A list of `Check`; what grading would note, a list of str; what says
        a text in the language of the notebook.

    Raises:
        submission.SubmissionError: it is not a notebook of this assignment,
            or cannot be run.
    """
    notebook, notes = submission.read(Path(path)), []
    given = _given(hw, notebook, source)
    empty = {'YOUR ANSWER HERE'}
    if given:
        if submission.answers(given, notebook) is None:
            raise submission.SubmissionError(
                f'{path} has no answers to {hw}: is it another assignment?')
        empty |= {c.source for c in given.cells}
        notebook, notes = splice.splice(given, given, notebook)
    result = execute.execute(nbformat.writes(notebook), unsafe=True)
    if result['cause']:
        raise submission.SubmissionError(f'{path}: {result["cause"]}')
    notebook = nbformat.reads(result['notebook'], as_version=4)
    names, checks = assignment.task_names(notebook), []
    say = words.speaker(words.of(notebook))
    for cell in notebook.cells:
        if meta(cell).get('grade'):
            wrong = [say('no answer yet')
                     if o.ename == 'NotImplementedError'
                     else feedback.message(o) for o in cell.get('outputs', ())
                     if o.output_type == 'error']
            if meta(cell).get('solution') and cell.source.strip() in empty:
                wrong = [say('no answer yet')]
            checks.append(Check(names[meta(cell)['grade_id']], wrong))
    if not checks:
        raise submission.SubmissionError(f'{path} has no graded cells: is it '
                                         'an assignment?')
    return checks, notes + [f'{cell} ends the kernel: it will be left out'
                            for cell in result['left_out']], say


def summary(checks, notes, say=str.format):
    """Say what was found: one line per task and mistake, and one in all."""
    lines = []
    for name, wrong in checks:
        lines.append(say('{}: {}', name, wrong[0] if wrong else say('ok')))
        lines += [f'    {more}' for more in wrong[1:]]
    failed = sum(bool(wrong) for _, wrong in checks)
    return [*lines, *(say('note: {}', note) for note in notes),
            say('{} of {} pass; hidden checks try more',
                len(checks) - failed, len(checks))]
