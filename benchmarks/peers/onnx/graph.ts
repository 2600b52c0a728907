import type { RawTensor } from '@sshn/model';
import { Message } from './protobuf.js';

const IR_VERSION = 8;
const OPSET = 17;

/** Values of `TensorProto.DataType`. */
const FLOAT = 1;
const INT64 = 7;

/** Values of `AttributeProto.AttributeType`. */
const ATTRIBUTE_FLOAT = 1;
const ATTRIBUTE_INT = 2;
const ATTRIBUTE_STRING = 3;
const ATTRIBUTE_INTS = 7;

/** Attributes of a node; whole numbers are integers, but for those in `floats`. */
export interface Attributes {
  readonly ints?: Readonly<Record<string, number | readonly number[]>>;
  readonly floats?: Readonly<Record<string, number>>;
  readonly strings?: Readonly<Record<string, string>>;
}

/**
 * An ONNX model in the making, enough of the format for the networks measured here.
 *
 * *Source*: onnx.proto3 of the ONNX project, IR version 8; operators of opset 17.
 */
export class OnnxGraph {
  readonly #graph = new Message();
  #values = 0;

  /** Declares the model's one input. */
  input(name: string, shape: readonly number[]): string {
    this.#graph.bytes(11, declaration(name, shape));
    return name;
  }

  /** A float32 constant. */
  weights({ shape, data }: RawTensor): string {
    return this.#constant(FLOAT, shape, data);
  }

  /** A list of whole numbers. */
  integers(values: readonly number[]): string {
    const data = new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
    return this.#constant(INT64, [values.length], data);
  }

  /** Appends an operator; the empty name stands for an optional input left out. */
  node(operator: string, inputs: readonly string[], attributes: Attributes = {}): string {
    const output = this.#name();
    const node = new Message();
    for (const input of inputs) node.bytes(1, input);
    node.bytes(2, output).bytes(4, operator);
    for (const attribute of attributeMessages(attributes)) node.bytes(5, attribute);
    this.#graph.bytes(1, node);
    return output;
  }

  /** The bytes of the model whose one output is the value `name`. */
  model(name: string, shape: readonly number[]): Uint8Array {
    this.#graph.bytes(2, 'graph').bytes(12, declaration(name, shape));
    const opset = new Message().bytes(1, '').integer(2, OPSET);
    return new Message().integer(1, IR_VERSION).bytes(7, this.#graph).bytes(8, opset).encode();
  }

  #constant(type: number, shape: readonly number[], data: Uint8Array): string {
    const name = this.#name();
    const tensor = new Message();
    for (const edge of shape) tensor.integer(1, edge);
    this.#graph.bytes(5, tensor.integer(2, type).bytes(8, name).bytes(9, data));
    return name;
  }

  #name(): string {
    return `value${this.#values++}`;
  }
}

/** Name, type and shape of an input or output. */
function declaration(name: string, shape: readonly number[]): Message {
  const dimensions = new Message();
  for (const edge of shape) dimensions.bytes(1, new Message().integer(1, edge));
  const tensorType = new Message().integer(1, FLOAT).bytes(2, dimensions);
  return new Message().bytes(1, name).bytes(2, new Message().bytes(1, tensorType));
}

function attributeMessages({ ints = {}, floats = {}, strings = {} }: Attributes): Message[] {
  const named = (name: string, type: number) => new Message().bytes(1, name).integer(20, type);
  return [
    ...Object.entries(ints).map(([name, value]) => {
      if (typeof value === 'number') return named(name, ATTRIBUTE_INT).integer(3, value);
      const list = named(name, ATTRIBUTE_INTS);
      for (const entry of value) list.integer(8, entry);
      return list;
    }),
    ...Object.entries(floats).map(([name, value]) => named(name, ATTRIBUTE_FLOAT).float(2, value)),
    ...Object.entries(strings).map(([name, value]) => named(name, ATTRIBUTE_STRING).bytes(4, value)),
  ];
}
