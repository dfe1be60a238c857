"""Give MXNet's Linux arm64 build the libraries that its wheel leaves out.

    .venv/bin/python -m tools.arm64_libs

It was linked with Arm's performance libraries, and uses nothing in them that
SciPy's OpenBLAS, libm and libc do not have. MXNet looks beside itself first,
so four symbolic links are enough. On other machines this does nothing.
"""
import os
import platform
import sys
import sysconfig
from pathlib import Path

MISSING = 'libarmpl_lp64_mp.so', 'libamath.so', 'libastring.so'


def wanted():
    """Say whether this machine's build of MXNet needs the links."""
    return (platform.system(), platform.machine()) == ('Linux', 'aarch64')


def only(folder, pattern):
    """Return the one file of a folder whose name fits a pattern."""
    found = sorted(folder.glob(pattern))
    if len(found) != 1:
        sys.exit('%s: %d files %s, expected one: is SciPy 1.10.1 installed '
                 'from its wheel?' % (folder, len(found), pattern))
    return found[0]


def link(site):
    """Make the links in a folder of packages; return their paths."""
    libraries = site / 'scipy.libs'
    blas = only(libraries, 'libopenblas*.so')
    # OpenBLAS looks for its Fortran library beside the link, not the file
    fortran = only(libraries, 'libgfortran*.so*')
    targets = dict.fromkeys(MISSING, blas)
    targets[fortran.name] = fortran
    for name, target in targets.items():
        path = site / 'mxnet' / name
        if path.is_symlink():
            path.unlink()
        path.symlink_to(os.path.join('..', libraries.name, target.name))
    return [site / 'mxnet' / name for name in targets]


if __name__ == '__main__':
    if wanted():
        link(Path(sysconfig.get_paths()['purelib']))
