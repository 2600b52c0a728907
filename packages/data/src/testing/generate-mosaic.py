"""Writes mosaic.json: DICOM mosaics like those of Siemens, and the volumes and affines that nibabel makes of them.

    python3 packages/data/src/testing/generate-mosaic.py

Needs pydicom 2.3, nibabel 5 and numpy. Everything is drawn from seed 1.
"""
import base64
import io
import json
import pathlib
import struct
import warnings

import numpy as np
from nibabel.nicom.dicomwrappers import wrapper_from_data
from pydicom import dcmread, uid
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filewriter import dcmwrite

warnings.simplefilter("ignore")
rng = np.random.default_rng(1)


def csa(fields, version):
    """A CSA header of either version. *Source*: nipy.org/nibabel/dicom/siemens_csa.html."""
    out = b"SV10\4\3\2\1" if version == 2 else b""
    out += struct.pack("<2I", len(fields), 77)
    for name, values in fields:
        items = [str(v).encode() + b"\0" for v in values] + [b""] * (6 - len(values)) if values else []
        out += struct.pack("<64si4s3i", name.encode(), len(values), kinds.get(name, b"FD"), 4, len(items), 77)
        for item in items:
            length = len(item)
            out += struct.pack("<4i", length + 6 if version == 1 else length, length, 77, length)
            out += item + b"\0" * (-length % 4)
    return out


kinds = {"AcquisitionMatrixText": b"LO", "NumberOfImagesInMosaic": b"US", "EchoLinePosition": b"US"}


def mosaic(slices, height, width, flip, version, moment=0):
    across = int(np.ceil(np.sqrt(slices)))
    volume = rng.integers(0, 4096, (slices, height, width)).astype("<u2")
    picture = np.zeros((across * height, across * width), "<u2")
    for i in range(slices):
        y, x = divmod(i, across)
        picture[y * height:(y + 1) * height, x * width:(x + 1) * width] = volume[i]
    turn = np.linalg.qr(np.random.default_rng(7).normal(size=(3, 3)))[0]
    rows, columns = turn[0], turn[1]
    normal = np.cross(rows, columns) * (-1 if flip else 1)
    ds = Dataset()
    ds.SOPClassUID = uid.MRImageStorage
    ds.SOPInstanceUID = uid.generate_uid(entropy_srcs=[f"{slices} {flip} {version} {moment}"])
    ds.SeriesInstanceUID = "1.2.826.0.1.3680043.8.498.7"
    ds.ImageType = ["ORIGINAL", "PRIMARY", "M", "ND", "MOSAIC"]
    ds.Modality = "MR"
    ds.Rows, ds.Columns = picture.shape
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 12, 11, 0
    ds.ImagePositionPatient = [f"{v:.8f}" for v in (-40.5, 21.25, 7)]
    ds.ImageOrientationPatient = [f"{v:.8f}" for v in (*rows, *columns)]
    ds.PixelSpacing, ds.SliceThickness, ds.SpacingBetweenSlices = [2.5, 1.5], 3, 3.3
    ds.AcquisitionNumber = ds.InstanceNumber = moment + 1
    block = ds.private_block(0x29, "SIEMENS CSA HEADER", create=True)
    header = csa([("EchoLinePosition", []), ("AcquisitionMatrixText", ["64p*64"]), ("NumberOfImagesInMosaic", [slices]),
                  ("SliceNormalVector", [f"{v:.8f}" for v in normal])], version)
    block.add_new(0x10, "OB", header + b"\0" * (len(header) % 2))
    ds.PixelData = picture.tobytes()
    ds["PixelData"].VR = "OW"
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = uid.ExplicitVRLittleEndian
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    ds.is_little_endian, ds.is_implicit_VR = True, False
    buffer = io.BytesIO()
    dcmwrite(buffer, ds, write_like_original=False)
    data = buffer.getvalue()
    read = wrapper_from_data(dcmread(io.BytesIO(data)))
    # nibabel: width or height first, toward left and back. Here: depth, height, width, toward right and front.
    values = read.get_data().transpose(2, 0, 1)
    order = np.diag([-1, -1, 1, 1]) @ read.affine
    affine = order[:3][:, [2, 0, 1, 3]]
    return {"file": base64.b64encode(data).decode(), "shape": list(values.shape), "affine": affine.tolist(),
            "values": values.ravel().tolist()}


result = {
    "4 slices": mosaic(4, 5, 3, False, 2),
    "5 slices of 9 places, against the normal": mosaic(5, 3, 4, True, 2),
    "a header of the first version": mosaic(7, 2, 3, False, 1),
    "one slice": mosaic(1, 4, 4, False, 2),
}
path = pathlib.Path(__file__).with_name("mosaic.json")
moments = [mosaic(3, 2, 2, False, 2, moment) for moment in range(3)]
path.write_text(json.dumps({"volumes": result, "moments": moments}) + "\n")
