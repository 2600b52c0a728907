"""Writes cmyk-jpeg.json: JPEGs of four inks as Pillow writes them, and the colors that Pillow reads from them."""
import base64, io, json, pathlib
import numpy as np
from PIL import Image

height, width = 37, 45
y, x, c = np.meshgrid(np.arange(height), np.arange(width), np.arange(4), indexing="ij")
inks = np.round(110 + 60 * np.sin(y / 7 + c) + 50 * np.cos(x / 9 - c)).clip(0, 255).astype(np.uint8)

def saved(**options):
    buffer = io.BytesIO()
    Image.fromarray(inks, "CMYK").save(buffer, "JPEG", quality=92, **options)
    return buffer.getvalue()

def marked(data, transform):
    """With another transform in Adobe's marker, or without the marker."""
    at = data.index(b"\xff\xee")
    if transform is None:
        return data[:at] + data[at + 16:]
    return data[: at + 15] + bytes([transform]) + data[at + 16:]

files = {
    "baseline": saved(),
    "colors at half the size": saved(subsampling="4:2:0"),
    "colors at half the width": saved(subsampling="4:2:2"),
    "progressive": saved(progressive=True),
    "progressive, at half the size": saved(progressive=True, subsampling="4:2:0"),
    "restart markers": saved(restart_marker_blocks=3),
    "luma and chroma (YCCK)": marked(saved(), 2),
    "without Adobe's marker": marked(saved(), None),
}
result = []
for name, data in files.items():
    rgb = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    result.append({"name": name, "file": base64.b64encode(data).decode(), "rgb": base64.b64encode(rgb.tobytes()).decode()})
path = pathlib.Path(__file__).with_name("cmyk-jpeg.json")
path.write_text(json.dumps({"height": height, "width": width, "images": result}) + "\n")
