"""For those who come from outside: wrong addresses, crawlers, networks."""
import re
from pathlib import Path
from urllib.parse import urljoin

from PIL import Image

from tests.docs.pages import (
    CHINESE,
    ENGLISH,
    PAGES,
    SITE,
    both,
    every_page,
    soup,
)


def test_a_wrong_address_anywhere_shows_a_whole_page(tab, url):
    failed = []
    tab.on('response', lambda r: r.ok or failed.append(r.url))
    wrong = f'{url}/no/such/page.html'
    tab.goto(wrong, wait_until='networkidle')
    assert failed == [wrong]
    assert tab.locator('article h1').inner_text().startswith('There is no')
    tab.get_by_role('link', name='first page').click()
    assert tab.url == f'{url}/index.html'


@every_page
def test_a_link_to_a_page_can_be_shown_with_a_picture(page):
    head = soup(page).head
    found = {e['property']: e['content'] for e in head.select('[property]')}
    assert found['og:title'].strip() and len(found['og:description']) > 20
    assert len(head.select('meta[name=description]')) == 1
    with Image.open(SITE / '_static' / Path(found['og:image']).name) as card:
        assert card.size == (1200, 630)
    icon = head.select_one('link[rel*=icon]')['href']
    assert (SITE / urljoin(f'/{page}', icon).lstrip('/')).is_file()


@both
def test_crawlers_are_told_of_every_page(top):
    listed = re.findall(r'<loc>https?://[^/]+/(.*?)</loc>',
                        (SITE / top / 'sitemap.xml').read_text())
    assert sorted(listed) == [p for p in (CHINESE if top else ENGLISH)
                              if not p.endswith('404.html')]
    assert f'/{top}sitemap.xml\n' in (SITE / 'robots.txt').read_text()


def test_no_button_leads_where_the_course_cannot_run():
    for page in PAGES:
        assert not soup(page).select(
            'a[href*="colab.research"], a[href*=mybinder]')
    text = soup('docs/start.html').get_text()
    assert 'No Colab button' in text and 'No Binder button' in text
