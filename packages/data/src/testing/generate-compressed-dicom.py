"""Makes dicom-compressed.json: DICOM files in every compression that is read, and the numbers that others read from them.

    python3 packages/data/src/testing/generate-compressed-dicom.py [OPENJPH] > packages/data/src/testing/dicom-compressed.json

Needs pydicom 2.3, numpy, dcmtk 3.6.7 (dcmcjpeg, dcmcjpls, dcmdjpeg, dcmdjpls) and Pillow with OpenJPEG (JPEG 2000). OPENJPH is
the folder of @cornerstonejs/codec-openjph 2.4, whose encoder writes High-Throughput JPEG 2000. Everything is drawn from seed 5.
"""
import base64
import io
import json
import os
import subprocess
import sys
import tempfile

import numpy as np
import pydicom
from PIL import Image
from pydicom import uid
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate

# Younger than pydicom 2.3.
uid.UID_dictionary['1.2.840.10008.1.2.4.201'] = ('High-Throughput JPEG 2000', 'Transfer Syntax', '', '', 'HTJ2KLossless')
rng = np.random.default_rng(5)
H, W = 9, 13
y, x = np.mgrid[0:H, 0:W]
smooth = (np.sin(x / 4) * np.cos(y / 3) + 1) / 2
folder = tempfile.mkdtemp()


def at(name):
    return os.path.join(folder, name)


def dataset(array, bits, stored, signed=False, photometric='MONOCHROME2'):
    ds = Dataset()
    ds.SOPClassUID, ds.SOPInstanceUID, ds.SeriesInstanceUID = uid.SecondaryCaptureImageStorage, '1.2.3.4', '1.2.3'
    ds.Rows, ds.Columns = H, W
    ds.SamplesPerPixel = array.shape[-1] if array.ndim == 3 and photometric != 'MONOCHROME2' else 1
    if ds.SamplesPerPixel == 3:
        ds.PlanarConfiguration = 0
    if photometric == 'MONOCHROME2' and array.ndim == 3:
        ds.NumberOfFrames = array.shape[0]
    ds.PhotometricInterpretation = photometric
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = bits, stored, stored - 1, int(signed)
    ds.PixelData = array.tobytes() + b'\0' * (array.nbytes % 2)
    ds['PixelData'].VR = 'OB' if bits == 8 else 'OW'
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = uid.ExplicitVRLittleEndian
    ds.file_meta.MediaStorageSOPClassUID, ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPClassUID, ds.SOPInstanceUID
    ds.is_little_endian, ds.is_implicit_VR = True, False
    return ds


files = []


def add(name, syntax, data, values):
    files.append({'name': name, 'syntax': syntax, 'base64': base64.b64encode(data).decode(), 'values': np.asarray(values).ravel().tolist()})


def by_dcmtk(name, ds, tool, *flags):
    pydicom.dcmwrite(at('plain.dcm'), ds, write_like_original=False)
    subprocess.run([tool, *flags, at('plain.dcm'), at('coded.dcm')], check=True)
    subprocess.run([tool.replace('dcmc', 'dcmd'), at('coded.dcm'), at('read.dcm')], check=True)
    coded = open(at('coded.dcm'), 'rb').read()
    read = pydicom.dcmread(at('read.dcm'))
    add(name, pydicom.dcmread(at('coded.dcm')).file_meta.TransferSyntaxUID, coded, read.pixel_array)


u8 = (smooth * 255).astype('u1')
u12 = (smooth * 4000 + rng.normal(0, 20, (H, W))).clip(0, 4095).astype('<u2')
u16 = rng.integers(0, 65536, (H, W)).astype('<u2')
i16 = rng.integers(-32768, 32768, (H, W)).astype('<i2')
i12 = rng.integers(-2048, 2048, (H, W)).astype('<i2')
rgb = np.stack([smooth * 255, 255 - smooth * 200, x * 15], -1).astype('u1')
stack = np.stack([u12, u12[::-1], 4095 - u12])

kinds = [
    ('8 bits', dataset(u8, 8, 8)), ('12 bits', dataset(u12, 16, 12)), ('16 bits', dataset(u16, 16, 16)),
    ('16 bits, signed', dataset(i16, 16, 16, True)), ('12 bits, signed', dataset(i12, 16, 12, True)),
    ('RGB', dataset(rgb, 8, 8, photometric='RGB')), ('frames', dataset(stack, 16, 12)),
]
for name, ds in kinds:
    by_dcmtk(f'JPEG lossless, first order, {name}', ds, 'dcmcjpeg', '+e1')
    by_dcmtk(f'JPEG-LS, {name}', ds, 'dcmcjpls', '+el')
for predictor in range(1, 8):
    name, ds = kinds[predictor % 5]
    by_dcmtk(f'JPEG lossless, predictor {predictor}, {name}', ds, 'dcmcjpeg', '+el', '+sv', str(predictor))
by_dcmtk('JPEG lossless, shifted by 2, 12 bits', kinds[1][1], 'dcmcjpeg', '+el', '+pt', '2')
by_dcmtk('JPEG-LS near-lossless, 12 bits', kinds[1][1], 'dcmcjpls', '+en')
by_dcmtk('JPEG-LS in planes, RGB', kinds[5][1], 'dcmcjpls', '+el', '+in')
by_dcmtk('JPEG-LS by sample, RGB', kinds[5][1], 'dcmcjpls', '+el', '+is')
by_dcmtk('JPEG baseline, 8 bits', kinds[0][1], 'dcmcjpeg', '+eb')
by_dcmtk('JPEG baseline as YBR, RGB', kinds[5][1], 'dcmcjpeg', '+eb', '+s4')
by_dcmtk('JPEG baseline as RGB, RGB', kinds[5][1], 'dcmcjpeg', '+eb', '+cr')
by_dcmtk('JPEG extended, 12 bits', kinds[1][1], 'dcmcjpeg', '+ee')
by_dcmtk('JPEG extended, frames', kinds[6][1], 'dcmcjpeg', '+ee')


def encapsulated(name, ds, syntax, frames, values, photometric=None):
    ds.PixelData = encapsulate(frames)
    ds['PixelData'].VR = 'OB'
    ds['PixelData'].is_undefined_length = True
    ds.file_meta.TransferSyntaxUID = syntax
    if photometric:
        ds.PhotometricInterpretation = photometric
    buffer = io.BytesIO()
    pydicom.dcmwrite(buffer, ds, write_like_original=False)
    add(name, syntax, buffer.getvalue(), values)


def jpeg2000(array, extension='j2k', **options):
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, 'JPEG2000', no_jp2=extension == 'j2k', **options)
    return buffer.getvalue()


encapsulated('JPEG 2000, 8 bits', dataset(u8, 8, 8), uid.JPEG2000Lossless, [jpeg2000(u8)], u8)
encapsulated('JPEG 2000, 12 of 16 bits', dataset(u12, 16, 12), uid.JPEG2000Lossless, [jpeg2000(u12)], u12)
encapsulated('JPEG 2000, RGB', dataset(rgb, 8, 8, photometric='RGB'), uid.JPEG2000Lossless, [jpeg2000(rgb)], rgb, 'YBR_RCT')
encapsulated('JPEG 2000 in a JP2 file, 8 bits', dataset(u8, 8, 8), uid.JPEG2000Lossless, [jpeg2000(u8, 'jp2')], u8)
encapsulated('JPEG 2000, 16 bits, signed by the file alone', dataset(i16, 16, 16, True), uid.JPEG2000Lossless, [jpeg2000(i16.view('<u2'))], i16)
lossy = jpeg2000(u8, irreversible=True, quality_mode='dB', quality_layers=[50])
encapsulated('JPEG 2000 with loss, 8 bits', dataset(u8, 8, 8), uid.JPEG2000, [lossy], np.asarray(Image.open(io.BytesIO(lossy))))
encapsulated('JPEG 2000, frames', dataset(stack, 16, 12), uid.JPEG2000Lossless, [jpeg2000(frame) for frame in stack], stack)

if len(sys.argv) > 1:
    script = '''
    const [, folder, width, height, bits, components, signed] = process.argv;
    require(folder + '/dist/openjphjs.js')({ print() {}, printErr() {} }).then((openjph) => {
      const encoder = new openjph.HTJ2KEncoder();
      const raw = require('fs').readFileSync(0);
      encoder.getDecodedBuffer({ width: +width, height: +height, bitsPerSample: +bits, componentCount: +components, isSigned: signed === '1', isUsingColorTransform: components === '3' }).set(raw);
      encoder.setQuality(true, 0);
      encoder.encode();
      process.stdout.write(Buffer.from(encoder.getEncodedBuffer()));
    });'''
    for name, array, bits, stored, signed in [('8 bits', u8, 8, 8, 0), ('12 bits', u12, 16, 12, 0), ('16 bits, signed', i16, 16, 16, 1), ('RGB', rgb, 8, 8, 0)]:
        components = 3 if name == 'RGB' else 1
        coded = subprocess.run(['node', '-e', script, sys.argv[1], *map(str, (W, H, stored, components, signed))], input=array.tobytes(), capture_output=True, check=True).stdout
        ds = dataset(array, bits, stored, bool(signed), 'RGB' if components == 3 else 'MONOCHROME2')
        encapsulated(f'High-Throughput JPEG 2000, {name}', ds, uid.UID('1.2.840.10008.1.2.4.201'), [coded], array, 'YBR_RCT' if components == 3 else None)

lines = ',\n'.join(json.dumps(file) for file in files)
print(f'{{"size": [{H}, {W}], "files": [\n{lines}\n]}}')
