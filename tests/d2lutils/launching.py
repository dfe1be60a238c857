"""Jobs of d2lutils.launch, for the tests that start some."""
import re
import subprocess
import sys
from pathlib import Path

import pytest
from mxnet import npx

from d2lutils import launch as launcher

ROOT = Path(__file__).parents[2]
WORKER = ROOT / 'd2lutils/dist_worker.py'
STEPS = '--num_examples=12800', '--num_epochs=1'      # 50 of 256
needs_store = pytest.mark.skipif(not launcher.has_store(),
                                 reason=launcher.WITHOUT)
LAUNCH = sys.executable, '-m', 'd2lutils.launch'


def start(*arguments, **options):
    return subprocess.Popen([*map(str, (*LAUNCH, *arguments))], text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            **options)


def launch(*arguments, **options):
    """Run a job to its end; return its exit status, output and errors."""
    job = start(*arguments, **options)
    try:
        out, err = job.communicate(timeout=100)
    finally:
        job.kill()
    return job.returncode, out, err


def weights(folder, epoch=1):
    return {name: array.asnumpy() for name, array in
            npx.load(str(folder / f'epoch-{epoch:03d}.params')).items()}


def digests(out):
    return re.findall(r'^worker \d \| rank \d of \d ends with weights (\w+)$',
                      out, re.M)
