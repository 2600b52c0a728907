/** A message of protocol buffers in the making: fields are appended in the wire format. */
export class Message {
  readonly #parts: Uint8Array[] = [];

  /** An integer of at least 0. */
  integer(field: number, value: number): this {
    this.#parts.push(varint(field * 8), varint(value));
    return this;
  }

  /** A 32-bit float. */
  float(field: number, value: number): this {
    this.#parts.push(varint(field * 8 + 5), new Uint8Array(Float32Array.of(value).buffer));
    return this;
  }

  /** A string, bytes, or another message; called again, one more of them. */
  bytes(field: number, value: string | Uint8Array | Message): this {
    const bytes =
      typeof value === 'string'
        ? new TextEncoder().encode(value)
        : value instanceof Message
          ? value.encode()
          : value;
    this.#parts.push(varint(field * 8 + 2), varint(bytes.length), bytes);
    return this;
  }

  encode(): Uint8Array {
    const encoded = new Uint8Array(this.#parts.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const part of this.#parts) {
      encoded.set(part, at);
      at += part.length;
    }
    return encoded;
  }
}

function varint(value: number): Uint8Array {
  const bytes = [];
  let rest = value;
  while (rest >= 128) {
    bytes.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  return Uint8Array.of(...bytes, rest);
}
