"""The lessons of notebooks/toc.yml: in the sidebar, and as cards.

```{lesson-toc} notebooks/solutions     a toctree of this folder's lessons
```{lesson-cards}                       a list with purposes and minutes
"""
from docutils.statemachine import StringList
from sphinx.directives.other import TocTree
from sphinx.util.docutils import SphinxDirective

from docs._ext import wording
from tools import toc


class LessonToc(TocTree):
    """A toctree of a folder's lessons, numbered, under their short titles."""
    has_content = False
    required_arguments = 1

    def run(self):
        folder, = self.arguments
        self.content = StringList([
            f'{lesson.number} {lesson.title} </{folder}/{lesson.file}>'
            for lesson in toc.lessons(wording.of(self))])
        return super().run()


class LessonCards(SphinxDirective):
    """The lessons with what they are for; the style makes cards of them."""

    def run(self):
        language = wording.of(self)
        folder = toc.TABLES[language][1]
        minutes = wording.WORDS[language]['minutes']
        return self.parse_text_to_nodes('\n'.join([
            ':::{container} lessons',
            *(f'- [{lesson.number}]{{.number}} '
              f'[{lesson.title}](/{folder}/{lesson.file}.ipynb)\n'
              f'  {lesson.purpose}\n'
              f'  [{minutes.format(lesson.minutes)}]{{.minutes}}'
              for lesson in toc.lessons(language)),
            ':::']))


def setup(app):
    app.add_directive('lesson-toc', LessonToc)
    app.add_directive('lesson-cards', LessonCards)
    return {'parallel_read_safe': True, 'parallel_write_safe': True}
