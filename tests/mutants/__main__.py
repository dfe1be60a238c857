"""Print what the self-checks miss: python -m tests.mutants [NN]."""
import sys

from tests.mutants.run import LESSONS, attempt_all, held_functions


def main(number=''):
    names = [name for name in LESSONS if name.startswith(number)]
    if not names:
        sys.exit(f'no lesson begins with {number!r}')
    held = [h for name in names for h in held_functions(name)]
    for h in held:
        if not h.check:
            print(f'{h.lesson} {h.function}: no self-check names it')
    states, broken = [], 0
    for h, outcomes in attempt_all([h for h in held if h.check]):
        if isinstance(outcomes, BaseException):
            print(f'{h.lesson} {h.function}: {outcomes}')
            broken += 1
            continue
        states += [o.state for o in outcomes]
        lost = [o for o in outcomes if o.state != 'found']
        print(f'{h.lesson} {h.function}: {len(outcomes) - len(lost)} of '
              f'{len(outcomes)} found by {h.check}', flush=True)
        for o in lost:
            print(f'    {o.state}: {o.what}'
                  + (f' ({o.message[:60]})' if o.message else ''))
    print(f'{states.count("found")} of {len(states)} wrong versions found')
    return bool(broken)


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
