"""Serves one implementation of a workload to the runner: `serve.py WORKLOAD IMPLEMENTATION VARIANT THREADS`.

The workload is a script in the style of `harness.py`, whose `run` and `cpp` are replaced here: instead of measuring once and
ending, the process says that it is ready, with its check, and then measures for as many seconds as each line on its
input says. So peers that take long to start can be measured by turns, a moment each.

    {"check": [...], "setup": seconds}      or      {"missing": "what is not installed"}
    {"seconds": of a step}                          after each line
"""
import json, os, runpy, statistics, sys, time

WORKLOAD, IMPLEMENTATION, VARIANT, THREADS = sys.argv[1:5]
sys.argv = [sys.argv[0], "--impl", IMPLEMENTATION, "--variant", VARIANT, "--threads", THREADS]
import harness

SAMPLE = 0.004  # seconds


def say(**message):
    print(json.dumps(message), flush=True)


class Program:
    """A C++ program, which measures itself for as long as it is told."""

    def __init__(self, source, arguments, flags=None):
        self.run = lambda seconds: build_and_run(source, [arguments[0], seconds] + arguments[2:], flags)
        self.check = self.run(0.001)["check"]

    def measure(self, seconds):
        return self.run(seconds)["median_s_per_step"]


class Steps:
    """A function that does a number of steps."""

    def __init__(self, step, check):
        self.step, self.count = step, 1
        step(1)
        step(1)
        self.check = harness.fl(check()) if check else None
        taken = self.sample()
        while taken * self.count < SAMPLE / 2:
            self.count = max(self.count + 1, int(SAMPLE / max(taken, 1e-9)))
            taken = self.sample()

    def sample(self):
        start = time.perf_counter()
        self.step(self.count)
        return (time.perf_counter() - start) / self.count

    def measure(self, seconds):
        end = time.perf_counter() + seconds
        samples = [self.sample() for _ in range(3)]
        while time.perf_counter() < end:
            samples.append(self.sample())
        return statistics.median(samples)


def serve(workload, variants, implementations, element="f32"):
    start = time.perf_counter()
    try:
        made = implementations[IMPLEMENTATION](VARIANT, element)
    except (ImportError, FileNotFoundError) as absent:
        return say(missing=str(absent))
    measured = made if isinstance(made, Program) else Steps(made[0], made[1])
    say(check=measured.check, setup=time.perf_counter() - start)
    for line in sys.stdin:
        say(seconds=measured.measure(float(line)))


build_and_run = harness.cpp
harness.cpp, harness.run = Program, serve
runpy.run_path(os.path.join(harness.HERE, WORKLOAD + ".py"), run_name="__main__")
