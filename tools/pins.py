"""Settings under which x86-64 machines compute the same numbers.

Import this before a kernel starts: kernels inherit the environment.
"""
import os

PINS = {
    # Convolutions add up in another order on several threads
    'OMP_NUM_THREADS': '1',
    # MXNet's OpenBLAS does not know newer cores, and falls back to a slow one
    'OPENBLAS_CORETYPE': 'Haswell',
    # Dense layers round differently with AVX-512
    'DNNL_MAX_CPU_ISA': 'AVX2',
    'PYTHONHASHSEED': '0',
    # No dates in figures
    'SOURCE_DATE_EPOCH': '0',
}

# What learners do without: lesson 12 takes nearly half as long again with it,
# and its numbers differ from the stored ones as a new seed's would
CHECKS_ONLY = 'DNNL_MAX_CPU_ISA'

os.environ.update(PINS)
