const bytesOf = (base64: string) => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));

/**
 * Files written by the reference implementation: Python package safetensors 0.8.0, `safetensors.numpy.save`, from
 * `decoder.bias` = [0.5, -1.25] and `encoder.0.kernel` = arange(6).reshape(1, 2, 3) / 3 in float32, metadata
 * `{'author': 'grün'}`; and for `manyDtypes` besides
 * `z.counts` = [[1, -2], [3, 4]] in int32, `z.scale` = 7.5 in float16, `z.empty` = zeros((0, 3)) in float32,
 * `z.long` = [2**40, -1] in int64, `z.flag` = [True, False, True].
 */
export const reference = {
  float32: bytesOf(
    'sAAAAAAAAAB7Il9fbWV0YWRhdGFfXyI6eyJhdXRob3IiOiJncsO8biJ9LCJkZWNvZGVyLmJpYXMiOnsiZHR5cGUiOiJGMzIiLCJzaGFwZSI6' +
      'WzJdLCJkYXRhX29mZnNldHMiOlswLDhdfSwiZW5jb2Rlci4wLmtlcm5lbCI6eyJkdHlwZSI6IkYzMiIsInNoYXBlIjpbMSwyLDNdLCJkYXRh' +
      'X29mZnNldHMiOls4LDMyXX19ICAgIAAAAD8AAKC/AAAAAKuqqj6rqio/AACAP6uqqj9VVdU/',
  ),
  manyDtypes: bytesOf(
    '6AEAAAAAAAB7Il9fbWV0YWRhdGFfXyI6eyJhdXRob3IiOiJncsO8biJ9LCJ6LmxvbmciOnsiZHR5cGUiOiJJNjQiLCJzaGFwZSI6WzJdLCJk' +
      'YXRhX29mZnNldHMiOlswLDE2XX0sImRlY29kZXIuYmlhcyI6eyJkdHlwZSI6IkYzMiIsInNoYXBlIjpbMl0sImRhdGFfb2Zmc2V0cyI6WzE2' +
      'LDI0XX0sImVuY29kZXIuMC5rZXJuZWwiOnsiZHR5cGUiOiJGMzIiLCJzaGFwZSI6WzEsMiwzXSwiZGF0YV9vZmZzZXRzIjpbMjQsNDhdfSwi' +
      'ei5lbXB0eSI6eyJkdHlwZSI6IkYzMiIsInNoYXBlIjpbMCwzXSwiZGF0YV9vZmZzZXRzIjpbNDgsNDhdfSwiei5jb3VudHMiOnsiZHR5cGUi' +
      'OiJJMzIiLCJzaGFwZSI6WzIsMl0sImRhdGFfb2Zmc2V0cyI6WzQ4LDY0XX0sInouc2NhbGUiOnsiZHR5cGUiOiJGMTYiLCJzaGFwZSI6W10s' +
      'ImRhdGFfb2Zmc2V0cyI6WzY0LDY2XX0sInouZmxhZyI6eyJkdHlwZSI6IkJPT0wiLCJzaGFwZSI6WzNdLCJkYXRhX29mZnNldHMiOls2Niw2' +
      'OV19fSAgICAgIAAAAAAAAQAA//////////8AAAA/AACgvwAAAACrqqo+q6oqPwAAgD+rqqo/VVXVPwEAAAD+////AwAAAAQAAACARwEAAQ==',
  ),
};

export const float32Bytes = (...values: number[]) => new Uint8Array(Float32Array.from(values).buffer);

/** A file from the text of a header and bytes of data, right or wrong. */
export function fileOf(
  header: string | Uint8Array,
  data: Uint8Array = new Uint8Array(),
  claimed?: bigint,
): Uint8Array {
  const json = typeof header === 'string' ? new TextEncoder().encode(header) : header;
  const bytes = new Uint8Array(8 + json.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, claimed ?? BigInt(json.length), true);
  bytes.set(json, 8);
  bytes.set(data, 8 + json.length);
  return bytes;
}
