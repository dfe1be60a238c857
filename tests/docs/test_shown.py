"""What a browser makes of every page: no error, no wait, no barrier."""
import re
from types import SimpleNamespace

import pytest
from axe_playwright_python.base import AXE_SCRIPT

from tests.docs.conftest import new_tab
from tests.docs.pages import ENGLISH, LESSONS, SPREAD

# What a local file server can count on
WEIGHT, SECONDS = 1.5e6, 1
RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']
SIZES = {'desktop': (1280, 900), 'phone': (390, 844)}
# What only a phone shows is the same on all pages of a kind: these stand for
# them in dark colours
KINDS = ['index.html', 'docs/ledger.html', f'notebooks/{LESSONS[0]}.html',
         f'notebooks/solutions/{LESSONS[0]}.html']
# Tokens of one kind share a style, and so do formulas in boxes of one kind:
# one of each stands for all of a page, whose thousands would take axe minutes
ONE_OF_EACH = """() => {
    const seen = new Set();
    const known = kind => seen.has(kind) || !seen.add(kind);
    for (const token of document.querySelectorAll('.highlight pre span')) {
        const box = token.closest('[class*=highlight-]');
        if (known(box.className + '/' + token.className))
            token.replaceWith(...token.childNodes);
    }
    for (const formula of document.querySelectorAll('p math')) {
        let kind = '';
        for (let box = formula; box; box = box.parentElement)
            kind += box.tagName + '.' + box.className + ' ';
        if (known(kind)) formula.replaceWith(formula.textContent);
    }
}"""
OPEN_SOLUTIONS = """() => {
    for (const box of document.querySelectorAll('details')) box.open = true;
}"""
ROOTS_WITHOUT_SIGN = """() => {
    const box = e => e.getBoundingClientRect();
    return [...document.querySelectorAll('msqrt')]
        .filter(e => box(e.firstElementChild).left - box(e).left < 4)
        .map(e => e.textContent);
}"""
CODE_TO_SCROLL = """() =>
    [...document.querySelectorAll('article .highlight pre')]
        .filter(pre => pre.scrollWidth > pre.clientWidth + 1)
        .map(pre => pre.textContent)"""


@pytest.fixture(scope='module', params=ENGLISH + SPREAD)
def visit(browser, url, request):
    """A page's first load in a browser that knows nothing, and its tab."""
    errors, asked, weights = [], [], {}
    with new_tab(browser) as tab:
        tab.on('console', lambda m: m.type in ('error', 'warning')
               and errors.append(m.text))
        tab.on('pageerror', lambda error: errors.append(str(error)))
        tab.on('request', lambda request: asked.append(request.url))
        tab.on('requestfailed', lambda request: errors.append(request.url))
        tab.on('response', lambda r: weights.update({
            r.url: 0 if r.request.resource_type == 'image'
            else len(r.body())}))
        address = f'{url}/{request.param}'
        assert tab.goto(address, wait_until='networkidle').ok
        yield SimpleNamespace(
            page=request.param, address=address, tab=tab,
            errors=[*errors], asked=[*asked], weights={**weights})


def test_a_page_loads_without_an_error_and_asks_nobody_else(visit, url):
    assert not visit.errors
    assert visit.asked and not [a for a in visit.asked
                                if not a.startswith((url, 'data:'))]


def test_a_page_is_light_and_quick(visit):
    def quick():
        end = visit.tab.evaluate(
            "performance.getEntriesByType('navigation')[0].loadEventEnd")
        return 0 < end < 1000 * SECONDS     # 0: it still loads

    # A busy machine gets more than one try
    assert quick() or any(
        visit.tab.reload(wait_until='networkidle') and quick()
        for _ in range(9))
    assert len(visit.weights) > 5 and sum(visit.weights.values()) < WEIGHT


def test_formulas_stand_as_formulas_in_their_font(visit):
    tab = visit.tab
    tab.goto(visit.address)
    text = tab.evaluate(
        '[...document.querySelectorAll("article p, article li, article td")]'
        '.filter(e => !e.querySelector("code, pre")).map(e => e.innerText)'
        '.join("\\n")')
    assert not re.search(r'\$|\\[a-z]+', text)
    if tab.locator('math').count():
        tab.evaluate('document.fonts.ready')
        assert tab.evaluate("document.fonts.check('16px Course Math')")
    tab.evaluate(OPEN_SOLUTIONS)
    assert tab.evaluate(ROOTS_WITHOUT_SIGN) == []


def test_a_title_takes_three_lines_of_a_phone_at_most(visit):
    width, height = SIZES['phone']
    visit.tab.set_viewport_size({'width': width, 'height': height})
    visit.tab.goto(visit.address)
    lines = visit.tab.locator('h1:visible').first.evaluate(
        'h => h.clientHeight / parseFloat(getComputedStyle(h).lineHeight)')
    assert 0.9 < lines < 3.1


@pytest.mark.parametrize('size', SIZES)
def test_axe_finds_no_violation(visit, size):
    tab, (width, height) = visit.tab, SIZES[size]
    tab.set_viewport_size({'width': width, 'height': height})
    dark = ['dark'] if size == 'desktop' or visit.page in KINDS else []
    for theme in 'light', *dark:
        tab.emulate_media(color_scheme=theme)
        tab.goto(visit.address)
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
        if size == 'desktop':
            tab.evaluate(OPEN_SOLUTIONS)
            assert tab.evaluate(CODE_TO_SCROLL) == []
