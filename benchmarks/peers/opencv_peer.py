"""OpenCV's DNN module as a peer, on as many threads as the first argument says: it reads ONNX, and computes inference in 2D."""

import sys

from peer import Unsupported, say, serve

try:
    import cv2
    import numpy as np
except ImportError as error:
    say("absent", reason=f"not installed ({error})")
    sys.exit()


class Inference:
    def __init__(self, image, model):
        try:
            self.net = cv2.dnn.readNetFromONNX(model)
        except cv2.error as error:
            reason = str(error).strip().splitlines()
            raise Unsupported(f"does not read the graph ({reason[1] if len(reason) > 1 else reason[0]})")
        # Once: the input of a run is what was set before.
        self.image = np.ascontiguousarray(np.moveaxis(image, -1, 1))

    def run(self):
        self.net.setInput(self.image)
        return self.net.forward()

    def outputs(self):
        return {"logits": np.moveaxis(self.run(), 1, -1)}


def prepare(job, arrays, model):
    if model is None:
        raise Unsupported("computes inference only")
    if arrays["image"].ndim != 4:
        raise Unsupported("is asked in 2D only")
    return Inference(arrays["image"], model)


# What it cannot read is answered; it need not be told on standard error too.
cv2.setLogLevel(0) if hasattr(cv2, "setLogLevel") else None
cv2.setNumThreads(int(sys.argv[1]))
serve(prepare, cv2.__version__)
