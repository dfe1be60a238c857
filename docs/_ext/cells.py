"""Cells of notebooks: addresses of their own, and no empty boxes.

A cell has its notebook's id for an anchor, #cell-..., as a heading might have
the id already. In the errata, `id` behind a link to a lesson leads there.
"""
import json
from pathlib import Path

from docutils import nodes


def starts(app, doctree):
    """Yield each cell of a page's notebook with the node it begins with."""
    path = Path(app.env.doc2path(app.env.docname))
    if path.suffix != '.ipynb':
        return
    cells = json.loads(path.read_text(encoding='utf-8'))['cells']
    seen = set()
    for node in doctree.findall(nodes.Element):
        index = node.get('cell_index')
        if index is None and isinstance(
                node, nodes.section | nodes.paragraph):
            # MyST-NB counts 10,000 lines for each cell of text, from 1 on
            index = (node.line or 0) // 10000 - 1
            if index < 0 or cells[index]['cell_type'] != 'markdown':
                continue
        if index is not None and index not in seen:
            seen.add(index)
            yield cells[index], node


def name(app, doctree):
    """Give cells the ids that they have in their notebook."""
    for cell, node in list(starts(app, doctree)):
        node['ids'].append(f'cell-{cell["id"]}')


def drop_blank(app, doctree, docname):
    """Show no box where a progress bar has wiped itself out."""
    for node in list(doctree.findall(nodes.literal_block)):
        if 'output' in node['classes'] and not node.astext().strip():
            node.parent.remove(node)


def link(app, doctree, docname):
    """Make links of the cells that the errata name behind a lesson."""
    if docname != 'docs/errata':
        return
    for entry in doctree.findall(nodes.entry):
        lesson = next(entry.findall(nodes.reference), None)
        for cell in list(entry.findall(nodes.literal)) if lesson else ():
            cell.replace_self(nodes.reference(
                '', '', cell.deepcopy(), internal=True,
                refuri=f'{lesson["refuri"]}#cell-{cell.astext()}'))


def setup(app):
    app.connect('doctree-read', name)
    app.connect('doctree-resolved', drop_blank)
    app.connect('doctree-resolved', link)
    return {'parallel_read_safe': True, 'parallel_write_safe': True}
