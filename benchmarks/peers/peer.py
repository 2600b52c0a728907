"""What peers written in Python have in common: the requests of protocol.ts on standard input, and files of tensors."""

import json
import struct
import sys
import time


def say(kind, **fields):
    print(json.dumps({"kind": kind, **fields}), flush=True)


class Unsupported(Exception):
    """The peer has no means for a job."""


def read_arrays(path):
    import numpy as np

    types = {"F32": np.float32, "I32": np.int32}
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = file.read()
    arrays = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        arrays[name] = np.frombuffer(data[begin:end], types[entry["dtype"]]).reshape(entry["shape"]).copy()
    return arrays


def write_arrays(path, arrays):
    header, chunks, at = {}, [], 0
    for name, array in arrays.items():
        chunk = array.astype("float32").tobytes()
        header[name] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": [at, at + len(chunk)]}
        at += len(chunk)
        chunks.append(chunk)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        file.writelines(chunks)


def serve(prepare, version):
    """`prepare(job, arrays, model)`: what has `run` and `outputs`. `model` is the path of an ONNX file, or None."""
    say("ready", version=version)
    prepared = None
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if request["op"] == "prepare":
                prepared = prepare(request["job"], read_arrays(request["inputs"]), request.get("model"))
                write_arrays(request["outputs"], prepared.outputs())
                say("done")
            elif request["op"] == "time":
                start = time.perf_counter()
                for _ in range(request["iterations"]):
                    prepared.run()
                say("timed", ms=1000 * (time.perf_counter() - start) / request["iterations"])
            else:
                prepared = None
                say("done")
        except Unsupported as reason:
            say("unsupported", reason=str(reason))
        except Exception as error:
            say("failed", reason=f"{type(error).__name__}: {error}")
