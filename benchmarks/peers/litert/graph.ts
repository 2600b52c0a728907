import type { RawTensor } from '@sshn/model';
import { Builder } from 'flatbuffers';

/** Values of the schema's `TensorType`. */
const FLOAT32 = 0;
const INT32 = 2;

/** Of each operator its `BuiltinOperator`, the version that has what is used here, and its type among `BuiltinOptions`. */
const operators = {
  convolution: { code: 3, version: 1, options: 1 },
  concatenation: { code: 2, version: 1, options: 10 },
  // Half-pixel centers came with version 3.
  resizeBilinear: { code: 23, version: 3, options: 15 },
  leakyRelu: { code: 98, version: 1, options: 75 },
} as const;

type OperatorName = keyof typeof operators;

/**
 * A TensorFlow Lite model in the making, enough of the format for the U-Net measured here.
 *
 * *Source*: schema.fbs of TensorFlow Lite, version 3; fields of a table are numbered in the order in which it lists them.
 */
export class LitertGraph {
  readonly #builder = new Builder(2 ** 20);
  /** Offsets of what is written; buffer 0 is empty and stands for none. */
  readonly #buffers = [this.#tableOf([])];
  readonly #tensors: number[] = [];
  readonly #operators: number[] = [];
  readonly #codes = Object.keys(operators) as OperatorName[];

  /** Declares a value that is computed or fed in. */
  value(shape: readonly number[]): number {
    return this.#tensor(shape, FLOAT32, 0);
  }

  /** A float32 constant. */
  weights({ shape, data }: RawTensor): number {
    return this.#constant(shape, FLOAT32, data);
  }

  /** A convolution with stride 1 that keeps the size; the kernel is `[out, height, width, in]`. */
  convolution(x: number, kernel: number, bias: number, shape: readonly number[]): number {
    return this.#append('convolution', [x, kernel, bias], shape, 6, (b) => {
      b.addFieldInt32(1, 1, 0); // stride_w
      b.addFieldInt32(2, 1, 0); // stride_h
    });
  }

  leakyRelu(x: number, slope: number, shape: readonly number[]): number {
    return this.#append('leakyRelu', [x], shape, 1, (b) => b.addFieldFloat32(0, slope, 0));
  }

  concatenation(parts: readonly number[], shape: readonly number[]): number {
    return this.#append('concatenation', parts, shape, 2, (b) => b.addFieldInt32(0, shape.length - 1, 0));
  }

  resizeBilinear(x: number, shape: readonly number[]): number {
    const size = new Uint8Array(Int32Array.from(shape.slice(1, 3)).buffer);
    return this.#append(
      'resizeBilinear',
      [x, this.#constant([2], INT32, size)],
      shape,
      4,
      (b) => b.addFieldInt8(3, 1, 0), // half_pixel_centers
    );
  }

  /** The file. */
  model(input: number, output: number): Uint8Array {
    const codes = this.#codes.map((name) => {
      const { code, version } = operators[name];
      return this.#table(4, (b) => {
        b.addFieldInt8(0, code, 0); // deprecated_builtin_code
        b.addFieldInt32(2, version, 0);
        b.addFieldInt32(3, code, 0);
      });
    });
    const subgraph = this.#tableOf([
      this.#offsets(this.#tensors),
      this.#integers([input]),
      this.#integers([output]),
      this.#offsets(this.#operators),
    ]);
    const lists = [this.#offsets(codes), this.#offsets([subgraph]), this.#offsets(this.#buffers)] as const;
    const model = this.#table(5, (b) => {
      b.addFieldInt32(0, 3, 0); // version of the schema
      b.addFieldOffset(1, lists[0], 0);
      b.addFieldOffset(2, lists[1], 0);
      b.addFieldOffset(4, lists[2], 0);
    });
    this.#builder.finish(model, 'TFL3');
    return this.#builder.asUint8Array();
  }

  #append(
    name: OperatorName,
    inputs: readonly number[],
    shape: readonly number[],
    fields: number,
    write: (builder: Builder) => void,
  ): number {
    const output = this.value(shape);
    const [ins, outs] = [this.#integers(inputs), this.#integers([output])];
    const options = this.#table(fields, write);
    this.#operators.push(
      this.#table(5, (b) => {
        b.addFieldInt32(0, this.#codes.indexOf(name), 0);
        b.addFieldOffset(1, ins, 0);
        b.addFieldOffset(2, outs, 0);
        b.addFieldInt8(3, operators[name].options, 0);
        b.addFieldOffset(4, options, 0);
      }),
    );
    return output;
  }

  #constant(shape: readonly number[], type: number, bytes: Uint8Array): number {
    const b = this.#builder;
    b.startVector(1, bytes.length, 16);
    for (let i = bytes.length - 1; i >= 0; i--) b.addInt8(bytes[i]!);
    const data = b.endVector();
    this.#buffers.push(this.#tableOf([data]));
    return this.#tensor(shape, type, this.#buffers.length - 1);
  }

  #tensor(shape: readonly number[], type: number, buffer: number): number {
    const [edges, name] = [this.#integers(shape), this.#builder.createString(`${this.#tensors.length}`)];
    this.#tensors.push(
      this.#table(4, (b) => {
        b.addFieldOffset(0, edges, 0);
        b.addFieldInt8(1, type, 0);
        b.addFieldInt32(2, buffer, 0);
        b.addFieldOffset(3, name, 0);
      }),
    );
    return this.#tensors.length - 1;
  }

  /** A table whose first fields are what lies at these offsets. */
  #tableOf(offsets: readonly number[]): number {
    return this.#table(offsets.length, (b) => {
      for (const [field, offset] of offsets.entries()) b.addFieldOffset(field, offset, 0);
    });
  }

  #table(fields: number, write: (builder: Builder) => void): number {
    this.#builder.startObject(fields);
    write(this.#builder);
    return this.#builder.endObject();
  }

  #integers(values: readonly number[]): number {
    this.#builder.startVector(4, values.length, 4);
    for (const value of values.toReversed()) this.#builder.addInt32(value);
    return this.#builder.endVector();
  }

  #offsets(offsets: readonly number[]): number {
    this.#builder.startVector(4, offsets.length, 4);
    for (const offset of offsets.toReversed()) this.#builder.addOffset(offset);
    return this.#builder.endVector();
  }
}
