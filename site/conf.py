"""Sphinx's settings for the site; make site builds it."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import pages  # noqa: E402

project = pages.title().partition(':')[0]
author = copyright = 'the authors of the course'
language = 'en'
extensions = ['myst_nb', 'course']
exclude_patterns = ['_build']
nb_execution_mode = 'off'
nb_merge_streams = True
myst_enable_extensions = ['attrs_inline', 'colon_fence', 'dollarmath']
myst_heading_anchors = 3
html_math_renderer = 'mathml'

html_theme = 'sphinx_book_theme'
html_title = project
html_baseurl = pages.SITE
templates_path = ['_templates']
html_context = {'default_mode': 'light'}
html_static_path = ['_static']
html_css_files = ['course.css']
html_favicon = '_static/favicon.svg'
html_show_sphinx = False
html_use_index = False
html_theme_options = {
    'logo': {'text': project, 'alt_text': ''},
    'repository_url': pages.REPOSITORY,
    'use_repository_button': bool(pages.REPOSITORY),
    'launch_buttons': {'binderhub_url': 'https://mybinder.org'}
    if pages.REPOSITORY else {},
    'repository_branch': 'main',
    'path_to_docs': '',
    'use_fullscreen_button': False,
    'show_toc_level': 2,
    'max_navbar_depth': 1,
    'toc_title': 'On this page',
    'back_to_top_button': False,
    'pygments_light_style': 'a11y-high-contrast-light',
    'pygments_dark_style': 'a11y-high-contrast-dark',
    'footer_content_items': [],
    'navbar_persistent': [],         # the search stands in the sidebar
}
