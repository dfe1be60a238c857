"""What the quick runner says of assignments is what nbgrader says, sandboxed.

One mistake for each test, every correct solution written otherwise, the
reference and the empty release; all mistakes with EVERY_MUTANT=1.
"""
import os
import time

import nbformat
import pytest
import quick
from test_grading import grade, hand_in

# nbgrader's own use of its database
pytestmark = pytest.mark.filterwarnings('ignore:::nbgrader')
EVERY = os.environ.get('EVERY_MUTANT')


def chosen(hw):
    """Return the cases: for each test the first mistake that it finds."""
    found, tests = [], set()
    for name, changes, loses in quick.cases(hw):
        if EVERY or not loses or set(loses) - tests:
            found.append((name, changes, loses))
            tests |= set(loses)
    return found


def answered(source, release, changes):
    """Return the release with the answers of a case."""
    notebook = nbformat.from_dict(release)
    whole = {cell.id: cell.source for cell in source.cells}
    for cell in notebook.cells:
        if cell.metadata.get('nbgrader', {}).get('solution'):
            change = changes.get(cell.id, whole[cell.id])
            if not isinstance(change, str):
                change = whole[cell.id].replace(*change)
            cell.source = '\n'.join(
                line for line in change.splitlines()
                if not line.strip().startswith(('### BEGIN', '### END')))
    return notebook


@pytest.fixture(scope='module', params=grade.assignments())
def graded(request, tmp_path_factory):
    """Grade all cases of an assignment; return them with their rows."""
    hw, folder = request.param, tmp_path_factory.mktemp('class')
    cases = chosen(hw)
    source, release = grade.prepare(hw, folder, grade.nbgrader(folder))
    handed_in = {'release': release} | {
        f'case-{i}': answered(source, release, changes)
        for i, (_, changes, _) in enumerate(cases)}
    for student, notebook in handed_in.items():
        hand_in(folder, student, notebook, hw)
    start = time.monotonic()
    results = grade.grade(hw, folder, show=lambda line: None)
    rate = 60 * len(handed_in) / (time.monotonic() - start)
    print(f'{hw}: {len(handed_in)} graded, {rate:.1f} a minute')
    machine = {cell['id']: cell['points'] for cell in results['cells']
               if cell['by'] == 'machine'}
    rows = {row['id']: row for row in results['students']}
    rows['release']['executed'] = (
        folder / 'executed' / 'release' / hw / f'{hw}.ipynb')
    return cases, rows, machine


def test_every_case_gets_the_points_that_it_should(graded):
    cases, rows, machine = graded
    for i, (name, _, loses) in enumerate(cases):
        row = rows[f'case-{i}']
        assert row['status'] == 'graded', (name, row)
        assert row['flags'] == [], (name, row)
        assert row['seconds'] < 60, (name, row)
        assert {cell: row['cells'][cell]['score'] for cell in machine} == {
            cell: 0 if cell in loses else points
            for cell, points in machine.items()}, name


def test_the_empty_release_gets_nothing_for_it_is_not_implemented(graded):
    _, rows, _ = graded
    row = rows['release']
    assert (row['status'], row['score']) == ('graded', 0)
    notebook = nbformat.read(row['executed'], as_version=4)
    names = {o.ename for c in notebook.cells for o in c.get('outputs', ())
             if o.output_type == 'error'}
    assert names == {'NotImplementedError'}
