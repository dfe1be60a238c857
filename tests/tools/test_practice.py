"""The practice edition leaves functions open, and never a learner's work."""
import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from tests.mutants.run import LESSONS, held_functions, passes
from tools import practice
from tools.chinese import segments
from tools.lessons import Lesson

OPEN = [(name, cell) for name in LESSONS
        for cell, tags in Lesson(name).tags.items() if 'practice' in tags]
EDITIONS, CHINESE = ({name: nbformat.reads(text, as_version=4)
                      for name, text in practice.editions(language=language)}
                     for language in ('en', 'zh'))


def test_a_body_goes_and_name_and_docstring_stay():
    assert practice.blank(
        'import math\n\n\ndef half(x,\n         y=2):\n'
        '    """Half of x."""\n    # as we know\n    z = x / y\n'
        '    return z\n\n\nhalf(3)') == (
        'import math\n\n\ndef half(x,\n         y=2):\n'
        '    """Half of x."""\n    # Your code here\n'
        '    raise NotImplementedError\n\n\nhalf(3)')


def test_each_method_of_a_class_is_left_open():
    assert practice.blank(
        'class A:\n    n = 1\n\n    def f(self):\n        def g():\n'
        '            return 1\n        return g\n\n    def h(self):\n'
        '        # yes\n        return 2') == (
        'class A:\n    n = 1\n\n    def f(self):\n'
        '        # Your code here\n        raise NotImplementedError\n\n'
        '    def h(self):\n'
        '        # Your code here\n        raise NotImplementedError')


def test_the_same_functions_are_left_open_in_chinese():
    assert CHINESE.keys() == EDITIONS.keys()
    for name, notebook in CHINESE.items():
        assert '在这里写你的代码' in notebook.cells[1].source
        for ours, theirs in zip(EDITIONS[name].cells, notebook.cells,
                                strict=True):
            if 'practice' in ours.metadata.get('tags', ()):
                assert segments.skeleton(ours.source) == segments.skeleton(
                    theirs.source)
                assert '# 在这里写你的代码\n' in theirs.source


@pytest.mark.parametrize('source, said', [
    ('x = 1', "no function to blank in 'x = 1'"),
    ('def f(x): return x', 'f: give its body lines of its own')])
def test_what_cannot_be_blanked_is_said(source, said):
    with pytest.raises(ValueError, match=said):
        practice.blank(source)


@pytest.mark.parametrize('editions', [EDITIONS, CHINESE])
def test_nothing_is_shown_before_it_is_run(editions):
    for name, notebook in editions.items():
        for cell in notebook.cells:
            assert not cell.get('outputs') and not cell.get(
                'execution_count'), f'{name}: {cell.id}'
        assert notebook.cells[1].id == 'practice-edition'
        nbformat.validate(notebook)


@pytest.mark.parametrize('language, editions', [
    ('en', EDITIONS), ('zh', CHINESE)])
def test_links_lead_to_the_same_files_as_the_lessons(language, editions):
    folder = practice.home(language) / 'practice'
    for name, notebook in editions.items():
        for cell in notebook.cells:
            if cell.cell_type != 'markdown':
                continue
            for target in re.findall(r'\]\(([^)#\s]+)', cell.source):
                if '://' not in target:
                    assert (folder / target).resolve().exists(), (
                        f'{name}: {cell.id}: {target}')


@pytest.mark.parametrize('name, cell', OPEN)
def test_a_blank_fails_its_check_and_the_lessons_own_body_passes(name, cell):
    source = Lesson(name).sources[cell]
    names = practice.functions(source)
    held = [h for h in held_functions(name) if h.cell == cell]
    assert held and all(h.check for h in held), f'{cell}: no check names it'
    assert {h.function.partition('.')[0] for h in held} == set(names)
    blank = practice.blank(source)
    ast.parse(blank)
    assert passes(name, {cell: source}) == ''
    assert 'NotImplementedError' in passes(name, {cell: blank})


def test_the_chinese_edition_leaves_the_same_functions_open():
    assert CHINESE.keys() == EDITIONS.keys()
    for name, notebook in CHINESE.items():
        english = {cell.id: cell for cell in EDITIONS[name].cells}
        said = notebook.cells[1].source
        assert said.startswith('**练习版**') and '{' not in said
        for cell in notebook.cells:
            if 'practice' in cell.metadata.get('tags', ()):
                blanks = english[cell.id].source.count('# Your code here')
                assert cell.source.count('# 在这里写你的代码') == blanks
                assert practice.functions(cell.source) == (
                    practice.functions(english[cell.id].source))
                for function in practice.functions(cell.source):
                    assert f'`{function}`' in said


def test_a_learners_work_is_not_touched(tmp_path):
    made = practice.make(tmp_path)
    assert made == sorted(EDITIONS)
    mine = tmp_path / made[0]
    mine.write_text('my answers')
    (tmp_path / made[1]).unlink()
    assert practice.make(tmp_path) == [made[1]]
    assert mine.read_text() == 'my answers'
    assert sorted(p.name for p in tmp_path.iterdir()) == made


def test_where_nothing_can_be_written_the_lessons_open_all_the_same(
        monkeypatch, capsys):
    monkeypatch.setattr(practice, 'make', lambda *_: Path(
        '/proc/1/practice').mkdir())
    practice.main()
    assert 'no practice edition, as /proc/1/practice cannot be' in (
        capsys.readouterr().err)


def test_the_checks_leave_a_learners_work_alone(tmp_path):
    root = practice.NOTEBOOKS.parent
    for name in 'pyproject.toml', 'conftest.py', 'tests/sanitize.cfg':
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(root / name, tmp_path / name)
    cell = nbformat.v4.new_code_cell('1', id='one')
    for name in ('a.ipynb', 'practice/a.ipynb', 'zh/b.ipynb',
                 'zh/practice/b.ipynb'):
        path = tmp_path / 'notebooks' / name
        path.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(nbformat.v4.new_notebook(cells=[cell]), path)
    listed = subprocess.run(
        [sys.executable, '-m', 'pytest', '--collect-only', '-q', '--nbval',
         'notebooks'], cwd=tmp_path, capture_output=True, text=True,
        timeout=100, env=os.environ | {'PYTHONPATH': str(root)}).stdout
    assert 'notebooks/a.ipynb::' in listed and 'practice' not in listed
    assert 'notebooks/zh/b.ipynb::' in listed
