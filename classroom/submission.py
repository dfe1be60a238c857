"""From what a student handed in to the notebook that is graded.

Only the student's answers reach that notebook: everything else, and the tests
above all, is the teacher's own.
"""
import ast
import json
import stat
from pathlib import Path
from typing import NamedTuple

import nbformat

LARGEST = 100_000_000     # bytes of a notebook: its outputs are dropped
ANSWER = 200_000          # characters of one answer


class SubmissionError(ValueError):
    """What was handed in cannot be graded."""


class Submission(NamedTuple):
    """A notebook to run, and what a person should know of it."""

    notebook: nbformat.NotebookNode
    flags: list


def _meta(cell):
    meta = cell.get('metadata', {}).get('nbgrader', {})
    return meta if isinstance(meta, dict) else {}


def is_answer(cell):
    return bool(_meta(cell).get('solution'))


def find(folder, hw, graded_ids):
    """Find the notebook of an assignment among the files handed in.

    Args:
        folder: what one student handed in for it.
        hw: the assignment's name.
        graded_ids: the ids of its cells, by which it is known.

    Returns:
        `notebook, flags`.

    Raises:
        SubmissionError: there is none, it cannot be read, or it is another
            assignment's.
    """
    flags, found, faults = [], [], []
    for path in sorted(Path(folder).rglob('*')):
        name = path.relative_to(folder)
        if '.ipynb_checkpoints' in name.parts:
            continue
        if path.is_symlink():
            flags.append(f'{name} is a symbolic link: not followed')
        elif path.suffix == '.ipynb' and stat.S_ISREG(path.stat().st_mode):
            try:
                notebook = read(path)
            except SubmissionError as error:
                faults.append(str(error))
                continue
            ids = {_meta(c).get('grade_id') for c in notebook.cells}
            ids |= {c.get('id') for c in notebook.cells}
            found.append((len(ids & graded_ids), path.stem == hw, path,
                          notebook))
        elif path.is_file() and path.name != 'timestamp.txt':
            flags.append(f'{name} was left out: only the notebook is graded')
    found = [f for f in found if f[0]] or [f for f in found if f[1]]
    if not found:
        linked = [f for f in flags if 'symbolic link' in f]
        raise SubmissionError('; '.join(linked + faults)
                              or f'no notebook of {hw} is there')
    number, named, path, notebook = max(found, key=lambda f: f[:2])
    if number == 0:
        raise SubmissionError(f'{path.name} has no cell of {hw}: is it '
                              'another assignment?')
    if len(found) > 1:
        flags.append(f'of {len(found)} notebooks, {path.name} was taken')
    elif not named:
        flags.append(f'the notebook is called {path.name}')
    return notebook, flags


def read(path):
    """Read a notebook as the newest format, without its outputs.

    Raises:
        SubmissionError: it is too large, no JSON, or no notebook.
    """
    if path.stat().st_size > LARGEST:
        raise SubmissionError(f'{path.name} has more than '
                              f'{LARGEST // 1_000_000} MB')
    try:
        content = json.loads(path.read_bytes().decode('utf-8-sig'))
        for cell in content.get('cells', ()):
            if cell.get('cell_type') == 'code':
                cell['outputs'] = []
            else:
                cell.pop('outputs', None)
        notebook = nbformat.reads(json.dumps(content), as_version=4)
        for cell in notebook.cells:
            cell.source = str(cell.source)
            cell.cell_type, cell.metadata  # noqa: B018 -- must be there
    except (ValueError, RecursionError, AttributeError, KeyError,
            TypeError, nbformat.reader.NotJSONError,
            nbformat.ValidationError) as error:
        reason = str(error).splitlines() or [type(error).__name__]
        raise SubmissionError(
            f'{path.name} is no notebook: {reason[0][:200]}') from error
    return notebook


def _defined(source):
    """Return the names that a cell's code defines at its top level."""
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()
    names = {n.name for n in body
             if isinstance(n, ast.FunctionDef | ast.ClassDef)}
    for node in body:
        for target in getattr(node, 'targets', ()):
            names |= {n.id for n in ast.walk(target)
                      if isinstance(n, ast.Name)}
    return names


def splice(source, release, submitted):
    """Put a student's answers into the teacher's notebook.

    An answer is known by its nbgrader id; else by its cell's id; else by the
    names that it defines.

    Args:
        source: the teacher's notebook, tests and all.
        release: what the student was given.
        submitted: what came back.

    Returns:
        A `Submission`.
    """
    notebook, flags, taken = nbformat.from_dict(source), [], set()
    given = {_meta(c)['grade_id']: c for c in release.cells if _meta(c)}
    for cell in notebook.cells:
        if cell.cell_type == 'code':
            cell.outputs, cell.execution_count = [], None
        if not is_answer(cell):
            continue
        name = _meta(cell)['grade_id']
        stub = given[name].source
        indexes = _matches(submitted.cells, name, cell, stub)
        taken |= set(indexes)
        answers = [submitted.cells[i].source for i in indexes]
        changed = [a for a in answers if a.strip() != stub.strip()]
        cell.source = (changed or answers or [stub])[-1]
        if not answers:
            flags.append(f'{name}: the answer was not found')
        if len(set(changed)) > 1:
            flags.append(f'{name} is there {len(changed)} times: '
                         'the last one was taken')
        if len(cell.source) > ANSWER:
            cell.source = stub
            flags.append(f'{name} has more than {ANSWER:,} characters: '
                         'left out')
    return Submission(notebook, flags + _other_changes(
        release, submitted, taken))


def _matches(cells, name, cell, stub):
    """Return the indexes of the cells that answer a question."""
    def where(test):
        return [i for i, c in enumerate(cells)
                if c.cell_type == cell.cell_type and test(c)]

    return (where(lambda c: _meta(c).get('grade_id') == name)
            or where(lambda c: c.get('id') == cell.get('id'))
            or (cell.cell_type == 'code' and where(
                lambda c: _defined(c.source) & _defined(stub)))
            or [])


def _other_changes(release, submitted, taken):
    flags = []
    known = {c.get('id') for c in release.cells}
    given = {c.source.strip() for c in release.cells}
    own = [c for i, c in enumerate(submitted.cells)
           if i not in taken and c.cell_type == 'code' and c.source.strip()
           and c.source.strip() not in given]
    names = sorted(set().union(*[_defined(c.source) for c in own
                                 if c.get('id') not in known]))
    if names:
        flags.append('own cells were left out; they define '
                     + ', '.join(names[:8]))
    locked = {_meta(c)['grade_id']: c.source.strip() for c in release.cells
              if _meta(c).get('locked')}
    there = {_meta(c).get('grade_id'): c.source.strip()
             for c in submitted.cells}
    changed = [n for n, text in locked.items() if n in there
               and there[n] != text]
    missing = [n for n in locked if n not in there]
    if changed:
        flags.append('changed, and put back: ' + ', '.join(changed[:8]))
    if missing and len(missing) < len(locked):
        flags.append('deleted, and put back: ' + ', '.join(missing[:8]))
    return flags
