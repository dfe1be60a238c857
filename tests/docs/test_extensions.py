"""What the site's settings and extensions make of a small course."""
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import (
    new_code_cell,
    new_markdown_cell,
    new_notebook,
    new_output,
)

from tools.chinese.documents import cell_units, digest

ROOT = Path(__file__).parents[2]


def stream(text):
    return new_output('stream', text=text)


LESSON = [
    new_markdown_cell('# Count\n\nThe logarithm $\\ln x$ of 10,020.',
                      id='title'),
    new_code_cell('print(1)  # one', id='plain', outputs=[stream('1\n')]),
    new_code_cell('print(2)', id='drawing', outputs=[stream('2\n')],
                  metadata={'tags': ['hide-input']}),
    new_code_cell('print(3)', id='wiped', outputs=[stream(' \n')]),
    new_markdown_cell('Three of them.', id='end')]
SOLUTION = [
    new_markdown_cell('# Solutions', id='title'),
    new_markdown_cell('## Exercise 1\n\n*Why?*\n\nBecause.', id='one')]
HOME = ('# {}\n\n```{{toctree}}\nnotebooks/01_a\nnotebooks/solutions/01_a\n'
        'docs/errata\nHub <docs/hub>\n```\n')
LOST = '---\norphan: true\n---\n# {}\n\n[{}](index.md).\n'
PAGES = {
    'docs/index.md': HOME.format('Home'),
    'docs/404.md': LOST.format('Lost', 'home'),
    'docs/hub.md': '# Hub\n\nAlso [in Chinese](zh/errata.md).\n',
    'docs/errata.md': '# Errata\n\n| shown in | |\n|---|---|\n'
                      '| [01](../notebooks/01_a.ipynb) `plain`, `wiped` '
                      '| `no link` |\n'}


def translated(cell, text, known=None):
    """Return a cell with a Chinese text and what it says it translates."""
    cell = cell.copy()
    cell.metadata = {**cell.metadata, 'translates': (
        [unit.digest for unit in cell_units(cell)] if known is None
        else [known])}
    cell.source = text
    return cell


CHINESE = [translated(LESSON[0], '# 数数\n\n10,020 的对数 $\\ln x$。'),
           translated(LESSON[1], 'print(1)  # 一', '0123456789ab'),
           LESSON[2], LESSON[3], translated(LESSON[4], 'Three of them.', '')]
ANSWERS = [translated(SOLUTION[0], '# 解答'),
           translated(SOLUTION[1], '## 练习 1\n\n*为什么？*\n\n因为。',
                      '0123456789ab')]
CHINESE_PAGES = {
    'docs/zh/index.md': HOME.format('首页'),
    'docs/zh/404.md': LOST.format('没有', '首页'),
    'docs/zh/errata.md':
        f'<!-- {digest(PAGES["docs/errata.md"])} -->\n# 勘误\n\n'
        '见[服务器](../hub.md)和'
        '[第 01 课](../../notebooks/zh/01_a.ipynb)。\n\n'
        '<!-- 0123456789ab -->\n## 旧的\n\n一段旧的译文。\n'}


@pytest.fixture(scope='module')
def site(tmp_path_factory):
    """Build the small course, twice; return what reads a page of it."""
    home = tmp_path_factory.mktemp('course')
    for page, text in (PAGES | CHINESE_PAGES).items():
        (home / page).parent.mkdir(parents=True, exist_ok=True)
        (home / page).write_text(text, encoding='utf-8')
    for page, cells in (('01_a', LESSON), ('solutions/01_a', SOLUTION),
                        ('zh/01_a', CHINESE), ('zh/solutions/01_a', ANSWERS)):
        path = home / f'notebooks/{page}.ipynb'
        path.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(new_notebook(cells=cells, metadata={
            'language_info': {'name': 'python',
                              'pygments_lexer': 'python3'}}), path)
    for options, out in ((), 'html'), (('-t', 'zh'), 'html/zh'):
        subprocess.run(
            [sys.executable, '-m', 'sphinx', '-q', '-W', '-c', 'docs',
             *options, '-d', home / out / '.doctrees', home, home / out],
            cwd=ROOT, check=True, timeout=120,
            env={**os.environ, 'SITE_URL': 'https://example.org/course/',
                 'REPOSITORY_URL': 'https://github.com/someone/course'})

    def read(page):
        text = (home / 'html' / page).read_text(encoding='utf-8')
        return BeautifulSoup(text, 'html.parser') if '.html' in page else text

    return read


def test_a_cell_tagged_hide_input_is_folded_and_keeps_its_output(site):
    cell = site('notebooks/01_a.html').find(id='cell-drawing')
    assert cell.select('details:not([open]) .cell_input')
    assert not cell.select('details .cell_output')
    assert cell.select_one('.cell_output').get_text(strip=True) == '2'
    other = site('notebooks/01_a.html').find(id='cell-plain')
    assert other.select('.cell_input') and not other.select('details')


def test_an_output_that_wiped_itself_out_leaves_no_box(site):
    page = site('notebooks/01_a.html')
    assert page.find(id='cell-plain').select('.cell_output pre')
    assert not page.find(id='cell-wiped').select('.cell_output pre')


def test_a_formula_is_mathml(site):
    assert site('notebooks/01_a.html').math.get_text(strip=True) == 'lnx'


@pytest.mark.parametrize(('top', 'summary', 'answer', 'question'), [
    ('', 'Show the solution of exercise 1', 'Because.', 'Why?'),
    ('zh/', '显示练习 1 的解答', '因为。', '为什么？')])
def test_an_answer_is_folded_under_its_question(site, top, summary, answer,
                                                question):
    folded = site(f'{top}notebooks/solutions/01_a.html').select_one('details')
    assert folded.summary.get_text() == summary
    assert folded.p.get_text() == answer
    assert folded.find_previous_sibling('p').get_text() == question


def test_cells_behind_a_lesson_in_the_errata_are_links(site):
    shown, other = site('docs/errata.html').select('tbody td')
    assert [a['href'].partition('/')[2] for a in shown.select('a')] == [
        'notebooks/01_a.html', 'notebooks/01_a.html#cell-plain',
        'notebooks/01_a.html#cell-wiped']
    assert not other.select('a')


@pytest.mark.parametrize(('top', 'title'), [('', 'Home'), ('zh/', '首页')])
def test_the_first_page_and_the_404_page_lie_at_the_top(site, top, title):
    assert site(f'{top}index.html').h1.find(string=True) == title
    link = site(f'{top}404.html').select_one('article p a')
    assert link['href'] == f'/course/{top}index.html'


def test_addresses_come_from_the_environment(site):
    base = 'https://example.org/course'
    for top, folder in ('', ''), ('zh/', '/zh'):
        page = site(f'{top}notebooks/01_a.html')
        assert page.select_one('link[rel=canonical]')['href'] == (
            f'{base}/{top}notebooks/01_a.html')
        assert page.select_one('a[href*=mybinder]')['href'] == (
            'https://mybinder.org/v2/gh/someone/course/main?urlpath=tree'
            f'/notebooks{folder}/01_a.ipynb')
        assert page.find(property='og:image')['content'] == (
            f'{base}/{top}_static/card.png')
        assert (f'<loc>{base}/{top}index.html</loc>'
                in site(f'{top}sitemap.xml'))
        assert f'Sitemap: {base}/{top}sitemap.xml\n' in site('robots.txt')


def test_search_engines_find_the_other_language_by_whole_addresses(site):
    base = 'https://example.org/course'
    for page in 'notebooks/01_a.html', 'zh/notebooks/01_a.html':
        assert {e['hreflang']: e['href'] for e in site(page).select(
            'link[rel=alternate]')} == {
                'en': f'{base}/notebooks/01_a.html',
                'zh-CN': f'{base}/zh/notebooks/01_a.html'}
    assert not site('docs/hub.html').select('link[rel=alternate]')


def test_what_only_the_other_language_has_is_linked_there(site):
    page = site('zh/docs/errata.html')
    links = {a.get_text(): a['href'] for a in page.select('article p > a')}
    assert links['服务器'] == '../../docs/hub.html'
    assert links['第 01 课'] == '../notebooks/01_a.html'
    sidebar = {a.get_text(strip=True): a['href']
               for a in page.select('#pst-primary-sidebar nav a')}
    assert sidebar['Hub'] == '../../docs/hub.html'
    assert site('docs/hub.html').select_one('article p > a')['href'] == (
        '../zh/docs/errata.html')


def test_a_cell_that_lags_behind_says_so_and_leads_to_the_english(site):
    page = site('zh/notebooks/01_a.html')
    stale, missing = page.select('.lag')
    assert '有改动' in stale.get_text() and '没有翻译' in missing.get_text()
    assert stale.find_next_sibling()['id'] == 'cell-plain'
    assert missing.find_next_sibling().get_text() == 'Three of them.'
    for note, cell in (stale, 'cell-plain'), (missing, 'cell-end'):
        assert note.a['href'] == f'../../notebooks/01_a.html#{cell}'
        assert site('notebooks/01_a.html').find(id=cell)
    assert not site('notebooks/01_a.html').select('.lag')


def test_a_solution_and_a_section_that_lag_behind_say_so(site):
    note, = site('zh/notebooks/solutions/01_a.html').select('.lag')
    assert note.find_previous_sibling('h2').find(string=True) == '练习 1'
    note, = site('zh/docs/errata.html').select('.lag')
    assert note.a['href'] == '../../docs/errata.html'
    assert re.search('有改动.*旧的', note.find_parent('article').get_text(),
                     re.S)
