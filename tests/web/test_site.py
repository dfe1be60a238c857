"""Every page loads, leads somewhere, and can be read by everybody."""
import functools
import json
import re
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from bs4 import BeautifulSoup
from PIL import Image

ROOT = Path(__file__).parents[2]
SITE = ROOT / 'site/_build/html'
LESSONS = sorted(p.stem for p in ROOT.glob('notebooks/[0-9]*.ipynb'))
PAGES = sorted(str(p.relative_to(SITE)) for p in SITE.rglob('*.html')
               if '_static' not in p.parts)
SOLUTIONS = [p for p in PAGES if '/solutions/' in p]
every_page = pytest.mark.parametrize('page', PAGES)
# What a local file server can count on
WEIGHT, SECONDS = 1.5e6, 1
RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']
SIZES = {'desktop': (1280, 900), 'phone': (390, 844)}
# Tokens of one kind share a style: one of each stands for all of a page,
# whose thousands would take axe minutes
ONE_OF_EACH = """() => {
    const seen = new Set();
    for (const token of document.querySelectorAll('.highlight pre span')) {
        const box = token.closest('[class*=highlight-]');
        const kind = box.className + '/' + token.className;
        if (seen.has(kind)) token.replaceWith(...token.childNodes);
        seen.add(kind);
    }
}"""


@functools.cache
def soup(page):
    return BeautifulSoup((SITE / page).read_text(), 'html.parser')


def test_every_lesson_has_its_pages():
    wanted = {f'notebooks/{folder}{stem}.html' for stem in LESSONS
              for folder in ('', 'solutions/')}
    wanted |= {'index.html', 'start.html', 'ledger.html', 'benchmark.html',
               'notebooks/errata.html', 'classroom/index.html', 'search.html',
               '404.html'}
    assert wanted <= set(PAGES)


# In the browser -------------------------------------------------------------

@every_page
def test_a_page_loads_without_an_error_and_asks_nobody_else(tab, url, page):
    errors, asked = [], []
    tab.on('console', lambda m: m.type in ('error', 'warning')
           and errors.append(m.text))
    tab.on('pageerror', lambda error: errors.append(str(error)))
    tab.on('request', lambda request: asked.append(request.url))
    tab.on('requestfailed', lambda request: errors.append(request.url))
    assert tab.goto(f'{url}/{page}', wait_until='networkidle').ok
    assert not errors
    assert not [a for a in asked if not a.startswith((url, 'data:'))]


@every_page
def test_a_page_is_light_and_quick(tab, url, page):
    weights = {}
    tab.on('response', lambda r: weights.update(
        {r.url: 0 if r.request.resource_type == 'image' else len(r.body())}))

    def seconds():
        tab.goto(f'{url}/{page}', wait_until='networkidle')
        return tab.evaluate("performance.getEntriesByType('navigation')[0]"
                            '.loadEventEnd') / 1000

    # A busy machine gets more than one try
    assert any(seconds() < SECONDS for _ in range(10))
    assert len(weights) > 5 and sum(weights.values()) < WEIGHT


@pytest.mark.parametrize('size', SIZES)
@every_page
def test_axe_finds_no_violation(browser, url, page, size):
    width, height = SIZES[size]
    with browser.new_context(viewport={'width': width,
                                       'height': height}) as context:
        tab = context.new_page()
        for theme in 'light', 'dark':
            tab.emulate_media(color_scheme=theme)
            tab.goto(f'{url}/{page}')
            assert tab.locator(f'html[data-theme={theme}]').count()
            tab.evaluate(ONE_OF_EACH)
            tab.evaluate(AXE_SCRIPT)
            found = tab.evaluate(
                'rules => axe.run({runOnly: rules, '
                "resultTypes: ['violations']})", RULES)
            assert found['passes']
            assert not [(theme, v['id'], v['nodes'][0]['html'],
                         v['nodes'][0]['failureSummary'])
                        for v in found['violations']]
            # Nothing sticks out: no page is to be pushed sideways
            assert tab.evaluate(
                'document.documentElement.scrollWidth') <= width


@every_page
def test_formulas_stand_as_formulas_in_their_font(tab, url, page):
    tab.goto(f'{url}/{page}')
    text = tab.evaluate(
        '[...document.querySelectorAll("article p, article li, article td")]'
        '.filter(e => !e.querySelector("code")).map(e => e.innerText)'
        '.join("\\n")')
    assert not re.search(r'\$|\\[a-z]+', text)
    if tab.locator('math').count():
        tab.evaluate('document.fonts.ready')
        assert tab.evaluate("document.fonts.check('16px Course Math')")


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


def test_the_errata_link_to_the_cells_that_show_them():
    rows = soup('notebooks/errata.html').select('tbody tr')
    assert rows and all(row.select('a[href*="#cell-"]') for row in rows)


# Nothing is written twice ---------------------------------------------------

def test_lessons_stand_in_the_order_of_their_numbers_and_of_the_readme():
    readme = re.findall(r'^\| \[.*?\]\(notebooks/(\w+)\.ipynb\)',
                        (ROOT / 'README.md').read_text(), re.M)
    listed = [a['href'] for a in soup('index.html').select('.lessons a')]
    sidebar = [a['href'] for a in soup('index.html').select(
        '#pst-primary-sidebar a[href^="notebooks/0"], '
        '#pst-primary-sidebar a[href^="notebooks/1"]')]
    assert readme == LESSONS
    assert listed == sidebar == [f'notebooks/{s}.html' for s in LESSONS]


def test_a_reader_goes_from_lesson_to_lesson():
    for before, after in zip(LESSONS, LESSONS[1:], strict=False):
        there = soup(f'notebooks/{before}.html').select_one('a.right-next')
        back = soup(f'notebooks/{after}.html').select_one('a.left-prev')
        assert there['href'] == f'{after}.html'
        assert back['href'] == f'{before}.html'


@pytest.mark.parametrize('stem', LESSONS)
def test_a_lesson_has_its_cells_its_title_and_its_notebook(stem):
    path = ROOT / f'notebooks/{stem}.ipynb'
    page = soup(f'notebooks/{stem}.html')
    notebook = json.loads(path.read_text())
    assert page.h1.find(string=True) == (
        notebook['cells'][0]['source'][0].strip('# \n'))
    assert [e['id'] for e in page.select('.cell[id^=cell-]')] == [
        f'cell-{c["id"]}' for c in notebook['cells']
        if c['cell_type'] == 'code']
    assert all(o.get_text(strip=True) or o.img
               for o in page.select('.cell_output .output'))
    assert page.select(f'a[href="solutions/{stem}.html"]')
    link = page.select_one('a.btn-download-source-button')['href']
    assert (SITE / 'notebooks' / link).read_bytes() == path.read_bytes()


# Keyboard, and no JavaScript ------------------------------------------------

@pytest.mark.parametrize('page', SOLUTIONS)
def test_a_solution_opens_with_a_key_under_its_question(tab, url, page):
    notebook = json.loads(
        (ROOT / page).with_suffix('.ipynb').read_text())
    exercises = sum(line.startswith('## Exercise ')
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
        folded.nth(k).locator('summary').focus()
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


# Search ---------------------------------------------------------------------

@pytest.mark.parametrize(('term', 'page'), [
    ('cross-entropy', '02_softmax_regression'), ('uint8', '03_fashion_mnist'),
    ('Accumulator', '04_softmax_scratch'), ('underflow', '06_numerical'),
    ('L-BFGS-B', '07_softmax_by_hand'), ('XOR', '08_mlp'),
    ('dropout', '10_mlp_gluon'), ('kernel', '12_digits'),
    ('AdaGrad', '13_optimisers'), ('nbgrader', 'classroom/index')])
def test_the_search_finds(tab, url, term, page):
    tab.goto(f'{url}/index.html')
    tab.keyboard.press('Control+k')
    tab.keyboard.type(term)
    tab.keyboard.press('Enter')
    tab.wait_for_url('**/search.html?q=*')
    tab.locator(f'#search-results li a[href*="{page}"]').first.wait_for()


# For those who come from outside -------------------------------------------

def test_a_wrong_address_anywhere_shows_a_whole_page(tab, url):
    failed = []
    tab.on('response', lambda r: r.ok or failed.append(r.url))
    wrong = f'{url}/no/such/page.html'
    tab.goto(wrong, wait_until='networkidle')
    assert failed == [wrong]
    assert tab.locator('article h1').inner_text().startswith('There is no')
    tab.get_by_role('link', name='first page').click()
    assert tab.url == f'{url}/index.html'


@pytest.mark.parametrize('page', [p for p in PAGES if p != 'search.html'])
def test_a_link_to_a_page_can_be_shown_with_a_picture(page):
    head = soup(page).head
    found = {e['property']: e['content'] for e in head.select('[property]')}
    assert found['og:title'].strip() and len(found['og:description']) > 20
    assert len(head.select('meta[name=description]')) == 1
    with Image.open(SITE / '_static' / Path(found['og:image']).name) as card:
        assert card.size == (1200, 630)
    assert (SITE / page).parent.joinpath(
        head.select_one('link[rel*=icon]')['href']).is_file()


def test_crawlers_are_told_of_every_page():
    listed = re.findall(r'<loc>https?://[^/]+/(.*?)</loc>',
                        (SITE / 'sitemap.xml').read_text())
    assert sorted(listed) == [p for p in PAGES
                              if p not in ('404.html', 'search.html')]
    assert '/sitemap.xml\n' in (SITE / 'robots.txt').read_text()


def test_no_button_leads_where_the_course_cannot_run():
    for page in PAGES:
        assert not soup(page).select(
            'a[href*="colab.research"], a[href*=mybinder]')
    text = soup('start.html').get_text()
    assert 'No Colab button' in text and 'No Binder button' in text
