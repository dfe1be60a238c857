"""How nbgrader works here: see README.md beside this file."""
import os

import bleach
from nbconvert.filters import markdown2html

TAGS = {'a', 'blockquote', 'br', 'code', 'del', 'em', 'h1', 'h2', 'h3', 'h4',
        'hr', 'li', 'ol', 'p', 'pre', 'span', 'strong', 'sub', 'sup', 'table',
        'tbody', 'td', 'th', 'thead', 'tr', 'ul'}


def harmless(source):
    """Render Markdown: texts are students', and come to others' browsers."""
    return bleach.clean(markdown2html(source), tags=TAGS, strip=True,
                        attributes={'a': ['href'], 'span': ['class']},
                        protocols={'http', 'https', 'mailto'})


c = get_config()  # noqa: F821 -- nbgrader gives it
c.CourseDirectory.root = os.environ.get('CLASS', '')
# What the sandbox has run is nbgrader's input: it runs nothing itself
c.CourseDirectory.submitted_directory = 'executed'
c.Autograde.sanitize_preprocessors = [
    'nbgrader.preprocessors.OverwriteKernelspec',
    'nbgrader.preprocessors.OverwriteCells',
    'nbgrader.preprocessors.CheckCellMetadata']
c.Autograde.autograde_preprocessors = [
    'nbgrader.preprocessors.IgnorePattern',
    'nbgrader.preprocessors.LimitOutput',
    'nbgrader.preprocessors.SaveAutoGrades',
    'nbgrader.preprocessors.AssignLatePenalties',
    'nbgrader.preprocessors.CheckCellMetadata']
c.OverwriteCells.add_missing_cells = True
# A warning on stderr is no mistake
c.IgnorePattern.enabled = True
c.IgnorePattern.pattern = '(?s).*'
c.ClearSolutions.code_stub = {
    'python': '# YOUR CODE HERE\nraise NotImplementedError()'}
# Cleans what code printed, but no text
c.HTMLExporter.sanitize_html = True
c.HTMLExporter.filters = {'markdown2html': harmless}
# There is no server on which students fetch and hand in
c.Exchange.root = os.environ.get('CLASS', '')
