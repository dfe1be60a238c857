"""The built site's pages, by language, and what reads one."""
import functools
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

ROOT = Path(__file__).parents[2]
SITE = ROOT / 'docs/_build/html'
LESSONS = sorted(p.stem for p in ROOT.glob('notebooks/[0-9]*.ipynb'))
PAGES = sorted(str(p.relative_to(SITE)) for p in SITE.rglob('*.html')
               if '_static' not in p.parts)
ENGLISH = [p for p in PAGES if not p.startswith('zh/')]
CHINESE = [p for p in PAGES if p.startswith('zh/')]
# Chinese pages come from the templates and the code of the English ones: in
# the browser, one of each kind stands for them
SPREAD = [p for p in CHINESE if p.removeprefix('zh/') in (
    'index.html', '404.html', 'classroom/README.html', 'docs/start.html',
    'docs/glossary.html', 'docs/errata.html',
    'notebooks/02_softmax_regression.html',
    'notebooks/12_generalisation.html',
    'notebooks/16_costly_decisions.html',
    'notebooks/solutions/07_softmax_by_hand.html')]
every_page = pytest.mark.parametrize('page', PAGES)
both = pytest.mark.parametrize('top', ['', 'zh/'], ids=['en', 'zh'])


@functools.cache
def soup(page):
    """Return a page of the site, parsed."""
    return BeautifulSoup((SITE / page).read_text(encoding='utf-8'),
                         'html.parser')


def source(page):
    """Return the notebook that a page shows."""
    folder, _, name = page.removesuffix('.html').partition('notebooks/')
    return ROOT / 'notebooks' / folder / f'{name}.ipynb'
