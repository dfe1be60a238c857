"""Worked solutions: the question, then the answer behind a click."""
import re

from docutils import nodes

from docs._ext import wording


class Details(nodes.General, nodes.Element):
    """What stays folded until its summary is clicked."""


def visit_details(self, node):
    self.body.append('<details class="solution"><summary>'
                     f'{node["summary"]}</summary>\n')


def depart_details(self, node):
    self.body.append('</details>\n')


def fold(app, doctree):
    if not app.env.docname.startswith('notebooks/solutions/'):
        return
    for section in list(doctree.findall(nodes.section)):
        number = re.match(r'(?:Exercise|练习) (\d+)', section[0].astext())
        if number:
            title, question, *body = section.children
            section.children = [title, question]
            said = wording.WORDS[wording.of(app)]
            section += Details('', *body, summary=said['solution'].format(
                number[1]))


def setup(app):
    app.add_node(Details, html=(visit_details, depart_details))
    app.connect('doctree-read', fold)
    return {'parallel_read_safe': True, 'parallel_write_safe': True}
