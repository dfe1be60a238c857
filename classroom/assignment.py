"""An assignment: the teacher's notebook, and the version for students."""
import os
import re
import shutil
import sys
import warnings
from pathlib import Path

import nbformat
from nbgrader import preprocessors as steps
from nbgrader.apps import NbGraderAPI
from traitlets.config import PyFileConfigLoader

from classroom import words
from classroom.match import is_answer, meta

HERE = Path(__file__).resolve().parent
SOURCE = HERE / 'source'
# A task's heading, without the points that may stand behind it
HEADING = re.compile(r'^##+ *(.*?) *(?:[(\uff08][^()]*[)\uff09])? *$', re.M)
# What nbgrader does for a release, its database aside
STEPS = [steps.LockCells, steps.ClearSolutions, steps.ClearOutput,
         steps.ClearHiddenTests, steps.ClearMarkScheme,
         steps.ComputeChecksums]
# nbgrader's own use of its database
warnings.filterwarnings('ignore', module='nbgrader')


class GradeError(RuntimeError):
    """Grading cannot go on."""


def in_language(source, language):
    """Return the folder of the assignments in a language, such as 'zh'.

    Raises:
        GradeError: there are none.
    """
    if language in (None, 'en'):
        return source
    if language not in languages(source):
        raise GradeError(f'no assignments in the language {language!r}; there'
                         f' are some in {", ".join(languages(source))}')
    return source / language


def languages(source):
    """Return the languages that there are assignments in."""
    return ['en', *sorted(p.name for p in source.iterdir() if assignments(p))]


def language(path, source=SOURCE):
    """Return the language of a notebook; None where it names none of ours."""
    try:
        found = words.of(nbformat.read(path, as_version=4))
    except Exception:       # it is read again, and judged, later
        return None
    return found if found in languages(source) else None


def assignments(source=SOURCE):
    """Return the names of the assignments in a folder."""
    return sorted(p.parent.name for p in source.glob('*/*.ipynb'))


def _config():
    return PyFileConfigLoader(str(HERE / 'nbgrader_config.py')).load_config()


def nbgrader(folder):
    """Return nbgrader's API for a class's folder."""
    config = _config()
    # Else nbgrader would run students' code itself, outside of the sandbox
    assert config.CourseDirectory.submitted_directory == 'executed'
    config.CourseDirectory.root = str(folder)
    config.Application.log_level = 'ERROR'
    # It calls alembic by name for a new gradebook
    os.environ['PATH'] = (f'{Path(sys.executable).parent}{os.pathsep}'
                          + os.environ['PATH'])
    return NbGraderAPI(config=config)


def must(result, what):
    """Raise GradeError where nbgrader did not do what it should."""
    if not result['success']:
        log = (result.get('error') or result.get('log') or '').strip()
        raise GradeError(f'{what}: {(log or "failed").splitlines()[-1]}')


def prepare(hw, folder, api, source=SOURCE):
    """Make the students' version; return the source and the release."""
    if hw not in assignments(source):
        raise GradeError(f'{hw!r} is not an assignment; there are '
                         + ', '.join(assignments(source)))
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copytree(source / hw, folder / 'source' / hw, dirs_exist_ok=True)
    must(api.generate_assignment(hw, force=True, create=True),
         f'the release of {hw}')
    return [nbformat.read(folder / part / hw / f'{hw}.ipynb', as_version=4)
            for part in ('source', 'release')]


def released(hw, source=SOURCE):
    """Return the students' version, made without a class or a gradebook."""
    notebook = nbformat.read(source / hw / f'{hw}.ipynb', as_version=4)
    resources = {}
    for step in STEPS:
        notebook, resources = step(config=_config()).preprocess(notebook,
                                                                resources)
    return notebook


def task_names(notebook):
    """Return the heading above each graded cell, by the cell's id."""
    names, heading = {}, ''
    for cell in notebook.cells:
        if cell.cell_type == 'markdown' and not is_answer(cell):
            found = HEADING.findall(cell.source)
            heading = found[-1] if found else heading
        elif meta(cell).get('grade'):
            names[meta(cell)['grade_id']] = heading or meta(cell)['grade_id']
    return names


def graded_cells(release):
    """Return the id, task, points and grader of each graded cell."""
    names = task_names(release)
    return [{'id': c.metadata.nbgrader.grade_id,
             'task': names[c.metadata.nbgrader.grade_id],
             'points': c.metadata.nbgrader.points,
             'by': 'person' if c.metadata.nbgrader.solution else 'machine'}
            for c in release.cells
            if c.metadata.get('nbgrader', {}).get('grade')]
