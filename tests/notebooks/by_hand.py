"""What the tests of functions written by hand share."""
import functools
from types import SimpleNamespace

from hypothesis import settings
from hypothesis import strategies as st

from tools.lessons import Lesson

quick = settings(deadline=None, max_examples=30)
seeds = st.integers(0, 2**32 - 1)


@functools.cache
def lesson(name, *names):
    """Load what a lesson defines, once."""
    found = Lesson(name).load(*names)
    return SimpleNamespace(**dict(zip(names, found, strict=True)))
