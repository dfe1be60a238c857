"""How tests are dealt to processes: a file to one, some in parts."""
import re

import pytest
from xdist.scheduler import LoadFileScheduling

#: Of these, what is of one lesson or assignment stays together (the first
#: word of its parameters, or its name), as it shares what it computes.
#: xdist's own groups by marks do nothing beside pytest 9.2 (xdist #1386).
IN_PARTS = ('classroom/test_agrees_with_nbgrader.py',
            'classroom/test_assignments.py', 'd2lutils/test_launch.py',
            'd2lutils/test_launch_ends.py', 'mutants/test_mutants.py',
            'notebooks/test_self_checks.py')


class InParts(LoadFileScheduling):
    """Deal out files, and parts of those that would keep all waiting."""

    def _split_scope(self, nodeid):
        path, _, test = nodeid.partition('::')
        part = re.match(r'(?:.*?\[)?(\w*)', test)[1]
        return f'{path}::{part}' if path.endswith(IN_PARTS) else path


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Use it where files would be dealt out."""
    if config.getvalue('dist') == 'loadfile':
        return InParts(config, log)
