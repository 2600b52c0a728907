/** What is wrapped of tfjs' backend: all that is recorded goes to the device by its `submitQueue`. */
interface Recorder {
  readonly device: GPUDevice;
  readonly queue: GPUQueue;
  submitQueue(): void;
}

/** The arguments of all programs that are recorded until the next submit, in one buffer that is written once for all of them. */
export class ArgumentBuffer {
  readonly buffer: GPUBuffer;
  readonly #integers: Uint32Array;
  readonly #floats: Float32Array;
  /** Bytes that offsets are multiples of. */
  readonly #unit: number;
  #used = 0;

  /** @param programs As many as are recorded before a submit at most, of a few arguments each. */
  constructor(recorder: Recorder, programs: number) {
    const { device, queue, submitQueue } = recorder;
    this.#unit = device.limits.minUniformBufferOffsetAlignment;
    const bytes = new ArrayBuffer(programs * this.#unit);
    this.#integers = new Uint32Array(bytes);
    this.#floats = new Float32Array(bytes);
    this.buffer = device.createBuffer({
      label: 'arguments',
      size: bytes.byteLength,
      usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.UNIFORM,
    });
    recorder.submitQueue = () => {
      // What was submitted before has read the old ones when this is written: a queue keeps the order.
      if (this.#used > 0) queue.writeBuffer(this.buffer, 0, bytes, 0, this.#used);
      this.#used = 0;
      submitQueue.call(recorder);
    };
  }

  /** Bytes that so many arguments are bound with. */
  bytesOf(count: number): number {
    return this.#unit * Math.ceil((4 * count) / this.#unit);
  }

  /** Whether they fit behind those that wait. */
  hasRoom(bytes: number): boolean {
    return this.#used + bytes <= this.#integers.byteLength;
  }

  /** @returns their offset. */
  put(integers: readonly number[], floats: readonly number[]): number {
    const offset = this.#used;
    this.#integers.set(integers, offset / 4);
    this.#floats.set(floats, offset / 4 + integers.length);
    this.#used += this.bytesOf(integers.length + floats.length);
    return offset;
  }
}
