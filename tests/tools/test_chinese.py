"""The Chinese edition: the same course, whole, and never behind unseen."""
import json
import os

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tools.chinese import __main__ as chinese
from tools.chinese import documents, segments
from tools.chinese.punctuation import punctuate, widen
from tools.chinese.tokens import difference, translated

FILES = documents.originals()
NOTEBOOKS = [path for path in FILES if path.suffix == '.ipynb']


def name(path):
    return path.relative_to(documents.ROOT).as_posix()


def cells(path):
    return {cell.id: cell for cell in documents.notebook(path).cells}


# CONTRIBUTING says when this is set
@pytest.mark.skipif(os.environ.get('CHINESE_MAY_LAG', '') != '',
                    reason='the Chinese edition may lag behind')
@pytest.mark.parametrize('path', FILES, ids=name)
def test_everything_is_translated_and_nothing_is_stale(path):
    assert documents.chinese(path).exists(), 'run make zh'
    _, wrong = chinese.plan(path)
    assert wrong == []


@pytest.mark.parametrize('path', FILES, ids=name)
def test_numbers_code_formulas_links_and_punctuation_are_right(path):
    english = documents.read(path)
    for part, units in documents.read(documents.chinese(path)).items():
        for ours, theirs in zip(english[part], units, strict=True):
            if ours.digest != theirs.digest:        # it says so itself
                continue
            text = (documents.localise(ours.text, path)
                    if ours.kind in chinese.PROSE else ours.text)
            assert difference(text, theirs.text, ours.kind) == '', ours.place
            assert translated(text, theirs.text), ours.place
            assert punctuate(theirs.text, theirs.kind) == theirs.text


@pytest.mark.parametrize('path', NOTEBOOKS, ids=name)
def test_code_outputs_and_tags_are_the_english_ones(path):
    ours, theirs = cells(path), cells(documents.chinese(path))
    assert list(ours) == list(theirs)
    for cell_id, cell in ours.items():
        other = theirs[cell_id]
        assert cell.cell_type == other.cell_type
        assert cell.get('outputs') == other.get('outputs'), cell_id
        assert cell.metadata.get('tags') == other.metadata.get('tags')
        if cell.cell_type == 'code':
            assert segments.skeleton(cell.source) == segments.skeleton(
                other.source)


@pytest.fixture
def small(tmp_path, monkeypatch):
    """A course of one lesson, its notebook's path, and what it says."""
    monkeypatch.setattr(documents, 'ROOT', tmp_path)
    monkeypatch.setattr(documents, 'PAGES', ('docs/start.md',))
    (tmp_path / 'docs').mkdir()
    (tmp_path / 'docs/start.md').write_text('# Start here\n\nTwo words.\n')
    path = tmp_path / 'notebooks/01_line.ipynb'
    path.parent.mkdir()
    write(path, [
        new_markdown_cell('# Fit a line\n\nSee [start](../docs/start.md), '
                          'and $x^2$ of 70,000.', id='title'),
        new_code_cell('def f(x):\n    """Double a number."""\n'
                      '    # one step\n    # to the right\n'
                      '    return 2 * x    # (n, 3)\n\n'
                      "assert f(1) == 2, \\\n    f'wrong for {f(1)}'",
                      id='f', outputs=[])])
    return path


def write(path, made):
    path.write_text(nbformat.writes(new_notebook(cells=made)))


def translate(path, tmp_path):
    """Translate all of the small course."""
    listed = ''.join(chinese.todo(path))
    for english, ours in (
            ('# Fit a line', '# 拟合一条直线'), ('See [start]', '参见[入门]'),
            (', and', '、'), (' of 70,000', ' 与 70,000'),
            ('Double a number.', '把一个数加倍。'),
            ('# one step\n# to the right', '# 向右一步'),
            ("f'wrong for {f(1)}'", "(f'{f(1)} '\n '不对')")):
        assert english in listed
        listed = listed.replace(english, ours)
    return chinese.put(listed)


def test_a_translation_keeps_the_code_and_follows_links(small, tmp_path):
    assert translate(small, tmp_path) == []
    assert chinese.carry(small) == []
    made = cells(documents.chinese(small))
    assert '](../../docs/zh/start.md)' in made['title'].source
    assert made['f'].source == (
        'def f(x):\n    """把一个数加倍。"""\n    # 向右一步\n'
        '    return 2 * x    # (n, 3)\n\n'
        "assert f(1) == 2, \\\n    (f'{f(1)} '\n     '不对')")


def test_the_link_to_the_other_language_leads_back(small, tmp_path,
                                                   monkeypatch):
    monkeypatch.setattr(documents, 'PAGES', ('README.md',))
    page = tmp_path / 'README.md'
    assert documents.localise('[中文](README.zh.md)', page) == (
        '[中文](README.md)')


def test_what_changes_in_english_is_carried_over_or_named(small, tmp_path):
    translate(small, tmp_path)
    title, f = nbformat.read(small, 4).cells
    f.source = f.source.replace('2 * x', 'x + x').replace(
        '# one step', '# one small step')
    write(small, [title, new_markdown_cell('A new cell.', id='new'), f])
    assert chinese.carry(small) == [('new/0', 'untranslated'),
                                    ('f/1', 'stale')]
    made = cells(documents.chinese(small))
    assert 'return x + x' in made['f'].source
    assert '把一个数加倍' in made['f'].source
    assert '向右一步' in made['f'].source
    assert chinese.carry(small)[1] == ('f/1', 'stale')      # until it is put


@pytest.mark.parametrize(('ours', 'said'), [
    ('# 拟合\n\n参见[入门](../docs/start.md)、$x^2$。', "number '70,000'"),
    ('# 拟合\n\n参见[入门](../docs/start.md)、70,000。', "formula 'x^2'"),
    ('# 拟合\n\n参见入门、$x^2$ 与 70,000。', "link '../docs/start.md'"),
    ('# Fit a line\n\nSee [start](../docs/start.md), and $x^2$ of 70,000.',
     'still in English')])
def test_a_translation_that_loses_something_is_refused(small, ours, said):
    complaint, = chinese.put(f'=== notebooks/01_line.ipynb\n=== title/0\n'
                             f'{ours}\n')
    assert '01_line.ipynb title/0' in complaint and said in complaint
    assert chinese.carry(small)[0] == ('title/0', 'untranslated')


def test_a_cell_that_is_new_in_english_can_be_put(small, tmp_path):
    translate(small, tmp_path)
    write(small, [*nbformat.read(small, 4).cells,
                  new_markdown_cell('Made later.', id='later')])
    assert chinese.put('=== notebooks/01_line.ipynb\n'
                       '=== later/0\n后来写的。\n') == []
    assert cells(documents.chinese(small))['later'].source == '后来写的。'


def test_a_translation_that_breaks_its_cell_leaves_the_file_alone(
        small, tmp_path):
    translate(small, tmp_path)
    before = documents.chinese(small).read_bytes()
    complaint, = chinese.put('=== notebooks/01_line.ipynb\n'
                             '=== f/1\n# noqa 不是注释\n')
    assert 'cell f has' in complaint
    assert documents.chinese(small).read_bytes() == before


def test_a_text_for_an_older_english_is_refused(small):
    complaint, = chinese.put('=== notebooks/01_line.ipynb\n'
                             '=== title/0 markdown 000000000000\n# 拟合\n')
    assert 'the English has changed' in complaint


def test_a_page_is_translated_section_by_section(small, tmp_path):
    page = tmp_path / 'docs/start.md'
    assert chinese.put('=== docs/start.md\n=== 0/0\n'
                       '# 从这里开始\n\n两个词。\n') == []
    page.write_text(page.read_text() + '\n## More\n\nAnd more of it.\n')
    assert chinese.carry(page) == [('1/0', 'untranslated')]
    assert '# 从这里开始' in documents.chinese(page).read_text()


def test_cells_and_segments_that_do_not_match_are_named(small, tmp_path):
    translate(small, tmp_path)
    path = documents.chinese(small)
    path.write_text(path.read_text().replace('# (n, 3)', ''))
    with pytest.raises(ValueError, match='cell f has 3 texts'):
        chinese.plan(small)
    json.loads(path.read_text())


def test_punctuation_is_full_width_and_code_keeps_its_own():
    typed = '见,`f(a, b)`:对(小批量, 轴)?有 (n, 3),[这里](a,b.md), $x, y$;'
    comma, end = '\uff0c', '\uff1b'
    assert widen(typed) == (
        f'见{comma}`f(a, b)`\uff1a对\uff08小批量{comma}轴\uff09'
        f'\uff1f有 (n, 3){comma}[这里](a,b.md){comma}$x, y${end}')
    assert widen('成绩(`a.db`)') == '成绩\uff08`a.db`\uff09'
    assert widen('见![图,一](a.png)') == f'见![图{comma}一](a.png)'
    assert widen('70,000 张;score(X, W)') == f'70,000 张{end}score(X, W)'
    assert widen('对. 见 3.5. 完.') == '对\u3002见 3.5. 完\u3002'
    assert punctuate('# (样本数, 轮)', 'comment') == '# (样本数, 轮)'
    assert punctuate("f'错了: {got[1:]}'", 'message') == (
        "f'错了\uff1a{got[1:]}'")


@pytest.mark.parametrize(('english', 'ours'), [
    ('51 million and 0.5', '5100 万和 0.5'), ('1.6 billion', '16 亿')])
def test_large_numbers_are_counted_in_myriads(english, ours):
    assert difference(english, ours) == ''


def test_all_words_of_a_check_are_translated_and_its_names_are_not():
    source = ("def _checks_of_f():\n    with part('two rows'):\n"
              "        close(f(x), 2, 'mean', f'is {x} right?')\n"
              "        assert 'a b' in f(1)\n"
              '        ### BEGIN HIDDEN TESTS\n')
    assert [piece.text for piece in segments.segments(source)] == [
        "'two rows'", "f'is {x} right?'"]
    made = segments.replace(source, ["'两行'", "f'{x} 对吗'"])
    same = segments.skeleton(source)
    assert segments.skeleton(made) == same
    for changed in (made.replace("'mean'", "'std'"), made.replace('{x}', '1'),
                    made.replace('a b', '甲')):
        assert segments.skeleton(changed) != same
