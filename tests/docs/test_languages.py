"""The site in two languages: one course, and a way from each to the other."""
import re
from urllib.parse import urljoin

import pytest

from tests.docs.pages import CHINESE, ENGLISH, PAGES, SITE, every_page, soup

HAN = '[\u3400-\u9fff]'
# Blocks of text; what stands on cards and buttons is in blocks of its own
PROSE = (':is(p, td, th, h1, h2, h3, h4, figcaption, '
         'li:not(:has(p, ul))):not(.lessons *, .hero .words > p:last-child)')


def twin(page):
    """Return the page of the other language; None where there is none."""
    other = page.removeprefix('zh/') if page in CHINESE else f'zh/{page}'
    return other if other in PAGES else None


def prose(page):
    """Yield the texts of an article without code and formulas."""
    article = soup(page).article
    for element in article.select(PROSE):
        if not element.find_parent(['pre', 'math']):
            yield ''.join(
                text for text in element.find_all(string=True)
                if not text.find_parent(['code', 'pre', 'math', 'script']))


@every_page
def test_a_switch_leads_to_the_same_page_in_the_other_language(page):
    link, = soup(page).select('.bd-header-article a.language')
    chinese = page in CHINESE
    assert soup(page).html['lang'] == ('zh-CN' if chinese else 'en')
    assert link['hreflang'] == link['lang'] == ('en' if chinese else 'zh-CN')
    home = 'index.html' if chinese else 'zh/index.html'
    assert urljoin(f'/{page}', link['href']) == f'/{twin(page) or home}'


@every_page
def test_search_engines_are_told_of_the_other_language(page):
    named = {e['hreflang']: re.sub('^https?://[^/]+/', '', e['href'])
             for e in soup(page).select('link[rel=alternate][hreflang]')}
    other = twin(page)
    if not other or page.endswith('404.html'):
        assert not named
    else:
        english, chinese = sorted([page, other], key=lambda p: p in CHINESE)
        assert named == {'en': english, 'zh-CN': chinese}


def test_the_sitemaps_name_the_alternates():
    for folder, pages in ('', ENGLISH), ('zh/', CHINESE):
        listed = (SITE / folder / 'sitemap.xml').read_text()
        for entry in re.findall('<url>.*?</url>', listed):
            page = re.search('<loc>https?://[^/]+/(.*?)</loc>', entry)[1]
            assert page in pages
            assert entry.count('hreflang=') == 2 * bool(twin(page)), page


def test_the_switch_is_a_link_that_works(tab, url):
    tab.set_viewport_size({'width': 390, 'height': 844})
    tab.goto(f'{url}/notebooks/02_softmax_regression.html')
    tab.get_by_role('link', name='中文', exact=True).click()
    tab.wait_for_url(f'{url}/zh/notebooks/02_softmax_regression.html')
    tab.get_by_role('link', name='English', exact=True).click()
    tab.wait_for_url(f'{url}/notebooks/02_softmax_regression.html')


def test_what_has_no_chinese_edition_is_linked_in_english():
    there = {urljoin('/zh/index.html', a['href']) for a in soup(
        'zh/index.html').select('#pst-primary-sidebar nav a')}
    for page in ENGLISH:
        if not twin(page):
            assert f'/{page}' in there


@pytest.mark.parametrize('page', CHINESE)
def test_no_blank_stands_where_a_line_of_chinese_ends(page):
    mark = '[\u3400-\u9fff，。；：？！、（）“”]'
    assert not [text for text in prose(page)
                if re.search(f'{HAN} ?\n ?{mark}|{mark} ?\n ?{HAN}', text)]


@pytest.mark.parametrize('page', CHINESE)
def test_punctuation_beside_chinese_is_full_width(page):
    wrong = [found[0] for text in prose(page) for found in re.finditer(
        f'.{{0,8}}(?:{HAN}[,;:?!()]|[,;:?!()]{HAN}).{{0,8}}', text)]
    assert not wrong


def test_the_theme_speaks_chinese():
    page = soup('zh/notebooks/02_softmax_regression.html')
    said = [e.get('title') or e.get('aria-label') for e in page.select(
        'button[title], button[aria-label], .theme-switch-container')]
    assert said and not [words for words in said
                         if not re.search(HAN, words)]
