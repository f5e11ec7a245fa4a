"""Writes the small files beside it: one array of two rows in every format and element type that is read.

Run by hand: python tests/data/formats/make.py. Needs numpy.
"""
import gzip, json, pathlib, struct
import numpy as np

here = pathlib.Path(__file__).parent
base = np.array([[0, 1, 2], [3, 4, 100]])
labels = np.array([1, 0], dtype=np.uint8)

types = {"u1": "|u1", "i1": "|i1", "u2": "<u2", "i2": ">i2", "u4": ">u4", "i4": "<i4", "u8": "<u8", "i8": ">i8",
         "f2": "<f2", "f4": ">f4", "f8": "<f8"}
arrays = {name: base.astype(dtype) for name, dtype in types.items()}
arrays["b1"] = base > 1
arrays["columns_first"] = np.asfortranarray(base.astype("<i2"))
np.savez(here / "types.npz", **arrays)
np.savez_compressed(here / "deflated.npz", **arrays)
np.save(here / "x.npy", base.astype("<f4"))
np.save(here / "y.npy", labels)
(here / "x.npy.gz").write_bytes(gzip.compress((here / "x.npy").read_bytes(), mtime=0))

def idx(code, array):
    header = bytes([0, 0, code, array.ndim]) + b"".join(struct.pack(">I", size) for size in array.shape)
    return header + array.tobytes()

images = np.arange(2 * 3 * 2, dtype=np.uint8).reshape(2, 3, 2)
(here / "images.idx3-ubyte").write_bytes(idx(0x08, images))
(here / "labels.idx1-ubyte.gz").write_bytes(gzip.compress(idx(0x08, labels), mtime=0))
for code, dtype in {0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}.items():
    (here / f"type_{code:02x}.idx").write_bytes(idx(code, base.astype(dtype)))

def safetensors(tensors):
    header, data = {}, b""
    for name, (code, array) in tensors.items():
        end = len(data) + array.nbytes
        header[name] = {"dtype": code, "shape": list(array.shape), "data_offsets": [len(data), end]}
        data += array.tobytes()
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data

(here / "all.safetensors").write_bytes(safetensors({
    "x": ("F32", base.astype("<f4")), "y": ("U8", labels), "half": ("F16", base.astype("<f2")),
    "yes": ("BOOL", base > 1), "wide": ("I64", base.astype("<i8"))}))
(here / "points.csv.gz").write_bytes(gzip.compress(b"a,b\n0.5,1\n-2,3\n", mtime=0))
(here / "pipes.csv").write_text("a|b\n1|2,5\n3|4\n".replace(",", "."))
