"""Give points to texts in the browser: nbgrader's formgrader."""
import os

from classroom.assignment import HERE, GradeError


def serve(folder):
    """Become the formgrader of a class.

    Raises:
        GradeError: nothing is graded yet.
    """
    if not (folder / 'gradebook.db').exists():
        raise GradeError(f'{folder} has no gradebook: make grade first')
    # Not above: a learner's JupyterLab runs without one of the pins
    from tools import lab

    os.chdir(HERE.parent)
    # Where nbgrader finds its configuration, which reads the other
    os.environ |= {'JUPYTER_CONFIG_PATH': str(HERE), 'CLASS': str(folder)}
    lab.serve('jupyter_server', folder,
              '--ServerApp.default_url=/formgrader/gradebook',
              '--ServerApp.jpserver_extensions='
              "{'nbgrader.server_extensions.formgrader': True}")
