"""Writes gaps.npz, arrays in which elements are missing, as NaN, and many.npz, an array of many rows in few bytes.

Run by hand: python tests/data/columns/make_gaps.py. Needs numpy.
"""
import pathlib
import numpy as np

nan = np.nan
temperature = np.array([20, nan, 22, 24, 26], dtype="<f8")
kind = np.array([7, 3, 3, nan, 7], dtype="<f4")
image = np.arange(20, dtype="<f4").reshape(5, 2, 2)
image[4, 1, 0] = nan
empty = np.full(5, nan, dtype="<f2")
numbers = np.arange(5, dtype="<i4")
limits = np.array([0, 1, 2, 3, np.inf])
both = np.array([0, nan, 2, -np.inf, 4])
here = pathlib.Path(__file__).parent
np.savez_compressed(here / "many.npz", label=np.zeros(200_000, dtype="i1"))
np.savez(here / "gaps.npz",
         temperature=temperature, kind=kind, image=image, empty=empty, numbers=numbers, limits=limits, both=both)
