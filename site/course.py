"""What the site adds to Sphinx: formulas, folds, heads and sizes."""
import html
import json
import re
import shutil
from pathlib import Path

import formulas
import pages
from docutils import nodes
from PIL import Image
from pygments.lexers.special import TextLexer

# For addresses that must be absolute: as a last resort, make site-serve's
SITE = pages.SITE or 'http://127.0.0.1:8000'


# Formulas: MathML, which browsers draw themselves ---------------------------

def visit_inline(self, node):
    self.body.append(formulas.mathml(node.astext()))
    raise nodes.SkipNode


def visit_block(self, node):
    self.body.append('<div class="formula">'
                     + formulas.mathml(node.astext(), 'block') + '</div>')
    raise nodes.SkipNode


# Solutions: the question, then the answer behind a click --------------------

class Details(nodes.General, nodes.Element):
    """What stays folded until its summary is clicked."""


def visit_details(self, node):
    self.body.append('<details class="solution"><summary>Show the solution '
                     f'of {node["of"]}</summary>\n')


def depart_details(self, node):
    self.body.append('</details>\n')


def fold_solutions(app, doctree):
    if not app.env.docname.startswith('notebooks/solutions/'):
        return
    for section in list(doctree.findall(nodes.section)):
        if section[0].astext().startswith('Exercise '):
            title, question, *body = section.children
            section.children = [title, question]
            section += Details('', *body, of=title.astext().lower())


def name_cells(app, doctree):
    """Give code cells the ids that they have in their notebook.

    Links name them #cell-..., as a heading might have the id already.
    """
    path = Path(app.env.doc2path(app.env.docname))
    if path.suffix == '.ipynb':
        cells = json.loads(path.read_text())['cells']
        for node in doctree.findall(nodes.container):
            if 'cell_index' in node:
                node['ids'].append(f'cell-{cells[node["cell_index"]]["id"]}')


def drop_blank(app, doctree, docname):
    """Show no box where a progress bar has wiped itself out."""
    for node in list(doctree.findall(nodes.literal_block)):
        if 'output' in node['classes'] and not node.astext().strip():
            node.parent.remove(node)


# Pages ----------------------------------------------------------------------

def describe(app, pagename, templatename, context, doctree):
    """Give a page what search engines and social networks ask for."""
    purposes = {f'notebooks/{stem}': f'You learn to {purpose}.'
                for _, stem, purpose, _ in pages.lessons()}
    description = purposes.get(pagename, ' '.join(pages.lead().split()))
    title = re.sub('<.*?>', '', context.get('title', app.config.project))
    properties = {
        'og:title': html.unescape(title),
        'og:description': description, 'og:type': 'website',
        'og:site_name': app.config.project,
        'og:url': f'{SITE}/{pagename}.html',
        'og:image': f'{SITE}/_static/card.png',
        'og:image:alt': description,
        'og:image:width': '1200', 'og:image:height': '630'}
    tags = [f'<meta name="description" content="{html.escape(description)}">',
            '<meta name="twitter:card" content="summary_large_image">']
    tags += [f'<meta property="{name}" content="{html.escape(value)}">'
             for name, value in properties.items()]
    context['metatags'] = '\n'.join([context.get('metatags', ''), *tags])


def size_images(app, pagename, templatename, context, doctree):
    """Write the size of each image, so that no text jumps when it comes."""
    paths = {name: path for path, name in app.builder.images.items()}

    def sized(match):
        image = Image.open(Path(app.srcdir, paths[match[1]]))
        # Figures have 160 dots an inch, for sharp screens, and 80 are shown
        scale = 2 if image.info.get('dpi', (0,))[0] > 150 else 1
        width, height = (side // scale for side in image.size)
        return f'{match[0]} width="{width}" height="{height}"'

    if 'body' in context:
        context['body'] = re.sub(
            r'<img [^>]*?src="[^"]*_images/([^"]+)"', sized, context['body'])


def finish(app, exception):
    """Write what crawlers ask for, and a 404 page that works anywhere."""
    if exception:
        return
    out = Path(app.outdir)
    found = sorted(app.env.found_docs - {'404'})
    (out / 'sitemap.xml').write_text(
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
        + ''.join(f'<url><loc>{SITE}/{page}.html</loc></url>\n'
                  for page in found) + '</urlset>\n')
    (out / 'robots.txt').write_text(
        f'User-agent: *\nAllow: /\nSitemap: {SITE}/sitemap.xml\n')
    # Shown at any address, so its links start from the site's root
    path = re.sub(r'https?://[^/]+', '', SITE) + '/'
    page = (out / '404.html').read_text()
    (out / '404.html').write_text(
        page.replace('href="#', 'href="404.html#').replace(
            '<head>', f'<head><base href="{path}">', 1))
    shutil.copyfile(Path(app.srcdir, 'card.png'), out / '_static/card.png')
    formulas.subset(out)


def setup(app):
    app.add_html_math_renderer('mathml', (visit_inline, None),
                               (visit_block, None))
    app.add_lexer('csv', TextLexer)     # Pygments knows no other
    app.add_node(Details, html=(visit_details, depart_details))
    app.connect('doctree-read', name_cells)
    app.connect('doctree-read', fold_solutions)
    app.connect('doctree-resolved', drop_blank)
    app.connect('html-page-context', describe)
    app.connect('html-page-context', size_images)
    app.connect('build-finished', finish)
    return {'parallel_read_safe': True, 'parallel_write_safe': True}
