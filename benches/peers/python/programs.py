"""Whole programs written by hand in C++, beside `ndc run`: the process from its start to its end."""
from harness import *

FLAGS = ["-O3", "-march=native", "-ffast-math"]


def cpp_(variant, element):
    exe = os.path.join(ROOT, "cpp", "bin", variant)
    os.makedirs(os.path.dirname(exe), exist_ok=True)
    subprocess.check_call(["g++", os.path.join(ROOT, "cpp", variant + ".cpp"), "-o", exe] + FLAGS)
    command = [exe, os.path.join(ROOT, "tmp", "iris.csv")]

    def step(k):
        for _ in range(k):
            subprocess.check_call(command, stdout=subprocess.DEVNULL)

    return step, None


if __name__ == "__main__":
    run("programs", ["iris", "ten_points"], dict(cpp_manual=cpp_))
