"""Settings under which machines compute the same numbers.

Import this before a kernel starts: kernels inherit the environment.
"""
import atexit
import os
import platform
import shutil
import sys
import tempfile

PINS = {
    # Convolutions add up in another order on several threads
    'OMP_NUM_THREADS': '1',
    'PYTHONHASHSEED': '0',
    # No dates in figures
    'SOURCE_DATE_EPOCH': '0',
}
# What learners do without: lesson 14 takes nearly half as long again with it,
# and its numbers differ from the stored ones as a new seed's would
CHECKS_ONLY = 'DNNL_MAX_CPU_ISA'

if platform.machine() == 'aarch64':
    # One kernel of OpenBLAS for all of them
    PINS['OPENBLAS_CORETYPE'] = 'ARMV8'
else:
    # MXNet's OpenBLAS does not know newer cores, and falls back to a slow one
    PINS['OPENBLAS_CORETYPE'] = 'Haswell'
    # Dense layers round differently with AVX-512
    PINS[CHECKS_ONLY] = 'AVX2'

os.environ.update(PINS)


def folder(name):
    """Return a folder of the environment, or a copy that can be written."""
    path = os.path.join(sys.prefix, name)
    if os.access(sys.prefix, os.W_OK):
        os.makedirs(path, exist_ok=True)
        return path
    copy = os.path.join(tempfile.mkdtemp(), name)
    atexit.register(shutil.rmtree, os.path.dirname(copy), ignore_errors=True)
    if os.path.isdir(path):
        shutil.copytree(path, copy)
    return copy


# Kernels write below the home, as their user's or another's
if not os.access(os.path.expanduser('~'), os.W_OK | os.X_OK):
    os.environ['HOME'] = folder('home')


def leave_out_settings():
    """Keep this user's settings out of the kernels that check lessons.

    A startup file of IPython, its option to show every expression, or a font
    in a matplotlibrc would change what a sound lesson shows.
    """
    settings = folder('settings')
    os.environ.update(
        IPYTHONDIR=settings, MATPLOTLIBRC=os.devnull, MPLCONFIGDIR=settings,
        # A kernel of that name in the user's home is another Python's
        JUPYTER_PREFER_ENV_PATH='1')
    for name in 'MPLBACKEND', 'JUPYTER_PATH':
        os.environ.pop(name, None)


if __name__ == '__main__':
    # make setup runs this. The list of fonts takes a while, and matplotlib
    # says so in the lesson that happens to be the first
    leave_out_settings()
    import matplotlib.font_manager  # noqa: F401
