/** A library that is measured. */
export interface Peer {
  readonly name: string;
  /** Its program: of Node, or of Python. */
  readonly program: string;
  /** Whether it runs on as many threads as asked for, or on one. */
  readonly threads: 'any' | 'one';
  /** Arguments of its process after the number of threads. */
  readonly argument?: string;
  /** Variables that its process needs to run at its best, given its threads. */
  readonly environment?: (threads: number) => Readonly<Record<string, string>>;
}
