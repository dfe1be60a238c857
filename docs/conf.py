"""Sphinx's settings for the course's site, whose source is the repository.

`make site` builds it. English pages lie at the root of docs/_build/html; the
Chinese ones, built with the tag zh, in html/zh, at the same addresses.
"""
import os
from urllib.parse import urlsplit

from pygments.lexers.special import TextLexer

from docs._ext.wording import LANGUAGE, OTHER, WORDS

edition = 'zh' if tags.has('zh') else 'en'         # noqa: F821
said = WORDS[edition]
# Where the site will stand; as a last resort, where make site-serve shows it
site_url = os.environ.get(
    'SITE_URL', 'http://127.0.0.1:8000').rstrip('/') + '/'
if edition == 'zh':
    site_url += OTHER['en']
# Where the repository can be read, and whether Binder may be offered for it
repository = os.environ.get('REPOSITORY_URL', '').rstrip('/')

project = said['project']
author = copyright = 'the authors of the course'
language = LANGUAGE[edition]
extensions = [
    'myst_nb', 'notfound.extension', 'sphinx_copybutton', 'sphinx_sitemap',
    'sphinxext.opengraph',
    *(f'docs._ext.{name}' for name in (
        'addresses', 'cells', 'formulas', 'cards', 'editions', 'lag',
        'languages', 'robots', 'sizes', 'solutions'))]
editions = {
    'en': ['docs/*.md', 'notebooks/[0-9]*.ipynb',
           'notebooks/solutions/[0-9]*.ipynb', 'classroom/README.md',
           'CONTRIBUTING.md'],
    'zh': ['docs/zh/*.md', 'notebooks/zh/[0-9]*.ipynb',
           'notebooks/zh/solutions/[0-9]*.ipynb', 'classroom/README.zh.md']}
include_patterns = editions[edition]
# These are not even looked through
exclude_patterns = ['.*', '**/.*', 'd2lutils', 'dist', 'docs/_build', 'tests',
                    'classroom/class', 'classroom/hub', 'classroom/source']
root_doc = 'index'
addresses = {'docs/index': 'index', 'docs/404': '404'}

nb_execution_mode = 'off'
nb_merge_streams = True
nb_code_prompt_show, nb_code_prompt_hide = said['show'], said['hide']
myst_enable_extensions = ['attrs_inline', 'colon_fence', 'dollarmath',
                          'substitution']
myst_heading_anchors = 3
myst_substitutions = {
    'binder': said['binder' if repository else 'no binder']}
html_math_renderer = 'mathml'
# What is worth copying: code and commands, not what they print
copybutton_selector = 'div.cell_input pre, div.highlight-sh pre'

html_baseurl = site_url if 'SITE_URL' in os.environ else ''
notfound_urls_prefix = urlsplit(site_url).path
sitemap_url_scheme = '{link}'
sitemap_excludes = ['404.html']
ogp_site_url = site_url
ogp_image = f'{site_url}_static/card.png'
ogp_image_alt = said['card']
ogp_custom_meta_tags = [
    '<meta property="og:image:width" content="1200">',
    '<meta property="og:image:height" content="630">',
    '<meta name="twitter:card" content="summary_large_image">']

html_theme = 'sphinx_book_theme'
html_title = project
templates_path = ['_templates']
html_context = {'default_mode': 'light'}
html_static_path = ['_static']
html_css_files = ['course.css']
html_favicon = '_static/favicon.svg'
html_show_sphinx = False
html_scaled_image_link = False      # no link from a picture to itself
html_use_index = False
html_theme_options = {
    'logo': {'text': project, 'alt_text': ''},
    'repository_url': repository,
    'use_repository_button': bool(repository),
    'launch_buttons': {'binderhub_url': 'https://mybinder.org'}
    if repository else {},
    'repository_branch': 'main',
    'path_to_docs': '',
    'use_fullscreen_button': False,
    'show_toc_level': 2,
    'max_navbar_depth': 1,
    'toc_title': said['contents'],
    'back_to_top_button': False,
    'pygments_light_style': 'a11y-high-contrast-light',
    'pygments_dark_style': 'a11y-high-contrast-dark',
    'footer_content_items': [],
    'navbar_persistent': [],         # the search stands in the sidebar
    'disable_search': True,          # Sphinx's own: Pagefind has its dialog
    'article_header_end': ['language.html', 'article-header-buttons.html'],
}


def no_search(app):
    """Let Sphinx write no index of its own."""
    app.builder.search = False


def setup(app):
    app.connect('builder-inited', no_search)
    app.add_lexer('csv', TextLexer)     # Pygments knows no other
