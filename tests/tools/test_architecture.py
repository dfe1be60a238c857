"""The tree is the architecture: packages, one import rule, small files."""
import ast
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINES, FUNCTION, TOTAL = 350, 60, 10600
PACKAGES = {'benchmarks', 'classroom', 'd2lutils', 'docs', 'ledger', 'tests',
            'tools'}
# What each package may import of this repository, besides itself
ALLOWED = {'d2lutils': set(), 'tools': {'d2lutils'},
           'classroom': {'d2lutils', 'tools'},
           'ledger': {'d2lutils', 'tools'},
           'benchmarks': {'d2lutils', 'tools'},
           'docs': {'d2lutils', 'tools', 'ledger'}}


def tracked(*patterns):
    """Return the files of the repository, as git or the disk has them."""
    found = subprocess.run(['git', 'ls-files', *patterns], cwd=ROOT,
                           capture_output=True, text=True).stdout.split('\n')
    return [ROOT / name for name in found if name and (ROOT / name).exists()]


PYTHON = tracked('*.py')
pytestmark = pytest.mark.skipif(not PYTHON, reason='not a git clone')


def name(path):
    return path.relative_to(ROOT).as_posix()


def modules(tree):
    """Yield the modules that a file imports, dotted."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module


@pytest.mark.parametrize('path', PYTHON, ids=name)
def test_a_file_and_its_functions_are_short(path):
    text = path.read_text()
    assert len(text.splitlines()) <= LINES
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno - node.lineno < FUNCTION, node.name


@pytest.mark.parametrize('path', PYTHON, ids=name)
def test_imports_point_one_way(path):
    package = name(path).partition('/')[0]
    for module in modules(ast.parse(path.read_text())):
        top = module.partition('.')[0]
        if top in PACKAGES and package in ALLOWED:
            assert top in ALLOWED[package] | {package}, module


def test_nothing_touches_the_path_of_modules():
    words = 'sys' + '.path'
    assert not [name(p) for p in tracked('*.py', '*.ipynb')
                if words in p.read_text()]


def test_no_two_modules_share_a_name_and_none_shadows_pythons_own():
    found = Counter(p.stem for p in PYTHON if 'tests' not in p.parts
                    and p.stem not in ('__init__', '__main__'))
    assert not [stem for stem, n in found.items() if n > 1]
    folders = {p.parts[len(ROOT.parts)] for p in PYTHON
               if p.parent != ROOT}
    assert folders == PACKAGES
    assert not (folders | set(found)) & sys.stdlib_module_names


def test_python_outside_tests_stays_small():
    lines = {name(p): len(p.read_text().splitlines()) for p in PYTHON
             if 'tests' not in p.parts}
    assert sum(lines.values()) <= TOTAL, lines


def test_a_lesson_imports_no_more_than_a_learner_has():
    for path in tracked('notebooks/*.ipynb'):
        for cell in json.loads(path.read_text())['cells']:
            source = ''.join(cell['source'])
            if cell['cell_type'] == 'code' and '%' not in source:
                tops = {m.partition('.')[0]
                        for m in modules(ast.parse(source))}
                assert not tops & (PACKAGES - {'d2lutils'}), path
