"""Every notebook is well formed, in the style, and stored from one run."""
import ast
import re
import sys
from pathlib import Path

import nbformat
import pytest

from conftest import draws, shows

ROOT = Path(__file__).parents[2]
LESSONS = sorted((ROOT / 'notebooks').glob('*.ipynb'))
SOLUTIONS = sorted((ROOT / 'notebooks/solutions').glob('*.ipynb'))
NUMBERS = re.compile(r'^\d\d_[a-z_]+$')


def name(path):
    return str(path.relative_to(ROOT / 'notebooks'))


@pytest.fixture(params=LESSONS + SOLUTIONS, ids=name)
def path(request):
    return request.param


@pytest.fixture
def nb(path):
    return nbformat.read(path, as_version=4)


def code_cells(nb):
    return [c for c in nb.cells if c.cell_type == 'code']


def markdown(nb):
    return [c for c in nb.cells if c.cell_type == 'markdown']


def test_there_are_lessons_each_with_solutions():
    assert len(LESSONS) >= 6
    assert [p.name for p in LESSONS] == [p.name for p in SOLUTIONS]
    assert all(NUMBERS.match(p.stem) for p in LESSONS)


def test_it_is_a_valid_notebook(nb):
    nbformat.validate(nb)
    assert set(nb.metadata) == {'kernelspec', 'language_info'}
    assert nb.metadata.kernelspec.name == 'python3'


def test_it_is_stored_from_one_clean_run(nb):
    counts = [c.execution_count for c in code_cells(nb)]
    assert counts == list(range(1, len(counts) + 1))
    for cell in code_cells(nb):
        for output in cell.outputs:
            assert output.output_type != 'error', cell.id
            assert output.get('name') != 'stderr', cell.id
            assert output.output_type != 'execute_result' or (
                'image/png' not in output.data), cell.id


def test_cell_ids_are_words(nb):
    for cell in nb.cells:
        assert re.fullmatch(r'[a-z0-9]+(-[a-z0-9]+)*', cell.id), cell.id
        assert not re.fullmatch(r'[0-9a-f]{8}', cell.id), cell.id


def test_code_is_in_small_steps(nb):
    for cell in code_cells(nb):
        lines = cell.source.splitlines()
        assert 1 <= len(lines) <= 15, f'{cell.id}: {len(lines)} lines'
        for line in lines:
            assert len(line) <= 78, f'{cell.id}: {line}'


def test_no_code_without_words_before_it(nb):
    for before, cell in zip([None, *nb.cells], nb.cells, strict=False):
        if cell.cell_type == 'code':
            assert before is not None and before.cell_type == 'markdown', (
                f'{cell.id}: say what it does before')


def test_no_output_without_words_after_it(nb):
    for cell, after in zip(nb.cells, [*nb.cells[1:], None], strict=True):
        if cell.cell_type == 'code' and cell.outputs:
            assert after is not None and after.cell_type == 'markdown', (
                f'{cell.id}: say what the output shows')


def test_figures_show_something_and_have_a_text(nb):
    for cell in code_cells(nb):
        mimes = {m for o in cell.outputs for m in o.get('data', {})}
        assert 'image/svg+xml' not in mimes, cell.id
        if draws(cell):
            assert shows(cell.outputs), f'{cell.id}: drew nothing'
            assert len(cell.metadata.mystnb.image.alt) > 20, cell.id
        else:
            assert 'image/png' not in mimes, (
                f'{cell.id}: a figure without an alternative text')


def test_it_imports_no_other_notebook_and_downloads_nothing(nb):
    allowed = {'IPython', 'PIL', 'd2l', 'd2lutils', 'matplotlib', 'mxnet',
               'numpy', 'scipy'}
    for cell in code_cells(nb):
        code = re.sub(r'^%.*$', '', cell.source, flags=re.M)
        for node in ast.walk(ast.parse(code)):
            modules = []
            if isinstance(node, ast.Import):
                modules = [a.name for a in node.names]
            elif isinstance(node, ast.ImportFrom):
                modules = [node.module]
            for module in modules:
                top = module.partition('.')[0]
                assert top in allowed | sys.stdlib_module_names, module
                assert top not in {'urllib', 'http', 'socket'}, module
        assert 'download' not in code, cell.id


def test_headings_skip_no_level(nb):
    levels, fenced = [], False
    for cell in markdown(nb):
        for line in cell.source.splitlines():
            fenced ^= line.startswith('```')
            heading = re.match(r'(#+) ', line)
            if heading and not fenced:
                levels.append(len(heading[1]))
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(b <= a + 1 for a, b in zip(levels, levels[1:],
                                          strict=False)), levels


def test_what_is_stored_names_no_folder_of_a_machine(path):
    text = path.read_text(encoding='utf-8')
    assert not re.findall(
        r'(?<![\w.:/])/(?:home|root|work|Users|srv|opt|mnt)/\S+', text)
    assert f'{ROOT}/' not in text


def test_links_between_notebooks_resolve(nb, path):
    for cell in markdown(nb):
        for target in re.findall(r'\]\(([^)#]+?)(?:#[^)]*)?\)', cell.source):
            if '://' not in target:
                assert (path.parent / target).exists(), target
        assert not re.search(r'\[(here|this|link)\]', cell.source), cell.id


def test_one_clause_a_line(nb):
    for cell in markdown(nb):
        for line in cell.source.splitlines():
            assert len(line) <= 120 or line.startswith(('|', '$$')), (
                f'{cell.id}: {line}')


# Lessons alone -------------------------------------------------------------

@pytest.fixture(params=LESSONS, ids=name)
def lesson(request):
    return nbformat.read(request.param, as_version=4)


def test_a_lesson_opens_with_do_learn_need(lesson):
    first = lesson.cells[0]
    assert first.id == 'title'
    lines = first.source.splitlines()
    assert lines[0].startswith('# ')
    opening = [l for l in lines if re.match(r'\*\*\w+\*\*', l)]
    assert [re.match(r'\*\*(\w+)', l)[1] for l in opening] == [
        'Do', 'Learn', 'Need']
    assert re.search(r'\d+ minutes', first.source)


def exercises(text):
    """Return the text of a lesson's exercises; an appendix may follow."""
    return text.partition('## Exercises')[2].partition('## Appendix')[0]


def test_a_lesson_closes_with_summary_and_exercises(lesson):
    text = '\n'.join(c.source for c in markdown(lesson))
    headings = re.findall(r'^## (.*)$', text, flags=re.M)
    if headings[-1].startswith('Appendix: '):
        headings.pop()
    assert [h for h in headings[-3:] if h != 'Beside the sources'][-2:] == [
        'Summary', 'Exercises']
    numbers = re.findall(r'^(\d+)\. ', exercises(text), flags=re.M)
    assert len(numbers) >= 4
    assert numbers == [str(i + 1) for i in range(len(numbers))]
    assert '(solutions/' in exercises(text)


def test_a_lesson_has_a_figure_and_a_self_check(lesson):
    assert any(draws(c) for c in code_cells(lesson))
    checks = [c for c in code_cells(lesson) if c.id.endswith('-check')]
    assert checks
    for cell in checks:
        asserts = [n for n in ast.walk(ast.parse(cell.source))
                   if isinstance(n, ast.Assert)]
        assert asserts and all(n.msg for n in asserts), (
            f'{cell.id}: assert something, and name the likely mistake')


@pytest.mark.parametrize('pair', zip(LESSONS, SOLUTIONS, strict=False),
                         ids=lambda pair: name(pair[0]))
def test_each_exercise_has_its_solution(pair):
    lesson, solutions = (nbformat.read(p, as_version=4) for p in pair)
    text = '\n'.join(c.source for c in markdown(lesson))
    asked = re.findall(r'^(\d+)\. ', exercises(text), flags=re.M)
    text = '\n'.join(c.source for c in markdown(solutions))
    assert re.findall(r'^## Exercise (\d+)', text, flags=re.M) == asked
    assert f'(../{pair[0].name})' in text
