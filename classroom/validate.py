"""Run the checks that a student sees, as grading will run them.

    python validate.py hw2 [FILE]
"""
import sys
from pathlib import Path

import execute
import nbformat
import submission
from nbgrader.utils import compute_checksum

ROOT = Path(__file__).resolve().parents[1]
OFF = '.venv', 'classroom', '.ipynb_checkpoints'


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


def validate(path):
    """Run a notebook; return a list of `cell's id, what is wrong or None`.

    Raises:
        submission.SubmissionError: it is no notebook, or cannot be run.
    """
    notebook = submission.read(Path(path))
    result = execute.execute(nbformat.writes(notebook), unsafe=True)
    if result['cause']:
        raise submission.SubmissionError(f'{path}: {result["cause"]}')
    lines = []
    for cell in nbformat.reads(result['notebook'], as_version=4).cells:
        meta = cell.metadata.get('nbgrader', {})
        if meta.get('locked') and compute_checksum(cell) != meta.get(
                'checksum'):
            lines.append((meta['grade_id'], 'the cell was changed: it will '
                          'be put back when you are graded'))
        elif meta.get('grade') and meta.get('solution'):
            empty = 'YOUR ANSWER HERE' in cell.source
            lines.append((meta['grade_id'], 'no answer yet' if empty
                          else None))
        elif meta.get('grade'):
            errors = ['no answer yet' if o.ename == 'NotImplementedError'
                      else f'{o.ename}: {o.evalue}' for o in cell.outputs
                      if o.output_type == 'error']
            lines.append((meta['grade_id'], errors[0] if errors else None))
    if not lines:
        raise submission.SubmissionError(f'{path} has no graded cells: is it '
                                         'an assignment?')
    return lines


def main(arguments):
    if not 1 <= len(arguments) <= 2:
        sys.exit('name an assignment: make validate HW=hw2')
    try:
        path = arguments[1] if len(arguments) > 1 and arguments[1] \
            else find(arguments[0])
        lines = validate(path)
    except (submission.SubmissionError, OSError) as error:
        sys.exit(f'not checked: {error}')
    for name, wrong in lines:
        print(f'{name:24} {wrong or "ok"}')
    failed = sum(bool(wrong) for _, wrong in lines)
    print(f'{len(lines) - failed} of {len(lines)} are well; hidden checks '
          'try more')
    return bool(failed)


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
