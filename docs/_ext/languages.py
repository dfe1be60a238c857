"""From each page to the same page in the other language.

A switch in the header, alternates for search engines in the head and in the
sitemap, and in the sidebar links to pages that only the other language has.
"""
import gettext
import re
from pathlib import Path
from urllib.parse import urljoin
from xml.etree import ElementTree

from docutils.statemachine import StringList
from sphinx.directives.other import TocTree
from sphinx.util import docname_join
from sphinx.util.nodes import explicit_title_re

from docs._ext import wording

SCHEME = 'other://'
SITEMAP = 'http://www.sitemaps.org/schemas/sitemap/0.9'
XHTML = 'http://www.w3.org/1999/xhtml'


class Contents(TocTree):
    """A toctree that may name pages that only the other language has."""

    def run(self):
        self.content = StringList([self.entry(line) for line in self.content])
        return super().run()

    def entry(self, line):
        explicit = explicit_title_re.match(line)
        name = docname_join(self.env.docname, explicit[2] if explicit
                            else line)
        if name in self.env.found_docs or name not in self.env.project.others:
            return line
        return f'{explicit[1] if explicit else name} <{SCHEME}{name}>'


class Chinese(gettext.NullTranslations):
    """The theme's words that nobody has translated there."""

    def gettext(self, message):
        return wording.THEME.get(message, message)


def translate(app):
    if wording.of(app) == 'zh':
        app.translator.add_fallback(Chinese())


def twin(app, page):
    """Return a page's address in the other language, or its first page's."""
    return wording.OTHER[wording.of(app)] + (
        page if page in app.project.others else 'index')


def alternates(app, page):
    """Return tag and whole address of a page in both languages."""
    ours, theirs = wording.both(app)
    root = app.config.site_url
    if page not in app.project.others or page == '404':
        return []
    uri = app.builder.get_target_uri
    return [(wording.TAG[ours], urljoin(root, uri(page))),
            (wording.TAG[theirs], urljoin(root, uri(twin(app, page))))]


def offer(app, pagename, templatename, context, doctree):
    """Give the templates what they need for the switch and the search."""
    (ours, theirs), pathto = wording.both(app), context['pathto']
    same = pagename in app.project.others
    context['switch'] = {
        'href': pathto(twin(app, pagename)), 'tag': wording.TAG[theirs],
        'text': wording.WORDS[ours]['switch'],
        'tip': wording.WORDS[ours]['switch tip' + ' home' * (not same)]}
    context['alternates'] = alternates(app, pagename)
    context['pagefind'] = pathto(
        '../' * (ours == 'zh') + 'pagefind/', 1)
    toctree = context['toctree']

    def linked(**options):
        return re.sub(
            f'external" href="[^"]*{SCHEME}([^"]*)',
            lambda found: 'internal" href="' + pathto(
                wording.OTHER[ours] + found[1]), toctree(**options) or '')

    context['toctree'] = linked


def launch(app, pagename, templatename, context, doctree):
    """Let Binder open the Chinese notebook from its Chinese page."""
    if wording.of(app) == 'zh':
        for group in context['header_buttons']:
            for button in group.get('buttons', ()):
                if 'url' in button:
                    button['url'] = button['url'].replace(
                        '=tree/notebooks/', '=tree/notebooks/zh/')


def complete(app, exception):
    """Name the alternates in the sitemap."""
    if exception:
        return
    for prefix, namespace in ('', SITEMAP), ('xhtml', XHTML):
        ElementTree.register_namespace(prefix, namespace)
    path = Path(app.outdir, app.config.sitemap_filename)
    tree = ElementTree.parse(path)
    for url in tree.getroot():
        page = url[0].text.removeprefix(app.config.site_url)
        for tag, address in alternates(app, page.removesuffix('.html')):
            ElementTree.SubElement(url, f'{{{XHTML}}}link', rel='alternate',
                                   hreflang=tag, href=address)
    tree.write(path, xml_declaration=True, encoding='utf-8')


def setup(app):
    app.add_directive('toctree', Contents, override=True)
    app.connect('builder-inited', translate)
    # Between notfound, whose 404 page has links of its own, and the theme
    app.connect('html-page-context', offer)
    # The theme makes the buttons at 501
    app.connect('html-page-context', launch, priority=502)
    app.connect('build-finished', complete, priority=900)
    return {'parallel_read_safe': True, 'parallel_write_safe': True}
