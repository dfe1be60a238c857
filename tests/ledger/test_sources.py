"""sources.toml has every figure that a source prints, once."""
from collections import Counter

import pytest

from ledger import sources
from ledger.sources import OURS, ROWS
from tools.lessons import NOTEBOOKS

PRINTED = sources.printed()


@pytest.mark.parametrize('source', PRINTED)
def test_every_figure_printed_in_a_text_has_a_row(source):
    held = Counter(line for row in ROWS
                   if row.source == source and row.figures
                   for line in row.lines)
    assert held == PRINTED[source]


def test_the_texts_print_148_figures():
    assert {source: sum(lines.values()) for source, lines in PRINTED.items()
            } == {'S0': 79, 'S1': 1, 'S2': 68, 'S3': 0, 'S4': 0}


@pytest.mark.parametrize('row', ROWS, ids=lambda row: row.name)
def test_a_row_says_where_it_comes_from(row):
    assert (NOTEBOOKS / f'{row.lesson}.ipynb').exists()
    if row.source == OURS:
        assert not row.lines and not row.figures and row.ours
    else:
        assert row.source in PRINTED and row.lines and row.section
    assert row.figures or row.ours, 'a row of neither theirs nor ours'


def test_no_row_stands_twice():
    names = Counter(row.name for row in ROWS)
    assert [name for name, number in names.items() if number > 1] == []


def entry(**changes):
    return {'lesson': '04_softmax_scratch', 'source': 'S0', 'lines': 1,
            'section': 'a section', 'setting': 'a setting', 'what': 'loss',
            'at': 'epochs', 'figures': '1 2 3 4 5'} | changes


@pytest.mark.parametrize(('lines', 'expected'), [
    (7, [7] * 5), ('3-7', [3, 4, 5, 6, 7]), ([1, 1, 2, 2, 2],) * 2])
def test_lines_of_figures(lines, expected):
    assert sources._row(entry(lines=lines)).lines == expected


@pytest.mark.parametrize(('changes', 'message'), [
    ({'figures': '1 2'}, '2 figures, 2 lines and 5 places, expected one'),
    ({'lines': '3-6'}, '5 figures, 4 lines and 5 places'),
    ({'scale': 'square'}, "scale is 'square', expected one of plain, log")])
def test_a_wrong_row_is_named(changes, message):
    with pytest.raises(ValueError, match='^04 S0: a setting, loss: '
                       + message):
        sources._row(entry(**changes))
