"""The reports say what the results say: no more, and nothing dangerous."""
import csv
import json
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser

import pytest

from classroom import report
from classroom import results as facts

CELLS = [{'id': 'softmax-test', 'points': 3, 'by': 'machine'},
         {'id': 'loss-test', 'points': 5, 'by': 'machine'},
         {'id': 'why-answer', 'points': 4, 'by': 'person'}]
EVIL = '<script>alert("x")</script>&\'\x1b[2J\u202e'


def student(name, *points, message=None, **changes):
    """Make a graded student from the points of the machine's cells."""
    cells = {cell['id']: {'score': None, 'message': None} for cell in CELLS}
    for cell, score in zip(CELLS, points, strict=False):
        cells[cell['id']] = {'score': score,
                             'message': message if score == 0 else None}
    return {'id': name, 'status': 'graded', 'cause': None,
            'score': float(sum(points)), 'max': 12.0, 'pending': 4.0,
            'cells': cells, 'flags': [],
            'seconds': 6.1} | changes


def ungraded(name, cause='ran longer than 60 s', **changes):
    return student(name, status='ungraded', cause=cause, score=None,
                   pending=None, cells={}, **changes)


def results(*students):
    return {'hw': 'hw2', 'date': '2026-11-21T10:00', 'cells': CELLS,
            'students': list(students)}


CLASS = results(
    student('ada', 3, 5), student('bob', 3, 0, message='axis?'),
    student('cyd', 0, 0, message='NotImplementedError: '), ungraded('dan'),
    student('eve', 3, 5, flags=['the numpy folder was left out']),
    student('fay', status='missing', score=None, pending=None, cells={}))


def rows(found, tmp_path):
    report.write_csv(found, tmp_path / 'hw2.csv')
    with (tmp_path / 'hw2.csv').open(newline='', encoding='utf-8') as f:
        return list(csv.DictReader(f))


def page(found):
    """Return the page as a tree: it is XML as well, entities aside."""
    return ET.fromstring(report.html(found).partition('\n')[2])


def texts(tree):
    return ' '.join(' '.join(tree.itertext()).split())


def section(found, heading):
    for part in page(found).iter('section'):
        if part.find('h2').text == heading:
            return part


# The terminal ---------------------------------------------------------------

def test_the_table_has_a_line_a_student_and_one_of_counts():
    lines = report.table(CLASS).splitlines()
    assert lines == [
        'dan                              ungraded: ran longer than 60 s',
        'ada  8 of 12  4 pending          graded',
        'bob  3 of 12  4 pending          graded',
        'cyd  0 of 12  4 pending          graded',
        'eve  8 of 12  4 pending  1 flag  graded',
        'fay                              missing',
        '6 students: 4 graded, 1 ungraded, 1 missing; of the graded: '
        'mean 4.75, median 5.5 of 12']


def test_the_table_holds_nothing_that_a_terminal_obeys():
    text = report.table(results(ungraded('ada', cause=f'a\n{EVIL}')))
    assert all(line.isprintable() for line in text.splitlines())
    assert len(text.splitlines()) == 2


# No points are not 0 points -------------------------------------------------

@pytest.mark.parametrize('changes', [
    {}, {'score': 0.0, 'pending': 0.0, 'cells': {
        'loss-test': {'score': 0, 'message': None}}}])
def test_an_ungraded_one_is_never_shown_as_0(tmp_path, changes):
    found = results(ungraded('dan') | changes)
    line = report.table(found).splitlines()[0]
    assert ' '.join(line.split()) == 'dan ungraded: ran longer than 60 s'
    assert 'mean' not in report.table(found)
    row, = rows(found, tmp_path)
    assert row['status'] == 'ungraded' and row['cause']
    assert {row[k] for k in ('score', 'pending', 'loss-test')} == {''}
    cells = [c.text for c in section(found, 'All students').iter('td')]
    assert cells[0] == 'ungraded' and set(cells[1:]) == {None}
    assert 'Nobody is graded' in texts(section(
        found, 'Distribution of the points'))
    assert 'ran longer than' in texts(section(found, 'Who needs a look'))
    assert '%' not in texts(section(found, 'Hardest tasks'))


def test_one_whose_points_are_lost_is_ungraded(tmp_path):
    found = results(student('dan', score=None))
    assert 'ungraded' in report.table(found)
    assert rows(found, tmp_path)[0]['status'] == 'ungraded'


def test_an_honest_0_is_a_0(tmp_path):
    row, = rows(results(student('cyd', 0, 0)), tmp_path)
    assert row['score'] == '0.0' and row['loss-test'] == '0'
    assert row['why-answer'] == ''


# The spreadsheet ------------------------------------------------------------

def test_the_csv_has_a_column_a_cell(tmp_path):
    found = {row['id']: row for row in rows(CLASS, tmp_path)}
    assert list(found['ada']) == [
        'id', 'status', 'score', 'max', 'pending', 'flags', 'cause',
        'softmax-test', 'loss-test', 'why-answer']
    assert found['eve']['flags'] == 'the numpy folder was left out'
    assert found['fay']['status'] == 'missing'
    assert found['fay']['score'] == ''
    assert [p.name for p in tmp_path.iterdir()] == ['hw2.csv']


@pytest.mark.parametrize('start', list('=+-@\t\r\n'))
def test_no_cell_is_a_formula(tmp_path, start):
    text = start + 'HYPERLINK("x";"y"),\n1'
    found = results(ungraded(text, cause=text, flags=[text]))
    found['cells'] = [{'id': text, 'points': 1, 'by': 'machine'}]
    row, = rows(found, tmp_path)
    assert row['id'] == row['cause'] == row['flags'] == "'" + text
    assert "'" + text in row
    assert not any((k + ' ').startswith(tuple('=+-@\t\r\n'))
                   for k in [*row, *row.values()] if k)


def test_half_a_surrogate_pair_is_written(tmp_path):
    found = json.loads(json.dumps(results(
        ungraded('dan', cause='\ud800', flags=['\x00']))))
    assert rows(found, tmp_path)[0]['cause'] == r'\ud800'
    report.write_html(found, tmp_path / 'hw2.html')
    assert r'\ud800' in (tmp_path / 'hw2.html').read_text()


# The page -------------------------------------------------------------------

def test_who_needs_a_look_and_why():
    found = {s['id']: reasons for s, reasons in facts.look(CLASS)}
    assert found == {
        'dan': ['could not be graded: ran longer than 60 s'],
        'cyd': ['every graded cell failed'],
        'eve': ['the numpy folder was left out']}
    said = texts(section(CLASS, 'Who needs a look'))
    assert all(reason in said for why in found.values() for reason in why)


def test_flags_that_ask_nothing_of_a_teacher_stand_apart():
    harmless = 'own code was run: one cell'
    found = results(
        student('ada', 3, 5, flags=[harmless]),
        student('bob', 3, 5, flags=[harmless, 'x printed hidden tests']),
        student('cyd', 0, 0, flags=[harmless]), student('dan', 3, 5))
    assert [s['id'] for s, _ in facts.look(found)] == ['bob', 'cyd']
    assert facts.put_right(found) == [(found['students'][0], [harmless])]
    said = texts(section(found, 'Who needs a look'))
    assert 'nothing to do: 1 student ada own code was run' in said


def test_a_task_is_called_by_its_heading():
    found = results(student('ada', 3, 5))
    found['cells'] = [CELLS[0] | {'task': '1. Softmax'}, *CELLS[1:]]
    said = texts(section(found, 'Hardest tasks'))
    assert '1. Softmax softmax-test, 3 points' in said


def test_the_hardest_cell_comes_first_with_what_it_said():
    found = facts.hardest(CLASS)
    assert [cell['id'] for cell, _, _ in found] == [
        'loss-test', 'softmax-test', 'why-answer']
    assert [share for _, share, _ in found] == [0.5, 0.75, None]
    assert found[0][2] == [('axis?', 1), ('NotImplementedError', 1)]
    said = texts(section(CLASS, 'Hardest tasks'))
    assert '50%' in said and 'waits for a person' in said


def test_the_histogram_counts_each_of_the_graded_once():
    width, heights = facts.bins(CLASS)
    assert (width, sum(heights)) == (1, 4)
    assert [heights[i] for i in (0, 3, 8)] == [1, 1, 2]
    said = texts(section(CLASS, 'Distribution of the points'))
    assert '2 students from 8 to under 9' in said
    svg = next(page(CLASS).iter('svg'))
    names = svg.get('aria-labelledby').split()
    assert [e.get('id') for e in svg if e.get('id')] == names
    assert {'students'} <= {t.text for t in svg.iter('text')}


@pytest.mark.parametrize('points', [0, 0.5, 1, 13, 14, 26, 40, 100, 1e6])
def test_full_points_have_a_bar_whatever_they_are(points):
    found = results(student('ada', 0, score=points), student('bob', 0))
    found['cells'] = [{'id': 'a', 'points': points, 'by': 'machine'}]
    width, heights = facts.bins(found)
    assert 1 <= len(heights) <= facts.BARS and sum(heights) == 2
    assert heights[-1] >= 1 or points < 1
    page(found)


def test_nothing_that_a_student_writes_is_markup():
    found = results(
        student(EVIL, 0, 0, message=EVIL, flags=[EVIL]),
        ungraded('dan', cause=EVIL))
    found['hw'] = found['date'] = EVIL
    found['cells'] = [CELLS[0] | {'id': EVIL}, *CELLS]
    found['students'][0]['cells'][EVIL] = {'score': 0, 'message': EVIL}
    text = report.html(found)
    assert '<script' not in text and 'alert(&#34;x&#34;)' in text
    assert '\x1b' not in text and '\u202e' not in text
    assert texts(page(found)).count('<script>') >= 6


class Tags(HTMLParser):
    """Collects what a browser would fetch or run."""
    VOID = {'meta', 'br', 'line', 'rect'}

    def __init__(self):
        super().__init__()
        self.open, self.asked = [], []

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        self.asked += [(tag, k, v) for k, v in attrs
                       if k in ('src', 'href', 'srcset', 'action', 'data')
                       or k.startswith('on')]
        if tag in ('script', 'link', 'iframe', 'object', 'base'):
            self.asked.append((tag,))

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.mark.parametrize('found', [
    CLASS, results(), results(student('ada', 3, 5)), results(ungraded('dan')),
    {'hw': 'hw2', 'cells': [], 'students': []}])
def test_the_page_is_whole_and_asks_for_nothing(found):
    tags = Tags()
    tags.feed(report.html(found))
    assert not tags.open and not tags.asked
    tree = page(found)
    assert tree.get('lang') == 'en'
    ids = [e.get('id') for e in tree.iter() if e.get('id')]
    assert len(ids) == len(set(ids))
    assert not re.search(r'url\(|@import|https?:', report.html(found))
    assert report.table(found).endswith(report.totals(found))


def luminance(colour):
    parts = [int(colour[i:i + 2], 16) / 255 for i in (1, 3, 5)]
    parts = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4
             for p in parts]
    return sum(w * p for w, p in zip((.2126, .7152, .0722), parts,
                                     strict=True))


def contrast(one, two):
    dark, light = sorted(map(luminance, (one, two)))
    return (light + 0.05) / (dark + 0.05)


def test_both_schemes_have_the_contrast_of_aa():
    schemes = [dict(re.findall(r'--(\w+): (#\w{6})', part)) for part in
               report.html(CLASS).partition('@media (prefers')[::2]]
    for colours in schemes:
        for paper in ('paper', 'card'):
            for ink in ('ink', 'quiet', 'alarm', 'bar'):
                assert contrast(colours[ink], colours[paper]) >= 4.5, (
                    ink, paper, colours)
        assert contrast(colours['bar'], colours['rule']) >= 3


def test_both_files_are_written_whole(tmp_path):
    report.write_csv(CLASS, tmp_path / 'hw2.csv')
    report.write_html(CLASS, tmp_path / 'hw2.html')
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        'hw2.csv', 'hw2.html']
    assert (tmp_path / 'hw2.html').read_text() == report.html(CLASS)


def test_a_report_of_500_students_counts_each_once(tmp_path):
    found = results(*(
        student(f's{i:03}', 3 * (i % 2), i % 6, message=f'wrong {i % 9}')
        for i in range(500)))
    assert len(report.table(found).splitlines()) == 501
    assert len(rows(found, tmp_path)) == 500
    assert len(list(section(found, 'All students').iter('tr'))) == 501
