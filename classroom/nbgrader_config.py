"""How nbgrader works here: see README.md beside this file."""
c = get_config()  # noqa: F821 -- nbgrader gives it
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
# Answers are a student's: they must not run in the teacher's browser
c.HTMLExporter.sanitize_html = True
