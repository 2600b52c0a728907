"""Makes dicom.json: DICOM files and what pydicom reads from them.

    python3 packages/data/src/testing/generate-dicom.py > packages/data/src/testing/dicom.json

Needs pydicom 2.3 and numpy. Everything is drawn from seed 1.
"""
import base64
import io
import json
import sys

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.pixel_data_handlers.util import apply_color_lut, apply_modality_lut, convert_color_space
from pydicom.sequence import Sequence
from pydicom import uid, dcmread

rng = np.random.default_rng(1)
H, W = 3, 5
series = '1.2.826.0.1.3680043.8.498.1'


def dataset(array, bits, stored=None, signed=False, photometric='MONOCHROME2', **more):
    ds = Dataset()
    ds.SOPClassUID = uid.SecondaryCaptureImageStorage
    ds.SOPInstanceUID = uid.generate_uid(entropy_srcs=[str(rng.integers(2**60))])
    ds.SeriesInstanceUID = series
    ds.SpecificCharacterSet = 'ISO_IR 100'
    ds.Rows, ds.Columns = H, W
    ds.SamplesPerPixel = 3 if photometric in ('RGB', 'YBR_FULL') else 1
    ds.PhotometricInterpretation = photometric
    ds.BitsAllocated, ds.BitsStored = bits, stored or bits
    ds.HighBit = more.pop('HighBit', (stored or bits) - 1)
    ds.PixelRepresentation = int(signed)
    for name, value in more.items():
        setattr(ds, name, value)
    ds.PixelData = array.tobytes() + (b'\0' if array.nbytes % 2 else b'')
    ds['PixelData'].VR = 'OB' if bits == 8 else 'OW'
    return ds


def written(ds, syntax=uid.ExplicitVRLittleEndian, bare=False):
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = syntax
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    ds.is_little_endian = syntax != uid.ExplicitVRBigEndian
    ds.is_implicit_VR = syntax == uid.ImplicitVRLittleEndian
    if syntax == uid.RLELossless:
        ds.file_meta.TransferSyntaxUID = uid.ExplicitVRLittleEndian
        ds.compress(uid.RLELossless)
    buffer = io.BytesIO()
    if bare:
        syntax_of = ds.file_meta
        del ds.file_meta
        dcmwrite(buffer, ds, write_like_original=True)
        ds.file_meta = syntax_of
    else:
        dcmwrite(buffer, ds, write_like_original=False)
    return buffer.getvalue()


def ints(low, high, dtype, *shape):
    return rng.integers(low, high, (*shape, H, W)).astype(dtype)


files = []


def add(name, ds, syntax=uid.ExplicitVRLittleEndian, bare=False, values=None):
    data = written(ds, syntax, bare)
    if values is None:
        read = dcmread(io.BytesIO(data), force=True)
        if bare:
            read.file_meta.TransferSyntaxUID = syntax
        values = apply_modality_lut(read.pixel_array, read)
    files.append({
        'name': name,
        'base64': base64.b64encode(data).decode(),
        'shape': list(values.shape),
        'values': [float(v) for v in np.asarray(values, float).ravel()],
    })


u8, i16, u16 = ints(0, 256, 'uint8'), ints(-2000, 2000, '<i2'), ints(0, 4096, '<u2')
add('8 bits', dataset(u8, 8))
add('signed, implicit', dataset(i16, 16, signed=True), uid.ImplicitVRLittleEndian)
add('rescaled, as CT', dataset(u16, 16, 12, RescaleSlope='0.5', RescaleIntercept='-1024'))
add('12 of 16 bits', dataset(u16, 16, 12))
add('signed, 12 of 16 bits', dataset(u16, 16, 12, signed=True), values=((u16.astype(int) ^ 0x800) - 0x800))
add('12 upper of 16 bits', dataset(u16 << 4 | 5, 16, 12, HighBit=15), values=u16)
add('32 bits', dataset(ints(-2**31, 2**31 - 1, '<i4'), 32, signed=True))
be = ints(-2000, 2000, '<i2')
add('big endian', dataset(be.astype('>i2'), 16, signed=True), uid.ExplicitVRBigEndian, values=be)
add('deflated', dataset(i16, 16, signed=True), uid.DeflatedExplicitVRLittleEndian)
add('run-length coded', dataset(i16, 16, signed=True), uid.RLELossless, values=i16)
frames = ints(0, 4096, '<u2', 4)
add('run-length coded frames', dataset(frames, 16, NumberOfFrames=4, PixelSpacing=[2, 3], SpacingBetweenSlices=4), uid.RLELossless, values=frames)
add('frames', dataset(frames, 16, NumberOfFrames=4, PixelSpacing=[2, 3], SpacingBetweenSlices=4))
add('bare, explicit', dataset(u16, 16, 12), uid.ExplicitVRLittleEndian, bare=True, values=u16)
add('bare, implicit', dataset(u16, 16, 12), uid.ImplicitVRLittleEndian, bare=True, values=u16)
rgb = rng.integers(0, 256, (H, W, 3)).astype('uint8')
add('RGB', dataset(rgb, 8, photometric='RGB', PlanarConfiguration=0))
add('RGB in planes', dataset(rgb.transpose(2, 0, 1), 8, photometric='RGB', PlanarConfiguration=1))
add('RGB, run-length coded', dataset(rgb, 8, photometric='RGB', PlanarConfiguration=0), uid.RLELossless, values=rgb)
add('YBR_FULL', dataset(rgb, 8, photometric='YBR_FULL', PlanarConfiguration=0), values=convert_color_space(rgb, 'YBR_FULL', 'RGB'))
add('MONOCHROME1', dataset(u16, 16, 12, photometric='MONOCHROME1'), values=4095 - u16.astype(int))
lut = rng.integers(0, 65536, (3, 16)).astype('<u2')
palette = dataset(ints(0, 20, 'uint8'), 8, photometric='PALETTE COLOR')
for i, color in enumerate(('Red', 'Green', 'Blue')):
    setattr(palette, f'{color}PaletteColorLookupTableDescriptor', [16, 2, 16])
    setattr(palette, f'{color}PaletteColorLookupTableData', lut[i].tobytes())
add('PALETTE COLOR', palette, values=apply_color_lut(np.frombuffer(palette.PixelData[:H * W], 'uint8').reshape(H, W), palette))

# A tilted stack: PS3.3, equation C.7.6.2.1-1, gives where each pixel lies.
turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
rows, columns = turn[0], turn[1]
normal = np.cross(rows, columns)
origin, spacing, step = np.array([-10.0, 20.0, 5.0]), [0.5, 0.75], 2.5


def place(ds, d):
    ds.ImagePositionPatient = [f'{v:.8f}' for v in origin + d * step * normal]
    ds.ImageOrientationPatient = [f'{v:.8f}' for v in (*rows, *columns)]
    ds.PixelSpacing = spacing


stack = ints(0, 4096, '<u2', 4)
slices = []
for d in (2, 0, 3, 1):
    ds = dataset(stack[d], 16, 12, RescaleSlope=str(1 + d), RescaleIntercept='-5', InstanceNumber=d + 1)
    place(ds, d)
    slices.append(base64.b64encode(written(ds)).decode())

enhanced = dataset(stack[[2, 0, 3, 1]], 16, 12, NumberOfFrames=4)
shared, orientation, measures = Dataset(), Dataset(), Dataset()
orientation.ImageOrientationPatient = [f'{v:.8f}' for v in (*rows, *columns)]
measures.PixelSpacing, measures.SliceThickness = spacing, 1
shared.PlaneOrientationSequence, shared.PixelMeasuresSequence = Sequence([orientation]), Sequence([measures])
enhanced.SharedFunctionalGroupsSequence = Sequence([shared])
each = []
for d in (2, 0, 3, 1):
    group, position, scaling = Dataset(), Dataset(), Dataset()
    position.ImagePositionPatient = [f'{v:.8f}' for v in origin + d * step * normal]
    scaling.RescaleSlope, scaling.RescaleIntercept, scaling.RescaleType = str(1 + d), '-5', 'US'
    group.PlanePositionSequence, group.PixelValueTransformationSequence = Sequence([position]), Sequence([scaling])
    each.append(group)
enhanced.PerFrameFunctionalGroupsSequence = Sequence(each)

flip = np.diag([-1, -1, 1])
affine = np.column_stack([flip @ (normal * step), flip @ (columns * spacing[0]), flip @ (rows * spacing[1]), flip @ origin])
json.dump({
    'files': files,
    'stack': {
        'slices': slices,
        'enhanced': base64.b64encode(written(enhanced)).decode(),
        'shape': [4, H, W],
        'affine': affine.tolist(),
        'values': [float(v) for d in range(4) for v in (stack[d] * (1.0 + d) - 5).ravel()],
    },
}, sys.stdout, indent=1)
