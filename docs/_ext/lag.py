"""Notes where the Chinese edition lags behind the English one.

A cell or a section that is not translated, or whose English has changed
since, says so, with a link to the English.
"""
from pathlib import Path

from docutils import nodes

from docs._ext import cells, wording
from tools.chinese import documents


def state(known, english):
    """Return how a translation lags behind; None where it does not.

    Args:
        known: the digests of the texts that it translates, '' for none.
        english: the digests of the English texts of today.
    """
    if '' in known:
        return 'untranslated'
    return None if known == english else 'stale'


def note(app, what, anchor=''):
    """Return a note on a piece of a page, with a link to the English."""
    page = app.env.docname
    said = wording.WORDS['zh']
    english = app.builder.get_relative_uri(
        page, wording.OTHER['zh'] + page) + anchor
    link = nodes.reference('', said['original'], internal=True,
                           refuri=english)
    return nodes.container('', nodes.paragraph(
        '', said[what], link), classes=['lag'])


def mark_cells(app, doctree, path):
    english = {cell.id: cell for cell in documents.notebook(path).cells}
    for cell, node in list(cells.starts(app, doctree)):
        known = cell['metadata'].get('translates')
        if not known or cell['id'] not in english:
            continue
        what = state(known, [unit.digest for unit in documents.cell_units(
            english[cell['id']])])
        if not what:
            continue
        said = note(app, what, f'#cell-{cell["id"]}')
        if isinstance(node, nodes.section):
            node.insert(1, said)
        else:
            node.parent.insert(node.parent.index(node), said)


def mark_sections(app, doctree, path):
    today = {unit.digest for unit, in documents.read(path).values()}
    for node in list(doctree.findall(nodes.raw)):
        known = documents.MARK.fullmatch(node.astext().strip() + '\n')
        what = known and state([known[1]], [known[1]] * (known[1] in today))
        if what:
            node.replace_self(note(app, what))


def mark(app, doctree):
    """Put notes into a Chinese page."""
    if wording.of(app) != 'zh':
        return
    place = Path(app.env.doc2path(app.env.docname)).relative_to(app.srcdir)
    path = Path(app.srcdir, documents.english(place.as_posix()))
    if not path.is_file():
        return
    if path.suffix == '.ipynb':
        mark_cells(app, doctree, path)
    else:
        mark_sections(app, doctree, path)


def setup(app):
    # When the solutions are folded
    app.connect('doctree-read', mark, priority=900)
    return {'parallel_read_safe': True, 'parallel_write_safe': True}
