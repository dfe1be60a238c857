"""How nbgrader works here: see README.md beside this file."""
import os

from nbgrader.server_extensions.formgrader import handlers

from classroom import images
from classroom.assignment import HERE

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
c.GenerateFeedback.preprocessors = [
    'nbgrader.preprocessors.GetGrades',
    'classroom.feedback.HideTests',
    'nbconvert.preprocessors.CSSHTMLHeaderPreprocessor']
c.GenerateFeedback.exporter_class = 'classroom.feedback.StudentPage'
c.StudentPage.template_name = 'student'
c.StudentPage.template_file = 'page.html.j2'
c.StudentPage.extra_template_basedirs = [str(HERE / 'templates'),
                                         handlers.template_path]
# Cleans what code printed, but no text
c.HTMLExporter.sanitize_html = True
c.HTMLExporter.filters = {'markdown2html': images.harmless}
# There is no server on which students fetch and hand in
c.Exchange.root = os.environ.get('CLASS', '')
