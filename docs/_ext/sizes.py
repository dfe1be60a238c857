"""Sizes for images, so that no text jumps when they come."""
from pathlib import Path

import imagesize
from docutils import nodes


def size(app, doctree, docname):
    for node in doctree.findall(nodes.image):
        path = Path(app.srcdir, node['uri'])
        # Figures have 160 dots an inch, for sharp screens, and 80 are shown
        scale = 2 if imagesize.getDPI(path)[0] > 150 else 1
        for side, length in zip(('width', 'height'), imagesize.get(path),
                                strict=True):
            node[side] = str(int(length) // scale)


def setup(app):
    app.connect('doctree-resolved', size)
    return {'parallel_read_safe': True, 'parallel_write_safe': True}
