"""Every page leads somewhere, and is read with keys or without scripts."""
import json
import re
from html import unescape
from unicodedata import name, normalize
from urllib.parse import unquote, urldefrag, urljoin

import pytest
from fontTools.ttLib import TTFont

from tests.docs.pages import (
    ENGLISH,
    LESSONS,
    PAGES,
    ROOT,
    SITE,
    SPREAD,
    both,
    every_page,
    soup,
    source,
)
from tools.chinese import documents

SOLUTIONS = [p for p in ENGLISH + SPREAD if '/solutions/' in p]


def test_every_lesson_and_every_file_of_docs_is_a_page_and_nothing_else():
    lessons = {f'notebooks/{folder}{stem}.html' for stem in LESSONS
               for folder in ('', 'solutions/')}
    files = {p.relative_to(ROOT).as_posix() for p in ROOT.glob('docs/*.md')}
    files |= {'CONTRIBUTING.md', 'classroom/README.md'}
    moved = {'docs/index.html': 'index.html', 'docs/404.html': '404.html'}

    def pages(names):
        made = {name.replace('.md', '.html') for name in names}
        return lessons | {moved.get(name, name) for name in made}

    chinese = pages(set(documents.PAGES) - {'README.md'})
    assert set(PAGES) == pages(files) | {f'zh/{page}' for page in chinese}


def test_the_font_has_what_browsers_draw_in_place_of_a_variable():
    drawn = map(chr, TTFont(SITE / '_static/formulas.woff').getBestCmap())
    italics = {normalize('NFKC', c) for c in drawn
               if c == 'ℎ' or 'MATHEMATICAL ITALIC' in name(c, '')}
    variables = {unescape(text) for page in PAGES for text in re.findall(
        '<mi>([^<]*)</mi>', (SITE / page).read_text(encoding='utf-8'))}
    variables = {v for v in variables if len(v) == 1 and v.isalpha()
                 and normalize('NFKC', v) == v}
    assert {'x', 'h', 'σ', 'B'} <= variables <= italics


@both
@pytest.mark.parametrize('stem', LESSONS)
def test_a_lesson_offers_its_practice_edition(stem, top):
    page = soup(f'{top}notebooks/{stem}.html')
    link = page.select_one('a.btn-download-practice-button')['href']
    text = (SITE / top / 'notebooks' / link).read_text(encoding='utf-8')
    assert ('# 在这里写你的代码' if top else '# Your code here') in text
    assert all(cell.get('outputs', []) == []
               for cell in json.loads(text)['cells'])


# Links and images ----------------------------------------------------------

@every_page
def test_links_lead_to_what_there_is(page):
    links = [e.get('href') or e.get('src') for e in soup(page).select(
        'a[href], link[href], script[src], img[src]')]
    assert len(links) > 10
    for link in links:
        # The 404 page names a base, as it is shown at any address
        goal, anchor = urldefrag(urljoin(f'/{page}', link))
        if goal.startswith(('http:', 'https:', 'mailto:')):
            continue
        path = SITE / unquote(goal.partition('?')[0]).lstrip('/')
        if path.is_dir():
            path /= 'index.html'
        assert path.is_file(), link
        if anchor:
            there = soup(str(path.relative_to(SITE)))
            assert there.find(id=unquote(anchor)), link


@every_page
def test_images_have_a_size_and_a_text(page):
    for image in soup(page).find_all('img'):
        assert image.get('alt', '').strip(), image
        assert image['width'].isdigit() and image['height'].isdigit(), image


def test_no_text_of_an_image_is_broken_over_lines():
    """MyST would join the last word of a line to the first of the next."""
    for path in [*ROOT.glob('docs/**/*.md'), *ROOT.glob('classroom/*.md'),
                 ROOT / 'CONTRIBUTING.md']:
        assert not re.search(r'!\[[^\]]*\n',
                             path.read_text(encoding='utf-8')), path


@both
def test_the_errata_link_to_the_cells_that_show_them(top):
    rows = soup(f'{top}docs/errata.html').select('tbody tr')
    assert rows and all(row.select('a[href*="#cell-"]') for row in rows)


# Nothing is written twice ---------------------------------------------------

@both
def test_lessons_stand_in_the_order_of_their_numbers(top):
    first = soup(f'{top}index.html')
    listed = [a['href'] for a in first.select('.lessons a')]
    sidebar = [a['href'] for a in first.select(
        '#pst-primary-sidebar a[href^="notebooks/0"], '
        '#pst-primary-sidebar a[href^="notebooks/1"]')]
    assert listed == sidebar == [f'notebooks/{s}.html' for s in LESSONS]


@both
def test_a_reader_goes_from_lesson_to_lesson(top):
    for before, after in zip(LESSONS, LESSONS[1:], strict=False):
        there, back = (
            soup(f'{top}notebooks/{stem}.html').select_one(which)
            for stem, which in ((before, 'a.right-next'),
                                (after, 'a.left-prev')))
        assert there['href'] == f'{after}.html'
        assert back['href'] == f'{before}.html'


@both
@pytest.mark.parametrize('stem', LESSONS)
def test_a_lesson_has_its_cells_its_title_and_its_notebook(stem, top):
    path = source(f'{top}notebooks/{stem}.html')
    page = soup(f'{top}notebooks/{stem}.html')
    notebook = json.loads(path.read_text(encoding='utf-8'))
    assert page.h1.find(string=True) == (
        notebook['cells'][0]['source'][0].strip('# \n'))
    assert [e['id'] for e in page.select('.cell[id^=cell-]')] == [
        f'cell-{c["id"]}' for c in notebook['cells']
        if c['cell_type'] == 'code']
    assert all(o.get_text(strip=True) or o.img
               for o in page.select('.cell_output .output'))
    assert page.select(f'a[href="solutions/{stem}.html"]')
    link = page.select_one('a.btn-download-source-button')['href']
    assert link.endswith(f'/{stem}.ipynb')
    assert (SITE / top / 'notebooks' / link).read_bytes() == path.read_bytes()


# Keyboard, and no JavaScript ------------------------------------------------

def test_code_can_be_copied_with_a_key_and_what_it_prints_cannot(
        browser, url):
    with browser.new_context(permissions=['clipboard-read']) as context:
        tab = context.new_page()
        tab.goto(f'{url}/notebooks/{LESSONS[0]}.html')
        everywhere = tab.locator('div.cell_input')
        assert (everywhere.locator('button.copybtn').count()
                == everywhere.count() > 10)
        # Cells that only draw are folded
        cells = tab.locator('div.cell_input:visible')
        buttons = cells.get_by_role('button', name='Copy')
        assert buttons.count() == cells.count() > 10
        assert not tab.locator('div.cell_output button').count()
        buttons.nth(1).focus()
        tab.keyboard.press('Enter')
        tab.locator('button.copybtn.success').wait_for()
        assert tab.evaluate('navigator.clipboard.readText()') == (
            cells.nth(1).locator('pre').inner_text().strip())


@pytest.mark.parametrize('page', SOLUTIONS)
def test_a_solution_opens_with_a_key_under_its_question(tab, url, page):
    notebook = json.loads(source(page).read_text(encoding='utf-8'))
    exercises = sum(line.startswith(('## Exercise ', '## 练习 '))
                    for c in notebook['cells'] for line in c['source'])
    tab.goto(f'{url}/{page}')
    folded = tab.locator('details.solution')
    assert folded.count() == exercises > 3
    assert tab.locator('details.solution[open]').count() == 0
    # What is asked stays above the fold
    questions = tab.locator('h2 + p:has(> em:only-child) + details.solution')
    assert questions.count() == exercises
    for k in range(exercises):
        assert not folded.nth(k).locator('> p, > div').first.is_visible()
        folded.nth(k).locator('> summary').focus()
        tab.keyboard.press('Enter')
        assert folded.nth(k).locator('> p, > div').first.is_visible()
        tab.keyboard.press('Space')
        assert not folded.nth(k).get_attribute('open')


def test_without_javascript_a_lesson_and_a_solution_can_be_read(browser, url):
    with browser.new_context(java_script_enabled=False) as context:
        tab = context.new_page()
        tab.goto(f'{url}/{SOLUTIONS[0]}')
        tab.locator('details.solution summary').first.click()
        assert tab.locator('details.solution[open] p').first.is_visible()
        tab.goto(f'{url}/notebooks/{LESSONS[1]}.html')
        assert tab.locator('math').first.is_visible()


def test_the_theme_changes_with_a_key(tab, url):
    tab.emulate_media(color_scheme='light')
    tab.goto(f'{url}/index.html')
    colours = set()
    for theme in 'dark', 'light', 'dark':
        tab.locator('button.theme-switch-button:visible').focus()
        tab.keyboard.press('Enter')
        choice = tab.locator(f'.theme-change-button[data-mode={theme}]')
        for _ in range(4):
            tab.keyboard.press('ArrowDown')
            if choice.evaluate('e => e == document.activeElement'):
                break
        tab.keyboard.press('Enter')
        tab.locator(f'html[data-theme={theme}]').wait_for()
        tab.wait_for_timeout(500)     # colours fade
        colours.add(tab.evaluate(
            'getComputedStyle(document.body).backgroundColor'))
        tab.reload()
        assert tab.locator(f'html[data-theme={theme}]').count()
    assert len(colours) == 2
