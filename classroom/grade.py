"""Grade an assignment's submissions: prepare, run, grade, feedback, results.

What has not changed since the last time is neither run nor graded again.
"""
import contextlib
import datetime
import hashlib
import json
import os
import shutil
import time
from pathlib import Path

import nbformat
from nbgrader.api import Gradebook, MissingEntry
from sqlalchemy.exc import SQLAlchemyError

from classroom import (
    execute,
    feedback,
    results,
    roster,
    sandbox,
    splice,
    submission,
    words,
    workers,
)
from classroom.assignment import (
    HERE,
    SOURCE,
    GradeError,
    assignments,
    graded_cells,
    must,
    nbgrader,
    prepare,
)

__all__ = ['SOURCE', 'GradeError', 'Grading', 'assignments', 'grade',
           'nbgrader', 'prepare', 'students']
EMPTY = {'cause': None, 'score': None, 'max': None, 'pending': None,
         'cells': {}, 'flags': [], 'seconds': None}


def students(folder, hw):
    """Return the ids of the class list and of those who handed in."""
    names = roster.read(folder)
    ids = list(names.ids) if names else []
    here = sorted(p.parent.name for p in folder.glob(f'submitted/*/{hw}')
                  if p.is_dir() and not p.parent.name.startswith('.'))
    return list(dict.fromkeys(ids + here))


def _digest(folder, common):
    """Return a digest of what was handed in, and of what is common."""
    digest = hashlib.sha256(common.encode())
    for path in sorted(folder.rglob('*'), key=os.fsencode):
        digest.update(os.fsencode(path.relative_to(folder)) + b'\0')
        if path.is_file() and not path.is_symlink():
            with path.open('rb') as f:
                digest.update(hashlib.file_digest(f, 'sha256').digest())
    return digest.hexdigest()


def _code():
    """Return what a grade depends on besides the assignment."""
    return execute.version() + ''.join(
        (HERE / f'{name}.py').read_text(encoding='utf-8') for name in (
            'assignment', 'feedback', 'grade', 'images', 'nbgrader_config',
            'splice', 'submission', 'words')) + ''.join(
                path.read_text(encoding='utf-8')
                for path in sorted(HERE.glob('templates/student/*')))


class Grading:
    """The grading of one assignment in one class's folder."""

    def __init__(self, hw, folder, unsafe, source):
        self.hw, self.folder = hw, folder
        self.api = nbgrader(folder)
        self.source, self.release = prepare(hw, folder, self.api, source)
        self.common = f'{nbformat.writes(self.source)}\0{_code()}\0{unsafe}\0'
        self.state = folder / 'state' / hw
        self.state.mkdir(parents=True, exist_ok=True)
        self.rows, self.digests, self.flags = {}, {}, {}

    def place(self, part, student):
        """Return where one of nbgrader's folders holds a student's work."""
        return self.folder / part / student / self.hw

    def notebook(self, student):
        """Return the notebook to run for a student; None for nothing to do.

        Who needs no run has a row afterwards.
        """
        handed_in = self.place('submitted', student)
        if not handed_in.is_dir() or handed_in.is_symlink():
            self.rows[student] = {'status': 'missing'}
            return None
        try:
            if set(student) & set('*?[]') or not student.isprintable():
                raise submission.SubmissionError(
                    f'the folder is called {submission.readable(student)!r}, '
                    f'expected {roster.PLAIN_IDS}: rename it')
            self.digests[student] = _digest(handed_in, self.common)
            if self._is_known(student):
                return None
            found, noted = submission.find(handed_in, self.hw, self.release)
            spliced = splice.splice(self.source, self.release, found)
            self.flags[student] = noted + spliced.flags
            return nbformat.writes(spliced.notebook)
        except submission.SubmissionError as error:
            self._keep(student, {'status': 'ungraded', 'cause': str(error)})
        except Exception as error:
            # One bad file must not stop a class; it is looked at again
            self.rows[student] = {'status': 'ungraded', 'cause':
                                  f'{type(error).__name__}: {error}'}
        return None

    def _is_known(self, student):
        """Take a row over from the last time, with a person's new points."""
        # Where something of it is lost, it is graded again
        with contextlib.suppress(OSError, ValueError, KeyError, MissingEntry,
                                 GradeError):
            kept = json.loads((self.state / f'{student}.json').read_text(
                encoding='utf-8'))
            if kept['digest'] == self.digests[student]:
                self.rows[student] = row = self._look_again(student,
                                                            kept['row'])
                if row != kept['row']:
                    self._keep(student, row)
                return True
        return False

    def _look_again(self, student, row):
        """Return a row with the points that a person has given since."""
        if row['status'] != 'graded':
            return row
        ran = self.place('executed', student) / f'{self.hw}.ipynb'
        new = row | self._points(student, ran.read_text(encoding='utf-8'))
        if new != row:
            self._feedback(student)
        return new

    def _keep(self, student, row):
        self.rows[student] = row
        if student not in self.digests:
            return
        results.write(self.state / f'{student}.json', json.dumps(
            {'digest': self.digests[student], 'row': row}))

    def finish(self, student, result):
        """Turn what came out of a run into a row, and keep it.

        What is not the student's doing is not kept: it is tried again.
        """
        row = {'status': 'ungraded', 'cause': result['cause'],
               'flags': self.flags[student] + [
                   f'{cell} ended the kernel, and was left out'
                   for cell in result.get('left_out', ())],
               'seconds': result.get('seconds')}
        if not row['cause'] and result['disarmed']:
            row['cause'] = 'the tests were disarmed: look at the code'
        again = result.get('again')
        if not row['cause']:
            leaks = feedback.for_student(nbformat.reads(result['notebook'],
                                                        as_version=4))
            row['flags'] += [f'{cell} printed hidden tests: not shown'
                             for cell in dict.fromkeys(leaks)]
            try:
                self._grade(student, result['notebook'])
                row |= self._points(student, result['notebook'])
            except (GradeError, MissingEntry, OSError,
                    SQLAlchemyError) as error:
                row['cause'], again = str(error), True
        if again:
            self.rows[student] = row
        else:
            self._keep(student, row)

    def _grade(self, student, notebook):
        """Let nbgrader grade what was run; write the feedback."""
        place = self.place('executed', student)
        place.mkdir(parents=True, exist_ok=True)
        stamp = self.place('submitted', student) / 'timestamp.txt'
        if stamp.is_file() and not stamp.is_symlink():
            shutil.copy(stamp, place)
        (place / f'{self.hw}.ipynb').write_text(notebook, encoding='utf-8')
        graded = self.place('autograded', student) / f'{self.hw}.ipynb'
        graded.unlink(missing_ok=True)
        must(self.api.autograde(self.hw, student, force=True), 'nbgrader')
        if not graded.exists():
            raise GradeError('nbgrader wrote no graded notebook')
        self._feedback(student)

    def _feedback(self, student):
        """Write the page for the student."""
        must(self.api.generate_feedback(self.hw, student, force=True),
             'the feedback')

    def _points(self, student, notebook):
        """Return a student's points from the gradebook."""
        messages = {}
        for cell in nbformat.reads(notebook, as_version=4).cells:
            errors = [feedback.message(o)[:300] for o in
                      cell.get('outputs', ()) if o.output_type == 'error']
            if errors and 'nbgrader' in cell.metadata:
                messages[cell.metadata.nbgrader.grade_id] = errors[0]
        with Gradebook(f'sqlite:///{self.folder}/gradebook.db') as gradebook:
            found = gradebook.find_submission_notebook(self.hw, self.hw,
                                                       student)
            cells = {g.name: {
                'score': None if g.needs_manual_grade else g.score,
                'message': messages.get(g.name)} for g in found.grades}
            pending = sum(g.max_score for g in found.grades
                          if g.needs_manual_grade)
            return {'status': 'graded', 'max': found.max_score,
                    'score': sum(c['score'] or 0 for c in cells.values()),
                    'pending': pending, 'cells': cells}

    def results(self):
        """Return all rows, and write them."""
        found = {'hw': self.hw, 'language': words.of(self.release),
                 'date': datetime.datetime.now().isoformat(
                     timespec='minutes'),
                 'cells': graded_cells(self.release),
                 'students': [{'id': submission.readable(student)} | EMPTY
                              | self.rows[student]
                              for student in sorted(self.rows)]}
        path = self.folder / 'results' / f'{self.hw}.json'
        path.parent.mkdir(exist_ok=True)
        results.write(path, json.dumps(found, indent=1))
        return found


def grade(hw, folder, unsafe=False, show=print, source=SOURCE,
          scheduler=None):
    """Grade what has changed since the last time; return the results.

    Args:
        hw: the assignment's name.
        folder: the class's folder.
        unsafe: run students' code without a sandbox.
        show: takes a line of progress now and then.
        source: where the assignments are.
        scheduler: the address of a Dask scheduler, whose workers run the
            notebooks; without one, the cores of this machine do.

    Raises:
        GradeError: there is no such assignment, nbgrader fails, or the
            scheduler has no workers with the same version of the course.
        roster.IntakeError: the class list cannot be read.
        sandbox.SandboxError: the sandbox does not work here.
    """
    folder = Path(folder).resolve()
    if not (unsafe or scheduler):
        sandbox.check()
    grading = Grading(hw, folder, unsafe, source)
    notebooks = {}
    for student in students(folder, hw):
        notebook = grading.notebook(student)
        if notebook:
            notebooks[student] = notebook
    same = len(grading.rows)
    start, ran, kept = time.monotonic(), 0, 0
    for number, (student, result) in enumerate(
            workers.run(notebooks, unsafe, scheduler), 1):
        came = time.monotonic()
        grading.finish(student, result)
        ran += result.get('seconds') or 0
        kept += time.monotonic() - came
        rate = 60 * number / (time.monotonic() - start)
        show(f'{number} of {len(notebooks)} run, {rate:.1f} a minute'
             + (f', {same} as they were' if same else '')
             + f'; notebooks {ran:.0f} s on all cores, points and pages '
             f'{kept:.0f} s on one')
    return grading.results()
