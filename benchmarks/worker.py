"""Hold one contestant, and run it each time the benchmark says so.

    python -m benchmarks.worker benchmarks.course read '{"batch_size": 256}'

A contestant is a function that prepares all that is not to be timed, and
returns a function that does the timed work once. What that returns says what
was done, so that the benchmark can see that all contestants did the same.
"""
import gc
import importlib
import json
import os
import sys
import time


def main(module, name, settings):
    # What a loop prints must not be taken for an answer
    answers, sys.stdout = sys.stdout, open(os.devnull, 'w')  # noqa: SIM115

    def answer(**values):
        print(json.dumps(values), file=answers, flush=True)

    contestant = getattr(importlib.import_module(module), name)
    run = contestant(**json.loads(settings))
    answer(ready=True)
    for _ in sys.stdin:
        gc.collect()
        start, cpu = time.perf_counter(), time.process_time()
        done = run()
        seconds = time.perf_counter() - start
        answer(seconds=seconds, cpu=time.process_time() - cpu, done=done)


if __name__ == '__main__':
    main(*sys.argv[1:])
