/** The functions that the AssemblyScript module exports; addresses are bytes into the shared memory. */
export interface NativeExports {
  /** Runs all tasks of a job on this thread. */
  runTasks(kind: number, args: number, tasks: number): void;
  /** Runs a job on the pool of the control block; 0 if tasks are left that other threads work on. */
  dispatch(control: number, kind: number, args: number, tasks: number): number;
  /** Waits some time for such tasks; 0 if they are not done yet. */
  awaitDone(control: number, tasks: number): number;
  /** Ends the workers of the control block. */
  quit(control: number): void;
  packKernel(
    kernel: number,
    packed: number,
    taps: number,
    inChannels: number,
    outChannels: number,
    isGradient: boolean,
  ): void;
  sumSlots(
    partials: number,
    slots: number,
    out: number,
    taps: number,
    inChannels: number,
    outChannels: number,
  ): void;
  winogradKernel(
    kernel: number,
    transformed: number,
    lines: number,
    depth: number,
    inChannels: number,
    outChannels: number,
    isGradient: boolean,
  ): void;
  addSlots(sums: number, slots: number, out: number, count: number): void;
  sumSquares(x: number, count: number): number;
  meanOfPartials(partials: number, tasks: number, pixels: number): number;
  softDice(
    sums: number,
    groups: number,
    tasks: number,
    labels: number,
    firstLabel: number,
    weight: number,
    smooth: number,
    isSquared: number,
  ): number;
  fillAxis(table: number, inSize: number, outSize: number): void;
  invertAxis(axis: number, inverse: number, inSize: number, outSize: number): void;
}
