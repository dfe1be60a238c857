"""Each term is bold once, where it is defined, and stands in the glossary."""
import re
from collections import Counter

import nbformat
import pytest

from tools.lessons import NOTEBOOKS

LESSONS = sorted(NOTEBOOKS.glob('[0-9]*.ipynb'))
ROW = re.compile(r'\| (.+?) \| (.+?) \| '
                 r'\[(\d\d)\]\(\.\./notebooks/(.+?)\) \|')
GLOSSARY = NOTEBOOKS.parent / 'docs/glossary.md'
ROWS = ROW.findall(GLOSSARY.read_text(encoding='utf-8'))
MEANT = {(number, term.lower()) for term, _, number, _ in ROWS}


def bold(path):
    """Return a lesson's bold terms: no lead-ins, sources or sentences."""
    found = []
    for cell in nbformat.read(path, as_version=4).cells[1:]:
        text = cell.source if cell.cell_type == 'markdown' else ''
        # The end of a lesson says again what stands above
        if re.match('## (Summary|Exercises|Beside the sources)', text):
            continue
        text = re.sub(r'```.*?```', '', text, flags=re.S)
        for term in re.findall(r'\*\*(.+?)\*\*', text, re.S):
            term = ' '.join(term.split())
            if not re.search(r'[.:?!]$|^S[0-4]$', term):
                found.append(term.lower())
    return found


@pytest.mark.parametrize('path', LESSONS, ids=lambda p: p.stem[:2])
def test_each_bold_term_is_in_the_glossary(path):
    assert [t for t in bold(path) if (path.stem[:2], t) not in MEANT] == []


def test_each_term_is_bold_once_in_the_lesson_that_defines_it():
    defined = Counter((path.stem[:2], term) for path in LESSONS
                      for term in bold(path))
    assert {key: n for key, n in defined.items() if n > 1} == {}
    assert MEANT - set(defined) == set()
    terms = Counter(term for _, term in MEANT)
    assert {term: n for term, n in terms.items() if n > 1} == {}


def test_the_glossary_is_in_order_and_a_sentence_a_term():
    table = [line for line in GLOSSARY.read_text(encoding='utf-8')
             .splitlines() if line.startswith('| ')][2:]
    assert len(table) == len(ROWS)
    names = [term.lower() for term, *_ in ROWS]
    assert names == sorted(names)
    for term, meaning, number, name in ROWS:
        assert name.startswith(number) and (NOTEBOOKS / name).exists(), term
        assert '. ' not in meaning and not meaning.endswith('.'), term
