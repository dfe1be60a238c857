"""The fast runner of mutants agrees with nbgrader in the sandbox.

One mistake for each test, one other way of writing each answer, the
reference, the empty release and one odd form of notebook, another for each
assignment; all mistakes, ways and forms with EVERY=1, weekly.
A notebook carries several mistakes or ways, each in another answer.
"""
import os
import time

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_raw_cell

from classroom import grade
from tests.classroom import mutants
from tests.classroom.support import hand_in, need_sandbox
from tools.lessons import code_of

need_sandbox()
EVERY = os.environ.get('EVERY')


def bundled(sources, cases):
    """Put cases together in one notebook where none reaches another."""
    def apart(one, other):
        return not (mutants.using(sources | other, one) & other.keys()
                    or mutants.using(sources | one, other) & one.keys())

    bundles = []
    for name, changes, fails in cases:
        for bundle in bundles:
            if apart(bundle[1], changes):
                break
        else:
            bundles.append(bundle := ([], {}, set()))
        bundle[0].append(name)
        bundle[1].update(changes)
        bundle[2].update(fails)
    return [('; '.join(names), changes, sorted(fails))
            for names, changes, fails in bundles]


def chosen(hw):
    """Return the cases: the first mistake of each test, the first other way
    of each answer.
    """
    reference, namesake, *others = mutants.cases(hw)
    found, right, seen = [], [], set()
    for case in others:
        _, changes, fails = case
        if EVERY or set(fails or changes) - seen:
            (found if fails else right).append(case)
            seen |= set(fails or changes)
    sources = code_of(mutants.path_of(hw))
    return [reference, namesake, *bundled(sources, right),
            *bundled(sources, found)]


def is_answer(cell):
    return cell.metadata.get('nbgrader', {}).get('solution')


def answered(source, release, changes):
    """Return the release with the answers of a case."""
    notebook = nbformat.from_dict(release)
    whole = {cell.id: cell.source for cell in source.cells} | changes
    for cell in filter(is_answer, notebook.cells):
        cell.source = '\n'.join(
            line for line in whole[cell.id].splitlines()
            if not line.strip().startswith(('### BEGIN', '### END')))
    return notebook


def with_own_cells(notebook):
    """Move each answer to a cell of its own, and let it need another."""
    cells = []
    for cell in notebook.cells:
        if is_answer(cell) and cell.cell_type == 'code':
            name = f'helper_of_{len(cells)}'
            cells.append(new_code_cell(f'def {name}():\n    return 1'))
            cells.append(new_code_cell(f'{name}()\n{cell.source}'))
            cell.source = 'raise NotImplementedError()'
        cells.append(cell)
    notebook.cells = cells


def with_split_cells(notebook):
    """Split each answer in the middle, as JupyterLab does."""
    cells = []
    for cell in notebook.cells:
        cells.append(cell)
        lines = cell.source.splitlines()
        if is_answer(cell) and len(lines) > 1:
            rest = nbformat.from_dict(cell)
            middle, rest.id = len(lines) // 2, f'{cell.id}-rest'
            cell.source = '\n'.join(lines[:middle]).strip('\n')
            rest.source = '\n'.join(lines[middle:]).strip('\n')
            cells.append(rest)
    notebook.cells = cells


def with_other_types(notebook):
    """Make code of each text answer, and text of each other one."""
    for i, cell in enumerate(notebook.cells):
        if is_answer(cell):
            make = (new_raw_cell if i % 2 else new_markdown_cell
                    ) if cell.cell_type == 'code' else new_code_cell
            notebook.cells[i] = make(cell.source, id=cell.id,
                                     metadata=cell.metadata)


def without_metadata(notebook):
    """Strip what nbgrader knows cells by, and their ids."""
    notebook.nbformat_minor = 4
    for cell in notebook.cells:
        cell.metadata = {}
        cell.pop('id')


FORMS = [with_own_cells, with_split_cells, with_other_types,
         without_metadata]


def forms_of(hw):
    """Return the forms that an assignment is tried in."""
    number = grade.assignments().index(hw)
    return FORMS if EVERY else [FORMS[number % len(FORMS)]]


def without_figures(hw, folder):
    """Write an assignment without the code that is not graded."""
    notebook = nbformat.read(mutants.path_of(hw), as_version=4)
    for cell in filter(mutants.is_shown, notebook.cells):
        cell.source = ''
    (folder / hw).mkdir()
    nbformat.write(notebook, folder / hw / f'{hw}.ipynb')
    return folder


def grade_all(hw, folder, handed_in, source=grade.SOURCE):
    """Grade what a function of source and release makes for each student."""
    notebooks = handed_in(*grade.prepare(hw, folder, grade.nbgrader(folder),
                                         source))
    for student, notebook in notebooks.items():
        hand_in(folder, student, notebook, hw)
    start = time.monotonic()
    results = grade.grade(hw, folder, show=lambda line: None, source=source)
    rate = 60 * len(notebooks) / (time.monotonic() - start)
    print(f'{hw}: {len(notebooks)} graded, {rate:.1f} a minute')
    return results


@pytest.fixture(scope='module', params=grade.assignments())
def graded(request, tmp_path_factory):
    """Grade all cases of an assignment; return them with their rows.

    As in the fast runner, only the reference draws figures and the like.
    """
    hw, cases = request.param, chosen(request.param)

    def whole(source, release):
        return {'release': release, 'case-0': answered(source, release, {})}

    def changed(source, release):
        made = {f'case-{i}': answered(source, release, changes)
                for i, (_, changes, _) in enumerate(cases) if changes}
        for change in forms_of(hw):
            made[change.__name__] = answered(source, release, {})
            change(made[change.__name__])
        return made

    folder = tmp_path_factory.mktemp('class')
    results = grade_all(hw, folder, whole)
    rest = grade_all(hw, tmp_path_factory.mktemp('class'), changed,
                     without_figures(hw, tmp_path_factory.mktemp('source')))
    machine = {cell['id']: cell['points'] for cell in results['cells']
               if cell['by'] == 'machine'}
    rows = {row['id']: row for row in results['students'] + rest['students']}
    rows['release']['executed'] = (
        folder / 'executed' / 'release' / hw / f'{hw}.ipynb')
    return hw, cases, rows, machine


def test_every_case_gets_the_points_that_it_should(graded):
    _, cases, rows, machine = graded
    for i, (name, _, loses) in enumerate(cases):
        row = rows[f'case-{i}']
        assert row['status'] == 'graded', (name, row)
        assert row['flags'] == [], (name, row)
        assert {cell: row['cells'][cell]['score'] for cell in machine} == {
            cell: 0 if cell in loses else points
            for cell, points in machine.items()}, name


def test_each_form_is_tried():
    tried = {form for hw in grade.assignments() for form in forms_of(hw)}
    assert tried == set(FORMS)


def test_right_answers_count_in_any_form_of_notebook(graded):
    hw, _, rows, machine = graded
    for form in forms_of(hw):
        row = rows[form.__name__]
        assert row['status'] == 'graded' and row['pending'] > 0, row
        assert {cell: row['cells'][cell]['score']
                for cell in machine} == machine, form
        assert row['flags'], row


def test_the_empty_release_gets_nothing_for_it_is_not_implemented(graded):
    _, _, rows, _ = graded
    row = rows['release']
    assert (row['status'], row['score']) == ('graded', 0)
    notebook = nbformat.read(row['executed'], as_version=4)
    names = {o.ename for c in notebook.cells for o in c.get('outputs', ())
             if o.output_type == 'error'}
    assert names == {'NotImplementedError'}
