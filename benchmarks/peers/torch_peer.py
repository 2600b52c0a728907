"""PyTorch as a peer: answers the requests of protocol.ts on standard input, on as many threads as the first argument says.

A second argument, `cuda` or `cuda-tf32`, runs it on a GPU: in float32, or with products of TF32."""

import math
import sys
import time

from peer import Unsupported, say, serve

try:
    import torch
    import torch.nn.functional as F
except ImportError as error:
    say("absent", reason=f"not installed ({error})")
    sys.exit()


DEVICE = torch.device("cuda" if len(sys.argv) > 2 else "cpu")


def channels_first(x):
    """[batch, ...spatial, channels] -> [batch, channels, ...spatial], contiguous."""
    return x.movedim(-1, 1).contiguous()


def channels_last(x):
    return x.movedim(1, -1)


def to_kernel(kernel):
    """[...window, in, out] -> [out, in, ...window]."""
    return kernel.movedim((-1, -2), (0, 1))


def from_kernel(kernel):
    return kernel.movedim((0, 1), (-1, -2))


FORMATS = {4: torch.channels_last, 5: torch.channels_last_3d}


def arranged(x, is_last):
    return x.contiguous(memory_format=FORMATS[x.dim()] if is_last and x.dim() in FORMATS else torch.contiguous_format)


def finish(result):
    """Waits for a GPU: by reading one number of the result, as the peers on webgpu do."""
    if DEVICE.type == "cuda" and torch.is_tensor(result):
        result[(0,) * result.dim()].item()


def faster(make):
    """Of `make(False)` and `make(True)`, contiguous and channels-last, the one whose `run` takes less time."""
    best = None
    for is_last in (False, True):
        job = make(is_last)
        seconds = []
        for _ in range(4):
            start = time.perf_counter()
            finish(job.run())
            seconds.append(time.perf_counter() - start)
        if best is None or min(seconds[1:]) < best[0]:
            best = (min(seconds[1:]), job)
    return best[1]


class Convolution:
    def __init__(self, job, inputs, is_last):
        self.job_pass = job["pass"]
        self.x = arranged(channels_first(inputs["x"]), is_last)
        self.dy = arranged(channels_first(inputs["dy"]), is_last)
        self.kernel = arranged(to_kernel(inputs["kernel"]), is_last)
        self.padding = [edge // 2 for edge in job["kernel"][:2]]

    @torch.no_grad()
    def run(self):
        if self.job_pass == "forward":
            return F.conv2d(self.x, self.kernel, padding=self.padding)
        to_input = self.job_pass == "gradientToInput"
        gradients = torch.ops.aten.convolution_backward(
            self.dy, self.x, self.kernel, None, [1, 1], self.padding, [1, 1], False, [0, 0], 1, [to_input, not to_input, False]
        )
        return gradients[0 if to_input else 1]

    def outputs(self):
        y = self.run()
        return {"y": from_kernel(y) if self.job_pass == "gradientToKernel" else channels_last(y)}


def unet(network, weights, x, is_last):
    """`weights`: by path, kernels [out, in, ...window]."""
    rank, slope, sizes = network["rank"], network["slope"], network["sizes"]
    convolve = F.conv2d if rank == 2 else F.conv3d
    mode = "bilinear" if rank == 2 else "trilinear"

    def layer(path, x):
        kernel = weights[path + ".kernel"]
        return convolve(x, kernel, weights[path + ".bias"], padding=kernel.shape[2] // 2)

    def stage(path, x):
        for i in range(2):
            x = F.leaky_relu_(layer(f"{path}.{i}", x), slope)
        return x

    def resize(x, size):
        return x if list(x.shape[2:]) == size else F.interpolate(x, size=size, mode=mode, align_corners=False)

    skips = []
    for level, size in enumerate(sizes):
        x = stage(f"encoder.{level}", x if level == 0 else resize(x, size))
        skips.append(x)
    for level in reversed(range(len(sizes) - 1)):
        x = stage(f"decoder.{level}", torch.cat([resize(x, sizes[level]), skips[level]], 1))
    return layer("head", x)


def is_kernel(path):
    return path.endswith(".kernel")


class Inference:
    def __init__(self, job, inputs, is_last):
        self.network, self.is_last = job["network"], is_last
        self.weights = {
            path: arranged(to_kernel(w), is_last) if is_kernel(path) else w for path, w in inputs.items() if path != "image"
        }
        self.image = arranged(channels_first(inputs["image"]), is_last)

    @torch.inference_mode()
    def run(self):
        return unet(self.network, self.weights, self.image, self.is_last)

    def outputs(self):
        return {"logits": channels_last(self.run())}


class Hypernetwork:
    """The residual form of ours, with all heads as one matrix: PyTorch is fastest that way."""

    PREFIX = "hypernetwork.heads."
    RESIDUAL = 0.1
    STRENGTH = RESIDUAL / math.sqrt(1 + RESIDUAL**2)

    def __init__(self, inputs, factor):
        self.encoding = torch.tensor([factor, 1 - factor], device=DEVICE)
        self.hidden = []
        while f"hypernetwork.hidden.{len(self.hidden)}.kernel" in inputs:
            path = f"hypernetwork.hidden.{len(self.hidden)}"
            self.hidden.append((inputs[path + ".kernel"].clone(), inputs[path + ".bias"].clone()))
        self.targets = [n[len(self.PREFIX) : -len(".weight")] for n in inputs if n.startswith(self.PREFIX) and n.endswith(".weight")]
        self.shapes = [list(inputs[f"{self.PREFIX}{t}.base"].shape) for t in self.targets]
        self.sizes = [math.prod(shape) for shape in self.shapes]
        self.weight = torch.cat([inputs[f"{self.PREFIX}{t}.weight"] for t in self.targets])
        self.base = torch.cat([inputs[f"{self.PREFIX}{t}.base"].reshape(-1) for t in self.targets])
        # A bias has the scale of its convolution's kernel: both see the same fan-in.
        fan_in = {t[: -len(".kernel")]: math.prod(s[:-1]) for t, s in zip(self.targets, self.shapes) if is_kernel(t)}
        slope = {}
        for path in fan_in:
            slope[path] = 1.0 if path == "head" else 0.01
        scales = []
        for target, size in zip(self.targets, self.sizes):
            path = target.rsplit(".", 1)[0]
            gain = slope[path] if is_kernel(target) else 0.01
            scales.append(torch.full((size,), self.STRENGTH * math.sqrt(2 / ((1 + gain**2) * fan_in[path])), device=DEVICE))
        self.scale = torch.cat(scales)

    def parameters(self):
        return [p for layer in self.hidden for p in layer] + [self.weight, self.base]

    def __call__(self):
        h = self.encoding
        for kernel, bias in self.hidden:
            h = F.leaky_relu(torch.addmv(bias, kernel.t(), h), 0.01)
        h = h / torch.sqrt(h.square().mean() + 1e-12)
        flat = torch.addcmul(self.base, self.scale, torch.mv(self.weight, h))
        return {t: part.view(shape) for t, part, shape in zip(self.targets, flat.split(self.sizes), self.shapes)}

    def gradients(self):
        found = {}
        for i, (kernel, bias) in enumerate(self.hidden):
            found[f"hypernetwork.hidden.{i}.kernel"] = kernel.grad
            found[f"hypernetwork.hidden.{i}.bias"] = bias.grad
        for target, shape, weight, base in zip(
            self.targets, self.shapes, self.weight.grad.split(self.sizes), self.base.grad.split(self.sizes)
        ):
            found[f"{self.PREFIX}{target}.weight"] = weight
            found[f"{self.PREFIX}{target}.base"] = base.view(shape)
        return found


class Weights:
    def __init__(self, job, inputs):
        self.hypernetwork = Hypernetwork(inputs, job["factor"])

    @torch.inference_mode()
    def run(self):
        return self.hypernetwork()

    def outputs(self):
        return self.run()


class Training:
    def __init__(self, job, inputs, is_last):
        self.network, self.is_last = job["network"], is_last
        self.images = arranged(channels_first(inputs["images"]), is_last)
        self.labels = inputs["labels"].long()
        if job["method"] == "sshn":
            self.hypernetwork = Hypernetwork(inputs, job["factor"])
            self.parameters = self.hypernetwork.parameters()
        else:
            self.hypernetwork = None
            self.weights = {
                path[len("network.") :]: arranged(to_kernel(w), is_last) if is_kernel(path) else w.clone()
                for path, w in inputs.items()
                if path.startswith("network.")
            }
            self.parameters = list(self.weights.values())
        for parameter in self.parameters:
            parameter.requires_grad_()
        self.optimizer = torch.optim.Adam(self.parameters, lr=1e-4, betas=(0.9, 0.99))

    def backward(self):
        self.optimizer.zero_grad(set_to_none=True)
        weights = self.weights if self.hypernetwork is None else {
            path: to_kernel(w) if is_kernel(path) else w for path, w in self.hypernetwork().items()
        }
        loss = F.cross_entropy(unet(self.network, weights, self.images, self.is_last), self.labels)
        loss.backward()
        return loss

    def run(self):
        loss = self.backward()
        self.optimizer.step()
        return loss.item()

    def outputs(self):
        loss = self.backward()
        if self.hypernetwork is not None:
            return {**self.hypernetwork.gradients(), "loss": loss}
        return {
            **{f"network.{path}": from_kernel(w.grad) if is_kernel(path) else w.grad for path, w in self.weights.items()},
            "loss": loss,
        }


class Warp:
    """Reads volumes [batch, channels, ...size] at every voxel displaced by a field [batch, 3, ...size], in voxels."""

    def __init__(self, size):
        self.scale = torch.tensor([2 / max(n - 1, 1) for n in reversed(size)])
        axes = [torch.linspace(-1, 1, n) for n in size]
        self.places = torch.stack(torch.meshgrid(*axes, indexing="ij")[::-1], -1)[None]

    def __call__(self, volume, field):
        grid = torch.addcmul(self.places, field.movedim(1, -1).flip(-1), self.scale)
        return F.grid_sample(volume, grid, mode="bilinear", padding_mode="border", align_corners=True)


class Registration:
    EPSILON = 1e-5

    def __init__(self, job, inputs, is_last):
        self.job, self.is_last = job, is_last
        self.moving, self.fixed = [channels_first(inputs[name]) for name in ("moving", "fixed")]
        self.pair = arranged(torch.cat([self.moving, self.fixed], 1), is_last)
        self.weights = {
            path: (arranged(to_kernel(w), is_last) if is_kernel(path) else w.clone()).requires_grad_()
            for path, w in inputs.items()
            if path not in ("moving", "fixed")
        }
        prefix = "backbone."
        self.backbone = {path[len(prefix) :]: w for path, w in self.weights.items() if path.startswith(prefix)}
        self.seen = job["network"]["sizes"][0]
        self.warp, self.warp_flow = Warp(job["size"]), Warp(self.seen)
        ones = torch.ones(1, 1, *job["size"])
        reach = job["window"] // 2
        self.counts = ones
        for axis, n in enumerate(job["size"]):
            at = torch.arange(n)
            inside = (at + reach).clamp(max=n - 1) - (at - reach).clamp(min=0) + 1
            self.counts = self.counts * inside.view([-1 if i == axis + 2 else 1 for i in range(5)])
        self.optimizer = torch.optim.Adam(list(self.weights.values()), lr=1e-4, betas=(0.9, 0.99))

    def means(self, x):
        """Over windows, cropped at the border: one axis after the other."""
        window = self.job["window"]
        for axis in range(3):
            edges = [window if i == axis else 1 for i in range(3)]
            x = F.avg_pool3d(x, edges, stride=1, padding=[e // 2 for e in edges], count_include_pad=False)
        return x

    def local_ncc(self, moved):
        a, b = moved - moved.mean(), self.fixed - self.fixed.mean()
        means = self.means(torch.cat([a, b, a * a, b * b, a * b], 1))
        a, b, aa, bb, ab = means.unbind(1)
        counts = self.counts[:, 0]
        cross = counts * (ab - a * b)
        variances = F.relu(counts * (aa - a * a)) * F.relu(counts * (bb - b * b))
        return 1 - (cross * cross / (variances + self.EPSILON)).mean()

    def loss(self):
        seen = self.pair
        if list(seen.shape[2:]) != self.seen:
            seen = F.interpolate(seen, size=self.seen, mode="trilinear", align_corners=False)
        features = unet(self.job["network"], self.backbone, seen, self.is_last)
        flow = F.conv3d(features, self.weights["flow.kernel"], self.weights["flow.bias"], padding=1).contiguous()
        field, steps = flow, self.job["integrationSteps"]
        if steps > 0:
            field = flow / 2**steps
            for _ in range(steps):
                field = field + self.warp_flow(field, field)
        if self.seen != self.job["size"]:
            ratios = [n / m for n, m in zip(self.job["size"], self.seen)]
            field = field * torch.tensor(ratios).view(1, 3, 1, 1, 1)
            field = F.interpolate(field, size=self.job["size"], mode="trilinear", align_corners=False)
        smooth = sum(torch.diff(flow, dim=axis).square().mean() for axis in (2, 3, 4)) / 3
        return self.local_ncc(self.warp(self.moving, field)) + self.job["weight"] * smooth

    def backward(self):
        self.optimizer.zero_grad(set_to_none=True)
        loss = self.loss()
        loss.backward()
        return loss

    def run(self):
        loss = self.backward()
        self.optimizer.step()
        return loss.item()

    def outputs(self):
        loss = self.backward()
        return {
            **{path: from_kernel(w.grad) if is_kernel(path) else w.grad for path, w in self.weights.items()},
            "loss": loss,
        }


class Graph:
    """An ONNX file of `sshn export`, operator by operator: what a network of any architecture is in PyTorch."""

    def __init__(self, path, image, is_last):
        try:
            import onnx
            from onnx import numpy_helper
        except ImportError as error:
            raise Unsupported(f"needs onnx for Python to read the graph ({error})")
        graph = onnx.load(path).graph
        self.is_last = is_last
        self.input, self.output = graph.input[0].name, graph.output[0].name
        constants = {c.name: torch.from_numpy(numpy_helper.to_array(c).copy()).to(DEVICE) for c in graph.initializer}
        self.constants = {n: arranged(c, is_last) if c.is_floating_point() and c.dim() > 1 else c for n, c in constants.items()}
        self.nodes = []
        # Sizes are numbers of Python's, not tensors.
        for node in graph.node:
            if node.op_type in ("Resize", "Reshape"):
                for name in node.input[1:]:
                    if name in constants:
                        self.constants[name] = constants[name].tolist()
            attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
            operator = getattr(self, node.op_type, None)
            if operator is None:
                raise Unsupported(f"is not told what {node.op_type} is")
            self.nodes.append((operator, list(node.input), node.output[0], attributes))
        last = {name: i for i, (_, inputs, _, _) in enumerate(self.nodes) for name in inputs}
        # What no later operator reads is given back, as in a network written by hand.
        self.dead = [[n for n in set(inputs) if n not in self.constants and last[n] == i] for i, (_, inputs, _, _) in enumerate(self.nodes)]
        self.image = arranged(channels_first(image), is_last)

    @torch.inference_mode()
    def run(self):
        values = {**self.constants, self.input: self.image, "": None}
        for (operator, inputs, output, attributes), dead in zip(self.nodes, self.dead):
            operands = [values[name] for name in inputs]
            for name in dead:
                del values[name]
            values[output] = operator(operands, attributes)
        return values[self.output]

    def outputs(self):
        return {"logits": channels_last(self.run())}

    @staticmethod
    def Conv(operands, attributes):
        x, kernel, bias = (operands + [None])[:3]
        rank = x.dim() - 2
        pads = list(attributes.get("pads", [0] * 2 * rank))
        if pads[:rank] != pads[rank:]:
            x = F.pad(x, [p for axis in reversed(range(rank)) for p in (pads[axis], pads[axis + rank])])
            pads = [0] * 2 * rank
        convolve = F.conv2d if rank == 2 else F.conv3d
        options = [list(attributes.get(name, [1] * rank)) for name in ("strides", "dilations")]
        return convolve(x, kernel, bias, options[0], pads[:rank], options[1], attributes.get("group", 1))

    @staticmethod
    def Resize(operands, attributes):
        mode = attributes.get("mode", b"nearest")
        if mode != b"linear" or attributes.get("coordinate_transformation_mode") != b"half_pixel":
            raise Unsupported(f"is not told how to resize by {mode}")
        x = operands[0]
        how = {"mode": "bilinear" if x.dim() == 4 else "trilinear", "align_corners": False}
        if len(operands) > 3:
            size = operands[3][2:]
            return x if list(x.shape[2:]) == size else F.interpolate(x, size=size, **how)
        return F.interpolate(x, scale_factor=operands[2][2:], recompute_scale_factor=False, **how)

    @staticmethod
    def AveragePool(operands, attributes):
        pool = F.avg_pool2d if operands[0].dim() == 4 else F.avg_pool3d
        return pool(operands[0], list(attributes["kernel_shape"]), list(attributes.get("strides", [1])))

    @staticmethod
    def Reshape(operands, attributes):
        x, shape = operands
        return x.reshape([x.shape[axis] if edge == 0 else edge for axis, edge in enumerate(shape)])

    @staticmethod
    def Transpose(operands, attributes):
        return operands[0].permute(list(attributes["perm"]))

    @staticmethod
    def LeakyRelu(operands, attributes):
        return F.leaky_relu(operands[0], attributes.get("alpha", 0.01))

    @staticmethod
    def Concat(operands, attributes):
        return torch.cat(operands, attributes["axis"])

    @staticmethod
    def Sum(operands, attributes):
        return sum(operands[1:], operands[0])

    def Identity(self, operands, attributes):
        return operands[0]

    def Add(self, operands, attributes):
        return operands[0] + operands[1]

    def Mul(self, operands, attributes):
        return operands[0] * operands[1]

    def Div(self, operands, attributes):
        return operands[0] / operands[1]

    def MatMul(self, operands, attributes):
        return operands[0] @ operands[1]

    def Sigmoid(self, operands, attributes):
        return torch.sigmoid(operands[0])


class Answer:
    """A job as `serve` asks for it: a run ends when a GPU has, and results are arrays."""

    def __init__(self, job):
        self.job = job

    def run(self):
        finish(self.job.run())

    def outputs(self):
        return {name: x.detach().cpu().contiguous().numpy() for name, x in self.job.outputs().items()}


def prepared(job, inputs, model):
    kind = job["kind"]
    if kind == "weights":
        return Weights(job, inputs)
    if kind == "architecture":
        return faster(lambda is_last: Graph(model, inputs["image"], is_last))
    layouts = {"convolution": Convolution, "inference": Inference, "training": Training, "registration": Registration}
    if kind not in layouts:
        raise Unsupported("counts no FLOPs from shapes")
    best = faster(lambda is_last: layouts[kind](job, inputs, is_last))
    # Finding the faster layout has moved the weights.
    return layouts[kind](job, inputs, best.is_last) if kind in ("training", "registration") else best


def prepare(job, arrays, model):
    inputs = {name: torch.from_numpy(array).to(DEVICE) for name, array in arrays.items()}
    return Answer(prepared(job, inputs, model))


def main():
    threads = int(sys.argv[1])
    torch.set_num_threads(threads)
    version = torch.__version__
    if DEVICE.type == "cuda":
        if not torch.cuda.is_available():
            return say("absent", reason="finds no CUDA device")
        is_tf32 = sys.argv[2] == "cuda-tf32"
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = is_tf32
        torch.backends.cudnn.benchmark = True
        version += ", " + torch.cuda.get_device_name()
    serve(prepare, version)


main()
