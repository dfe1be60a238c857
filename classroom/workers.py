"""Hand notebooks to workers: this machine's cores, or a cluster's."""
import contextlib
import itertools
import logging
import os
import tempfile

import dask
from distributed import Client, KilledWorker, LocalCluster, as_completed

from classroom import execute, sandbox
from classroom.assignment import GradeError


@contextlib.contextmanager
def _local():
    """Yield the client of a cluster of all cores of this machine."""
    with tempfile.TemporaryDirectory(prefix='d2l-') as scratch, \
            dask.config.set({'temporary-directory': scratch}), \
            LocalCluster(
                n_workers=os.cpu_count(), threads_per_worker=1,
                # Nobody else on this machine may give the workers orders
                security=True, dashboard_address='127.0.0.1:0',
                worker_dashboard_address='127.0.0.1:0', memory_limit=None,
                silence_logs=logging.CRITICAL) as cluster, \
            cluster.get_client() as client:
        yield client


@contextlib.contextmanager
def _remote(scheduler, unsafe):
    """Yield the client of a scheduler whose workers can do the work."""
    try:
        client = Client(scheduler, timeout=20)
    except (OSError, ValueError) as error:
        raise GradeError(f'{scheduler}: no Dask scheduler answers ({error}); '
                         'start one, or leave DASK out') from error
    with client:
        versions = client.run(execute.version)
        if not versions:
            raise GradeError(f'{scheduler} has no workers; start some')
        here = execute.version()
        for worker, version in versions.items():
            if version != here:
                raise GradeError(f'{worker} has another version of the course'
                                 ' than this machine: update it there, and '
                                 'start the worker again')
        if not unsafe:
            client.run(sandbox.check)
        yield client


def run(notebooks, unsafe, scheduler=None):
    """Run notebooks on all workers; yield each student and what came out.

    Args:
        notebooks: the JSON texts by student.
        unsafe: run them without a sandbox.
        scheduler: the address of a Dask scheduler, or None.

    Raises:
        GradeError: the scheduler has no workers with this version.
    """
    waiting = iter(notebooks.items())
    if not notebooks:
        return
    with (_remote(scheduler, unsafe) if scheduler else _local()) as client:
        tasks, done = {}, as_completed()

        def submit():
            # What the workers need next: the rest waits here
            room = 2 * sum(client.nthreads().values()) - len(tasks)
            for student, notebook in itertools.islice(waiting, max(room, 1)):
                task = client.submit(execute.execute, notebook, unsafe,
                                     pure=False)
                tasks[task] = student
                done.add(task)

        submit()
        for task in done:
            try:
                result = task.result()
            except KilledWorker as error:
                result = {'again': True, 'cause': 'the process that ran it '
                          f'died {error.allowed_failures + 1} times'}
            except Exception as error:
                result = {'again': True,
                          'cause': f'{type(error).__name__}: {error}'}
            yield tasks.pop(task), result
            submit()
