"""Let a page have an address that is not its place in the repository.

A Chinese page has the address of the English one, within the Chinese site.
The setting `addresses` maps places, without a suffix, to other addresses;
`editions` has the pages of each language, as patterns.
The 404 page is shown at any address: its links start from the site's root.
"""
from pathlib import Path

import sphinx.project
from docutils import nodes
from notfound.utils import replace_uris
from sphinx import addnodes

from docs._ext import wording
from tools.chinese import documents


class Project(sphinx.project.Project):
    """The documents of one language, each named after its address.

    A document of the other language has an address that leads there.
    """

    def __init__(self, app, language):
        super().__init__(app.srcdir, app.config.source_suffix)
        self.addresses = app.config.addresses
        self.language = language

    def path2doc(self, filename):
        place = super().path2doc(Path(self.srcdir, filename))
        if place is None:
            return None
        address = documents.english(place)
        chinese = address != place
        address = self.addresses.get(address, address)
        if chinese == (self.language == 'zh'):
            return address
        return wording.OTHER[self.language] + address


def use(app):
    """Look for documents with these addresses, and for the other language."""
    ours, theirs = wording.both(app)
    app.project = app.env.project = Project(app, ours)
    app.project.others = Project(app, theirs).discover(
        app.config.exclude_patterns, app.config.editions[theirs])


def cross(app, doctree):
    """Let a link to what only the other language has lead there."""
    prefix = wording.OTHER[wording.of(app)]
    for node in list(doctree.findall(addnodes.pending_xref)):
        target = node['reftarget']
        if (node['refdomain'] == 'doc' and target.startswith(prefix)
                and target.removeprefix(prefix) in app.project.others):
            uri = app.builder.get_relative_uri(app.env.docname, target)
            anchor = node['reftargetid']
            node.replace_self(nodes.reference(
                '', '', *node.children, internal=True,
                refuri=f'{uri}#{anchor}' if anchor else uri))


def source(app, pagename, templatename, context, doctree):
    """Offer a page's source under the page's name."""
    if context.get('page_source_suffix'):
        suffix = Path(app.env.doc2path(pagename)).suffix
        context['page_source_suffix'] = suffix
        context['sourcename'] = pagename + suffix


def root_links(app, doctree, docname):
    """Do for links in the 404 page's text what notfound does for others."""
    if docname == app.config.notfound_pagename:
        replace_uris(app, doctree, nodes.reference, 'refuri')


def setup(app):
    app.add_config_value('addresses', {}, 'env', dict)
    app.add_config_value('editions', {}, 'env', dict)
    app.connect('builder-inited', use)
    app.connect('doctree-read', cross)
    app.connect('doctree-resolved', root_links)
    app.connect('html-page-context', source)
    return {'parallel_read_safe': True, 'parallel_write_safe': True}
