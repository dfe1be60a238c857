"""Grade an assignment's submissions: prepare, run, grade, feedback, report.

    python grade.py hw2 [--class FOLDER] [--source FOLDER] [--unsafe]
                        [--scheduler tcp://HOST:8786]
"""
import argparse
import contextlib
import datetime
import hashlib
import itertools
import json
import logging
import os
import re
import shutil
import sys
import tempfile
import time
import warnings
from pathlib import Path

import execute
import intake
import nbformat
import report
import sandbox
import submission
from distributed import Client, KilledWorker, LocalCluster, as_completed
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.apps import NbGraderAPI
from traitlets.config import PyFileConfigLoader

HERE = Path(__file__).resolve().parent
SOURCE = HERE / 'source'
# nbgrader's own use of its database
warnings.filterwarnings('ignore', module='nbgrader')
HIDDEN = re.compile(r'^ *### BEGIN HIDDEN TESTS\n.*?^ *### END HIDDEN TESTS',
                    re.S | re.M)


class GradeError(RuntimeError):
    """Grading cannot go on."""


def nbgrader(folder):
    """Return nbgrader's API for a class's folder."""
    config = PyFileConfigLoader(str(HERE / 'nbgrader_config.py')
                                ).load_config()
    # Else nbgrader would run students' code itself, outside of the sandbox
    assert config.CourseDirectory.submitted_directory == 'executed'
    config.CourseDirectory.root = str(folder)
    config.Application.log_level = 'ERROR'
    # It calls alembic by name for a new gradebook
    os.environ['PATH'] = (f'{Path(sys.executable).parent}{os.pathsep}'
                          + os.environ['PATH'])
    return NbGraderAPI(config=config)


def _must(result, what):
    if not result['success']:
        log = (result.get('error') or result.get('log') or '').strip()
        raise GradeError(f'{what}: {(log or "failed").splitlines()[-1]}')


def assignments(source=SOURCE):
    return sorted(p.parent.name for p in source.glob('*/*.ipynb'))


def prepare(hw, folder, api, source=SOURCE):
    """Make the students' version; return the source and the release."""
    if hw not in assignments(source):
        raise GradeError(f'{hw!r} is no assignment; there are '
                         + ', '.join(assignments(source)))
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copytree(source / hw, folder / 'source' / hw, dirs_exist_ok=True)
    _must(api.generate_assignment(hw, force=True, create=True),
          f'the release of {hw}')
    return [nbformat.read(folder / part / hw / f'{hw}.ipynb', as_version=4)
            for part in ('source', 'release')]


def class_list(folder, hw):
    """Return the ids of the class list and of those who handed in."""
    names = intake.class_list(folder)
    ids = list(names.ids) if names else []
    submitted = folder / 'submitted'
    here = sorted(p.parent.name for p in submitted.glob(f'*/{hw}')
                  if p.is_dir() and not p.parent.name.startswith('.'))
    return list(dict.fromkeys(ids + here))


def _digest(folder, common):
    """Return a digest of what was handed in, and of what is common."""
    digest = hashlib.sha256(common.encode())
    for path in sorted(folder.rglob('*')):
        digest.update(str(path.relative_to(folder)).encode() + b'\0')
        if path.is_file() and not path.is_symlink():
            with path.open('rb') as f:
                digest.update(hashlib.file_digest(f, 'sha256').digest())
    return digest.hexdigest()


def _code():
    """Return what a grade depends on besides the assignment."""
    return execute.version() + ''.join(
        (HERE / f'{name}.py').read_text() for name in (
            'submission', 'grade', 'nbgrader_config'))


@contextlib.contextmanager
def _workers(scheduler, unsafe):
    """Yield Dask's client: of a cluster, or of all cores of this machine."""
    if not scheduler:
        with tempfile.TemporaryDirectory(prefix='d2l-') as scratch, \
                LocalCluster(
                    n_workers=os.cpu_count(), threads_per_worker=1,
                    # Nobody else on this machine may give the workers orders
                    security=True, dashboard_address='127.0.0.1:0',
                    worker_dashboard_address='127.0.0.1:0', memory_limit=None,
                    local_directory=scratch,
                    silence_logs=logging.CRITICAL) as cluster, \
                cluster.get_client() as client:
            yield client
        return
    try:
        client = Client(scheduler, timeout=20)
    except (OSError, ValueError) as error:
        raise GradeError(f'{scheduler}: no Dask scheduler answers ({error}); '
                         'start one, or leave DASK out') from error
    with client:
        versions = client.run(execute.version)
        if not versions:
            raise GradeError(f'{scheduler} has no workers; start some')
        here = execute.version()
        for worker, version in versions.items():
            if version != here:
                raise GradeError(f'{worker} has another version of the course'
                                 ' than this machine: update it there, and '
                                 'start the worker again')
        if not unsafe:
            client.run(sandbox.check)
        yield client


def run(notebooks, unsafe, scheduler=None):
    """Run notebooks on all workers; yield each student and what came out."""
    waiting = iter(notebooks.items())
    if not notebooks:
        return
    with _workers(scheduler, unsafe) as client:
        tasks, done = {}, as_completed()

        def submit():
            # What the workers need next: the rest waits here
            room = 2 * sum(client.nthreads().values()) - len(tasks)
            for student, notebook in itertools.islice(waiting, max(room, 1)):
                task = client.submit(execute.execute, notebook, unsafe,
                                     pure=False)
                tasks[task] = student
                done.add(task)

        submit()
        for task in done:
            try:
                result = task.result()
            except KilledWorker as error:
                result = {'cause': 'the process that ran it died '
                          f'{error.allowed_failures + 1} times'}
            except Exception as error:
                result = {'cause': f'{type(error).__name__}: {error}'}
            yield tasks.pop(task), result
            submit()


def save(hw, student, notebook, folder, api):
    """Let nbgrader grade what was run; write the feedback."""
    place = folder / 'executed' / student / hw
    place.mkdir(parents=True, exist_ok=True)
    stamp = folder / 'submitted' / student / hw / 'timestamp.txt'
    if stamp.is_file() and not stamp.is_symlink():
        shutil.copy(stamp, place)
    (place / f'{hw}.ipynb').write_text(notebook)
    graded = folder / 'autograded' / student / hw / f'{hw}.ipynb'
    graded.unlink(missing_ok=True)
    _must(api.autograde(hw, student, force=True), 'nbgrader')
    if not graded.exists():
        raise GradeError('nbgrader wrote no graded notebook')
    _feedback(hw, student, graded, api)


def _feedback(hw, student, graded, api):
    """Write the page for the student, without the hidden tests."""
    whole = graded.read_text()
    notebook = nbformat.reads(whole, as_version=4)
    for cell in notebook.cells:
        if HIDDEN.search(cell.source):
            cell.source = HIDDEN.sub('# ... and tests that stay hidden',
                                     cell.source)
            for output in cell.outputs:
                if output.output_type == 'error':
                    # Its lines would show the tests
                    output.traceback = [f'{output.ename}: {output.evalue}']
    try:
        graded.chmod(0o644)
        graded.write_text(nbformat.writes(notebook))
        _must(api.generate_feedback(hw, student, force=True), 'the feedback')
    finally:
        graded.write_text(whole)


def cells(release):
    return [{'id': c.metadata.nbgrader.grade_id,
             'points': c.metadata.nbgrader.points,
             'by': 'person' if c.metadata.nbgrader.solution else 'machine'}
            for c in release.cells
            if c.metadata.get('nbgrader', {}).get('grade')]


def _row(hw, student, notebook, folder):
    """Return a student's points from the gradebook."""
    messages = {}
    for cell in nbformat.reads(notebook, as_version=4).cells:
        errors = [f'{o.ename}: {o.evalue}'[:300] for o in
                  cell.get('outputs', ()) if o.output_type == 'error']
        if errors and 'nbgrader' in cell.metadata:
            messages[cell.metadata.nbgrader.grade_id] = errors[0]
    with Gradebook(f'sqlite:///{folder}/gradebook.db') as gradebook:
        found = gradebook.find_submission_notebook(hw, hw, student)
        cells = {g.name: {
            'score': None if g.needs_manual_grade else g.score,
            'message': messages.get(g.name)} for g in found.grades}
        pending = sum(g.max_score for g in found.grades
                      if g.needs_manual_grade)
        return {'status': 'graded', 'score': sum(
            c['score'] or 0 for c in cells.values()),
            'max': found.max_score, 'pending': pending, 'cells': cells}


def _look_again(hw, student, row, folder, api):
    """Return a row with the points that a person has given since."""
    if row['status'] != 'graded':
        return row
    ran = folder / 'executed' / student / hw / f'{hw}.ipynb'
    new = row | _row(hw, student, ran.read_text(), folder)
    if new != row:
        _feedback(hw, student, folder / 'autograded' / student / hw
                  / f'{hw}.ipynb', api)
    return new


def grade(hw, folder, unsafe=False, show=print, source=SOURCE,
          scheduler=None):
    """Grade what has changed since the last time; return the results.

    Args:
        hw: the assignment's name.
        folder: the class's folder.
        unsafe: run students' code without a sandbox.
        show: is given a line of progress now and then.
        source: where the assignments are.
        scheduler: the address of a Dask scheduler, whose workers run the
            notebooks; without one, the cores of this machine do.

    Raises:
        GradeError: there is no such assignment, nbgrader fails, or the
            scheduler has no workers with the same version of the course.
        intake.IntakeError: the class list cannot be read.
        sandbox.SandboxError: the sandbox does not work here.
    """
    folder = Path(folder).resolve()
    if not (unsafe or scheduler):
        sandbox.check()
    api = nbgrader(folder)
    whole, release = prepare(hw, folder, api, source)
    ids = {c.metadata.nbgrader.grade_id for c in release.cells
           if 'nbgrader' in c.metadata} | {c.id for c in release.cells}
    rows, notebooks, digests, flags = {}, {}, {}, {}
    common = f'{nbformat.writes(whole)}\0{_code()}\0{unsafe}\0'
    state = folder / 'state' / hw
    state.mkdir(parents=True, exist_ok=True)
    for student in class_list(folder, hw):
        handed_in = folder / 'submitted' / student / hw
        if not handed_in.is_dir() or handed_in.is_symlink():
            rows[student] = {'status': 'missing'}
            continue
        digests[student] = _digest(handed_in, common)
        old = state / f'{student}.json'
        with contextlib.suppress(OSError, ValueError):
            kept = json.loads(old.read_text())
            if kept['digest'] == digests[student]:
                rows[student] = _look_again(hw, student, kept['row'], folder,
                                            api)
                if rows[student] != kept['row']:
                    _keep(old, digests[student], rows[student])
                continue
        try:
            found, noted = submission.find(handed_in, hw, ids)
            spliced = submission.splice(whole, release, found)
        except submission.SubmissionError as error:
            rows[student] = {'status': 'ungraded', 'cause': str(error)}
            _keep(old, digests[student], rows[student])
            continue
        notebooks[student] = nbformat.writes(spliced.notebook)
        flags[student] = noted + spliced.flags
    same = len(rows)
    start, total = time.monotonic(), len(notebooks)
    for number, (student, result) in enumerate(
            run(notebooks, unsafe, scheduler), 1):
        row = {'status': 'ungraded', 'cause': result['cause'],
               'flags': flags[student], 'seconds': result.get('seconds')}
        if not row['cause'] and result['disarmed']:
            row['cause'] = ('the tests were disarmed ('
                            + ', '.join(result['disarmed']) + '): look at it')
        if not row['cause']:
            try:
                save(hw, student, result['notebook'], folder, api)
                row |= _row(hw, student, result['notebook'], folder)
            except (GradeError, MissingEntry) as error:
                row['cause'] = str(error)
        _keep(state / f'{student}.json', digests[student], row)
        rows[student] = row
        rate = 60 * number / (time.monotonic() - start)
        show(f'{number} of {total} run, {rate:.1f} a minute'
             + (f', {same} as they were' if same else ''))
    results = {'hw': hw,
               'date': datetime.datetime.now().isoformat(timespec='minutes'),
               'cells': cells(release), 'students': []}
    empty = {'cause': None, 'score': None, 'max': None, 'pending': None,
             'late': None, 'cells': {}, 'flags': [], 'seconds': None}
    for student in sorted(rows):
        results['students'].append(
            {'id': student} | empty | rows[student])
    path = folder / 'results' / f'{hw}.json'
    path.parent.mkdir(exist_ok=True)
    report.write(path, json.dumps(results, indent=1))
    return results


def _keep(path, digest, row):
    report.write(path, json.dumps({'digest': digest, 'row': row}))


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('hw')
    parser.add_argument('--class', dest='folder', default=HERE / 'class')
    parser.add_argument('--source', type=Path, default=SOURCE,
                        help='where the assignments are')
    parser.add_argument('--unsafe', action='store_true')
    parser.add_argument('--scheduler', help="a Dask scheduler's address")
    given = parser.parse_args(arguments)
    tty = sys.stderr.isatty()

    def show(line):
        print(f'\r{line}' if tty else line, end='' if tty else '\n',
              file=sys.stderr, flush=True)

    if given.unsafe:
        print("UNSAFE: students' code runs as you, with all your rights",
              file=sys.stderr)
    try:
        results = grade(given.hw, given.folder, given.unsafe, show,
                        given.source, given.scheduler)
    except (GradeError, intake.IntakeError, sandbox.SandboxError) as error:
        sys.exit(f'not graded: {error}')
    folder = Path(given.folder) / 'results'
    print(report.table(results))
    report.write_csv(results, folder / f'{given.hw}.csv')
    report.write_html(results, folder / f'{given.hw}.html')
    print(f'\n{folder / given.hw}.csv, {given.hw}.html; feedback for '
          f'students in {Path(given.folder) / "feedback"}')
    return any(s['status'] == 'ungraded' for s in results['students'])


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
