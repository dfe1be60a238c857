"""Hand out assignments, check and grade them: python -m classroom COMMAND."""
import argparse
import codecs
import locale
import os
import sys
from pathlib import Path

from classroom import archive, assignment, grade, points, report, validate
from classroom.assignment import GradeError
from classroom.results import line
from classroom.roster import IntakeError
from classroom.sandbox import SandboxError
from classroom.submission import SubmissionError
from tools import pins

CLASS = Path(__file__).resolve().parent / 'class'


def release(given):
    """Make the version of an assignment that students get."""
    folder = given.folder.resolve()
    _, made = assignment.prepare(given.hw, folder,
                                 assignment.nbgrader(folder), given.source)
    cells = assignment.graded_cells(made)
    print(f'{folder / "release" / given.hw / given.hw}.ipynb: '
          f'{len(cells)} graded cells, '
          f'{sum(c["points"] for c in cells)} points')


def check(given):
    """Run the checks that a student sees, as grading will run them."""
    pins.leave_out_settings()       # before the kernel starts
    checks, *rest = validate.validate(given.hw, given.file, given.source)
    for text in validate.summary(checks, *rest):
        print(text)
    return any(check.wrong for check in checks)


def submissions(given):
    """Unpack an archive of submissions."""
    intake = archive.unpack(given.archive, given.hw, given.folder)
    for text in archive.summary(intake):
        print(line(text))
    return bool(intake.refused)


def grade_all(given):
    """Grade what has changed since the last time."""
    tty = sys.stderr.isatty()

    def show(text):
        print(f'\r{text}' if tty else text, end='' if tty else '\n',
              file=sys.stderr, flush=True)

    if given.unsafe:
        print("UNSAFE: students' code runs as you, with all your rights",
              file=sys.stderr)
    results = grade.grade(given.hw, given.folder, given.unsafe, show,
                          given.source, given.scheduler)
    folder = given.folder / 'results'
    print(report.table(results))
    report.write_csv(results, folder / f'{given.hw}.csv')
    report.write_html(results, folder / f'{given.hw}.html')
    print(f'\n{folder / given.hw}.csv, {given.hw}.html; feedback for '
          f'students in {given.folder / "feedback"}')
    return any(s['status'] == 'ungraded' for s in results['students'])


def serve(given):
    """Give points to texts, in the browser."""
    points.serve(given.folder.resolve())


def parser():
    """Return the parser of the command line."""
    whole = argparse.ArgumentParser(prog='python -m classroom',
                                    description=__doc__.partition(':')[0])
    commands = whole.add_subparsers(required=True, metavar='COMMAND')

    def command(name, does, *options):
        made = commands.add_parser(name, help=does.__doc__.rstrip('.'),
                                   description=does.__doc__)
        made.set_defaults(does=does, source=assignment.SOURCE)
        if name != 'points':
            made.add_argument('hw', metavar='HW', help='such as hw2')
        for option in options:
            option(made)

    def folder(made):
        made.add_argument('--class', dest='folder', type=Path, default=CLASS,
                          metavar='FOLDER', help="the class's folder")

    def source(made):
        made.add_argument('--source', type=Path, metavar='FOLDER',
                          help='where the assignments are')
        made.add_argument('--language', help="of the assignment's text, such "
                          'as zh; the default is that of what was handed out')

    command('release', release, folder, source)
    command('validate', check, source, lambda made: made.add_argument(
        'file', nargs='?', type=Path, metavar='FILE'))
    command('submissions', submissions, folder, lambda made:
            made.add_argument('archive', metavar='ARCHIVE.zip'))
    command('grade', grade_all, folder, source, lambda made: (
        made.add_argument('--unsafe', action='store_true',
                          help="run students' code without a sandbox"),
        made.add_argument('--scheduler', metavar='ADDRESS',
                          help="a Dask scheduler's")))
    command('points', serve, folder)
    return whole


def handed_out(given):
    """Return the language of what students have, where there is something."""
    if given.does is check:
        given.file = given.file or validate.find(given.hw)
        return assignment.language(given.file, given.source)
    if given.does is grade_all:
        return assignment.language(
            given.folder / 'release' / given.hw / f'{given.hw}.ipynb',
            given.source)
    return None


def main(arguments=None):
    """Run a command; return its exit code."""
    given = parser().parse_args(arguments)
    try:
        if 'language' in given:
            given.source = assignment.in_language(
                given.source, given.language if given.language is not None
                else handed_out(given))
        return int(bool(given.does(given)))
    except (GradeError, IntakeError, SandboxError, SubmissionError,
            OSError) as error:
        print(f'not done: {line(error)}', file=sys.stderr)
        return 2


def speak_utf8():
    """Start again where the locale is none of UTF-8's: files are in UTF-8.

    What the terminal cannot show is spelled out.
    """
    if not sys.flags.utf8_mode and codecs.lookup(
            locale.getpreferredencoding(False)).name != 'utf-8':
        os.environ |= {'PYTHONUTF8': '1', 'PYTHONIOENCODING':
                       f'{sys.stdout.encoding}:backslashreplace'}
        os.execv(sys.executable, [sys.executable, '-m', 'classroom',
                                  *sys.argv[1:]])
    for stream in sys.stdout, sys.stderr:
        stream.reconfigure(errors='backslashreplace')


if __name__ == '__main__':
    speak_utf8()
    sys.exit(main())
