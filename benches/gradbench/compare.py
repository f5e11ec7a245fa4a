"""ndc against the hand-written C++ of GradBench, the tool `manual`, through GradBench's own evals.

    python3 benches/gradbench/compare.py --gradbench CHECKOUT TOOL [EVAL [ARGUMENT …]]

`CHECKOUT` is a checkout of gradbench/gradbench whose tool `manual` is built (`make -C cpp && make -C tools/manual`), `TOOL` the
program `target/release/examples/gradbench`. Without an eval, all are run. Each evaluation that an eval asks for is given to both
tools in turn, several times, and the eval validates what ndc answers. Printed is a table of the least time of a run of each.
Needs the Python packages that GradBench's evals need: numpy, scipy, pydantic, dataclasses-json.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

EVALS = {
    "hello": [],
    "gmm": ["-d", "2", "10", "20", "32", "-k", "5", "25", "50"],
    "ba": ["--max", "6"],
    "ht": ["--max", "6"],
    "lstm": [],
    "kmeans": [],
    "llsq": [],
    "lse": [],
    "ode": [],
    "det": ["-l", "5", "6", "7", "8", "9", "10"],
    "particle": [],
    "saddle": [],
}
WITHOUT_SECONDS = ["hello"]


class Tool:
    """ndc, as a process that answers messages."""

    def __init__(self, path):
        self.process = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def answer(self, message):
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


def manual(checkout, message):
    """What the tool `manual` answers, or nothing."""
    sys.path.insert(0, str(checkout / "python/gradbench"))
    from gradbench import cpp

    program = checkout / "tools/manual/bin" / message["module"]
    if not program.exists():
        return None
    import os

    here = os.getcwd()
    os.chdir(checkout)
    try:
        names = ("module", "function", "input")
        return cpp.evaluate(tool="manual", **{name: message[name] for name in names})
    finally:
        os.chdir(here)


def least(answer):
    times = [each["nanoseconds"] for each in (answer or {}).get("timings", []) if each["name"] == "evaluate"]
    return min(times, default=None)


def run(checkout, path, name, arguments, turns):
    """All evaluations of an eval: rows of the table, and how many were valid."""
    command = [sys.executable, "-m", f"gradbench.evals.{name}.run", *arguments]
    environment = {"PYTHONPATH": str(checkout / "python/gradbench"), "PATH": "/usr/bin:/bin"}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    evaluation = subprocess.Popen(command, cwd=checkout, env=environment, **pipes)
    tool = Tool(path)
    rows, valid, asked = [], 0, 0
    for line in evaluation.stdout:
        message = json.loads(line)
        if message["kind"] == "end":
            break
        answer = tool.answer(message)
        if message["kind"] == "evaluate":
            asked += 1
            if not answer["success"]:
                print(f"{name} {message['function']}: {answer['error']}", file=sys.stderr)
            times = [(least(answer), least(manual(checkout, message)))]
            if times[0][1] is not None:
                for _ in range(turns - 1):
                    times.append((least(tool.answer(message)), least(manual(checkout, message))))
            ours, theirs = (min((each for each in turn if each), default=None) for turn in zip(*times))
            rows.append((name, message.get("description", ""), message["function"], ours, theirs))
            print(*rows[-1], file=sys.stderr, flush=True)
        if message["kind"] == "analysis":
            valid += message["valid"]
            if not message["valid"]:
                print(f"{name}: {message['error']}", file=sys.stderr)
        evaluation.stdin.write(json.dumps(answer) + "\n")
        evaluation.stdin.flush()
    return rows, valid, asked


def time_text(nanoseconds):
    if nanoseconds is None:
        return ""
    for unit, size in (("ns", 1e3), ("µs", 1e6), ("ms", 1e9), ("s", 1e12)):
        if nanoseconds < size:
            return f"{nanoseconds / size * 1e3:.3g} {unit}"


def table(rows):
    """A row for each size: value, derivative, and the ratio of their totals."""
    sizes = {}
    for name, size, function, ours, theirs in rows:
        sizes.setdefault((name, size), []).append((function, ours, theirs))
    print("| eval | size | value: ndc | manual | derivative: ndc | manual | ratio of totals |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for (name, size), functions in sizes.items():
        if len(functions) != 2 or any(each is None for _, *both in functions for each in both):
            continue
        total = [sum(each[which] for each in functions) for which in (1, 2)]
        times = [time_text(each[which]) for each in functions for which in (1, 2)]
        print("|", " | ".join([name, size, *times, f"{total[0] / total[1]:.2f}"]), "|")


def main():
    arguments = argparse.ArgumentParser(usage=__doc__)
    arguments.add_argument("--gradbench", type=Path, required=True)
    arguments.add_argument("--turns", type=int, default=2)
    arguments.add_argument("--min-seconds", default="0.1")
    arguments.add_argument("tool")
    arguments.add_argument("eval", nargs="?")
    arguments.add_argument("arguments", nargs=argparse.REMAINDER)
    asked = arguments.parse_args()
    evals = {asked.eval: asked.arguments or EVALS[asked.eval]} if asked.eval else EVALS
    rows, counts = [], []
    for name, words in evals.items():
        seconds = [] if name in WITHOUT_SECONDS else ["--min-seconds", asked.min_seconds]
        more, valid, count = run(asked.gradbench.resolve(), asked.tool, name, [*words, *seconds], asked.turns)
        rows += more
        counts.append(f"{name} {valid}/{count}")
    table(rows)
    print("\nValid:", ", ".join(counts))


if __name__ == "__main__":
    main()
