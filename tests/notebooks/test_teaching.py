"""A lesson asks before it shows, has functions to write, chooses fairly."""
import ast
import re

import nbformat
import pytest

from tests.mutants.run import held_functions
from tools.lessons import NOTEBOOKS, code_of

LESSONS = sorted(NOTEBOOKS.glob('[0-9]*.ipynb'))
AFTER = 'Summary', 'Beside the sources', 'Exercises'


@pytest.fixture(params=LESSONS, ids=lambda p: p.stem[:2])
def path(request):
    return request.param


def sections(path):
    """Return a lesson's sections: title, words, code cells."""
    found = [['', '', []]]
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == 'code':
            found[-1][2].append(cell)
            continue
        before, *more = re.split(r'^## ', cell.source, flags=re.M)
        found[-1][1] += '\n' + before
        for text in more:
            title, _, words = text.partition('\n')
            found.append([title, words, []])
    return found


def reads_test_data(source):
    code = ast.parse(source)
    return any(isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)
               and re.fullmatch('test_(iter|set|images|labels)|[Xy]_test',
                                n.id) for n in ast.walk(code))


def test_a_lesson_asks_twice_before_it_shows(path):
    words = '\n'.join(words for _, words, _ in sections(path))
    assert len(re.findall(r'[Bb]efore you run', words)) >= 2


def test_the_learner_writes_functions_that_a_check_holds(path):
    cells = [c for _, _, cells in sections(path) for c in cells
             if 'practice' in c.metadata.get('tags', ())]
    held = {h.cell for h in held_functions(path.stem) if h.check}
    assert {c.id for c in cells} <= held
    assert 2 <= len(cells) <= 7


def test_the_running_text_names_no_source(path):
    for title, words, cells in sections(path):
        if title != 'Beside the sources':
            text = words + ''.join(c.source for c in cells)
            assert not re.findall(r'\bS[0-4]\b', text), title


def test_the_test_set_is_read_at_the_end_or_the_lesson_says_so(path):
    if path.stem < '04':        # which defines it
        return
    body = [s for s in sections(path) if s[0] not in AFTER]
    sources = code_of(path)
    for title, words, cells in body[:-1]:
        if 'once' not in title and any(
                reads_test_data(sources[c.id]) for c in cells):
            assert re.search('test (set|image|digit|case)', words), title
