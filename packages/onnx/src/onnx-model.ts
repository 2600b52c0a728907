import { PbfWriter } from 'pbf';

/** Values of `TensorProto.DataType`. */
const types = { float: 1, int64: 7 } as const;

/** An attribute of an operator. Plain numbers and lists are integers. */
export type Attribute = number | readonly number[] | string | { readonly float: number };

/** An operator that computes one value of others. */
export interface OnnxNode {
  readonly operator: string;
  /** Names of values; '' where an optional input is left out. */
  readonly inputs: readonly string[];
  readonly output: string;
  readonly name: string;
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/** A constant: weights, or a list of whole numbers. */
export interface OnnxConstant {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array | BigInt64Array;
}

/** A tensor that goes in or out; words stand for sizes that are free. */
export interface OnnxValue {
  readonly name: string;
  readonly shape: ReadonlyArray<number | string>;
}

/** An ONNX model before it becomes bytes. */
export interface OnnxModel {
  readonly opset: number;
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  readonly constants: readonly OnnxConstant[];
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * The bytes of an ONNX file. Equal models have equal bytes.
 *
 * *Source*: onnx.proto3 of the ONNX project; IR version 9 goes with opsets up to 20.
 */
export function encodeOnnx(model: OnnxModel): Uint8Array {
  const writer = new PbfWriter();
  writer.writeVarintField(1, 9);
  writer.writeStringField(2, '@sshn/onnx');
  writer.writeMessage(7, writeGraph, model);
  writer.writeMessage(8, writeOpset, model.opset);
  for (const entry of Object.entries(model.metadata)) writer.writeMessage(14, writeProperty, entry);
  return writer.finish();
}

function writeOpset(version: number, writer: PbfWriter): void {
  writer.writeStringField(1, '');
  writer.writeVarintField(2, version);
}

function writeProperty([key, value]: readonly [string, string], writer: PbfWriter): void {
  writer.writeStringField(1, key);
  writer.writeStringField(2, value);
}

function writeGraph({ name, nodes, constants, inputs, outputs }: OnnxModel, writer: PbfWriter): void {
  for (const node of nodes) writer.writeMessage(1, writeNode, node);
  writer.writeStringField(2, name);
  for (const constant of constants) writer.writeMessage(5, writeConstant, constant);
  for (const value of inputs) writer.writeMessage(11, writeValue, value);
  for (const value of outputs) writer.writeMessage(12, writeValue, value);
}

function writeNode({ operator, inputs, output, name, attributes }: OnnxNode, writer: PbfWriter): void {
  for (const input of inputs) writer.writeStringField(1, input);
  writer.writeStringField(2, output);
  writer.writeStringField(3, name);
  writer.writeStringField(4, operator);
  for (const entry of Object.entries(attributes)) writer.writeMessage(5, writeAttribute, entry);
}

/** `AttributeProto`: a field for the value by its type, and the type in field 20. */
function writeAttribute([name, value]: readonly [string, Attribute], writer: PbfWriter): void {
  writer.writeStringField(1, name);
  if (typeof value === 'number') {
    writer.writeVarintField(3, value);
    writer.writeVarintField(20, 2);
  } else if (typeof value === 'string') {
    writer.writeStringField(4, value);
    writer.writeVarintField(20, 3);
  } else if ('float' in value) {
    writer.writeFloatField(2, value.float);
    writer.writeVarintField(20, 1);
  } else {
    for (const entry of value) writer.writeVarintField(8, entry);
    writer.writeVarintField(20, 7);
  }
}

function writeConstant({ name, shape, data }: OnnxConstant, writer: PbfWriter): void {
  for (const size of shape) writer.writeVarintField(1, size);
  writer.writeVarintField(2, data instanceof Float32Array ? types.float : types.int64);
  writer.writeStringField(8, name);
  writer.writeBytesField(9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
}

function writeValue({ name, shape }: OnnxValue, writer: PbfWriter): void {
  writer.writeStringField(1, name);
  writer.writeMessage(2, writeType, shape);
}

/** `TypeProto`: a tensor of floats. */
function writeType(shape: OnnxValue['shape'], writer: PbfWriter): void {
  writer.writeMessage(1, writeTensorType, shape);
}

function writeTensorType(shape: OnnxValue['shape'], writer: PbfWriter): void {
  writer.writeVarintField(1, types.float);
  writer.writeMessage(2, writeShape, shape);
}

function writeShape(shape: OnnxValue['shape'], writer: PbfWriter): void {
  for (const size of shape) writer.writeMessage(1, writeDimension, size);
}

function writeDimension(size: number | string, writer: PbfWriter): void {
  if (typeof size === 'number') writer.writeVarintField(1, size);
  else writer.writeStringField(2, size);
}
